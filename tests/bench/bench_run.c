/* Requests per second of whole open-mode runs, variant against variant in one program. Prints;
 * gates nothing. */
#define _DEFAULT_SOURCE

#include "edgesplit/run.h"
#include "edgesplit/sinks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { N_ROUNDS = 5, MAX_OVERRIDES = 4 };

static const struct variant {
    const char *name, *sink;
    const char *overrides[MAX_OVERRIDES];
} variants[] = {
    {"null sink", "null", {NULL}},
    {"null sink, fixed cut",
     "null",
     {"policy dynamic-split.type=static-split", "policy dynamic-split.split=best-mean"}},
    {"null sink, regret", "null", {"output.regret=yes"}},
    {"HDF5, uncompressed", "hdf5", {NULL}},
    {"HDF5, uncompressed, regret", "hdf5", {"output.regret=yes"}},
    {"HDF5, deflate, regret", "hdf5", {"output.regret=yes", "output.compression=deflate"}},
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Runs a variant; returns its requests per second, and its events per second. */
static double run(const struct variant *variant, const char *output, double *events_per_s) {
    es_errors errors;
    es_plan *plan = NULL;
    es_run_report report;
    size_t n = 0;
    while (n < MAX_OVERRIDES && variant->overrides[n] != NULL)
        n++;
    es_errors_init(&errors);
    es_run_options options = {
        .sink = es_sinks_find(variant->sink), .output = output, .replace = true};
    es_status status = es_plan_create(ES_SOURCE_DIR "/tests/bench/open.ini", n, variant->overrides,
                                      &plan, &errors);
    double start = now_s();
    if (status == ES_OK)
        status = es_plan_run(plan, &options, &report, &errors);
    double elapsed_s = now_s() - start;
    es_plan_destroy(plan);
    if (status != ES_OK) {
        es_errors_print(&errors, stderr);
        exit(es_status_exit_code(status));
    }
    *events_per_s = (double)report.n_events / elapsed_s;
    return (double)report.n_steps / elapsed_s;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    char output[] = "/tmp/edgesplit-bench-XXXXXX";
    double rates[N_VARIANTS][N_ROUNDS], events[N_ROUNDS], ignored;
    int descriptor = mkstemp(output);
    if (descriptor < 0)
        return 73;
    close(descriptor);
    (void)run(&(struct variant){"short", "null", {"scenario.steps=100000"}}, output, &ignored);
    long before = peak_kib();
    for (size_t round = 0; round < N_ROUNDS; round++)
        for (size_t v = 0; v < N_VARIANTS; v++) {
            rates[v][round] = run(&variants[v], output, v == 0 ? &events[round] : &ignored);
            if (round == 0 && v == 2)
                printf("memory: %ld KiB after 100 000 requests, %ld KiB after a million\n", before,
                       peak_kib());
        }
    unlink(output);
    qsort(events, N_ROUNDS, sizeof events[0], ascending);
    double base = 0;
    printf("%-30s %10s %9s\n", "open mode, median of 5", "Mreq/s", "ratio");
    for (size_t v = 0; v < N_VARIANTS; v++) {
        qsort(rates[v], N_ROUNDS, sizeof rates[v][0], ascending);
        base = v == 0 ? rates[v][N_ROUNDS / 2] : base;
        printf("%-30s %10.2f %9.2f\n", variants[v].name, rates[v][N_ROUNDS / 2] / 1e6,
               rates[v][N_ROUNDS / 2] / base);
    }
    printf("%-30s %10.2f\n", "Mevents/s, null sink", events[N_ROUNDS / 2] / 1e6);
    return 0;
}
