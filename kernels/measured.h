/* What a job of the profiler has measured so far: rows and provenance of complete batch sizes. */
#ifndef KERNELS_MEASURED_H
#define KERNELS_MEASURED_H

#include "profiler.h"

/* A provenance line that says something of every batch size. */
enum { ES_N_BATCH_NOTES = 5 };

struct es_measured {
    es_profile profile;
    es_facts facts;
    es_profile_row *rows; /* those kept, then of each batch size in the order they were measured */
    size_t n_rows, rows_capacity, n_kept_rows;
    es_text notes[ES_N_BATCH_NOTES];
    size_t n_segments;
    es_segment *segments;         /* [n_segments]: a head, its tail, the next head, ... */
    es_sample_summary *summaries; /* [n_segments] of the batch size in hand */
};

/* Creates what a job begins with: what it keeps of an earlier one. ES_INVALID: that was measured on
 * another device, in another way, or is not complete, with a record for every difference;
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_measured_begin(const es_profiler_job *job, const es_device *device,
                                         const es_plan *plan, es_measured **measured,
                                         es_errors *errors);

bool es_measured_has_batch(const es_measured *measured, int64_t batch);

/* Adds a batch size: `times`, and the summaries if there are segments. ES_NO_MEMORY. */
ES_NODISCARD es_status es_measured_add_batch(const es_plan *plan, const es_batch_times *times,
                                             es_measured *measured);

/* Makes the profile of what is there, with its provenance. ES_NO_MEMORY. */
ES_NODISCARD es_status es_measured_complete(const es_profiler_job *job, const es_device *device,
                                            es_measured *measured);

#endif
