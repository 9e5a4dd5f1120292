#include "edgesplit/study.h"

#include "edgesplit/alloc.h"
#include "parts.h"

#include <string.h>

void es_study_destroy(es_study *study) {
    if (study == NULL)
        return;
    for (size_t i = 0; i < study->n_variables; i++) {
        es_study_variable *variable = &study->variables[i];
        for (size_t k = 0; k < variable->n_values; k++)
            free(variable->values[k]);
        free(variable->values);
        free(variable->numbers);
        free(variable->name);
    }
    free(study->variables);
    free(study->pieces);
    free(study->templates);
    free(study->points);
    es_ini_destroy(study->ini);
    free(study);
}

size_t es_study_n_runs(const es_study *study) {
    return study->n_runs;
}

const es_study_variable *es_study_variables(const es_study *study, size_t *n) {
    *n = study->n_variables;
    return study->variables;
}

size_t es_study_n_repetitions(const es_study *study) {
    return study->n_repetitions;
}

bool es_study_find_use(const es_study *study, size_t variable, size_t i, es_study_use *use) {
    for (size_t t = 0; t < study->n_templates; t++) {
        const study_template *template = &study->templates[t];
        const study_piece *pieces = &study->pieces[template->first];
        if (template->end - template->first != 2 || pieces[0].literal.length > 0 ||
            !pieces[0].is_reference || pieces[0].variable != variable || i-- > 0)
            continue;
        const es_ini_entry *entry = &study->ini->entries[template->entry];
        *use = (es_study_use){study->ini->sections[entry->section].kind, entry->key,
                              pieces[1].literal};
        return true;
    }
    return false;
}

static uint64_t point_of(const es_study *study, size_t run) {
    return study->points != NULL ? study->points[run] : run;
}

size_t es_study_repetition(const es_study *study, size_t run) {
    return (size_t)(point_of(study, run) % study->n_repetitions);
}

size_t es_study_value(const es_study *study, size_t run, size_t variable) {
    size_t leader = study->variables[variable].leader;
    uint64_t rest = point_of(study, run) / study->n_repetitions;
    for (size_t i = study->n_variables - 1; i > leader; i--)
        if (study->variables[i].leader == i)
            rest /= study->variables[i].n_values;
    return (size_t)(rest % study->variables[leader].n_values);
}

void study_locate(const es_study *study, uint64_t point, size_t *values, size_t *repetition) {
    *repetition = (size_t)(point % study->n_repetitions);
    point /= study->n_repetitions;
    for (size_t i = study->n_variables; i-- > 0;) {
        const es_study_variable *variable = &study->variables[i];
        if (variable->leader != i)
            continue;
        values[i] = (size_t)(point % variable->n_values);
        point /= variable->n_values;
    }
    for (size_t i = 0; i < study->n_variables; i++)
        values[i] = values[study->variables[i].leader];
}

void es_study_label(const es_study *study, size_t run, es_text *text) {
    for (size_t i = 0; i < study->n_variables; i++)
        es_text_add(text, "%s%s=%s", i > 0 ? ", " : "", study->variables[i].name,
                    study->variables[i].values[es_study_value(study, run, i)]);
    if (study->n_repetitions > 1)
        es_text_add(text, "%srepetition=%zu", study->n_variables > 0 ? ", " : "",
                    es_study_repetition(study, run));
}

/* Appends the value that a template has in a run. */
static void fill(const es_study *study, const study_template *template, size_t run, es_text *text) {
    for (size_t i = template->first; i < template->end; i++) {
        const study_piece *piece = &study->pieces[i];
        es_text_add(text, "%.*s", (int)piece->literal.length, piece->literal.data);
        if (piece->is_reference && piece->variable == REPETITION)
            es_text_add(text, "%zu", es_study_repetition(study, run));
        else if (piece->is_reference)
            es_text_add(text, "%s",
                        study->variables[piece->variable]
                            .values[es_study_value(study, run, piece->variable)]);
    }
}

static es_status find_seed_set(const es_study *study, size_t run, es_text *text, int64_t *seed_set,
                               es_errors *errors) {
    *seed_set = (int64_t)es_study_repetition(study, run);
    if (!study->has_seed_set)
        return ES_OK;
    text->length = 0;
    fill(study, &study->seed_set, run, text);
    if (text->failed)
        return es_errors_no_memory(errors, study->ini->path);
    if (es_parse_int64((es_slice){text->data, text->length}, seed_set) == ES_OK && *seed_set >= 0)
        return ES_OK;
    return es_errors_add(
        errors, ES_INVALID, study->seed_set_line > 0 ? study->ini->path : "command line",
        study->seed_set_line, "[sweep] seed-set is '%s' in run %zu: expected a whole number from 0",
        text->data, run);
}

es_status es_study_expand(const es_study *study, size_t run, es_ini **out, int64_t *seed_set,
                          es_errors *errors) {
    es_ini *ini = NULL;
    es_text text = {0};
    es_status status = es_ini_copy(study->ini, &ini);
    for (size_t i = 0; i < study->n_templates && status == ES_OK; i++) {
        text.length = 0;
        es_text_add(&text, "%s", "");
        fill(study, &study->templates[i], run, &text);
        status = text.failed ? ES_NO_MEMORY : es_ini_set(ini, study->templates[i].entry, text.data);
    }
    if (status != ES_OK)
        es_errors_no_memory(errors, study->ini->path);
    else
        status = find_seed_set(study, run, &text, seed_set, errors);
    free(text.data);
    if (status != ES_OK) {
        es_ini_destroy(ini);
        return status;
    }
    *out = ini;
    return ES_OK;
}

struct es_study_filter {
    study_expression *expression;
    size_t *values; /* [n_variables] */
    char *text;
};

/* Adds what is wrong with a filter. */
static es_status complain(const char *text, const study_fault *fault, es_errors *errors) {
    return fault->no_memory ? es_errors_no_memory(errors, NULL)
                            : es_errors_add(errors, ES_USAGE, "command line", 0, "filter '%s': %s",
                                            text, fault->text);
}

es_status es_study_filter_create(const es_study *study, const char *expression,
                                 es_study_filter **out, es_errors *errors) {
    study_fault fault = {0};
    es_study_filter *filter = es_alloc(1, sizeof *filter);
    if (filter == NULL)
        return es_errors_no_memory(errors, NULL);
    filter->text = es_strdup(expression);
    filter->values = es_alloc(study->n_variables, sizeof *filter->values);
    filter->expression =
        study_expression_create(study->n_variables, study->variables, expression, &fault);
    fault.no_memory |= filter->text == NULL || filter->values == NULL;
    if (filter->expression == NULL || fault.no_memory) {
        es_study_filter_destroy(filter);
        return complain(expression, &fault, errors);
    }
    *out = filter;
    return ES_OK;
}

void es_study_filter_destroy(es_study_filter *filter) {
    if (filter == NULL)
        return;
    study_expression_destroy(filter->expression);
    free(filter->values);
    free(filter->text);
    free(filter);
}

es_status es_study_matches(const es_study *study, const es_study_filter *filter, size_t run,
                           bool *matches, es_errors *errors) {
    study_fault fault = {0};
    size_t repetition;
    study_locate(study, point_of(study, run), filter->values, &repetition);
    study_point at = {study->variables, filter->values, repetition};
    *matches = study_expression_holds(filter->expression, &at, &fault);
    return fault.text[0] != '\0' ? complain(filter->text, &fault, errors) : ES_OK;
}
