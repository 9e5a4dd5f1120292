#include "crew.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <string.h>

/* Simulations that may be begun ahead of the one whose turn it is, for each thread. */
enum { SLOTS_PER_THREAD = 2 };

static es_status going_on(void *context) {
    struct crew *crew = context;
    pthread_mutex_lock(&crew->lock);
    es_status status = crew->status;
    pthread_mutex_unlock(&crew->lock);
    return status;
}

static es_status create_parts(struct crew *crew, const es_plan *plan,
                              const es_run_options *options) {
    size_t n = plan->n_policies, n_cuts = crew->setting.n_cuts;
    crew->work = es_alloc(crew->n_threads, sizeof *crew->work);
    crew->slots = es_alloc(crew->n_slots, sizeof *crew->slots);
    crew->finished = es_alloc(crew->n_slots, sizeof *crew->finished);
    crew->latencies = es_alloc(n * ES_BLOCK_STEPS, sizeof *crew->latencies);
    crew->ranges = es_alloc(2 * n, sizeof *crew->ranges);
    if (crew->results.n_most == 1)
        crew->batches = es_alloc(n, sizeof *crew->batches);
    if (crew->work == NULL || crew->slots == NULL || crew->finished == NULL ||
        crew->latencies == NULL || crew->ranges == NULL ||
        (crew->results.n_most == 1 && crew->batches == NULL))
        return ES_NO_MEMORY;
    es_status status = ES_OK;
    for (size_t i = 0; i < crew->n_threads && status == ES_OK; i++)
        status = workspace_init(&crew->work[i]);
    for (size_t i = 0; i < crew->n_slots && status == ES_OK; i++) {
        struct simulation *slot = &crew->slots[i];
        slot->setting = &crew->setting;
        slot->spool.beside = options->sink->read != NULL ? options->output : NULL;
        slot->cut_counts = es_alloc(n_cuts, sizeof *slot->cut_counts);
        if (options->sink->read != NULL)
            slot->kept = es_alloc(KEPT_LATENCIES, sizeof *slot->kept);
        if (crew->setting.n_ends > 0)
            slot->exit_counts = es_alloc(crew->setting.n_ends, sizeof *slot->exit_counts);
        if ((crew->setting.n_ends > 0 && slot->exit_counts == NULL) || slot->cut_counts == NULL ||
            (options->sink->read != NULL && slot->kept == NULL))
            status = ES_NO_MEMORY;
    }
    return status;
}

es_status crew_init(struct crew *crew, const es_plan *plan, const es_run_options *options,
                    const es_run_record *record, es_run_report *report, es_errors *errors) {
    size_t n_simulations = record->n_replications * plan->n_policies;
    size_t n_threads = options->n_threads > 0 ? options->n_threads : 1;
    *crew = (struct crew){
        .setting = {.plan = plan,
                    .options = options,
                    .places = cut_places_of(record),
                    .n_cuts = record->n_cuts,
                    .n_ends = record->n_exits > 0 ? record->n_exits + 1 : 0,
                    .n_simulations = n_simulations,
                    .going_on = going_on,
                    .context = crew},
        .n_threads = n_threads < n_simulations ? n_threads : n_simulations,
        .report = report,
        .errors = errors,
    };
    crew->n_slots = crew->n_threads > 1 ? SLOTS_PER_THREAD * crew->n_threads : 1;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_mutex_init(&crew->setting.sink_lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    es_status status = results_init(&crew->results, record);
    if (status == ES_OK)
        status = create_parts(crew, plan, options);
    return status == ES_OK ? ES_OK : es_errors_no_memory(errors, NULL);
}

void crew_fini(struct crew *crew) {
    for (size_t i = 0; crew->work != NULL && i < crew->n_threads; i++)
        workspace_fini(&crew->work[i]);
    for (size_t i = 0; crew->slots != NULL && i < crew->n_slots; i++) {
        spool_fini(&crew->slots[i].spool);
        free(crew->slots[i].cut_counts);
        free(crew->slots[i].exit_counts);
        free(crew->slots[i].kept);
    }
    free(crew->work);
    free(crew->slots);
    free(crew->finished);
    free(crew->latencies);
    free(crew->ranges);
    free(crew->batches);
    results_fini(&crew->results);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->setting.sink_lock);
    pthread_mutex_destroy(&crew->lock);
}

/* Reads the latencies of steps `first` .. first + n - 1 of a policy: NaN where they do not count.
 */
static es_status read_counted(struct crew *crew, size_t replication, size_t policy, uint64_t first,
                              size_t n, struct workspace *work) {
    struct setting *setting = &crew->setting;
    double *values = crew->latencies + policy * ES_BLOCK_STEPS;
    uint64_t start = crew->ranges[2 * policy], end = crew->ranges[2 * policy + 1];
    size_t n_own = first >= end ? 0 : end - first < n ? (size_t)(end - first) : n;
    es_status status = ES_OK;
    if (n_own > 0) {
        pthread_mutex_lock(&setting->sink_lock);
        status = setting->options->sink->read(setting->sink, ES_COLUMN_latency, replication, policy,
                                              first, n_own, values, &work->errors);
        pthread_mutex_unlock(&setting->sink_lock);
    }
    for (size_t i = 0; i < n_own && first + i < start; i++)
        values[i] = ES_NAN;
    for (size_t i = n_own; i < n; i++)
        values[i] = ES_NAN;
    return status;
}

/* Compares the policies with each other, step by step, once all of a replication are recorded. Of
 * one policy alone there is nothing more to know once it has completed a step. */
static es_status add_gains(struct crew *crew, size_t replication, struct workspace *work) {
    size_t n_policies = crew->results.n_policies;
    uint64_t start = UINT64_MAX, end = 0;
    for (size_t p = 0; p < n_policies; p++) {
        start = crew->ranges[2 * p] < start ? crew->ranges[2 * p] : start;
        end = crew->ranges[2 * p + 1] > end ? crew->ranges[2 * p + 1] : end;
    }
    es_status status = ES_OK;
    for (uint64_t first = start;
         first < end && status == ES_OK && (n_policies > 1 || crew->results.pairs[0].n == 0);
         first += ES_BLOCK_STEPS) {
        size_t n = end - first < ES_BLOCK_STEPS ? (size_t)(end - first) : (size_t)ES_BLOCK_STEPS;
        for (size_t p = 0; p < n_policies && status == ES_OK; p++)
            status = read_counted(crew, replication, p, first, n, work);
        if (status == ES_OK)
            add_pairs(n_policies, n, crew->latencies, crew->results.pairs);
    }
    results_add_gains(&crew->results);
    return status;
}

/* Hands a finished simulation on and adds it to the results. */
static es_status conclude(struct crew *crew, struct simulation *simulation) {
    size_t r = simulation->replication, p = simulation->policy;
    es_status status = simulation_hand_over(simulation);
    if (status != ES_OK)
        return status;
    results_add(&crew->results, r, p, &simulation->tally, &simulation->result);
    crew->ranges[2 * p] = simulation->tally.n_skipped;
    crew->ranges[2 * p + 1] = simulation->tally.n_rows;
    crew->report->n_steps += simulation->result.n_steps;
    crew->report->n_events += simulation->result.n_events;
    if (p + 1 < crew->results.n_policies || crew->setting.options->sink->read == NULL)
        return ES_OK;
    return add_gains(crew, r, simulation->work);
}

/* Takes note that a thread cannot go on; the first one says why. Under the lock. */
static void fail(struct crew *crew, es_status status, const struct workspace *work) {
    if (crew->status != ES_OK)
        return;
    crew->status = status;
    if (status == ES_INTERRUPTED)
        es_errors_add(crew->errors, status, NULL, 0, "interrupted; nothing was written");
    else
        es_errors_add_new(crew->errors, &work->errors);
    pthread_cond_broadcast(&crew->changed);
}

/* Begins simulation `i` in its slot. Under the lock. */
static struct simulation *begin(struct crew *crew, size_t i, struct workspace *work) {
    struct simulation *slot = &crew->slots[i % crew->n_slots];
    const struct setting *setting = &crew->setting;
    size_t n_policies = setting->plan->n_policies;
    slot->work = work;
    slot->replication = i / n_policies;
    slot->policy = i % n_policies;
    slot->figures = results_figures(&crew->results, slot->replication, slot->policy);
    slot->batches = crew->batches != NULL ? &crew->batches[slot->policy] : NULL;
    slot->direct = !isnan(setting->plan->scenario->scenario.warmup_s) &&
                   (setting->options->sink->any_order || i == crew->head);
    crew->finished[i % crew->n_slots] = false;
    return slot;
}

/* Hands over what has come to its turn. Under the lock, which is let go meanwhile. */
static void hand_over(struct crew *crew, struct workspace *work) {
    while (!crew->handing_over && crew->status == ES_OK && crew->head < crew->next &&
           crew->finished[crew->head % crew->n_slots]) {
        struct simulation *slot = &crew->slots[crew->head % crew->n_slots];
        crew->handing_over = true;
        pthread_mutex_unlock(&crew->lock);
        slot->work = work;
        es_status status = conclude(crew, slot);
        pthread_mutex_lock(&crew->lock);
        crew->handing_over = false;
        crew->head++;
        if (status != ES_OK)
            fail(crew, status, work);
        pthread_cond_broadcast(&crew->changed);
    }
}

struct member {
    struct crew *crew;
    struct workspace *work;
    pthread_t thread;
};

static void *work_on(void *context) {
    const struct member *member = context;
    struct crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    while (crew->status == ES_OK && crew->next < crew->end) {
        if (crew->next >= crew->head + crew->n_slots) {
            pthread_cond_wait(&crew->changed, &crew->lock);
            continue;
        }
        size_t i = crew->next++;
        struct simulation *slot = begin(crew, i, member->work);
        pthread_mutex_unlock(&crew->lock);
        es_status status = simulation_run(slot);
        pthread_mutex_lock(&crew->lock);
        crew->finished[i % crew->n_slots] = status == ES_OK;
        if (status != ES_OK)
            fail(crew, status, member->work);
        hand_over(crew, member->work);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

es_status crew_run(struct crew *crew, size_t n_replications) {
    crew->end = n_replications * crew->results.n_policies;
    size_t left = crew->end - crew->next;
    size_t n = crew->n_threads < left ? crew->n_threads : left;
    struct member self = {.crew = crew, .work = &crew->work[0]};
    struct member *others = es_alloc(n, sizeof *others);
    if (others == NULL)
        return es_errors_no_memory(crew->errors, NULL);
    size_t n_started = 0;
    for (size_t i = 1; i < n; i++) {
        struct member *member = &others[n_started];
        *member = (struct member){.crew = crew, .work = &crew->work[i]};
        if (pthread_create(&member->thread, NULL, work_on, member) != 0)
            break; /* those that there are do it all */
        n_started++;
    }
    work_on(&self);
    for (size_t i = 0; i < n_started; i++)
        pthread_join(others[i].thread, NULL);
    free(others);
    return crew->status;
}
