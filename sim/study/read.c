/* From an INI file to a study. */
#include "edgesplit/alloc.h"
#include "parts.h"

#include <string.h>

/* What is known while a study is being read. */
typedef struct reading {
    es_study *study;
    es_errors *errors;
    es_slice *leader_names; /* [n_variables] behind '!'; empty: free */
    size_t *entries;        /* [n_variables] where each is made */
    size_t leaders_capacity, entries_capacity;
    es_status status;
} reading;

static void complain(reading *r, const es_ini_entry *entry, const study_fault *fault) {
    es_status status = fault->no_memory
                           ? es_errors_no_memory(r->errors, r->study->ini->path)
                           : es_ini_complain(r->study->ini, entry, r->errors, "%s", fault->text);
    r->status = r->status != ES_NO_MEMORY ? status : r->status;
}

/* The content of "${...}" at the front of a text; false if the brace is not closed. */
static bool braced(es_slice text, es_slice *content) {
    bool quoted = false;
    for (size_t at = 2; at < text.length; at++) {
        quoted ^= text.data[at] == '"';
        if (!quoted && text.data[at] == '}') {
            *content = (es_slice){text.data + 2, at - 2};
            return true;
        }
    }
    return false;
}

/* Whether the content of braces only names a variable. */
static bool is_reference(es_slice content) {
    content = es_slice_trim(content);
    return content.length > 0 && study_name_length(content) == content.length;
}

/* Splits "NAME = LIST ! LEADER"; parts that are not there are empty. */
static void split_definition(es_slice content, es_slice *name, es_slice *list, es_slice *leader) {
    *leader = *name = (es_slice){0};
    *list = es_slice_trim(content);
    size_t length = study_name_length(*list);
    es_slice rest = es_slice_trim((es_slice){list->data + length, list->length - length});
    if (length > 0 && rest.length > 0 && rest.data[0] == '=') {
        *name = (es_slice){list->data, length};
        *list = es_slice_trim((es_slice){rest.data + 1, rest.length - 1});
    }
    bool quoted = false;
    for (size_t i = list->length; i > 0; i--) {
        quoted ^= list->data[i - 1] == '"';
        if (!quoted && list->data[i - 1] == '!') {
            *leader = es_slice_trim((es_slice){list->data + i, list->length - i});
            *list = es_slice_trim((es_slice){list->data, i - 1});
            return;
        }
    }
}

/* Creates the name of a variable; NULL: out of memory. */
static char *name_of(const es_study *study, const es_ini_entry *entry, es_slice name) {
    es_text text = {0};
    if (name.length > 0)
        es_text_add(&text, "%.*s", (int)name.length, name.data);
    else
        es_text_add(&text, "%s.%s", study->ini->sections[entry->section].name, entry->key);
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

static bool reserve_variable(reading *r) {
    es_study *study = r->study;
    size_t n = study->n_variables + 1;
    return es_reserve(&study->variables, &study->variables_capacity, n, sizeof *study->variables) ==
               ES_OK &&
           es_reserve(&r->leader_names, &r->leaders_capacity, n, sizeof *r->leader_names) ==
               ES_OK &&
           es_reserve(&r->entries, &r->entries_capacity, n, sizeof *r->entries) == ES_OK;
}

static void define(reading *r, size_t i_entry, es_slice content) {
    es_study *study = r->study;
    const es_ini_entry *entry = &study->ini->entries[i_entry];
    study_fault fault = {0};
    es_slice name, list, leader;
    split_definition(content, &name, &list, &leader);
    char *made = reserve_variable(r) ? name_of(study, entry, name) : NULL;
    if (made == NULL) {
        complain(r, entry, &(study_fault){.no_memory = true});
        return;
    }
    for (size_t i = 0; i < study->n_variables; i++)
        if (strcmp(study->variables[i].name, made) == 0)
            study_complain(&fault, "there is a variable '%s' already%s", made,
                           name.length == 0 ? "; name them: ${NAME=...}" : "");
    if (strcmp(made, "repetition") == 0)
        study_complain(&fault, "'repetition' counts [sweep] repeat; take another name");
    size_t i = study->n_variables++;
    es_study_variable *variable = &study->variables[i];
    *variable = (es_study_variable){.name = made, .leader = i};
    r->leader_names[i] = leader;
    r->entries[i] = i_entry;
    if (fault.text[0] == '\0')
        (void)study_read_values(study->ini->path, list, variable, &fault);
    if (fault.text[0] != '\0')
        complain(r, entry, &fault);
}

/* The next '$' that means something: its offset, the end of what it begins, and the content. */
typedef struct mark {
    size_t start, end;
    es_slice content;
    bool escape, braces;
} mark;

/* False at the end of the text, or with a fault. */
static bool next_mark(es_slice text, size_t from, mark *found, study_fault *fault) {
    for (size_t at = from; at + 1 < text.length; at++) {
        es_slice rest = {text.data + at, text.length - at};
        if (rest.data[0] != '$')
            continue;
        *found = (mark){.start = at};
        size_t length = study_name_length((es_slice){rest.data + 1, rest.length - 1});
        if (rest.data[1] == '$') {
            found->escape = true;
            found->end = at + 2;
            return true;
        }
        if (length > 0) {
            found->content = (es_slice){rest.data + 1, length};
            found->end = at + 1 + length;
            return true;
        }
        if (rest.data[1] == '{') {
            if (!braced(rest, &found->content)) {
                study_complain(fault, "'${' without '}'");
                return false;
            }
            found->braces = true;
            found->end = at + found->content.length + 3;
            return true;
        }
    }
    return false;
}

/* Whether an entry is that key of [sweep]. */
static bool is_key(const es_study *study, const es_ini_entry *entry, const char *key) {
    return strcmp(study->ini->sections[entry->section].name, "sweep") == 0 &&
           strcmp(entry->key, key) == 0;
}

/* First pass: makes the variables of a value. */
static void define_all(reading *r, size_t i_entry) {
    const es_ini_entry *entry = &r->study->ini->entries[i_entry];
    es_slice text = {entry->value, strlen(entry->value)};
    study_fault fault = {0};
    mark found = {0};
    while (next_mark(text, found.end, &found, &fault))
        if (found.braces && !is_reference(found.content))
            define(r, i_entry, found.content);
    if (fault.text[0] != '\0')
        complain(r, entry, &fault);
}

static bool add_piece(reading *r, es_slice literal, bool reference, size_t variable) {
    es_study *study = r->study;
    if (es_reserve(&study->pieces, &study->pieces_capacity, study->n_pieces + 1,
                   sizeof *study->pieces) != ES_OK)
        return false;
    study->pieces[study->n_pieces++] = (study_piece){literal, reference, variable};
    return true;
}

/* Second pass: what a value is made of. `*next` counts the variables made so far, in the same order
 * as in the first pass. */
static void read_pieces(reading *r, size_t i_entry, size_t *next, study_template *made) {
    es_study *study = r->study;
    const es_ini_entry *entry = &study->ini->entries[i_entry];
    es_slice text = {entry->value, strlen(entry->value)};
    study_fault fault = {0};
    mark found = {0};
    size_t from = 0;
    *made = (study_template){.entry = i_entry, .first = study->n_pieces};
    bool sound = true;
    while (sound && next_mark(text, found.end, &found, &fault)) {
        es_slice literal = {text.data + from, found.start - from + (found.escape ? 1 : 0)};
        size_t variable = 0;
        if (found.braces && !is_reference(found.content))
            variable = (*next)++;
        else if (!found.escape)
            variable = study_find(study->n_variables, study->variables,
                                  es_slice_trim(found.content), &fault);
        if (fault.text[0] != '\0') {
            complain(r, entry, &fault);
            fault.text[0] = '\0';
        }
        sound = add_piece(r, literal, !found.escape, variable);
        from = found.end;
    }
    sound = sound && add_piece(r, (es_slice){text.data + from, text.length - from}, false, 0);
    if (!sound)
        complain(r, entry, &(study_fault){.no_memory = true});
    made->end = study->n_pieces;
}

static void read_templates(reading *r) {
    es_study *study = r->study;
    size_t next = 0;
    for (size_t i = 0; i < study->ini->n_entries && r->status != ES_NO_MEMORY; i++) {
        const es_ini_entry *entry = &study->ini->entries[i];
        bool seed_set = is_key(study, entry, "seed-set");
        if ((strchr(entry->value, '$') == NULL && !seed_set) || is_key(study, entry, "constraint"))
            continue;
        if (es_reserve(&study->templates, &study->templates_capacity, study->n_templates + 1,
                       sizeof *study->templates) != ES_OK) {
            complain(r, entry, &(study_fault){.no_memory = true});
            return;
        }
        read_pieces(r, i, &next, &study->templates[study->n_templates++]);
    }
}

/* Finds what each variable is in step with: in the end a free one. */
static void resolve_leaders(reading *r) {
    es_study *study = r->study;
    size_t n = study->n_variables;
    if (r->leader_names == NULL)
        return; /* no variables */
    for (size_t i = 0; i < n; i++) {
        study_fault fault = {0};
        if (r->leader_names[i].data == NULL)
            continue;
        size_t leader = study_find(n, study->variables, r->leader_names[i], &fault);
        if (leader == REPETITION)
            study_complain(&fault, "nothing can be in step with the repetitions");
        if (fault.text[0] != '\0')
            complain(r, &study->ini->entries[r->entries[i]], &fault);
        else
            study->variables[i].leader = leader;
    }
    for (size_t i = 0, sound = r->status == ES_OK; i < n && sound; i++) {
        es_study_variable *variable = &study->variables[i];
        const es_ini_entry *entry = &study->ini->entries[r->entries[i]];
        size_t n_followed = 0, leader = variable->leader;
        study_fault fault = {0};
        if (r->leader_names[i].data == NULL)
            continue;
        while (r->leader_names[leader].data != NULL && n_followed++ < n)
            leader = study->variables[leader].leader;
        if (n_followed >= n || leader == i)
            study_complain(&fault, "'%s' would be in step with itself", variable->name);
        else if (study->variables[leader].n_values != variable->n_values)
            study_complain(&fault, "'%s' has %zu values, but '%s', which it is in step with, %zu",
                           variable->name, variable->n_values, study->variables[leader].name,
                           study->variables[leader].n_values);
        if (fault.text[0] != '\0')
            complain(r, entry, &fault);
        else
            variable->leader = leader;
    }
}

/* How many points the full product has; 0: too many to count. */
static uint64_t count_points(const es_study *study) {
    uint64_t n = study->n_repetitions;
    for (size_t i = 0; i < study->n_variables; i++) {
        size_t values = study->variables[i].leader == i ? study->variables[i].n_values : 1;
        if (n > UINT64_MAX / values)
            return 0;
        n *= values;
    }
    return n;
}

static es_status choose_points(reading *r, const es_ini_entry *constraint, uint64_t n_points,
                               size_t max_runs) {
    es_study *study = r->study;
    study_fault fault = {0};
    study_expression *expression =
        study_expression_create(study->n_variables, study->variables, constraint->value, &fault);
    size_t *values = es_alloc(study->n_variables, sizeof *values);
    size_t capacity = 0, n = 0, repetition;
    fault.no_memory |= values == NULL;
    for (uint64_t point = 0;
         expression != NULL && values != NULL && point < n_points && n <= max_runs; point++) {
        study_locate(study, point, values, &repetition);
        study_point at = {study->variables, values, repetition};
        bool holds = study_expression_holds(expression, &at, &fault);
        if (fault.text[0] != '\0')
            break;
        if (!holds)
            continue;
        if (es_reserve(&study->points, &capacity, n + 1, sizeof *study->points) != ES_OK) {
            fault.no_memory = true;
            break;
        }
        study->points[n++] = point;
    }
    study_expression_destroy(expression);
    free(values);
    study->n_runs = n;
    if (fault.no_memory || fault.text[0] != '\0')
        complain(r, constraint, &fault);
    else if (n == 0)
        complain(r, constraint, &(study_fault){.text = "no combination of values fulfils this"});
    return r->status;
}

static void count_runs(reading *r, const es_ini_entry *constraint, size_t max_runs) {
    es_study *study = r->study;
    uint64_t n_points = count_points(study);
    if (constraint != NULL && n_points > 0 && n_points <= STUDY_MAX_POINTS) {
        if (choose_points(r, constraint, n_points, max_runs) != ES_OK)
            return;
        n_points = study->n_runs;
    } else if (constraint != NULL) {
        r->status = es_ini_complain(study->ini, constraint, r->errors,
                                    "there are more than %d combinations to choose from",
                                    (int)STUDY_MAX_POINTS);
        return;
    }
    char count[48] = "more runs than can be counted";
    if (constraint != NULL)
        snprintf(count, sizeof count, "more than %zu runs", max_runs);
    else if (n_points > 0)
        snprintf(count, sizeof count, "%llu runs", (unsigned long long)n_points);
    if (n_points == 0 || n_points > max_runs)
        r->status = es_errors_add(r->errors, ES_INVALID, study->ini->path, 0,
                                  "expands into %s; --max-runs allows %zu", count, max_runs);
    study->n_runs = (size_t)n_points;
}

static void read_repeat(reading *r, const es_ini_entry *entry) {
    enum { MOST = 1000000000 };
    int64_t n = 1;
    r->study->n_repetitions = 1;
    if (entry == NULL)
        return;
    if (es_parse_int64((es_slice){entry->value, strlen(entry->value)}, &n) != ES_OK || n < 1 ||
        n > MOST)
        complain(r, entry, &(study_fault){.text = "expected a whole number from 1"});
    else
        r->study->n_repetitions = (size_t)n;
}

/* Checks the keys of [sweep], which no other module knows. */
static void check_sweep(reading *r, size_t section) {
    static const char *const names[] = {"constraint", "repeat", "seed-set"};
    const es_ini *ini = r->study->ini;
    for (size_t i = 0; i < ini->n_entries; i++) {
        const es_ini_entry *entry = &ini->entries[i];
        bool known = entry->section != section;
        for (size_t k = 0; k < 3; k++)
            known |= strcmp(entry->key, names[k]) == 0;
        if (!known)
            r->status = es_errors_add(r->errors, ES_INVALID,
                                      entry->line > 0 ? ini->path : "command line", entry->line,
                                      "unknown key '%s' in [sweep]; expected one of: constraint, "
                                      "repeat, seed-set (a key of a [config] is SECTION.KEY)",
                                      entry->key);
    }
}

/* Keeps the template of the seed set apart and takes [sweep] out of the file. */
static void remove_sweep(es_study *study, size_t section) {
    size_t n = 0;
    for (size_t i = 0; i < study->n_templates; i++) {
        study_template kept = study->templates[i];
        const es_ini_entry *entry = &study->ini->entries[kept.entry];
        if (entry->section != section) {
            for (size_t before = kept.entry; before-- > 0;)
                kept.entry -= study->ini->entries[before].section == section;
            study->templates[n++] = kept;
        } else if (strcmp(entry->key, "seed-set") == 0) {
            study->seed_set = kept;
        }
    }
    study->n_templates = n;
    es_ini_remove_section(study->ini, section);
}

static es_status read_study(reading *r, size_t max_runs) {
    es_study *study = r->study;
    es_ini *ini = study->ini;
    size_t section = es_ini_find_section(ini, "sweep", 0);
    bool there = section < ini->n_sections;
    for (size_t i = 0; i < ini->n_entries; i++)
        if (!is_key(study, &ini->entries[i], "constraint"))
            define_all(r, i);
    if (there)
        check_sweep(r, section);
    read_repeat(r, there ? es_ini_find(ini, section, "repeat") : NULL);
    if (r->status != ES_NO_MEMORY)
        read_templates(r);
    if (r->status != ES_NO_MEMORY)
        resolve_leaders(r);
    if (r->status == ES_OK)
        count_runs(r, there ? es_ini_find(ini, section, "constraint") : NULL, max_runs);
    const es_ini_entry *seed_set = there ? es_ini_find(ini, section, "seed-set") : NULL;
    study->has_seed_set = seed_set != NULL;
    study->seed_set_line = seed_set != NULL ? seed_set->line : 0;
    if (r->status == ES_OK && there)
        remove_sweep(study, section);
    return r->status;
}

es_status es_study_load(const es_study_source *source, es_study **out, es_errors *errors) {
    es_study *study = es_alloc(1, sizeof *study);
    if (study == NULL)
        return es_errors_no_memory(errors, source->path);
    reading r = {.study = study, .errors = errors};
    es_status status = es_ini_load(source->path, &study->ini, errors);
    if (status == ES_OK)
        status = es_ini_select(study->ini, source->config, errors);
    for (size_t i = 0; status == ES_OK && i < source->n_overrides; i++)
        status = es_ini_override(study->ini, source->overrides[i], errors);
    if (status == ES_OK)
        status = read_study(&r, source->max_runs > 0 ? source->max_runs : ES_STUDY_MAX_RUNS);
    free(r.leader_names);
    free(r.entries);
    if (status != ES_OK) {
        es_study_destroy(study);
        return status;
    }
    *out = study;
    return ES_OK;
}
