/* What a run records, and the contract of the sinks that keep it. A sink is one file and one line
 * of sinks.def. */
#ifndef EDGESPLIT_RECORDER_H
#define EDGESPLIT_RECORDER_H

#include "edgesplit/error.h"
#include "edgesplit/time.h"

#include <stdbool.h>

/* Version of the result's format, analysis/FORMAT.md. */
#define ES_RESULT_FORMAT "1.3"

/* What became of a request: values of the column `status`. */
typedef enum es_step_status {
    ES_STEP_COMPLETED,
    ES_STEP_LATE, /* completed behind its deadline */
    ES_STEP_DROPPED,
    ES_STEP_UNFINISHED, /* still under way when nothing more could happen */
    ES_STEP_PADDING,    /* no request: this policy ended with fewer steps */
} es_step_status;

/* Columns of the per-step table. */
typedef enum es_column {
#define ES_COLUMN(name, type, units, long_name) ES_COLUMN_##name,
#include "edgesplit/column.def"
#undef ES_COLUMN
    ES_N_COLUMNS
} es_column;

/* Up to ES_BLOCK_STEPS consecutive steps of one policy, column by column: [n] of each are filled.
 * Between columns lie ES_BLOCK_GAP bytes, three cache lines: a power of two apart, the values of a
 * step would all compete for the same few places in a cache. */
enum { ES_BLOCK_STEPS = 16384, ES_BLOCK_GAP = 192 };
typedef struct es_block {
    size_t n;
#define ES_COLUMN(name, type, units, long_name)                                                    \
    type name[ES_BLOCK_STEPS + ES_BLOCK_GAP / sizeof(type)];
#include "edgesplit/column.def"
#undef ES_COLUMN
} es_block;

/* The stations a request passes; the backhaul and the cloud, which only three tiers have, lie
 * between server and downlink. */
typedef enum es_station {
    ES_DEVICE,
    ES_UPLINK,
    ES_SERVER,
    ES_DOWNLINK,
    ES_BACKHAUL,
    ES_CLOUD,
    ES_N_STATIONS
} es_station;
enum { ES_N_STATIONS_OF_TWO_TIERS = ES_BACKHAUL };
const char *es_station_text(es_station station);

/* Up to ES_SERIES_SAMPLES consecutive intervals of one policy's time series; figures are means over
 * the interval. */
enum { ES_SERIES_SAMPLES = 1024 };
typedef struct es_series {
    size_t n;
    double end_s[ES_SERIES_SAMPLES]; /* end of the interval */
    double utilisation[ES_N_STATIONS][ES_SERIES_SAMPLES];
    double queue_length[ES_N_STATIONS][ES_SERIES_SAMPLES]; /* requests waiting or in service */
    double uplink_rate_bps[ES_SERIES_SAMPLES];
    double server_load[ES_SERIES_SAMPLES];
} es_series;

/* A profile or trace that went into a run. */
typedef struct es_input {
    const char *role; /* "device profile", "uplink trace", ... */
    const char *path; /* as the scenario names it */
    const char *sha256;
    const char *provenance; /* its "key: value" lines */
} es_input;

/* A cut as the run offered it; times and bytes per batch size, of a network with exits what is
 * expected. */
typedef struct es_cut_record {
    const char *name;
    int64_t last_layer, n_tensors, elems;
    double compression;
    bool natural, compressive, residual_block, available;
    int64_t second_layer; /* three tiers: the last that is not in the cloud; all else is of the
                             first boundary */
    double sent_ratio;    /* share of requests that are sent by it: 0 or 1 but for exits */
} es_cut_record;

/* Devices that are alike, and which of the cuts are theirs. */
typedef struct es_group_record {
    const char *name; /* "" where there is one group */
    const char *model;
    size_t n_devices, n_cuts;
} es_group_record;

/* What is known before the first step. Everything is borrowed for the life of the sink. */
typedef struct es_run_record {
    const char *title, *program, *scenario_ini, *scenario_resolved;
    const char *model, *granularity, *mode, *states;
    int64_t seed;
    double input_bytes_per_element, feature_bytes_per_element, header_bytes, warmup_s;
    bool batch_extrapolated;
    bool compress;
    double series_period_s;
    size_t n_policies;
    const char *const *policy_names, *const *policy_types;
    size_t n_inputs;
    const es_input *inputs;
    size_t n_parameters; /* of a study: names and values of what tells this run from its others */
    const char *const *parameter_names, *const *parameter_values;
    const char *const *parameter_units; /* of the numbers that they are; NULL: a text */
    const double *parameter_numbers;
    size_t n_replications; /* at most; 1: the results have no such dimension */
    /* Devices 0, 1, ... are those of the first group, then those of the second, and so are cuts: a
     * step's cut is number split_index of its group's. The column `device` is only written where
     * there are several devices. */
    size_t n_groups, n_devices;
    const es_group_record *groups;
    /* Exits before the end, of the network that has the most; the columns `exit` and `accuracy` are
     * only written where there are some. */
    size_t n_exits;
    size_t n_cuts, n_batches; /* cuts of all groups together */
    const es_cut_record *cuts;
    const int64_t *batches;
    const double *head_s, *tail_s; /* [n_cuts][n_batches], NaN where not available */
    const int64_t *bytes;          /* [n_cuts][n_batches] */
    /* Three tiers; the columns, figures and stations of the backhaul and the cloud are only written
     * then. */
    bool has_cloud;
    const double *cloud_s;         /* as head_s; NULL without */
    const int64_t *backhaul_bytes; /* as bytes */
} es_run_record;

/* The stations of a run: the first so many. */
static inline size_t es_record_stations(const es_run_record *record) {
    return record->has_cloud ? (size_t)ES_N_STATIONS : (size_t)ES_N_STATIONS_OF_TWO_TIERS;
}

/* ES_SUMMARY(name, units, long name): one figure per policy, over the steps behind the warm-up. */
typedef enum es_summary_figure {
#define ES_SUMMARY(name, units, long_name) ES_SUMMARY_##name,
#include "edgesplit/summary.def"
#undef ES_SUMMARY
    ES_N_SUMMARY
} es_summary_figure;

/* What is known after the last step. [policy] unless said; with several replications all but the
 * arrays that have such a dimension are means over them (largest and residuals: the worst one's),
 * NaN if one of them has none. Half widths are those of 95 % intervals (Student's t over the
 * replications); NaN where there is but one, save that of the mean latency, which is then that of
 * batch means over the run (NaN: it is too short). */
typedef struct es_summary {
    size_t n_replications; /* that were run: fewer than the record's where that was enough */
    double (*figures)[ES_N_SUMMARY]; /* NaN: not known */
    double (*half_widths)[ES_N_SUMMARY];
    double (*replicated)[ES_N_SUMMARY]; /* [replication][policy] */
    uint64_t *n_steps;  /* [replication][policy] rows that count, warm-up included */
    double *cut_share;  /* [policy][cut] share of steps */
    double *exit_share; /* [policy][n_exits + 1] share of completed requests; none without exits */
    double *utilisation, *queue_length; /* [policy][station] time averages, es_record_stations */
    double *gain_mean_of_ratios, *gain_ratio_of_means; /* [policy][baseline]; NaN: no common step */
    double *gain_mean_of_ratios_half_width, *gain_ratio_of_means_half_width; /* of paired gains */
} es_summary;

typedef struct es_sink_ops {
    const char *name, *summary;
    /* Steps and series of one (replication, policy) may come between those of another, with the
     * same result. Else they come replication by replication, in each policy by policy. Calls never
     * overlap, but may come from different threads. */
    bool any_order;
    /* Opens a sink for one run. `path` names the result, `replace` whether one there may be
     * replaced. Creates
     * `*sink`. ES_CANT_CREATE, ES_IO, ES_NO_MEMORY. */
    es_status (*open)(const es_run_record *record, const char *path, bool replace, void **sink,
                      es_errors *errors);
    /* Appends steps `first` .. first + (*block)->n - 1 of a policy in a replication, in full blocks
     * but for the last. A sink may keep the block and leave another one in its place, of any
     * content: each is freed, with free(), by who has it in the end. ES_IO. */
    es_status (*steps)(void *sink, size_t replication, size_t policy, uint64_t first,
                       es_block **block, es_errors *errors);
    /* Appends intervals of a policy's time series. ES_IO. */
    es_status (*series)(void *sink, size_t replication, size_t policy, uint64_t first,
                        const es_series *series, es_errors *errors);
    /* Reads values [n] of a double column back. NULL if the sink keeps nothing. ES_IO. */
    es_status (*read)(void *sink, es_column column, size_t replication, size_t policy,
                      uint64_t first, size_t n, double *values, es_errors *errors);
    /* Writes the summary and publishes the result under its name. ES_IO. */
    es_status (*publish)(void *sink, const es_summary *summary, es_errors *errors);
    /* Closes the sink; a result that was not published leaves no trace. */
    void (*close)(void *sink);
} es_sink_ops;

#endif
