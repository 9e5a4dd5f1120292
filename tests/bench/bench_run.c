/* One run of a scenario, timed: bench_run FILE SINK [OVERRIDE...]. Prints requests, seconds of
 * processor time and of the clock, mean latency of the first policy, events, and the peak of memory
 * in KiB. Reading the inputs does not count. */
#define _DEFAULT_SOURCE

#include "edgesplit/run.h"
#include "edgesplit/sinks.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static es_status keep_mean(void *context, const es_run_record *record, const es_summary *summary,
                           es_errors *errors) {
    (void)record;
    (void)errors;
    *(double *)context = summary->figures[0][ES_SUMMARY_latency_mean];
    return ES_OK;
}

int main(int argc, char **argv) {
    char output[] = "/tmp/edgesplit-bench-XXXXXX";
    es_errors errors;
    es_plan *plan = NULL;
    es_run_report report;
    struct rusage usage;
    double mean_s = 0;
    int descriptor;
    if (argc < 3 || es_sinks_find(argv[2]) == NULL)
        return 64;
    descriptor = mkstemp(output);
    if (descriptor < 0)
        return 73;
    close(descriptor);
    es_errors_init(&errors);
    es_run_options options = {.sink = es_sinks_find(argv[2]),
                              .output = output,
                              .replace = true,
                              .context = &mean_s,
                              .summarised = keep_mean};
    es_status status =
        es_plan_create(argv[1], (size_t)argc - 3, (const char *const *)argv + 3, &plan, &errors);
    clock_t cpu = clock();
    double start_s = es_clock_s();
    if (status == ES_OK)
        status = es_plan_run(plan, &options, &report, &errors);
    double clock_s = es_clock_s() - start_s;
    cpu = clock() - cpu;
    es_plan_destroy(plan);
    unlink(output);
    if (status != ES_OK) {
        es_errors_print(&errors, stderr);
        return es_status_exit_code(status);
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%llu %.9f %.9f %.9g %llu %ld\n", (unsigned long long)report.n_steps,
           (double)cpu / CLOCKS_PER_SEC, clock_s, mean_s, (unsigned long long)report.n_events,
           usage.ru_maxrss);
    return 0;
}
