/* Quantities: the text "20Mbit/s" to a double in SI units and back. The units are the table
 * units.def. */
#ifndef EDGESPLIT_UNITS_H
#define EDGESPLIT_UNITS_H

#include "edgesplit/text.h"

/* What a number measures; its SI unit is in the comment. */
typedef enum es_dimension {
    ES_DIM_TIME,      /* s */
    ES_DIM_DATA,      /* bytes */
    ES_DIM_DATA_RATE, /* bit/s */
    ES_DIM_FREQUENCY, /* events/s */
    ES_DIM_POWER,     /* W */
    ES_DIM_RATIO,     /* 1; a bare number or percent */
    ES_DIM_COUNT,     /* whole number, no unit */
    ES_N_DIMENSIONS
} es_dimension;

/* Reads one number with its unit, with or without a space between them ("20Mbit/s", "33 ms", "5%").
 * The unit is required except for ratios and counts. ES_INVALID: `*value` is untouched and
 * `*expected` (if not NULL) lends a constant text of what would be right, e.g. "a time with its
 * unit (s, ns, us, ms, min, h, d)". */
ES_NODISCARD es_status es_parse_quantity(es_slice text, es_dimension dimension, double *value,
                                         const char **expected);

/* Reads a list with one unit at its end or a unit on each entry: "1, 2, 5..10 step 2 MB/s", "10ms,
 * 1s". Ranges include both ends where the step lands on the end; the default step is 1 of the unit.
 * Creates `*values`
 * [*n_values], at least one; at most ES_LIST_MAX. ES_INVALID as above, ES_NO_MEMORY. */
enum { ES_LIST_MAX = 1000000 };
ES_NODISCARD es_status es_parse_quantities(es_slice text, es_dimension dimension, double **values,
                                           size_t *n_values, const char **expected);

/* Lends the symbol of a dimension's SI unit: "bit/s"; "1" of ratios and counts. */
const char *es_dimension_unit(es_dimension dimension);

/* Appends the value with the dimension's SI unit, shortest exact digits: "2e+07bit/s". */
void es_text_add_quantity(es_text *text, double value, es_dimension dimension);

#endif
