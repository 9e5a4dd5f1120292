/* Whether two results are the same (private). */
#ifndef SIM_CLI_SAME_H
#define SIM_CLI_SAME_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

/* What `verify` reads of a result before it runs anything. Free with recorded_fini. */
struct recorded {
    char *scenario; /* resolved */
    char *program, *format_version;
    size_t n_inputs;
    char **roles, **paths, **hashes; /* [n_inputs] */
};

/* ES_NO_INPUT; ES_INVALID: not a result of a run; ES_NO_MEMORY. */
ES_NODISCARD es_status recorded_read(const char *path, struct recorded *recorded,
                                     es_errors *errors);
void recorded_fini(struct recorded *recorded);

/* Compares the values of every variable of two results, bit for bit, but for what they were made
 * from: the scenario's text, the inputs and the variables of a study. Appends what differs first,
 * in the order of replications, policies, steps and then columns, before anything else; nothing
 * where they are the same. ES_INVALID: one is damaged; ES_NO_MEMORY. One pass over both. */
ES_NODISCARD es_status same_results(const char *recorded, const char *now, es_text *difference,
                                    es_errors *errors);

#endif
