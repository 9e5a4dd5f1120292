#include "measure.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

const es_stop_rule es_stop_rule_default = {.warm_up_passes = 3,
                                           .warm_up_ns = INT64_C(200000000),
                                           .least_samples = 30,
                                           .lost_ratio = 0.002,
                                           .precision_ratio = 0.01,
                                           .time_box_ns = INT64_C(20000000000)};

typedef struct measurement {
    const es_backend *backend;
    const es_device *device;
    es_network *network;
    size_t n_units;
    const es_stop_rule *rule;
    int64_t *stamps_ns; /* [n_units + 1] */
    double *unit_s;     /* [n_stamped][n_units] */
    double *whole_s;    /* [n_plain] */
    double *scratch;    /* for sorting: one kind's samples */
    size_t n_stamped, n_plain, unit_capacity, whole_capacity, scratch_capacity;
    size_t n_passes, n_dropped;
    bool warm; /* it is behind the warm-up */
    es_samples *samples;
    es_errors *errors;
} measurement;

static int64_t now_ns(const measurement *m) {
    return m->backend->now_ns(m->device);
}

static es_status complain_backwards(const es_backend *backend, es_errors *errors) {
    return es_errors_add(errors, ES_INTERNAL, NULL, 0, "the clock of backend %s ran backwards",
                         backend->name);
}

static es_status check_interrupted(const es_stop_rule *rule, es_errors *errors) {
    return rule->interrupted == NULL || *rule->interrupted == 0
               ? ES_OK
               : es_errors_add(errors, ES_INTERRUPTED, NULL, 0, "interrupted");
}

/* Why a pass is dropped; "" if it is not. */
static const char *reason_dropped(const es_backend *backend, const es_device *device, bool warm,
                                  bool kept) {
    return !warm ? "warm-up" : kept ? "" : backend->lost_to(device);
}

/* One pass; `*kept` says whether it lost little enough of its time. */
static es_status run_pass(measurement *m, bool stamped, bool *kept) {
    es_status status = check_interrupted(m->rule, m->errors);
    int64_t lost_ns = m->backend->lost_ns(m->device);
    if (status == ES_OK)
        status = m->backend->run(m->network, stamped, m->stamps_ns, m->errors);
    if (status != ES_OK)
        return status;
    lost_ns = m->backend->lost_ns(m->device) - lost_ns;
    int64_t pass_ns = m->stamps_ns[m->n_units] - m->stamps_ns[0];
    *kept = (double)lost_ns <= m->rule->lost_ratio * (double)pass_ns;
    size_t step = stamped ? 1 : m->n_units;
    for (size_t u = step; u <= m->n_units; u += step)
        if (m->stamps_ns[u] < m->stamps_ns[u - step])
            return complain_backwards(m->backend, m->errors);
    if (m->samples == NULL)
        return ES_OK;
    es_pass pass = {.kind = stamped ? ES_PASS_STAMPED : ES_PASS_PLAIN,
                    .dropped = reason_dropped(m->backend, m->device, m->warm, *kept),
                    .lost_ns = lost_ns};
    return es_samples_add(m->samples, &pass, m->n_units / step, step, m->stamps_ns);
}

static es_status warm_up(measurement *m) {
    int64_t end = now_ns(m) + m->rule->warm_up_ns;
    bool kept;
    for (size_t i = 0; i < m->rule->warm_up_passes || now_ns(m) < end; i++) {
        es_status status = run_pass(m, true, &kept);
        if (status == ES_OK)
            status = run_pass(m, false, &kept);
        if (status != ES_OK)
            return status;
    }
    m->warm = true;
    return ES_OK;
}

/* Room for one more pass of each kind, made while nothing is timed. */
static es_status reserve(measurement *m) {
    size_t more = (m->n_stamped > m->n_plain ? m->n_stamped : m->n_plain) + 1;
    es_status status =
        es_reserve(&m->unit_s, &m->unit_capacity, more * m->n_units, sizeof *m->unit_s);
    if (status == ES_OK)
        status = es_reserve(&m->whole_s, &m->whole_capacity, more, sizeof *m->whole_s);
    if (status == ES_OK)
        status = es_reserve(&m->scratch, &m->scratch_capacity, more, sizeof *m->scratch);
    return status;
}

static double seconds(int64_t from_ns, int64_t to_ns) {
    return (double)(to_ns - from_ns) / 1e9;
}

/* A stamped pass and a plain one. */
static es_status run_pair(measurement *m) {
    bool kept;
    es_status status = reserve(m);
    if (status == ES_OK)
        status = run_pass(m, true, &kept);
    if (status != ES_OK)
        return status;
    if (kept) {
        for (size_t u = 1; u <= m->n_units; u++)
            m->unit_s[m->n_stamped * m->n_units + u - 1] =
                seconds(m->stamps_ns[u - 1], m->stamps_ns[u]);
        m->n_stamped++;
    }
    m->n_dropped += !kept;
    status = run_pass(m, false, &kept);
    if (status != ES_OK)
        return status;
    if (kept)
        m->whole_s[m->n_plain++] = seconds(m->stamps_ns[0], m->stamps_ns[m->n_units]);
    m->n_dropped += !kept;
    m->n_passes += 2;
    return ES_OK;
}

static double interval_ratio(measurement *m) {
    for (size_t i = 0; i < m->n_plain; i++)
        m->scratch[i] = m->whole_s[i];
    return es_median_interval_ratio(m->n_plain, m->scratch);
}

static bool is_precise(measurement *m) {
    return m->n_stamped >= m->rule->least_samples && m->n_plain >= m->rule->least_samples &&
           interval_ratio(m) < m->rule->precision_ratio;
}

/* The interval is looked at again after as many pairs as this, because sorting takes time in which
 * caches cool down. */
enum { PAIRS_PER_CHECK = 5 };

static es_status run_until_stopped(measurement *m, int64_t end_ns, bool *boxed) {
    for (size_t n = 1;; n++) {
        es_status status = run_pair(m);
        if (status != ES_OK)
            return status;
        *boxed = now_ns(m) >= end_ns;
        if ((n % PAIRS_PER_CHECK == 0 || *boxed) && is_precise(m)) {
            *boxed = false;
            return ES_OK;
        }
        if (*boxed)
            return ES_OK;
    }
}

static es_status summarise(measurement *m, es_batch_times *times) {
    if (m->n_stamped == 0 || m->n_plain == 0)
        return es_errors_add(m->errors, ES_UNAVAILABLE, NULL, 0,
                             "batch %lld: all %zu passes inside the time box were disturbed by %s; "
                             "measure when there is less of that or with a longer --time-box",
                             (long long)times->batch, m->n_passes, m->backend->disturbances);
    times->units = es_alloc(m->n_units, sizeof *times->units);
    if (times->units == NULL)
        return ES_NO_MEMORY;
    for (size_t u = 0; u < m->n_units; u++) {
        for (size_t i = 0; i < m->n_stamped; i++)
            m->scratch[i] = m->unit_s[i * m->n_units + u];
        times->units[u] = es_summarise(m->n_stamped, m->scratch);
    }
    times->interval_ratio = interval_ratio(m);
    times->whole = es_summarise(m->n_plain, m->whole_s);
    times->n_units = m->n_units;
    times->n_passes = m->n_passes;
    times->n_dropped = m->n_dropped;
    return ES_OK;
}

es_status es_measure_batch(const es_backend *backend, const es_device *device, es_network *network,
                           size_t n_units, int64_t batch, const es_stop_rule *rule,
                           es_samples *samples, es_batch_times *times, es_errors *errors) {
    measurement m = {.backend = backend,
                     .device = device,
                     .network = network,
                     .n_units = n_units,
                     .rule = rule,
                     .stamps_ns = es_alloc(n_units + 1, sizeof *m.stamps_ns),
                     .samples = samples,
                     .errors = errors};
    *times = (es_batch_times){.batch = batch};
    int64_t end_ns = now_ns(&m) + rule->time_box_ns;
    es_status status = m.stamps_ns != NULL ? warm_up(&m) : ES_NO_MEMORY;
    if (status == ES_OK)
        status = run_until_stopped(&m, end_ns, &times->boxed);
    if (status == ES_OK)
        status = summarise(&m, times);
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_add(errors, status, NULL, 0, "batch %lld: %s", (long long)batch,
                      es_status_text(status));
    free(m.stamps_ns);
    free(m.unit_s);
    free(m.whole_s);
    free(m.scratch);
    return status;
}

void es_batch_times_fini(es_batch_times *times) {
    free(times->units);
    *times = (es_batch_times){0};
}

double es_batch_times_sum_s(const es_batch_times *times) {
    double sum = 0;
    for (size_t u = 0; u < times->n_units; u++)
        sum += times->units[u].median;
    return sum;
}

/* Samples of segments: each has its own row of `capacity`. */
typedef struct segment_samples {
    const es_backend *backend;
    const es_device *device;
    es_network *network;
    const es_segment *segments;
    const es_stop_rule *rule;
    size_t n, capacity;
    size_t *n_samples; /* [n] */
    double *samples_s; /* [n][capacity] */
    double *scratch;   /* [capacity] */
    es_samples *all;
    es_errors *errors;
} segment_samples;

enum { ROUNDS = 4096 };

static es_status run_segment(segment_samples *s, size_t i, bool warm) {
    int64_t stamps_ns[2], lost_ns = s->backend->lost_ns(s->device);
    es_status status = check_interrupted(s->rule, s->errors);
    if (status == ES_OK)
        status = s->backend->run_part(s->network, s->segments[i].first, s->segments[i].last,
                                      stamps_ns, s->errors);
    lost_ns = s->backend->lost_ns(s->device) - lost_ns;
    if (status != ES_OK)
        return status;
    if (stamps_ns[1] < stamps_ns[0])
        return complain_backwards(s->backend, s->errors);
    bool kept = (double)lost_ns <= s->rule->lost_ratio * (double)(stamps_ns[1] - stamps_ns[0]);
    if (warm && kept)
        s->samples_s[i * s->capacity + s->n_samples[i]++] = seconds(stamps_ns[0], stamps_ns[1]);
    if (s->all == NULL)
        return ES_OK;
    es_pass pass = {.kind = ES_PASS_SEGMENT,
                    .segment = s->segments[i],
                    .dropped = reason_dropped(s->backend, s->device, warm, kept),
                    .lost_ns = lost_ns};
    return es_samples_add(s->all, &pass, 1, 1, stamps_ns);
}

static bool segments_are_precise(segment_samples *s) {
    for (size_t i = 0; i < s->n; i++) {
        size_t n = s->n_samples[i];
        if (n < s->rule->least_samples)
            return false;
        memcpy(s->scratch, s->samples_s + i * s->capacity, n * sizeof *s->scratch);
        if (es_median_interval_ratio(n, s->scratch) >= s->rule->precision_ratio)
            return false;
    }
    return true;
}

static es_status run_segments(segment_samples *s) {
    int64_t end_ns = s->backend->now_ns(s->device) + s->rule->time_box_ns;
    size_t warm_up = s->rule->warm_up_passes;
    for (size_t n = 1; n <= warm_up + s->capacity; n++) {
        for (size_t i = 0; i < s->n; i++) {
            es_status status = run_segment(s, i, n > warm_up);
            if (status != ES_OK)
                return status;
        }
        if (s->backend->now_ns(s->device) >= end_ns ||
            (n > warm_up && (n - warm_up) % PAIRS_PER_CHECK == 0 && segments_are_precise(s)))
            break;
    }
    return ES_OK;
}

es_status es_measure_segments(const es_backend *backend, const es_device *device,
                              es_network *network, size_t n, const es_segment *segments,
                              const es_stop_rule *rule, es_samples *samples,
                              es_sample_summary *summaries, es_errors *errors) {
    if (backend->run_part == NULL)
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "backend %s cannot run parts of a network", backend->name);
    segment_samples s = {.backend = backend,
                         .device = device,
                         .network = network,
                         .segments = segments,
                         .rule = rule,
                         .n = n,
                         .capacity = ROUNDS,
                         .n_samples = es_alloc(n, sizeof *s.n_samples),
                         .samples_s = es_alloc(n * ROUNDS, sizeof *s.samples_s),
                         .scratch = es_alloc(ROUNDS, sizeof *s.scratch),
                         .all = samples,
                         .errors = errors};
    bool enough = s.n_samples != NULL && s.samples_s != NULL && s.scratch != NULL;
    es_status status = enough ? run_segments(&s) : ES_NO_MEMORY;
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_no_memory(errors, NULL);
    for (size_t i = 0; status == ES_OK && i < n; i++) {
        if (s.n_samples[i] == 0)
            status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                                   "all runs of units %zu to %zu inside the time box were "
                                   "disturbed by %s; measure when there is less of that",
                                   segments[i].first, segments[i].last, backend->disturbances);
        else
            summaries[i] = es_summarise(s.n_samples[i], s.samples_s + i * s.capacity);
    }
    free(s.n_samples);
    free(s.samples_s);
    free(s.scratch);
    return status;
}
