/* From shards to one file: first where every run lies, then box by box. */
#include "merge.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BOX_BYTES = 32 << 20 };

/* ---- Where every run lies */

static es_status note_place(void *context, record_kind kind, const run_id *id, const char *payload,
                            const record_place *place) {
    merging *m = context;
    (void)payload;
    size_t n, first = index_find(&m->index, id, &n);
    for (size_t i = first; i < first + n; i++) {
        uint32_t run = m->index.order[i];
        if (kind == RECORD_DONE) {
            m->states[run] = RUN_DONE;
            m->places[run] = *place;
        } else if (m->states[run] == RUN_MISSING) {
            m->states[run] = RUN_FAILED;
        }
    }
    return ES_OK;
}

static es_status find_places(merging *m) {
    size_t n = m->manifest.n_runs;
    m->places = es_alloc(n, sizeof *m->places);
    m->states = es_alloc(n, sizeof *m->states);
    if (m->places == NULL || m->states == NULL ||
        index_create(n, m->manifest.ids, &m->index) != ES_OK)
        return es_errors_no_memory(m->errors, m->folder);
    return shards_read(m->folder, &m->shards, m, note_place, m->errors);
}

static es_status complain_about_shard(const merging *m, size_t shard, const char *why) {
    return es_errors_add(m->errors, ES_IO, m->shards.paths[shard], 0, "cannot be read: %s", why);
}

es_status merge_read_outcome(merging *m, size_t run, outcome *out) {
    const record_place *place = &m->places[run];
    size_t slot = place->shard % N_OPEN;
    if (m->open[slot] < 0 || m->open_shard[slot] != place->shard) {
        if (m->open[slot] >= 0)
            close(m->open[slot]);
        m->open[slot] = open(m->shards.paths[place->shard], O_RDONLY | O_CLOEXEC);
        m->open_shard[slot] = place->shard;
        if (m->open[slot] < 0)
            return complain_about_shard(m, place->shard, strerror(errno));
    }
    if (es_reserve(&m->payload, &m->payload_capacity, place->length, 1) != ES_OK)
        return es_errors_no_memory(m->errors, m->folder);
    for (size_t at = 0; at < place->length;) {
        ssize_t n = pread(m->open[slot], m->payload + at, place->length - at,
                          (off_t)(place->offset + (int64_t)at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return complain_about_shard(m, place->shard, n < 0 ? strerror(errno) : "cut short");
        at += (size_t)n;
    }
    es_status status = outcome_read(m->payload, place->length, out);
    if (status == ES_INVALID)
        return complain_about_shard(m, place->shard, "a record is damaged");
    return status == ES_OK ? ES_OK : es_errors_no_memory(m->errors, m->folder);
}

/* ---- Policies and cuts of all runs */

size_t merge_find_policy(const merging *m, const char *name) {
    size_t i = 0;
    while (i < m->n_policies && strcmp(m->policies[i], name) != 0)
        i++;
    return i;
}

static es_status add_policy(merging *m, const char *name) {
    char *copy = es_strdup(name);
    if (copy == NULL || es_reserve(&m->policies, &m->policies_capacity, m->n_policies + 1,
                                   sizeof *m->policies) != ES_OK) {
        free(copy);
        return es_errors_no_memory(m->errors, m->folder);
    }
    m->policies[m->n_policies++] = copy;
    return ES_OK;
}

static es_status collect(merging *m) {
    es_status status = ES_OK;
    for (size_t run = 0; run < m->manifest.n_runs && status == ES_OK; run++) {
        outcome out = {0};
        if (m->states[run] != RUN_DONE)
            continue;
        status = merge_read_outcome(m, run, &out);
        if (status != ES_OK)
            break;
        m->n_cuts = out.n_cuts > m->n_cuts ? out.n_cuts : m->n_cuts;
        m->n_stations = out.n_stations > m->n_stations ? out.n_stations : m->n_stations;
        for (size_t p = 0; p < out.n_policies; p++)
            m->has_exits =
                m->has_exits || !isnan(out.figures[p * ES_N_SUMMARY + ES_SUMMARY_accuracy_mean]);
        size_t n_steps = outcome_n_steps(&out);
        m->n_steps = n_steps > m->n_steps ? n_steps : m->n_steps;
        for (size_t p = 0; p < out.n_policies && status == ES_OK; p++)
            if (merge_find_policy(m, out.policies[p]) == m->n_policies)
                status = add_policy(m, out.policies[p]);
        outcome_fini(&out);
    }
    return status;
}

/* ---- Dimensions */

static bool are_numbers(const manifest_variable *variable) {
    double value;
    for (size_t k = 0; k < variable->n_values; k++)
        if (es_parse_double((es_slice){variable->values[k], strlen(variable->values[k])}, &value) !=
            ES_OK)
            return false;
    return true;
}

/* Whether the runs are the full product of the variables and repetitions, in its order. */
static bool is_grid(const sweep_manifest *m) {
    size_t n = m->n_repetitions, n_free = 0;
    for (size_t i = 0; i < m->n_variables; i++)
        if (m->variables[i].leader == i) {
            n_free++;
            n = n <= m->n_runs ? n * m->variables[i].n_values : n;
        }
    if (n != m->n_runs || n_free + 1 > ES_CUBE_MAX_AXES)
        return false;
    for (size_t run = 0; run < m->n_runs; run++) {
        size_t at = 0;
        for (size_t i = 0; i < m->n_variables; i++)
            if (m->variables[i].leader == i)
                at = at * m->variables[i].n_values + m->values[run * m->n_variables + i];
        if (at * m->n_repetitions + m->repetitions[run] != run)
            return false;
    }
    return true;
}

/* Which value of variable `i` the place `at` of its dimension has. */
static size_t value_at(const sweep_manifest *m, size_t i, size_t at, bool grid) {
    return grid ? at : m->values[at * m->n_variables + i];
}

/* Fills texts or numbers of a variable [n] along its dimension. */
static bool fill_coordinate(merging *m, size_t i, size_t n, bool grid) {
    const manifest_variable *variable = &m->manifest.variables[i];
    bool numbers = are_numbers(variable);
    if (numbers)
        m->numbers[i] = es_alloc(n, sizeof(double));
    else
        m->texts[i] = es_alloc(n, sizeof(char *));
    if (numbers ? m->numbers[i] == NULL : m->texts[i] == NULL)
        return false;
    for (size_t at = 0; at < n; at++) {
        const char *text = variable->values[value_at(&m->manifest, i, at, grid)];
        if (!numbers)
            m->texts[i][at] = text;
        else if (es_parse_double((es_slice){text, strlen(text)}, &m->numbers[i][at]) != ES_OK)
            return false;
    }
    return true;
}

static bool add_repetitions(merging *m, size_t n, bool grid) {
    double *numbers = m->numbers[m->manifest.n_variables] = es_alloc(n, sizeof *numbers);
    if (numbers == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        numbers[i] = grid ? (double)i : (double)m->manifest.repetitions[i];
    if (grid)
        m->axes[m->n_axes++] =
            (es_cube_axis){"repetition", "repetition of the combination", n, NULL, numbers};
    else
        m->coordinates[m->n_coordinates++] =
            (es_cube_coordinate){0, "repetition", "repetition of the combination", NULL, numbers};
    return true;
}

/* The axes of a grid, or the one of the runs; `axis_of` [n_variables] where each variable goes. */
static void add_axes(merging *m, bool grid, size_t *axis_of) {
    const sweep_manifest *manifest = &m->manifest;
    if (!grid)
        m->axes[m->n_axes++] =
            (es_cube_axis){"run", "number of the run", manifest->n_runs, NULL, m->run_numbers};
    for (size_t i = 0; grid && i < manifest->n_variables; i++) {
        const manifest_variable *variable = &manifest->variables[i];
        if (variable->leader != i)
            continue;
        axis_of[i] = m->n_axes;
        m->axes[m->n_axes++] = (es_cube_axis){variable->name, variable->name, variable->n_values,
                                              m->texts[i], m->numbers[i]};
    }
    for (size_t i = 0; i < manifest->n_variables; i++) {
        size_t leader = manifest->variables[i].leader;
        if (grid && leader == i)
            continue;
        m->coordinates[m->n_coordinates++] =
            (es_cube_coordinate){grid ? axis_of[leader] : 0, manifest->variables[i].name,
                                 manifest->variables[i].name, m->texts[i], m->numbers[i]};
    }
}

static es_status lay_out(merging *m) {
    const sweep_manifest *manifest = &m->manifest;
    size_t n = manifest->n_variables, n_runs = manifest->n_runs;
    bool grid = n_runs > 1 && is_grid(manifest);
    m->coordinates = es_alloc(n + 1, sizeof *m->coordinates);
    m->texts = es_alloc(n, sizeof *m->texts);
    m->numbers = es_alloc(n + 1, sizeof *m->numbers);
    m->run_numbers = es_alloc(n_runs, sizeof *m->run_numbers);
    size_t *axis_of = es_alloc(n, sizeof *axis_of);
    bool sound = m->coordinates != NULL && m->texts != NULL && m->numbers != NULL &&
                 m->run_numbers != NULL && axis_of != NULL;
    for (size_t run = 0; sound && run < n_runs; run++)
        m->run_numbers[run] = (double)run;
    for (size_t i = 0; sound && i < n; i++)
        sound = fill_coordinate(m, i, grid ? manifest->variables[i].n_values : n_runs, grid);
    if (sound)
        add_axes(m, grid, axis_of);
    if (sound && manifest->n_repetitions > 1)
        sound = add_repetitions(m, grid ? manifest->n_repetitions : n_runs, grid);
    free(axis_of);
    return sound ? ES_OK : es_errors_no_memory(m->errors, m->folder);
}

/* ---- Boxes */

static void free_values(es_cube_values *values) {
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        free(values->figures[f]);
    free(values->n_steps);
    free(values->cut_share);
    free(values->utilisation);
    free(values->queue_length);
    free(values->gain_mean_of_ratios);
    free(values->gain_ratio_of_means);
    free(values->state);
}

static bool allocate_values(const merging *m, size_t n, es_cube_values *values) {
    size_t p = m->n_policies, rows = n * p;
    bool sound = true;
    for (size_t f = 0; f < ES_N_SUMMARY; f++) {
        values->figures[f] = es_alloc(rows, sizeof(double));
        sound = sound && values->figures[f] != NULL;
    }
    values->n_steps = es_alloc(rows, sizeof(double));
    values->cut_share = es_alloc(rows * m->n_cuts, sizeof(double));
    values->utilisation = es_alloc(rows * m->n_stations, sizeof(double));
    values->queue_length = es_alloc(rows * m->n_stations, sizeof(double));
    values->gain_mean_of_ratios = es_alloc(rows * p, sizeof(double));
    values->gain_ratio_of_means = es_alloc(rows * p, sizeof(double));
    values->state = es_alloc(n, 1);
    return sound && values->n_steps != NULL && values->cut_share != NULL &&
           values->utilisation != NULL && values->queue_length != NULL &&
           values->gain_mean_of_ratios != NULL && values->gain_ratio_of_means != NULL &&
           values->state != NULL;
}

static void clear(double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] = ES_NAN;
}

static void clear_run(const merging *m, es_cube_values *values, size_t i) {
    size_t p = m->n_policies, row = i * p;
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        clear(values->figures[f] + row, p);
    clear(values->n_steps + row, p);
    clear(values->cut_share + row * m->n_cuts, p * m->n_cuts);
    clear(values->utilisation + row * m->n_stations, p * m->n_stations);
    clear(values->queue_length + row * m->n_stations, p * m->n_stations);
    clear(values->gain_mean_of_ratios + row * p, p * p);
    clear(values->gain_ratio_of_means + row * p, p * p);
}

static void place_run(const merging *m, const outcome *out, es_cube_values *values, size_t i) {
    size_t n_cuts = m->n_cuts;
    for (size_t q = 0; q < out->n_policies; q++) {
        size_t row = i * m->n_policies + merge_find_policy(m, out->policies[q]);
        for (size_t f = 0; f < ES_N_SUMMARY; f++)
            values->figures[f][row] = out->figures[q * ES_N_SUMMARY + f];
        values->n_steps[row] = out->n_steps[q];
        memcpy(values->cut_share + row * n_cuts, out->cut_share + q * out->n_cuts,
               out->n_cuts * sizeof(double));
        memcpy(values->utilisation + row * m->n_stations, out->utilisation + q * out->n_stations,
               out->n_stations * sizeof(double));
        memcpy(values->queue_length + row * m->n_stations, out->queue_length + q * out->n_stations,
               out->n_stations * sizeof(double));
        for (size_t b = 0; b < out->n_policies; b++) {
            size_t at = row * m->n_policies + merge_find_policy(m, out->policies[b]);
            values->gain_mean_of_ratios[at] = out->gain_mean_of_ratios[q * out->n_policies + b];
            values->gain_ratio_of_means[at] = out->gain_ratio_of_means[q * out->n_policies + b];
        }
    }
}

static es_status fill_box(merging *m, size_t first, es_cube_values *values) {
    es_status status = ES_OK;
    for (size_t i = 0; i < values->n && status == ES_OK; i++) {
        outcome out = {0};
        unsigned char state = m->states[first + i];
        values->state[i] = (int8_t)(RUN_DONE - state);
        clear_run(m, values, i);
        if (state != RUN_DONE)
            continue;
        status = merge_read_outcome(m, first + i, &out);
        if (status == ES_OK) {
            place_run(m, &out, values, i);
            outcome_fini(&out);
        }
    }
    return status;
}

/* Boxes are runs of consecutive numbers: whole along the last axes, a part of one axis before them,
 * one place of those before that. */
typedef struct boxes {
    size_t split; /* that axis */
    size_t inner; /* runs per place of it */
    size_t most;  /* places of it in a box */
} boxes;

static boxes plan_boxes(const merging *m) {
    size_t p = m->n_policies;
    size_t bytes =
        (p * (ES_N_SUMMARY + 1 + m->n_cuts + 2 * m->n_stations + 2 * p) + 1) * sizeof(double);
    size_t runs = BOX_BYTES / bytes > 0 ? BOX_BYTES / bytes : 1;
    boxes made = {.split = m->n_axes - 1, .inner = 1};
    while (made.split > 0 && made.inner * m->axes[made.split].n <= runs)
        made.inner *= m->axes[made.split--].n;
    made.most = runs / made.inner > 0 ? runs / made.inner : 1;
    if (made.most > m->axes[made.split].n)
        made.most = m->axes[made.split].n;
    return made;
}

es_status merge_check_interrupted(const merging *m) {
    const volatile sig_atomic_t *interrupted = m->options->interrupted;
    if (interrupted == NULL || *interrupted == 0)
        return ES_OK;
    return es_errors_add(m->errors, ES_INTERRUPTED, NULL, 0, "interrupted; nothing was written");
}

static es_status write_boxes(merging *m, es_cube *cube) {
    boxes plan = plan_boxes(m);
    ES_REQUIRE(plan.inner > 0 && m->axes[plan.split].n > 0);
    es_cube_values values = {0};
    size_t start[ES_CUBE_MAX_AXES] = {0}, count[ES_CUBE_MAX_AXES] = {0};
    es_status status = allocate_values(m, plan.most * plan.inner, &values)
                           ? ES_OK
                           : es_errors_no_memory(m->errors, m->folder);
    for (size_t first = 0; first < m->manifest.n_runs && status == ES_OK; first += values.n) {
        size_t rest = first / plan.inner, n_split = m->axes[plan.split].n;
        for (size_t i = 0; i < m->n_axes; i++) {
            start[i] = 0;
            count[i] = i < plan.split ? 1 : m->axes[i].n;
        }
        start[plan.split] = rest % n_split;
        size_t left = n_split - start[plan.split];
        count[plan.split] = left < plan.most ? left : plan.most;
        rest /= n_split;
        for (size_t i = plan.split; i-- > 0; rest /= m->axes[i].n)
            start[i] = rest % m->axes[i].n;
        values.n = count[plan.split] * plan.inner;
        status = merge_check_interrupted(m);
        if (status == ES_OK)
            status = fill_box(m, first, &values);
        if (status == ES_OK)
            status = es_cube_put(cube, start, count, &values, m->errors);
    }
    free_values(&values);
    return status;
}

static es_status write_cube(merging *m) {
    es_file study = {0};
    es_text name = {0};
    es_text_add(&name, "%s/study.ini", m->folder);
    es_status status = name.failed ? es_errors_no_memory(m->errors, m->folder)
                                   : es_file_read(name.data, (size_t)16 << 20, &study, m->errors);
    es_cube *cube = NULL;
    es_cube_layout layout = {
        .program = m->manifest.source,
        .study = es_path_name(m->manifest.study),
        .config = m->manifest.config,
        .study_ini = study.data,
        .n_axes = m->n_axes,
        .n_coordinates = m->n_coordinates,
        .axes = m->axes,
        .coordinates = m->coordinates,
        .n_policies = m->n_policies,
        .n_cuts = m->n_cuts,
        .has_cloud = m->n_stations > ES_N_STATIONS_OF_TWO_TIERS,
        .has_exits = m->has_exits,
        .policies = (const char *const *)m->policies,
        .has_steps = m->options->steps != ES_SWEEP_NO_STEPS,
        .refers = m->options->steps == ES_SWEEP_REFER_TO_STEPS,
        .n_steps = m->n_steps,
        .n_sources = m->n_tables,
    };
    if (status == ES_OK)
        status = es_cube_create(&layout, m->options->path, m->options->replace, &cube, m->errors);
    if (status == ES_OK)
        status = write_boxes(m, cube);
    if (status == ES_OK && layout.has_steps)
        status = merge_put_steps(m, cube);
    if (status == ES_OK)
        status = es_cube_publish(cube, m->errors);
    es_cube_close(cube);
    es_file_fini(&study);
    free(name.data);
    return status;
}

static es_status check_complete(const merging *m, es_sweep_progress *progress) {
    *progress = (es_sweep_progress){.n_runs = m->manifest.n_runs};
    for (size_t run = 0; run < m->manifest.n_runs; run++) {
        progress->n_done += m->states[run] == RUN_DONE;
        progress->n_failed += m->states[run] == RUN_FAILED;
    }
    size_t n_missing = progress->n_runs - progress->n_done - progress->n_failed;
    if (n_missing > 0 && !m->options->incomplete)
        return es_errors_add(m->errors, ES_INVALID, m->folder, 0,
                             "%zu of %zu runs are missing; --incomplete leaves them NaN", n_missing,
                             progress->n_runs);
    if (progress->n_done == 0)
        return es_errors_add(m->errors, ES_INVALID, m->folder, 0, "no run is done");
    return ES_OK;
}

static void merging_fini(merging *m) {
    for (size_t i = 0; i < N_OPEN; i++)
        if (m->open[i] >= 0)
            close(m->open[i]);
    for (size_t i = 0; i < m->n_policies; i++)
        free(m->policies[i]);
    for (size_t i = 0; i < m->manifest.n_variables && m->texts != NULL; i++)
        free(m->texts[i]);
    for (size_t i = 0; i <= m->manifest.n_variables && m->numbers != NULL; i++)
        free(m->numbers[i]);
    free(m->texts);
    free(m->numbers);
    free(m->run_numbers);
    free(m->coordinates);
    free(m->policies);
    free(m->payload);
    free(m->places);
    free(m->states);
    shards_fini(&m->shards);
    index_fini(&m->index);
    manifest_fini(&m->manifest);
}

es_status es_sweep_merge(const es_sweep_merge_options *options, es_sweep_progress *progress,
                         es_errors *errors) {
    merging m = {.options = options, .folder = options->folder, .errors = errors};
    for (size_t i = 0; i < N_OPEN; i++)
        m.open[i] = -1;
    es_status status = es_output_check(options->path, options->replace, errors);
    if (status == ES_OK)
        status = manifest_read(options->folder, &m.manifest, errors);
    if (status == ES_OK)
        status = find_places(&m);
    if (status == ES_OK)
        status = check_complete(&m, progress);
    if (status == ES_OK && options->steps != ES_SWEEP_NO_STEPS)
        status = merge_find_steps(&m);
    if (status == ES_OK)
        status = collect(&m);
    if (status == ES_OK)
        status = lay_out(&m);
    if (status == ES_OK)
        status = write_cube(&m);
    merging_fini(&m);
    return status;
}
