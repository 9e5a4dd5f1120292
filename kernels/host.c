#include "host.h"

#include <dirent.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int64_t es_host_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Adds the run delay of one thread; false if the system does not tell. */
static bool add_run_delay(const char *thread, int64_t *sum_ns) {
    char path[64];
    int length = snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return false;
    char line[128];
    es_slice rest = {line, 0}, field;
    int64_t delay_ns = 0;
    if (fgets(line, sizeof line, stream) != NULL)
        rest.length = strlen(line);
    fclose(stream);
    /* The second field: time on a processor, run delay, number of time slices. */
    bool found = true;
    for (int i = 0; i < 2; i++)
        found = found && es_next_field(&rest, ' ', &field);
    found = found && es_parse_int64(field, &delay_ns) == ES_OK;
    *sum_ns += delay_ns;
    return found;
}

int64_t es_host_lost_ns(void) {
    int64_t sum_ns = 0;
    bool known = false;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;)
        if (entry->d_name[0] != '.')
            known |= add_run_delay(entry->d_name, &sum_ns);
    if (threads != NULL)
        closedir(threads);
    if (known)
        return sum_ns;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nivcsw * INT64_C(1000000000);
}

static volatile sig_atomic_t n_interrupts;

static void interrupt(int number) {
    (void)number;
    n_interrupts = n_interrupts + 1;
}

const volatile sig_atomic_t *es_host_catch_interrupts(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction before;
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i],
                      &(struct sigaction){.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND},
                      NULL);
    }
    return &n_interrupts;
}

int es_host_cores(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (int)n : 1;
}

/* Copies the first "model name" of /proc/cpuinfo; "unknown CPU" where there is none. */
static void cpu_name(char *name, size_t size) {
    char line[256];
    snprintf(name, size, "unknown CPU");
    FILE *stream = fopen("/proc/cpuinfo", "r");
    if (stream == NULL)
        return;
    while (fgets(line, sizeof line, stream) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) != 0 || colon == NULL)
            continue;
        es_slice value = es_slice_trim(es_slice_of(colon + 1));
        snprintf(name, size, "%.*s", (int)value.length, value.data);
        break;
    }
    fclose(stream);
}

static const char *scheduling(void) {
    switch (sched_getscheduler(0)) {
    case SCHED_OTHER: return "time-sharing";
    case SCHED_FIFO:
    case SCHED_RR: return "real-time";
    default: return "unknown";
    }
}

void es_host_describe(es_facts *facts) {
    char name[256];
    struct utsname kernel;
    cpu_name(name, sizeof name);
    es_facts_add(facts, "device", "%s", name);
    es_facts_add(facts, "cores", "%d", es_host_cores());
    if (uname(&kernel) >= 0)
        es_facts_add(facts, "kernel", "%s %s", kernel.sysname, kernel.release);
    int nice_value = getpriority(PRIO_PROCESS, 0);
    if (nice_value == 0)
        es_facts_add(facts, "scheduling", "%s", scheduling());
    else
        es_facts_add(facts, "scheduling", "%s, nice %d", scheduling(), nice_value);
}

void es_host_date(char text[ES_DATE_TEXT]) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    if (strftime(text, ES_DATE_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        text[0] = '\0';
}
