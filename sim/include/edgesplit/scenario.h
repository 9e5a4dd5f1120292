/* A scenario: what to simulate, read from an INI file, validated and converted to SI units. Names
 * (of models, policies, trace formats) are texts here; `run` resolves them. The keys are the table
 * keys.def. */
#ifndef EDGESPLIT_SCENARIO_H
#define EDGESPLIT_SCENARIO_H

#include "edgesplit/ini.h"
#include "edgesplit/study.h"
#include "edgesplit/units.h"

/* Values of keys with named choices; the names are in keys.c, in this order. */
typedef enum es_mode { ES_ISOLATED, ES_OPEN, ES_CLOSED } es_mode;
typedef enum es_states { ES_STATES_TRACE, ES_STATES_GRID } es_states;
typedef enum es_arrivals { ES_PERIODIC, ES_POISSON, ES_ARRIVALS_OF_TRACE } es_arrivals;
typedef enum es_service { ES_DETERMINISTIC, ES_EXPONENTIAL } es_service;
typedef enum es_queueing { ES_QUEUEING_FIFO, ES_QUEUEING_PS } es_queueing;
typedef enum es_shared_by { ES_SHARED_BY_NONE, ES_SHARED_BY_GROUP, ES_SHARED_BY_ALL } es_shared_by;
typedef enum es_load_as { ES_LOAD_AS_UTILISATION, ES_LOAD_AS_JOBS } es_load_as;
typedef enum es_on_deadline { ES_DEADLINE_FINISH, ES_DEADLINE_DROP } es_on_deadline;
typedef enum es_cut_points { ES_CUTS_ALL, ES_CUTS_RESIDUAL_BLOCKS } es_cut_points;
typedef enum es_candidates {
    ES_CANDIDATES_COMPRESSIVE,
    ES_CANDIDATES_NATURAL,
    ES_CANDIDATES_SINGLE_TENSOR,
    ES_CANDIDATES_ALL,
} es_candidates;
typedef enum es_knowledge {
#define ES_KNOWLEDGE(name, text, meaning) ES_KNOWLEDGE_##name,
#include "edgesplit/knowledge.def"
#undef ES_KNOWLEDGE
} es_knowledge;
typedef enum es_compression { ES_COMPRESSION_DEFLATE, ES_COMPRESSION_NONE } es_compression;

typedef struct es_list {
    double *values;
    size_t n;
} es_list;

/* What a scenario says of a trace besides its file. NaN: absent. */
typedef struct es_trace_keys {
    const char *options; /* of its format */
    int hold;            /* es_hold of trace.h: as-trace, forward, backward */
    int fill_gaps;       /* es_fill of trace.h: hold, zero, error */
    double gap_s;        /* 0: what the file marks */
    double slice_start_s, slice_end_s;
    double resample_s; /* 0: never */
} es_trace_keys;

/* What uplink and downlink have in common. Texts that are absent are NULL, numbers NaN. */
typedef struct es_link_keys {
    const char *trace, *format;
    double window_s, scale, offset_s;
    int at_end; /* es_at_end, or one more: as the trace says */
    double min_rate_bps;
    es_trace_keys trace_keys;
    int discipline; /* es_queueing */
    int sharing;    /* es_shared_by */
    double stagger_s, propagation_s;
    const char *propagation_trace, *propagation_format;
} es_link_keys;

/* What server and cloud have in common: the trace of the load, NULL without. */
typedef struct es_load_keys {
    const char *trace, *format;
    double scale, offset_s;
    int at_end; /* es_at_end, or one more: as the trace says */
    int as;     /* es_load_as */
    es_trace_keys trace_keys;
} es_load_keys;

/* A section `[policy NAME]`. Texts that are absent are NULL, numbers NaN. */
typedef struct es_policy_section {
    size_t section; /* of the INI file, for messages */
    const char *name;
    const char *type;  /* the policy's name; NAME itself if the key is absent */
    const char *split; /* static-split */
    int candidates;    /* es_candidates */
    int privacy;
    int knowledge; /* es_knowledge */
    double half_life_s, slow_half_life_s, initial_rate_bps, staleness_s, noise, probe_every_s,
        probe_bytes;
    int64_t samples;
    int load_aware;
    int queue_aware;
    double hysteresis, expected_dwell, energy_weight;
    int64_t min_dwell;
    double exploration, discount;
    int64_t load_bins;
} es_policy_section;

/* A variable of a study and its value in one run. */
typedef struct es_parameter {
    char *name, *value;
} es_parameter;

/* Groups of devices, at most. */
enum { ES_SCENARIO_GROUPS = 16 };

/* What one group of devices is like; and, of the whole file, the groups.
 *
 * A section `[device NAME]` makes a group, for which the keys of `[model NAME]`, `[device NAME]`,
 * ... replace those of `[model]`, `[device]`, ...; without any there is one group, which is the
 * scenario itself. What holds for all groups (scenario, output, policies, the server but for its
 * profile, parameters) is read from the scenario itself; in a group it is the same, or not set. */
typedef struct es_scenario {
    es_ini *ini;                /* owned, but for groups */
    const char *group;          /* NAME; "": the scenario itself */
    size_t n_groups;            /* at least 1; of groups 0 */
    struct es_scenario *groups; /* [n_groups]; NULL: the scenario itself is the one */
    struct {
        const char *title;
        double duration_s;
        int64_t steps, seed;
        double warmup_s; /* NaN: found from the latencies of each run */
        int64_t replications;
        const char *stop_when; /* NULL: never before the last replication */
    } scenario;
    struct {
        const char *name, *file; /* one of them is NULL */
        int64_t resolution;
        int granularity; /* es_granularity of model.h: leaf, fused, block */
        int cut_points;
        int extrapolate, whole_correction;
        const char *exit_after; /* names of cuts, comma-separated; NULL: no exits */
        es_list exit_probability, exit_accuracy;
        double accuracy; /* NaN: absent */
        es_list exit_device_s, exit_server_s;
    } model;
    struct {
        const char *profile;
        int64_t count;
        int service;
        double switch_cost_s;
    } device;
    struct {
        const char *profile;
        int service;
        es_list load_ratio;
        es_load_keys load;
        int discipline; /* es_queueing */
        int64_t servers, max_batch;
        double max_wait_s;
        double background_rate_hz; /* NaN: absent */
        const char *background_trace, *background_format;
        double background_time_s; /* NaN: absent */
        int background_service;
    } server;
    struct {                 /* the third tier, behind the server */
        const char *profile; /* NULL: there are two tiers */
        int service;
        double load_ratio;
        es_load_keys load;
        int discipline; /* es_queueing */
        int64_t servers;
    } cloud;
    struct {
        double rate_bps;   /* NaN, and no trace: there are two tiers */
        es_link_keys link; /* but for sharing, stagger and propagation_trace */
    } backhaul;
    struct {
        es_list rate_bps;
        es_link_keys link;
    } uplink;
    struct {
        double rate_bps; /* NaN, and no trace: no bottleneck */
        es_link_keys link;
    } downlink;
    struct {
        int mode, states, arrivals;
        double rate_hz;
        int64_t population;
        double think_time_s;
        int think;                  /* es_service */
        const char *trace, *format; /* of the arrivals */
        es_trace_keys trace_keys;   /* options and slice only */
        double time_scale, offset_s;
        int at_end;
        es_list batch;
        double deadline_s;
        int on_deadline;
        int64_t max_backlog;
    } workload;
    struct {
        double input_bytes, feature_bytes, header_bytes, result_bytes;
        double ratio, encode_rate_bps, decode_rate_bps; /* rates NaN: no time */
    } transfer;
    struct {
        double active_w, transmit_w, receive_w, idle_w;
    } energy;
    struct {
        double period_s;
        int compression;
        int regret;
    } output;
    size_t n_policies;
    es_policy_section *policies; /* in file order */
    size_t n_parameters;         /* what tells this run from the others of its study */
    es_parameter *parameters;
} es_scenario;

/* At-end choice of a trace key that leaves it to the trace. */
enum { ES_AT_END_AS_TRACE = 3 };

/* Creates the scenario of one run of a study, and checks everything that can be checked without
 * opening another file. ES_INVALID (one record per mistake), ES_NO_MEMORY. */
ES_NODISCARD es_status es_scenario_of_run(const es_study *study, size_t run, es_scenario **scenario,
                                          es_errors *errors);

/* The same of a file that is one run, with the overrides "section.key=value" [n_overrides].
 * ES_NO_INPUT, ES_INVALID, ES_USAGE (an override), ES_NO_MEMORY. */
ES_NODISCARD es_status es_scenario_load(const char *path, size_t n_overrides,
                                        const char *const *overrides, es_scenario **scenario,
                                        es_errors *errors);
void es_scenario_destroy(es_scenario *scenario);

/* Group i of the scenario, as it sees every key: lent, `scenario` itself where that is the one. */
const es_scenario *es_scenario_group(const es_scenario *scenario, size_t i);

/* Lends the names of the files that go into a run, as they are written: the i-th; NULL behind the
 * last one. O(groups^2 * keys). */
const char *es_scenario_file(const es_scenario *scenario, size_t i);

/* How many requests are expected to arrive; an arrivals trace, which would have to be read first,
 * counts as `steps`, at least 1. */
double es_scenario_requests(const es_scenario *scenario);

/* Appends every key with its resolved value and where it comes from (file and line, command line,
 * default): a valid scenario file again, the origins as comments. Values that are absent, and
 * defaults that depend on another key, are commented out. */
void es_scenario_resolve(const es_scenario *scenario, bool origins, es_text *text);

/* Whether a key is written in a section of the scenario's own: that of a group, if it is one, and
 * not the section without a label that all groups share. */
bool es_scenario_writes(const es_scenario *scenario, const char *section, const char *key);

/* Adds a record about a key as a scenario, or a group, sees it, with its place in the file, or at
 * the section's header, or the file, if the key is not written there. Returns ES_INVALID. */
es_status es_scenario_complain(const es_scenario *scenario, const char *section, const char *key,
                               es_errors *errors, const char *format, ...) ES_PRINTF(5, 6);

/* The same about a key of a policy section. */
es_status es_policy_complain(const es_scenario *scenario, const es_policy_section *policy,
                             const char *key, es_errors *errors, const char *format, ...)
    ES_PRINTF(5, 6);

/* Appends the reference of all keys: section, key, unit or choices, default, meaning. `roff`: as a
 * man page's body. */
void es_scenario_reference(es_text *text, bool roff);

#endif
