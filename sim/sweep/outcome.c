/* The summary of a run as bytes: counts, arrays of doubles, the policies' names. */
#include "parts.h"

#include "edgesplit/alloc.h"

#include <string.h>

typedef struct counts {
    uint64_t n_policies, n_cuts, n_stations, n_figures; /* the last one is that of the program */
} counts;

/* Doubles of a run with so many policies, cuts and stations. */
static size_t n_doubles(size_t p, size_t c, size_t s) {
    return p * (2 * (size_t)ES_N_SUMMARY + 1 + c + 2 * s + 4 * p);
}

static void put(double **at, const double *values, size_t n) {
    memcpy(*at, values, n * sizeof *values);
    *at += n;
}

es_status outcome_write(const es_run_record *record, const es_summary *summary, char **payload,
                        size_t *length) {
    size_t p = record->n_policies, c = record->n_cuts, names = 0;
    size_t n_stations = es_record_stations(record);
    for (size_t i = 0; i < p; i++)
        names += strlen(record->policy_names[i]) + 1;
    *length = sizeof(counts) + n_doubles(p, c, n_stations) * sizeof(double) + names;
    char *made = es_alloc(*length, 1);
    if (made == NULL)
        return ES_NO_MEMORY;
    counts sizes = {p, c, n_stations, ES_N_SUMMARY};
    memcpy(made, &sizes, sizeof sizes);
    double *at = (double *)(void *)(made + sizeof sizes);
    put(&at, &summary->figures[0][0], p * ES_N_SUMMARY);
    put(&at, &summary->half_widths[0][0], p * ES_N_SUMMARY);
    for (size_t i = 0; i < p; i++) {
        uint64_t n_steps = 0;
        for (size_t r = 0; r < summary->n_replications; r++)
            n_steps += summary->n_steps[r * p + i];
        *at++ = (double)n_steps / (double)summary->n_replications;
    }
    put(&at, summary->cut_share, p * c);
    put(&at, summary->utilisation, p * n_stations);
    put(&at, summary->queue_length, p * n_stations);
    put(&at, summary->gain_mean_of_ratios, p * p);
    put(&at, summary->gain_ratio_of_means, p * p);
    put(&at, summary->gain_mean_of_ratios_half_width, p * p);
    put(&at, summary->gain_ratio_of_means_half_width, p * p);
    char *name = (char *)at;
    for (size_t i = 0; i < p; i++) {
        size_t size = strlen(record->policy_names[i]) + 1;
        memcpy(name, record->policy_names[i], size);
        name += size;
    }
    *payload = made;
    return ES_OK;
}

es_status outcome_read(const char *payload, size_t length, outcome *out) {
    enum { MOST = 1 << 20 };
    counts sizes;
    *out = (outcome){0};
    if (length < sizeof sizes)
        return ES_INVALID;
    memcpy(&sizes, payload, sizeof sizes);
    if (sizes.n_policies > MOST || sizes.n_cuts > MOST || sizes.n_stations > ES_N_STATIONS ||
        sizes.n_figures != ES_N_SUMMARY)
        return ES_INVALID;
    size_t p = (size_t)sizes.n_policies, c = (size_t)sizes.n_cuts;
    size_t n_stations = (size_t)sizes.n_stations;
    size_t names = sizeof sizes + n_doubles(p, c, n_stations) * sizeof(double);
    if (names > length)
        return ES_INVALID;
    out->policies = es_alloc(p, sizeof *out->policies);
    if (out->policies == NULL)
        return ES_NO_MEMORY;
    out->n_policies = p;
    out->n_cuts = c;
    out->n_stations = n_stations;
    out->figures = (const double *)(const void *)(payload + sizeof sizes);
    out->half_widths = out->figures + p * ES_N_SUMMARY;
    out->n_steps = out->half_widths + p * ES_N_SUMMARY;
    out->cut_share = out->n_steps + p;
    out->utilisation = out->cut_share + p * c;
    out->queue_length = out->utilisation + p * n_stations;
    out->gain_mean_of_ratios = out->queue_length + p * n_stations;
    out->gain_ratio_of_means = out->gain_mean_of_ratios + p * p;
    out->gain_mean_of_ratios_half_width = out->gain_ratio_of_means + p * p;
    out->gain_ratio_of_means_half_width = out->gain_mean_of_ratios_half_width + p * p;
    const char *name = payload + names, *end = payload + length;
    for (size_t i = 0; i < p; i++) {
        const char *stop = memchr(name, '\0', (size_t)(end - name));
        if (stop == NULL) {
            outcome_fini(out);
            return ES_INVALID;
        }
        out->policies[i] = name;
        name = stop + 1;
    }
    return ES_OK;
}

size_t outcome_n_steps(const outcome *out) {
    double most = 0;
    for (size_t i = 0; i < out->n_policies; i++)
        most = out->n_steps[i] > most ? out->n_steps[i] : most;
    return (size_t)most;
}

void outcome_fini(outcome *out) {
    free(out->policies);
    *out = (outcome){0};
}
