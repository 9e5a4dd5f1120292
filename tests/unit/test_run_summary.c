/* The summary of a run, figure by figure from its rows; and runs without memory. */
#include "run_files.h"

#include "edgesplit/sinks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two blocks and some steps; requests are late, dropped, and at the end stalled for ever. */
static const char eventful[] =
    "[scenario]\nsteps = 20000\nwarmup = 2s\n[uplink]\ntrace = " TRACE "\nat_end = stop\n"
    "propagation = 0.2ms\n[downlink]\nrate = 40Mbit/s\npropagation = 0.1ms\n"
    "[transfer]\nresult = 100B\n"
    "[workload]\nrate = 400/s\narrivals = poisson\ndeadline = 4ms\non_deadline = drop\nbatch = 1, "
    "2\n"
    "[energy]\nactive = 2W\ntransmit = 1W\nreceive = 0.5W\nidle = 0.1W\n"
    "[server]\nload = 50%\n[device]\nservice = exponential\n"
    "[policy no-offload]\n[policy full-offload]\n[policy dynamic-split]\n[policy oracle]\n";
enum { N_EVENTFUL = 20000 };

static void run_eventful(void) {
    char samples[1024];
    size_t length = 0;
    for (int second = 0; second < 48; second++)
        length += (size_t)snprintf(samples + length, sizeof samples - length, "%d,%s\n", second,
                                   second % 3 == 2   ? "2e9"
                                   : second % 5 == 0 ? "1e8"
                                                     : "6e8");
    write_trace(trace_path, samples);
    run_text(eventful);
}

static bool is_done(const struct row *row) {
    return row->status == ES_STEP_COMPLETED || row->status == ES_STEP_LATE;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_figure(size_t policy, es_summary_figure figure, double expected) {
    static const char *const names[] = {
#define ES_SUMMARY(name, units, long_name) #name,
#include "edgesplit/summary.def"
#undef ES_SUMMARY
    };
    double found = memory.figures[policy][figure];
    if (!(fabs(found - expected) <= 1e-9 * fabs(expected) + 1e-15))
        fail_msg("%s: %s is %.17g; expected %.17g", memory.policies[policy].name, names[figure],
                 found, expected);
}

static size_t n_of_status(size_t policy, int8_t status) {
    size_t n = 0;
    for (size_t i = 0; i < N_EVENTFUL; i++) {
        const struct row *row = &memory.policies[policy].rows[i];
        n += row->arrival_time >= 2 && row->status == status;
    }
    return n;
}

static void counts_are_those_of_the_rows(void **state) {
    (void)state;
    run_eventful();
    size_t n_late = 0, n_dropped = 0, n_unfinished = 0;
    for (size_t p = 0; p < memory.n_policies; p++) {
        const struct row *rows = memory.policies[p].rows;
        size_t n_arrived = 0, late = n_of_status(p, ES_STEP_LATE);
        double bytes = 0;
        for (size_t i = 0; i < N_EVENTFUL; i++)
            if (rows[i].arrival_time >= 2) {
                n_arrived++;
                bytes += (double)rows[i].uplink_bytes;
            }
        assert_int_equal(memory.n_steps_seen[p], N_EVENTFUL);
        assert_true(n_arrived < N_EVENTFUL);
        assert_figure(p, ES_SUMMARY_arrived, (double)n_arrived);
        assert_figure(p, ES_SUMMARY_completed, (double)(late + n_of_status(p, ES_STEP_COMPLETED)));
        assert_figure(p, ES_SUMMARY_late, (double)late);
        assert_figure(p, ES_SUMMARY_dropped, (double)n_of_status(p, ES_STEP_DROPPED));
        assert_figure(p, ES_SUMMARY_unfinished, (double)n_of_status(p, ES_STEP_UNFINISHED));
        assert_figure(p, ES_SUMMARY_saturated, 0);
        assert_figure(p, ES_SUMMARY_uplink_bytes_total, bytes);
        assert_figure(p, ES_SUMMARY_uplink_bytes_mean, bytes / (double)n_arrived);
        assert_true(memory.figures[p][ES_SUMMARY_conservation_residual] == 0);
        assert_true(memory.figures[p][ES_SUMMARY_little_residual] == 0);
        assert_true(memory.figures[p][ES_SUMMARY_component_residual] < 1e-12);
        n_late += late;
        n_dropped += n_of_status(p, ES_STEP_DROPPED);
        n_unfinished += n_of_status(p, ES_STEP_UNFINISHED);
    }
    assert_true(n_late > 100 && n_dropped > 100 && n_unfinished > 0);
}

/* Sums of the completed requests behind the warm-up, by plain addition. */
static void means_are_those_of_completed_requests(void **state) {
    (void)state;
    static const struct {
        es_summary_figure figure;
        size_t offset;
    } means[] = {
        {ES_SUMMARY_latency_mean, offsetof(struct row, latency)},
        {ES_SUMMARY_head_time_mean, offsetof(struct row, head_time)},
        {ES_SUMMARY_device_queue_time_mean, offsetof(struct row, device_queue_time)},
        {ES_SUMMARY_uplink_queue_time_mean, offsetof(struct row, uplink_queue_time)},
        {ES_SUMMARY_uplink_time_mean, offsetof(struct row, uplink_time)},
        {ES_SUMMARY_server_queue_time_mean, offsetof(struct row, server_queue_time)},
        {ES_SUMMARY_tail_time_mean, offsetof(struct row, tail_time)},
        {ES_SUMMARY_downlink_time_mean, offsetof(struct row, downlink_time)},
        {ES_SUMMARY_energy_mean, offsetof(struct row, energy)},
        {ES_SUMMARY_regret_mean, offsetof(struct row, regret)},
    };
    run_eventful();
    for (size_t p = 0; p < memory.n_policies; p++) {
        const struct row *rows = memory.policies[p].rows;
        for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
            double sum = 0, n = 0;
            for (size_t i = 0; i < N_EVENTFUL; i++)
                if (rows[i].arrival_time >= 2 && is_done(&rows[i])) {
                    double value;
                    memcpy(&value, (const char *)&rows[i] + means[m].offset, sizeof value);
                    sum += value;
                    n++;
                }
            assert_figure(p, means[m].figure, sum / n);
        }
    }
}

static void latencies_are_described_exactly(void **state) {
    (void)state;
    static const struct {
        es_summary_figure figure;
        double p;
    } quantiles[] = {{ES_SUMMARY_latency_p50, 0.5},
                     {ES_SUMMARY_latency_p90, 0.9},
                     {ES_SUMMARY_latency_p95, 0.95},
                     {ES_SUMMARY_latency_p99, 0.99},
                     {ES_SUMMARY_latency_max, 1}};
    run_eventful();
    double *sorted = malloc(N_EVENTFUL * sizeof *sorted);
    for (size_t p = 0; p < memory.n_policies; p++) {
        const struct row *rows = memory.policies[p].rows;
        size_t n = 0, n_unfinished = 0;
        double mean = memory.figures[p][ES_SUMMARY_latency_mean], squares = 0, under_way = 0;
        double first = 0, last = 0, end = 0;
        for (size_t i = 0; i < N_EVENTFUL; i++) {
            if (is_done(&rows[i]))
                end = fmax(end, rows[i].arrival_time + rows[i].latency);
            end = fmax(end, rows[i].arrival_time);
            if (rows[i].arrival_time < 2)
                continue;
            first = first == 0 ? rows[i].arrival_time : first;
            if (!is_done(&rows[i]))
                continue;
            sorted[n++] = rows[i].latency;
            squares += (rows[i].latency - mean) * (rows[i].latency - mean);
            last = fmax(last, rows[i].arrival_time + rows[i].latency);
        }
        for (size_t i = 0; i < N_EVENTFUL; i++)
            if (rows[i].arrival_time >= 2 && rows[i].status == ES_STEP_UNFINISHED) {
                n_unfinished++;
                under_way -= rows[i].arrival_time;
            }
        qsort(sorted, n, sizeof *sorted, ascending);
        for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++) {
            double place = (double)(n - 1) * quantiles[q].p;
            size_t below = (size_t)place, above = below + 1 < n ? below + 1 : below;
            assert_figure(p, quantiles[q].figure,
                          sorted[below] +
                              (place - (double)below) * (sorted[above] - sorted[below]));
        }
        assert_figure(p, ES_SUMMARY_latency_std, sqrt(squares / (double)(n - 1)));
        assert_figure(p, ES_SUMMARY_throughput, (double)n / (last - first));
        if (n_unfinished == 0) /* else the end is that of a drop, which no row tells */
            assert_figure(p, ES_SUMMARY_latency_mean_censored, mean);
        else
            assert_true(memory.figures[p][ES_SUMMARY_latency_mean_censored] *
                            (double)(n + n_unfinished) >=
                        mean * (double)n + under_way + (double)n_unfinished * end - 1e-6);
    }
    free(sorted);
}

/* The link ends for good after 2 s; until then a transfer takes 12 ms. */
static void unfinished_requests_are_censored(void **state) {
    (void)state;
    write_trace(trace_path, "0,1e8\n1,1e8\n");
    run_text("[scenario]\nsteps = 240\n[uplink]\ntrace = " TRACE "\nat_end = stop\n"
             "[workload]\nrate = 160/s\nmax_backlog = 200\n[policy full-offload]\n");
    const struct row *rows = memory.policies[0].rows;
    double done = 0, end = 0, censored = 0;
    for (size_t i = 0; i < 240; i++)
        if (is_done(&rows[i])) {
            done++;
            censored += rows[i].latency;
            end = fmax(end, rows[i].arrival_time + rows[i].latency);
        }
    for (size_t i = 0; i < 240; i++)
        censored += is_done(&rows[i]) ? 0 : end - rows[i].arrival_time;
    assert_true(done == 166);
    assert_figure(0, ES_SUMMARY_latency_mean_censored, censored / 240);
}

static void shares_are_those_of_the_rows(void **state) {
    (void)state;
    run_eventful();
    for (size_t p = 0; p < memory.n_policies; p++) {
        double counts[N_CUTS] = {0}, n = 0;
        for (size_t i = 0; i < N_EVENTFUL; i++) {
            const struct row *row = &memory.policies[p].rows[i];
            if (row->arrival_time < 2)
                continue;
            counts[row->split_index]++;
            n++;
        }
        for (size_t cut = 0; cut < N_CUTS; cut++)
            assert_true(fabs(memory.shares[p][cut] - counts[cut] / n) < 1e-15);
    }
    assert_true(memory.shares[0][20] == 1 && memory.shares[1][0] == 1);
    assert_true(memory.shares[2][7] > 0 && memory.shares[2][20] > 0);
}

/* Only requests that both policies have completed are compared. */
static void gains_are_paired(void **state) {
    (void)state;
    run_eventful();
    for (size_t p = 0; p < memory.n_policies; p++)
        for (size_t b = 0; b < memory.n_policies; b++) {
            const struct row *mine = memory.policies[p].rows, *base = memory.policies[b].rows;
            double ratios = 0, sum_mine = 0, sum_base = 0, n = 0;
            for (size_t i = 0; i < N_EVENTFUL; i++) {
                if (mine[i].arrival_time < 2 || !is_done(&mine[i]) || !is_done(&base[i]))
                    continue;
                ratios += (base[i].latency - mine[i].latency) / base[i].latency;
                sum_mine += mine[i].latency;
                sum_base += base[i].latency;
                n++;
            }
            assert_true(fabs(memory.mean_of_ratios[p][b] - ratios / n) < 1e-12);
            assert_true(fabs(memory.ratio_of_means[p][b] - (1 - sum_mine / sum_base)) < 1e-12);
            assert_true(p != b || memory.mean_of_ratios[p][b] == 0);
        }
}

static void a_window_without_requests_has_no_figures(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 5\nwarmup = 1h\n" LINK "[policy oracle]\n[policy no-offload]\n");
    for (size_t p = 0; p < 2; p++) {
        assert_true(memory.figures[p][ES_SUMMARY_arrived] == 0);
        assert_true(memory.figures[p][ES_SUMMARY_completed] == 0);
        assert_true(isnan(memory.figures[p][ES_SUMMARY_latency_mean]));
        assert_true(isnan(memory.figures[p][ES_SUMMARY_latency_p50]));
        assert_true(isnan(memory.figures[p][ES_SUMMARY_latency_max]));
        assert_true(isnan(memory.figures[p][ES_SUMMARY_throughput]));
        assert_true(isnan(memory.mean_of_ratios[p][1 - p]));
        assert_int_equal(memory.n_steps_seen[p], 5);
    }
}

static void figures_without_data_are_nan(void **state) {
    (void)state;
    run_text("[scenario]\nsteps = 1\n" LINK "[output]\nregret = no\n[policy no-offload]\n");
    assert_true(isnan(memory.figures[0][ES_SUMMARY_energy_mean]));
    assert_true(isnan(memory.figures[0][ES_SUMMARY_regret_mean]));
    assert_true(isnan(memory.figures[0][ES_SUMMARY_latency_std]));
    assert_figure(0, ES_SUMMARY_latency_p99, 0.0021);
    assert_figure(0, ES_SUMMARY_throughput, 1 / 0.0021);
}

static void the_table_of_sinks_is_in_order(void **state) {
    (void)state;
    size_t n = 0;
    for (; es_sinks_at(n) != NULL; n++) {
        const es_sink_ops *ops = es_sinks_at(n);
        assert_ptr_equal(es_sinks_find(ops->name), ops);
        assert_true(ops->open && ops->steps && ops->series && ops->publish && ops->close);
        assert_true(strlen(ops->summary) > 5);
    }
    assert_true(n >= 2);
    assert_string_equal(es_sinks_at(0)->name, "hdf5");
    assert_null(es_sinks_at(n + 1));
    assert_null(es_sinks_find("csv"));
    assert_null(es_sinks_find("null")->read);
}

/* Everything that allocates: traces, several batches, both kinds of static policies. */
static const char small[] =
    "[scenario]\nsteps = 3\n[uplink]\ntrace = " TRACE "\n[server]\nload_trace = " LOAD
    "\nservice = exponential\n[downlink]\nrate = 1Gbit/s\n[workload]\nbatch = 2, 1\narrivals = "
    "poisson\n"
    "[policy x]\ntype = static-split\nsplit = each\n[policy y]\ntype = static-split\n"
    "split = best-hindsight\n[policy oracle]\n[output]\ncompression = none\n";

static es_status create_and_run(const es_sink_ops *sink) {
    es_plan *plan = NULL;
    es_run_report report;
    es_run_options options = {.sink = sink, .output = "out.h5", .replace = true};
    es_errors_init(&errors);
    es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
    if (status == ES_OK)
        status = es_plan_run(plan, &options, &report, &errors);
    es_plan_destroy(plan);
    return status;
}

/* Fails allocation first, first + step, ... until none strikes. */
static void exhaust(const es_sink_ops *sink, size_t first, size_t step) {
    for (size_t n = first;; n += step) {
        fault_alloc_fail_at(n);
        es_status status = create_and_run(sink);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        if (status != (struck ? ES_NO_MEMORY : ES_OK)) {
            es_errors_print(&errors, stderr);
            fail_msg("allocation %zu: %s", n, es_status_text(status));
        }
        assert_int_equal(es_errors_status(&errors), status);
        assert_true(!struck || access("out.h5", F_OK) != 0);
        if (!struck)
            return;
    }
}

static void out_of_memory_is_reported_and_leaves_nothing(void **state) {
    (void)state;
    write_trace(trace_path, "0,4e8\n1,4e6\n");
    write_load(load_path, "0,0.5\n1,0.25\n");
    write_scenario(small);
    exhaust(es_sinks_find("null"), 1, 1);
    size_t before = fault_alloc_count();
    es_plan *plan = plan_file();
    size_t n_of_plan = fault_alloc_count() - before;
    es_plan_destroy(plan);
    exhaust(es_sinks_find("hdf5"), n_of_plan + 1, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILES(counts_are_those_of_the_rows),
        WITH_FILES(means_are_those_of_completed_requests),
        WITH_FILES(latencies_are_described_exactly),
        WITH_FILES(unfinished_requests_are_censored),
        WITH_FILES(shares_are_those_of_the_rows),
        WITH_FILES(gains_are_paired),
        WITH_FILES(a_window_without_requests_has_no_figures),
        WITH_FILES(figures_without_data_are_nan),
        WITH_FILES(the_table_of_sinks_is_in_order),
        WITH_FILES(out_of_memory_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
