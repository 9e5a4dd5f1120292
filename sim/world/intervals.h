/* The time series of a world whose requests are sent ahead (private).
 *
 * What stations do is booked before it happens: what lies in the interval in hand in the sums of
 * struct kind alone, what reaches beyond it (spills over) here, for as many intervals as are handed
 * over together. What reaches beyond these is looked up again, in the requests that are in flight,
 * when their turn comes. */
#ifndef SIM_WORLD_INTERVALS_H
#define SIM_WORLD_INTERVALS_H

#include "system.h"

/* The two sums of struct kind. */
enum measure { MEASURE_AREA, MEASURE_BUSY, N_MEASURES };

struct intervals {
    es_time period, start;                     /* of the first */
    size_t i;                                  /* the one in hand */
    es_work booked[ES_N_STATIONS][N_MEASURES]; /* sums of the kinds when it began */
    struct spilled {
        es_work part;  /* ns in this one interval */
        int64_t whole; /* so many more than in the one before take all of it */
    } spilled[ES_N_STATIONS][N_MEASURES][ES_SERIES_SAMPLES + 1];
};

/* From `from`, not before the interval in hand, until `to` (ES_TIME_NEVER: for ever) one more is
 * there, or is at work. */
void intervals_add(struct intervals *intervals, es_station station, enum measure measure,
                   es_time from, es_time to);

/* Ends the interval in hand. */
void intervals_next(struct intervals *intervals, const es_world *world);

/* Hands over the first `n` intervals and begins anew behind them; a status of the callback. */
es_status intervals_hand_over(struct intervals *intervals, es_world *world, size_t n);

#endif
