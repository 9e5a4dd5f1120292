/* What a sink is told of a plan before the first step (private). */
#ifndef SIM_RUN_RECORD_H
#define SIM_RUN_RECORD_H

#include "plan.h"

#include "edgesplit/text.h"

/* The arrays that a record borrows; zero-initialise. */
struct record_storage {
    es_text resolved;
    size_t n_texts;
    char **texts; /* [n_texts] owned */
    const char **names, **types;
    const char **parameters; /* [3][n_parameters] names, values, units */
    double *parameter_numbers;
    es_group_record *groups;
    es_cut_record *cuts;
    size_t n_batches;
    int64_t *batches;
    double *head_s, *tail_s, *cloud_s; /* cloud_s and backhaul_bytes: NULL with two tiers */
    int64_t *bytes, *backhaul_bytes;
    size_t n_inputs;
    es_input *inputs;
};

/* Fills `record` of a plan; what it borrows is in `storage`, which is to be ended also on failure.
 * Where groups differ in a text, it is all of them, "a, b"; in a number, NaN. ES_NO_MEMORY. */
es_status record_plan(const es_plan *plan, struct record_storage *storage, es_run_record *record,
                      es_errors *errors);
void record_fini(struct record_storage *storage);

#endif
