/* What the parts of the module sweep share (private). */
#ifndef SIM_SWEEP_PARTS_H
#define SIM_SWEEP_PARTS_H

#include "edgesplit/file.h"
#include "edgesplit/recorder.h"
#include "edgesplit/run.h"
#include "edgesplit/sweep.h"
#include "edgesplit/time.h"

enum { ID_BYTES = 32, ID_TEXT = 65 };
typedef struct run_id {
    unsigned char bytes[ID_BYTES];
} run_id;

void id_text(const run_id *id, char text[ID_TEXT]);
bool id_parse(es_slice text, run_id *id);

typedef struct run_index {
    size_t n;
    const run_id *ids; /* [n], borrowed */
    uint32_t *order;   /* [n] by identity, equal ones by number */
} run_index;

struct es_sweep {
    const es_study *study;
    const es_study_source *source;
    size_t n_runs;
    run_id *ids;      /* [n_runs] */
    double *expected; /* [n_runs] work, in requests times policies */
    run_index index;
};

/* ---- Identity */

/* The identity of a run of that resolved configuration and input files ("SHA-256 PATH" each, [n],
 * which are sorted). ES_NO_MEMORY, ES_INTERNAL. */
ES_NODISCARD es_status identify(const char *resolved, size_t n, char **files, run_id *id);

/* ---- Runs by their identity */

ES_NODISCARD es_status index_create(size_t n, const run_id *ids, run_index *index);
void index_fini(run_index *index);

/* The runs of that identity: order[first] .. order[first + *n - 1]. O(log n). */
size_t index_find(const run_index *index, const run_id *id, size_t *n);

/* ---- Manifest: a study as it was identified */

typedef struct manifest_variable {
    char *name;
    size_t n_values, n_numbers, leader;
    char **values;
    char *unit;      /* of `numbers`; NULL: some value is a text */
    double *numbers; /* [n_values] */
} manifest_variable;

typedef struct sweep_manifest {
    size_t n_programs, programs_capacity;
    char **programs;      /* [n_programs] whose runs there may be, the first one first */
    char *study, *config; /* path; "" without */
    size_t n_variables, variables_capacity, values_capacity, numbers_capacity;
    manifest_variable *variables;
    size_t n_repetitions;
    size_t n_runs;
    run_id *ids;           /* [n_runs] */
    uint32_t *values;      /* [n_runs][n_variables] */
    uint32_t *repetitions; /* [n_runs] */
} sweep_manifest;

/* Writes the manifest into a folder, if it is not there as it should be. ES_CANT_CREATE: it is
 * another study's, or has runs by another program, which `mixed` allows, or, unless `alone`, has
 * other runs, which others are doing; ES_IO, ES_NO_MEMORY. */
ES_NODISCARD es_status manifest_write(const es_sweep *sweep, const char *folder, bool alone,
                                      bool mixed, es_errors *errors);

/* Whether runs may be by that program. */
bool manifest_has_program(const sweep_manifest *manifest, const char *program);

/* Appends the programs, "A; B". */
void manifest_add_programs(const sweep_manifest *manifest, es_text *text);

/* ES_NO_INPUT, ES_INVALID, ES_NO_MEMORY. End with manifest_fini in any case. */
ES_NODISCARD es_status manifest_read(const char *folder, sweep_manifest *manifest,
                                     es_errors *errors);
void manifest_fini(sweep_manifest *manifest);

/* ---- Shards */

typedef enum record_kind { RECORD_DONE = 1, RECORD_FAILED = 2 } record_kind;

/* A shard that is being written; its file is made with its first record. */
typedef struct shard_writer {
    const char *folder;
    char *path;
    int descriptor;
    int64_t length;
    double synced_s;
} shard_writer;

void shard_init(shard_writer *shard, const char *folder);

/* Appends a record; a part of one is taken back. ES_IO, ES_CANT_CREATE, ES_NO_MEMORY. */
ES_NODISCARD es_status shard_append(shard_writer *shard, record_kind kind, const run_id *id,
                                    const void *payload, size_t length, es_errors *errors);

/* Makes it durable and closes it. */
ES_NODISCARD es_status shard_close(shard_writer *shard, es_errors *errors);

/* Where a record lies. */
typedef struct record_place {
    size_t shard;
    int64_t offset; /* of the payload */
    size_t length;
} record_place;

/* The shards of a folder, by name. */
typedef struct shard_list {
    size_t n;
    char **paths;
} shard_list;

/* Reads all sound records of a folder's shards. `take` may return ES_NO_MEMORY; `payload` is
 * NUL-terminated and lent for the call. A record cut off by a kill ends its shard. ES_IO,
 * ES_NO_MEMORY. End with shards_fini in any case. */
ES_NODISCARD es_status shards_read(const char *folder, shard_list *shards, void *context,
                                   es_status (*take)(void *context, record_kind kind,
                                                     const run_id *id, const char *payload,
                                                     const record_place *place),
                                   es_errors *errors);
void shards_fini(shard_list *shards);

/* ---- What a finished run leaves */

/* The summary of a run as it lies in a shard. */
typedef struct outcome {
    size_t n_policies, n_cuts, n_stations;
    const char **policies;               /* [n_policies], lent by the payload */
    const double *figures, *half_widths; /* [n_policies][ES_N_SUMMARY] */
    const double *n_steps;               /* [n_policies] */
    const double *cut_share, *utilisation, *queue_length, *gain_mean_of_ratios,
        *gain_ratio_of_means, *gain_mean_of_ratios_half_width,
        *gain_ratio_of_means_half_width; /* as in es_summary */
} outcome;

/* Creates the payload of a finished run. */
ES_NODISCARD es_status outcome_write(const es_run_record *record, const es_summary *summary,
                                     char **payload, size_t *length);

/* Reads it; `policies` is made. ES_INVALID, ES_NO_MEMORY. */
ES_NODISCARD es_status outcome_read(const char *payload, size_t length, outcome *outcome);
void outcome_fini(outcome *outcome);

/* Steps of the policy that has most. */
size_t outcome_n_steps(const outcome *outcome);

/* ---- Doing runs */

/* Creates the path of a run's whole result in a folder; NULL: out of memory. */
ES_NODISCARD char *steps_path(const char *folder, const run_id *id);

/* Whether it is there. */
bool has_steps(const char *folder, const run_id *id);

/* A run done in this process: ES_OK, or what went wrong, in `errors`. Its payload is taken over by
 * the caller. Its whole result goes to `steps`, unless that is NULL. */
ES_NODISCARD es_status do_run(const es_sweep *sweep, size_t run, es_inputs *inputs,
                              const char *steps, char **payload, size_t *length, es_errors *errors);

/* Does a run and appends what came of it, its result or its message. Returns what the run did; what
 * the shard did is in `*kept`, its mistake in `errors`. */
enum { RUN_MESSAGE = 448 };
ES_NODISCARD es_status do_and_keep(const es_sweep *sweep, size_t run, es_inputs *inputs,
                                   bool keep_steps, shard_writer *shard, char message[RUN_MESSAGE],
                                   es_status *kept, es_errors *errors);

/* Makes a folder, or takes it over, with its manifest, and locks it for the task that the options
 * say, or for all of it, until it is closed or this process ends; `*descriptor` is -1 if it is not.
 * ES_CANT_CREATE: others are at work there, or it is another study's; ES_IO, ES_NO_MEMORY. */
ES_NODISCARD es_status open_folder(const es_sweep *sweep, const es_sweep_options *options,
                                   int *descriptor, es_errors *errors);
void close_folder(int descriptor);

/* What has been recorded of the runs: [n_runs] es_run_state. */
typedef enum run_state { RUN_MISSING, RUN_FAILED, RUN_DONE } run_state;
ES_NODISCARD es_status read_states(const char *folder, const run_index *index,
                                   unsigned char *states, es_errors *errors);

/* Whether a run is still to be done, or to be done again, as the options want it. */
bool is_open(const es_sweep *sweep, const es_sweep_options *options, const unsigned char *states,
             uint32_t run);

/* The runs that a call has to do [*n], longest expected first. The caller frees them. */
ES_NODISCARD es_status choose_runs(const es_sweep *sweep, const es_sweep_options *options,
                                   const unsigned char *states, uint32_t **runs, size_t *n,
                                   es_errors *errors);

/* Workers that run `runs` [n]. */
ES_NODISCARD es_status run_pool(const es_sweep *sweep, const es_sweep_options *options,
                                const uint32_t *runs, size_t n, es_sweep_progress *progress,
                                es_errors *errors);

#endif
