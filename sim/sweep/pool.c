/* Worker processes on this machine. Each gets the numbers of runs through one pipe and answers
 * through another; a worker that has lost its parent, or is told to stop, ends behind the run in
 * hand. */
#include "parts.h"

#include "edgesplit/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs given to a worker in advance, so that it need not wait for the next one. */
enum { DEPTH = 2, POLL_MS = 200 };

typedef struct answer {
    uint32_t run;
    uint32_t status;
    bool is_fatal; /* what it found cannot be kept: nothing more can be */
    char text[RUN_MESSAGE];
} answer;
_Static_assert(sizeof(answer) <= 512, "answers go through a pipe whole (POSIX: PIPE_BUF >= 512)");

typedef struct worker {
    pid_t pid; /* 0: none */
    int to, from;
    size_t n_given;
    uint32_t given[DEPTH]; /* in the order given */
} worker;

typedef struct pool {
    const es_sweep *sweep;
    const es_sweep_options *options;
    const uint32_t *runs; /* [n] to do */
    size_t n, next;
    uint32_t *returned; /* [n_returned] given to a worker that died before it began them */
    size_t n_returned;
    worker *workers; /* [n_workers] */
    size_t n_workers;
    shard_writer shard; /* for the runs of workers that died */
    bool stopping;
    es_sweep_progress *progress;
    double started_s, work, work_done;
    es_status status;
    es_errors *errors;
} pool;

/* ---- In a worker */

static bool read_all(int descriptor, void *data, size_t length) {
    for (char *at = data; length > 0;) {
        ssize_t n = read(descriptor, at, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* The next run, if there is one and nobody has hung up. */
static bool next_run(int from_parent, uint32_t *run) {
    struct pollfd parent = {.fd = from_parent, .events = POLLIN};
    while (poll(&parent, 1, -1) < 0)
        if (errno != EINTR)
            return false;
    return (parent.revents & POLLHUP) == 0 && read_all(from_parent, run, sizeof *run);
}

static answer do_one(const es_sweep *sweep, bool keep_steps, uint32_t run, es_inputs *inputs,
                     shard_writer *shard) {
    answer made = {.run = run};
    es_status kept;
    es_errors unkept;
    es_errors_init(&unkept);
    made.status =
        (uint32_t)do_and_keep(sweep, run, inputs, keep_steps, shard, made.text, &kept, &unkept);
    if (kept != ES_OK) {
        made.is_fatal = true;
        made.status = (uint32_t)kept;
        snprintf(made.text, sizeof made.text, "%.*s", (int)sizeof made.text - 1,
                 unkept.records[0].text);
    }
    return made;
}

static bool give_answer(int to_parent, const answer *made) {
    ssize_t n;
    do {
        n = write(to_parent, made, sizeof *made);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *made;
}

static void work(const es_sweep *sweep, const es_sweep_options *options, int from_parent,
                 int to_parent) {
    es_inputs *inputs = NULL;
    shard_writer own;
    uint32_t run;
    es_errors errors;
    es_errors_init(&errors);
    shard_init(&own, options->folder);
    bool sound = es_inputs_create(&inputs) == ES_OK;
    while (sound && next_run(from_parent, &run)) {
        answer made = do_one(sweep, options->keep_steps, run, inputs, &own);
        /* Nobody listens if the parent is gone: the run is kept all the same. */
        sound = give_answer(to_parent, &made) && !made.is_fatal;
    }
    es_inputs_destroy(inputs);
    _exit(shard_close(&own, &errors) == ES_OK ? 0 : 1);
}

/* ---- In the parent */

static void close_pipes(worker *w) {
    if (w->to >= 0)
        close(w->to);
    if (w->from >= 0)
        close(w->from);
    w->to = w->from = -1;
}

static bool start_worker(pool *p, worker *w) {
    int down[2] = {-1, -1}, up[2] = {-1, -1};
    *w = (worker){.to = -1, .from = -1};
    if (pipe(down) != 0 || pipe(up) != 0)
        goto failed;
    (void)fflush(NULL);
    w->pid = fork();
    if (w->pid < 0)
        goto failed;
    if (w->pid == 0) {
        /* The parent decides when to end; what it holds of the others must not keep them alive. */
        static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
        for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
            sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        for (size_t i = 0; i < p->n_workers; i++)
            close_pipes(&p->workers[i]);
        close(down[1]);
        close(up[0]);
        work(p->sweep, p->options, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    w->to = down[1];
    w->from = up[0];
    (void)fcntl(w->to, F_SETFD, FD_CLOEXEC);
    (void)fcntl(w->from, F_SETFD, FD_CLOEXEC);
    return true;
failed:
    p->status = es_errors_add(p->errors, ES_INTERNAL, NULL, 0, "a worker cannot be started: %s",
                              strerror(errno));
    for (size_t i = 0; i < 2; i++) {
        if (down[i] >= 0)
            close(down[i]);
        if (up[i] >= 0)
            close(up[i]);
    }
    w->pid = 0;
    p->stopping = true;
    return false;
}

static bool has_more(const pool *p) {
    return !p->stopping && (p->n_returned > 0 || p->next < p->n);
}

static void feed(pool *p, worker *w) {
    while (w->n_given < DEPTH && has_more(p)) {
        uint32_t run = p->n_returned > 0 ? p->returned[--p->n_returned] : p->runs[p->next++];
        w->given[w->n_given++] = run;
        if (write(w->to, &run, sizeof run) != (ssize_t)sizeof run)
            return; /* it has died: noticed where it is listened to */
    }
}

static void note_finished(pool *p, uint32_t run, bool failed) {
    es_sweep_progress *progress = p->progress;
    size_t n_equal;
    (void)index_find(&p->sweep->index, &p->sweep->ids[run], &n_equal);
    p->work_done += p->sweep->expected[run];
    progress->n_now++;
    progress->n_done += failed ? 0 : n_equal;
    progress->n_failed += failed ? n_equal : 0;
    progress->n_failed_now += failed ? 1 : 0;
}

static void stop(pool *p) {
    p->stopping = true;
    for (size_t i = 0; i < p->n_workers; i++)
        if (p->workers[i].to >= 0) {
            close(p->workers[i].to);
            p->workers[i].to = -1;
        }
}

static void take_answer(pool *p, worker *w, const answer *made) {
    if (w->n_given > 0) {
        w->n_given--;
        memmove(&w->given[0], &w->given[1], w->n_given * sizeof w->given[0]);
    }
    if (made->is_fatal) {
        if (p->status == ES_OK)
            p->status =
                es_errors_add(p->errors, (es_status)made->status, NULL, 0, "%s", made->text);
        stop(p);
        return;
    }
    note_finished(p, made->run, made->status != ES_OK);
}

/* A worker has ended: as it was told, or the run in hand has failed with it. */
static void bury(pool *p, worker *w) {
    int status = 0;
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close_pipes(w);
    w->pid = 0;
    if (w->n_given > 0 && !p->stopping) {
        char text[128];
        if (WIFSIGNALED(status))
            snprintf(text, sizeof text, "its process was ended by signal %d", WTERMSIG(status));
        else
            snprintf(text, sizeof text, "its process ended with code %d", WEXITSTATUS(status));
        es_status kept = shard_append(&p->shard, RECORD_FAILED, &p->sweep->ids[w->given[0]], text,
                                      strlen(text), p->errors);
        if (kept != ES_OK) {
            p->status = p->status == ES_OK ? kept : p->status;
            stop(p);
        }
        note_finished(p, w->given[0], true);
        for (size_t i = 1; i < w->n_given; i++)
            p->returned[p->n_returned++] = w->given[i];
    }
    w->n_given = 0;
}

static void kill_all(const pool *p) {
    for (size_t i = 0; i < p->n_workers; i++)
        if (p->workers[i].pid > 0)
            kill(p->workers[i].pid, SIGKILL);
}

static void check_interrupted(pool *p) {
    const volatile sig_atomic_t *interrupted = p->options->interrupted;
    if (interrupted == NULL || *interrupted == 0)
        return;
    if (!p->stopping) {
        p->status = p->status == ES_OK ? es_errors_add(p->errors, ES_INTERRUPTED, NULL, 0,
                                                       "interrupted; run it again to go on")
                                       : p->status;
        stop(p);
    }
    if (*interrupted > 1)
        kill_all(p);
}

static void show(pool *p) {
    es_sweep_progress *progress = p->progress;
    progress->elapsed_s = es_clock_s() - p->started_s;
    progress->work_share = p->work > 0 ? p->work_done / p->work : 1;
    if (p->options->progress != NULL)
        p->options->progress(p->options->context, progress);
}

/* Starts workers that are wanted and gives all of them runs; how many there are. */
static size_t tend(pool *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_workers; i++) {
        worker *w = &p->workers[i];
        if (w->pid == 0 && has_more(p))
            (void)start_worker(p, w);
        if (w->pid > 0) {
            feed(p, w);
            if (!has_more(p) && w->n_given == 0 && w->to >= 0) {
                close(w->to);
                w->to = -1;
            }
            n++;
        }
    }
    return n;
}

static void listen_all(pool *p, struct pollfd *polled) {
    for (size_t i = 0; i < p->n_workers; i++)
        polled[i] = (struct pollfd){.fd = p->workers[i].from, .events = POLLIN};
    if (poll(polled, p->n_workers, POLL_MS) <= 0)
        return;
    for (size_t i = 0; i < p->n_workers; i++) {
        worker *w = &p->workers[i];
        answer made;
        if (w->pid == 0 || polled[i].revents == 0)
            continue;
        if ((polled[i].revents & POLLIN) != 0 && read_all(w->from, &made, sizeof made))
            take_answer(p, w, &made);
        else
            bury(p, w);
    }
}

es_status run_pool(const es_sweep *sweep, const es_sweep_options *options, const uint32_t *runs,
                   size_t n, es_sweep_progress *progress, es_errors *errors) {
    size_t n_workers = options->n_workers < n ? options->n_workers : n;
    pool p = {.sweep = sweep,
              .options = options,
              .runs = runs,
              .n = n,
              .returned = es_alloc(n_workers * DEPTH, sizeof *p.returned),
              .workers = es_alloc(n_workers, sizeof *p.workers),
              .n_workers = n_workers,
              .progress = progress,
              .started_s = es_clock_s(),
              .errors = errors};
    struct pollfd *polled = es_alloc(n_workers, sizeof *polled);
    if (p.returned == NULL || p.workers == NULL || polled == NULL) {
        p.status = es_errors_no_memory(errors, options->folder);
        goto done;
    }
    shard_init(&p.shard, options->folder);
    for (size_t i = 0; i < n_workers; i++)
        p.workers[i] = (worker){.to = -1, .from = -1};
    for (size_t i = 0; i < n; i++)
        p.work += sweep->expected[runs[i]];
    while (tend(&p) > 0) {
        listen_all(&p, polled);
        check_interrupted(&p);
        show(&p);
    }
    es_status closed = shard_close(&p.shard, errors);
    p.status = p.status == ES_OK ? closed : p.status;
done:
    free(p.returned);
    free(p.workers);
    free(polled);
    return p.status;
}
