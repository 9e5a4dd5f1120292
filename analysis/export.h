/* The parts of the report `export`. */
#ifndef ANALYSIS_EXPORT_H
#define ANALYSIS_EXPORT_H

#include "edgesplit/text.h"
#include "result.h"

/* Columns of a step that a trace is made of. */
enum {
    EXPORT_ARRIVAL,
    EXPORT_BATCH,
    EXPORT_CUT,
    EXPORT_HEAD,
    EXPORT_DEVICE_QUEUE,
    EXPORT_UPLINK_QUEUE,
    EXPORT_UPLINK,
    EXPORT_BYTES,
    EXPORT_SERVER_QUEUE,
    EXPORT_TAIL,
    EXPORT_DOWNLINK,
    EXPORT_RATE_TRUE,
    EXPORT_LOAD_TRUE,
    EXPORT_STATUS,
    EXPORT_BACKHAUL_QUEUE, /* and what follows: of three tiers only */
    EXPORT_BACKHAUL,
    EXPORT_BACKHAUL_BYTES,
    EXPORT_CLOUD_QUEUE,
    EXPORT_CLOUD,
    EXPORT_N_COLUMNS
};

/* "completed", ... of a status; "-" if there is no such. */
const char *es_export_status(double status);

/* What a Chrome trace has to remember between requests: until when each lane is taken. */
enum { EXPORT_N_STATIONS = 6, EXPORT_MOST_LANES = 32 };
typedef struct es_export_lanes {
    int64_t free_ns[EXPORT_N_STATIONS][EXPORT_MOST_LANES]; /* of the policy in hand */
    size_t n[EXPORT_N_STATIONS];
} es_export_lanes;

/* Append the begin of a trace with the names of the policies; the slices of one step, row
 * [EXPORT_N_COLUMNS] (0 in the columns that it does not have); and the end. `with_state`: its rate
 * and load too. */
void es_export_trace_begin(const es_result *result, es_text *text);
void es_export_trace_step(const es_result *result, size_t policy, size_t step, const double *row,
                          bool with_state, es_export_lanes *lanes, es_text *text);
void es_export_trace_end(es_text *text);

#endif
