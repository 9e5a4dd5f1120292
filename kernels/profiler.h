/* The profiler: from a backend, a setting and a network to a profile with its provenance. */
#ifndef KERNELS_PROFILER_H
#define KERNELS_PROFILER_H

#include "measure.h"

#include "edgesplit/log.h"
#include "edgesplit/profile.h"

typedef struct es_profiler_job {
    const es_backend *backend;
    const char *setting; /* as the user asks for it; "" is the backend's default */
    const es_model *model;
    size_t n_batches;
    const int64_t *batches; /* [n_batches], each once */
    es_stop_rule rule;
    const char *date; /* UTC, ISO 8601; provenance */
    es_log log;       /* one note per batch size; warnings about time boxes and dropped passes */
} es_profiler_job;

/* A measured profile and the memory that it lends from. */
typedef struct es_measured es_measured;

/* Measures. Creates `*measured`. What the backend and es_measure_batch return; ES_NO_MEMORY. */
ES_NODISCARD es_status es_profiler_run(const es_profiler_job *job, es_measured **measured,
                                       es_errors *errors);
void es_measured_destroy(es_measured *measured);

/* Lends the profile: rows of kind layer for every fused unit and of kind whole, for each batch
 * size in the job's order. Valid until es_measured_destroy. */
const es_profile *es_measured_profile(const es_measured *measured);

/* Lends the times behind it, [n_batches] of the job. */
const es_batch_times *es_measured_times(const es_measured *measured);

#endif
