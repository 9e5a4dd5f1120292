/* The steps of the stations where each takes what comes one after the other: what a request meets
 * there follows from what was accepted before it (D. Lindley, "The theory of queues with a single
 * server", 1952). Private; shared by forecasts and by worlds whose requests are sent ahead. */
#ifndef SIM_WORLD_STEPS_H
#define SIM_WORLD_STEPS_H

#include "system.h"

/* What a request meets at a station: it comes, is begun on, and leaves. ES_TIME_NEVER: never. */
struct passage {
    es_time at, begin, end;
};

/* The latest time at which stations begin on a request. */
static inline es_time last_start(const es_group *group, const struct request *request) {
    return group->drop_late && request->deadline_at != ES_TIME_NEVER ? request->deadline_at
                                                                     : ES_TIME_NEVER - 1;
}

/* Begins on what comes at `at` when all before is done. False: it is not begun on. It has then left
 * at `end` because it was too late for it, or waits for ever. */
static inline bool pass_begin(struct passage *passage, es_time at, es_time free_at, es_time last) {
    passage->at = at;
    passage->begin = passage->end = at > free_at ? at : free_at;
    return passage->begin <= last;
}

/* The device; false also below: it does not go on. */
static inline bool pass_device(struct passage *passage, es_time at, es_time *free_at, es_time last,
                               int64_t head_ns) {
    if (!pass_begin(passage, at, *free_at, last))
        return false;
    passage->end = *free_at = passage->begin + head_ns;
    return true;
}

/* A station where work is done at a rate. */
static inline bool pass_flow(struct passage *passage, es_time at, es_time *free_at, es_time last,
                             struct flow *flow, es_work work) {
    if (!pass_begin(passage, at, *free_at, last))
        return false;
    passage->end = *free_at = flow_end(flow, passage->begin, work);
    return passage->end != ES_TIME_NEVER;
}

/* What is to be done for a request by `cut`. */
static inline es_work send_work(const es_cut_costs *costs, size_t cut) {
    return (es_work)costs->bytes[cut] * 8 * ES_SECOND;
}
static inline es_work tail_work(int64_t tail_ns) {
    return (es_work)tail_ns * ES_FULL_CAPACITY;
}

#endif
