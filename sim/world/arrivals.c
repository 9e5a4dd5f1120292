/* When requests arrive, and what they bring. */
#include "internal.h"

#include <math.h>

static es_time draw_gap(es_world *world, const struct group *group, size_t device) {
    return nearest(group->period_ns * es_exponentials_next(world->gaps, device));
}

/* Periodic arrivals are multiples of the period, so that no rounding adds up. */
static es_time periodic(const struct group *group, size_t device, uint64_t i) {
    double phase = (double)(device - group->first_device) / (double)group->config->n_devices;
    return llround(((double)i + phase) * group->period_ns);
}

es_time arrival_first(es_world *world, struct group *group, size_t device) {
    const es_arrival_list *list = &group->config->arrivals;
    if (list->n > 0)
        return device == group->first_device ? list->times[0] : ES_TIME_NEVER;
    return group->config->poisson ? draw_gap(world, group, device) : periodic(group, device, 0);
}

es_time list_next(const es_arrival_list *list, struct list_place *place) {
    if (++place->i == list->n) {
        if (list->period_ns == 0)
            return ES_TIME_NEVER;
        place->i = 0;
        place->round += list->period_ns;
    }
    return place->round + list->times[place->i];
}

/* The exit that a request takes by itself. */
static uint32_t draw_exit(const struct group *group, size_t device) {
    const es_exit_network *exits = group->exits;
    double u = gsl_rng_uniform(&group->exit_draws[device - group->first_device].gsl);
    uint32_t exit = 0;
    while (exit < exits->n_exits && u >= exits->probability[exit])
        u -= exits->probability[exit++];
    return exit;
}

void arrival_describe(es_world *world, struct group *group, size_t i_device, es_time at,
                      struct arrival *arrival) {
    const es_group *config = group->config;
    struct device *device = &world->devices[i_device];
    *arrival = (struct arrival){.at = at, .deadline_ns = config->deadline_ns};
    if (config->n_batches > 1) /* a division takes longer than all else */
        arrival->batch_index = (uint32_t)(device->n_arrivals % config->n_batches);
    if (group->exits != NULL)
        arrival->batch_index = draw_exit(group, i_device);
    device->n_arrivals++;
}

es_time arrival_take(es_world *world, struct group *group, size_t i_device, es_time at,
                     struct arrival *arrival) {
    const es_arrival_list *list = &group->config->arrivals;
    const struct device *device = &world->devices[i_device];
    arrival_describe(world, group, i_device, at, arrival);
    if (list->n == 0)
        return group->config->poisson ? at + draw_gap(world, group, i_device)
                                      : periodic(group, i_device, device->n_arrivals);
    if (list->batch_index != NULL && group->exits == NULL)
        arrival->batch_index = list->batch_index[group->place.i];
    if (list->deadlines_ns != NULL)
        arrival->deadline_ns = list->deadlines_ns[group->place.i];
    return list_next(list, &group->place);
}
