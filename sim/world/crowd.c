#include "system.h"

/* Brings what was received up to `now`. */
static void advance(struct crowd *crowd, const struct flow *flow, es_time now) {
    if (crowd->n == 0) {
        crowd->received = crowd->carry = 0;
    } else if (now > crowd->at) {
        es_work work =
            es_rate_integral(flow->rate, crowd->at + flow->ahead_ns, now + flow->ahead_ns) +
            crowd->carry;
        crowd->received += work / crowd->n;
        crowd->carry = work % crowd->n;
    }
    crowd->at = now;
}

/* The order of arrival of what is in flight; jobs of others come behind. */
static uint32_t order_of(const open_system *open, uint32_t index) {
    return index <= open->mask ? (index - (uint32_t)open->first) & open->mask : index;
}

static es_work goal_of(const open_system *open, es_station station, uint32_t index) {
    return station < ES_BACKHAUL ? open->requests[index].visit[station].goal
                                 : open->beyond[index].visit[station - ES_BACKHAUL].goal;
}

static bool goes_first(const open_system *open, es_station station, uint32_t a, uint32_t b) {
    es_work goal_a = goal_of(open, station, a), goal_b = goal_of(open, station, b);
    return goal_a < goal_b || (goal_a == goal_b && order_of(open, a) < order_of(open, b));
}

/* Joins two heaps (D. Sleator, R. Tarjan, "Self-Adjusting Heaps", SIAM J. Computing 15, 1986): the
 * right spines are merged, and every node on the way swaps its children. */
static uint32_t merge(open_system *open, es_station station, uint32_t a, uint32_t b) {
    uint32_t root = NOBODY, *place = &root;
    while (a != NOBODY && b != NOBODY) {
        if (goes_first(open, station, b, a)) {
            uint32_t other = a;
            a = b;
            b = other;
        }
        struct request *first = &open->requests[a];
        *place = a;
        a = first->right;
        first->right = first->next;
        place = &first->next;
    }
    *place = a != NOBODY ? a : b;
    return root;
}

void crowd_join(open_system *open, struct crowd *crowd, const struct flow *flow, es_station station,
                uint32_t index, es_work work, es_time now) {
    struct request *request = &open->requests[index];
    advance(crowd, flow, now);
    visit_of(open, index, station)->goal = crowd->received + work;
    request->next = request->right = NOBODY;
    crowd->root = crowd->n > 0 ? merge(open, station, crowd->root, index) : index;
    crowd->n++;
}

uint32_t crowd_leave(open_system *open, struct crowd *crowd, const struct flow *flow,
                     es_station station, es_time now) {
    uint32_t index = crowd->root;
    struct request *request = &open->requests[index];
    advance(crowd, flow, now);
    crowd->root = merge(open, station, request->next, request->right);
    crowd->n--;
    union visit *visit = visit_of(open, index, station);
    visit->wait_ns = 0;
    visit->service_ns = now - request->since;
    return index;
}

es_time crowd_next(const open_system *open, const struct crowd *crowd, struct flow *flow,
                   es_station station) {
    if (crowd->n == 0)
        return ES_TIME_NEVER;
    es_work least = goal_of(open, station, crowd->root) - crowd->received;
    es_work work = least * crowd->n - crowd->carry;
    return work > 0 ? flow_end(flow, crowd->at, work) : crowd->at;
}
