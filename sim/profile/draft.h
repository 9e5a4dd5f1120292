/* Private to the module: a profile being put together, and all it owns. */
#ifndef EDGESPLIT_PROFILE_DRAFT_H
#define EDGESPLIT_PROFILE_DRAFT_H

#include "edgesplit/profile.h"

#define ES_PROFILE_HEADER                                                                          \
    "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems"

enum { ES_N_PROFILE_KINDS = ES_PROFILE_WHOLE + 1 };

/* True for "measured", "scaled" and "modelled". */
bool es_profile_is_provenance_kind(const char *text);

/* True if a row of that kind and index may have that time: positive, or 0 for heads and tails,
 * which may be empty. */
bool es_profile_is_median(es_profile_kind kind, double median_s);

/* `profile` is first, so that a pointer to it is one to the whole. */
typedef struct es_draft {
    es_profile profile;
    char *path;
    es_file file;      /* a loaded profile's texts point into its bytes, */
    char *texts;       /* an imported one's provenance into this, */
    es_model *network; /* and the names of its rows into the network */
    es_provenance *provenance;
    size_t n_provenance, provenance_capacity;
    es_profile_row *rows;
    size_t *lines; /* of the rows in the file, for messages */
    size_t n_rows, rows_capacity, lines_capacity;
    const es_profile_row **sorted;
    /* While it is read: */
    es_errors *errors;
    size_t line;  /* 0: a mistake is of no line */
    bool invalid; /* a mistake was found */
} es_draft;

/* Creates an empty draft whose mistakes go to `errors` (borrowed while it is read); destroy with
 * es_draft_destroy. NULL: out of memory. */
es_draft *es_draft_create(const char *path, es_errors *errors);
void es_draft_destroy(es_draft *draft);

/* Adds a mistake in the present line and marks the draft invalid. */
void es_draft_complain(es_draft *draft, const char *format, ...) ES_PRINTF(2, 3);

/* The texts are borrowed. ES_NO_MEMORY. */
ES_NODISCARD es_status es_draft_add_provenance(es_draft *draft, const char *key, const char *value);
ES_NODISCARD es_status es_draft_add_row(es_draft *draft, const es_profile_row *row, size_t line);

/* Sorts the rows and completes the profile. ES_INVALID: no row, or one twice; ES_NO_MEMORY. */
ES_NODISCARD es_status es_draft_finish(es_draft *draft);

/* Creates an array of pointers to the rows by (kind, index, batch), equal ones in file order. NULL:
 * out of memory. O(n_rows log n_rows). */
const es_profile_row **es_profile_sort(const es_profile_row *rows, size_t n_rows);

/* Checks that a `# key: value` line can hold the pair. ES_INVALID with a record. */
ES_NODISCARD es_status es_provenance_check(const es_provenance *provenance, const char *path,
                                           es_errors *errors);

#endif
