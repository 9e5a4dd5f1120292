/* Random studies against the definition: every combination once, in the order of nested loops, with
 * those in step beside their leaders, and only those that the constraint allows. */
#include "edgesplit/study.h"
#include "test.h"

#include <string.h>
#include <unistd.h>

enum { N_STUDIES = 300, MAX_VARIABLES = 5, MAX_VALUES = 4 };

static const char path[] = "study.ini";
static uint64_t random_state;

/* splitmix64 (Steele, Lea, Flood 2014). */
static size_t below(size_t n) {
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % n);
}

typedef struct made_study {
    size_t n, n_values[MAX_VARIABLES], leader[MAX_VARIABLES], n_repetitions;
    int threshold; /* of the constraint "sum of all >= threshold"; negative: none */
} made_study;

static made_study make(void) {
    made_study made = {.n = below(MAX_VARIABLES + 1),
                       .n_repetitions = 1 + below(3),
                       .threshold = below(2) ? (int)below(6) : -1};
    for (size_t i = 0; i < made.n; i++) {
        made.n_values[i] = 1 + below(MAX_VALUES);
        made.leader[i] = i > 0 && below(3) == 0 ? made.leader[below(i)] : i;
        made.n_values[i] = made.n_values[made.leader[i]];
    }
    return made;
}

static void write_study(const made_study *made) {
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fputs("[a]\n", stream);
    for (size_t i = 0; i < made->n; i++) {
        fprintf(stream, "k%zu = <${v%zu=0..%zu", i, i, made->n_values[i] - 1);
        if (made->leader[i] != i)
            fprintf(stream, " ! v%zu", made->leader[i]);
        fputs("}>\n", stream);
    }
    fprintf(stream, "[sweep]\nrepeat = %zu\n", made->n_repetitions);
    if (made->threshold >= 0) {
        fputs("constraint = $repetition", stream);
        for (size_t i = 0; i < made->n; i++)
            fprintf(stream, " + $v%zu", i);
        fprintf(stream, " >= %d\n", made->threshold);
    }
    assert_int_equal(fclose(stream), 0);
}

/* The next combination in nested loops, repetitions inside; false behind the last. */
static bool advance(const made_study *made, size_t *values, size_t *repetition) {
    if (++*repetition < made->n_repetitions)
        return true;
    *repetition = 0;
    for (size_t i = made->n; i-- > 0;) {
        if (made->leader[i] != i)
            continue;
        if (++values[i] < made->n_values[i])
            return true;
        values[i] = 0;
    }
    return false;
}

static size_t sum_of(const made_study *made, const size_t *values, size_t repetition) {
    size_t sum = repetition;
    for (size_t i = 0; i < made->n; i++)
        sum += values[made->leader[i]];
    return sum;
}

static void check_run(const es_study *study, const made_study *made, size_t run,
                      const size_t *values, size_t repetition) {
    es_errors errors;
    es_errors_init(&errors);
    es_ini *ini = NULL;
    int64_t seed_set;
    assert_int_equal(es_study_repetition(study, run), repetition);
    assert_int_equal(es_study_expand(study, run, &ini, &seed_set, &errors), ES_OK);
    assert_int_equal(seed_set, repetition);
    assert_int_equal(ini->n_entries, made->n);
    for (size_t i = 0; i < made->n; i++) {
        char expected[32];
        size_t value = values[made->leader[i]];
        snprintf(expected, sizeof expected, "<%zu>", value);
        assert_string_equal(ini->entries[i].value, expected);
        assert_int_equal(es_study_value(study, run, i), value);
    }
    es_ini_destroy(ini);
}

static void expansion_is_nested_loops(void **state) {
    (void)state;
    size_t n_constrained = 0, n_in_step = 0;
    for (random_state = 1; random_state <= N_STUDIES;) {
        uint64_t seed = random_state;
        made_study made = make();
        write_study(&made);
        size_t values[MAX_VARIABLES] = {0}, repetition = 0, n_runs = 0;
        do
            n_runs +=
                made.threshold < 0 || sum_of(&made, values, repetition) >= (size_t)made.threshold;
        while (advance(&made, values, &repetition));
        es_study *study = NULL;
        es_errors errors;
        es_errors_init(&errors);
        es_status status = es_study_load(&(es_study_source){.path = path}, &study, &errors);
        assert_int_equal(status, n_runs > 0 ? ES_OK : ES_INVALID);
        for (size_t run = 0; status == ES_OK && run < n_runs;) {
            if (made.threshold < 0 || sum_of(&made, values, repetition) >= (size_t)made.threshold)
                check_run(study, &made, run++, values, repetition);
            (void)advance(&made, values, &repetition);
        }
        if (status == ES_OK)
            assert_int_equal(es_study_n_runs(study), n_runs);
        es_study_destroy(study);
        n_constrained += made.threshold > 0;
        for (size_t i = 0; i < made.n; i++)
            n_in_step += made.leader[i] != i;
        random_state = seed + 1;
    }
    assert_true(n_constrained > N_STUDIES / 4 && n_in_step > N_STUDIES / 4);
}

/* Ranges are exact decimals: as many values as the division says, each the shortest text of its
 * number, and the last one never missing or one too many. */
static void ranges_are_exact(void **state) {
    (void)state;
    for (random_state = 1; random_state <= N_STUDIES;) {
        uint64_t seed = random_state;
        int64_t scale = 1;
        int places = (int)below(7);
        for (int i = 0; i < places; i++)
            scale *= 10;
        int64_t first = (int64_t)below(2000) - 1000, step = 1 + (int64_t)below(500);
        int64_t n = 1 + (int64_t)below(60), rest = (int64_t)below((size_t)step);
        int64_t last = first + (n - 1) * step + rest;
        FILE *stream = fopen(path, "wb");
        assert_non_null(stream);
        fprintf(stream, "[a]\nb = ${x=%.*f..%.*f step %.*f}\n", places,
                (double)first / (double)scale, places, (double)last / (double)scale, places,
                (double)step / (double)scale);
        assert_int_equal(fclose(stream), 0);
        es_study *study = NULL;
        es_errors errors;
        es_errors_init(&errors);
        assert_int_equal(es_study_load(&(es_study_source){.path = path}, &study, &errors), ES_OK);
        size_t n_variables;
        const es_study_variable *variable = es_study_variables(study, &n_variables);
        assert_int_equal(variable->n_values, n);
        for (int64_t i = 0; i < n; i++) {
            double expected = (double)(first + i * step) / (double)scale;
            assert_true(variable->numbers[i] == expected);
        }
        es_study_destroy(study);
        random_state = seed + 1;
    }
}

int main(void) {
    char folder[] = "test_study_properties_XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expansion_is_nested_loops),
        cmocka_unit_test(ranges_are_exact),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)remove(path);
    if (chdir("..") != 0 || rmdir(folder) != 0)
        return 1;
    return failed;
}
