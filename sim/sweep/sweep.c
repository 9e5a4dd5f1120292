#include "edgesplit/sweep.h"

#include "edgesplit/alloc.h"
#include "edgesplit/sinks.h"
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ---- Who is at work in a folder */

/* Of the lock file, a whole sweep locks all bytes; task i byte i + 1, and byte 0 together with the
 * other tasks. The first of the tasks has byte 0 to itself until it shares the folder. */
static bool lock_bytes(int descriptor, short type, off_t first, off_t n) {
    struct flock wanted = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = n /* 0: all */};
    return fcntl(descriptor, F_SETLK, &wanted) == 0;
}

static bool lock_for_task(int descriptor, size_t task, bool *alone) {
    enum { TRIES = 20, PAUSE_MS = 100 }; /* while the first one writes the manifest */
    if (!lock_bytes(descriptor, F_WRLCK, (off_t)task + 1, 1))
        return false;
    for (int i = 0; i < TRIES; i++) {
        *alone = lock_bytes(descriptor, F_WRLCK, 0, 1);
        if (*alone || lock_bytes(descriptor, F_RDLCK, 0, 1))
            return true;
        if (errno != EACCES && errno != EAGAIN)
            return false;
        (void)poll(NULL, 0, PAUSE_MS);
    }
    errno = EAGAIN;
    return false;
}

static es_status lock_folder(const es_sweep_options *options, int *descriptor, bool *alone,
                             es_errors *errors) {
    es_text path = {0};
    es_text_add(&path, "%s/lock", options->folder);
    if (path.failed)
        return es_errors_no_memory(errors, options->folder);
    es_status status = es_folder_make(options->folder, errors);
    if (status == ES_OK) {
        *descriptor = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*descriptor < 0)
            status = es_errors_add(errors, ES_CANT_CREATE, path.data, 0, "%s", strerror(errno));
    }
    *alone = options->n_tasks <= 1;
    if (status == ES_OK && !(*alone ? lock_bytes(*descriptor, F_WRLCK, 0, 0)
                                    : lock_for_task(*descriptor, options->task, alone)))
        status = errno == EACCES || errno == EAGAIN
                     ? es_errors_add(errors, ES_CANT_CREATE, options->folder, 0,
                                     "another sweep is at work in this folder")
                     : es_errors_add(errors, ES_IO, path.data, 0, "cannot be locked: %s",
                                     strerror(errno));
    free(path.data);
    return status;
}

/* Removes what killed workers have left of whole results: "IDENTITY.h5.tmp.PID", by processes that
 * are no more. Only for who has the folder alone. */
static es_status remove_leftovers(const char *folder, es_errors *errors) {
    es_text base = {0};
    char **names = NULL;
    size_t n = 0;
    es_text_add(&base, "%s/steps/x", folder);
    es_status status =
        base.failed ? ES_NO_MEMORY : es_find_files(base.data, "*.h5.tmp.*", &names, &n);
    for (size_t i = 0; i < n; i++) {
        const char *pid = strrchr(names[i], '.') + 1;
        int64_t number;
        bool is_dead = es_parse_int64((es_slice){pid, strlen(pid)}, &number) == ES_OK &&
                       number > 0 && number <= INT32_MAX && kill((pid_t)number, 0) != 0 &&
                       errno == ESRCH;
        char *path = is_dead ? es_path_beside(base.data, names[i]) : NULL;
        if (path != NULL)
            (void)remove(path);
        else if (is_dead)
            status = ES_NO_MEMORY;
        free(path);
        free(names[i]);
    }
    free(names);
    free(base.data);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, folder) : ES_OK;
}

/* Whole results have more names that variables may not have. */
static es_status check_names_of_results(const es_sweep *sweep, es_errors *errors) {
    size_t n;
    const es_study_variable *variables = es_study_variables(sweep->study, &n);
    es_status status = ES_OK;
    for (size_t i = 0; i < n; i++)
        if (es_result_uses_name(variables[i].name))
            status = es_errors_add(errors, ES_INVALID, sweep->source->path, 0,
                                   "a variable may not be called '%s': the result uses this name",
                                   variables[i].name);
    return status;
}

es_status open_folder(const es_sweep *sweep, const es_sweep_options *options, int *descriptor,
                      es_errors *errors) {
    bool alone = false;
    es_status status = options->keep_steps ? check_names_of_results(sweep, errors) : ES_OK;
    if (status == ES_OK)
        status = lock_folder(options, descriptor, &alone, errors);
    if (status == ES_OK)
        status = manifest_write(sweep, options->folder, alone, options->mixed_programs, errors);
    if (status == ES_OK && options->n_tasks <= 1)
        return remove_leftovers(options->folder, errors);
    if (status == ES_OK && alone && !lock_bytes(*descriptor, F_RDLCK, 0, 1))
        status = es_errors_add(errors, ES_IO, options->folder, 0, "cannot be shared: %s",
                               strerror(errno));
    return status;
}

void close_folder(int descriptor) {
    if (descriptor >= 0)
        close(descriptor);
}

es_status es_sweep_prepare(const es_sweep *sweep, const char *folder, bool mixed_programs,
                           es_errors *errors) {
    int lock = -1;
    es_sweep_options whole = {.folder = folder, .n_tasks = 1, .mixed_programs = mixed_programs};
    es_status status = open_folder(sweep, &whole, &lock, errors);
    close_folder(lock);
    return status;
}

static void count_states(size_t n, const unsigned char *states, es_sweep_progress *progress) {
    progress->n_runs = n;
    for (size_t i = 0; i < n; i++) {
        progress->n_done += states[i] == RUN_DONE;
        progress->n_failed += states[i] == RUN_FAILED;
    }
}

es_status es_sweep_run(const es_sweep *sweep, const es_sweep_options *options,
                       es_sweep_progress *progress, es_errors *errors) {
    int lock = -1;
    uint32_t *runs = NULL;
    *progress = (es_sweep_progress){0};
    unsigned char *states = es_alloc(sweep->n_runs, 1);
    es_status status = states != NULL ? open_folder(sweep, options, &lock, errors)
                                      : es_errors_no_memory(errors, options->folder);
    if (status == ES_OK)
        status = read_states(options->folder, &sweep->index, states, errors);
    if (status == ES_OK)
        status = choose_runs(sweep, options, states, &runs, &progress->n_mine, errors);
    if (status == ES_OK) {
        count_states(sweep->n_runs, states, progress);
        for (size_t i = 0; i < progress->n_mine; i++) { /* what is done again counts as open */
            size_t n_equal;
            (void)index_find(&sweep->index, &sweep->ids[runs[i]], &n_equal);
            progress->n_failed -= states[runs[i]] == RUN_FAILED ? n_equal : 0;
            progress->n_done -= states[runs[i]] == RUN_DONE ? n_equal : 0;
        }
        status = run_pool(sweep, options, runs, progress->n_mine, progress, errors);
    }
    if (status == ES_OK && progress->n_failed > 0)
        status = es_errors_add(errors, ES_SOME_FAILED, options->folder, 0,
                               "%zu runs failed; `edgesplit sweep status` says why, "
                               "--retry-failed tries them again",
                               progress->n_failed);
    close_folder(lock);
    free(runs);
    free(states);
    return status;
}

/* ---- What it would take */

es_status es_sweep_estimate_of(const es_sweep *sweep, const es_sweep_options *options,
                               es_sweep_estimate *estimate, es_errors *errors) {
    enum { MOST = 16 };
    static const double LONG_ENOUGH_S = 2;
    uint32_t *runs = NULL;
    es_inputs *inputs = NULL;
    double sampled = 0, sampled_s = 0, bytes = 0, work = 0;
    *estimate = (es_sweep_estimate){0};
    unsigned char *states = es_alloc(sweep->n_runs, 1);
    es_status status = states != NULL && es_inputs_create(&inputs) == ES_OK
                           ? ES_OK
                           : es_errors_no_memory(errors, NULL);
    if (status == ES_OK && access(options->folder, F_OK) == 0)
        status = read_states(options->folder, &sweep->index, states, errors);
    if (status == ES_OK)
        status = choose_runs(sweep, options, states, &runs, &estimate->n_mine, errors);
    size_t n = estimate->n_mine, n_samples = n < MOST ? n : MOST;
    for (size_t i = 0; i < n_samples && status == ES_OK && sampled_s < LONG_ENOUGH_S; i++) {
        char *payload = NULL;
        size_t length = 0;
        uint32_t run = runs[(2 * i + 1) * n / (2 * n_samples)]; /* spread over long and short */
        double started_s = es_clock_s();
        status = do_run(sweep, run, inputs, NULL, &payload, &length, errors);
        sampled_s += es_clock_s() - started_s;
        sampled += sweep->expected[run];
        bytes += (double)length + 64;
        estimate->n_sampled += status == ES_OK;
        free(payload);
    }
    for (size_t i = 0; i < n && status == ES_OK; i++)
        work += sweep->expected[runs[i]];
    if (status == ES_OK && estimate->n_sampled > 0) {
        estimate->work_s = sampled > 0 ? work * sampled_s / sampled : 0;
        estimate->bytes = bytes / (double)estimate->n_sampled * (double)n;
    }
    es_inputs_destroy(inputs);
    free(runs);
    free(states);
    return status;
}

/* ---- What has become of it */

typedef struct messages {
    const run_index *index;
    char **texts; /* [n_runs] of failed runs */
} messages;

static es_status keep_message(void *context, record_kind kind, const run_id *id,
                              const char *payload, const record_place *place) {
    messages *kept = context;
    (void)place;
    size_t n, first = index_find(kept->index, id, &n);
    for (size_t i = first; i < first + n && kind == RECORD_FAILED; i++) {
        char **text = &kept->texts[kept->index->order[i]];
        free(*text);
        *text = es_strdup(payload);
        if (*text == NULL)
            return ES_NO_MEMORY;
    }
    return ES_OK;
}

static void add_label(const sweep_manifest *m, size_t run, es_text *text) {
    es_text_add(text, "%s", "");
    for (size_t i = 0; i < m->n_variables; i++)
        es_text_add(text, "%s%s=%s", i > 0 ? ", " : "", m->variables[i].name,
                    m->variables[i].values[m->values[run * m->n_variables + i]]);
    if (m->n_repetitions > 1)
        es_text_add(text, "%srepetition=%u", m->n_variables > 0 ? ", " : "",
                    (unsigned)m->repetitions[run]);
}

static es_status report_failed(const char *folder, const sweep_manifest *m, const run_index *index,
                               const unsigned char *states, void *context,
                               void (*failed)(void *context, size_t run, const char *label,
                                              const char *message),
                               es_errors *errors) {
    messages kept = {index, es_alloc(m->n_runs, sizeof *kept.texts)};
    shard_list shards = {0};
    es_status status = kept.texts != NULL
                           ? shards_read(folder, &shards, &kept, keep_message, errors)
                           : es_errors_no_memory(errors, folder);
    for (size_t run = 0; run < m->n_runs && status == ES_OK; run++) {
        if (states[run] != RUN_FAILED)
            continue;
        es_text label = {0};
        add_label(m, run, &label);
        if (label.failed)
            status = es_errors_no_memory(errors, folder);
        else
            failed(context, run, label.data, kept.texts[run]);
        free(label.data);
    }
    for (size_t run = 0; kept.texts != NULL && run < m->n_runs; run++)
        free(kept.texts[run]);
    free(kept.texts);
    shards_fini(&shards);
    return status;
}

es_status
es_sweep_status(const char *folder, es_sweep_progress *progress, es_text *programs, void *context,
                void (*failed)(void *context, size_t run, const char *label, const char *message),
                es_errors *errors) {
    sweep_manifest m;
    run_index index = {0};
    unsigned char *states = NULL;
    *progress = (es_sweep_progress){0};
    es_status status = manifest_read(folder, &m, errors);
    if (status == ES_OK) {
        states = es_alloc(m.n_runs, 1);
        status = states != NULL && index_create(m.n_runs, m.ids, &index) == ES_OK
                     ? read_states(folder, &index, states, errors)
                     : es_errors_no_memory(errors, folder);
    }
    if (status == ES_OK) {
        count_states(m.n_runs, states, progress);
        if (programs != NULL)
            manifest_add_programs(&m, programs);
        if (failed != NULL && progress->n_failed > 0)
            status = report_failed(folder, &m, &index, states, context, failed, errors);
    }
    index_fini(&index);
    free(states);
    manifest_fini(&m);
    return status;
}
