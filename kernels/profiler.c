#include "profiler.h"

#include "edgesplit/alloc.h"

struct es_measured {
    es_profile profile;
    es_facts facts;
    es_profile_row *rows;
    size_t n_batches;
    es_batch_times *batches; /* [n_batches] */
};

/* More dropped passes than this are said aloud. */
static const double dropped_limit_ratio = 0.5;

static es_status measure_batch(const es_profiler_job *job, es_device *device, const es_plan *plan,
                               int64_t batch, es_batch_times *times, es_errors *errors) {
    es_network *network = NULL;
    es_status status = job->backend->prepare(device, plan, batch, &network, errors);
    if (status != ES_OK)
        return status;
    status = es_measure_batch(job->backend, device, network, plan->n_units, batch, &job->rule,
                              times, errors);
    job->backend->release(network);
    if (status != ES_OK)
        return status;
    double dropped = es_batch_times_dropped_ratio(times);
    es_log_note(&job->log,
                "batch %lld: %.3f ms (%zu passes kept of %zu, interval %.2f %%), whole/sum %.3f",
                (long long)batch, times->whole.median * 1e3, times->n_passes - times->n_dropped,
                times->n_passes, times->interval_ratio * 100,
                times->whole.median / es_batch_times_sum_s(times));
    if (times->boxed)
        es_log_warning(&job->log, "batch %lld: the time box ended it before the stop rule was met",
                       (long long)batch);
    if (dropped > dropped_limit_ratio)
        es_log_warning(&job->log, "batch %lld: %.0f %% of the passes were disturbed and dropped",
                       (long long)batch, dropped * 100);
    return ES_OK;
}

/* One provenance line that says something of every batch size. */
static void add_per_batch(es_facts *facts, const char *key, const es_measured *measured,
                          void (*say)(es_text *text, const es_batch_times *times)) {
    es_text text = {0};
    for (size_t b = 0; b < measured->n_batches; b++) {
        es_text_add(&text, "%sbatch %lld: ", b > 0 ? "; " : "",
                    (long long)measured->batches[b].batch);
        say(&text, &measured->batches[b]);
    }
    if (text.failed)
        facts->failed = true;
    else
        es_facts_add(facts, key, "%s", text.data);
    free(text.data);
}

static void say_repetitions(es_text *text, const es_batch_times *times) {
    es_text_add(text, "%zu stamped, %zu plain", times->units[0].n, times->whole.n);
}

static void say_dropped(es_text *text, const es_batch_times *times) {
    double dropped = es_batch_times_dropped_ratio(times);
    es_text_add(text, "%.1f %%%s", dropped * 100,
                dropped > dropped_limit_ratio ? " (more than half)" : "");
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

static void add_provenance(const es_profiler_job *job, const es_device *device,
                           es_measured *measured) {
    es_facts *facts = &measured->facts;
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
                 "passes that lost more than %g %% of their time to other processes dropped",
                 rule->lost_ratio * 100);
    es_facts_add(
        facts, "stop-rule",
        "95 %% interval of the median of the whole narrower than %g %%, at least %zu passes "
        "of each kind, at most %g s per batch size",
        rule->precision_ratio * 100, rule->least_samples, (double)rule->time_box_ns / 1e9);
    es_facts_add(facts, "warm-up", "at least %zu passes of each kind and %g s",
                 rule->warm_up_passes, (double)rule->warm_up_ns / 1e9);
    add_per_batch(facts, "repetitions", measured, say_repetitions);
    add_per_batch(facts, "dropped", measured, say_dropped);
    add_per_batch(facts, "interval", measured, say_interval);
    add_per_batch(facts, "ended-by", measured, say_end);
    add_per_batch(facts, "whole-to-sum", measured, say_ratio);
    es_facts_add(facts, "date", "%s", job->date);
}

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

static void add_rows(const es_plan *plan, const es_batch_times *times, es_profile_row *rows) {
    for (size_t u = 1; u <= plan->n_units; u++) {
        es_profile_row row = row_of(&times->units[u - 1], times->batch);
        row.kind = ES_PROFILE_LAYER;
        row.index = u;
        row.name = plan->units[u].name;
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

static es_status fill_profile(const es_profiler_job *job, const es_device *device,
                              const es_plan *plan, es_measured *measured) {
    size_t rows_per_batch = plan->n_units + 1;
    measured->rows = es_alloc(job->n_batches * rows_per_batch, sizeof *measured->rows);
    add_provenance(job, device, measured);
    if (measured->rows == NULL || measured->facts.failed)
        return ES_NO_MEMORY;
    for (size_t b = 0; b < job->n_batches; b++)
        add_rows(plan, &measured->batches[b], measured->rows + b * rows_per_batch);
    measured->profile = (es_profile){.path = "",
                                     .model = job->model->name,
                                     .kind = "measured",
                                     .resolution = job->model->layers[0].out.h,
                                     .granularity = ES_FUSED,
                                     .n_provenance = measured->facts.n,
                                     .provenance = measured->facts.items,
                                     .n_rows = job->n_batches * rows_per_batch,
                                     .rows = measured->rows};
    return ES_OK;
}

es_status es_profiler_run(const es_profiler_job *job, es_measured **measured, es_errors *errors) {
    es_measured *made = es_alloc(1, sizeof *made);
    es_plan *plan = NULL;
    es_device *device = NULL;
    es_status status = ES_NO_MEMORY;
    if (made == NULL)
        goto done;
    made->n_batches = job->n_batches;
    made->batches = es_alloc(job->n_batches, sizeof *made->batches);
    if (made->batches == NULL)
        goto done;
    status = es_plan_create(job->model, false, &plan, errors);
    if (status == ES_OK)
        status = job->backend->open(job->setting, &device, errors);
    for (size_t b = 0; status == ES_OK && b < job->n_batches; b++)
        status = measure_batch(job, device, plan, job->batches[b], &made->batches[b], errors);
    if (status == ES_OK)
        status = fill_profile(job, device, plan, made);
    if (status == ES_OK) {
        *measured = made;
        made = NULL;
    }
done:
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_add(errors, status, NULL, 0, "%s: %s", job->model->name, es_status_text(status));
    if (device != NULL)
        job->backend->close(device);
    es_plan_destroy(plan);
    es_measured_destroy(made);
    return status;
}

void es_measured_destroy(es_measured *measured) {
    if (measured == NULL)
        return;
    for (size_t b = 0; b < measured->n_batches && measured->batches != NULL; b++)
        es_batch_times_fini(&measured->batches[b]);
    free(measured->batches);
    free(measured->rows);
    es_facts_fini(&measured->facts);
    free(measured);
}

const es_profile *es_measured_profile(const es_measured *measured) {
    return &measured->profile;
}

const es_batch_times *es_measured_times(const es_measured *measured) {
    return measured->batches;
}
