/* Profiles: measured (or scaled, or modelled) times of one network on one device at one setting,
 * with provenance.
 *
 * The file is text (analysis of its grammar: kernels/PROFILE.md): `# key: value` lines, a CSV
 * header, one row per layer, head, tail or whole network and batch size. */
#ifndef EDGESPLIT_PROFILE_H
#define EDGESPLIT_PROFILE_H

#include "edgesplit/model.h"

#include "edgesplit/file.h"

typedef enum es_profile_kind {
    ES_PROFILE_LAYER, /* time of unit `index` (1 .. units) */
    ES_PROFILE_HEAD,  /* units 1 .. `index`, timed whole */
    ES_PROFILE_TAIL,  /* units `index` + 1 .. end, timed whole */
    ES_PROFILE_WHOLE, /* the whole network; `index` is 0 */
} es_profile_kind;

/* Lends "layer", "head", "tail" or "whole". */
const char *es_profile_kind_text(es_profile_kind kind);

typedef struct es_profile_row {
    es_profile_kind kind;
    size_t index; /* in units of the profile's granularity */
    const char *name, *op;
    int64_t batch; /* images per pass, >= 1 */
    int64_t n;     /* samples behind the figures, >= 1 */
    double median_s, p05_s, p95_s, min_s, mean_s,
        std_s;         /* all but the median may be NaN: not known */
    int64_t out_elems; /* elements per image of the unit's output, or that cross the cut; 0: not
                          known */
} es_profile_row;

typedef struct es_provenance {
    const char *key, *value;
} es_provenance;

typedef struct es_profile {
    const char *path;            /* as it was opened; for messages */
    char sha256[ES_SHA256_TEXT]; /* of the file's bytes */
    const char *model;           /* provenance `model`: the network's name */
    const char *kind;            /* provenance `kind`: measured | scaled | modelled */
    int64_t resolution;          /* provenance `resolution`: pixels per side; 0 if absent */
    es_granularity granularity;  /* provenance `granularity`: what `index` counts */
    size_t n_provenance;
    const es_provenance *provenance; /* every `# key: value` line, in file order */
    size_t n_rows;
    const es_profile_row *rows;          /* [n_rows] in file order */
    const es_profile_row *const *sorted; /* [n_rows] the same by (kind, index, batch); NULL in a
                                            profile put together by hand */
} es_profile;

/* Reads and checks a profile: required provenance (model, kind, granularity), header, every row a
 * finite positive median (a 0 is allowed for tails and heads), no row twice. Creates `*profile`.
 * ES_NO_INPUT, ES_INVALID (every mistake of the file, with its line), ES_NO_MEMORY. O(file size).
 */
ES_NODISCARD es_status es_profile_load(const char *path, es_profile **profile, es_errors *errors);
void es_profile_destroy(es_profile *profile);

/* Writes a profile in the file format; the same profile gives the same bytes. Model, kind,
 * granularity and resolution are written from their fields, whatever `provenance` says of them.
 * Medians must be finite and not negative. ES_INVALID: a text that the format cannot hold (a line
 * break; a comma or quote in a row; an empty key or a colon in one); ES_CANT_CREATE, ES_IO,
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_profile_save(const es_profile *profile, const char *path, bool replace,
                                       es_errors *errors);

/* Finds the value of a provenance key; NULL if absent. */
const char *es_profile_provenance(const es_profile *profile, const char *key);

/* Checks that a profile belongs to a model: same name, same resolution where both are known,
 * indices inside the model's units. ES_INVALID with a record naming both. */
ES_NODISCARD es_status es_profile_check_model(const es_profile *profile, const es_model *model,
                                              es_errors *errors);

/* The batch sizes that a profile covers, ascending: those for which every (kind, index) of the
 * profile has a row. Creates `*batches` [*n]. ES_INVALID: none. */
ES_NODISCARD es_status es_profile_batches(const es_profile *profile, int64_t **batches, size_t *n,
                                          es_errors *errors);

/* The row of (kind, index, batch); NULL if absent. O(log n_rows); O(n_rows) without `sorted`. */
const es_profile_row *es_profile_find(const es_profile *profile, es_profile_kind kind, size_t index,
                                      int64_t batch);

/* How to read somebody else's table: the names of its columns. */
typedef struct es_profile_import {
    const char *model;          /* network of the zoo */
    es_granularity granularity; /* what the cut or layer column counts */
    es_profile_kind kind;       /* of the numbered rows: head, tail or layer */
    const char *batch_column;   /* column with the batch size; NULL: every row has `batch` */
    int64_t batch;
    const char *index_column; /* column with the cut or layer number */
    int64_t index_offset;     /* added to that number */
    const char *time_column;  /* column with the time */
    double time_unit_s;       /* seconds per unit of that column */
    const char
        *whole_label; /* text in the index column that marks a whole-network row; NULL: none */
    size_t n_skip;    /* texts in the index column whose rows are left out */
    const char *const *skip;
    size_t n_provenance; /* provenance to add (device, method, source, ...) */
    const es_provenance *provenance;
} es_profile_import;

/* Reads a CSV table with a header by that description; creates a profile of kind "measured" at the
 * network's default resolution unless the provenance says otherwise, with the table's SHA-256 as
 * provenance `source-sha256`. Times become medians of one sample; names and elements are those of
 * the network's units and cuts. ES_INVALID: a description that cannot be, an unknown network, a
 * column that is not there, a number that is none, an index outside the model's units, a row twice
 * (every mistake, with file and line); ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_profile_import_csv(const char *path, const es_profile_import *how,
                                             es_profile **profile, es_errors *errors);

#endif
