/* All sets that are ever the best: the lower envelope of planes over transfer time and slowdown. */
#include "edgesplit/mincut.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where one is: how much longer sending takes than in the costs, and computing on the server. */
struct point {
    double sending, slowdown;
    bool is_settled; /* no other set is better here than those that are known */
};

/* The convex polygon where a set is the best of those that are known; no corners: nowhere. */
struct cell {
    size_t n, capacity;
    struct point *corners;
};

struct search {
    const es_model *model;
    const es_mincut_costs *costs;
    es_mincut_sets *sets;
    double *slowed_s; /* [units + 1] */
    bool *found;      /* [units + 1] */
    struct point most;
    double tolerance_s;
    struct cell *cells; /* [sets->n] */
    struct cell clipped;
    size_t sets_capacity, found_capacity, cells_capacity;
};

static double latency_s(const es_partition *set, const struct point *at) {
    return set->head_s + at->sending * set->send_s + at->slowdown * set->tail_s;
}

static es_status add_corner(struct cell *cell, struct point corner) {
    if (es_reserve(&cell->corners, &cell->capacity, cell->n + 1, sizeof corner) != ES_OK)
        return ES_NO_MEMORY;
    cell->corners[cell->n++] = corner;
    return ES_OK;
}

static struct point between(const struct point *a, const struct point *b, double share) {
    return (struct point){a->sending + share * (b->sending - a->sending),
                          a->slowdown + share * (b->slowdown - a->slowdown), false};
}

/* Leaves of a set's cell what it does not lose to another one (I. Sutherland, G. Hodgman,
 * "Reentrant Polygon Clipping", CACM 1974). */
static es_status clip(struct search *search, size_t set, size_t other) {
    struct cell *cell = &search->cells[set], *clipped = &search->clipped;
    const es_partition *mine = &search->sets->sums[set], *theirs = &search->sets->sums[other];
    es_status status = ES_OK;
    clipped->n = 0;
    for (size_t i = 0; i < cell->n && status == ES_OK; i++) {
        const struct point *from = &cell->corners[i], *to = &cell->corners[(i + 1) % cell->n];
        double lost_from = latency_s(mine, from) - latency_s(theirs, from);
        double lost_to = latency_s(mine, to) - latency_s(theirs, to);
        if (lost_from <= 0)
            status = add_corner(clipped, *from);
        if (status == ES_OK && ((lost_from < 0 && lost_to > 0) || (lost_from > 0 && lost_to < 0)))
            status = add_corner(clipped, between(from, to, lost_from / (lost_from - lost_to)));
    }
    struct cell old = *cell;
    *cell = *clipped;
    *clipped = old;
    return status;
}

/* The best set at a point, into `found`; what it comes to at the point of the costs. */
static es_status find(struct search *search, const struct point *at, es_partition *sum) {
    es_mincut_costs costs = *search->costs;
    for (size_t u = 1; u <= search->sets->n_units; u++)
        search->slowed_s[u] = at->slowdown * costs.server_s[u];
    costs.server_s = search->slowed_s;
    costs.input_s *= isfinite(costs.input_s) ? at->sending : 1;
    costs.s_per_elem *= at->sending;
    costs.delay_s = 0;
    es_status status = es_mincut_find(search->model, &costs, search->found);
    costs = *search->costs;
    costs.delay_s = 0;
    return status == ES_OK ? es_mincut_evaluate(search->model, &costs, search->found, sum) : status;
}

/* Adds the set that was found, which takes its cell from the others. */
static es_status add(struct search *search, const es_partition *sum) {
    es_mincut_sets *sets = search->sets;
    size_t i = sets->n, width = sets->n_units + 1;
    if (es_reserve(&sets->sums, &search->sets_capacity, i + 1, sizeof *sets->sums) != ES_OK ||
        es_reserve(&sets->on_device, &search->found_capacity, (i + 1) * width,
                   sizeof *sets->on_device) != ES_OK ||
        es_reserve(&search->cells, &search->cells_capacity, i + 1, sizeof *search->cells) != ES_OK)
        return ES_NO_MEMORY;
    sets->sums[i] = *sum;
    memcpy(sets->on_device + i * width, search->found, width * sizeof *sets->on_device);
    sets->n++;
    const struct point box[] = {{0, 1, false},
                                {search->most.sending, 1, false},
                                search->most,
                                {0, search->most.slowdown, false}};
    es_status status = ES_OK;
    for (size_t c = 0; c < 4 && status == ES_OK; c++)
        status = add_corner(&search->cells[i], box[c]);
    for (size_t other = 0; other < i && status == ES_OK; other++) {
        status = clip(search, i, other);
        if (status == ES_OK)
            status = clip(search, other, i);
    }
    return status;
}

/* Adds the best set at a corner of a cell, unless the cell's own is as good. */
static es_status settle(struct search *search, size_t set, struct point *corner, bool *is_new) {
    es_partition best = {0};
    es_status status = find(search, corner, &best);
    *is_new = status == ES_OK && !es_mincut_has(search->sets, search->found) &&
              latency_s(&best, corner) + search->tolerance_s <
                  latency_s(&search->sets->sums[set], corner);
    corner->is_settled = !*is_new;
    return *is_new ? add(search, &best) : status;
}

/* The least latency at a point is a concave function of it: once it is right at the corners of all
 * cells, it is right everywhere. */
static es_status settle_all(struct search *search) {
    es_status status = ES_OK;
    for (size_t i = 0; i < search->sets->n && status == ES_OK;) {
        struct cell *cell = &search->cells[i];
        size_t corner = 0;
        bool is_new = false;
        while (corner < cell->n && cell->corners[corner].is_settled)
            corner++;
        if (corner == cell->n) {
            i++;
            continue;
        }
        status = settle(search, i, &cell->corners[corner], &is_new);
        if (is_new)
            i = 0;
    }
    return status;
}

/* Behind `most` nothing is better than the whole network on the device: any other set sends a
 * tensor and, where a unit takes time, computes one. */
static void bound(struct search *search) {
    const es_mincut_costs *costs = search->costs;
    double whole_s = 0, least_tail_s = ES_INFINITY, least_send_s = costs->input_s;
    for (size_t u = 1; u <= search->sets->n_units; u++) {
        whole_s += costs->device_s[u];
        if (costs->server_s[u] > 0)
            least_tail_s = fmin(least_tail_s, costs->server_s[u]);
    }
    for (size_t l = 1; l <= search->model->n_layers; l++) {
        double elems = (double)es_shape_elems(search->model->layers[l].out);
        least_send_s = fmin(least_send_s, elems * costs->s_per_elem);
    }
    search->tolerance_s = 1e-12 * whole_s;
    search->most.sending = least_send_s > 0 && whole_s > 0 ? whole_s / least_send_s : 1;
    search->most.slowdown = fmax(2, whole_s / least_tail_s);
}

es_status es_mincut_list(const es_model *model, const es_mincut_costs *costs,
                         es_mincut_sets *sets) {
    size_t n_units = model->n_cuts[costs->granularity] - 1;
    struct search search = {.model = model, .costs = costs, .sets = sets};
    *sets = (es_mincut_sets){.n_units = n_units};
    search.slowed_s = es_alloc(n_units + 1, sizeof *search.slowed_s);
    search.found = es_alloc(n_units + 1, sizeof *search.found);
    es_partition first = {0};
    es_status status = ES_NO_MEMORY;
    if (search.slowed_s != NULL && search.found != NULL) {
        bound(&search);
        status = find(&search, &search.most, &first);
    }
    if (status == ES_OK)
        status = add(&search, &first);
    if (status == ES_OK)
        status = settle_all(&search);
    for (size_t i = 0; search.cells != NULL && i < search.cells_capacity; i++)
        free(search.cells[i].corners);
    free(search.cells);
    free(search.clipped.corners);
    free(search.slowed_s);
    free(search.found);
    if (status != ES_OK)
        es_mincut_sets_fini(sets);
    return status;
}

const bool *es_mincut_set(const es_mincut_sets *sets, size_t i) {
    return sets->on_device + i * (sets->n_units + 1);
}

bool es_mincut_has(const es_mincut_sets *sets, const bool *set) {
    size_t bytes = (sets->n_units + 1) * sizeof *set;
    for (size_t i = 0; i < sets->n; i++)
        if (memcmp(es_mincut_set(sets, i), set, bytes) == 0)
            return true;
    return false;
}

void es_mincut_sets_fini(es_mincut_sets *sets) {
    free(sets->on_device);
    free(sets->sums);
    *sets = (es_mincut_sets){0};
}
