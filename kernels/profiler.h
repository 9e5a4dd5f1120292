/* The profiler: from a backend, a setting and a network to a profile with its provenance. */
#ifndef KERNELS_PROFILER_H
#define KERNELS_PROFILER_H

#include "measure.h"

#include "edgesplit/log.h"
#include "edgesplit/profile.h"

/* More dropped passes than this share are said aloud. */
#define ES_DROPPED_LIMIT_RATIO 0.5

typedef struct es_profiler_job {
    const es_backend *backend;
    const char *setting; /* as the user asks for it; "" is the backend's default */
    const es_model *model;
    size_t n_batches;
    const int64_t *batches; /* [n_batches], each once */
    es_stop_rule rule;
    bool segments;    /* heads and tails of the block cuts too */
    const char *date; /* UTC, ISO 8601; provenance */
    es_log log;       /* one note per batch size; warnings about time boxes and dropped passes */
    const es_profile *kept; /* OPTIONAL: what an earlier job has measured of the same, which is
                               neither measured again nor lost; borrowed by what is made */
    es_text *samples; /* OPTIONAL: gets raw samples of every batch size, also of one that fails */
    /* OPTIONAL: is shown the profile of all complete batch sizes whenever one has been added; what
     * it returns other than ES_OK ends the job. */
    es_status (*publish)(void *context, const es_profile *profile, es_errors *errors);
    void *context;
} es_profiler_job;

/* A measured profile and the memory that it lends from. */
typedef struct es_measured es_measured;

/* Measures. Creates `*measured`. ES_INVALID: what is kept was measured on another device, at
 * another setting, by another method, or is not complete (a record for each difference);
 * ES_INTERRUPTED; what the backend, es_measure_batch and `publish` return; ES_NO_MEMORY. */
ES_NODISCARD es_status es_profiler_run(const es_profiler_job *job, es_measured **measured,
                                       es_errors *errors);
void es_measured_destroy(es_measured *measured);

/* Lends the profile: what was kept, then, for each further batch size in the job's order, rows of
 * kind layer for every fused unit, of kind whole and, if the job asks for segments, of kinds head
 * and tail for every block cut but the first and the last. Valid until es_measured_destroy. */
const es_profile *es_measured_profile(const es_measured *measured);

/* How many of its rows are new. */
size_t es_measured_rows_added(const es_measured *measured);

#endif
