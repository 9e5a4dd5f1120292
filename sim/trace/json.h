/* JSON by jansson, one value after the other, so that each mistake has its line (private). */
#ifndef SIM_TRACE_JSON_H
#define SIM_TRACE_JSON_H

#include "format.h"

#include <jansson.h>

/* Parses the value in front of the reader's rest, cuts it off and counts its lines. Creates
 * `*value`, or leaves it NULL after a mistake, behind which nothing can be read. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_json_next(es_trace_reader *reader, json_t **value);

/* Cuts white space and then `wanted` off the reader's rest; false if something else stands there.
 */
bool es_trace_json_skip(es_trace_reader *reader, char wanted);

/* The finite number that a member of an object is, or false and a mistake of the line read last. */
bool es_trace_json_number(es_trace_reader *reader, const json_t *object, const char *name,
                          double *number);

#endif
