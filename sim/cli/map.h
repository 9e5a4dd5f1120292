/* The parts of the command `map`. */
#ifndef SIM_CLI_MAP_H
#define SIM_CLI_MAP_H

#include "edgesplit/cutmap.h"
#include "edgesplit/records.h"

typedef enum map_candidates {
    MAP_COMPRESSIVE,
    MAP_NATURAL,
    MAP_SINGLE_TENSOR,
    MAP_ALL
} map_candidates;

typedef struct map_request {
    es_granularity granularity;
    map_candidates candidates;
    bool privacy, residual_blocks_only;
    double input_bytes, feature_bytes, header_bytes, delay_s;
    double rate_from_bps, rate_to_bps, resolution;
    size_t n_batches, n_loads;
    int64_t *batches; /* [n_batches], owned; 0: those that both profiles hold */
    double *loads;    /* [n_loads], owned */
} map_request;

/* Rows for programs, or the text for people. */
typedef struct map_report {
    es_records_form form;
    es_records records;
    es_text text;
} map_report;

void map_report_init(map_report *report, es_records_form form);
void map_report_fini(map_report *report);
es_status map_report_print(const map_report *report, es_errors *errors);

/* Adds the map of one network. ES_INVALID, ES_NO_MEMORY. */
es_status map_add(map_report *report, const map_request *request, const es_model *model,
                  const es_profile *device, const es_profile *server, es_errors *errors);

/* Adds the maps of the paper's networks that have profiles in a folder (NULL: those that ship), and
 * says which have none. ES_INVALID: no network has any. */
es_status map_paper(const char *folder, const map_request *request, map_report *report,
                    es_errors *errors);

/* The networks of the paper; ends with NULL. */
extern const char *const paper_networks[];

#endif
