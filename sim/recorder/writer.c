#include "writer.h"

#include "edgesplit/alloc.h"
#include "filters.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* Blocks under way. */
enum { N_PLACES = 4 };

typedef enum place_state { FREE, FILLING, FILLED, FILTERING, READY } place_state;

struct place {
    place_state state;
    writer_job job;
    struct filters *filters;
};

struct writer {
    writer_function *write;
    void *context;
    const es_run_record *record;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of all that follows, and of the file while the thread is not writing */
    pthread_cond_t changed;
    struct place places[N_PLACES]; /* number i is places[i % N_PLACES] */
    uint64_t n_put, n_written;
    bool stopping, failed;
    writer_entry *log;
    size_t n_logged, log_capacity;
};

static struct place *place_of(struct writer *writer, uint64_t number) {
    return &writer->places[number % N_PLACES];
}

/* Filters the oldest block that still has to be, without the lock. False: there is none. */
static bool filter_one(struct writer *writer) {
    struct place *found = NULL;
    for (uint64_t i = writer->n_written; i < writer->n_put && found == NULL; i++)
        if (place_of(writer, i)->state == FILLED)
            found = place_of(writer, i);
    if (found == NULL)
        return false;
    found->state = FILTERING;
    pthread_mutex_unlock(&writer->lock);
    writer_job *job = &found->job;
    for (size_t c = 0; c < ES_N_COLUMNS; c++)
        if (job->chunks[c] != NULL && !entry_is_blank(&job->what, c))
            job->n_bytes[c] = filters_apply(found->filters, job->chunks[c], ES_BLOCK_STEPS,
                                            columns[c].size, &job->left_out[c]);
    pthread_mutex_lock(&writer->lock);
    found->state = READY;
    pthread_cond_broadcast(&writer->changed);
    return true;
}

/* Writes the next block, without the lock. False: it is not ready. */
static bool write_one(struct writer *writer) {
    struct place *next = place_of(writer, writer->n_written);
    if (writer->n_written == writer->n_put || next->state != READY)
        return false;
    if (!writer->failed) {
        pthread_mutex_unlock(&writer->lock);
        bool written = writer->write(writer->context, &next->job);
        pthread_mutex_lock(&writer->lock);
        writer->failed = !written;
    }
    next->state = FREE;
    writer->n_written++;
    pthread_cond_broadcast(&writer->changed);
    return true;
}

static void *write_all(void *context) {
    struct writer *writer = context;
    pthread_mutex_lock(&writer->lock);
    while (!writer->stopping)
        if (!write_one(writer) && !filter_one(writer))
            pthread_cond_wait(&writer->changed, &writer->lock);
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* Gives a job a block, whose columns are its chunks: what filters need lies between them. */
static void set_steps(writer_job *job, es_block *steps, const es_run_record *record) {
    _Static_assert((size_t)FILTERS_ROOM <= ES_BLOCK_GAP, "room behind a column");
    job->steps = steps;
    for (size_t c = 0; c < ES_N_COLUMNS; c++)
        if (column_is_kept(c, record))
            job->chunks[c] = (unsigned char *)steps + columns[c].offset;
}

static bool allocate_place(struct place *place, const es_run_record *record) {
    es_block *steps = es_alloc(1, sizeof *steps);
    place->job.series = es_alloc(1, sizeof *place->job.series);
    if (record->compress)
        place->filters = filters_create(ES_BLOCK_STEPS * sizeof(double));
    if (steps != NULL)
        set_steps(&place->job, steps, record);
    return steps != NULL && place->job.series != NULL &&
           (!record->compress || place->filters != NULL);
}

/* The thread takes no signals: they are for those who wait for them. */
static int start(struct writer *writer) {
    sigset_t all, before;
    sigfillset(&all);
    int failed = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failed == 0) {
        failed = pthread_create(&writer->thread, NULL, write_all, writer);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    writer->started = failed == 0;
    return failed;
}

es_status writer_create(const es_run_record *record, writer_function *write, void *context,
                        const char *path, struct writer **out, es_errors *errors) {
    struct writer *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, path);
    *made = (struct writer){.write = write, .context = context, .record = record};
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    bool allocated = true;
    for (size_t i = 0; i < N_PLACES && allocated; i++)
        allocated = allocate_place(&made->places[i], record);
    int failed = allocated ? start(made) : 0;
    if (made->started) {
        *out = made;
        return ES_OK;
    }
    writer_destroy(made);
    return failed == 0
               ? es_errors_no_memory(errors, path)
               : es_errors_add(errors, ES_NO_MEMORY, path, 0,
                               "the thread that writes it cannot be started: %s", strerror(failed));
}

void writer_destroy(struct writer *writer) {
    if (writer == NULL)
        return;
    if (writer->started) {
        pthread_mutex_lock(&writer->lock);
        writer->stopping = true;
        pthread_cond_broadcast(&writer->changed);
        pthread_mutex_unlock(&writer->lock);
        pthread_join(writer->thread, NULL);
    }
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    for (size_t i = 0; i < N_PLACES; i++) {
        filters_destroy(writer->places[i].filters);
        free(writer->places[i].job.series);
        free(writer->places[i].job.steps);
    }
    free(writer->log);
    free(writer);
}

/* Takes the next place, which is the caller's until `give`. NULL: failed, `*status` says how. */
static struct place *take(struct writer *writer, writer_entry what, es_status *status) {
    pthread_mutex_lock(&writer->lock);
    while (writer->n_put - writer->n_written == N_PLACES && !writer->failed)
        if (!filter_one(writer))
            pthread_cond_wait(&writer->changed, &writer->lock);
    struct place *taken = NULL;
    *status = writer->failed ? ES_IO
                             : es_reserve(&writer->log, &writer->log_capacity, writer->n_logged + 1,
                                          sizeof *writer->log);
    if (*status == ES_OK) {
        what.number = writer->n_put;
        writer->log[writer->n_logged++] = what;
        taken = place_of(writer, writer->n_put++);
        taken->state = FILLING;
        taken->job.what = what;
    }
    pthread_mutex_unlock(&writer->lock);
    return taken;
}

static void give(struct writer *writer, struct place *place, place_state state) {
    pthread_mutex_lock(&writer->lock);
    place->state = state;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

/* The columns of which a block holds nothing but padding. */
static uint32_t blank_columns(const es_block *block) {
    uint32_t blank = 0;
    _Static_assert(ES_N_COLUMNS <= 32, "bits of writer_entry.blank");
    for (size_t c = 0; c < ES_N_COLUMNS; c++) {
        const char *values = (const char *)block + columns[c].offset;
        size_t size = columns[c].size;
        if (c != ES_COLUMN_latency && memcmp(values, column_padding(c), size) == 0 &&
            memcmp(values, values + size, (block->n - 1) * size) == 0)
            blank |= UINT32_C(1) << c;
    }
    return blank;
}

/* Makes whole chunks of the columns. */
static void pad(writer_job *job) {
    for (size_t c = 0; c < ES_N_COLUMNS; c++) {
        size_t size = columns[c].size;
        for (size_t i = job->what.n; i < ES_BLOCK_STEPS && job->chunks[c] != NULL; i++)
            memcpy(job->chunks[c] + i * size, column_padding(c), size);
        job->n_bytes[c] = ES_BLOCK_STEPS * size;
        job->left_out[c] = 0;
    }
}

es_status writer_put_steps(struct writer *writer, size_t replication, size_t policy, uint64_t first,
                           es_block **block) {
    ES_REQUIRE(first % ES_BLOCK_STEPS == 0 && (*block)->n > 0);
    es_status status;
    struct place *place = take(writer,
                               (writer_entry){.replication = replication,
                                              .policy = policy,
                                              .first = first,
                                              .n = (*block)->n,
                                              .blank = blank_columns(*block)},
                               &status);
    if (place == NULL)
        return status;
    es_block *other = place->job.steps;
    set_steps(&place->job, *block, writer->record);
    *block = other;
    pad(&place->job);
    give(writer, place, writer->record->compress ? FILLED : READY);
    return ES_OK;
}

es_status writer_put_series(struct writer *writer, size_t replication, size_t policy,
                            uint64_t first, const es_series *series) {
    es_status status;
    struct place *place = take(writer,
                               (writer_entry){.replication = replication,
                                              .policy = policy,
                                              .first = first,
                                              .n = series->n,
                                              .is_series = true},
                               &status);
    if (place == NULL)
        return status;
    *place->job.series = *series;
    give(writer, place, READY);
    return ES_OK;
}

bool writer_hold(struct writer *writer) {
    pthread_mutex_lock(&writer->lock);
    while (writer->n_written < writer->n_put)
        if (!filter_one(writer))
            pthread_cond_wait(&writer->changed, &writer->lock);
    return !writer->failed;
}

void writer_go_on(struct writer *writer) {
    pthread_mutex_unlock(&writer->lock);
}

writer_entry *writer_log(struct writer *writer, size_t *n) {
    *n = writer->n_logged;
    return writer->log;
}

writer_job *writer_spare(struct writer *writer) {
    return &writer->places[0].job;
}
