/* Shared by the tests of the module `run`: scenarios, profiles and traces they write, and a sink
 * that keeps everything in memory. */
#ifndef TESTS_UNIT_RUN_FILES_H
#define TESTS_UNIT_RUN_FILES_H

#include "edgesplit/run.h"

#include "worlds.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* EfficientNet-B0 at granularity block: stem, 16 blocks, head, pool, classifier. */
enum { N_UNITS = 20, N_CUTS = N_UNITS + 1, MAX_POLICIES = 20 };

/* Bytes of one image: 8-bit input, float32 features (table 1 of the paper). */
static const int64_t bytes_of_cut[N_CUTS] = {
    150528, 1605632, 802816, 301056, 301056, 125440, 125440, 62720,  62720, 62720, 87808,
    87808,  87808,   37632,  37632,  37632,  37632,  62720,  250880, 5120,  0,
};

/* Files lie in a folder of the test's own, which is the current one. */
#define TRACE "up.csv"
#define LOAD  "load.csv"
#define LINK  "[uplink]\nrate = 20Mbit/s\n"
static const char ini_path[] = "test.ini", trace_path[] = TRACE, load_path[] = LOAD;
static char folder[] = "test_run_XXXXXX";
static es_errors errors;

/* Where the sink below fails, if anywhere. */
enum failure { FAIL_NOT, FAIL_OPEN, FAIL_STEPS, FAIL_SERIES, FAIL_READ, FAIL_PUBLISH };

struct memory_policy {
    char name[64], type[64];
    struct row *rows;
    size_t capacity;
};

/* What a run told its sink. */
static struct memory {
    enum failure fail;
    size_t n_opened, n_published, n_closed, n_policies, n_samples;
    es_run_record record; /* its numbers: the pointers are dead after the run */
    char *title, *scenario_ini, *scenario_resolved;
    struct memory_policy policies[MAX_POLICIES];
    uint64_t n_steps_seen[MAX_POLICIES];
    double figures[MAX_POLICIES][ES_N_SUMMARY];
    double shares[MAX_POLICIES][2 * N_CUTS];
    double mean_of_ratios[MAX_POLICIES][MAX_POLICIES], ratio_of_means[MAX_POLICIES][MAX_POLICIES];
    double utilisation[MAX_POLICIES][ES_N_STATIONS];
    es_run_report report;
} memory;

static inline void forget(void) {
    for (size_t p = 0; p < MAX_POLICIES; p++)
        free(memory.policies[p].rows);
    free(memory.title);
    free(memory.scenario_ini);
    free(memory.scenario_resolved);
    memset(&memory, 0, sizeof memory);
}

static inline es_status fails(enum failure call, es_errors *found) {
    return memory.fail == call ? es_errors_add(found, ES_IO, NULL, 0, "as asked") : ES_OK;
}

static inline es_status memory_open(const es_run_record *record, const char *path, bool replace,
                                    void **sink, es_errors *found) {
    (void)path;
    (void)replace;
    memory.n_opened++;
    memory.record = *record;
    memory.title = strdup(record->title);
    memory.scenario_ini = strdup(record->scenario_ini);
    memory.scenario_resolved = strdup(record->scenario_resolved);
    memory.n_policies = record->n_policies;
    assert_true(record->n_policies <= MAX_POLICIES);
    for (size_t p = 0; p < record->n_policies; p++) {
        snprintf(memory.policies[p].name, 64, "%s", record->policy_names[p]);
        snprintf(memory.policies[p].type, 64, "%s", record->policy_types[p]);
    }
    *sink = &memory;
    return fails(FAIL_OPEN, found);
}

static inline es_status memory_steps(void *sink, size_t replication, size_t policy, uint64_t first,
                                     es_block **block, es_errors *found) {
    assert_ptr_equal(sink, &memory);
    assert_int_equal(replication, 0);
    struct memory_policy *kept = &memory.policies[policy];
    struct run run = {
        .n = (size_t)memory.n_steps_seen[policy], .capacity = kept->capacity, .rows = kept->rows};
    assert_int_equal(first, run.n);
    assert_int_equal(keep_rows(&run, *block), ES_OK);
    memory.n_steps_seen[policy] = run.n;
    kept->capacity = run.capacity;
    kept->rows = run.rows;
    return fails(FAIL_STEPS, found);
}

static inline es_status memory_series(void *sink, size_t replication, size_t policy, uint64_t first,
                                      const es_series *series, es_errors *found) {
    assert_ptr_equal(sink, &memory);
    assert_int_equal(replication, 0);
    assert_true(policy < memory.n_policies && (first > 0 || series->n > 0));
    memory.n_samples += series->n;
    return fails(FAIL_SERIES, found);
}

static inline es_status memory_read(void *sink, es_column column, size_t replication, size_t policy,
                                    uint64_t first, size_t n, double *values, es_errors *found) {
    assert_ptr_equal(sink, &memory);
    assert_int_equal(replication, 0);
    assert_int_equal(column, ES_COLUMN_latency);
    assert_true(first + n <= memory.n_steps_seen[policy]);
    for (size_t i = 0; i < n; i++)
        values[i] = memory.policies[policy].rows[first + i].latency;
    return fails(FAIL_READ, found);
}

static inline es_status memory_publish(void *sink, const es_summary *summary, es_errors *found) {
    assert_ptr_equal(sink, &memory);
    if (memory.fail == FAIL_PUBLISH)
        return fails(FAIL_PUBLISH, found);
    size_t n = memory.n_policies, n_cuts = memory.record.n_cuts;
    assert_true(n_cuts <= 2 * N_CUTS);
    for (size_t p = 0; p < n; p++) {
        memcpy(memory.figures[p], summary->figures[p], sizeof memory.figures[p]);
        memcpy(memory.shares[p], summary->cut_share + p * n_cuts, n_cuts * sizeof(double));
        memcpy(memory.mean_of_ratios[p], summary->gain_mean_of_ratios + p * n, n * sizeof(double));
        memcpy(memory.ratio_of_means[p], summary->gain_ratio_of_means + p * n, n * sizeof(double));
        memcpy(memory.utilisation[p], summary->utilisation + p * es_record_stations(&memory.record),
               es_record_stations(&memory.record) * sizeof(double));
        assert_int_equal(summary->n_steps[p], memory.n_steps_seen[p]);
    }
    memory.n_published++;
    return ES_OK;
}

static inline void memory_close(void *sink) {
    assert_ptr_equal(sink, &memory);
    memory.n_closed++;
}

static const es_sink_ops memory_sink = {
    .name = "memory",
    .summary = "keeps everything",
    .open = memory_open,
    .steps = memory_steps,
    .series = memory_series,
    .read = memory_read,
    .publish = memory_publish,
    .close = memory_close,
};

/* The options of a run into an empty memory. */
static inline es_run_options memory_options(void) {
    forget();
    return (es_run_options){.sink = &memory_sink};
}

/* Layer i takes i * scale_s for one image, 1.5 times that for two. */
static inline void write_profile(const char *path, double scale_s) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("# model: efficientnet-b0\n# kind: modelled\n# granularity: block\n"
          "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n",
          stream);
    for (int batch = 1; batch <= 2; batch++)
        for (int i = 1; i <= N_UNITS; i++)
            fprintf(stream, "layer,%d,x,,%d,1,%.17g,,,,,,\n", i, batch,
                    i * scale_s * (batch == 1 ? 1 : 1.5));
    assert_int_equal(fclose(stream), 0);
}

static inline void write_text(const char *path, const char *head, const char *rest) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(head, stream) >= 0 && fputs(rest, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* Samples "time_s,bit/s". */
static inline void write_trace(const char *path, const char *samples) {
    write_text(path, "# quantity: bandwidth\n# unit: bit/s\ntime_s,value\n", samples);
}

static inline void write_load(const char *path, const char *samples) {
    write_text(path, "# quantity: load\n# unit: 1\ntime_s,value\n", samples);
}

static inline int set_up(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    es_errors_init(&errors);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    write_profile("slow.csv", 1e-5);
    write_profile("fast.csv", 1e-6);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    static const char *const files[] = {"slow.csv", "fast.csv", ini_path,
                                        trace_path, load_path,  "out.h5"};
    forget();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove(files[i]);
    /* Fails if a test left anything else behind. */
    return chdir("..") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* Writes a scenario with the network and the profiles added to its sections. */
static inline void write_scenario(const char *text) {
    static const struct {
        const char *header, *entry;
    } added[] = {{"[model]\n", "name = efficientnet-b0\n"},
                 {"[device]\n", "profile = slow.csv\n"},
                 {"[server]\n", "profile = fast.csv\n"}};
    char whole[4096], next[4096];
    snprintf(whole, sizeof whole, "%s", text);
    for (size_t i = 0; i < 3; i++) {
        const char *found = strstr(whole, added[i].header);
        size_t at = found != NULL ? (size_t)(found - whole) : strlen(whole);
        size_t behind = found != NULL ? at + strlen(added[i].header) : at;
        snprintf(next, sizeof next, "%.*s%s%s%s", (int)at, whole, added[i].header, added[i].entry,
                 whole + behind);
        memcpy(whole, next, sizeof whole);
    }
    write_text(ini_path, "", whole);
}

/* The plan of the scenario in the file. */
static inline es_plan *plan_file(void) {
    es_plan *plan = NULL;
    es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return plan;
}

static inline es_plan *plan_text(const char *text) {
    write_scenario(text);
    return plan_file();
}

/* Runs the scenario in the file into the memory. */
static inline void run_file(void) {
    es_plan *plan = plan_file();
    es_run_options options = memory_options();
    es_status status = es_plan_run(plan, &options, &memory.report, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    es_plan_destroy(plan);
}

static inline void run_text(const char *text) {
    write_scenario(text);
    run_file();
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Planning the scenario is refused with one message, which holds this text. */
static inline void assert_refused_as(es_status status, const char *scenario, const char *message) {
    es_plan *plan = NULL;
    write_scenario(scenario);
    es_errors_init(&errors);
    assert_int_equal(es_plan_create(ini_path, 0, NULL, &plan, &errors), status);
    assert_null(plan);
    if (errors.n != 1 || strstr(errors.records[0].text, message) == NULL) {
        es_errors_print(&errors, stderr);
        fail_msg("expected: %s", message);
    }
    es_errors_init(&errors);
}

static inline void assert_refused(const char *scenario, const char *message) {
    assert_refused_as(ES_INVALID, scenario, message);
}

#endif
