/* Rate functions: how fast work is done over time, piecewise constant and non-negative. Link
 * bandwidth and server capacity are both rate functions; "when is this work done?" is an inverse
 * integral.
 *
 * Everything is integer arithmetic, hence exact: a rate is a whole number of units per second, a
 * time a whole number of nanoseconds, and work is counted in unit-nanoseconds (1 unit of work =
 * ES_SECOND of these). Adjacent pieces of equal rate are merged, so splitting a piece changes
 * nothing. Only the end of a piece of work is rounded, up, to the nanosecond by which it is
 * certainly done. */
#ifndef EDGESPLIT_RATE_H
#define EDGESPLIT_RATE_H

#include "edgesplit/time.h"

#include <stddef.h>

/* Work in unit-nanoseconds: bits * 1e9 for a link; nominal service nanoseconds * 1e9 for a server,
 * whose full capacity is the rate ES_FULL_CAPACITY. */
__extension__ typedef __int128 es_work;

#define ES_FULL_CAPACITY INT64_C(1000000000)

/* What a rate function does behind the end of its last piece. The table is its names in files. */
typedef enum es_at_end {
    ES_AT_END_LOOP, /* starts again from its beginning */
    ES_AT_END_HOLD, /* keeps the last rate for ever */
    ES_AT_END_STOP, /* is 0 for ever */
} es_at_end;

typedef struct es_rate es_rate;

/* Creates a rate function from `n_pieces` pieces: piece i has rate `rates[i]` (0 .. ES_RATE_MAX
 * units per second) from `starts[i]` until `starts[i + 1]` (strictly rising; n_pieces + 1 times,
 * the first is 0, the last the end). ES_INVALID: no piece, times that do not rise or do not start
 * at 0, a rate out of range, or no positive rate at all. ES_NO_MEMORY. O(n_pieces) time, 32 bytes a
 * piece. */
#define ES_RATE_MAX INT64_C(1000000000000000)
ES_NODISCARD es_status es_rate_create(size_t n_pieces, const es_time *starts, const int64_t *rates,
                                      es_at_end at_end, es_rate **rate);

/* Creates the function that is `value` (> 0) at all times. */
ES_NODISCARD es_status es_rate_create_constant(int64_t value, es_rate **rate);

void es_rate_destroy(es_rate *rate);

/* A hint where the last question was answered; zero-initialise. It makes questions at rising times
 * O(1) amortised; the answers do not depend on it. */
typedef struct es_rate_cursor {
    size_t piece;
} es_rate_cursor;

/* The rate at time `at` >= 0, the right-hand limit where it jumps. O(log n) or O(1) with the cursor
 * near. */
int64_t es_rate_at(const es_rate *rate, es_rate_cursor *cursor, es_time at);

/* The same, with when the piece it belongs to begins and ends: it is the rate at all times from
 * `*from` on and before `*until` (ES_TIME_NEVER: for ever). */
int64_t es_rate_piece_at(const es_rate *rate, es_rate_cursor *cursor, es_time at, es_time *from,
                         es_time *until);

/* Work done on [from, to], 0 <= from <= to. Exact. O(log n). */
es_work es_rate_integral(const es_rate *rate, es_time from, es_time to);

/* The earliest whole nanosecond by which `work` (>= 0), begun at `from`, is done; `from` itself for
 * no work. ES_TIME_NEVER if it never is (rate 0 for ever, or beyond the range of es_time). A rate
 * of 0 stalls the work. O(log n), O(pieces crossed) with the cursor near. */
es_time es_rate_finish(const es_rate *rate, es_rate_cursor *cursor, es_time from, es_work work);

/* Time-weighted mean over one pass of the pieces, in units per second. */
double es_rate_mean(const es_rate *rate);

/* Largest rate of any piece. O(n). */
int64_t es_rate_max(const es_rate *rate);

/* Length of one pass of the pieces: 0 for a constant function. */
es_time es_rate_span(const es_rate *rate);

/* Number of pieces after merging. */
size_t es_rate_n_pieces(const es_rate *rate);

#endif
