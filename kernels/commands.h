/* The commands of edgesplit-profile. */
#ifndef KERNELS_COMMANDS_H
#define KERNELS_COMMANDS_H

#include "edgesplit/options.h"
#include "edgesplit/profile.h"

extern const es_command es_command_run, es_command_import, es_command_show, es_command_compare,
    es_command_scale, es_command_verify, es_command_list;

/* Opens what --model names: a file of the neutral text form if it ends in ".model" or has a '/' in
 * it, else a network of the zoo, at `resolution` pixels (0: the published ones; files have their
 * own). What es_model_load and es_model_create return; ES_USAGE: a resolution for a file. */
ES_NODISCARD es_status es_open_network(const char *what, int64_t resolution, es_model **model,
                                       es_errors *errors);

/* The same at a profile's resolution, and checked against the profile; `what` may be NULL: as the
 * profile calls it. Also after a failed check `*model` is the caller's. */
ES_NODISCARD es_status es_open_profiled_network(const char *what, const es_profile *profile,
                                                es_model **model, es_errors *errors);

/* The same, but `*model` is NULL, and nothing is wrong, where `what` is NULL and the zoo has no
 * such network. */
ES_NODISCARD es_status es_find_profiled_network(const char *what, const es_profile *profile,
                                                es_model **model, es_errors *errors);

/* Reads an option that is a number per cent, from 0, as a ratio. ES_USAGE. */
ES_NODISCARD es_status es_parse_per_cent(const es_arguments *arguments, const char *option,
                                         const char *preset, double *ratio, es_errors *errors);

#endif
