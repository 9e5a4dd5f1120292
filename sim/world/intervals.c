#include "intervals.h"

#include <string.h>

void intervals_add(struct intervals *intervals, es_station station, enum measure measure,
                   es_time from, es_time to) {
    const size_t n = ES_SERIES_SAMPLES;
    struct spilled *spilled = intervals->spilled[station][measure];
    es_time begin = from > intervals->start ? from - intervals->start : 0;
    es_time end = to > intervals->start ? to - intervals->start : 0;
    if (begin >= end || (size_t)(begin / intervals->period) >= n)
        return;
    size_t first = (size_t)(begin / intervals->period);
    size_t last = (size_t)(end / intervals->period);
    es_time behind = end % intervals->period;
    if (last >= n) {
        last = n;
        behind = 0;
    }
    /* all of the intervals from the first on, less what lies before, and a part of the last one */
    spilled[first].part -= begin % intervals->period;
    spilled[first].whole++;
    spilled[last].whole--;
    spilled[last].part += behind;
}

void intervals_next(struct intervals *intervals, const es_world *world) {
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        const struct kind *kind = &world->open->kinds[s];
        const es_work sums[N_MEASURES] = {[MEASURE_AREA] = kind->area, [MEASURE_BUSY] = kind->busy};
        for (size_t m = 0; m < N_MEASURES; m++) {
            intervals->spilled[s][m][intervals->i].part += sums[m] - intervals->booked[s][m];
            intervals->booked[s][m] = sums[m];
        }
    }
    intervals->i++;
}

/* Means over interval `i`, with what all of them before have in hand. */
static void fill_means(const struct intervals *intervals, const es_world *world, size_t s, size_t i,
                       int64_t whole[N_MEASURES]) {
    es_series *series = world->open->series;
    es_time period = intervals->period;
    es_work sums[N_MEASURES];
    for (size_t m = 0; m < N_MEASURES; m++) {
        const struct spilled *spilled = &intervals->spilled[s][m][i];
        whole[m] += spilled->whole;
        sums[m] = spilled->part + (es_work)whole[m] * period;
    }
    series->utilisation[s][i] =
        (double)sums[MEASURE_BUSY] / ((double)period * (double)world->open->kinds[s].n_stations);
    series->queue_length[s][i] = (double)sums[MEASURE_AREA] / (double)period;
}

es_status intervals_hand_over(struct intervals *intervals, es_world *world, size_t n) {
    const es_world_config *config = &world->config;
    es_series *series = world->open->series;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        int64_t whole[N_MEASURES] = {0};
        for (size_t i = 0; i < n; i++)
            fill_means(intervals, world, s, i, whole);
    }
    for (size_t i = 0; i < n; i++)
        series_show_rates(world, i, intervals->start + (es_time)(i + 1) * intervals->period);
    series->n = n;
    intervals->start += (es_time)n * intervals->period;
    intervals->i = 0;
    memset(intervals->spilled, 0, sizeof intervals->spilled);
    return config->series(config->context, series);
}
