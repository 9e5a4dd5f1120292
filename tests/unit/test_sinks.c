/* The sinks, driven with made-up blocks: what stock HDF5 reads of a result, that threads and turns
 * change no byte, and what goes wrong. */
#include "edgesplit/file.h"
#include "edgesplit/number.h"
#include "edgesplit/sinks.h"

#include "made_up_steps.h"
#include "test.h"

#include <hdf5.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    N_POLICIES = 2,
    N_REPLICATIONS = 3,
    N_CUTS = 5,
    N_SAMPLES = 2000,
    N_THREADS = 3,
    N_ENDS = 3
};

static char folder[] = "test_sinks_XXXXXX";
static es_errors errors;

/* How long each policy is in each replication: a chunk, part of one, and several. */
static const uint64_t n_steps[N_REPLICATIONS][N_POLICIES] = {
    {ES_BLOCK_STEPS, 40000}, {3, 2 * ES_BLOCK_STEPS + 1}, {20000, 0}};

/* Where only the calls count: every policy this long. 0: as above. */
static uint64_t short_n;

static uint64_t n_of(size_t replication, size_t policy) {
    return short_n > 0 ? short_n : n_steps[replication][policy];
}

static const char *const names[] = {"first", "second"};
static const es_cut_record cuts[N_CUTS] = {
    {.name = "input"}, {.name = "a"}, {.name = "input"}, {.name = "b"}, {.name = "c"}};
static const es_group_record groups[] = {{"phones", "small", 70, 2}, {"watches", "tiny", 30, 3}};
static const double times_s[N_CUTS];
static const int64_t bytes[N_CUTS], batches[] = {1};
static const es_input inputs[] = {{"device profile", "a.profile", "00", "kind: measured\n"}};

static es_run_record record_of(size_t n_replications, bool compress) {
    return (es_run_record){
        .title = "made up",
        .program = "test",
        .scenario_ini = "[scenario]\n",
        .scenario_resolved = "[scenario]\n",
        .model = "small",
        .granularity = "block",
        .mode = "open",
        .states = "trace",
        .compress = compress,
        .series_period_s = 1,
        .n_policies = N_POLICIES,
        .policy_names = names,
        .policy_types = names,
        .n_inputs = 1,
        .inputs = inputs,
        .n_replications = n_replications,
        .n_groups = 1,
        .n_devices = 1,
        .groups = groups,
        .n_cuts = N_CUTS,
        .n_batches = 1,
        .cuts = cuts,
        .batches = batches,
        .head_s = times_s,
        .tail_s = times_s,
        .bytes = bytes,
        .cloud_s = times_s,
        .backhaul_bytes = bytes,
    };
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Puts what a policy does in a replication; half way the time series begins. */
static es_status put_policy(const es_sink_ops *ops, void *sink, size_t replication, size_t policy,
                            pthread_mutex_t *lock, es_errors *found) {
    es_block *block = malloc(sizeof *block);
    es_series *series = malloc(sizeof *series);
    es_status status = block != NULL && series != NULL ? ES_OK : ES_NO_MEMORY;
    uint64_t n = n_of(replication, policy);
    for (uint64_t at = 0; at < n && status == ES_OK; at += ES_BLOCK_STEPS) {
        fill_block(block, replication, policy, at, (size_t)least(n - at, ES_BLOCK_STEPS));
        pthread_mutex_lock(lock);
        status = ops->steps(sink, replication, policy, at, &block, found);
        pthread_mutex_unlock(lock);
    }
    uint64_t n_samples = n > 0 ? N_SAMPLES - 100 * replication - 10 * policy : 0;
    for (uint64_t at = 0; at < n_samples && status == ES_OK; at += ES_SERIES_SAMPLES) {
        fill_series(series, replication, policy, at,
                    (size_t)least(n_samples - at, ES_SERIES_SAMPLES));
        pthread_mutex_lock(lock);
        status = ops->series(sink, replication, policy, at, series, found);
        pthread_mutex_unlock(lock);
    }
    free(block);
    free(series);
    return status;
}

/* A summary whose every figure says where it is from. */
struct figures {
    double means[N_POLICIES][ES_N_SUMMARY], half_widths[N_POLICIES][ES_N_SUMMARY];
    double replicated[N_REPLICATIONS * N_POLICIES][ES_N_SUMMARY];
    uint64_t n_steps[N_REPLICATIONS * N_POLICIES];
    double shares[N_POLICIES * N_CUTS], exits[N_POLICIES * N_ENDS],
        stations[N_POLICIES * ES_N_STATIONS];
    double gains[N_POLICIES * N_POLICIES];
};

static es_summary summary_of(struct figures *figures, size_t n_replications) {
    memset(figures, 0, sizeof *figures);
    for (size_t p = 0; p < N_POLICIES; p++)
        for (size_t f = 0; f < ES_N_SUMMARY; f++) {
            figures->means[p][f] = (double)(100 * p + f);
            figures->half_widths[p][f] = (double)(100 * p + f) / 8;
            for (size_t r = 0; r < N_REPLICATIONS; r++)
                figures->replicated[r * N_POLICIES + p][f] = (double)(1000 * r + 100 * p + f);
        }
    for (size_t r = 0; r < N_REPLICATIONS; r++)
        for (size_t p = 0; p < N_POLICIES; p++)
            figures->n_steps[r * N_POLICIES + p] = n_steps[r][p];
    return (es_summary){
        .n_replications = n_replications,
        .figures = figures->means,
        .half_widths = figures->half_widths,
        .replicated = figures->replicated,
        .n_steps = figures->n_steps,
        .cut_share = figures->shares,
        .exit_share = figures->exits,
        .utilisation = figures->stations,
        .queue_length = figures->stations,
        .gain_mean_of_ratios = figures->gains,
        .gain_ratio_of_means = figures->gains,
        .gain_mean_of_ratios_half_width = figures->gains,
        .gain_ratio_of_means_half_width = figures->gains,
    };
}

/* A run of `n_counted` of the record's replications by one thread, in the usual order. */
static es_status run_record(const es_run_record *record, size_t n_counted, const char *path) {
    const es_sink_ops *ops = es_sinks_find("hdf5");
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct figures figures;
    es_summary summary = summary_of(&figures, n_counted);
    void *sink = NULL;
    es_errors_init(&errors);
    es_status status = ops->open(record, path, true, &sink, &errors);
    if (status != ES_OK)
        return status;
    for (size_t r = 0; r < n_counted && status == ES_OK; r++)
        for (size_t p = 0; p < N_POLICIES && status == ES_OK; p++)
            status = put_policy(ops, sink, r, p, &lock, &errors);
    if (status == ES_OK)
        status = ops->publish(sink, &summary, &errors);
    ops->close(sink);
    return status;
}

static void assert_run(const es_run_record *record, size_t n_counted, const char *path) {
    es_status status = run_record(record, n_counted, path);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
}

/* The values of a variable as doubles, and its shape; the caller frees them. */
static double *read_variable(const char *path, const char *name, int rank, hsize_t *shape) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    hid_t variable = H5Dopen2(file, name, H5P_DEFAULT);
    assert_true(variable >= 0);
    hid_t space = H5Dget_space(variable);
    assert_int_equal(H5Sget_simple_extent_ndims(space), rank);
    H5Sget_simple_extent_dims(space, shape, NULL);
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    double *values = malloc(n * sizeof *values);
    assert_non_null(values);
    assert_true(H5Dread(variable, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(variable);
    H5Fclose(file);
    return values;
}

static bool has(const char *path, const char *name) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    bool there = H5Lexists(file, name, H5P_DEFAULT) > 0;
    H5Fclose(file);
    return there;
}

static double expected_of(size_t replication, size_t policy, uint64_t step, size_t c) {
    if (step >= n_steps[replication][policy] || is_blank(policy, step, c))
        return padding_of(c);
    uint64_t bits = bits_of(replication, policy, step, c);
    switch (columns[c].type) {
    case IS_DOUBLE: return double_of(replication, policy, step, c);
    case IS_INT64: return (double)(int64_t)(bits >> 1);
    case IS_INT32: return (double)(bits & 0x7fffffff);
    case IS_INT8: return (double)(bits & 0x7f);
    }
    return 0;
}

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static void assert_steps(const char *path, size_t n_counted, bool replicated) {
    for (size_t c = 0; c < ES_N_COLUMNS; c++) {
        bool of_exits = c == ES_COLUMN_exit || c == ES_COLUMN_accuracy;
        if (c == ES_COLUMN_device || (of_exits && !has(path, "exit")) ||
            (c >= ES_COLUMN_backhaul_queue_time && !of_exits && !has(path, "cloud_time")))
            continue;
        hsize_t shape[3], *inner = shape + (replicated ? 1 : 0);
        double *values = read_variable(path, columns[c].name, replicated ? 3 : 2, shape);
        assert_true(!replicated || shape[0] == n_counted);
        assert_int_equal(inner[0], N_POLICIES);
        assert_int_equal(inner[1], 40000);
        const double *at = values;
        for (size_t r = 0; r < n_counted; r++)
            for (size_t p = 0; p < N_POLICIES; p++)
                for (uint64_t i = 0; i < inner[1]; i++, at++)
                    if (!same(*at, expected_of(r, p, i, c)))
                        fail_msg("%s of step %u, policy %zu, replication %zu: %.17g",
                                 columns[c].name, (unsigned)i, p, r, *at);
        free(values);
    }
    hsize_t n;
    double *numbers = read_variable(path, "step", 1, &n);
    assert_int_equal(n, 40000);
    for (size_t i = 0; i < n; i++)
        assert_true(numbers[i] == (double)i);
    free(numbers);
}

static void stock_hdf5_reads_what_was_put(void **state) {
    (void)state;
    for (int compress = 0; compress < 2; compress++) {
        es_run_record record = record_of(1, compress);
        record.has_cloud = compress;
        assert_run(&record, 1, "one.h5");
        assert_steps("one.h5", 1, false);
        static const char *const of_clouds[] = {
            "backhaul_queue_time",
            "backhaul_time",
            "backhaul_bytes",
            "cloud_queue_time",
            "cloud_time",
            "summary/backhaul_time_mean",
            "summary/backhaul_bytes_mean",
            "summary/cloud_time_mean",
            "cuts/second_last_layer",
            "cuts/backhaul_bytes",
            "cuts/cloud_time",
        };
        for (size_t i = 0; i < sizeof of_clouds / sizeof of_clouds[0]; i++)
            assert_true(has("one.h5", of_clouds[i]) == (compress != 0));
        hsize_t n_stations[3];
        free(read_variable("one.h5", "series/utilisation", 3, n_stations));
        assert_int_equal(n_stations[1], compress ? 6 : 4);
        assert_false(has("one.h5", "replication"));
        assert_false(has("one.h5", "replications"));
        assert_false(has("one.h5", "device"));
        assert_false(has("one.h5", "group"));
        record = record_of(N_REPLICATIONS, compress);
        assert_run(&record, N_REPLICATIONS, "all.h5");
        assert_steps("all.h5", N_REPLICATIONS, true);
    }
}

/* A chunk of nothing but padding is not in the file, which is why it reads as such. */
static void padding_takes_no_room(void **state) {
    (void)state;
    for (int compress = 0; compress < 2; compress++) {
        es_run_record record = record_of(1, compress);
        assert_run(&record, 1, "one.h5");
        hid_t file = H5Fopen("one.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
        assert_true(file >= 0);
        for (size_t c = 0; c < ES_COLUMN_device; c++) {
            hid_t variable = H5Dopen2(file, columns[c].name, H5P_DEFAULT);
            for (hsize_t policy = 0; policy < N_POLICIES; policy++)
                for (hsize_t at = 0; at < 40000; at += ES_BLOCK_STEPS) {
                    hsize_t n_bytes = 1;
                    unsigned left_out;
                    haddr_t address;
                    const hsize_t start[] = {policy, at};
                    assert_true(H5Dget_chunk_info_by_coord(variable, start, &left_out, &address,
                                                           &n_bytes) >= 0);
                    bool there = at < n_steps[0][policy] && !is_blank(policy, at, c);
                    assert_true((n_bytes > 0) == there);
                }
            H5Dclose(variable);
        }
        H5Fclose(file);
    }
}

static void replications_have_a_dimension_everywhere(void **state) {
    (void)state;
    es_run_record record = record_of(N_REPLICATIONS, true);
    hsize_t shape[4];
    assert_run(&record, N_REPLICATIONS, "all.h5");
    double *values = read_variable("all.h5", "series/queue_length", 4, shape);
    const hsize_t expected[] = {N_REPLICATIONS, N_POLICIES, ES_N_STATIONS_OF_TWO_TIERS, N_SAMPLES};
    assert_memory_equal(shape, expected, sizeof shape);
    const double *at = values;
    for (size_t r = 0; r < N_REPLICATIONS; r++)
        for (size_t p = 0; p < N_POLICIES; p++)
            for (size_t s = 0; s < ES_N_STATIONS_OF_TWO_TIERS; s++)
                for (size_t i = 0; i < N_SAMPLES; i++, at++) {
                    bool known = n_steps[r][p] > 0 && i < N_SAMPLES - 100 * r - 10 * p;
                    assert_true(same(*at, known ? double_of(r, p, i, 60 + s) : ES_NAN));
                }
    free(values);
    values = read_variable("all.h5", "series/uplink_rate", 2, shape);
    assert_true(shape[0] == N_REPLICATIONS && shape[1] == N_SAMPLES);
    assert_true(values[2 * N_SAMPLES + 7] == double_of(2, 0, 7, 40));
    free(values);
    values = read_variable("all.h5", "series/time", 1, shape);
    assert_true(shape[0] == N_SAMPLES && values[0] == 1 && values[N_SAMPLES - 1] == N_SAMPLES);
    free(values);
    values = read_variable("all.h5", "n_steps", 2, shape);
    assert_true(shape[0] == N_REPLICATIONS && shape[1] == N_POLICIES && values[3] == 32769);
    free(values);
    values = read_variable("all.h5", "replications/latency_max", 2, shape);
    assert_true(shape[0] == N_REPLICATIONS && shape[1] == N_POLICIES);
    assert_true(values[5] == 2100 + ES_SUMMARY_latency_max);
    free(values);
    values = read_variable("all.h5", "summary/latency_max_half_width", 1, shape);
    assert_true(shape[0] == N_POLICIES && values[1] == (100.0 + ES_SUMMARY_latency_max) / 8);
    free(values);
    for (int i = 0; i < 3; i++) {
        static const char *const numbers[] = {"replication", "series/replication",
                                              "replications/replication"};
        values = read_variable("all.h5", numbers[i], 1, shape);
        assert_true(shape[0] == N_REPLICATIONS && values[0] == 0 && values[2] == 2);
        free(values);
    }
}

/* Of one replication, batch means may give the mean latency's. */
static void one_replication_has_one_half_width(void **state) {
    (void)state;
    es_run_record record = record_of(1, true);
    assert_run(&record, 1, "one.h5");
    assert_true(has("one.h5", "summary/latency_mean_half_width"));
    assert_false(has("one.h5", "summary/latency_max_half_width"));
    assert_false(has("one.h5", "summary/gain_ratio_of_means_half_width"));
}

static void fleets_say_their_groups(void **state) {
    (void)state;
    hsize_t shape[2];
    es_run_record record = record_of(1, true);
    record.n_groups = 2;
    record.n_devices = 100;
    assert_run(&record, 1, "fleet.h5");
    double *values = read_variable("fleet.h5", "device", 2, shape);
    assert_true(values[1] == expected_of(0, 0, 1, ES_COLUMN_device));
    assert_true(values[shape[1] - 1] == 0);
    free(values);
    values = read_variable("fleet.h5", "group_devices", 1, shape);
    assert_true(shape[0] == 2 && values[0] == 70 && values[1] == 30);
    free(values);
    values = read_variable("fleet.h5", "cuts/cut_group", 1, shape);
    static const double expected[N_CUTS] = {0, 0, 1, 1, 1};
    assert_true(shape[0] == N_CUTS);
    assert_memory_equal(values, expected, sizeof expected);
    free(values);
    record.n_groups = 1;
    assert_run(&record, 1, "fleet.h5");
    assert_false(has("fleet.h5", "cuts/cut_group"));
    assert_true(has("fleet.h5", "device") && has("fleet.h5", "group_name"));
}

static void exits_are_written_where_there_are_some(void **state) {
    (void)state;
    hsize_t shape[2];
    static const char *const of_exits[] = {
        "exit",
        "accuracy",
        "summary/exit",
        "summary/exit_share",
        "summary/accuracy_mean",
        "cuts/sent_ratio",
    };
    es_run_record record = record_of(1, true);
    assert_run(&record, 1, "exits.h5");
    for (size_t i = 0; i < sizeof of_exits / sizeof of_exits[0]; i++)
        assert_false(has("exits.h5", of_exits[i]));
    record.n_exits = N_ENDS - 1;
    assert_run(&record, 1, "exits.h5");
    for (size_t i = 0; i < sizeof of_exits / sizeof of_exits[0]; i++)
        assert_true(has("exits.h5", of_exits[i]));
    assert_steps("exits.h5", 1, false);
    double *values = read_variable("exits.h5", "summary/exit", 1, shape);
    static const double expected[N_ENDS] = {1, 2, 3};
    assert_true(shape[0] == N_ENDS);
    assert_memory_equal(values, expected, sizeof expected);
    free(values);
}

static void assert_same_bytes(const char *a, const char *b) {
    char first[ES_SHA256_TEXT], second[ES_SHA256_TEXT];
    assert_int_equal(es_file_sha256(a, first, &errors), ES_OK);
    assert_int_equal(es_file_sha256(b, second, &errors), ES_OK);
    assert_string_equal(first, second);
}

/* Threads that put one replication each. */
struct thread {
    pthread_t id;
    const es_sink_ops *ops;
    void *sink;
    pthread_mutex_t *lock;
    size_t replication;
    es_status status;
};

static void *put_replication(void *context) {
    struct thread *thread = context;
    es_errors found;
    es_errors_init(&found);
    for (size_t p = 0; p < N_POLICIES && thread->status == ES_OK; p++)
        thread->status =
            put_policy(thread->ops, thread->sink, thread->replication, p, thread->lock, &found);
    return NULL;
}

static void run_in_threads(const es_run_record *record, size_t n_counted, const char *path) {
    const es_sink_ops *ops = es_sinks_find("hdf5");
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct thread threads[N_THREADS];
    struct figures figures;
    es_summary summary = summary_of(&figures, n_counted);
    void *sink = NULL;
    es_errors_init(&errors);
    assert_int_equal(ops->open(record, path, true, &sink, &errors), ES_OK);
    for (size_t t = 0; t < N_THREADS; t++) {
        threads[t] = (struct thread){
            .ops = ops, .sink = sink, .lock = &lock, .replication = N_THREADS - 1 - t};
        assert_int_equal(pthread_create(&threads[t].id, NULL, put_replication, &threads[t]), 0);
    }
    for (size_t t = 0; t < N_THREADS; t++) {
        pthread_join(threads[t].id, NULL);
        assert_int_equal(threads[t].status, ES_OK);
    }
    assert_int_equal(ops->publish(sink, &summary, &errors), ES_OK);
    ops->close(sink);
}

static void threads_and_turns_change_no_byte(void **state) {
    (void)state;
    for (int compress = 0; compress < 2; compress++) {
        es_run_record record = record_of(N_REPLICATIONS, compress);
        assert_run(&record, N_REPLICATIONS, "all.h5");
        run_in_threads(&record, N_REPLICATIONS, "threads.h5");
        assert_same_bytes("all.h5", "threads.h5");
    }
}

/* Those behind are dropped, without a hole in the file. */
static void fewer_replications_may_count(void **state) {
    (void)state;
    for (size_t n = 1; n < N_REPLICATIONS; n++) {
        es_run_record record = record_of(N_REPLICATIONS, true);
        assert_run(&record, n, "few.h5");
        assert_steps("few.h5", n, true);
        run_in_threads(&record, n, "threads.h5");
        assert_same_bytes("few.h5", "threads.h5");
    }
}

static void steps_read_back_while_others_come(void **state) {
    (void)state;
    enum { FIRST = ES_BLOCK_STEPS - 50, N = 100 };
    const es_sink_ops *kinds[] = {es_sinks_find("hdf5"), &es_sink_memory};
    for (size_t k = 0; k < 2; k++) {
        es_run_record record = record_of(N_REPLICATIONS, true);
        pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        void *sink = NULL;
        double values[N];
        es_errors_init(&errors);
        assert_int_equal(kinds[k]->open(&record, "back.h5", true, &sink, &errors), ES_OK);
        for (size_t r = 0; r < 2; r++) {
            assert_int_equal(put_policy(kinds[k], sink, r, 1, &lock, &errors), ES_OK);
            assert_int_equal(
                kinds[k]->read(sink, ES_COLUMN_latency, r, 1, FIRST, N, values, &errors), ES_OK);
            for (size_t i = 0; i < N; i++)
                assert_true(same(values[i], expected_of(r, 1, FIRST + i, ES_COLUMN_latency)));
        }
        kinds[k]->close(sink);
        assert_int_not_equal(access("back.h5", F_OK), 0);
    }
}

static rlim_t size_of(const char *path) {
    struct stat there;
    assert_int_equal(stat(path, &there), 0);
    return (rlim_t)there.st_size;
}

/* A run with no file longer than a limit, in a process of its own, as HDF5 wants after a failed
 * write: whether it ended as it should. */
static bool ends_well(const es_run_record *record, rlim_t most_bytes) {
    (void)signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){most_bytes, most_bytes});
    return run_record(record, N_REPLICATIONS, "full.h5") == ES_IO && errors.n == 1 &&
           strstr(errors.records[0].text, "full.h5: cannot be written: File too large") != NULL;
}

/* The writing fails in another thread than the one that is told. */
static void a_full_disk_is_said_once_and_leaves_nothing(void **state) {
    (void)state;
    for (int compress = 0; compress < 2; compress++) {
        es_run_record record = record_of(N_REPLICATIONS, compress);
        assert_run(&record, N_REPLICATIONS, "whole.h5");
        rlim_t size = size_of("whole.h5");
        for (rlim_t n = 0; n < 12; n++) {
            rlim_t most = n == 0 ? 100 : n == 1 ? size - 1 : size * n / 12;
            pid_t child = fork();
            if (child == 0)
                _exit(ends_well(&record, most) ? 0 : 1);
            int status = 0;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
            char temporary[64];
            snprintf(temporary, sizeof temporary, "full.h5.tmp.%ld", (long)child);
            assert_int_not_equal(access("full.h5", F_OK), 0);
            assert_int_not_equal(access(temporary, F_OK), 0);
        }
    }
}

static void out_of_memory_is_reported_and_leaves_nothing(void **state) {
    (void)state;
    es_run_record record = record_of(2, true);
    record.n_devices = 100;
    short_n = 3;
    for (size_t n = 1;; n++) {
        fault_alloc_fail_at(n);
        es_status status = run_record(&record, 2, "memory.h5");
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(!struck || access("memory.h5", F_OK) != 0);
        if (!struck)
            break;
    }
    short_n = 0;
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const files[] = {"one.h5",     "all.h5", "fleet.h5", "exits.h5",
                                        "threads.h5", "few.h5", "whole.h5", "memory.h5"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)remove(files[i]);
    return chdir("..") != 0 || rmdir(folder) != 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stock_hdf5_reads_what_was_put),
        cmocka_unit_test(padding_takes_no_room),
        cmocka_unit_test(replications_have_a_dimension_everywhere),
        cmocka_unit_test(one_replication_has_one_half_width),
        cmocka_unit_test(fleets_say_their_groups),
        cmocka_unit_test(exits_are_written_where_there_are_some),
        cmocka_unit_test(threads_and_turns_change_no_byte),
        cmocka_unit_test(fewer_replications_may_count),
        cmocka_unit_test(steps_read_back_while_others_come),
        cmocka_unit_test(a_full_disk_is_said_once_and_leaves_nothing),
        cmocka_unit_test(out_of_memory_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
