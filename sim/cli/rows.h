/* Tables that commands print for people, as CSV or as JSON. */
#ifndef SIM_CLI_ROWS_H
#define SIM_CLI_ROWS_H

#include "edgesplit/options.h"
#include "edgesplit/records.h"

/* What --csv and --json ask for. ES_USAGE: both. */
es_status choose_form(const es_arguments *arguments, es_records_form *form, es_errors *errors);

/* Prints rows, and for people the lines `above` and `below` them; frees all three. ES_NO_MEMORY. */
es_status print_rows(es_records *records, es_records_form form, es_text *above, es_text *below,
                     es_errors *errors);

#endif
