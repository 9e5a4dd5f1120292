/* Plans of fleets: what groups, links, a shared server and codecs of a scenario become in a run.
 * Service is deterministic and the numbers are summed by hand. */
#include "run_files.h"

#include "fault_alloc.h"

#include <math.h>

#define CLOSED "[workload]\nmode = closed\n"
#define FULL   "[policy full-offload]\n"
#define STAY   "[policy no-offload]\n"

/* The input of one image over 20 Mbit/s; the whole network on the device, and on the server. */
#define TRANSFER_NS INT64_C(60211200)
#define HEAD_NS     INT64_C(2100000)
#define TAIL_NS     INT64_C(210000)
enum { B = 2 * N_CUTS }; /* where the second group's cuts begin, for two batch sizes */

static const struct row *row_of(size_t i) {
    assert_true(i < memory.n_steps_seen[0]);
    return &memory.policies[0].rows[i];
}

static void assert_row(size_t i, int device, es_time uplink_ns, es_time wait_ns, es_time tail_ns) {
    const struct row *row = row_of(i);
    assert_int_equal(row->device, device);
    assert_int_equal(ns_of(row->uplink_queue_time) + ns_of(row->server_queue_time), wait_ns);
    assert_int_equal(ns_of(row->uplink_time), uplink_ns);
    assert_int_equal(ns_of(row->tail_time), tail_ns);
}

/* Two devices send at once. */
static void links_are_own_or_shared(void **state) {
    (void)state;
    static const struct {
        const char *keys;
        es_time first_ns, second_ns, wait_ns;
    } cases[] = {
        {"", TRANSFER_NS, TRANSFER_NS, TAIL_NS}, /* the second waits at the server */
        {"sharing = group\n", TRANSFER_NS, TRANSFER_NS, TRANSFER_NS},
        {"sharing = all\n", TRANSFER_NS, TRANSFER_NS, TRANSFER_NS},
        {"sharing = group\ndiscipline = ps\n", 2 * TRANSFER_NS, 2 * TRANSFER_NS, TAIL_NS},
        {"discipline = ps\n", TRANSFER_NS, TRANSFER_NS, TAIL_NS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 2\n[device]\ncount = 2\n" LINK "%s" CLOSED FULL,
                 cases[i].keys);
        run_text(text);
        assert_int_equal(memory.record.n_devices, 2);
        assert_row(0, 0, cases[i].first_ns, 0, TAIL_NS);
        assert_row(1, 1, cases[i].second_ns, cases[i].wait_ns, TAIL_NS);
    }
}

/* They come to the server at once. */
static void servers_queue_share_or_merge(void **state) {
    (void)state;
    static const struct {
        const char *keys;
        es_time wait_ns, tail_ns;
    } cases[] = {
        {"", TAIL_NS, TAIL_NS},
        {"servers = 2\n", 0, TAIL_NS},
        {"discipline = ps\n", 0, 2 * TAIL_NS},
        {"max_batch = 2\n", TAIL_NS, TAIL_NS}, /* the first does not wait for it */
        {"max_batch = 1\n", TAIL_NS, TAIL_NS},
        {"max_batch = 2\nmax_wait = 50ms\n", 0, TAIL_NS * 3 / 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 2\n[device]\ncount = 2\n" LINK "[server]\n%s" CLOSED FULL,
                 cases[i].keys);
        run_text(text);
        assert_row(1, 1, TRANSFER_NS, cases[i].wait_ns, cases[i].tail_ns);
    }
    run_text("[scenario]\nsteps = 3\n[device]\ncount = 3\n" LINK
             "[server]\nmax_batch = 2\n" CLOSED FULL);
    assert_row(0, 0, TRANSFER_NS, 0, TAIL_NS);
    assert_row(1, 1, TRANSFER_NS, TAIL_NS, TAIL_NS * 3 / 2);
    assert_row(2, 2, TRANSFER_NS, TAIL_NS, TAIL_NS * 3 / 2);
    run_text("[scenario]\nsteps = 1\n" LINK "[server]\nmax_batch = 2\nmax_wait = 50ms\n" FULL);
    assert_row(0, 0, TRANSFER_NS, 50000000, TAIL_NS); /* in vain */
}

/* A job of 10 ms that came at 60 ms is not done yet, nor are those that come again and again. */
static void jobs_of_others_queue(void **state) {
    (void)state;
    write_text(load_path, "# quantity: arrivals\n", "time_s\n0.060\n");
    run_text("[scenario]\nsteps = 1\n" LINK "[server]\nbackground_trace = " LOAD
             "\nbackground_time = 10ms\n" FULL);
    assert_row(0, 0, TRANSFER_NS, 70000000 - TRANSFER_NS, TAIL_NS);
    assert_int_equal(memory.record.n_inputs, 3);
    run_text("[scenario]\nsteps = 1\n" LINK "[server]\nbackground_trace = " LOAD
             "\nbackground_time = 10ms\nbackground_service = exponential\n" FULL);
    assert_int_not_equal(ns_of(row_of(0)->server_queue_time), 70000000 - TRANSFER_NS);
    run_text("[scenario]\nsteps = 100\n" LINK
             "[server]\nbackground_rate = 100/s\nbackground_time = 5ms\n"
             "background_service = exponential\n" FULL);
    double wait_s = 0;
    for (size_t i = 0; i < 100; i++)
        wait_s += row_of(i)->server_queue_time / 100;
    assert_true(wait_s > 2e-3 && wait_s < 20e-3); /* M/M/1 at 0.5: 5 ms */
}

/* Cut 7 sends 62720 bytes: 15680 after coding, 62.72 us at 8 Gbit/s, 250.88 us at 2 Gbit/s. */
static void codecs_take_time_and_save_bytes(void **state) {
    (void)state;
    static const char split[] = "[policy static-split]\nsplit = 7\n";
    char text[512];
    snprintf(text, sizeof text, "[scenario]\nsteps = 1\n" LINK "%s", split);
    run_text(text);
    struct row plain = *row_of(0);
    snprintf(text, sizeof text,
             "[scenario]\nsteps = 1\n" LINK
             "[transfer]\nratio = 25%%\nencode_rate = 8Gbit/s\ndecode_rate = 2Gbit/s\n%s",
             split);
    run_text(text);
    const struct row *coded = row_of(0);
    assert_int_equal(plain.uplink_bytes, 62720);
    assert_int_equal(coded->uplink_bytes, 15680);
    assert_int_equal(ns_of(coded->head_time), ns_of(plain.head_time) + 62720);
    assert_int_equal(ns_of(coded->tail_time), ns_of(plain.tail_time) + 250880);
    assert_int_equal(ns_of(coded->uplink_time), 15680 * 400);
}

static void delays_and_results_may_change_over_time(void **state) {
    (void)state;
    write_text(load_path, "# quantity: latency\n# unit: s\n",
               "time_s,value\n0,0.005\n0.5,0.02\n9,0.02\n");
    write_trace(trace_path, "0,1000000\n0.5,2000000\n9,2000000\n");
    run_text("[scenario]\nsteps = 2\n" LINK "propagation_trace = " LOAD
             "\n[downlink]\ntrace = " TRACE "\n[transfer]\nresult = 1kB\n" FULL);
    assert_row(0, 0, TRANSFER_NS + 5000000, 0, TAIL_NS);
    assert_row(1, 0, TRANSFER_NS + 20000000, 0, TAIL_NS);
    assert_int_equal(ns_of(row_of(0)->downlink_time), 8000000);
    assert_int_equal(ns_of(row_of(1)->downlink_time), 4000000);
    assert_int_equal(memory.record.n_inputs, 4);
    assert_true(isnan(row_of(0)->regret)); /* what comes later may not be overtaken */
}

/* Device 1 sees the link so much later. */
static void own_traces_may_be_staggered(void **state) {
    (void)state;
    write_trace(trace_path, "0,20000000\n0.5,10000000\n100,10000000\n");
    run_text("[scenario]\nsteps = 2\n[device]\ncount = 2\n[uplink]\ntrace = " TRACE
             "\nstagger = 1s\n" CLOSED FULL);
    assert_int_equal(ns_of(row_of(0)->uplink_time), TRANSFER_NS);
    assert_int_equal(ns_of(row_of(1)->uplink_time), 2 * TRANSFER_NS);
}

/* Requests come at 5/s from each of four devices, a quarter of a period apart; a fifth is closed.
 */
static void groups_have_their_own_requests(void **state) {
    (void)state;
    run_text(
        "[scenario]\nduration = 0.9s\n" LINK "[workload]\nrate = 5/s\n"
        "[device cameras]\ncount = 4\n[device kiosk]\n[model kiosk]\nname = efficientnet-b0\n"
        "[workload kiosk]\nmode = closed\nthink_time = 0.3s\n[workload cameras]\nbatch = 2\n" STAY);
    size_t n[5] = {0};
    for (size_t i = 0; i < memory.n_steps_seen[0]; i++) {
        const struct row *row = row_of(i);
        assert_true(row->device >= 0 && row->device < 5);
        size_t device = (size_t)row->device, k = n[device]++;
        assert_int_equal(row->batch, device < 4 ? 2 : 1);
        assert_int_equal(ns_of(row->head_time), HEAD_NS * (device < 4 ? 3 : 2) / 2);
        int64_t at_ms = device < 4 ? (int64_t)(200 * k + 50 * device) : 0;
        int64_t at_ns = device < 4 ? at_ms * MS : (int64_t)k * (300 * MS + HEAD_NS);
        assert_int_equal(ns_of(row->arrival_time), at_ns);
    }
    for (size_t device = 0; device < 4; device++)
        assert_int_equal(n[device], device < 2 ? 5 : 4);
    assert_int_equal(n[4], 3);
    /* the same cut number, counted for each group */
    assert_true(fabs(memory.shares[0][N_UNITS] - 18.0 / 21) < 1e-15);
    assert_true(fabs(memory.shares[0][N_CUTS + N_UNITS] - 3.0 / 21) < 1e-15);
    assert_true(isnan(row_of(0)->oracle_latency));
}

/* The devices of a group take turns with a trace. */
static void traces_of_arrivals_are_dealt_out(void **state) {
    (void)state;
    write_text(load_path, "# quantity: arrivals\n", "time_s\n0\n0.1\n0.2\n0.3\n");
    run_text(LINK "[device]\ncount = 3\n[workload]\narrivals = trace\ntrace = " LOAD "\n" STAY);
    for (int i = 0; i < 4; i++)
        assert_int_equal(row_of((size_t)i)->device, i % 3);
}

static struct run rows_of_text(const char *text) {
    run_text(text);
    struct memory_policy *kept = &memory.policies[0];
    struct run run = {.n = (size_t)memory.n_steps_seen[0], .rows = kept->rows};
    kept->rows = NULL;
    return run;
}

static void assert_same_runs(const char *one, const char *other) {
    struct run a = rows_of_text(one), b = rows_of_text(other);
    assert_same_rows(&a, &b);
    run_fini(&a);
    run_fini(&b);
}

/* A name changes nothing, nor does it where a key stands. */
static void one_group_is_what_the_scenario_is_without(void **state) {
    (void)state;
#define SAME "[scenario]\nsteps = 200\n[workload]\narrivals = poisson\nrate = 20/s\n"
    assert_same_runs(SAME LINK "[device]\nservice = exponential\n[policy dynamic-split]\n",
                     SAME "[device only]\nservice = exponential\n[uplink only]\nrate = 20Mbit/s\n"
                          "[policy dynamic-split]\n");
}

/* Two groups of one on a link of all are one group of two on a link of its own. */
static void a_link_of_all_joins_groups(void **state) {
    (void)state;
#define TWO "[scenario]\nsteps = 100\n" CLOSED "think_time = 10ms\n" LINK "discipline = ps\n"
    assert_same_runs(TWO "sharing = group\n[device]\ncount = 2\n" FULL,
                     TWO "sharing = all\n[device a]\n[device b]\n" FULL);
}

/* What is written into a result is a scenario again, and gives the same rows. */
static void resolved_fleets_run_again(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 20\n" LINK "discipline = ps\nsharing = all\n"
             "[server]\nmax_batch = 2\n[device a]\ncount = 2\n[device b]\n"
             "[workload b]\nmode = closed\n[transfer b]\nratio = 0.5\n[policy dynamic-split]\n");
    write_text(ini_path, "", memory.scenario_resolved);
    struct memory_policy *kept = &memory.policies[0];
    struct run before = {.n = (size_t)memory.n_steps_seen[0], .rows = kept->rows};
    kept->rows = NULL;
    run_file();
    struct run again = {.n = (size_t)memory.n_steps_seen[0], .rows = kept->rows};
    assert_same_rows(&before, &again);
    run_fini(&before);
}

/* ---- What a sink is told */

static void (*check)(const es_run_record *record);

static es_status checking_open(const es_run_record *record, const char *path, bool replace,
                               void **sink, es_errors *found) {
    check(record);
    return memory_open(record, path, replace, sink, found);
}

static void assert_input(const es_run_record *record, size_t i, const char *role,
                         const char *file) {
    assert_true(i < record->n_inputs);
    assert_string_equal(record->inputs[i].role, role);
    assert_string_equal(record->inputs[i].path, file);
    assert_int_equal(strlen(record->inputs[i].sha256), 64);
}

/* The first group runs one image, the second two; tails are merged up to two. */
static void check_record(const es_run_record *record) {
    assert_int_equal(record->n_groups, 2);
    assert_int_equal(record->n_devices, 5);
    assert_string_equal(record->groups[0].name, "a");
    assert_string_equal(record->groups[1].name, "b");
    assert_string_equal(record->groups[1].model, "efficientnet-b0");
    assert_int_equal(record->groups[0].n_devices, 2);
    assert_int_equal(record->groups[1].n_devices, 3);
    assert_int_equal(record->groups[0].n_cuts, N_CUTS);
    assert_string_equal(record->model, "efficientnet-b0");
    assert_string_equal(record->granularity, "block");
    assert_string_equal(record->mode, "open, closed");
    assert_true(record->input_bytes_per_element == 1);
    assert_true(isnan(record->feature_bytes_per_element));
    assert_int_equal(record->n_replications, 1);
    assert_int_equal(record->n_cuts, 2 * N_CUTS);
    assert_int_equal(record->n_batches, 2);
    assert_true(record->batches[0] == 1 && record->batches[1] == 2);
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        size_t a = 2 * cut, b = B + a;
        assert_string_equal(record->cuts[cut].name, record->cuts[N_CUTS + cut].name);
        assert_true(!isnan(record->head_s[a]) && isnan(record->head_s[a + 1]));
        assert_true(isnan(record->head_s[b]) && !isnan(record->head_s[b + 1]));
        assert_true(record->tail_s[a] == record->tail_s[b]);
        assert_true(record->tail_s[a + 1] == record->tail_s[b + 1]);
        assert_true(fabs(record->tail_s[a + 1] - 1.5 * record->tail_s[a]) < 1e-9);
        assert_int_equal(record->bytes[a], bytes_of_cut[cut]);
        /* input elements of 1 byte, features of 1 instead of 4 */
        assert_int_equal(record->bytes[b + 1],
                         (cut == 0 ? 2 : 1) * bytes_of_cut[cut] / (cut == 0 ? 1 : 2));
    }
    assert_int_equal(record->n_inputs, 4);
    assert_input(record, 0, "device profile", "slow.csv");
    assert_input(record, 1, "server profile", "fast.csv");
    assert_input(record, 2, "device profile of b", "fast.csv");
    assert_input(record, 3, "uplink trace of b", TRACE);
}

/* What a group has not prepared has no bytes. */
static void check_missing(const es_run_record *record) {
    assert_int_equal(record->n_batches, 2);
    assert_true(isnan(record->tail_s[1]) && isnan(record->tail_s[B]));
    assert_int_equal(record->bytes[1], -1);
    assert_int_equal(record->bytes[B], -1);
    assert_int_equal(record->bytes[B + 1], 2 * bytes_of_cut[0]);
}

static void run_checked(const char *text, void (*with)(const es_run_record *record)) {
    static es_sink_ops checking;
    checking = memory_sink;
    checking.open = checking_open;
    check = with;
    es_plan *plan = plan_text(text);
    es_run_options options = memory_options();
    options.sink = &checking;
    assert_int_equal(es_plan_run(plan, &options, &memory.report, &errors), ES_OK);
    es_plan_destroy(plan);
}

static void a_sink_is_told_of_groups(void **state) {
    (void)state;
    write_trace(trace_path, "0,20000000\n1,10000000\n");
    run_checked("[scenario]\nsteps = 5\n" LINK "[server]\nmax_batch = 2\n"
                "[device a]\ncount = 2\n[device b]\ncount = 3\nprofile = fast.csv\n"
                "[uplink b]\ntrace = " TRACE "\n[workload b]\nmode = closed\nbatch = 2\n"
                "[transfer b]\nfeature_bytes = 1B\n" STAY,
                check_record);
    run_checked("[scenario]\nsteps = 5\n" LINK
                "[device a]\n[device b]\n[workload b]\nbatch = 2\n" STAY,
                check_missing);
}

/* ---- Policies */

static void policies_choose_in_each_network(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 4\n" LINK "[device a]\n[device b]\n"
             "[uplink b]\nrate = 1bit/s\n"
             "[policy static-split]\nsplit = best-mean\n[policy name]\ntype = static-split\n"
             "split = block6\n" STAY FULL);
    for (size_t i = 0; i < 4; i++) {
        const struct row *best = &memory.policies[0].rows[i], *named = &memory.policies[1].rows[i];
        assert_int_equal(best->split_index, N_UNITS);
        assert_int_equal(named->split_index, 7);
    }
    assert_true(fabs(memory.shares[0][N_UNITS] + memory.shares[0][N_CUTS + N_UNITS] - 1) < 1e-12);
    run_text("[scenario]\nsteps = 4\n[uplink]\nrate = 100Gbit/s\n[device a]\n[device b]\n"
             "[uplink b]\nrate = 1bit/s\n[policy static-split]\nsplit = best-mean\n");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(row_of(i)->split_index, row_of(i)->device == 0 ? 0 : N_UNITS);
}

static void what_cannot_be_told_beforehand_is_refused(void **state) {
    (void)state;
    static const char *const worlds[] = {
        "[device]\ncount = 2\n" LINK,
        "[device a]\n[device b]\n" LINK,
        LINK "discipline = ps\n",
        LINK "[downlink]\nrate = 1MB/s\ndiscipline = ps\n",
        LINK "propagation_trace = " LOAD "\n",
        LINK "[server]\ndiscipline = ps\n",
        LINK "[server]\nservers = 2\n",
        LINK "[server]\nmax_batch = 1\n",
        LINK "[server]\nbackground_rate = 1/s\nbackground_time = 1ms\n",
    };
    write_text(load_path, "# quantity: latency\n# unit: s\n", "time_s,value\n0,0.005\n1,0.02\n");
    for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "[scenario]\nsteps = 1\n%s[policy oracle]\n", worlds[i]);
        assert_refused(text, "[policy oracle] type: what requests would meet cannot be told here");
        snprintf(text, sizeof text, "[scenario]\nsteps = 1\n%s[output]\nregret = yes\n" STAY,
                 worlds[i]);
        assert_refused(text, "[output] regret = yes: what requests would have met cannot be told");
        snprintf(text, sizeof text, "[scenario]\nsteps = 1\n%s" STAY, worlds[i]);
        run_text(text);
        assert_true(isnan(row_of(0)->regret) && isnan(row_of(0)->oracle_latency));
    }
    run_text("[scenario]\nsteps = 1\n" LINK "[output]\nregret = yes\n" STAY);
    assert_true(row_of(0)->regret >= 0);
}

static void mistakes_have_their_key(void **state) {
    (void)state;
#define GROUPS "[scenario]\nsteps = 1\n" LINK "[device a]\n[device b]\n"
    assert_refused(GROUPS "[policy static-split]\nsplit = each\n",
                   "split = each: there are 2 groups of devices, whose cuts would have to be");
    assert_refused(GROUPS "[policy static-split]\nsplit = best-hindsight\n",
                   "split = best-hindsight: there are 2 groups of devices");
    assert_refused(GROUPS "[energy a]\nactive = 1W\ntransmit = 1W\nreceive = 1W\nidle = 1W\n"
                          "[policy energy-aware]\n",
                   "[policy energy-aware] type: devices b: energy-aware needs the powers of");
    assert_refused(GROUPS "[workload b]\ndeadline = 1s\n[policy deadline-aware]\n",
                   "type: devices a: deadline-aware needs [workload] deadline");
    assert_refused(GROUPS "[model b]\ncut_points = residual-blocks\n"
                          "[policy static-split]\nsplit = stem\n",
                   "split = stem: devices b: cut 1 (stem) is not one of [model] cut_points");
    assert_refused(GROUPS "[model b]\nname = nothing\n" STAY, "[model b] name = nothing: ");
    assert_refused_as(ES_NO_INPUT, GROUPS "[device c]\nprofile = none.csv\n" STAY,
                      "[device c] profile = none.csv: ");
    assert_refused_as(
        ES_NO_INPUT,
        "[scenario]\nsteps = 1\n[device a]\n[device b]\n[uplink]\ntrace = none.csv\n" STAY,
        "[uplink] trace = none.csv: "); /* once */
    assert_refused(GROUPS "[server]\nmax_batch = 4\n" STAY,
                   "[server] profile = fast.csv: "); /* beyond what is measured */
    assert_refused("[scenario]\nsteps = 1\n" LINK "[policy dynamic-split]\nload_aware = yes\n",
                   "load_aware = yes: dynamic-split does not read this key with the values given");
    write_text(load_path, "# quantity: arrivals\n# duration: 9s\n", "time_s\n1\n");
    assert_refused(GROUPS "[workload b]\narrivals = trace\ntrace = " LOAD "\nat_end = loop\n" STAY,
                   "[scenario] duration: is needed: there are several groups, and the arrivals");
    write_text(load_path, "# quantity: latency\n# unit: s\n", "time_s,value\n0,0\n1,0\n");
    assert_refused("[scenario]\nsteps = 1\n" LINK "propagation_trace = " LOAD "\n" STAY,
                   "no positive latency is left");
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    write_text(load_path, "# quantity: latency\n# unit: s\n", "time_s,value\n0,0.005\n1,0.02\n");
    write_trace(trace_path, "0,20000000\n1,10000000\n");
    write_scenario("[scenario]\nsteps = 2\n" LINK "propagation_trace = " LOAD "\n"
                   "[server]\nmax_batch = 2\n[device a]\n[device b]\n[uplink b]\ntrace = " TRACE
                   "\n"
                   "[policy static-split]\nsplit = best-mean\n" STAY);
    size_t n = 1;
    for (bool struck = true; struck; n++) {
        es_plan *plan = NULL;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(status == ES_OK, plan != NULL);
        es_plan_destroy(plan);
    }
    assert_true(n > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILES(links_are_own_or_shared),
        WITH_FILES(servers_queue_share_or_merge),
        WITH_FILES(jobs_of_others_queue),
        WITH_FILES(codecs_take_time_and_save_bytes),
        WITH_FILES(delays_and_results_may_change_over_time),
        WITH_FILES(own_traces_may_be_staggered),
        WITH_FILES(groups_have_their_own_requests),
        WITH_FILES(traces_of_arrivals_are_dealt_out),
        WITH_FILES(one_group_is_what_the_scenario_is_without),
        WITH_FILES(a_link_of_all_joins_groups),
        WITH_FILES(resolved_fleets_run_again),
        WITH_FILES(a_sink_is_told_of_groups),
        WITH_FILES(policies_choose_in_each_network),
        WITH_FILES(what_cannot_be_told_beforehand_is_refused),
        WITH_FILES(mistakes_have_their_key),
        WITH_FILES(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
