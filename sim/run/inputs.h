/* Inputs that are read once and lent to many plans (private). */
#ifndef SIM_RUN_INPUTS_H
#define SIM_RUN_INPUTS_H

#include "edgesplit/cost.h"
#include "edgesplit/rate.h"
#include "edgesplit/run.h"
#include "edgesplit/trace.h"

typedef enum input_kind {
    INPUT_MODEL,
    INPUT_PROFILE,
    INPUT_TRACE,
    INPUT_RATE,
    INPUT_COST,
} input_kind;

/* Lends the object of that kind and key; NULL if it has not been kept. O(log objects). */
void *inputs_find(const es_inputs *inputs, input_kind kind, const char *key);

/* Keeps an object, which is taken also on failure, until es_inputs_trim or es_inputs_destroy.
 * `bytes` is about what it occupies. ES_NO_MEMORY. O(objects). */
ES_NODISCARD es_status inputs_keep(es_inputs *inputs, input_kind kind, const char *key,
                                   void *object, size_t bytes);

#endif
