#include "parts.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 1 << 15 };

typedef struct es_trace_piece {
    es_time start, end;
    double value, measured_s;
} piece;

/* Merges `next` with the piece before it, if one cell holds both. */
static bool merge(piece *before, const piece *next, unsigned grid) {
    es_time last = next->end > next->start ? next->end - 1 : next->start;
    if (before->start >> grid != last >> grid)
        return false;
    double measured_s = before->measured_s + next->measured_s;
    if (measured_s > 0)
        before->value =
            (before->value * before->measured_s + next->value * next->measured_s) / measured_s;
    else
        before->value += next->value;
    before->measured_s = measured_s;
    before->end = next->end;
    return true;
}

static void coarsen(es_trace_parts *parts) {
    while (parts->n > MOST_PIECES / 2) {
        size_t n = 1;
        parts->grid++;
        for (size_t i = 1; i < parts->n; i++)
            if (!merge(&parts->pieces[n - 1], &parts->pieces[i], parts->grid))
                parts->pieces[n++] = parts->pieces[i];
        parts->n = n;
    }
}

es_status es_trace_parts_add(es_trace_parts *parts, es_time start, es_time end, double value) {
    piece next = {start, end, value, es_time_s(end - start)};
    if (parts->grid > 0 && merge(&parts->pieces[parts->n - 1], &next, parts->grid))
        return ES_OK;
    es_status status =
        es_reserve(&parts->pieces, &parts->capacity, parts->n + 1, sizeof *parts->pieces);
    if (status != ES_OK)
        return status;
    parts->pieces[parts->n++] = next;
    if (parts->n == MOST_PIECES)
        coarsen(parts);
    return ES_OK;
}

void es_trace_parts_means(const es_trace_parts *parts, es_time start, es_time end,
                          double means[ES_TRACE_PARTS]) {
    double measured_s[ES_TRACE_PARTS] = {0}, part_s = es_time_s(end - start) / ES_TRACE_PARTS;
    memset(means, 0, ES_TRACE_PARTS * sizeof *means);
    for (size_t i = 0; i < parts->n; i++) {
        const piece *own = &parts->pieces[i];
        double from_s = es_time_s(own->start - start), to_s = es_time_s(own->end - start);
        double share = own->measured_s / es_time_s(own->end - own->start);
        for (int k = (int)(from_s / part_s); k < ES_TRACE_PARTS && k * part_s < to_s; k++) {
            double length_s = fmin(to_s, (k + 1) * part_s) - fmax(from_s, k * part_s);
            length_s = fmax(length_s, 0) * share;
            measured_s[k] += length_s;
            means[k] += length_s * own->value;
        }
    }
    for (int k = 0; k < ES_TRACE_PARTS; k++)
        means[k] = measured_s[k] > 0 ? means[k] / measured_s[k] : ES_NAN;
}

void es_trace_parts_requests(const es_trace_parts *parts, es_time start, es_time end,
                             double requests[ES_TRACE_PARTS]) {
    double span_s = es_time_s(end - start);
    memset(requests, 0, ES_TRACE_PARTS * sizeof *requests);
    for (size_t i = 0; i < parts->n; i++) {
        double at_s = es_time_s(parts->pieces[i].start - start);
        int k = span_s > 0 ? (int)(at_s / span_s * ES_TRACE_PARTS) : 0;
        requests[k < ES_TRACE_PARTS ? k : ES_TRACE_PARTS - 1] += parts->pieces[i].value;
    }
}

void es_trace_parts_fini(es_trace_parts *parts) {
    free(parts->pieces);
}
