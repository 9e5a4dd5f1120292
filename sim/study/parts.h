/* What the parts of the module study share (private). */
#ifndef SIM_STUDY_PARTS_H
#define SIM_STUDY_PARTS_H

#include "edgesplit/study.h"

/* Index of a reference that is no variable. */
static const size_t REPETITION = SIZE_MAX;

/* Most combinations that a constraint may choose from. */
enum { STUDY_MAX_POINTS = 20000000 };

/* What went wrong with a part of a value; `text` is a format's result, "" if nothing did. */
typedef struct study_fault {
    char text[ES_ERROR_TEXT / 2];
    bool no_memory;
} study_fault;

void study_complain(study_fault *fault, const char *format, ...) ES_PRINTF(2, 3);

bool study_is_name_start(char c);
bool study_is_name_part(char c);

/* The length of the name at the start of a text; 0 if there is none. */
size_t study_name_length(es_slice text);

/* Reads the list of a variable, "1, 2, 5..10 step 2", into `variable`; false with a fault. Files
 * are looked for relative to the folder of `path`. */
bool study_read_values(const char *path, es_slice list, es_study_variable *variable,
                       study_fault *fault);

/* The variable of that name, REPETITION for "repetition"; `n` with a fault if there is none. */
size_t study_find(size_t n, const es_study_variable *variables, es_slice name, study_fault *fault);

/* The assignment that an expression is evaluated with. */
typedef struct study_point {
    const es_study_variable *variables;
    const size_t *values; /* [n variables] */
    size_t repetition;
} study_point;

/* Part of a value: the text in front of a reference, and the reference. */
typedef struct study_piece {
    es_slice literal;
    bool is_reference; /* false: the end of the value */
    size_t variable;   /* or REPETITION */
} study_piece;

/* A value that is not the same in all runs: pieces [first, end). */
typedef struct study_template {
    size_t entry; /* of the INI file */
    size_t first, end;
} study_template;

struct es_study {
    es_ini *ini; /* the variant chosen, without [sweep] */
    size_t n_variables, variables_capacity;
    es_study_variable *variables;
    size_t n_pieces, pieces_capacity;
    study_piece *pieces;
    size_t n_templates, templates_capacity;
    study_template *templates;
    bool has_seed_set;
    study_template seed_set; /* its entry is not in `ini` any more */
    size_t seed_set_line;
    size_t n_repetitions;
    size_t n_runs;
    uint64_t *points; /* [n_runs] numbers in the full product; NULL: each is its run's number */
};

typedef struct study_expression study_expression;
study_expression *study_expression_create(size_t n, const es_study_variable *variables,
                                          const char *text, study_fault *fault);
void study_expression_destroy(study_expression *expression);

/* Whether it holds; false, with a fault, if it has no meaning. */
bool study_expression_holds(study_expression *expression, const study_point *point,
                            study_fault *fault);

/* The value of each variable [n_variables] and the repetition at a point of the full product. */
void study_locate(const es_study *study, uint64_t point, size_t *values, size_t *repetition);

#endif
