/* Replications: that threads change nothing, what the summary makes of them, when they are enough,
 * and the warm-up that is found. */
#include "run_files.h"

#include "edgesplit/sinks.h"
#include "edgesplit/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REPLICATIONS = 24, MOST_POLICIES = 3 };

/* What one simulation told the sink. */
struct kept {
    struct run rows; /* with the samples of its series */
};

/* A sink that keeps all and insists on its order. */
static struct keeper {
    es_run_record record;
    struct kept kept[MOST_REPLICATIONS][MOST_POLICIES];
    size_t now; /* simulation whose rows come */
    bool published, closed;
    size_t fail_at, n_calls; /* the call that fails, from 1; 0: none */
    size_t n_replications;
    double figures[MOST_POLICIES][ES_N_SUMMARY], half_widths[MOST_POLICIES][ES_N_SUMMARY];
    double replicated[MOST_REPLICATIONS][MOST_POLICIES][ES_N_SUMMARY];
    uint64_t n_steps[MOST_REPLICATIONS][MOST_POLICIES];
    double cut_share[MOST_POLICIES][N_CUTS];
    double gains[MOST_POLICIES][MOST_POLICIES], gains_half[MOST_POLICIES][MOST_POLICIES];
    es_run_report report;
} keeper;

static void keeper_fini(void) {
    for (size_t r = 0; r < MOST_REPLICATIONS; r++)
        for (size_t p = 0; p < MOST_POLICIES; p++)
            run_fini(&keeper.kept[r][p].rows);
    memset(&keeper, 0, sizeof keeper);
}

static es_status call(es_errors *found) {
    return ++keeper.n_calls == keeper.fail_at ? es_errors_add(found, ES_IO, NULL, 0, "as asked")
                                              : ES_OK;
}

static es_status keep_open(const es_run_record *record, const char *path, bool replace, void **sink,
                           es_errors *found) {
    (void)path;
    (void)replace;
    assert_true(record->n_replications <= MOST_REPLICATIONS && record->n_policies <= MOST_POLICIES);
    keeper.record = *record;
    *sink = &keeper;
    return call(found);
}

/* Not behind the simulation that told something last. */
static void assert_order(size_t replication, size_t policy) {
    size_t simulation = replication * keeper.record.n_policies + policy;
    assert_true(simulation == keeper.now || simulation == keeper.now + 1);
    keeper.now = simulation;
}

static es_status keep_steps(void *sink, size_t replication, size_t policy, uint64_t first,
                            es_block **block, es_errors *found) {
    struct run *rows = &keeper.kept[replication][policy].rows;
    assert_ptr_equal(sink, &keeper);
    assert_order(replication, policy);
    assert_int_equal(first, rows->n);
    assert_int_equal(keep_rows(rows, *block), ES_OK);
    return call(found);
}

static es_status keep_series(void *sink, size_t replication, size_t policy, uint64_t first,
                             const es_series *series, es_errors *found) {
    struct run *rows = &keeper.kept[replication][policy].rows;
    assert_ptr_equal(sink, &keeper);
    assert_order(replication, policy);
    assert_int_equal(first, rows->n_samples);
    assert_int_equal(keep_samples(rows, series), ES_OK);
    return call(found);
}

static es_status keep_read(void *sink, es_column column, size_t replication, size_t policy,
                           uint64_t first, size_t n, double *values, es_errors *found) {
    const struct run *rows = &keeper.kept[replication][policy].rows;
    assert_ptr_equal(sink, &keeper);
    assert_int_equal(column, ES_COLUMN_latency);
    assert_true(first + n <= rows->n);
    for (size_t i = 0; i < n; i++)
        values[i] = rows->rows[first + i].latency;
    return call(found);
}

static es_status keep_publish(void *sink, const es_summary *summary, es_errors *found) {
    size_t n = keeper.record.n_policies;
    assert_ptr_equal(sink, &keeper);
    keeper.n_replications = summary->n_replications;
    for (size_t p = 0; p < n; p++) {
        memcpy(keeper.figures[p], summary->figures[p], sizeof keeper.figures[p]);
        memcpy(keeper.half_widths[p], summary->half_widths[p], sizeof keeper.half_widths[p]);
        memcpy(keeper.cut_share[p], summary->cut_share + p * N_CUTS, sizeof keeper.cut_share[p]);
        for (size_t r = 0; r < summary->n_replications; r++) {
            memcpy(keeper.replicated[r][p], summary->replicated[r * n + p],
                   sizeof keeper.replicated[r][p]);
            keeper.n_steps[r][p] = summary->n_steps[r * n + p];
        }
        for (size_t b = 0; b < n; b++) {
            keeper.gains[p][b] = summary->gain_ratio_of_means[p * n + b];
            keeper.gains_half[p][b] = summary->gain_ratio_of_means_half_width[p * n + b];
        }
    }
    es_status status = call(found);
    keeper.published = status == ES_OK;
    return status;
}

static void keep_close(void *sink) {
    assert_ptr_equal(sink, &keeper);
    keeper.closed = true;
}

static const es_sink_ops keep_sink = {
    .name = "keep",
    .summary = "keeps everything",
    .open = keep_open,
    .steps = keep_steps,
    .series = keep_series,
    .read = keep_read,
    .publish = keep_publish,
    .close = keep_close,
};

static es_status run_keeping(const char *text, size_t n_threads, size_t fail_at) {
    es_plan *plan = plan_text(text);
    es_run_options options = {.sink = &keep_sink, .output = "out.h5", .n_threads = n_threads};
    keeper_fini();
    keeper.fail_at = fail_at;
    es_status status = es_plan_run(plan, &options, &keeper.report, &errors);
    es_plan_destroy(plan);
    return status;
}

static void keep_text(const char *text, size_t n_threads) {
    es_status status = run_keeping(text, n_threads, 0);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_true(keeper.published && keeper.closed);
}

/* Two blocks and some; a policy that learns, one whose cut is found by a first pass. */
#define BODY                                                                                       \
    "[uplink]\nrate = 1Gbit/s\n[workload]\nrate = 250/s\narrivals = poisson\n"                     \
    "[device]\nservice = exponential\n[server]\nservice = exponential\n"                           \
    "[policy no-offload]\n[policy dynamic-split]\nknowledge = ewma\ninitial_rate = 1Gbit/s\n"      \
    "[policy best]\ntype = static-split\nsplit = best-hindsight\n"

static bool is_done(const struct row *row) {
    return row->status == ES_STEP_COMPLETED || row->status == ES_STEP_LATE;
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const char *const heads[] = {
        "[scenario]\nsteps = 17000\nreplications = 5\n",
        "[scenario]\nsteps = 17000\nreplications = 5\nwarmup = auto\n",
    };
    static const size_t n_threads[] = {1, 2, 3, 7, 40};
    for (size_t h = 0; h < 2; h++) {
        static struct keeper first;
        for (size_t t = 0; t < sizeof n_threads / sizeof n_threads[0]; t++) {
            char text[1024];
            snprintf(text, sizeof text, "%s" BODY, heads[h]);
            keep_text(text, n_threads[t]);
            assert_int_equal(keeper.now, 14);
            if (t == 0) {
                first = keeper; /* takes the rows over */
                memset(keeper.kept, 0, sizeof keeper.kept);
                continue;
            }
            for (size_t r = 0; r < 5; r++)
                for (size_t p = 0; p < 3; p++) {
                    const struct run *a = &keeper.kept[r][p].rows, *b = &first.kept[r][p].rows;
                    assert_same_rows(a, b);
                    assert_int_equal(a->n_samples, b->n_samples);
                    assert_memory_equal(a->samples, b->samples, a->n_samples * sizeof *a->samples);
                }
            assert_memory_equal(keeper.figures, first.figures, sizeof first.figures);
            assert_memory_equal(keeper.half_widths, first.half_widths, sizeof first.half_widths);
            assert_memory_equal(keeper.replicated, first.replicated, sizeof first.replicated);
            assert_memory_equal(keeper.cut_share, first.cut_share, sizeof first.cut_share);
            assert_memory_equal(keeper.gains_half, first.gains_half, sizeof first.gains_half);
        }
        for (size_t r = 0; r < 5; r++)
            for (size_t p = 0; p < 3; p++)
                run_fini(&first.kept[r][p].rows);
    }
    keeper_fini();
}

/* The first replication is the run without any; each has other arrivals, the same for every policy.
 */
static void pitfall_10_replications_have_other_numbers_and_policies_the_same(void **state) {
    (void)state;
    keep_text("[scenario]\nsteps = 300\n" BODY, 1);
    struct run alone = keeper.kept[0][1].rows;
    keeper.kept[0][1].rows = (struct run){0};
    keep_text("[scenario]\nsteps = 300\nreplications = 3\n" BODY, 2);
    assert_same_rows(&keeper.kept[0][1].rows, &alone);
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < 300; i++) {
            double arrival = keeper.kept[r][0].rows.rows[i].arrival_time;
            assert_true(keeper.kept[r][1].rows.rows[i].arrival_time == arrival);
            assert_true(keeper.kept[r][2].rows.rows[i].arrival_time == arrival);
            for (size_t other = 0; other < r; other++)
                assert_true(keeper.kept[other][0].rows.rows[i].arrival_time != arrival);
        }
    run_fini(&alone);
    keeper_fini();
}

/* Mean and Student's half width over four replications: t(0.975, 3) = 3.18244630528371. */
static void the_summary_is_that_of_replications(void **state) {
    (void)state;
    keep_text("[scenario]\nsteps = 500\nreplications = 4\nwarmup = 0.2s\n" BODY, 3);
    assert_int_equal(keeper.n_replications, 4);
    assert_int_equal(keeper.report.n_replications, 4);
    assert_int_equal(keeper.report.n_steps, 4 * 3 * 500);
    static const es_summary_figure figures[] = {ES_SUMMARY_latency_mean, ES_SUMMARY_latency_p99,
                                                ES_SUMMARY_throughput, ES_SUMMARY_arrived};
    for (size_t p = 0; p < 3; p++) {
        for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
            double mean = 0, squares = 0;
            for (size_t r = 0; r < 4; r++)
                mean += keeper.replicated[r][p][figures[f]] / 4;
            for (size_t r = 0; r < 4; r++)
                squares += pow(keeper.replicated[r][p][figures[f]] - mean, 2);
            double half = 3.18244630528371 * sqrt(squares / 3 / 4);
            assert_true(fabs(keeper.figures[p][figures[f]] - mean) <= 1e-12 * mean);
            assert_true(fabs(keeper.half_widths[p][figures[f]] - half) <= 1e-9 * half);
            assert_true(half > 0);
        }
        double share = 0, most = 0;
        for (size_t r = 0; r < 4; r++) {
            const struct run *run = &keeper.kept[r][p].rows;
            double n = 0, at_end = 0, sum = 0, n_done = 0;
            assert_int_equal(keeper.n_steps[r][p], 500);
            for (size_t i = 0; i < run->n; i++) {
                const struct row *row = &run->rows[i];
                if (row->arrival_time < 0.2)
                    continue;
                n++;
                at_end += row->split_index == N_UNITS;
                sum += is_done(row) ? row->latency : 0;
                n_done += is_done(row);
            }
            share += at_end / n / 4;
            most = fmax(most, keeper.replicated[r][p][ES_SUMMARY_latency_max]);
            assert_true(fabs(keeper.replicated[r][p][ES_SUMMARY_latency_mean] - sum / n_done) <
                        1e-12);
        }
        assert_true(fabs(keeper.cut_share[p][N_UNITS] - share) < 1e-14);
        assert_true(keeper.figures[p][ES_SUMMARY_latency_max] == most);
        assert_true(isnan(keeper.half_widths[p][ES_SUMMARY_latency_max]));
        assert_true(keeper.figures[p][ES_SUMMARY_warmup] == 0.2);
    }
    keeper_fini();
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* More latencies than are kept in memory: those of a replication are read back from the sink, those
 * of the other, which waits for its turn, from where it keeps its rows. */
static void long_replications_have_exact_quantiles(void **state) {
    (void)state;
    enum { N = 270000, N_WARMUP = 1000 };
    keep_text("[scenario]\nsteps = 270000\nreplications = 2\nwarmup = 4s\n[uplink]\n"
              "rate = 1Gbit/s\n[workload]\nrate = 250/s\n[device]\nservice = exponential\n"
              "[output]\nregret = no\nperiod = 1000s\n[policy no-offload]\n",
              2);
    double *sorted = malloc(N * sizeof *sorted);
    assert_non_null(sorted);
    for (size_t r = 0; r < 2; r++) {
        const struct run *run = &keeper.kept[r][0].rows;
        assert_int_equal(run->n, N);
        assert_true(run->rows[N_WARMUP].arrival_time == 4);
        for (size_t i = N_WARMUP; i < N; i++)
            sorted[i - N_WARMUP] = run->rows[i].latency;
        qsort(sorted, N - N_WARMUP, sizeof *sorted, ascending);
        double place = 0.9 * (N - N_WARMUP - 1);
        size_t below = (size_t)place;
        double expected =
            sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
        assert_true(fabs(keeper.replicated[r][0][ES_SUMMARY_latency_p90] - expected) < 1e-15);
    }
    free(sorted);
    keeper_fini();
}

/* Gains are taken in each replication by itself. */
static void gains_have_paired_intervals(void **state) {
    (void)state;
    size_t n_gains = 0;
    keep_text("[scenario]\nsteps = 400\nreplications = 4\n" BODY, 2);
    for (size_t p = 0; p < 3; p++)
        for (size_t b = 0; b < 3; b++) {
            double gains[4], mean = 0, squares = 0;
            for (size_t r = 0; r < 4; r++) {
                double mine = 0, theirs = 0;
                for (size_t i = 0; i < 400; i++) {
                    mine += keeper.kept[r][p].rows.rows[i].latency;
                    theirs += keeper.kept[r][b].rows.rows[i].latency;
                }
                gains[r] = 1 - mine / theirs;
                mean += gains[r] / 4;
            }
            for (size_t r = 0; r < 4; r++)
                squares += (gains[r] - mean) * (gains[r] - mean);
            double half = 3.18244630528371 * sqrt(squares / 3 / 4);
            assert_true(fabs(keeper.gains[p][b] - mean) < 1e-12);
            assert_true(fabs(keeper.gains_half[p][b] - half) < 1e-11);
            assert_true(p != b || keeper.gains_half[p][b] == 0);
            n_gains += keeper.gains[p][b] > 0.1 && half > 0;
        }
    assert_true(n_gains > 1);
    keeper_fini();
}

/* At a load of about one a backlog of a few requests is reached by some and not by others. */
static void the_worst_replication_decides_on_saturation(void **state) {
    (void)state;
    keep_text("[scenario]\nsteps = 300\nreplications = 12\n[uplink]\nrate = 20Mbit/s\n[workload]\n"
              "rate = 400/s\narrivals = poisson\nmax_backlog = 26\n[device]\n"
              "service = exponential\n[policy no-offload]\n",
              2);
    size_t n = 0;
    for (size_t r = 0; r < 12; r++)
        n += keeper.replicated[r][0][ES_SUMMARY_saturated] == 1;
    assert_true(n > 0 && n < 12);
    assert_true(keeper.figures[0][ES_SUMMARY_saturated] == 1);
    assert_int_equal(keeper.report.n_saturated, 1);
    keeper_fini();
}

/* One run has the interval of batch means, or none where it is too short. */
static void one_replication_has_batch_means(void **state) {
    (void)state;
    static es_batches batches;
    keep_text("[scenario]\nsteps = 20000\n" BODY, 2);
    for (size_t p = 0; p < 3; p++) {
        batches = (es_batches){0};
        for (size_t i = 0; i < 20000; i++)
            es_batches_add(&batches, keeper.kept[0][p].rows.rows[i].latency);
        es_interval interval = es_batches_interval(&batches, 0.95);
        double half = (interval.high - interval.low) / 2;
        assert_true(interval.correlation < ES_SHORT_SERIES);
        assert_true(fabs(keeper.half_widths[p][ES_SUMMARY_latency_mean] - half) < 1e-12);
        assert_true(isnan(keeper.half_widths[p][ES_SUMMARY_latency_p99]));
    }
    keep_text("[scenario]\nsteps = 31\n" BODY, 1);
    assert_true(isnan(keeper.half_widths[0][ES_SUMMARY_latency_mean]));
    keeper_fini();
}

/* A backlog from the start that is served in a second; then the latency is that of one request. */
static void pitfall_09_the_warmup_is_found(void **state) {
    (void)state;
    write_trace(trace_path, "0,1e6\n1,1e9\n1000,1e9\n");
    keep_text("[scenario]\nsteps = 2000\nreplications = 2\nwarmup = auto\n[uplink]\ntrace = " TRACE
              "\n[workload]\nrate = 100/s\n[policy full-offload]\n[policy no-offload]\n",
              1);
    for (size_t r = 0; r < 2; r++) {
        const struct run *run = &keeper.kept[r][0].rows;
        es_mser mser = {0};
        do
            for (size_t i = 0; i < run->n; i++)
                es_mser_feed(&mser, &run->rows[i].latency, 1);
        while (es_mser_again(&mser));
        uint64_t cut = es_mser_cut(&mser);
        const double *figures = keeper.replicated[r][0];
        double sum = 0, n = 0, greatest = 0;
        assert_true(cut >= 100 && cut < 500);
        assert_true(figures[ES_SUMMARY_warmup] == run->rows[cut].arrival_time);
        for (size_t i = cut; i < run->n; i++) {
            sum += run->rows[i].latency;
            greatest = fmax(greatest, run->rows[i].latency);
            n++;
        }
        assert_true(figures[ES_SUMMARY_arrived] == n);
        assert_true(fabs(figures[ES_SUMMARY_latency_mean] - sum / n) < 1e-12);
        assert_true(figures[ES_SUMMARY_latency_max] == greatest);
        assert_true(figures[ES_SUMMARY_latency_p99] <= greatest);
        assert_int_equal(run->n, 2000); /* what is cut is recorded all the same */
        assert_true(keeper.replicated[r][1][ES_SUMMARY_warmup] == 0);
        assert_true(keeper.replicated[r][1][ES_SUMMARY_arrived] == 2000);
    }
    keeper_fini();
}

static void replications_stop_when_they_are_enough(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        size_t n;
    } cases[] = {
        {"ci(latency) < 50%", 5},        {"ci(latency_mean)<0.5", 5}, {" ci( arrived ) < 1e-9 ", 5},
        {"ci(latency_p99) < 0.01%", 24}, {"ci(energy) < 1%", 24},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t n_threads = 1; n_threads < 8; n_threads += 3) {
            char text[1024];
            snprintf(text, sizeof text,
                     "[scenario]\nsteps = 200\nreplications = 24\nstop_when = %s\n" BODY,
                     cases[i].rule);
            keep_text(text, n_threads);
            assert_int_equal(keeper.record.n_replications, 24);
            assert_int_equal(keeper.n_replications, cases[i].n);
            assert_int_equal(keeper.now, 3 * cases[i].n - 1);
        }
    /* Somewhere between, and just where it holds for the first time. */
    keep_text("[scenario]\nsteps = 200\nreplications = 24\nstop_when = ci(latency) < 11%\n" BODY,
              2);
    assert_int_equal(keeper.n_replications % 5, 0);
    for (size_t n = 5; n <= keeper.n_replications; n += 5) {
        bool enough = true;
        for (size_t p = 0; p < 3; p++) {
            es_moments values = {0};
            for (size_t r = 0; r < n; r++)
                es_moments_add(&values, &keeper.replicated[r][p][ES_SUMMARY_latency_mean], 1);
            es_interval interval = es_moments_interval(&values, 0.95);
            enough = enough && (interval.high - interval.low) / 2 < 0.11 * interval.mean;
        }
        assert_true(enough == (n == keeper.n_replications));
    }
    assert_true(keeper.n_replications > 5 && keeper.n_replications < 24);
    keeper_fini();
}

static void rules_for_stopping_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *rule, *message;
        int replications;
    } wrong[] = {
        {"1%", "expected ci(FIGURE) < SHARE, such as ci(latency) < 1%", 9},
        {"ci latency < 1%", "expected ci(FIGURE) < SHARE", 9},
        {"ci(latency) > 1%", "expected ci(FIGURE) < SHARE", 9},
        {"ci(latency) x < 1%", "expected ci(FIGURE) < SHARE", 9},
        {"sd(latency) < 1%", "expected ci(FIGURE) < SHARE", 9},
        {"ci(latency) < 1ms", "expected ci(FIGURE) < SHARE", 9},
        {"ci(latency) < 0%", "expected a share above 0% and below 100%", 9},
        {"ci(latency) < 100%", "expected a share above 0% and below 100%", 9},
        {"ci(latency_p98) < 1%", "has no figure 'latency_p98'; did you mean 'latency_p9", 9},
        {"ci() < 1%", "has no figure ''", 9},
        {"ci(saturated) < 1%", "that of the worst replication", 9},
        {"ci(latency) < 1%", "needs replications = 5 or more", 4},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        es_plan *plan = NULL;
        snprintf(text, sizeof text,
                 "[scenario]\nsteps = 1\nstop_when = %s\nreplications = %d\n" BODY, wrong[i].rule,
                 wrong[i].replications);
        write_scenario(text);
        es_errors_init(&errors);
        assert_int_equal(es_plan_create(ini_path, 0, NULL, &plan, &errors), ES_INVALID);
        assert_null(plan);
        assert_int_equal(errors.n, 1);
        if (strstr(errors.records[0].text, wrong[i].message) == NULL ||
            strstr(errors.records[0].text, "test.ini:3: [scenario] stop_when = ") == NULL)
            fail_msg("%s: %s", wrong[i].rule, errors.records[0].text);
    }
}

/* Whatever call of the sink fails, in whichever thread: one record, nothing published, all closed.
 */
static void a_failure_in_any_thread_ends_the_run(void **state) {
    (void)state;
    for (int automatic = 0; automatic < 2; automatic++) {
        char text[1024];
        snprintf(text, sizeof text, "[scenario]\nsteps = 100\nreplications = 3\nwarmup = %s\n" BODY,
                 automatic ? "auto" : "0s");
        for (size_t n_threads = 1; n_threads <= 4; n_threads += 3)
            for (size_t fail_at = 2;; fail_at++) { /* 1 is that of open */
                es_errors_init(&errors);
                es_status status = run_keeping(text, n_threads, fail_at);
                assert_true(keeper.closed);
                if (status == ES_OK) {
                    assert_true(keeper.n_calls < fail_at && fail_at > 20);
                    break;
                }
                assert_int_equal(status, ES_IO);
                assert_int_equal(errors.n, 1);
                assert_string_equal(errors.records[0].text, "as asked");
                assert_false(keeper.published);
            }
    }
    es_errors_init(&errors);
    keeper_fini();
}

/* With rows spooled and replications that stop; by one thread, so that allocations have an order.
 */
static void out_of_memory_is_reported(void **state) {
    (void)state;
    es_plan *plan = plan_text("[scenario]\nsteps = 50\nreplications = 6\nwarmup = auto\n"
                              "stop_when = ci(latency) < 90%\n" BODY);
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        es_run_options options = {.sink = &es_sink_memory};
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_plan_run(plan, &options, &keeper.report, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(errors.n, struck ? 1 : 0);
    }
    assert_int_equal(keeper.report.n_replications, 5);
    es_plan_destroy(plan);
    es_errors_init(&errors);
}

static void an_interrupt_ends_every_thread(void **state) {
    (void)state;
    static const char *const heads[] = {"", "warmup = auto\n"};
    const volatile sig_atomic_t interrupted = 1;
    for (size_t h = 0; h < 2; h++)
        for (size_t n_threads = 1; n_threads <= 4; n_threads += 3) {
            char text[1024];
            snprintf(text, sizeof text, "[scenario]\nsteps = 100\nreplications = 3\n%s" BODY,
                     heads[h]);
            es_plan *plan = plan_text(text);
            es_run_options options = {
                .sink = &keep_sink, .interrupted = &interrupted, .n_threads = n_threads};
            keeper_fini();
            es_errors_init(&errors);
            assert_int_equal(es_plan_run(plan, &options, &keeper.report, &errors), ES_INTERRUPTED);
            assert_int_equal(errors.n, 1);
            assert_string_equal(errors.records[0].text, "interrupted; nothing was written");
            assert_true(keeper.closed && !keeper.published);
            es_plan_destroy(plan);
        }
    es_errors_init(&errors);
    keeper_fini();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILES(threads_change_no_bit),
        WITH_FILES(pitfall_10_replications_have_other_numbers_and_policies_the_same),
        WITH_FILES(the_summary_is_that_of_replications),
        WITH_FILES(long_replications_have_exact_quantiles),
        WITH_FILES(gains_have_paired_intervals),
        WITH_FILES(the_worst_replication_decides_on_saturation),
        WITH_FILES(one_replication_has_batch_means),
        WITH_FILES(pitfall_09_the_warmup_is_found),
        WITH_FILES(replications_stop_when_they_are_enough),
        WITH_FILES(rules_for_stopping_are_checked),
        WITH_FILES(a_failure_in_any_thread_ends_the_run),
        WITH_FILES(out_of_memory_is_reported),
        WITH_FILES(an_interrupt_ends_every_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
