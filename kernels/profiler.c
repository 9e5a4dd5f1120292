#include "measured.h"

#include "edgesplit/alloc.h"

static void report(const es_profiler_job *job, const es_batch_times *times) {
    double dropped = es_batch_times_dropped_ratio(times);
    long long batch = (long long)times->batch;
    es_log_note(
        &job->log, "batch %lld: %.3f ms (%zu passes kept of %zu, interval %.2f %%), whole/sum %.3f",
        batch, times->whole.median * 1e3, times->n_passes - times->n_dropped, times->n_passes,
        times->interval_ratio * 100, times->whole.median / es_batch_times_sum_s(times));
    if (times->boxed)
        es_log_warning(&job->log, "batch %lld: the time box ended it before the stop rule was met",
                       batch);
    if (dropped > ES_DROPPED_LIMIT_RATIO)
        es_log_warning(&job->log,
                       "batch %lld: %.0f %% of the passes were disturbed by %s and dropped", batch,
                       dropped * 100, job->backend->disturbances);
}

static es_status measure_batch(const es_profiler_job *job, es_device *device, const es_plan *plan,
                               int64_t batch, es_measured *measured, es_errors *errors) {
    es_network *network = NULL;
    es_batch_times times = {0};
    es_samples all = {0}, *samples = job->samples != NULL ? &all : NULL;
    es_status status = job->backend->prepare(device, plan, batch, &network, errors);
    if (status != ES_OK)
        return status;
    status = es_measure_batch(job->backend, device, network, plan->n_units, batch, &job->rule,
                              samples, &times, errors);
    if (status == ES_OK && measured->n_segments > 0)
        status = es_measure_segments(job->backend, device, network, measured->n_segments,
                                     measured->segments, &job->rule, samples, measured->summaries,
                                     errors);
    job->backend->release(network);
    if (status == ES_OK)
        status = es_measured_add_batch(plan, &times, measured);
    if (samples != NULL)
        es_samples_write(samples, job->model, batch, job->samples);
    if (status == ES_OK && samples != NULL && job->samples->failed)
        status = ES_NO_MEMORY;
    if (status == ES_OK)
        report(job, &times);
    es_batch_times_fini(&times);
    es_samples_fini(&all);
    return status;
}

/* Measures what is not there yet, and publishes after each batch size what is. */
static es_status measure_batches(const es_profiler_job *job, es_device *device, const es_plan *plan,
                                 es_measured *measured, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t b = 0; status == ES_OK && b < job->n_batches; b++) {
        if (es_measured_has_batch(measured, job->batches[b]))
            continue;
        status = measure_batch(job, device, plan, job->batches[b], measured, errors);
        if (status == ES_OK)
            status = es_measured_complete(job, device, measured);
        if (status == ES_OK && job->publish != NULL)
            status = job->publish(job->context, &measured->profile, errors);
    }
    return status == ES_OK ? es_measured_complete(job, device, measured) : status;
}

es_status es_profiler_run(const es_profiler_job *job, es_measured **measured, es_errors *errors) {
    es_measured *made = NULL;
    es_plan *plan = NULL;
    es_device *device = NULL;
    es_status status = es_plan_create(job->model, false, &plan, errors);
    if (status == ES_OK)
        status = job->backend->open(job->setting, &device, errors);
    if (status == ES_OK)
        status = es_measured_begin(job, device, plan, &made, errors);
    if (status == ES_OK)
        status = measure_batches(job, device, plan, made, errors);
    if (status == ES_OK) {
        *measured = made;
        made = NULL;
    }
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_add(errors, status, NULL, 0, "%s: %s", job->model->name, es_status_text(status));
    if (device != NULL)
        job->backend->close(device);
    es_plan_destroy(plan);
    es_measured_destroy(made);
    return status;
}
