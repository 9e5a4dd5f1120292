/* The columns of a block, as the file names and stores them (private). */
#ifndef SIM_RECORDER_COLUMNS_H
#define SIM_RECORDER_COLUMNS_H

#include "edgesplit/recorder.h"
#include "netcdf.h"

struct column {
    const char *name, *units, *long_name;
    size_t offset, size; /* in es_block, of one value */
    bool is_double;
};

extern const struct column columns[ES_N_COLUMNS];

/* Whether only some results have the column: those of several devices, of three tiers, or of
 * networks with exits. */
bool column_is_optional(size_t c);

/* Whether a run's result has the column. */
bool column_is_kept(size_t c, const es_run_record *record);

/* Whether the summary of runs with or without a cloud, and exits, has a figure. */
bool figure_is_kept(size_t f, bool has_cloud, bool has_exits);

/* Value of a column in rows that hold no request, of columns[c].size bytes: NaN, split_index -1,
 * status ES_STEP_PADDING, of other integers 0. */
const void *column_padding(size_t c);

/* HDF5's native type of its values. */
hid_t column_type(size_t c);

/* Says in the file what the values of the column `status` mean. */
void column_describe_status(netcdf *nc, hid_t status);

#endif
