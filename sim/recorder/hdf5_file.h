/* The result file while it grows: its variables and what is written into them block by block
 * (private). analysis/FORMAT.md is its description. */
#ifndef SIM_RECORDER_HDF5_FILE_H
#define SIM_RECORDER_HDF5_FILE_H

#include "netcdf.h"
#include "writer.h"

typedef struct result_file {
    const es_run_record *record;
    netcdf nc;
    bool replicated; /* there is a dimension for replications in front */
    nc_dimension replication, policy, step;
    hid_t columns[ES_N_COLUMNS];
    nc_dimension series_replication, series_policy, station, time;
    hid_t utilisation, queue_length, uplink_rate, server_load;
    struct read_back *read_back; /* NULL until something was read */
} result_file;

/* Creates the file with all that is known before the first step; `file->nc.failed` if that fails.
 * The record is borrowed. */
void file_create(result_file *file, const es_run_record *record, const char *path);

/* Writes a block's (replication and) policy into the first indices of a box; returns how many they
 * are. */
int file_lead(const result_file *file, const writer_entry *what, hsize_t *start);

/* Writes a block, what is there of its replication and policy before it or not. */
void file_write(result_file *file, const writer_job *job);

/* Reads back what a block wrote, and tells it by `job->what`: bytes as they are in the file. */
void file_read(result_file *file, writer_job *job);

/* Reads steps of a column of doubles. */
void file_read_column(result_file *file, es_column column, size_t replication, size_t policy,
                      uint64_t first, size_t n, double *values);

/* Frees what reading needs. */
void file_forget(result_file *file);

/* Writes what is known after the last step: coordinates and figures. */
void file_finish(result_file *file, const es_summary *summary);

/* The groups `summary` and, of several replications, `replications`. */
void summary_put(netcdf *nc, const es_run_record *record, const es_summary *summary);

#endif
