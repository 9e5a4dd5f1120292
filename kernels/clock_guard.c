#include "clock_guard.h"

#include "edgesplit/alloc.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PCI_TEXT = 32 };

typedef struct request {
    char pci[PCI_TEXT];
    double mhz;
} request;

typedef struct answer {
    es_status status;
    unsigned locked_mhz;
    char text[ES_ERROR_TEXT];
} answer;

struct es_clock_guard {
    pid_t guardian; /* 0: has ended and was waited for */
    int requests, answers;
    int end; /* what it ended with */
    bool locked;
    char pci[PCI_TEXT];
};

static const double clock_tolerance_ratio = 0.02;

/* ---- Pipes, where an interrupted call is repeated */

static bool write_all(int file, const void *bytes, size_t n) {
    ssize_t written;
    do
        written = write(file, bytes, n);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)n; /* pipes take this much at once */
}

static bool read_all(int file, void *bytes, size_t n) {
    ssize_t got;
    do
        got = read(file, bytes, n);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)n;
}

/* ---- The guardian */

static void ignore_signals(void) {
    static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,
                                  SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_IGN);
}

static es_status lock(const request *wanted, es_nvml **nvml, unsigned *locked_mhz,
                      es_errors *errors) {
    unsigned nearest = 0;
    es_status status = es_nvml_open(wanted->pci, nvml, errors);
    if (status == ES_OK)
        status = es_nvml_nearest_mhz(*nvml, wanted->mhz, &nearest, errors);
    if (status == ES_OK && !isinf(wanted->mhz) &&
        fabs(nearest / wanted->mhz - 1) > clock_tolerance_ratio)
        status = es_errors_add(errors, ES_USAGE, NULL, 0,
                               "setting: this GPU cannot be locked to %g MHz; the nearest clock is "
                               "%u MHz",
                               wanted->mhz, nearest);
    if (status == ES_OK)
        status = es_nvml_lock(*nvml, nearest, errors);
    if (status == ES_OK)
        *locked_mhz = nearest;
    return status;
}

/* Waits for one request, answers it, and for the end of the pipe. */
static int guard_clocks(int requests, int answers) {
    request wanted;
    answer reply = {.status = ES_OK};
    es_errors errors;
    es_nvml *nvml = NULL;
    char byte;
    es_errors_init(&errors);
    ignore_signals();
    (void)setsid();
    if (!read_all(requests, &wanted, sizeof wanted))
        return 0;
    reply.status = lock(&wanted, &nvml, &reply.locked_mhz, &errors);
    if (errors.n > 0)
        memcpy(reply.text, errors.records[0].text, sizeof reply.text);
    bool told = write_all(answers, &reply, sizeof reply);
    while (told && reply.status == ES_OK && read_all(requests, &byte, 1))
        continue;
    int end = 0;
    if (reply.status == ES_OK && es_nvml_reset(nvml, &errors) != ES_OK)
        end = 1;
    es_nvml_close(nvml);
    return end;
}

/* ---- The process that measures */

es_status es_clock_guard_create(es_clock_guard **guard, es_errors *errors) {
    es_clock_guard *made = es_alloc(1, sizeof *made);
    int requests[2] = {-1, -1}, answers[2] = {-1, -1};
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    bool piped = pipe(requests) == 0 && pipe(answers) == 0;
    /* What is in the buffers of streams must not be written twice. */
    (void)fflush(NULL);
    pid_t guardian = piped ? fork() : -1;
    int cause = errno;
    if (guardian == 0) {
        (void)close(requests[1]);
        (void)close(answers[0]);
        _exit(guard_clocks(requests[0], answers[1]));
    }
    (void)close(requests[0]);
    (void)close(answers[1]);
    if (guardian < 0) {
        (void)close(requests[1]);
        (void)close(answers[0]);
        free(made);
        return es_errors_add(errors, ES_INTERNAL, NULL, 0,
                             "the process that guards the clocks cannot be started: %s",
                             strerror(cause));
    }
    made->guardian = guardian;
    made->requests = requests[1];
    made->answers = answers[0];
    *guard = made;
    return ES_OK;
}

es_status es_clock_guard_lock(es_clock_guard *guard, const char *pci, double mhz,
                              unsigned *locked_mhz, es_errors *errors) {
    request wanted = {.mhz = mhz};
    answer reply;
    snprintf(wanted.pci, sizeof wanted.pci, "%s", pci);
    snprintf(guard->pci, sizeof guard->pci, "%s", pci);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    bool told = write_all(guard->requests, &wanted, sizeof wanted) &&
                read_all(guard->answers, &reply, sizeof reply);
    (void)signal(SIGPIPE, old);
    if (!told)
        return es_errors_add(errors, ES_INTERNAL, NULL, 0,
                             "the process that guards the clocks has ended");
    if (reply.status != ES_OK)
        return es_errors_add(errors, reply.status, NULL, 0, "%s", reply.text);
    guard->locked = true;
    *locked_mhz = reply.locked_mhz;
    return ES_OK;
}

/* The guardian was killed: what it can do no more is done here. */
static es_status reset_here(const es_clock_guard *guard, es_errors *errors) {
    es_nvml *nvml = NULL;
    es_status status = es_nvml_open(guard->pci, &nvml, errors);
    if (status == ES_OK)
        status = es_nvml_reset(nvml, errors);
    es_nvml_close(nvml);
    return status;
}

bool es_clock_guard_is_alive(es_clock_guard *guard) {
    es_errors ignored; /* es_clock_guard_destroy tries again and says what is wrong */
    es_errors_init(&ignored);
    if (guard->guardian == 0 || waitpid(guard->guardian, &guard->end, WNOHANG) == 0)
        return guard->guardian != 0;
    guard->guardian = 0;
    if (guard->locked)
        (void)reset_here(guard, &ignored);
    return false;
}

es_status es_clock_guard_destroy(es_clock_guard *guard, es_errors *errors) {
    es_status status = ES_OK;
    if (guard == NULL)
        return ES_OK;
    (void)close(guard->requests);
    if (guard->guardian != 0)
        while (waitpid(guard->guardian, &guard->end, 0) < 0 && errno == EINTR)
            continue;
    (void)close(guard->answers);
    if (guard->locked && (!WIFEXITED(guard->end) || WEXITSTATUS(guard->end) != 0))
        status = reset_here(guard, errors);
    if (status != ES_OK)
        es_errors_add(errors, status, NULL, 0,
                      "the clocks of GPU %s may still be locked; as root: nvidia-smi -i %s -rgc",
                      guard->pci, guard->pci);
    free(guard);
    return status;
}
