/* Theory against this very build. */
#include "edgesplit/number.h"
#include "edgesplit/policies.h"
#include "edgesplit/rate.h"
#include "edgesplit/run.h"
#include "edgesplit/stats.h"
#include "edgesplit/world.h"

#include <gsl/gsl_cdf.h>

enum { N_REPLICATIONS = 20, N_REQUESTS = 100000 };

/* A network of three cuts on one batch size: 20 ms on the device, 4 ms on the server, half of each
 * in the middle; cut 0 sends 100 kB, cut 1 sends 25 kB. */
static const int64_t head_ns[] = {0, 10000000, 20000000}, tail_ns[] = {4000000, 2000000, 0};
static const int64_t bytes[] = {100000, 25000, 0};
static const double head_s[] = {0, 0.01, 0.02}, tail_s[] = {0.004, 0.002, 0},
                    bits[] = {8e5, 2e5, 0};
static es_cut_costs table = {3, head_ns, tail_ns, bytes, head_s, tail_s, bits};
static int64_t batch = 1;
static bool available[] = {true, true, true};
static const es_cost cost = {3, 1, &batch, &table, available, false, NULL, NULL};

/* Sum of the latencies of one run. */
static es_status add_latencies(void *context, const es_block *block) {
    es_moments_add(context, block->latency, block->n);
    return ES_OK;
}

static es_status mean_latency(es_world_config config, double *mean_s) {
    es_moments latencies = {0};
    es_world *world;
    es_world_result result;
    config.context = &latencies;
    config.steps = add_latencies;
    es_status status = es_world_create(&config, &world);
    if (status != ES_OK)
        return status;
    status = es_world_run(world, &result);
    es_world_destroy(world);
    *mean_s = es_moments_mean(&latencies);
    return status;
}

struct expectation {
    const char *name;
    double theory_s;
    size_t n_replications;
    double tolerance_s; /* of one replication; with several, their 99 % interval decides */
};

/* Replicates one configuration, compares its mean latency with theory and prints a row. */
static es_status compare(FILE *stream, es_world_config config, const struct expectation *expected,
                         bool *passed) {
    es_moments means = {0};
    for (size_t r = 0; r < expected->n_replications; r++) {
        double mean_s;
        config.seed = r + 1;
        es_status status = mean_latency(config, &mean_s);
        if (status != ES_OK)
            return status;
        es_moments_add(&means, &mean_s, 1);
    }
    double simulated_s = es_moments_mean(&means), half_s = expected->tolerance_s;
    if (expected->n_replications > 1) {
        double n = (double)expected->n_replications;
        half_s = gsl_cdf_tdist_Pinv(0.995, n - 1) * es_moments_std(&means) / sqrt(n);
    }
    bool good = fabs(simulated_s - expected->theory_s) <= half_s;
    *passed = *passed && good;
    fprintf(stream, "%-34s %12.6f %12.6f %12.9f  %s\n", expected->name, expected->theory_s * 1e3,
            simulated_s * 1e3, half_s * 1e3, good ? "ok" : "BAD");
    return ES_OK;
}

/* All requests take the one cut. */
static es_world_config fixed_cut(const es_policy *policy, const es_rate *link,
                                 const es_rate *server) {
    return (es_world_config){
        .cost = &cost,
        .policy = policy,
        .n_offered = 0,
        .uplink = link,
        .server = server,
        .n_batches = 1,
        .batches = &batch,
        .arrival_rate_hz = 1,
        .duration_ns = ES_TIME_NEVER,
        .n_steps = 1,
        .deadline_ns = ES_TIME_NEVER,
        .max_backlog = 65536,
    };
}

/* Mean value analysis (Reiser and Lavenberg, J. ACM 27, 1980) of two stations with exponential
 * service between which `population` requests go round. */
static double closed_latency_s(int population, double first_s, double second_s) {
    double first_length = 0, second_length = 0, latency_s = 0;
    for (int n = 1; n <= population; n++) {
        double at_first_s = first_s * (1 + first_length);
        double at_second_s = second_s * (1 + second_length);
        latency_s = at_first_s + at_second_s;
        first_length = n * at_first_s / latency_s;
        second_length = n * at_second_s / latency_s;
    }
    return latency_s;
}

/* Requests that go round between device and server, over a link that holds nothing up. */
static es_status compare_closed(FILE *stream, const es_policy *policy, const es_rate *server,
                                bool *passed) {
    es_rate *fast = NULL;
    es_status status = es_rate_create_constant(ES_RATE_MAX, &fast);
    for (int population = 2; population <= 8 && status == ES_OK; population *= 2) {
        char name[64];
        es_world_config config = fixed_cut(policy, fast, server);
        config.exponential_head = config.exponential_tail = true;
        config.population = (size_t)population;
        config.n_steps = N_REQUESTS;
        snprintf(name, sizeof name, "closed, M/M/1 to M/M/1, %d requests", population);
        status = compare(stream, config,
                         &(struct expectation){name, closed_latency_s(population, 0.01, 0.004),
                                               N_REPLICATIONS, 0},
                         passed);
    }
    es_rate_destroy(fast);
    return status;
}

es_status es_selftest(FILE *stream, es_errors *errors) {
    static const uint32_t cuts[] = {0, 1, 2};
    es_policy at_cut[3];
    es_rate *link = NULL, *server = NULL, *steps = NULL;
    for (size_t i = 0; i < 3; i++)
        at_cut[i] = (es_policy){
            .ops = es_policies_find("static-split"), .n_candidates = 1, .candidates = &cuts[i]};
    /* 1 Mbit/s for 0.1 s, then 4 Mbit/s for 0.1 s, again and again. */
    const es_time starts[] = {0, ES_SECOND / 10, ES_SECOND / 5};
    const int64_t rates[] = {1000000, 4000000};
    es_status status = es_rate_create_constant(10000000, &link);
    if (status == ES_OK)
        status = es_rate_create_constant(ES_FULL_CAPACITY / 2, &server);
    if (status == ES_OK)
        status = es_rate_create(2, starts, rates, ES_AT_END_LOOP, &steps);
    bool passed = true;
    fprintf(stream, "%-34s %12s %12s %12s\n", "mean latency, ms", "theory", "simulated", "+- 99 %");
    for (int percent = 30; percent <= 90 && status == ES_OK; percent += 30) {
        double load = percent / 100.0, service_s = 0.02;
        char name[64];
        es_world_config config = fixed_cut(&at_cut[2], link, server);
        config.poisson = true;
        config.arrival_rate_hz = load / service_s;
        config.n_steps = N_REQUESTS;
        snprintf(name, sizeof name, "M/D/1, load %.1f", load);
        status =
            compare(stream, config,
                    &(struct expectation){name, service_s + load * service_s / (2 * (1 - load)),
                                          N_REPLICATIONS, 0},
                    &passed);
        config.exponential_head = true;
        snprintf(name, sizeof name, "M/M/1, load %.1f", load);
        if (status == ES_OK)
            status = compare(stream, config,
                             &(struct expectation){name, service_s / (1 - load), N_REPLICATIONS, 0},
                             &passed);
    }
    if (status == ES_OK)
        status = compare_closed(stream, &at_cut[1], server, &passed);
    /* 10 ms, 5 ms up, 25 kB at 10 Mbit/s, 2 ms at half the capacity, 7 ms down. */
    es_world_config config = fixed_cut(&at_cut[1], link, server);
    config.uplink_propagation_ns = 5000000;
    config.downlink_propagation_ns = 7000000;
    if (status == ES_OK)
        status = compare(stream, config,
                         &(struct expectation){"one request, hand sum",
                                               0.01 + 0.005 + 0.02 + 0.004 + 0.007, 1, 1e-9},
                         &passed);
    /* 100 kB from time 0: 0.1 Mbit, 0.4 Mbit, 0.1 Mbit, then 0.2 Mbit at 4 Mbit/s; then 8 ms of
     * tail. */
    config = fixed_cut(&at_cut[0], steps, server);
    if (status == ES_OK)
        status = compare(
            stream, config,
            &(struct expectation){"one transfer across rate changes", 0.35 + 0.008, 1, 2e-9},
            &passed);
    es_rate_destroy(link);
    es_rate_destroy(server);
    es_rate_destroy(steps);
    if (status == ES_NO_MEMORY)
        return es_errors_add(errors, status, NULL, 0, "out of memory");
    return passed ? status
                  : es_errors_add(errors, ES_INTERNAL, NULL, 0,
                                  "the simulation does not agree with theory");
}
