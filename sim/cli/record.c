/* edgesplit trace record */
#include "commands.h"
#include "counters.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/log.h"
#include "edgesplit/number.h"
#include "edgesplit/time.h"
#include "edgesplit/units.h"
#include "edgesplit/version.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const es_option record_options[] = {
    {"cpu", .help = "the busy share of all CPUs of this machine"},
    {"interface", "NAME", .help = "the throughput of a network interface"},
    {"direction", "down|up", .help = "of the interface; default: down"},
    {"step", "TIME", .help = "time between readings; default: 1s"},
    {"duration", "TIME", .help = "length of the trace; default: until it is interrupted"},
    {"licence", "TEXT", .help = "of the trace; default: unstated"},
    ES_OPTION_OUTPUT("FILE", true, "the trace"),
    ES_OPTION_FORCE,
    {0},
};

/* What is recorded, and how. */
typedef struct plan {
    const char *interface; /* NULL: the CPUs */
    bool up;
    es_time step, duration;
    const char *step_text, *licence;
} plan;

typedef struct reading {
    cpu_times cpu;
    uint64_t bytes;
} reading;

typedef struct recording {
    es_text rows;
    size_t n;
    es_time end; /* of the last row, since the first reading */
    bool has_positive;
} recording;

enum { PROC_TEXT = 1 << 18 };

/* ---- Reading */

/* Reads a file of /proc, whose size is not known before, up to PROC_TEXT bytes. */
static es_status read_proc(const char *path, char *buffer, es_slice *text, es_errors *errors) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = file < 0 ? -1 : 1;
    size_t length = 0;
    while (n > 0 && length < PROC_TEXT) {
        n = read(file, buffer + length, PROC_TEXT - length);
        length += n > 0 ? (size_t)n : 0;
    }
    int cause = errno;
    if (file >= 0)
        close(file);
    *text = (es_slice){buffer, length};
    return n >= 0 ? ES_OK : es_errors_add(errors, ES_NO_INPUT, path, 0, "%s", strerror(cause));
}

static es_status complain_interface(const char *name, es_slice text, es_errors *errors) {
    es_text names = {0};
    interface_bytes bytes;
    while (interface_next(&text, &bytes))
        es_text_add(&names, "%s%.*s", names.length > 0 ? ", " : "", (int)bytes.name.length,
                    bytes.name.data);
    es_errors_add(errors, ES_NO_INPUT, NULL, 0,
                  "there is no interface '%.40s'; expected one of: %s", name,
                  names.length > 0 ? names.data : "(there is none)");
    free(names.data);
    return ES_NO_INPUT;
}

static es_status read_counters(const plan *what, char *buffer, reading *now, es_errors *errors) {
    static const char stat_path[] = "/proc/stat", interfaces_path[] = "/proc/net/dev";
    es_slice text;
    es_status status =
        read_proc(what->interface == NULL ? stat_path : interfaces_path, buffer, &text, errors);
    if (status != ES_OK)
        return status;
    if (what->interface == NULL)
        return cpu_times_parse(text, &now->cpu)
                   ? ES_OK
                   : es_errors_add(errors, ES_NO_INPUT, stat_path, 0, "no line 'cpu ...'");
    es_slice rest = text;
    interface_bytes bytes;
    while (interface_next(&rest, &bytes))
        if (es_slice_equals(bytes.name, what->interface)) {
            now->bytes = what->up ? bytes.up : bytes.down;
            return ES_OK;
        }
    return complain_interface(what->interface, text, errors);
}

/* ---- Time */

static es_time monotonic(void) {
    struct timespec now;
    ES_REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (es_time)now.tv_sec * ES_SECOND + now.tv_nsec;
}

/* Sleeps until `at`; true if one of the signals, which are blocked, has come. */
static bool wait_until(es_time at, const sigset_t *signals) {
    for (;;) {
        es_time left = at - monotonic();
        if (left < 0)
            left = 0;
        struct timespec duration = {(time_t)(left / ES_SECOND), (long)(left % ES_SECOND)};
        if (sigtimedwait(signals, NULL, &duration) > 0)
            return true;
        if (errno == EAGAIN && monotonic() >= at)
            return false;
    }
}

/* ---- Recording */

/* Adds the row of what was counted on [start, end); false if that tells nothing yet. */
static bool add_row(recording *record, const plan *what, const reading *from, const reading *to,
                    es_time start, es_time end) {
    double value;
    if (end <= start)
        return false;
    if (what->interface == NULL)
        value = cpu_busy_ratio(&from->cpu, &to->cpu);
    else
        value =
            8 * (double)interface_bytes_between(from->bytes, to->bytes) / es_time_s(end - start);
    if (isnan(value))
        return false;
    if (what->interface == NULL)
        es_text_add(&record->rows, "%.6f,%.4f\n", es_time_s(start), value);
    else
        es_text_add(&record->rows, "%.6f,%.6f\n", es_time_s(start), value / 1e6);
    record->n++;
    record->end = end;
    record->has_positive = record->has_positive || value > 0;
    return true;
}

/* Reads at every whole multiple of the step, until the time is over or a signal comes. A row begins
 * and ends when the counters were really read, in whole microseconds, so that value times length is
 * what was counted. A multiple that was slept through, or in which no tick passed, only makes its
 * row longer. */
static es_status sample(const plan *what, const sigset_t *signals, char *buffer, recording *record,
                        es_errors *errors) {
    reading from, to;
    es_status status = read_counters(what, buffer, &from, errors);
    es_time origin = monotonic(), start = 0, now = 0;
    bool is_over = false;
    while (status == ES_OK && !is_over) {
        es_time next = (now / what->step + 1) * what->step;
        if (next > what->duration)
            next = what->duration;
        is_over = wait_until(origin + next, signals);
        status = read_counters(what, buffer, &to, errors);
        now = (monotonic() - origin) / 1000 * 1000;
        is_over = is_over || now >= what->duration;
        if (status == ES_OK && add_row(record, what, &from, &to, start, now)) {
            from = to;
            start = now;
        }
    }
    return status;
}

/* The lines above the rows. Of the kernel's release only the number: what distributions append may
 * tell more about a machine than was meant to be published. */
static void add_header(const plan *what, const char *date, const recording *record, es_text *csv) {
    struct utsname system = {0};
    ES_REQUIRE(uname(&system) >= 0);
    es_text_add(csv,
                "# quantity: %s\n# unit: %s\n# hold: forward\n# at_end: loop\n# duration: %.6fs\n"
                "# origin: measured by edgesplit trace record on the machine itself\n# meaning: ",
                what->interface == NULL ? "load" : "bandwidth",
                what->interface == NULL ? "1" : "Mbit/s", es_time_s(record->end));
    if (what->interface == NULL)
        es_text_add(csv, "busy share of all CPUs between two readings of /proc/stat, all but idle "
                         "and iowait\n");
    else
        es_text_add(csv,
                    "throughput %s one interface, from /proc/net/dev: what was asked of it, not "
                    "its capacity\n",
                    what->up ? "up through" : "down through");
    es_text_add(csv, "# kernel: %s %.*s\n# cpus: %ld\n# step: %s\n# date: %s\n# licence: %s\n",
                system.sysname, (int)strspn(system.release, "0123456789."), system.release,
                sysconf(_SC_NPROCESSORS_ONLN), what->step_text, date, what->licence);
    es_text_add(csv, "# program: %s\ntime_s,value\n", es_version());
}

static es_status publish(const es_arguments *arguments, const plan *what, const char *date,
                         const recording *record, es_errors *errors) {
    es_text csv = {0};
    const char *output = es_arguments_value(arguments, "output", NULL);
    if (record->n == 0)
        return es_errors_add(errors, ES_INTERRUPTED, output, 0,
                             "interrupted before the first sample was complete");
    add_header(what, date, record, &csv);
    es_text_add(&csv, "%s", record->rows.data);
    es_status status =
        csv.failed || record->rows.failed ? es_errors_no_memory(errors, output) : ES_OK;
    if (status == ES_OK)
        status = es_file_write(output, csv.data, csv.length, es_arguments_has(arguments, "force"),
                               errors);
    free(csv.data);
    if (status == ES_OK)
        puts(output);
    if (status == ES_OK && what->interface != NULL && !record->has_positive)
        es_log_warning(&(es_log){.stream = stderr},
                       "%s: nothing came through the interface; a scenario refuses a bandwidth "
                       "that is 0 at all times",
                       output);
    return status;
}

/* Records until it is over, and publishes what there is, even if the counters have gone. */
static es_status record_plan(const es_arguments *arguments, const plan *what, es_errors *errors) {
    char date[32];
    time_t clock = time(NULL);
    struct tm utc;
    ES_REQUIRE(gmtime_r(&clock, &utc) != NULL);
    ES_REQUIRE(strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
    char *buffer = es_alloc(PROC_TEXT, 1);
    if (buffer == NULL)
        return es_errors_no_memory(errors, NULL);
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before);
    recording record = {0};
    es_status sampled = sample(what, &signals, buffer, &record, errors);
    es_status status = sampled;
    if (sampled == ES_OK || record.n > 0)
        status = publish(arguments, what, date, &record, errors);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(record.rows.data);
    free(buffer);
    return sampled != ES_OK ? sampled : status;
}

/* ---- Options */

/* Reads the option of that name, if it was given; else `*time` stays as it is. */
static void parse_time(const es_arguments *arguments, const char *name, es_time *time,
                       es_errors *errors) {
    const double least_s = 1e-3, most_s = 1e6;
    const char *text = es_arguments_value(arguments, name, NULL), *expected;
    double seconds;
    if (text == NULL)
        return;
    if (es_parse_quantity((es_slice){text, strlen(text)}, ES_DIM_TIME, &seconds, &expected) !=
        ES_OK)
        es_arguments_mistake(arguments, errors, "--%s '%.40s'; expected %s", name, text, expected);
    else if (!(seconds >= least_s && seconds <= most_s) || es_time_from_s(seconds, time) != ES_OK)
        es_arguments_mistake(arguments, errors, "--%s '%.40s'; expected %gs .. %gs", name, text,
                             least_s, most_s);
}

static es_status record(const es_arguments *arguments, es_errors *errors) {
    const char *direction = es_arguments_value(arguments, "direction", "down");
    plan what = {
        .interface = es_arguments_value(arguments, "interface", NULL),
        .up = strcmp(direction, "up") == 0,
        .step = ES_SECOND,
        .duration = ES_TIME_NEVER / 2,
        .step_text = es_arguments_value(arguments, "step", "1s"),
        .licence = es_arguments_value(arguments, "licence", "unstated"),
    };
    size_t n_before = errors->n;
    if (es_arguments_has(arguments, "cpu") == (what.interface != NULL))
        es_arguments_mistake(arguments, errors, "expected --cpu or --interface NAME");
    if (!what.up && strcmp(direction, "down") != 0)
        es_arguments_mistake(arguments, errors, "--direction '%.40s'; expected down or up",
                             direction);
    if (what.interface == NULL && es_arguments_has(arguments, "direction"))
        es_arguments_mistake(arguments, errors, "--direction is that of an --interface");
    if (strpbrk(what.licence, "\r\n") != NULL)
        es_arguments_mistake(arguments, errors, "--licence: expected one line");
    parse_time(arguments, "step", &what.step, errors);
    parse_time(arguments, "duration", &what.duration, errors);
    if (errors->n > n_before)
        return ES_USAGE;
    es_status status = es_output_check(es_arguments_value(arguments, "output", NULL),
                                       es_arguments_has(arguments, "force"), errors);
    return status == ES_OK ? record_plan(arguments, &what, errors) : status;
}

const es_command command_trace_record = {
    .group = "trace",
    .name = "record",
    .summary = "record this machine's CPU load or the throughput of an interface",
    .options = record_options,
    .run = record,
};
