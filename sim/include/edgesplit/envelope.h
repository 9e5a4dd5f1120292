/* The lower envelope of straight lines: which of them is lowest where, exactly. */
#ifndef EDGESPLIT_ENVELOPE_H
#define EDGESPLIT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* value(x) = at_zero + slope * x; a line with at_zero INFINITY or NaN is left out. */
typedef struct es_line {
    double at_zero, slope;
} es_line;

/* Where a line is the lowest. */
typedef struct es_envelope_piece {
    size_t line;
    double from, to;
} es_envelope_piece;

/* Finds the pieces of the lower envelope of `lines` [n] on from <= x <= to (`to` may be INFINITY)
 * into `pieces` [n], ascending in x and so falling in slope; returns how many, 0 if all lines are
 * left out. Each border is the one division (difference of at_zero) / (difference of slope) of the
 * two lines that meet there. Of equal lines the last one counts. O(n * pieces), no allocation. */
size_t es_envelope_lower(size_t n, const es_line *lines, double from, double to,
                         es_envelope_piece *pieces);

/* Narrows *from .. *to to where all lines [n] are above 0; false if that is nowhere. O(n). */
bool es_envelope_positive(size_t n, const es_line *lines, double *from, double *to);

#endif
