/* Plans and runs: which cuts each policy gets, what a sink is told, the summary, and what goes
 * wrong. */
#include "run_files.h"

#include "edgesplit/file.h"
#include "edgesplit/sinks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORKLOAD "[workload]\nrate = 5/s\n"

static void a_sink_is_told_what_runs(void **state) {
    (void)state;
    run_text("[scenario]\ntitle = A title\nsteps = 3\nseed = 9\nwarmup = 0.1s\n" LINK
             "[workload]\nbatch = 2, 1\n[transfer]\nheader = 7B\n"
             "[policy no-offload]\n[policy mine]\ntype = dynamic-split\n");
    assert_string_equal(memory.title, "A title");
    assert_non_null(strstr(memory.scenario_ini, "title = A title\n"));
    assert_non_null(strstr(memory.scenario_resolved, "title = A title\n"));
    const es_run_record *record = &memory.record;
    assert_int_equal(record->seed, 9);
    assert_true(record->header_bytes == 7 && record->warmup_s == 0.1);
    assert_true(record->input_bytes_per_element == 1 && record->feature_bytes_per_element == 4);
    assert_true(record->series_period_s == 1 && record->compress && !record->batch_extrapolated);
    assert_int_equal(memory.n_policies, 2);
    assert_string_equal(memory.policies[0].name, "no-offload");
    assert_string_equal(memory.policies[1].name, "mine");
    assert_string_equal(memory.policies[1].type, "dynamic-split");
    assert_int_equal(record->n_cuts, N_CUTS);
    assert_int_equal(record->n_batches, 2);
    assert_int_equal(memory.n_steps_seen[0], 3);
    assert_int_equal(memory.n_opened, 1);
    assert_int_equal(memory.n_published, 1);
    assert_int_equal(memory.n_closed, 1);
    assert_int_equal(memory.report.n_policies, 2);
    assert_int_equal(memory.report.n_steps, 6);
    assert_int_equal(memory.report.n_saturated, 0);
    assert_int_equal(memory.policies[0].rows[0].batch, 2);
    assert_int_equal(memory.policies[0].rows[1].batch, 1);
}

/* Ten million intervals of /series, and a few more, in each way to know how long requests come. */
static void too_short_a_period_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *keys;
        int allowed_s; /* the shortest period; 0: any */
    } cases[] = {
        {"[scenario]\nduration = 20000000s\n", 2},
        {"[scenario]\nduration = 20000000s\nsteps = 50\n", 0},
        {"[scenario]\nsteps = 60000000\n[workload]\nrate = 2/s\n", 3},
        {"[scenario]\nsteps = 60000000\n[workload]\nrate = 2/s\n[device]\ncount = 3\n", 0},
        {"[scenario]\nsteps = 60000000\nduration = 10s\n[workload]\nrate = 2/s\n", 0},
        {"[scenario]\nsteps = 60000000\n[workload]\nmode = closed\n", 0},
        {"[scenario]\nduration = 20000000s\n[workload]\nmode = isolated\n", 0},
        {"[scenario]\nsteps = 60000000\n[device a]\n[device b]\n", 0},
        {"[workload]\narrivals = trace\ntrace = " LOAD "\n", 9},
        {"[scenario]\nsteps = 1\n[workload]\narrivals = trace\ntrace = " LOAD "\n", 0},
        {"[scenario]\nduration = 80000000s\n[workload]\narrivals = trace\nat_end = loop\n"
         "trace = " LOAD "\n",
         8},
    };
    write_text(load_path, "# quantity: arrivals\n# duration: 90000001s\n", "time_s\n1\n90000000\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int period_s = 1; period_s <= 9; period_s++) {
            char text[512];
            es_plan *plan = NULL;
            es_status expected = period_s >= cases[i].allowed_s ? ES_OK : ES_INVALID;
            snprintf(text, sizeof text, "%s" LINK "[output]\nperiod = %ds\n[policy no-offload]\n",
                     cases[i].keys, period_s);
            write_scenario(text);
            es_errors_init(&errors);
            es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
            if (status != expected)
                es_errors_print(&errors, stderr);
            assert_int_equal(status, expected);
            if (expected != ES_OK)
                assert_non_null(strstr(errors.records[0].text, "[output] period = "));
            es_plan_destroy(plan);
        }
    }
    unlink(load_path);
}

/* EfficientNet-B0: c falls below all earlier values behind block2, 4, 6, 12 and at the pool. */
static void candidates_are_those_that_were_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *model, *candidates;
        size_t n;
        const char *names[5]; /* the first ones */
    } cases[] = {
        {"", "compressive", 5, {"x@block2", "x@block4", "x@block6", "x@block12", "x@pool"}},
        {"cut_points = residual-blocks\n", "compressive", 4, {"x@block2", "x@block4", "x@block6"}},
        {"", "natural", 17, {"x@block2", "x@block3", "x@block4"}},
        {"cut_points = residual-blocks\n", "natural", 15, {"x@block2", "x@block3"}},
        {"", "single-tensor", 19, {"x@stem", "x@block1"}},
        {"", "all", 19, {"x@stem", "x@block1"}},
        {"cut_points = residual-blocks\n", "all", 16, {"x@block1", "x@block2"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 1\n" LINK "[policy x]\ntype = static-split\nsplit = each\n"
                 "candidates = %s\n[model]\n%s",
                 cases[i].candidates, cases[i].model);
        run_text(text);
        assert_int_equal(memory.n_policies, cases[i].n);
        for (size_t p = 0; p < 5 && cases[i].names[p] != NULL; p++)
            assert_string_equal(memory.policies[p].name, cases[i].names[p]);
    }
}

static int32_t cut_of(size_t policy) {
    return memory.policies[policy].rows[0].split_index;
}

static void fixed_cuts_are_found_by_number_and_name(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 1\n" LINK "[policy no-offload]\n[policy full-offload]\n"
             "[policy a]\ntype = static-split\nsplit = 7\n"
             "[policy b]\ntype = static-split\nsplit = block6\n"
             "[policy c]\ntype = static-split\nsplit = 0\n"
             "[policy d]\ntype = static-split\nsplit = 20\n");
    static const int32_t cuts[] = {20, 0, 7, 7, 0, 20};
    for (size_t p = 0; p < 6; p++)
        assert_int_equal(cut_of(p), cuts[p]);
}

/* Over a link so fast that full offload is the best, for who may. */
static void privacy_keeps_the_input_on_the_device(void **state) {
    (void)state;
    for (int private = 0; private < 2; private ++) {
        const char *value = private ? "yes" : "no";
        char text[512];
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 1\n[uplink]\nrate = 1000Gbit/s\n"
                 "[policy dynamic-split]\nprivacy = %s\n[policy oracle]\nprivacy = %s\n"
                 "[policy mean]\ntype = static-split\nsplit = best-mean\nprivacy = %s\n"
                 "[policy hindsight]\ntype = static-split\nsplit = best-hindsight\nprivacy = %s\n",
                 value, value, value, value);
        run_text(text);
        for (size_t p = 0; p < 4; p++)
            assert_int_equal(cut_of(p), !private ? 0 : p == 1 ? 1 : 3); /* the oracle has any cut */
    }
}

/* Unit i takes 10 i us on the device and i us on the server. */
static double predicted_s(size_t cut, double rate_bps, double load, double delay_s) {
    double head_s = 1e-5 * (double)(cut * (cut + 1) / 2);
    double tail_s = 1e-6 * (double)(210 - cut * (cut + 1) / 2);
    return cut == 20
               ? head_s
               : head_s + delay_s + 8 * (double)bytes_of_cut[cut] / rate_bps + tail_s / (1 - load);
}

static const size_t candidates[] = {0, 3, 5, 7, 13, 19, 20};
enum { N_CANDIDATES = sizeof candidates / sizeof candidates[0] };

static void best_mean_is_the_best_for_the_mean_state(void **state) {
    (void)state;
    size_t n_different = 0, last = 0;
    for (size_t i = 0; i < 30; i++) {
        double rate_bps = floor(1e7 * exp(0.3 * (double)i)), best_s = 1e9;
        size_t best = 0;
        for (size_t c = 0; c < N_CANDIDATES; c++) {
            double s = predicted_s(candidates[c], rate_bps, 0.5, 0.0004);
            best = s <= best_s ? candidates[c] : best;
            best_s = fmin(s, best_s);
        }
        char text[512];
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 2\n[uplink]\nrate = %.17gbit/s\npropagation = 0.3ms\n"
                 "[downlink]\npropagation = 0.1ms\n[server]\nload = 0.5\n"
                 "[workload]\nrate = 1/s\n[policy best]\ntype = static-split\nsplit = best-mean\n"
                 "[policy dynamic-split]\n",
                 rate_bps);
        run_text(text);
        assert_int_equal(cut_of(0), best);
        assert_int_equal(cut_of(1), best); /* the only state there is */
        assert_true(fabs(memory.policies[0].rows[1].latency - best_s) < 3e-9);
        n_different += best != last;
        last = best;
    }
    assert_int_equal(n_different, 3); /* no offload, block6, full offload */
}

/* What the result takes on the downlink is paid by whoever offloads: 0.1 s, more than the device
 * takes. */
static void best_mean_counts_the_result(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 1\n[uplink]\nrate = 10Gbit/s\n[downlink]\nrate = 80kbit/s\n"
             "[transfer]\nresult = 1kB\n"
             "[policy best]\ntype = static-split\nsplit = best-mean\n[policy dynamic-split]\n");
    assert_int_equal(cut_of(1), 20);
    assert_int_equal(cut_of(0), 20);
}

static void best_hindsight_is_the_best_of_each(void **state) {
    (void)state;
    write_trace(trace_path, "0,4e8\n1,4e6\n2,4e7\n3,4e8\n");
    run_text("[scenario]\nsteps = 400\n[uplink]\ntrace = " TRACE "\n[workload]\nrate = 100/s\n"
             "arrivals = poisson\n"
             "[policy best]\ntype = static-split\nsplit = best-hindsight\n"
             "[policy x]\ntype = static-split\nsplit = each\n"
             "[policy full-offload]\n[policy no-offload]\n");
    double best_s = 1e9;
    size_t best = 0;
    for (size_t p = 1; p < memory.n_policies; p++)
        if (memory.figures[p][ES_SUMMARY_latency_mean] < best_s) {
            best_s = memory.figures[p][ES_SUMMARY_latency_mean];
            best = p;
        }
    assert_int_equal(memory.n_policies, 8);
    assert_true(memory.figures[0][ES_SUMMARY_latency_mean] == best_s);
    assert_int_equal(cut_of(0), cut_of(best));
}

/* Every third second there is no link for good: who sends then is never done. */
static void best_hindsight_loses_the_fewest_requests(void **state) {
    (void)state;
    write_trace(trace_path, "0,1e10\n1,0\n");
    run_text("[scenario]\nsteps = 30\n[uplink]\ntrace = " TRACE "\nat_end = stop\n"
             "[workload]\nrate = 20/s\n[policy best]\ntype = static-split\nsplit = best-hindsight\n"
             "[policy full-offload]\n");
    assert_int_equal(cut_of(0), 20);
    assert_true(memory.figures[1][ES_SUMMARY_unfinished] == 10);
    assert_true(memory.figures[1][ES_SUMMARY_latency_mean] <
                memory.figures[0][ES_SUMMARY_latency_mean]);
    assert_true(memory.figures[0][ES_SUMMARY_unfinished] == 0);
}

/* A cut that saturates stops the arrivals, and so loses only the few requests that it let in. The
 * device alone drops some, and takes all. */
static void best_hindsight_shuns_saturated_cuts(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 1000\n[uplink]\nrate = 1Mbit/s\n[device]\nservice = exponential\n"
             "[workload]\nrate = 400/s\ndeadline = 5ms\non_deadline = drop\nmax_backlog = 10\n"
             "[policy best]\ntype = static-split\nsplit = best-hindsight\n"
             "[policy full-offload]\n[policy no-offload]\n");
    assert_true(memory.figures[1][ES_SUMMARY_saturated] == 1);
    assert_true(memory.figures[1][ES_SUMMARY_dropped] < memory.figures[2][ES_SUMMARY_dropped]);
    assert_true(memory.figures[2][ES_SUMMARY_saturated] == 0);
    assert_int_equal(memory.report.n_saturated, 1);
    assert_int_equal(cut_of(0), 20);
}

static void traces_are_scaled_shifted_and_ended(void **state) {
    (void)state;
    write_trace(trace_path, "0,1e6\n1,2e6\n2,3e6\n");
    write_load(load_path, "0,0.25\n1,0.5\n2,1\n3,1\n");
    run_text("[scenario]\nsteps = 6\n[uplink]\ntrace = " TRACE "\nscale = 2\noffset = 1s\n"
             "at_end = hold\n[server]\nload_trace = " LOAD "\nload_scale = 80%\n"
             "[policy no-offload]\n");
    static const double rates[] = {4e6, 6e6, 6e6, 6e6, 6e6, 6e6};
    static const double loads[] = {0.2, 0.4, 0.8, 0.8, 0.2, 0.4};
    for (size_t i = 0; i < 6; i++) {
        assert_true(memory.policies[0].rows[i].rate_true == rates[i]);
        assert_true(fabs(memory.policies[0].rows[i].load_true - loads[i]) < 1e-9);
    }
    assert_int_equal(memory.record.n_inputs, 4);
}

/* Options, hold, gaps, slice, lowest rate and means of the trace, and jobs for a load. */
static void traces_are_read_and_changed_as_the_scenario_says(void **state) {
    (void)state;
    write_text(trace_path, "t,down,up\n0,9,9\n1,9,1\n2,9,2\n3,9,\n4,9,4\n5,9,0\n6,9,6\n", "");
    write_text(load_path, "n\n1\n0\n3\n0\n", "");
    run_text("[scenario]\nsteps = 5\n[uplink]\ntrace = " TRACE "\nformat = csv\n"
             "options = time=t, column=up, unit=Mbit/s\nhold = backward\nfill_gaps = zero\n"
             "slice_start = 1s\nslice_end = 6s\nmin_rate = 500kbit/s\n"
             "[server]\nload_trace = " LOAD "\nload_format = csv\nload_as = jobs\n"
             "load_options = column=n, step=1s\nload_resample = 2s\n[policy no-offload]\n");
    static const double rates[] = {2e6, 5e5, 4e6, 5e5, 6e6};
    static const double loads[] = {1.0 / 3, 1.0 / 3, 0.6, 0.6, 1.0 / 3};
    for (size_t i = 0; i < 5; i++) {
        assert_true(memory.policies[0].rows[i].rate_true == rates[i]);
        assert_true(fabs(memory.policies[0].rows[i].load_true - loads[i]) < 1e-8);
    }
}

static void a_grid_has_every_state_once(void **state) {
    (void)state;
    run_text("[workload]\nmode = isolated\nstates = grid\nbatch = 1, 2\n"
             "[uplink]\nrate = 1, 10, 100 Mbit/s\n[server]\nload = 0, 0.9\n"
             "[policy dynamic-split]\n[policy full-offload]\n[policy oracle]\n");
    assert_int_equal(memory.n_steps_seen[0], 12);
    assert_int_equal(memory.n_samples, 0);
    const struct row *rows = memory.policies[1].rows;
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(rows[i].batch, i % 2 + 1);
        assert_true(rows[i].load_true == (i / 2 % 2 ? 0.9 : 0));
        assert_true(rows[i].rate_true == (i < 4 ? 1e6 : i < 8 ? 1e7 : 1e8));
        assert_true(memory.policies[2].rows[i].regret == 0);
    }
}

/* The rows of a policy do not depend on which others run, or when. */
static void pitfall_10_the_order_of_policies_changes_no_row(void **state) {
    (void)state;
    static const char *const sections[] = {
        "[policy no-offload]\n", "[policy full-offload]\n",
        "[policy dynamic-split]\nknowledge = ewma\ninitial_rate = 1Mbit/s\n", "[policy oracle]\n"};
    static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    struct memory_policy first[4];
    write_trace(trace_path, "0,4e8\n0.1,4e6\n0.2,4e7\n0.3,4e8\n");
    for (size_t k = 0; k < 3; k++) {
        char text[1024] = "[scenario]\nsteps = 500\n[uplink]\ntrace = " TRACE "\n[workload]\n"
                          "rate = 300/s\narrivals = poisson\n[device]\nservice = exponential\n"
                          "[server]\nservice = exponential\n";
        for (size_t p = 0; p < 4; p++)
            strcat(text, sections[orders[k][p]]);
        run_text(text);
        for (size_t p = 0; p < 4; p++) {
            struct memory_policy *found = &memory.policies[p];
            if (k == 0) {
                first[p] = *found; /* takes the rows over */
                found->rows = NULL;
                continue;
            }
            const struct memory_policy *same = &first[orders[k][p]];
            struct run a = {.n = 500, .rows = found->rows}, b = {.n = 500, .rows = same->rows};
            assert_string_equal(found->name, same->name);
            assert_same_rows(&a, &b);
        }
    }
    for (size_t p = 0; p < 4; p++)
        free(first[p].rows);
}

/* Samples cut in two, and the trace cut in halves that are joined again. */
static void pitfall_01_splitting_samples_of_a_trace_changes_no_row(void **state) {
    (void)state;
    static const char head[] =
        "# quantity: bandwidth\n# unit: bit/s\n# duration: 4s\ntime_s,value\n";
    static const char *const samples[] = {
        "0,4e8\n1,4e6\n3,4e7\n",
        "0,4e8\n1,4e6\n2,4e6\n3,4e7\n",
        "0,4e8\n0.25,4e8\n1,4e6\n1.000000001,4e6\n3,4e7\n3.5,4e7\n",
    };
    struct run whole = {0};
    for (size_t i = 0; i < 3; i++) {
        write_text(trace_path, head, samples[i]);
        run_text("[scenario]\nsteps = 900\n[uplink]\ntrace = " TRACE "\n[workload]\n"
                 "rate = 100/s\narrivals = poisson\n"
                 "[policy dynamic-split]\nknowledge = last\ninitial_rate = 1Gbit/s\n"
                 "[policy full-offload]\n");
        struct run run = {.n = 900, .rows = memory.policies[0].rows};
        if (i == 0) {
            whole = run;
            memory.policies[0].rows = NULL;
        } else
            assert_same_rows(&run, &whole);
    }
    run_fini(&whole);
}

static void pitfall_22_the_resolved_scenario_gives_the_same_rows(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 50\n" LINK WORKLOAD "[policy dynamic-split]\ncandidates = all\n"
             "[policy x]\ntype = static-split\nsplit = each\n");
    char *resolved = strdup(memory.scenario_resolved);
    struct memory_policy first = memory.policies[0];
    memory.policies[0].rows = NULL;
    write_text(ini_path, "", resolved);
    run_file();
    assert_string_equal(memory.scenario_resolved, resolved);
    assert_int_equal(memory.n_policies, 6);
    struct run a = {.n = 50, .rows = first.rows}, b = {.n = 50, .rows = memory.policies[0].rows};
    assert_same_rows(&a, &b);
    free(first.rows);
    free(resolved);
}

/* Wrong plans: what is written besides the profiles, and the messages without the place. */
static const struct {
    const char *text, *messages[2];
} wrong[] = {
    {LINK "[policy x]\n", {"[policy x] type: there is no policy 'x'"}},
    {LINK "[policy x]\ntype = orakle\n",
     {"[policy x] type = orakle: there is no policy 'orakle'; did you mean 'oracle'?"}},
    {LINK "[policy static-split]\n", {"[policy static-split] split: is missing: a cut's"}},
    {LINK "[policy static-split]\nsplit = block17\n",
     {"[policy static-split] split = block17: efficientnet-b0 has no such cut: expected "
      "0 .. 20, a name such as 'stem', best-mean, best-hindsight, or each"}},
    {LINK "[policy static-split]\nsplit = 21\n",
     {"[policy static-split] split = 21: efficientnet-b0 has no such cut: expected 0 .. 20"}},
    {LINK "[policy static-split]\nsplit = stem\n[model]\ncut_points = residual-blocks\n",
     {"[policy static-split] split = stem: cut 1 (stem) is not one of [model] cut_points"}},
    {LINK "[policy static-split]\nsplit = 0\nprivacy = yes\n",
     {"[policy static-split] split = 0: privacy forbids cut 0"}},
    {LINK "[policy no-offload]\nprivacy = yes\n",
     {"[policy no-offload] privacy = yes: no-offload does not read this key"}},
    {LINK "[policy oracle]\ncandidates = all\nhalf_life = 1s\n",
     {"[policy oracle] candidates = all: oracle does not read this key",
      "[policy oracle] half_life = 1s: oracle does not read this key"}},
    {LINK "[policy dynamic-split]\nsplit = 3\n",
     {"[policy dynamic-split] split = 3: dynamic-split does not read this key"}},
    {LINK "[policy dynamic-split]\ninitial_rate = 1Mbit/s\n",
     {"[policy dynamic-split] initial_rate = 1Mbit/s: dynamic-split does not read this key"}},
    {LINK "[policy oracle-dp]\n",
     {"[policy oracle-dp] type: oracle-dp needs [workload] mode = isolated"}},
    {LINK "[policy mu-lin-ucb]\nnoise = 0.1\nload_bins = 3\n",
     {"[policy mu-lin-ucb] noise = 0.1: mu-lin-ucb does not read this key",
      "[policy mu-lin-ucb] load_bins = 3: mu-lin-ucb does not read this key"}},
    {LINK "[policy threshold-table]\nqueue_aware = yes\ndiscount = 0.9\n",
     {"[policy threshold-table] queue_aware = yes: threshold-table does not read this key",
      "[policy threshold-table] discount = 0.9: threshold-table does not read this key"}},
    {LINK "[policy oracle]\n[workload]\nbatch = 1, 3\n",
     {"[device] profile = ", "[server] profile = "}},
    {LINK "[policy oracle]\n[model]\nresolution = 30\n", {"[model] name = efficientnet-b0: "}},
    {"[uplink]\ntrace = missing.csv\n[policy oracle]\n", {"[uplink] trace = missing.csv: "}},
    {LINK "[server]\nload = 1\n[policy oracle]\n",
     {"[server] load = 1: a server that is fully loaded for ever never finishes a tail"}},
};

/* The message is "test.ini:LINE: <expected>...", and the file has there what the message is about:
 * the key, or else its section. */
static void expect_at_its_line(const char *found, const char *expected) {
    size_t number = 0;
    int length = 0;
    if (sscanf(found, "test.ini:%zu: %n", &number, &length) != 1 || length == 0 ||
        strncmp(found + length, expected, strlen(expected)) != 0)
        fail_msg("%s\nexpected %s", found, expected);
    es_file file;
    assert_int_equal(es_file_read(ini_path, 4096, &file, &errors), ES_OK);
    es_slice rest = {file.data, file.length}, line = {0};
    for (size_t i = 0; i < number; i++)
        assert_true(es_next_line(&rest, &line));
    const char *key = strstr(expected, "] ") + 2, *equals = strstr(expected, " = ");
    bool is_written = equals != NULL && equals < key + strcspn(key, ":");
    const char *start = is_written ? key : expected;
    size_t n = is_written ? (size_t)(equals - key) : (size_t)(key - 1 - expected);
    assert_memory_equal(line.data, start, n);
    es_file_fini(&file);
}

static void wrong_plans_are_rejected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        es_plan *plan = NULL;
        char text[1024];
        snprintf(text, sizeof text, "[scenario]\nsteps = 1\n%s", wrong[i].text);
        write_scenario(text);
        es_errors_init(&errors);
        es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
        assert_null(plan);
        size_t n = 0;
        for (; n < 2 && wrong[i].messages[n] != NULL; n++) {
            assert_true(n < errors.n);
            expect_at_its_line(errors.records[n].text, wrong[i].messages[n]);
        }
        if (errors.n != n)
            es_errors_print(&errors, stderr);
        assert_int_equal(errors.n, n);
        assert_true(status == ES_INVALID || status == ES_NO_INPUT);
    }
}

static void an_interrupted_run_leaves_nothing(void **state) {
    (void)state;
    static const char *const policies[] = {
        "[policy oracle]\n", "[policy x]\ntype = static-split\nsplit = best-hindsight\n"};
    const volatile sig_atomic_t interrupted = 1;
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text, "[scenario]\nsteps = 5\n" LINK "%s", policies[i]);
        es_plan *plan = plan_text(text);
        es_run_options options = memory_options();
        options.interrupted = &interrupted;
        assert_int_equal(es_plan_run(plan, &options, &memory.report, &errors), ES_INTERRUPTED);
        assert_int_equal(errors.n, 1);
        assert_string_equal(errors.records[0].text, "interrupted; nothing was written");
        assert_int_equal(memory.n_opened, 1);
        assert_int_equal(memory.n_published, 0);
        assert_int_equal(memory.n_closed, 1);
        es_plan_destroy(plan);
        es_errors_init(&errors);
    }
}

static void sinks_can_fail_at_any_call(void **state) {
    (void)state;
    es_plan *plan = plan_text("[scenario]\nsteps = 5\n" LINK "[policy oracle]\n");
    for (int call = FAIL_OPEN; call <= FAIL_PUBLISH; call++) {
        es_run_options options = memory_options();
        memory.fail = (enum failure)call;
        es_errors_init(&errors);
        assert_int_equal(es_plan_run(plan, &options, &memory.report, &errors), ES_IO);
        assert_int_equal(errors.n, 1);
        assert_int_equal(memory.n_published, 0);
        assert_int_equal(memory.n_closed, call == FAIL_OPEN ? 0 : 1);
    }
    es_plan_destroy(plan);
}

struct progress {
    size_t n;
    uint64_t steps;
};

static void count_progress(void *context, const char *policy, size_t i_policy, size_t n_policies,
                           uint64_t steps) {
    struct progress *progress = context;
    assert_string_equal(policy, i_policy == 0 ? "oracle" : "no-offload");
    assert_int_equal(n_policies, 2);
    progress->n++;
    progress->steps = steps;
}

static void progress_is_told_by_the_block(void **state) {
    (void)state;
    es_plan *plan =
        plan_text("[scenario]\nsteps = 20000\n" LINK "[policy oracle]\n[policy no-offload]\n");
    struct progress progress = {0};
    es_run_options options = memory_options();
    options.sink = es_sinks_find("null");
    options.context = &progress;
    options.progress = count_progress;
    assert_int_equal(es_plan_run(plan, &options, &memory.report, &errors), ES_OK);
    assert_int_equal(progress.n, 4);
    assert_int_equal(progress.steps, 20000);
    assert_int_equal(memory.report.n_steps, 40000);
    es_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILES(a_sink_is_told_what_runs),
        WITH_FILES(too_short_a_period_is_refused),
        WITH_FILES(candidates_are_those_that_were_asked_for),
        WITH_FILES(fixed_cuts_are_found_by_number_and_name),
        WITH_FILES(privacy_keeps_the_input_on_the_device),
        WITH_FILES(best_mean_is_the_best_for_the_mean_state),
        WITH_FILES(best_mean_counts_the_result),
        WITH_FILES(best_hindsight_is_the_best_of_each),
        WITH_FILES(best_hindsight_loses_the_fewest_requests),
        WITH_FILES(best_hindsight_shuns_saturated_cuts),
        WITH_FILES(traces_are_scaled_shifted_and_ended),
        WITH_FILES(traces_are_read_and_changed_as_the_scenario_says),
        WITH_FILES(a_grid_has_every_state_once),
        WITH_FILES(pitfall_10_the_order_of_policies_changes_no_row),
        WITH_FILES(pitfall_01_splitting_samples_of_a_trace_changes_no_row),
        WITH_FILES(pitfall_22_the_resolved_scenario_gives_the_same_rows),
        WITH_FILES(wrong_plans_are_rejected),
        WITH_FILES(an_interrupted_run_leaves_nothing),
        WITH_FILES(sinks_can_fail_at_any_call),
        WITH_FILES(progress_is_told_by_the_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
