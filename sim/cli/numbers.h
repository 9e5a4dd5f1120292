/* Quantities on the command line. */
#ifndef SIM_CLI_NUMBERS_H
#define SIM_CLI_NUMBERS_H

#include "edgesplit/options.h"
#include "edgesplit/units.h"

/* Reads the value of an option, at least `least`; leaves `*value` as it is without one. ES_USAGE.
 */
es_status parse_number(const es_arguments *arguments, const char *option, es_dimension dimension,
                       double least, double *value, es_errors *errors);

/* Creates the list of rising numbers from `least` to `most` that an option has; without one `*n`
 * and
 * `*values` stay as they are. ES_USAGE, ES_NO_MEMORY. */
es_status parse_list(const es_arguments *arguments, const char *option, es_dimension dimension,
                     double least, double most, double **values, size_t *n, es_errors *errors);

#endif
