#include "edgesplit/rate.h"

#include "edgesplit/alloc.h"

#include <stdbool.h>

typedef struct piece {
    es_work work; /* done from 0 to `start` */
    es_time start;
    int64_t rate;
} piece;

/* The piece behind the last one starts at the end of the pass and lasts for ever: with the last
 * rate (hold), with 0 (stop), or never reached (loop, where times and work count from the start of
 * the pass in hand). A constant function has no other piece. */
struct es_rate {
    size_t n;
    bool loops;
    piece pieces[]; /* [n + 1] */
};

/* More than any rate function does in the range of es_time. */
#define MOST_WORK ((es_work)ES_RATE_MAX * ES_TIME_NEVER)

static es_rate *allocate(size_t n) {
    if (n > PTRDIFF_MAX / sizeof(piece) - 2)
        return NULL;
    return es_alloc(1, sizeof(es_rate) + (n + 1) * sizeof(piece));
}

static bool is_valid(size_t n_pieces, const es_time *starts, const int64_t *rates) {
    if (n_pieces == 0 || starts[0] != 0)
        return false;
    bool any_positive = false;
    for (size_t i = 0; i < n_pieces; i++) {
        if (starts[i + 1] <= starts[i] || rates[i] < 0 || rates[i] > ES_RATE_MAX)
            return false;
        any_positive = any_positive || rates[i] > 0;
    }
    return any_positive;
}

es_status es_rate_create(size_t n_pieces, const es_time *starts, const int64_t *rates,
                         es_at_end at_end, es_rate **rate) {
    if (!is_valid(n_pieces, starts, rates))
        return ES_INVALID;
    es_rate *created = allocate(n_pieces);
    if (created == NULL)
        return ES_NO_MEMORY;
    es_work work = 0;
    size_t n = 0;
    for (size_t i = 0; i < n_pieces; i++) {
        if (i == 0 || rates[i] != rates[i - 1])
            created->pieces[n++] = (piece){work, starts[i], rates[i]};
        work += (es_work)rates[i] * (starts[i + 1] - starts[i]);
    }
    int64_t rate_behind = at_end == ES_AT_END_HOLD ? rates[n_pieces - 1] : 0;
    created->pieces[n] = (piece){work, starts[n_pieces], rate_behind};
    created->n = n;
    created->loops = at_end == ES_AT_END_LOOP;
    *rate = created;
    return ES_OK;
}

es_status es_rate_create_constant(int64_t value, es_rate **rate) {
    if (value <= 0 || value > ES_RATE_MAX)
        return ES_INVALID;
    es_rate *created = allocate(0);
    if (created == NULL)
        return ES_NO_MEMORY;
    created->pieces[0].rate = value;
    *rate = created;
    return ES_OK;
}

void es_rate_destroy(es_rate *rate) {
    free(rate);
}

#pragma GCC poison malloc calloc realloc free es_alloc es_reserve

/* The start of the pass that `at` lies in; 0 if the function does not loop. */
static es_time pass_start(const es_rate *rate, es_time at) {
    es_time span = rate->pieces[rate->n].start;
    return rate->loops && at >= span ? at - at % span : 0;
}

static bool is_reached(const piece *candidate, es_time at, es_work target) {
    return candidate->start <= at && candidate->work < target;
}

/* The last piece that starts at or before `at` and has less than `target` done before it: gallops
 * up from `hint` (or from 0, where the hint is too far), then halves. */
static size_t find_piece(const es_rate *rate, size_t hint, es_time at, es_work target) {
    const piece *pieces = rate->pieces;
    size_t low = hint <= rate->n && is_reached(&pieces[hint], at, target) ? hint : 0;
    size_t step = 1;
    while (step <= rate->n - low && is_reached(&pieces[low + step], at, target)) {
        low += step;
        step *= 2;
    }
    size_t high = step <= rate->n - low ? low + step : rate->n + 1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (is_reached(&pieces[middle], at, target))
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t find_by_time(const es_rate *rate, size_t hint, es_time at) {
    const piece *pieces = rate->pieces;
    bool begun = hint <= rate->n && pieces[hint].start <= at;
    if (begun && (hint == rate->n || at < pieces[hint + 1].start))
        return hint;
    return find_piece(rate, hint, at, MOST_WORK + 1);
}

/* Work done from the start of its pass to `at`, which lies in that piece. */
static es_work work_in_pass(const piece *holder, es_time at) {
    return holder->work + (es_work)holder->rate * (at - holder->start);
}

int64_t es_rate_at(const es_rate *rate, es_rate_cursor *cursor, es_time at) {
    ES_REQUIRE(at >= 0);
    cursor->piece = find_by_time(rate, cursor->piece, at - pass_start(rate, at));
    return rate->pieces[cursor->piece].rate;
}

int64_t es_rate_piece_at(const es_rate *rate, es_rate_cursor *cursor, es_time at, es_time *from,
                         es_time *until) {
    ES_REQUIRE(at >= 0);
    es_time begun = pass_start(rate, at);
    size_t i = cursor->piece = find_by_time(rate, cursor->piece, at - begun);
    const piece *pieces = rate->pieces;
    *from = begun + pieces[i].start;
    *until = ES_TIME_NEVER;
    if (i < rate->n && pieces[i + 1].start < ES_TIME_NEVER - begun)
        *until = begun + pieces[i + 1].start;
    return pieces[i].rate;
}

/* Work done from 0 to `at`. */
static es_work work_until(const es_rate *rate, es_time at) {
    const piece *end = &rate->pieces[rate->n];
    es_time begun = pass_start(rate, at);
    es_time in_pass = at - begun;
    es_work work = work_in_pass(&rate->pieces[find_by_time(rate, 0, in_pass)], in_pass);
    return begun > 0 ? work + begun / end->start * end->work : work;
}

es_work es_rate_integral(const es_rate *rate, es_time from, es_time to) {
    ES_REQUIRE(0 <= from && from <= to);
    return work_until(rate, to) - work_until(rate, from);
}

/* from + work / rate, rounded up, for work > 0. */
static es_time finish_at_rate(es_work from, es_work work, int64_t rate) {
    if (rate == 0)
        return ES_TIME_NEVER;
    /* Dividing 128 bits takes several times as long as 64. */
    es_work whole = work <= INT64_MAX ? ((int64_t)work - 1) / rate : (work - 1) / rate;
    es_work finish = from + whole + 1;
    return finish < ES_TIME_NEVER ? (es_time)finish : ES_TIME_NEVER;
}

/* The finish of work that is begun in piece `first` of the pass from `begun`, wherever it is. */
static es_time finish_anywhere(const es_rate *rate, es_time begun, size_t first, es_time from,
                               es_work work) {
    const piece *pieces = rate->pieces, *end = &pieces[rate->n];
    if (work > MOST_WORK)
        return ES_TIME_NEVER;
    es_work passes = 0, target = work_in_pass(&pieces[first], from - begun) + work;
    if (rate->loops && target > end->work) {
        passes = (target - 1) / end->work;
        if (passes > ES_TIME_NEVER)
            return ES_TIME_NEVER;
        target -= passes * end->work;
    }
    size_t last = find_piece(rate, passes > 0 ? 0 : first, ES_TIME_NEVER, target);
    es_work start = begun + passes * end->start + pieces[last].start;
    return finish_at_rate(start, target - pieces[last].work, pieces[last].rate);
}

es_time es_rate_finish(const es_rate *rate, es_rate_cursor *cursor, es_time from, es_work work) {
    ES_REQUIRE(from >= 0 && work >= 0);
    if (work == 0)
        return from;
    es_time begun = pass_start(rate, from), left = ES_TIME_NEVER - from;
    size_t first = find_by_time(rate, cursor->piece, from - begun);
    const piece *at = &rate->pieces[first];
    cursor->piece = first;
    if (first < rate->n && at[1].start - (from - begun) < left)
        left = at[1].start - (from - begun);
    if (work <= INT64_MAX && at->rate > 0) { /* mostly it is done before the rate changes */
        int64_t needed = ((int64_t)work - 1) / at->rate + 1;
        if (needed <= left)
            return from + needed;
    }
    return finish_anywhere(rate, begun, first, from, work);
}

double es_rate_mean(const es_rate *rate) {
    const piece *end = &rate->pieces[rate->n];
    return rate->n > 0 ? (double)end->work / (double)end->start : (double)end->rate;
}

int64_t es_rate_max(const es_rate *rate) {
    int64_t most = rate->n == 0 ? rate->pieces[0].rate : 0;
    for (size_t i = 0; i < rate->n; i++)
        most = rate->pieces[i].rate > most ? rate->pieces[i].rate : most;
    return most;
}

es_time es_rate_span(const es_rate *rate) {
    return rate->pieces[rate->n].start;
}

size_t es_rate_n_pieces(const es_rate *rate) {
    return rate->n > 0 ? rate->n : 1;
}
