/* What the parts of the joined file share (private). */
#ifndef SIM_RECORDER_CUBE_PARTS_H
#define SIM_RECORDER_CUBE_PARTS_H

#include "edgesplit/cube.h"
#include "edgesplit/file.h"
#include "netcdf.h"

/* What comes behind the dimensions of the runs. */
enum { N_TABLES = 7 };

/* The group /per_step. */
typedef struct cube_steps {
    hid_t group;
    nc_dimension axes[ES_CUBE_MAX_AXES], policy, step;
    nc_spec specs[ES_N_COLUMNS];
    bool has[ES_N_COLUMNS];      /* columns of some table that came, or of all */
    hid_t columns[ES_N_COLUMNS]; /* while tables are copied */
    es_block *block;             /* what is copied */
} cube_steps;

struct es_cube {
    const es_cube_layout *layout;
    es_publication publication;
    netcdf nc;
    nc_dimension axes[ES_CUBE_MAX_AXES];
    nc_dimension policy, baseline, cut, station;
    hid_t figures[ES_N_SUMMARY], half_widths[ES_N_SUMMARY], n_steps, tables[N_TABLES], state;
    cube_steps steps;
};

/* What went wrong with the file. */
es_status cube_failure(es_cube *cube, es_errors *errors);

/* Defines the dimensions of the runs and the further coordinates in a group. */
void cube_define_axes(es_cube *cube, hid_t group, nc_dimension axes[ES_CUBE_MAX_AXES]);

/* Names the coordinates of a variable that are no dimensions: `first` ("": none), and those of the
 * runs. */
void cube_add_coordinates(es_cube *cube, hid_t variable, const char *first);

/* Begins the group /per_step; defines the variables where tables only are referred to; frees what
 * it needed. Failures are those of the file. */
void cube_begin_steps(es_cube *cube);
void cube_end_steps(es_cube *cube);
void cube_close_steps(es_cube *cube);

#endif
