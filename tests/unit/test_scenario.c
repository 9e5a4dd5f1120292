/* Scenario files that are right: what is read, resolved and printed. */
#include "scenario_files.h"

/* Roff is the same text with its markup. */
static void the_reference_has_every_key(void **state) {
    (void)state;
    es_text plain = {0}, roff = {0};
    es_scenario_reference(&plain, false);
    es_scenario_reference(&roff, true);
    assert_non_null(strstr(plain.data, "[policy NAME]\n"));
    assert_non_null(strstr(plain.data, "  profile = text\n      profile file of the device (req"));
    assert_non_null(strstr(plain.data, "  mode = isolated | open | closed\n"));
    assert_non_null(strstr(plain.data, "(default: 1/s)\n"));
    assert_non_null(strstr(roff.data, ".SH [policy NAME]\n"));
    assert_non_null(strstr(roff.data, ".BR mode \" = isolated | open | closed\"\n"));
    free(plain.data);
    free(roff.data);
}

static void a_scenario_is_read(void **state) {
    (void)state;
    struct changes changes = {{{"uplink", "rate", "1, 2 Mbit/s"},
                               {"workload", "mode", "isolated"},
                               {"workload", "states", "grid"},
                               {"workload", "deadline", "33 ms"},
                               {"policy dynamic-split", "privacy", "yes"}}};
    es_scenario *s = load_changed(&changes);
    assert_int_equal(s->scenario.steps, 10);
    assert_true(isnan(s->scenario.duration_s));
    assert_string_equal(s->scenario.title, "");
    assert_int_equal(s->scenario.seed, 1);
    assert_string_equal(s->model.name, "efficientnet-b0");
    assert_int_equal(s->model.granularity, 2);
    assert_string_equal(s->device.profile, "slow.csv");
    assert_int_equal(s->uplink.rate_bps.n, 2);
    assert_true(s->uplink.rate_bps.values[1] == 2e6);
    assert_null(s->uplink.link.trace);
    assert_int_equal(s->uplink.link.at_end, ES_AT_END_AS_TRACE);
    assert_true(isnan(s->downlink.rate_bps));
    assert_int_equal(s->workload.mode, ES_ISOLATED);
    assert_int_equal(s->workload.states, ES_STATES_GRID);
    assert_true(s->workload.deadline_s == 0.033 && s->workload.rate_hz == 1);
    assert_int_equal(s->workload.batch.n, 1);
    assert_int_equal(s->workload.max_backlog, 65536);
    assert_true(s->transfer.input_bytes == 1 && s->transfer.feature_bytes == 4);
    assert_true(isnan(s->energy.active_w) && s->output.regret);
    assert_int_equal(s->n_policies, 1);
    const es_policy_section *policy = &s->policies[0];
    assert_string_equal(policy->name, "dynamic-split");
    assert_string_equal(policy->type, "dynamic-split");
    assert_null(policy->split);
    assert_int_equal(policy->candidates, ES_CANDIDATES_COMPRESSIVE);
    assert_int_equal(policy->knowledge, ES_KNOWLEDGE_LAST);
    assert_true(policy->privacy && policy->initial_rate_bps == 1e6 && policy->half_life_s == 2);
    es_scenario_destroy(s);
    es_scenario_destroy(NULL);
}

static void policies_keep_their_order_and_their_types(void **state) {
    (void)state;
    struct changes changes = {{{"policy second", "type", "static-split"},
                               {"policy second", "split", "each"},
                               {"policy oracle", "privacy", "no"}}};
    es_scenario *s = load_changed(&changes);
    assert_int_equal(s->n_policies, 3);
    assert_string_equal(s->policies[1].name, "second");
    assert_string_equal(s->policies[1].type, "static-split");
    assert_string_equal(s->policies[1].split, "each");
    assert_string_equal(s->policies[2].type, "oracle");
    es_scenario_destroy(s);
}

/* In binary, 1.001 s is not a thousandth of a whole number. */
static void windows_of_whole_milliseconds_are_accepted(void **state) {
    (void)state;
    for (int ms = 1; ms < 3000; ms++) {
        char value[32];
        snprintf(value, sizeof value, "%dms", ms);
        struct changes changes = {
            {{"uplink", "window", value}, {"uplink", "trace", "x"}, {"uplink", "rate", NULL}}};
        es_scenario *s = load_changed(&changes);
        assert_int_equal(llround(s->uplink.link.window_s * 1e3), ms);
        es_scenario_destroy(s);
    }
}

static void overrides_replace_and_add(void **state) {
    (void)state;
    const struct changes none = {0};
    write_file(&none);
    static const char *const overrides[] = {"scenario.steps=20", "uplink.propagation = 5ms",
                                            "policy dynamic-split.knowledge=ewma",
                                            "policy new.type=oracle"};
    es_scenario *s = load_with(4, overrides);
    assert_int_equal(s->scenario.steps, 20);
    assert_true(s->uplink.link.propagation_s == 0.005);
    assert_int_equal(s->policies[0].knowledge, ES_KNOWLEDGE_EWMA);
    assert_int_equal(s->n_policies, 2);
    assert_string_equal(s->policies[1].type, "oracle");
    es_scenario_destroy(s);
}

static char *resolve(const es_scenario *scenario, bool origins) {
    es_text text = {0};
    es_scenario_resolve(scenario, origins, &text);
    assert_false(text.failed);
    return text.data;
}

static void write_whole(const char *text) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* What is printed is a scenario again, and prints the same. */
static void resolved_scenarios_are_scenarios(void **state) {
    (void)state;
    static const struct changes cases[] = {
        {{{"scenario", "title", "Ein Titel; mit # Zeichen [und] = mehr"},
          {"scenario", "duration", "0.1ms"},
          {"uplink", "rate", "1..3 step 0.7 Mibit/s"},
          {"workload", "mode", "isolated"},
          {"workload", "states", "grid"},
          {"workload", "batch", "1, 2, 8..10"}}},
        {{{"uplink", "trace", "traces/lte walk.csv"},
          {"uplink", "rate", NULL},
          {"uplink", "at_end", "hold"},
          {"server", "load_trace", "load.txt"},
          {"server", "load_scale", "33%"},
          {"uplink", "window", "1001ms"}}},
        {{{"energy", "active", "1W"},
          {"energy", "transmit", "0.1W"},
          {"energy", "receive", "1mW"},
          {"energy", "idle", "0.3W"},
          {"policy each", "type", "static-split"},
          {"policy each", "split", "each"}}},
        {{{"downlink", "rate", "3MB/s"},
          {"downlink", "propagation", "7.3ms"},
          {"workload", "deadline", "0.1s"},
          {"workload", "on_deadline", "drop"},
          {"device", "service", "exponential"},
          {"policy dynamic-split", "half_life", "100ms"}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int origins = 0; origins < 2; origins++) {
            es_scenario *s = load_changed(&cases[i]);
            char *plain = resolve(s, false), *written = resolve(s, origins);
            es_scenario_destroy(s);
            write_whole(written);
            s = load_with(0, NULL);
            char *again = resolve(s, false);
            assert_string_equal(again, plain);
            es_scenario_destroy(s);
            free(plain);
            free(written);
            free(again);
        }
}

static void resolved_values_say_where_they_come_from(void **state) {
    (void)state;
    const struct changes none = {0};
    write_file(&none);
    static const char *const overrides[] = {"scenario.seed=7"};
    es_scenario *s = load_with(1, overrides);
    char *text = resolve(s, true), expected[128];
    snprintf(expected, sizeof expected, "\nsteps = 10 ; %s:2\n", path);
    assert_non_null(strstr(text, expected));
    assert_non_null(strstr(text, "\nseed = 7 ; command line\n"));
    assert_non_null(strstr(text, "\nwarmup = 0s ; default\n"));
    assert_non_null(strstr(text, "\n; duration = ; default\n"));
    assert_non_null(strstr(text, "\nrate = 2e+07bit/s ; test_scenario"));
    assert_non_null(strstr(text, "\n[policy dynamic-split]\n"));
    assert_non_null(strstr(text, "\n; half_life = 2s ; default\n"));
    free(text);
    text = resolve(s, false);
    assert_non_null(strstr(text, "\nseed = 7\n"));
    assert_null(strstr(text, "default"));
    free(text);
    es_scenario_destroy(s);
}

/* Values of a study in the SI units of the first key that they are, read with the unit behind. */
static void variables_are_measured(void **state) {
    (void)state;
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("[scenario]\ntitle = ${rate=1, 0.5, fast}\nwarmup = ${left=auto, 1min}\n"
          "[uplink]\nrate = $rate MB/s\n[downlink]\nrate = ${rate}kbit/s\n"
          "[policy p]\nsplit = ${cut=3, each}\n[server]\nload = ${load=20%, 0.5}\n",
          stream);
    assert_int_equal(fclose(stream), 0);
    static const struct {
        size_t variable, value;
        double number;
        const char *unit; /* NULL: a text */
    } expected[] = {
        {0, 0, 8e6, "bit/s"}, {0, 1, 4e6, "bit/s"}, {0, 2, 0, NULL},
        {1, 0, 0, NULL},      {1, 1, 60, "s"},      {2, 0, 3, "1"},
        {2, 1, 0, NULL},      {3, 0, 0.2, "1"},     {3, 1, 0.5, "1"},
    };
    es_study *study = NULL;
    assert_int_equal(es_study_load(&(es_study_source){.path = path}, &study, &errors), ES_OK);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        double number;
        const char *unit;
        bool is =
            es_scenario_measure(study, expected[i].variable, expected[i].value, &number, &unit);
        assert_int_equal(is, expected[i].unit != NULL);
        if (!is)
            continue;
        assert_true(number == expected[i].number);
        assert_string_equal(unit, expected[i].unit);
    }
    es_study_destroy(study);
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    struct changes changes = {{{"uplink", "rate", "1..20 Mbit/s"},
                               {"workload", "mode", "isolated"},
                               {"workload", "states", "grid"}}};
    static const char *const overrides[] = {"scenario.seed=7", "policy new.type=oracle"};
    write_file(&changes);
    bool struck = true;
    size_t n = 0;
    while (struck) {
        es_scenario *scenario = NULL;
        es_errors_init(&errors);
        fault_alloc_fail_at(++n);
        es_status status = es_scenario_load(path, 2, overrides, &scenario, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(es_errors_status(&errors), status);
        assert_true(struck == (scenario == NULL));
        if (scenario != NULL)
            for (size_t m = 1;; m++) { /* what cannot be appended marks the text */
                es_text text = {0};
                fault_alloc_fail_at(m);
                es_scenario_resolve(scenario, true, &text);
                bool failed = fault_alloc_struck();
                fault_alloc_fail_at(0);
                assert_true(text.failed == failed);
                free(text.data);
                if (!failed)
                    break;
            }
        es_scenario_destroy(scenario);
    }
    assert_true(n > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILE(the_reference_has_every_key),
        WITH_FILE(a_scenario_is_read),
        WITH_FILE(policies_keep_their_order_and_their_types),
        WITH_FILE(windows_of_whole_milliseconds_are_accepted),
        WITH_FILE(overrides_replace_and_add),
        WITH_FILE(resolved_scenarios_are_scenarios),
        WITH_FILE(resolved_values_say_where_they_come_from),
        WITH_FILE(variables_are_measured),
        WITH_FILE(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
