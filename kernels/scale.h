/* Profiles at another clock, from profiles that were measured: modelled, and never called measured.
 *
 * A time t(f) never rises with the clock f, nor falls faster than 1/f. So one measured clock f0
 * bounds it by t(f0) and t(f0) f0/f, and two neighbouring ones by the narrower of both bounds. In
 * between lies an estimate: with two or more clocks the straight line t = a + b r, a, b >= 0, r the
 * ratio of the highest clock to f, which fits best (least squares; a is what the clock does not
 * touch); with one clock a roofline (Williams, Waterman & Patterson, CACM 52(4), 2009) that the
 * profile itself calibrates. */
#ifndef KERNELS_SCALE_H
#define KERNELS_SCALE_H

#include "facts.h"

/* What a scaled profile is: an end of the bounds, or the estimate between them. */
typedef enum es_scaled_end {
    ES_SCALED_LOW,
    ES_SCALED_ESTIMATE,
    ES_SCALED_HIGH,
    ES_N_SCALED_ENDS
} es_scaled_end;

typedef struct es_scaling {
    size_t n;                          /* profiles, at least 1 */
    const es_profile *const *profiles; /* [n] borrowed; of kind measured, with provenance `clock` */
    double clock_hz;                   /* the clock wanted */
    const es_model *model;             /* OPTIONAL: the network, for the roofline */
    double bandwidth_bytes_per_s;      /* OPTIONAL, 0: of the memory whose clock is its own, for the
                                          roofline */
    const char *date;                  /* UTC, ISO 8601; provenance */
} es_scaling;

/* Three profiles and the memory that they lend from. */
typedef struct es_scaled es_scaled;

/* Scales. Creates `*scaled`. Every figure of a row is that of the profile with the nearest clock
 * times the factor of the median. ES_INVALID: a profile without clock or not measured, two of
 * different networks, devices, libraries, precisions or rows, or at the same clock; a clock outside
 * of those of two or more profiles (a record for each); ES_NO_MEMORY. O(n * rows * (log rows +
 * units)). */
ES_NODISCARD es_status es_profile_scale(const es_scaling *how, es_scaled **scaled,
                                        es_errors *errors);
void es_scaled_destroy(es_scaled *scaled);

/* Lends a profile, of kind scaled. NULL: there is no estimate, because only one clock was measured
 * and the network or some of its layers are not known. */
const es_profile *es_scaled_profile(const es_scaled *scaled, es_scaled_end end);

/* The straight line a + b r through t [n] at r [n], n >= 2, of least squares with a, b >= 0. */
void es_fit_clock(size_t n, const double *r, const double *t, double *a, double *b);

#endif
