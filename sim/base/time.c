#include "edgesplit/time.h"

#include <math.h>
#include <time.h>

es_status es_time_from_s(double seconds, es_time *time) {
    double ns = seconds * 1e9;
    if (!(fabs(ns) <= 0x1p62))
        return ES_INVALID;
    *time = (es_time)llround(ns);
    return ES_OK;
}

double es_clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
