#include "measured.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* ---- Provenance */

static void say_repetitions(es_text *text, const es_batch_times *times) {
    es_text_add(text, "%zu stamped, %zu plain", times->units[0].n, times->whole.n);
}

static void say_dropped(es_text *text, const es_batch_times *times) {
    double dropped = es_batch_times_dropped_ratio(times);
    es_text_add(text, "%.1f %%%s", dropped * 100,
                dropped > ES_DROPPED_LIMIT_RATIO ? " (more than half)" : "");
}

static void say_interval(es_text *text, const es_batch_times *times) {
    es_text_add(text, "%.2f %%", times->interval_ratio * 100);
}

static void say_end(es_text *text, const es_batch_times *times) {
    es_text_add(text, "%s", times->boxed ? "time box" : "stop rule");
}

static void say_ratio(es_text *text, const es_batch_times *times) {
    es_text_add(text, "%.4f", times->whole.median / es_batch_times_sum_s(times));
}

static const struct batch_note {
    const char *key;
    void (*say)(es_text *text, const es_batch_times *times);
} batch_notes[ES_N_BATCH_NOTES] = {
    {"repetitions", say_repetitions}, {"dropped", say_dropped},
    {"interval", say_interval},       {"ended-by", say_end},
    {"whole-to-sum", say_ratio},
};

/* What each part of a profile has of its own. */
static bool is_of_parts(const char *key) {
    for (size_t i = 0; i < ES_N_BATCH_NOTES; i++)
        if (strcmp(key, batch_notes[i].key) == 0)
            return true;
    return strcmp(key, "date") == 0 || strcmp(key, "resumed") == 0;
}

/* Device and method: the same for every part of a profile. */
static void add_method(const es_profiler_job *job, const es_device *device,
                       const es_measured *measured, es_facts *facts) {
    const es_stop_rule *rule = &job->rule;
    es_facts_add(facts, "model", "%s", job->model->name);
    es_facts_add(facts, "kind", "measured");
    es_facts_add(facts, "granularity", "%s", es_granularity_text(ES_FUSED));
    es_facts_add(facts, "resolution", "%lld", (long long)job->model->layers[0].out.h);
    es_facts_add(facts, "backend", "%s", job->backend->name);
    es_facts_add(facts, "setting", "%s", job->setting[0] != '\0' ? job->setting : "default");
    job->backend->describe(device, facts);
    es_facts_add(facts, "method",
                 "median over passes of the whole network; layer rows: time between stamps behind "
                 "the fused units; whole rows: passes without stamps, run in turn with the others; "
                 "passes that lost more than %g %% of their time to %s dropped",
                 rule->lost_ratio * 100, job->backend->disturbances);
    if (measured->n_segments > 0)
        es_facts_add(
            facts, "segments",
            "head and tail rows: these units alone, passes of all block cuts in turn, each "
            "until the stop rule holds, at most the same time again per batch size");
    es_facts_add(
        facts, "stop-rule",
        "95 %% interval of the median of the whole narrower than %g %%, at least %zu passes "
        "of each kind, at most %g s per batch size",
        rule->precision_ratio * 100, rule->least_samples, (double)rule->time_box_ns / 1e9);
    es_facts_add(facts, "warm-up", "at least %zu passes of each kind and %g s",
                 rule->warm_up_passes, (double)rule->warm_up_ns / 1e9);
}

static void add_dates(const es_profiler_job *job, bool resumed, es_facts *facts) {
    const char *begun = job->kept != NULL ? es_profile_provenance(job->kept, "date") : NULL;
    const char *before = job->kept != NULL ? es_profile_provenance(job->kept, "resumed") : NULL;
    es_facts_add(facts, "date", "%s", begun != NULL ? begun : job->date);
    if (job->kept != NULL && resumed)
        es_facts_add(facts, "resumed", "%s%s%s", before != NULL ? before : "",
                     before != NULL ? "; " : "", job->date);
    else if (before != NULL)
        es_facts_add(facts, "resumed", "%s", before);
}

static void add_provenance(const es_profiler_job *job, const es_device *device,
                           es_measured *measured) {
    es_facts *facts = &measured->facts;
    es_facts_fini(facts);
    add_method(job, device, measured, facts);
    if (job->backend->observe != NULL)
        job->backend->observe(device, facts);
    for (size_t i = 0; i < ES_N_BATCH_NOTES; i++)
        if (measured->notes[i].data != NULL)
            es_facts_add(facts, batch_notes[i].key, "%s", measured->notes[i].data);
    add_dates(job, measured->n_rows > measured->n_kept_rows, facts);
    for (size_t i = 0; job->kept != NULL && i < job->kept->n_provenance; i++) {
        const es_provenance *earlier = &job->kept->provenance[i];
        if (!is_of_parts(earlier->key))
            es_facts_join(facts, earlier->key, earlier->value);
    }
}

/* ---- What is kept */

/* Every line that says how this job measures must be in what is kept, with the same value. */
static es_status check_method(const es_profiler_job *job, const es_device *device,
                              const es_measured *measured, es_errors *errors) {
    es_facts facts = {0};
    size_t n_before = errors->n;
    add_method(job, device, measured, &facts);
    for (size_t i = 0; i < facts.n; i++) {
        const es_provenance *now = &facts.items[i];
        const char *then = es_profile_provenance(job->kept, now->key);
        if (then != NULL && strcmp(then, now->value) == 0)
            continue;
        if (then == NULL)
            es_errors_add(errors, ES_INVALID, job->kept->path, 0,
                          "cannot be resumed: it says nothing of %s, which is now \"%s\"", now->key,
                          now->value);
        else
            es_errors_add(errors, ES_INVALID, job->kept->path, 0,
                          "cannot be resumed: %s was \"%s\" and is now \"%s\"", now->key, then,
                          now->value);
    }
    bool failed = facts.failed;
    es_facts_fini(&facts);
    if (failed)
        return ES_NO_MEMORY;
    return errors->n > n_before ? ES_INVALID : ES_OK;
}

static size_t rows_per_batch(const es_plan *plan, const es_measured *measured) {
    return plan->n_units + 1 + measured->n_segments;
}

/* Every unit has its row at every batch size, under its name. */
static es_status check_rows(const es_profile *kept, const es_plan *plan,
                            const es_measured *measured, es_errors *errors) {
    int64_t *batches = NULL;
    size_t n_batches = 0;
    es_status status = es_profile_batches(kept, &batches, &n_batches, errors);
    free(batches);
    if (status != ES_OK)
        return status;
    if (kept->n_rows != n_batches * rows_per_batch(plan, measured))
        return es_errors_add(errors, ES_INVALID, kept->path, 0,
                             "cannot be resumed: %zu rows for %zu batch sizes; expected %zu for "
                             "each",
                             kept->n_rows, n_batches, rows_per_batch(plan, measured));
    for (size_t r = 0; r < kept->n_rows; r++) {
        const es_profile_row *row = &kept->rows[r];
        if (row->kind == ES_PROFILE_LAYER && strcmp(row->name, plan->units[row->index].name) != 0)
            return es_errors_add(errors, ES_INVALID, kept->path, 0,
                                 "cannot be resumed: layer %zu is %s there and %s in the network",
                                 row->index, row->name, plan->units[row->index].name);
    }
    return ES_OK;
}

static es_status keep(const es_profile *kept, es_measured *measured) {
    es_status status =
        es_reserve(&measured->rows, &measured->rows_capacity, kept->n_rows, sizeof *measured->rows);
    if (status != ES_OK)
        return status;
    memcpy(measured->rows, kept->rows, kept->n_rows * sizeof *kept->rows);
    measured->n_rows = measured->n_kept_rows = kept->n_rows;
    for (size_t i = 0; i < ES_N_BATCH_NOTES; i++) {
        const char *note = es_profile_provenance(kept, batch_notes[i].key);
        if (note != NULL)
            es_text_add(&measured->notes[i], "%s", note);
        if (measured->notes[i].failed)
            return ES_NO_MEMORY;
    }
    return ES_OK;
}

/* Finds the head and the tail of every block cut that has both. */
static es_status find_segments(const es_model *model, es_measured *measured) {
    size_t n_cuts = model->n_cuts[ES_BLOCK];
    measured->segments = es_alloc(2 * n_cuts, sizeof *measured->segments);
    measured->summaries = es_alloc(2 * n_cuts, sizeof *measured->summaries);
    if (measured->segments == NULL || measured->summaries == NULL)
        return ES_NO_MEMORY;
    for (size_t cut = 1; cut + 1 < n_cuts; cut++) {
        size_t unit = es_model_find_cut(model, ES_FUSED, model->cuts[ES_BLOCK][cut].last_layer);
        measured->segments[measured->n_segments++] = (es_segment){1, unit};
        measured->segments[measured->n_segments++] =
            (es_segment){unit + 1, model->n_cuts[ES_FUSED] - 1};
    }
    return ES_OK;
}

es_status es_measured_begin(const es_profiler_job *job, const es_device *device,
                            const es_plan *plan, es_measured **measured, es_errors *errors) {
    es_measured *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return ES_NO_MEMORY;
    es_status status = job->segments ? find_segments(job->model, made) : ES_OK;
    if (status == ES_OK && job->kept != NULL) {
        status = es_profile_check_model(job->kept, job->model, errors);
        if (status == ES_OK)
            status = check_method(job, device, made, errors);
        if (status == ES_OK)
            status = check_rows(job->kept, plan, made, errors);
        if (status == ES_OK)
            status = keep(job->kept, made);
    }
    if (status == ES_OK)
        *measured = made;
    else
        es_measured_destroy(made);
    return status;
}

bool es_measured_has_batch(const es_measured *measured, int64_t batch) {
    for (size_t r = 0; r < measured->n_rows; r++)
        if (measured->rows[r].batch == batch)
            return true;
    return false;
}

/* ---- Rows */

static es_profile_row row_of(const es_sample_summary *summary, int64_t batch) {
    return (es_profile_row){.batch = batch,
                            .n = (int64_t)summary->n,
                            .median_s = summary->median,
                            .p05_s = summary->p05,
                            .p95_s = summary->p95,
                            .min_s = summary->min,
                            .mean_s = summary->mean,
                            .std_s = summary->std};
}

static void add_segment_rows(const es_plan *plan, const es_measured *measured, int64_t batch,
                             es_profile_row *rows) {
    for (size_t s = 0; s < measured->n_segments; s++) {
        const es_segment *segment = &measured->segments[s];
        bool head = s % 2 == 0;
        size_t cut = head ? segment->last : segment->first - 1;
        es_profile_row row = row_of(&measured->summaries[s], batch);
        row.kind = head ? ES_PROFILE_HEAD : ES_PROFILE_TAIL;
        row.index = cut;
        row.name = plan->model->cuts[ES_FUSED][cut].name;
        row.op = "";
        row.out_elems = plan->model->cuts[ES_FUSED][cut].elems;
        rows[s] = row;
    }
}

static void add_rows(const es_plan *plan, const es_batch_times *times, es_profile_row *rows) {
    for (size_t u = 1; u <= plan->n_units; u++) {
        es_profile_row row = row_of(&times->units[u - 1], times->batch);
        row.kind = ES_PROFILE_LAYER;
        row.index = u;
        row.name = plan->model->cuts[ES_FUSED][u].name;
        row.op = es_op_text(plan->units[u].layer->op);
        row.out_elems = es_shape_elems(plan->model->layers[plan->units[u].last_layer].out);
        rows[u - 1] = row;
    }
    es_profile_row whole = row_of(&times->whole, times->batch);
    whole.kind = ES_PROFILE_WHOLE;
    whole.name = plan->model->name;
    whole.op = "network";
    rows[plan->n_units] = whole;
}

es_status es_measured_add_batch(const es_plan *plan, const es_batch_times *times,
                                es_measured *measured) {
    size_t n = rows_per_batch(plan, measured);
    es_status status = es_reserve(&measured->rows, &measured->rows_capacity, measured->n_rows + n,
                                  sizeof *measured->rows);
    for (size_t i = 0; status == ES_OK && i < ES_N_BATCH_NOTES; i++) {
        es_text *note = &measured->notes[i];
        es_text_add(note, "%sbatch %lld: ", note->length > 0 ? "; " : "", (long long)times->batch);
        batch_notes[i].say(note, times);
        if (note->failed)
            status = ES_NO_MEMORY;
    }
    if (status != ES_OK)
        return status;
    es_profile_row *rows = measured->rows + measured->n_rows;
    add_rows(plan, times, rows);
    add_segment_rows(plan, measured, times->batch, rows + plan->n_units + 1);
    measured->n_rows += n;
    return ES_OK;
}

es_status es_measured_complete(const es_profiler_job *job, const es_device *device,
                               es_measured *measured) {
    add_provenance(job, device, measured);
    if (measured->facts.failed)
        return ES_NO_MEMORY;
    measured->profile = (es_profile){.path = "",
                                     .model = job->model->name,
                                     .kind = "measured",
                                     .resolution = job->model->layers[0].out.h,
                                     .granularity = ES_FUSED,
                                     .n_provenance = measured->facts.n,
                                     .provenance = measured->facts.items,
                                     .n_rows = measured->n_rows,
                                     .rows = measured->rows};
    return ES_OK;
}

void es_measured_destroy(es_measured *measured) {
    if (measured == NULL)
        return;
    for (size_t i = 0; i < ES_N_BATCH_NOTES; i++)
        free(measured->notes[i].data);
    free(measured->segments);
    free(measured->summaries);
    free(measured->rows);
    es_facts_fini(&measured->facts);
    free(measured);
}

const es_profile *es_measured_profile(const es_measured *measured) {
    return &measured->profile;
}

size_t es_measured_rows_added(const es_measured *measured) {
    return measured->n_rows - measured->n_kept_rows;
}
