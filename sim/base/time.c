#include "edgesplit/time.h"

#include <math.h>

es_status es_time_from_s(double seconds, es_time *time) {
    double ns = seconds * 1e9;
    if (!(fabs(ns) <= 0x1p62))
        return ES_INVALID;
    *time = (es_time)llround(ns);
    return ES_OK;
}
