/* What a result says besides the steps: cuts, inputs, variables of a study (private). */
#ifndef SIM_RECORDER_CONTEXT_H
#define SIM_RECORDER_CONTEXT_H

#include "edgesplit/recorder.h"
#include "netcdf.h"

/* ES_INVALID: a variable of the study has a name that the result uses itself. */
ES_NODISCARD es_status context_check(const es_run_record *record, const char *path,
                                     es_errors *errors);

/* Scalars, so that results of a study can be joined along them. */
void context_put_parameters(netcdf *nc, const es_run_record *record);

/* Creates the names that every column but arrival_time has as its coordinates; the file is marked
 * as failed if they cannot be made. */
char *context_coordinates(netcdf *nc, const es_run_record *record);

/* Of a run with several devices: their groups. */
void context_put_groups(netcdf *nc, const es_run_record *record);

void context_put_cuts(netcdf *nc, const es_run_record *record);
void context_put_inputs(netcdf *nc, const es_run_record *record);

#endif
