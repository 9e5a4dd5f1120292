/* One run after the other, in one process; and which runs there are to do. */
#include "parts.h"

#include "edgesplit/alloc.h"
#include "edgesplit/sinks.h"

#include <string.h>
#include <unistd.h>

/* Of a run under way. */
typedef struct run_under_way {
    const run_id *id; /* as it was identified */
    char *payload;
    size_t length;
} run_under_way;

/* The run has to be what was identified: an input may have changed since. */
static es_status check_identity(const run_id *expected, const es_run_record *record,
                                es_errors *errors) {
    char **files = es_alloc(record->n_inputs, sizeof *files);
    es_status status = files != NULL ? ES_OK : ES_NO_MEMORY;
    for (size_t i = 0; i < record->n_inputs && status == ES_OK; i++) {
        es_text text = {0};
        es_text_add(&text, "%s %s", record->inputs[i].sha256, record->inputs[i].path);
        files[i] = text.data;
        status = text.failed ? ES_NO_MEMORY : ES_OK;
    }
    run_id id = {{0}};
    if (status == ES_OK)
        status = identify(record->scenario_resolved, record->n_inputs, files, &id);
    for (size_t i = 0; files != NULL && i < record->n_inputs; i++)
        free(files[i]);
    free(files);
    if (status != ES_OK)
        return es_errors_add(errors, status, NULL, 0, "%s", es_status_text(status));
    if (memcmp(id.bytes, expected->bytes, ID_BYTES) != 0)
        return es_errors_add(errors, ES_INVALID, NULL, 0,
                             "an input file has changed since the sweep was started");
    return ES_OK;
}

static es_status take_summary(void *context, const es_run_record *record, const es_summary *summary,
                              es_errors *errors) {
    run_under_way *run = context;
    es_status status = check_identity(run->id, record, errors);
    if (status != ES_OK)
        return status;
    status = outcome_write(record, summary, &run->payload, &run->length);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : status;
}

char *steps_path(const char *folder, const run_id *id) {
    char name[ID_TEXT];
    es_text path = {0};
    id_text(id, name);
    es_text_add(&path, "%s/steps/%s.h5", folder, name);
    if (path.failed) {
        free(path.data);
        return NULL;
    }
    return path.data;
}

bool has_steps(const char *folder, const run_id *id) {
    char *path = steps_path(folder, id);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

es_status do_run(const es_sweep *sweep, size_t run, es_inputs *inputs, const char *steps,
                 char **payload, size_t *length, es_errors *errors) {
    es_scenario *scenario = NULL;
    es_plan *plan = NULL;
    es_run_report report;
    run_under_way doing = {.id = &sweep->ids[run]};
    es_inputs_trim(inputs);
    es_status status = es_scenario_of_run(sweep->study, run, &scenario, errors);
    if (status == ES_OK)
        status = es_plan_of(scenario, inputs, &plan, errors);
    if (status == ES_OK) {
        es_run_options options = {
            .sink = steps != NULL ? es_sinks_find("hdf5") : &es_sink_memory,
            .output = steps,
            .replace = true,
            .context = &doing,
            .summarised = take_summary,
        };
        status = es_plan_run(plan, &options, &report, errors);
    }
    es_plan_destroy(plan);
    if (status != ES_OK) {
        free(doing.payload);
        return status;
    }
    *payload = doing.payload;
    *length = doing.length;
    return ES_OK;
}

es_status do_and_keep(const es_sweep *sweep, size_t run, es_inputs *inputs, bool keep_steps,
                      shard_writer *shard, char message[RUN_MESSAGE], es_status *kept,
                      es_errors *errors) {
    char *payload = NULL;
    size_t length = 0;
    es_errors found;
    es_errors_init(&found);
    const run_id *id = &sweep->ids[run];
    char *steps = keep_steps ? steps_path(shard->folder, id) : NULL;
    if (keep_steps && steps == NULL) {
        *kept = es_errors_no_memory(errors, shard->folder);
        return *kept;
    }
    es_status status = do_run(sweep, run, inputs, steps, &payload, &length, &found);
    free(steps);
    if (status == ES_IO || status == ES_CANT_CREATE) { /* of the disk, not of the run */
        message[0] = '\0';
        es_errors_add_new(errors, &found);
        *kept = status;
        return status;
    }
    if (status == ES_OK) {
        message[0] = '\0';
        *kept = shard_append(shard, RECORD_DONE, id, payload, length, errors);
    } else {
        snprintf(message, RUN_MESSAGE, "%.*s", RUN_MESSAGE - 1,
                 found.n > 0 ? found.records[0].text : es_status_text(status));
        *kept = shard_append(shard, RECORD_FAILED, id, message, strlen(message), errors);
    }
    free(payload);
    return status;
}

/* ---- Which runs */

typedef struct marking {
    const run_index *index;
    unsigned char *states;
} marking;

static es_status mark(void *context, record_kind kind, const run_id *id, const char *payload,
                      const record_place *place) {
    const marking *marks = context;
    (void)payload;
    (void)place;
    size_t n, first = index_find(marks->index, id, &n);
    for (size_t i = first; i < first + n; i++) {
        unsigned char *state = &marks->states[marks->index->order[i]];
        unsigned char now = kind == RECORD_DONE ? RUN_DONE : RUN_FAILED;
        *state = *state > now ? *state : now;
    }
    return ES_OK;
}

es_status read_states(const char *folder, const run_index *index, unsigned char *states,
                      es_errors *errors) {
    shard_list shards;
    marking marks = {index, states};
    memset(states, RUN_MISSING, index->n);
    es_status status = shards_read(folder, &shards, &marks, mark, errors);
    shards_fini(&shards);
    return status;
}

/* A run with what it is sorted by. */
typedef struct expected_run {
    double expected;
    uint32_t run;
} expected_run;

static int longest_first(const void *a, const void *b) {
    const expected_run *x = a, *y = b;
    int order = (x->expected < y->expected) - (x->expected > y->expected);
    return order != 0 ? order : (x->run > y->run) - (x->run < y->run);
}

bool is_open(const es_sweep *sweep, const es_sweep_options *options, const unsigned char *states,
             uint32_t run) {
    switch ((run_state)states[run]) {
    case RUN_MISSING: return true;
    case RUN_FAILED: return options->retry_failed;
    case RUN_DONE: return options->keep_steps && !has_steps(options->folder, &sweep->ids[run]);
    }
    return false;
}

es_status choose_runs(const es_sweep *sweep, const es_sweep_options *options,
                      const unsigned char *states, uint32_t **out, size_t *n, es_errors *errors) {
    size_t n_tasks = options->n_tasks > 0 ? options->n_tasks : 1, n_chosen = 0;
    expected_run *sorted = es_alloc(sweep->n_runs, sizeof *sorted);
    uint32_t *runs = es_alloc(sweep->n_runs, sizeof *runs);
    bool *taken = es_alloc(sweep->n_runs, sizeof *taken);
    bool *chosen = es_alloc(sweep->n_runs, sizeof *chosen);
    es_status status =
        sorted != NULL && runs != NULL && taken != NULL && chosen != NULL ? ES_OK : ES_NO_MEMORY;
    if (status != ES_OK)
        es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < options->n_chosen && status == ES_OK; i++)
        chosen[options->chosen[i]] = true;
    for (size_t i = 0; i < sweep->n_runs && status == ES_OK; i++)
        sorted[i] = (expected_run){sweep->expected[i], (uint32_t)i};
    if (status == ES_OK)
        qsort(sorted, sweep->n_runs, sizeof *sorted, longest_first);
    /* A task's share is of all runs, so that it does not depend on what is done already. */
    for (size_t i = options->task; i < sweep->n_runs && status == ES_OK; i += n_tasks) {
        uint32_t run = sorted[i].run;
        size_t n_same, first = index_find(&sweep->index, &sweep->ids[run], &n_same);
        if (!is_open(sweep, options, states, run) || taken[first] ||
            (options->chosen != NULL && !chosen[run]))
            continue;
        taken[first] = true; /* of equal runs one is enough */
        runs[n_chosen++] = run;
    }
    free(sorted);
    free(taken);
    free(chosen);
    if (status != ES_OK) {
        free(runs);
        return status;
    }
    *out = runs;
    *n = n_chosen;
    return ES_OK;
}
