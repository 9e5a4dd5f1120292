/* Raw samples: every pass of a measurement as it was, those that are dropped too. */
#ifndef KERNELS_SAMPLES_H
#define KERNELS_SAMPLES_H

#include "plan.h"

#include "edgesplit/text.h"

/* Units that are run alone. */
typedef struct es_segment {
    size_t first, last;
} es_segment;

typedef enum es_pass_kind { ES_PASS_STAMPED, ES_PASS_PLAIN, ES_PASS_SEGMENT } es_pass_kind;

typedef struct es_pass {
    es_pass_kind kind;
    es_segment segment;  /* of that kind */
    const char *dropped; /* why; "" if it is kept; a constant */
    int64_t lost_ns;     /* to what disturbed it */
    size_t first_time, n_times;
} es_pass;

/* Zero-initialise it; end with es_samples_fini. */
typedef struct es_samples {
    es_pass *passes;   /* [n_passes] in the order in which they were run */
    int64_t *times_ns; /* [n_times] of units, or of all that a pass ran */
    size_t n_passes, n_times, passes_capacity, times_capacity;
} es_samples;

/* Appends a pass (first_time and n_times are set here) of n times: those between every step-th of
 * the stamps [n * step + 1]. ES_NO_MEMORY: the samples are as they were. */
ES_NODISCARD es_status es_samples_add(es_samples *samples, const es_pass *pass, size_t n,
                                      size_t step, const int64_t *stamps_ns);
void es_samples_fini(es_samples *samples);

/* The first line of a file of samples. */
#define ES_SAMPLES_HEADER "kind,index,name,batch,pass,dropped,lost_s,time_s"

/* Appends a line for each time of passes of a network at a batch size (PROFILE.md); marks `text`
 * failed if memory has run out. */
void es_samples_write(const es_samples *samples, const es_model *model, int64_t batch,
                      es_text *text);

#endif
