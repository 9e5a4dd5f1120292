/* The lower envelope of lines against trying all of them. */
#include "edgesplit/envelope.h"

#include "dice.h"
#include "edgesplit/number.h"
#include "test.h"

#include <math.h>

enum { MOST_LINES = 40, N_SETS = 3000 };

static double value_at(es_line line, double x) {
    return line.at_zero + line.slope * x;
}

static double least_at(size_t n, const es_line *lines, double x) {
    double least = ES_INFINITY;
    for (size_t i = 0; i < n; i++)
        if (lines[i].at_zero < ES_INFINITY)
            least = fmin(least, value_at(lines[i], x));
    return least;
}

/* Few whole numbers, so that many lines are parallel, equal, or meet in one point; or any. */
static void roll_lines(struct dice *dice, size_t n, es_line *lines) {
    bool whole = roll_chance(dice, 50);
    for (size_t i = 0; i < n; i++)
        lines[i] = (es_line){
            roll_chance(dice, 10) ? ES_INFINITY
            : whole               ? (double)roll_between(dice, 0, 8)
                                  : roll_real(dice),
            whole ? (double)roll_between(dice, 0, 4) : 1e7 * roll_real(dice),
        };
}

static void check_pieces(size_t n, const es_line *lines, double from, double to,
                         const es_envelope_piece *pieces, size_t n_pieces) {
    assert_true(pieces[0].from == from && pieces[n_pieces - 1].to == to);
    for (size_t i = 0; i < n_pieces; i++) {
        es_line line = lines[pieces[i].line];
        assert_true(pieces[i].from < pieces[i].to);
        assert_true(i == 0 || pieces[i].from == pieces[i - 1].to);
        /* Bytes of the best cut fall with the time per bit: they never fall as the rate rises. */
        assert_true(i == 0 || line.slope < lines[pieces[i - 1].line].slope);
        for (size_t k = 0; k <= 8; k++) {
            double end = isfinite(pieces[i].to) ? pieces[i].to : 1e9;
            double x = pieces[i].from + (end - pieces[i].from) * (double)k / 8;
            double least = least_at(n, lines, x);
            assert_true(value_at(line, x) <= least + 1e-12 * fabs(least));
        }
        for (size_t j = pieces[i].line + 1; j < n; j++) /* of equal lines the last */
            assert_true(lines[j].at_zero != line.at_zero || lines[j].slope != line.slope);
    }
}

static void test_envelope_is_the_least_everywhere(void **state) {
    (void)state;
    struct dice dice = {1};
    size_t most_pieces = 0;
    for (int set = 0; set < N_SETS; set++) {
        es_line lines[MOST_LINES];
        es_envelope_piece pieces[MOST_LINES];
        size_t n = (size_t)roll_between(&dice, 1, MOST_LINES);
        roll_lines(&dice, n, lines);
        double from = roll_chance(&dice, 30) ? 0 : 1e-9 * roll_real(&dice);
        double to = roll_chance(&dice, 30) ? ES_INFINITY : from + 1e-6 * (0.01 + roll_real(&dice));
        if (roll_chance(&dice, 50))
            to = from + 5;
        size_t n_pieces = es_envelope_lower(n, lines, from, to, pieces);
        bool any = least_at(n, lines, from) < ES_INFINITY;
        assert_true(any == (n_pieces > 0) && n_pieces <= n);
        if (any)
            check_pieces(n, lines, from, to, pieces, n_pieces);
        most_pieces = n_pieces > most_pieces ? n_pieces : most_pieces;
    }
    assert_true(most_pieces > 5);
}

/* The borders, found by bisection on which line is lower. */
static void test_borders_are_where_two_lines_meet(void **state) {
    (void)state;
    struct dice dice = {2};
    for (int set = 0; set < N_SETS; set++) {
        es_line lines[MOST_LINES];
        es_envelope_piece pieces[MOST_LINES];
        for (size_t i = 0; i < MOST_LINES; i++)
            lines[i] = (es_line){0.001 + 0.1 * roll_real(&dice), 1e7 * roll_real(&dice)};
        size_t n = es_envelope_lower(MOST_LINES, lines, 1e-10, 1e-5, pieces);
        for (size_t i = 0; i + 1 < n; i++) {
            double low = pieces[i].from, high = pieces[i + 1].to;
            es_line before = lines[pieces[i].line], behind = lines[pieces[i + 1].line];
            for (int k = 0; k < 200; k++) {
                double middle = (low + high) / 2;
                if (value_at(before, middle) < value_at(behind, middle))
                    low = middle;
                else
                    high = middle;
            }
            assert_true(fabs(pieces[i].to / low - 1) < 1e-9);
        }
    }
}

static void test_one_line_and_none(void **state) {
    (void)state;
    es_envelope_piece pieces[2];
    const es_line lines[] = {{ES_INFINITY, 0}, {1, 2}};
    assert_int_equal(es_envelope_lower(1, lines, 0, 1, pieces), 0);
    assert_int_equal(es_envelope_lower(0, NULL, 0, 1, pieces), 0);
    assert_int_equal(es_envelope_lower(2, lines, 0, ES_INFINITY, pieces), 1);
    assert_true(pieces[0].line == 1 && pieces[0].from == 0 && isinf(pieces[0].to));
}

static void test_positive_where_all_are(void **state) {
    (void)state;
    struct dice dice = {3};
    for (int set = 0; set < N_SETS; set++) {
        es_line lines[3];
        for (size_t i = 0; i < 3; i++)
            lines[i] =
                (es_line){(double)roll_between(&dice, -3, 6), (double)roll_between(&dice, -3, 3)};
        double from = 0, to = 2;
        bool somewhere = es_envelope_positive(3, lines, &from, &to);
        for (int k = 0; k <= 64; k++) {
            double x = (double)k / 32;
            bool all = value_at(lines[0], x) > 1e-9 && value_at(lines[1], x) > 1e-9 &&
                       value_at(lines[2], x) > 1e-9;
            assert_true(!all || k == 0 || k == 64 || (somewhere && from <= x && x <= to));
            if (somewhere && x > from + 1e-9 && x < to - 1e-9)
                assert_true(all);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope_is_the_least_everywhere),
        cmocka_unit_test(test_borders_are_where_two_lines_meet),
        cmocka_unit_test(test_one_line_and_none),
        cmocka_unit_test(test_positive_where_all_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
