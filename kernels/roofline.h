/* A roofline of one device, calibrated by one of its profiles (scale.h). */
#ifndef KERNELS_ROOFLINE_H
#define KERNELS_ROOFLINE_H

#include "edgesplit/profile.h"

/* What sums of products are computed by; each has its own best rate. */
enum { ES_N_ROOF_KINDS = 4 };

typedef struct es_roofline {
    const es_profile *profile;
    const es_model *model;
    double bytes_per_elem;
    double flops[ES_N_ROOF_KINDS]; /* FLOP/s: the most that a layer of the kind reaches */
    double best_bytes_per_s;       /* the most that a layer reaches; its clock is the processor's */
    double own_bytes_per_s;        /* of the memory with a clock of its own */
} es_roofline;

/* Fills the rates. `own_bytes_per_s` 0: not known; then the best that a layer reaches stands for
 * it. false: some unit of the network has no layer row at some batch size, or the profile is not
 * one of the network. */
bool es_roofline_init(es_roofline *roofline, const es_profile *profile, const es_model *model,
                      double own_bytes_per_s);

/* By what the time of a row changes where the clock is 1 / ratio of what it was: between 1 and
 * `ratio`. A layer takes the longest of its arithmetic and its traffic at the processor's clock,
 * which change with it, and its traffic to memory, which does not; of several layers the mean,
 * weighted with their times. O(units of the row). */
double es_roofline_factor(const es_roofline *roofline, const es_profile_row *row, double ratio);

#endif
