/* The parts of the report `compare`. */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "edgesplit/text.h"
#include "paired.h"

/* One policy and those that it is compared with. */
typedef struct es_comparison {
    size_t n_files;
    const char *const *paths; /* [n_files] */
    es_result **results;      /* [n_files] */
    es_side first;
    size_t n;
    es_side *others;       /* [n] */
    es_paired *paired;     /* [n] */
    char *label, **labels; /* what the first and the others [n] are called */
    char **conclusions;    /* [n] what can be concluded, in plain words */
} es_comparison;

/* Appends what can be concluded of two policies, in plain words. `grid`: the steps are the states
 * of a grid. */
void es_paired_conclude(const char *first, const char *second, bool grid, const es_paired *paired,
                        es_text *text);

/* Makes labels and conclusions. ES_NO_MEMORY. */
ES_NODISCARD es_status es_comparison_conclude(es_comparison *comparison, es_errors *errors);

/* Appends tables and conclusions. `width`: characters in a line. */
void es_comparison_text(const es_comparison *comparison, size_t width, es_text *text);

#endif
