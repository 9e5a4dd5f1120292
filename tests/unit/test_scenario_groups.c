/* Groups of devices: what each sees of which section, and what may not differ. */
#include "scenario_files.h"

#include "fault_alloc.h"

static void write_whole(const char *text) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static es_scenario *load_whole(const char *text) {
    write_whole(text);
    return load_with(0, NULL);
}

/* Two groups with nearly nothing in common: the second one stands in front of the base. */
static const char two[] = "[scenario]\nsteps = 10\n"
                          "[uplink cars]\ntrace = lte.csv\nsharing = own\nstagger = 60s\n"
                          "[device cameras]\ncount = 20\nprofile = small.csv\n"
                          "[model]\nname = efficientnet-b0\n"
                          "[device]\nprofile = slow.csv\nservice = exponential\n"
                          "[server]\nprofile = fast.csv\n"
                          "[uplink]\nrate = 20Mbit/s\nsharing = group\npropagation = 5ms\n"
                          "[workload]\nrate = 5/s\nbatch = 1, 2\ndeadline = 1s\n"
                          "[transfer]\nfeature_bytes = 1B\n"
                          "[device cars]\ncount = 3\n"
                          "[model cars]\nfile = car.onnx\n"
                          "[server cars]\nprofile = fast-car.csv\n"
                          "[workload cars]\nmode = closed\npopulation = 2\nthink_time = 1s\n"
                          "[transfer cars]\nratio = 0.5\nencode_rate = 1Gbit/s\n"
                          "[policy dynamic-split]\n";

static void groups_replace_key_by_key(void **state) {
    (void)state;
    es_scenario *s = load_whole(two);
    assert_int_equal(s->n_groups, 2);
    const es_scenario *cameras = es_scenario_group(s, 0), *cars = es_scenario_group(s, 1);
    assert_string_equal(cameras->group, "cameras");
    assert_string_equal(cars->group, "cars");
    assert_int_equal(cameras->device.count, 20);
    assert_int_equal(cars->device.count, 3);
    assert_string_equal(cameras->device.profile, "small.csv");
    assert_string_equal(cars->device.profile, "slow.csv");
    assert_int_equal(cameras->device.service, ES_EXPONENTIAL);
    assert_string_equal(cameras->model.name, "efficientnet-b0");
    assert_null(cars->model.name); /* the file stands in its place */
    assert_string_equal(cars->model.file, "car.onnx");
    assert_string_equal(cameras->server.profile, "fast.csv");
    assert_string_equal(cars->server.profile, "fast-car.csv");
    assert_int_equal(cameras->uplink.rate_bps.n, 1);
    assert_int_equal(cars->uplink.rate_bps.n, 0); /* likewise */
    assert_string_equal(cars->uplink.link.trace, "lte.csv");
    assert_int_equal(cameras->uplink.link.sharing, ES_SHARED_BY_GROUP);
    assert_int_equal(cars->uplink.link.sharing, ES_SHARED_BY_NONE);
    assert_true(cars->uplink.link.stagger_s == 60 && cameras->uplink.link.stagger_s == 0);
    assert_true(cars->uplink.link.propagation_s == 0.005);
    assert_int_equal(cameras->workload.mode, ES_OPEN);
    assert_int_equal(cars->workload.mode, ES_CLOSED);
    assert_true(cameras->workload.rate_hz == 5);
    assert_int_equal(cars->workload.population, 2);
    assert_int_equal(cars->workload.batch.n, 2);
    assert_true(cars->workload.deadline_s == 1);
    assert_true(cars->transfer.feature_bytes == 1 && cars->transfer.ratio == 0.5);
    assert_true(cars->transfer.encode_rate_bps == 1e9 && isnan(cars->transfer.decode_rate_bps));
    assert_true(cameras->transfer.ratio == 1);
    assert_int_equal(cars->scenario.steps, 10);
    assert_true(es_scenario_writes(cars, "uplink", "trace"));
    assert_false(es_scenario_writes(cars, "uplink", "rate"));
    assert_true(es_scenario_writes(s, "uplink", "rate"));
    es_scenario_destroy(s);
}

static void without_a_group_there_is_the_scenario(void **state) {
    (void)state;
    const struct changes none = {0};
    es_scenario *s = load_changed(&none);
    assert_int_equal(s->n_groups, 1);
    assert_ptr_equal(es_scenario_group(s, 0), s);
    assert_string_equal(s->group, "");
    assert_int_equal(s->device.count, 1);
    assert_int_equal(s->server.servers, 1);
    assert_true(isnan(s->server.background_rate_hz));
    es_scenario_destroy(s);
}

/* One group with a name sees what the scenario would without it. */
static void a_group_may_be_alone(void **state) {
    (void)state;
    es_scenario *s = load_whole("[scenario]\nsteps = 10\n[model]\nname = efficientnet-b0\n"
                                "[device only]\nprofile = slow.csv\n[server]\nprofile = fast.csv\n"
                                "[uplink only]\nrate = 1MB/s\n[policy no-offload]\n");
    assert_int_equal(s->n_groups, 1);
    assert_string_equal(es_scenario_group(s, 0)->device.profile, "slow.csv");
    assert_null(s->device.profile);
    es_scenario_destroy(s);
}

/* What the base says of requests is for the groups that read it. */
static void modes_of_groups_may_differ(void **state) {
    (void)state;
    es_scenario *s =
        load_whole("[scenario]\nduration = 10s\n[model]\nname = efficientnet-b0\n[device]\nprofile "
                   "= slow.csv\n"
                   "[server]\nprofile = fast.csv\n[uplink]\nrate = 1MB/s\n"
                   "[workload]\narrivals = trace\ntrace = requests.csv\nat_end = loop\n"
                   "[device traced]\n[device closed]\ncount = 4\n[device poisson]\ncount = 5\n"
                   "[workload closed]\nmode = closed\n"
                   "[workload poisson]\narrivals = poisson\nrate = 2/s\n"
                   "[policy no-offload]\n");
    const es_scenario *closed = es_scenario_group(s, 1), *poisson = es_scenario_group(s, 2);
    assert_string_equal(es_scenario_group(s, 0)->workload.trace, "requests.csv");
    assert_null(closed->workload.trace);
    assert_int_equal(closed->workload.arrivals, ES_PERIODIC);
    assert_null(poisson->workload.trace);
    assert_int_equal(poisson->workload.arrivals, ES_POISSON);
    es_scenario_destroy(s);
}

/* So is a trace of requests for those with arrivals = trace, wherever they say so. */
static void a_trace_of_the_base_is_for_groups_that_read_it(void **state) {
    (void)state;
    es_scenario *s =
        load_whole("[scenario]\nduration = 10s\n[model]\nname = efficientnet-b0\n[device]\nprofile "
                   "= slow.csv\n"
                   "[server]\nprofile = fast.csv\n[uplink]\nrate = 1MB/s\n"
                   "[workload]\ntrace = requests.csv\nat_end = loop\nbatch = 2\n"
                   "[device traced]\n[device own]\n[device silent]\n[device poisson]\n"
                   "[workload traced]\narrivals = trace\n"
                   "[workload own]\narrivals = trace\ntrace = others.csv\n"
                   "[workload poisson]\narrivals = poisson\nrate = 2/s\n"
                   "[policy no-offload]\n");
    const es_scenario *traced = es_scenario_group(s, 0), *silent = es_scenario_group(s, 2);
    assert_string_equal(traced->workload.trace, "requests.csv");
    assert_int_equal(traced->workload.arrivals, ES_ARRIVALS_OF_TRACE);
    assert_int_equal(traced->workload.at_end, 0); /* loop */
    assert_int_equal(traced->workload.batch.n, 1);
    assert_string_equal(es_scenario_group(s, 1)->workload.trace, "others.csv");
    assert_null(silent->workload.trace);
    assert_int_equal(silent->workload.arrivals, ES_PERIODIC);
    assert_null(es_scenario_group(s, 3)->workload.trace);
    es_scenario_destroy(s);
}

static void files_and_requests_are_those_of_all_groups(void **state) {
    (void)state;
    static const char *const files[] = {"small.csv", "fast.csv",     "car.onnx",
                                        "slow.csv",  "fast-car.csv", "lte.csv"};
    es_scenario *s = load_whole(two);
    size_t n = 0;
    for (; es_scenario_file(s, n) != NULL; n++) {
        assert_true(n < sizeof files / sizeof files[0]);
        assert_string_equal(es_scenario_file(s, n), files[n]);
    }
    assert_int_equal(n, sizeof files / sizeof files[0]); /* each once */
    assert_true(es_scenario_requests(s) == 10);
    es_scenario_destroy(s);
    s = load_whole("[scenario]\nduration = 10s\n[model]\nname = efficientnet-b0\n"
                   "[device a]\nprofile = slow.csv\ncount = 3\n[device b]\nprofile = slow.csv\n"
                   "[server]\nprofile = fast.csv\nbackground_trace = jobs.csv\n"
                   "background_time = 1ms\n"
                   "[uplink]\nrate = 1MB/s\npropagation_trace = delay.csv\n"
                   "[workload]\nrate = 2/s\n[workload b]\nrate = 7/s\n[policy no-offload]\n");
    assert_true(es_scenario_requests(s) == 10 * (3 * 2 + 7));
    static const char *const others[] = {"slow.csv", "fast.csv", "jobs.csv", "delay.csv",
                                         "slow.csv"};
    for (n = 0; es_scenario_file(s, n) != NULL; n++)
        assert_string_equal(es_scenario_file(s, n), others[n]);
    assert_int_equal(n, 5);
    es_scenario_destroy(s);
}

static char *resolve(const es_scenario *scenario, bool origins) {
    es_text text = {0};
    es_scenario_resolve(scenario, origins, &text);
    assert_false(text.failed);
    return text.data;
}

/* What is printed is a scenario again, and prints the same. */
static void resolved_groups_are_groups(void **state) {
    (void)state;
    static const char *const cases[] = {
        two,
        "[scenario]\nduration = 1h\n[model]\nname = efficientnet-b0\n[device]\nprofile = slow.csv\n"
        "[server]\nprofile = fast.csv\ndiscipline = fifo\nservers = 4\nmax_batch = 8\n"
        "max_wait = 2ms\nbackground_rate = 5/s\nbackground_time = 3ms\n"
        "[uplink]\ntrace = a.csv\nsharing = all\ndiscipline = ps\npropagation_trace = delay.csv\n"
        "[downlink]\ntrace = b.csv\nscale = 2\nsharing = all\n"
        "[workload]\nmode = closed\nthink_time = 2s\n"
        "[device x]\ncount = 5\n[device y]\n[uplink y]\npropagation = 1ms\n"
        "[workload y]\nmode = open\narrivals = trace\ntrace = requests.csv\n"
        "[energy y]\nactive = 1W\ntransmit = 1W\nreceive = 1W\nidle = 1W\n"
        "[policy no-offload]\n[policy d]\ntype = dynamic-split\nload_aware = yes\n"
        "knowledge = last\ninitial_rate = 1MB/s\n",
        "[scenario]\nduration = 1h\n[model]\nname = efficientnet-b0\n[device]\nprofile = slow.csv\n"
        "[server]\nprofile = fast.csv\n[uplink]\nrate = 1MB/s\n[device x]\n[device y]\n"
        "[workload]\ntrace = requests.csv\n[workload x]\narrivals = trace\n[policy no-offload]\n",
        /* what is said of requests without a name is read by nobody */
        "[scenario]\nsteps = 10\n[model]\nname = efficientnet-b0\n[device]\nprofile = slow.csv\n"
        "[server]\nprofile = fast.csv\n[uplink]\nrate = 1MB/s\n[device x]\n[device y]\n"
        "[workload x]\nmode = closed\n[workload y]\nmode = closed\n[policy no-offload]\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int origins = 0; origins < 2; origins++) {
            es_scenario *s = load_whole(cases[i]);
            char *plain = resolve(s, false), *written = resolve(s, origins);
            es_scenario_destroy(s);
            s = load_whole(written);
            char *again = resolve(s, false);
            assert_string_equal(again, plain);
            es_scenario_destroy(s);
            free(plain);
            free(written);
            free(again);
        }
    es_scenario *s = load_whole(two);
    char *text = resolve(s, true), expected[128];
    assert_non_null(strstr(text, "\n[device cameras]\nprofile = small.csv ; "));
    snprintf(expected, sizeof expected, "\n[model cars]\nfile = car.onnx ; %s:30\n", path);
    assert_non_null(strstr(text, expected));
    free(text);
    es_scenario_destroy(s);
}

/* A scenario of two groups, and what is added to it: all messages, without the path. */
#define BASE                                                                                       \
    "[scenario]\nsteps = 10\n[model]\nname = efficientnet-b0\n[device]\nprofile = slow.csv\n"      \
    "[server]\nprofile = fast.csv\n[device a]\n[device b]\ncount = 3\n[policy no-offload]\n"
#define LINK "[uplink]\nrate = 20Mbit/s\n"

static const struct {
    const char *text;
    const char *expected[3];
} mistakes[] = {
    {BASE LINK "[uplink c]\nrate = 1MB/s\n",
     {":15: section [uplink c]: there is no [device c], which would make it one of a group of "
      "dev"}},
    {BASE LINK "[server a]\nservers = 2\n",
     {":16: [server a] servers = 2: is the same for all groups: it belongs to [server]"}},
    {BASE LINK "[workload a]\nmax_backlog = 5\n",
     {":16: [workload a] max_backlog = 5: is the same for all groups: it belongs to [workload]"}},
    {BASE LINK "[uplink a]\ntrace = x\nrate = 1MB/s\n",
     {":16: [uplink a] trace = x: exactly one of rate and trace is needed"}},
    {BASE "[uplink a]\nrate = 1MB/s\n",
     {": [uplink] rate: exactly one of rate and trace is needed"}},
    {BASE LINK "[workload]\nmode = isolated\n",
     {":11: [device b] count = 3: isolated mode has one device",
      ":16: [workload] mode = isolated: isolated mode has one group of devices"}},
    {BASE LINK "[workload b]\nthink_time = 3s\n",
     {":16: [workload b] think_time = 3s: is only read in closed mode"}},
    {BASE LINK "[workload]\nthink_time = 3s\n",
     {":16: [workload] think_time = 3s: is only read in closed mode"}},
    {BASE LINK "[workload]\nthink_time = 3s\n[workload b]\nmode = closed\nrate = 3/s\n",
     {":19: [workload b] rate = 3/s: is not read in closed mode"}},
    {BASE LINK "[workload]\nmax_backlog = 10\n[workload b]\nmode = closed\npopulation = 4\n",
     {":19: [workload b] population = 4: 12 requests at once are more than max_backlog = 10"}},
    {BASE LINK "scale = 2\n", {":15: [uplink] scale = 2: is only read with trace"}},
    {BASE LINK "sharing = all\n[uplink b]\nrate = 1MB/s\npropagation = 1ms\n",
     {":17: [uplink b] rate = 1MB/s: the link is one for all devices ([uplink] sharing = all); "
      "on"}},
    {BASE LINK "[uplink b]\nsharing = all\n",
     {":16: [uplink b] sharing = all: what all devices share belongs to [uplink]"}},
    {BASE LINK "discipline = both\n[energy a]\nactive = 1W\n",
     {":15: [uplink] discipline = both: expected one of fifo, ps"}}, /* once, not for each group */
    {BASE LINK "[energy]\nactive = 1W\n",                            /* likewise */
     {":16: [energy] active = 1W: give all of active, transmit, receive, idle, or none"}},
    {BASE LINK "[energy a]\nactive = 1W\n",
     {":16: [energy a] active = 1W: give all of active, transmit, receive, idle, or none"}},
    {"[scenario]\nsteps = 1\n[model a]\nname = efficientnet-b0\n[device a]\nprofile = x\n[device "
     "b]\n"
     "[server]\nprofile = fast.csv\n" LINK "[policy no-offload]\n",
     {":7: [device b] profile is missing: profile file of the device",
      ": [model] name is missing: network of the zoo"}},
    {BASE LINK "[workload]\ntrace = x\n", /* of no group */
     {":16: [workload] trace = x: is only read with arrivals = trace"}},
    {BASE LINK "[workload a]\narrivals = trace\n",
     {":16: [workload a] arrivals = trace: arrivals = trace and trace = FILE go together"}},
    {BASE LINK "[workload]\nrate = 1e-8/s\n",
     {":16: [workload] rate = 1e-8/s: 10 requests take more than three years at this rate"}},
};

static void what_groups_cannot_have_is_rejected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        write_whole(mistakes[i].text);
        expect_mistakes(3, mistakes[i].expected);
    }
}

static void there_are_at_most_sixteen(void **state) {
    (void)state;
    es_text text = {0};
    es_text_add(&text, BASE LINK);
    for (int i = 2; i < ES_SCENARIO_GROUPS; i++)
        es_text_add(&text, "[device g%d]\n", i);
    es_scenario *s = load_whole(text.data);
    assert_int_equal(s->n_groups, ES_SCENARIO_GROUPS);
    es_scenario_destroy(s);
    es_text_add(&text, "[device more]\n");
    write_whole(text.data);
    free(text.data);
    assert_int_equal(es_scenario_load(path, 0, NULL, &s, &errors), ES_INVALID);
    assert_non_null(
        strstr(errors.records[0].text, "17 sections [device NAME]; expected at most 16"));
}

static void complaints_point_to_what_the_group_reads(void **state) {
    (void)state;
    char expected[128];
    es_scenario *s = load_whole(two);
    const es_scenario *cars = es_scenario_group(s, 1);
    es_scenario_complain(cars, "uplink", "trace", &errors, "odd");
    snprintf(expected, sizeof expected, "%s:4: [uplink cars] trace = lte.csv: odd", path);
    assert_string_equal(errors.records[0].text, expected);
    es_scenario_complain(cars, "uplink", "propagation", &errors, "odd"); /* of the base */
    snprintf(expected, sizeof expected, "%s:20: [uplink] propagation = 5ms: odd", path);
    assert_string_equal(errors.records[1].text, expected);
    es_scenario_complain(cars, "uplink", "rate", &errors, "odd"); /* not read: its section */
    snprintf(expected, sizeof expected, "%s:3: [uplink cars] rate: odd", path);
    assert_string_equal(errors.records[2].text, expected);
    es_scenario_complain(cars, "scenario", "steps", &errors, "odd");
    snprintf(expected, sizeof expected, "%s:2: [scenario] steps = 10: odd", path);
    assert_string_equal(errors.records[3].text, expected);
    es_scenario_destroy(s);
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    write_whole(two);
    bool struck = true;
    size_t n = 0;
    while (struck) {
        es_scenario *scenario = NULL;
        es_errors_init(&errors);
        fault_alloc_fail_at(++n);
        es_status status = es_scenario_load(path, 0, NULL, &scenario, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck == (scenario == NULL));
        es_scenario_destroy(scenario);
    }
    assert_true(n > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILE(groups_replace_key_by_key),
        WITH_FILE(without_a_group_there_is_the_scenario),
        WITH_FILE(a_group_may_be_alone),
        WITH_FILE(modes_of_groups_may_differ),
        WITH_FILE(a_trace_of_the_base_is_for_groups_that_read_it),
        WITH_FILE(files_and_requests_are_those_of_all_groups),
        WITH_FILE(resolved_groups_are_groups),
        WITH_FILE(what_groups_cannot_have_is_rejected),
        WITH_FILE(there_are_at_most_sixteen),
        WITH_FILE(complaints_point_to_what_the_group_reads),
        WITH_FILE(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
