#include "edgesplit/envelope.h"

#include "edgesplit/number.h"

#include <math.h>

/* Whether `a`, the later of two, is below `b` right behind an x at which both have `values`. */
static bool is_below(double value_a, double value_b, es_line a, es_line b) {
    return value_a < value_b || (value_a == value_b && a.slope <= b.slope);
}

static size_t lowest_at(size_t n, const es_line *lines, double x) {
    size_t best = n;
    double best_value = ES_INFINITY;
    for (size_t i = 0; i < n; i++) {
        double value = lines[i].at_zero + lines[i].slope * x;
        if (lines[i].at_zero < ES_INFINITY &&
            (best == n || is_below(value, best_value, lines[i], lines[best]))) {
            best = i;
            best_value = value;
        }
    }
    return best;
}

/* The line that first falls below `current`, at *x; `current` if none does. */
static size_t next_below(size_t n, const es_line *lines, size_t current, double *x) {
    size_t next = current;
    *x = ES_INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!(lines[i].at_zero < ES_INFINITY && lines[i].slope < lines[current].slope))
            continue;
        double crossing =
            (lines[i].at_zero - lines[current].at_zero) / (lines[current].slope - lines[i].slope);
        if (next == current || is_below(crossing, *x, lines[i], lines[next])) {
            next = i;
            *x = crossing;
        }
    }
    return next;
}

size_t es_envelope_lower(size_t n, const es_line *lines, double from, double to,
                         es_envelope_piece *pieces) {
    size_t n_pieces = 0, line = lowest_at(n, lines, from);
    double start = from;
    while (line < n) {
        double x;
        size_t next = next_below(n, lines, line, &x);
        double end = next == line ? to : fmin(fmax(x, start), to);
        if (end > start || (next == line && n_pieces == 0) || from == to)
            pieces[n_pieces++] = (es_envelope_piece){line, start, end};
        if (next == line || end >= to)
            break;
        line = next;
        start = end;
    }
    return n_pieces;
}

bool es_envelope_positive(size_t n, const es_line *lines, double *from, double *to) {
    for (size_t i = 0; i < n; i++) {
        double a = lines[i].at_zero, slope = lines[i].slope;
        if (slope > 0)
            *from = fmax(*from, -a / slope);
        else if (slope < 0)
            *to = fmin(*to, -a / slope);
        else if (!(a > 0))
            return false;
    }
    return *from < *to;
}
