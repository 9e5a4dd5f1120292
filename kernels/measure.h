/* Measuring one network at one batch size.
 *
 * Stamped passes (a time stamp behind every unit, in the context of a whole pass, so that the
 * times of one pass add up to that pass exactly) alternate with plain passes (no stamps: the
 * whole). What disturbs one kind thus disturbs the other. A pass is dropped by cause, when other
 * processes took too much of its time; no sample is ever dropped for its size. */
#ifndef KERNELS_MEASURE_H
#define KERNELS_MEASURE_H

#include "backend.h"
#include "samples.h"
#include "summary.h"

#include <signal.h>

typedef struct es_stop_rule {
    size_t warm_up_passes;  /* of each kind, at least; dropped */
    int64_t warm_up_ns;     /* at least */
    size_t least_samples;   /* kept, of each kind */
    double lost_ratio;      /* a pass that loses more of its time than this is dropped */
    double precision_ratio; /* stop when the 95 % interval of the median of the plain passes is
                               narrower than this share of it */
    int64_t time_box_ns;    /* stop then in any case; warm-up included */
    const volatile sig_atomic_t
        *interrupted; /* OPTIONAL: give up behind the pass in hand once it is not 0 */
} es_stop_rule;

/* 3 passes and 0.2 s of warm-up, 30 samples, 0.2 % lost, 1 %, 20 s. The interval of the median
 * needs 30 to 70 samples where a bound on the deviation of the mean needs hundreds and is biased by
 * the upper tail. */
extern const es_stop_rule es_stop_rule_default;

typedef struct es_batch_times {
    int64_t batch;
    size_t n_units;
    es_sample_summary *units;   /* [n_units] seconds; unit u is units[u - 1] */
    es_sample_summary whole;    /* seconds, plain passes */
    double interval_ratio;      /* 95 % interval of the whole's median over that median */
    size_t n_passes, n_dropped; /* of both kinds, behind the warm-up */
    bool boxed;                 /* the time box ended it before the stop rule was met */
} es_batch_times;

/* Measures `network`, which has n_units units, until the stop rule or the time box ends it.
 * `*times` is filled; end it with es_batch_times_fini. `samples`, OPTIONAL, gets every pass.
 * ES_UNAVAILABLE: no undisturbed pass of both kinds inside the time box; ES_INTERRUPTED;
 * ES_INTERNAL: the backend's clock ran backwards; ES_NO_MEMORY, and what the backend's run returns.
 */
ES_NODISCARD es_status es_measure_batch(const es_backend *backend, const es_device *device,
                                        es_network *network, size_t n_units, int64_t batch,
                                        const es_stop_rule *rule, es_samples *samples,
                                        es_batch_times *times, es_errors *errors);
void es_batch_times_fini(es_batch_times *times);

/* Measures segments [n], each timed whole, in turn and in this order, so that what disturbs one
 * disturbs all and a tail behind its head reads what that has written, until every one meets the
 * stop rule or the time box ends it: summaries [n], seconds. `samples`, OPTIONAL, gets every run.
 * `network` has run at least once.
 * ES_UNAVAILABLE: the backend cannot run parts, or no undisturbed run of a segment inside the time
 * box; ES_INTERRUPTED; ES_NO_MEMORY, and what the backend's run_part returns. */
ES_NODISCARD es_status es_measure_segments(const es_backend *backend, const es_device *device,
                                           es_network *network, size_t n,
                                           const es_segment *segments, const es_stop_rule *rule,
                                           es_samples *samples, es_sample_summary *summaries,
                                           es_errors *errors);

/* Sum of the units' medians, seconds. */
double es_batch_times_sum_s(const es_batch_times *times);

static inline double es_batch_times_dropped_ratio(const es_batch_times *times) {
    return times->n_passes > 0 ? (double)times->n_dropped / (double)times->n_passes : 0;
}

#endif
