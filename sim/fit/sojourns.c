#include "fitter.h"

#include <math.h>

static size_t state_of(const es_sojourns *sojourns, double value) {
    size_t s = 0;
    while (s + 1 < sojourns->n_states && value > sojourns->limits[s])
        s++;
    return s;
}

/* Means and deviations, from the first value of each state on: exact where it is the only one. */
static void add_levels(const es_fit_data *data, es_sojourns *sojourns) {
    for (size_t i = 0; i < data->n_values;) {
        size_t s = state_of(sojourns, data->values[i]);
        double first = data->values[i], share = 0, sum = 0, squares = 0;
        for (; i < data->n_values && state_of(sojourns, data->values[i]) == s; i++) {
            double off = data->values[i] - first;
            share += data->shares[i];
            sum += data->shares[i] * off;
            squares += data->shares[i] * off * off;
        }
        double shift = sum / share;
        sojourns->levels[s] = first + shift;
        sojourns->deviations[s] = sqrt(fmax(squares / share - shift * shift, 0));
    }
}

void es_fit_sojourns(const es_fit_data *data, es_sojourns *sojourns) {
    const es_trace *trace = data->trace;
    add_levels(data, sojourns);
    size_t first = ES_FIT_MAX_STATES, state = first;
    for (size_t i = 0; i <= trace->n; i++) {
        if (i < trace->n && trace->marks != NULL && (trace->marks[i] & ES_MARK_MISSING) != 0)
            continue;
        size_t next = i < trace->n ? state_of(sojourns, trace->values[i]) : first;
        if (state == ES_FIT_MAX_STATES)
            first = next;
        else if (next != state) {
            sojourns->n_exits[state]++;
            sojourns->n_jumps[state][next]++;
        }
        state = next;
        if (i < trace->n)
            sojourns->times_s[state] += es_time_s(trace->times[i + 1] - trace->times[i]);
    }
}
