/* Engine time: a signed 64-bit count of nanoseconds. Seconds (double) exist only at the edges, and
 * the one function below converts them. */
#ifndef EDGESPLIT_TIME_H
#define EDGESPLIT_TIME_H

#include "edgesplit/status.h"

#include <stdint.h>

typedef int64_t es_time; /* nanoseconds */

#define ES_SECOND     INT64_C(1000000000)
#define ES_TIME_NEVER INT64_MAX

/* Nearest nanosecond to `seconds`. ES_INVALID if it is not finite or lies outside +-2^62 ns (146
 * years);
 * `*time` is then untouched. */
ES_NODISCARD es_status es_time_from_s(double seconds, es_time *time);

/* Seconds of a time; exact to a relative error of 2^-53. */
static inline double es_time_s(es_time time) {
    return (double)time / 1e9;
}

/* Seconds of a clock that is never set: for how long something takes, never for results. */
double es_clock_s(void);

#endif
