/* The manifest: text, one fact a line. It is all that is needed to know what the shards hold.
 *
 *     edgesplit-sweep 2
 *     source edgesplit 0.1.0    a program that did runs; several where they were mixed on purpose
 *     study /home/me/study.ini
 *     config NAME
 *     variable rate 0           its name, and the number of the variable it is in step with
 *     unit bit/s                of its numbers; without it the values are texts
 *     value 1                   of the variable above
 *     number 1000000            the same in that unit
 *     repetitions 3
 *     runs 12
 *     run 0f1e... 0 2 1         identity, number of each variable's value, repetition */
#include "parts.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/scenario.h"
#include "edgesplit/version.h"

#include <string.h>
#include <unistd.h>

static const char first_line[] = "edgesplit-sweep 2";
static const size_t MAX_MANIFEST_BYTES = (size_t)1 << 30;

static char *path_in(const char *folder, const char *name) {
    es_text path = {0};
    es_text_add(&path, "%s/%s", folder, name);
    if (path.failed) {
        free(path.data);
        return NULL;
    }
    return path.data;
}

bool manifest_has_program(const sweep_manifest *m, const char *program) {
    for (size_t i = 0; i < m->n_programs; i++)
        if (strcmp(m->programs[i], program) == 0)
            return true;
    return false;
}

void manifest_add_programs(const sweep_manifest *m, es_text *text) {
    for (size_t i = 0; i < m->n_programs; i++)
        es_text_add(text, "%s%s", i > 0 ? "; " : "", m->programs[i]);
}

/* ---- Writing */

/* The unit of a variable's values; NULL if they are not numbers of one unit. */
static const char *unit_of(const es_study *study, size_t variable, size_t n_values) {
    const char *unit = NULL, *other;
    double number;
    for (size_t k = 0; k < n_values; k++) {
        if (!es_scenario_measure(study, variable, k, &number, &other) ||
            (unit != NULL && strcmp(unit, other) != 0))
            return NULL;
        unit = other;
    }
    return unit;
}

static void add_variables(const es_study *study, es_text *text) {
    size_t n;
    const es_study_variable *variables = es_study_variables(study, &n);
    for (size_t i = 0; i < n; i++) {
        const char *unit = unit_of(study, i, variables[i].n_values), *same;
        es_text_add(text, "variable %zu %s\n", variables[i].leader, variables[i].name);
        if (unit != NULL)
            es_text_add(text, "unit %s\n", unit);
        for (size_t k = 0; k < variables[i].n_values; k++) {
            char number[ES_NUMBER_TEXT];
            double value;
            es_text_add(text, "value %s\n", variables[i].values[k]);
            if (unit == NULL || !es_scenario_measure(study, i, k, &value, &same))
                continue;
            es_format_double(value, number);
            es_text_add(text, "number %s\n", number);
        }
    }
}

/* `old`: what was in the folder, whose programs stay known. */
static void describe(const es_sweep *sweep, const char *study_path, const sweep_manifest *old,
                     es_text *text) {
    const es_study *study = sweep->study;
    size_t n;
    (void)es_study_variables(study, &n);
    es_text_add(text, "%s\n", first_line);
    for (size_t i = 0; i < old->n_programs; i++)
        es_text_add(text, "source %s\n", old->programs[i]);
    if (!manifest_has_program(old, es_version()))
        es_text_add(text, "source %s\n", es_version());
    es_text_add(text, "study %s\nconfig %s\n", study_path,
                sweep->source->config != NULL ? sweep->source->config : "");
    add_variables(study, text);
    es_text_add(text, "repetitions %zu\nruns %zu\n", es_study_n_repetitions(study), sweep->n_runs);
    for (size_t run = 0; run < sweep->n_runs; run++) {
        char id[ID_TEXT];
        id_text(&sweep->ids[run], id);
        es_text_add(text, "run %s", id);
        for (size_t i = 0; i < n; i++)
            es_text_add(text, " %zu", es_study_value(study, run, i));
        es_text_add(text, " %zu\n", es_study_repetition(study, run));
    }
}

/* Whether a folder holds records of runs. */
static es_status find_records(const char *folder, bool *any, es_errors *errors) {
    es_text base = {0};
    char **names = NULL;
    size_t n = 0;
    es_text_add(&base, "%s/shards/x", folder);
    es_status status = base.failed ? ES_NO_MEMORY : es_find_files(base.data, "*.shard", &names, &n);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(base.data);
    *any = n > 0;
    return status == ES_OK ? ES_OK
                           : es_errors_add(errors, status, folder, 0, "%s", es_status_text(status));
}

/* What runs another program has done may differ from what this one would make of them. */
static es_status check_program(const char *folder, bool alone, bool mixed, sweep_manifest *old,
                               es_errors *errors) {
    bool any_records = false;
    if (old->n_programs == 0 || manifest_has_program(old, es_version()))
        return ES_OK;
    es_text programs = {0};
    manifest_add_programs(old, &programs);
    es_status status = programs.failed ? es_errors_no_memory(errors, folder)
                                       : find_records(folder, &any_records, errors);
    if (status == ES_OK && !alone)
        status = es_errors_add(errors, ES_CANT_CREATE, folder, 0,
                               "another sweep is at work in this folder, by %s; this is %s",
                               programs.data, es_version());
    else if (status == ES_OK && any_records && !mixed)
        status = es_errors_add(errors, ES_CANT_CREATE, folder, 0,
                               "its runs were done by %s, this is %s, whose results may differ; "
                               "--mixed-programs goes on, -o names another folder",
                               programs.data, es_version());
    else if (status == ES_OK && !any_records)
        while (old->n_programs > 0)
            free(old->programs[--old->n_programs]);
    free(programs.data);
    return status;
}

/* A folder with a manifest belongs to the study of that path and config. Reads what is there into
 * `old`, which is empty if there is none. */
static es_status check_owner(const es_sweep *sweep, const char *folder, const char *study_path,
                             sweep_manifest *old, es_errors *errors) {
    const char *config = sweep->source->config != NULL ? sweep->source->config : "";
    char *path = path_in(folder, "manifest");
    *old = (sweep_manifest){0};
    if (path == NULL)
        return es_errors_no_memory(errors, folder);
    bool there = access(path, F_OK) == 0;
    free(path);
    if (!there)
        return ES_OK;
    es_status status = manifest_read(folder, old, errors);
    if (status == ES_OK && (strcmp(es_path_name(old->study), es_path_name(study_path)) != 0 ||
                            strcmp(old->config, config) != 0))
        status = es_errors_add(errors, ES_CANT_CREATE, folder, 0,
                               "belongs to the sweep of %s%s%s; -o names another folder",
                               old->study, old->config[0] != '\0' ? ", config " : "", old->config);
    return status;
}

/* What a manifest says of the runs: all but who wrote it and where the study lies. */
static const char *runs_of(const char *manifest) {
    const char *found = strstr(manifest, "\nconfig ");
    return found != NULL ? found : "";
}

/* Writes a file unless it holds just this. One with other runs is left to those who do them, unless
 * this process is `alone`. */
static es_status write_if_new(const char *folder, const char *name, const char *data, size_t length,
                              bool alone, es_errors *errors) {
    char *path = path_in(folder, name);
    if (path == NULL)
        return es_errors_no_memory(errors, folder);
    es_file old = {0};
    es_errors ignored;
    es_errors_init(&ignored);
    bool there = es_file_read(path, MAX_MANIFEST_BYTES, &old, &ignored) == ES_OK;
    bool same = there && old.length == length && memcmp(old.data, data, length) == 0;
    es_status status = ES_OK;
    if (there && !alone && strcmp(runs_of(old.data), runs_of(data)) != 0)
        status = es_errors_add(errors, ES_CANT_CREATE, folder, 0,
                               "another sweep is at work in this folder, on other runs of this "
                               "study");
    else if (!there || (!same && alone))
        status = es_file_write(path, data, length, true, errors);
    es_file_fini(&old);
    free(path);
    return status;
}

static es_status copy_study(const es_sweep *sweep, const char *folder, bool alone,
                            es_errors *errors) {
    es_file file;
    es_status status = es_file_read(sweep->source->path, MAX_MANIFEST_BYTES, &file, errors);
    if (status == ES_OK)
        status = write_if_new(folder, "study.ini", file.data, file.length, alone, errors);
    es_file_fini(&file);
    return status;
}

es_status manifest_write(const es_sweep *sweep, const char *folder, bool alone, bool mixed,
                         es_errors *errors) {
    char *study_path = es_absolute_path(sweep->source->path);
    char *shards = path_in(folder, "shards"), *steps = path_in(folder, "steps");
    es_text text = {0};
    sweep_manifest old = {0};
    es_status status = ES_OK;
    if (study_path == NULL || shards == NULL || steps == NULL)
        status = es_errors_no_memory(errors, folder);
    if (status == ES_OK)
        status = es_folder_make(shards, errors);
    if (status == ES_OK)
        status = es_folder_make(steps, errors);
    if (status == ES_OK)
        status = check_owner(sweep, folder, study_path, &old, errors);
    if (status == ES_OK)
        status = check_program(folder, alone, mixed, &old, errors);
    if (status == ES_OK) {
        describe(sweep, study_path, &old, &text);
        status = text.failed
                     ? es_errors_no_memory(errors, folder)
                     : write_if_new(folder, "manifest", text.data, text.length, alone, errors);
    }
    if (status == ES_OK)
        status = copy_study(sweep, folder, alone, errors);
    manifest_fini(&old);
    free(text.data);
    free(shards);
    free(steps);
    free(study_path);
    return status;
}

/* ---- Reading */

typedef struct reader {
    sweep_manifest *made;
    const char *path;
    es_slice rest, line; /* the file; what is left of the line */
    size_t number;
    size_t n_runs_read;
    es_status status;
} reader;

/* Cuts a word and a blank off the front of the line. */
static es_slice take_word(reader *r) {
    es_slice word;
    const char *end = memchr(r->line.data, ' ', r->line.length);
    size_t length = end != NULL ? (size_t)(end - r->line.data) : r->line.length;
    word = (es_slice){r->line.data, length};
    size_t skip = end != NULL ? length + 1 : length;
    r->line = (es_slice){r->line.data + skip, r->line.length - skip};
    return word;
}

static bool take_count(reader *r, size_t most, size_t *count) {
    int64_t value;
    if (es_parse_int64(take_word(r), &value) != ES_OK || value < 0 || (uint64_t)value > most)
        return false;
    *count = (size_t)value;
    return true;
}

/* Creates a copy of the rest of the line. */
static char *take_rest(reader *r) {
    char *copy = es_alloc(r->line.length + 1, 1);
    if (copy != NULL)
        memcpy(copy, r->line.data, r->line.length);
    else
        r->status = ES_NO_MEMORY;
    return copy;
}

static bool take_variable(reader *r) {
    sweep_manifest *m = r->made;
    size_t leader;
    if (!take_count(r, 1000000, &leader))
        return false;
    if (es_reserve(&m->variables, &m->variables_capacity, m->n_variables + 1,
                   sizeof *m->variables) != ES_OK) {
        r->status = ES_NO_MEMORY;
        return false;
    }
    m->values_capacity = m->numbers_capacity = 0;
    m->variables[m->n_variables++] = (manifest_variable){.name = take_rest(r), .leader = leader};
    return true;
}

static bool take_value(reader *r) {
    sweep_manifest *m = r->made;
    if (m->n_variables == 0)
        return false;
    manifest_variable *variable = &m->variables[m->n_variables - 1];
    if (es_reserve(&variable->values, &m->values_capacity, variable->n_values + 1,
                   sizeof *variable->values) != ES_OK) {
        r->status = ES_NO_MEMORY;
        return false;
    }
    variable->values[variable->n_values++] = take_rest(r);
    return true;
}

static bool take_number(reader *r) {
    sweep_manifest *m = r->made;
    manifest_variable *variable = m->n_variables > 0 ? &m->variables[m->n_variables - 1] : NULL;
    if (variable == NULL || variable->n_numbers + 1 != variable->n_values)
        return false;
    if (es_reserve(&variable->numbers, &m->numbers_capacity, variable->n_values,
                   sizeof *variable->numbers) != ES_OK) {
        r->status = ES_NO_MEMORY;
        return false;
    }
    return es_parse_double(r->line, &variable->numbers[variable->n_numbers++]) == ES_OK;
}

static bool take_runs(reader *r) {
    sweep_manifest *m = r->made;
    if (m->ids != NULL || !take_count(r, UINT32_MAX, &m->n_runs))
        return false;
    m->ids = es_alloc(m->n_runs, sizeof *m->ids);
    m->values = es_alloc(m->n_runs * (m->n_variables + 1), sizeof *m->values);
    m->repetitions = es_alloc(m->n_runs, sizeof *m->repetitions);
    if (m->ids == NULL || m->values == NULL || m->repetitions == NULL)
        r->status = ES_NO_MEMORY;
    for (size_t i = 0; i < m->n_variables; i++) {
        const manifest_variable *variable = &m->variables[i];
        if (variable->leader >= m->n_variables ||
            variable->n_numbers != (variable->unit != NULL ? variable->n_values : 0))
            return false;
    }
    return true;
}

static bool take_run(reader *r) {
    sweep_manifest *m = r->made;
    size_t run = r->n_runs_read, value;
    if (m->ids == NULL || run == m->n_runs || !id_parse(take_word(r), &m->ids[run]))
        return false;
    for (size_t i = 0; i < m->n_variables; i++) {
        if (!take_count(r, UINT32_MAX, &value) || value >= m->variables[i].n_values)
            return false;
        m->values[run * m->n_variables + i] = (uint32_t)value;
    }
    if (!take_count(r, UINT32_MAX, &value) || value >= m->n_repetitions)
        return false;
    m->repetitions[run] = (uint32_t)value;
    r->n_runs_read++;
    return true;
}

static bool take_text(reader *r, char **text) {
    if (*text != NULL)
        return false;
    *text = take_rest(r);
    return true;
}

static bool take_source(reader *r) {
    sweep_manifest *m = r->made;
    if (es_reserve(&m->programs, &m->programs_capacity, m->n_programs + 1, sizeof *m->programs) !=
        ES_OK) {
        r->status = ES_NO_MEMORY;
        return false;
    }
    m->programs[m->n_programs++] = take_rest(r);
    return true;
}

static bool take_unit(reader *r) {
    sweep_manifest *m = r->made;
    return m->n_variables > 0 && m->variables[m->n_variables - 1].n_values == 0 &&
           take_text(r, &m->variables[m->n_variables - 1].unit);
}

static bool take_study(reader *r) {
    return take_text(r, &r->made->study);
}

static bool take_config(reader *r) {
    return take_text(r, &r->made->config);
}

static bool take_repetitions(reader *r) {
    return take_count(r, UINT32_MAX, &r->made->n_repetitions);
}

static bool take_line(reader *r) {
    static const struct {
        const char *word;
        bool (*take)(reader *r);
    } lines[] = {
        {"run", take_run},           {"value", take_value},
        {"variable", take_variable}, {"runs", take_runs},
        {"source", take_source},     {"study", take_study},
        {"config", take_config},     {"repetitions", take_repetitions},
        {"unit", take_unit},         {"number", take_number},
    };
    if (r->number == 1)
        return es_slice_equals(r->line, first_line);
    es_slice word = take_word(r);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (es_slice_equals(word, lines[i].word))
            return lines[i].take(r);
    return false;
}

es_status manifest_read(const char *folder, sweep_manifest *made, es_errors *errors) {
    *made = (sweep_manifest){0};
    char *path = path_in(folder, "manifest");
    if (path == NULL)
        return es_errors_no_memory(errors, folder);
    es_file file = {0};
    es_status status = es_file_read(path, MAX_MANIFEST_BYTES, &file, errors);
    reader r = {.made = made, .path = path, .rest = {file.data, file.length}};
    bool sound = status == ES_OK;
    while (sound && r.status == ES_OK && es_next_line(&r.rest, &r.line)) {
        r.number++;
        sound = take_line(&r);
    }
    if (r.status == ES_NO_MEMORY)
        status = es_errors_no_memory(errors, path);
    else if (status == ES_OK &&
             (!sound || made->ids == NULL || r.n_runs_read != made->n_runs || made->study == NULL ||
              made->config == NULL || made->n_programs == 0))
        status = es_errors_add(errors, ES_INVALID, path, r.number,
                               "is no manifest of a sweep, is damaged, or is of another version of "
                               "edgesplit");
    es_file_fini(&file);
    free(path);
    return status;
}

void manifest_fini(sweep_manifest *m) {
    for (size_t i = 0; i < m->n_variables; i++) {
        for (size_t k = 0; k < m->variables[i].n_values; k++)
            free(m->variables[i].values[k]);
        free(m->variables[i].values);
        free(m->variables[i].numbers);
        free(m->variables[i].unit);
        free(m->variables[i].name);
    }
    free(m->variables);
    for (size_t i = 0; i < m->n_programs; i++)
        free(m->programs[i]);
    free(m->programs);
    free(m->study);
    free(m->config);
    free(m->ids);
    free(m->values);
    free(m->repetitions);
    *m = (sweep_manifest){0};
}
