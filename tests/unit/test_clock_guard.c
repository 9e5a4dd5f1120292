/* A locked clock is let go, however the process that asked for it ends. NVML is a fake that writes
 * what it is told to a file (EDGESPLIT_NVML names it). */
#include "clock_guard.h"
#include "test.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char pci[] = "0000:01:00.0";
static char state[] = "/tmp/edgesplit-nvml-XXXXXX";

static void clear_state(void) {
    FILE *stream = fopen(state, "w");
    assert_non_null(stream);
    fclose(stream);
}

static void read_state(char *text, size_t size) {
    FILE *stream = fopen(state, "r");
    assert_non_null(stream);
    text[fread(text, 1, size - 1, stream)] = '\0';
    fclose(stream);
}

static void assert_state(const char *expected) {
    char text[256];
    read_state(text, sizeof text);
    assert_string_equal(text, expected);
}

/* Waits until the file says so: a guardian acts when its parent is gone. */
static void await_state(const char *expected) {
    const struct timespec pause = {0, 10000000};
    char text[256] = "";
    for (int i = 0; i < 500 && strcmp(text, expected) != 0; i++) {
        nanosleep(&pause, NULL);
        read_state(text, sizeof text);
    }
    assert_string_equal(text, expected);
}

static es_clock_guard *lock(double mhz, unsigned *locked_mhz) {
    es_clock_guard *guard = NULL;
    es_errors errors;
    es_errors_init(&errors);
    if (es_clock_guard_create(&guard, &errors) != ES_OK ||
        es_clock_guard_lock(guard, pci, mhz, locked_mhz, &errors) != ES_OK) {
        es_errors_print(&errors, stderr);
        _exit(99);
    }
    return guard;
}

/* The process that measures: locks, says so, and ends by a signal, or by itself if it is 0. */
static void measure(int ready, int signal_number) {
    const struct rlimit no_core = {0, 0};
    unsigned locked_mhz;
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGSEGV, SIG_DFL);
    (void)lock(300, &locked_mhz);
    if (write(ready, "r", 1) != 1)
        _exit(98);
    if (signal_number == 0)
        _exit(0);
    for (;;)
        pause();
}

static void end_by(int signal_number) {
    int ready[2], end;
    char byte;
    clear_state();
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        measure(ready[1], signal_number);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    if (signal_number != 0) {
        assert_state("lock 300\n");
        assert_int_equal(kill(child, signal_number), 0);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    if (signal_number != 0)
        assert_true(WIFSIGNALED(end) && WTERMSIG(end) == signal_number);
    else
        assert_true(WIFEXITED(end) && WEXITSTATUS(end) == 0);
    await_state("lock 300\nreset 0\n");
    close(ready[0]);
    close(ready[1]);
}

static void test_exit(void **unused) {
    (void)unused;
    end_by(0);
}

static void test_term(void **unused) {
    (void)unused;
    end_by(SIGTERM);
}

static void test_int(void **unused) {
    (void)unused;
    end_by(SIGINT);
}

static void test_hup(void **unused) {
    (void)unused;
    end_by(SIGHUP);
}

static void test_segv(void **unused) {
    (void)unused;
    end_by(SIGSEGV);
}

static void test_kill(void **unused) {
    (void)unused;
    end_by(SIGKILL);
}

/* The terminal's interrupt goes to the whole group: the guardian is not in it, and ignores it. */
static void test_interrupt_of_the_group(void **unused) {
    (void)unused;
    int ready[2], end;
    char byte;
    clear_state();
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setpgid(0, 0);
        measure(ready[1], SIGINT);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(-child, SIGINT), 0);
    assert_int_equal(waitpid(child, &end, 0), child);
    await_state("lock 300\nreset 0\n");
    close(ready[0]);
    close(ready[1]);
}

static void test_release(void **unused) {
    (void)unused;
    unsigned locked_mhz = 0;
    es_errors errors;
    es_errors_init(&errors);
    clear_state();
    es_clock_guard *guard = lock(301, &locked_mhz);
    assert_int_equal(locked_mhz, 300);
    assert_true(es_clock_guard_is_alive(guard));
    assert_state("lock 300\n");
    assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_OK);
    assert_state("lock 300\nreset 0\n");
    clear_state();
    guard = lock((double)INFINITY, &locked_mhz);
    assert_int_equal(locked_mhz, 1545);
    assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_OK);
    assert_state("lock 1545\nreset 0\n");
    assert_int_equal(es_clock_guard_destroy(NULL, &errors), ES_OK);
}

/* The child of this process that is not waited for yet: the guardian. */
static pid_t find_guardian(void) {
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return 0;
    if (fgets(text, sizeof text, stream) == NULL)
        text[0] = '\0';
    fclose(stream);
    return (pid_t)strtol(text, NULL, 10);
}

static void test_guardian_is_killed(void **unused) {
    (void)unused;
    const struct timespec pause = {0, 10000000};
    unsigned locked_mhz;
    es_errors errors;
    es_errors_init(&errors);
    clear_state();
    es_clock_guard *guard = lock(300, &locked_mhz);
    pid_t guardian = find_guardian();
    if (guardian <= 0) {
        assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_OK);
        print_message("skipped: this system does not list children\n");
        skip();
    }
    assert_int_equal(kill(guardian, SIGKILL), 0);
    for (int i = 0; i < 500 && es_clock_guard_is_alive(guard); i++)
        nanosleep(&pause, NULL);
    assert_false(es_clock_guard_is_alive(guard));
    assert_state("lock 300\nreset 0\n");
    assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_OK);
}

static void assert_refused(const char *fault, double mhz, es_status expected, const char *part) {
    unsigned locked_mhz = 0;
    es_clock_guard *guard = NULL;
    es_errors errors;
    es_errors_init(&errors);
    clear_state();
    setenv("FAKE_NVML", fault, 1);
    assert_int_equal(es_clock_guard_create(&guard, &errors), ES_OK);
    assert_int_equal(es_clock_guard_lock(guard, pci, mhz, &locked_mhz, &errors), expected);
    unsetenv("FAKE_NVML");
    if (strstr(errors.records[0].text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", errors.records[0].text, part);
    assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_OK);
    assert_state("");
}

static void test_refusals(void **unused) {
    (void)unused;
    assert_refused("denied", 300, ES_UNAVAILABLE, "Insufficient Permissions");
    assert_refused("", 100, ES_USAGE, "the nearest clock is 300 MHz");
    assert_refused("", 5000, ES_USAGE, "the nearest clock is 1545 MHz");
}

static void test_library_is_missing(void **unused) {
    (void)unused;
    char *fake = strdup(getenv("EDGESPLIT_NVML"));
    setenv("EDGESPLIT_NVML", "/no/such/library.so", 1);
    assert_refused("", 300, ES_UNAVAILABLE, "NVML cannot be loaded: /no/such/library.so");
    setenv("EDGESPLIT_NVML", fake, 1);
    free(fake);
}

/* The clocks cannot be reset: that is said, with what to type. */
static void test_reset_fails(void **unused) {
    (void)unused;
    unsigned locked_mhz;
    es_errors errors;
    es_errors_init(&errors);
    clear_state();
    setenv("FAKE_NVML", "no-reset", 1);
    es_clock_guard *guard = lock(300, &locked_mhz);
    assert_int_equal(es_clock_guard_destroy(guard, &errors), ES_UNAVAILABLE);
    unsetenv("FAKE_NVML");
    assert_non_null(strstr(errors.records[errors.n - 1].text, "nvidia-smi -i 0000:01:00.0 -rgc"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_term),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_hup),
        cmocka_unit_test(test_segv),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_interrupt_of_the_group),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_guardian_is_killed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_library_is_missing),
        cmocka_unit_test(test_reset_fails),
    };
    if (getenv("EDGESPLIT_NVML") == NULL) /* never the real one */
        return 77;
    int file = mkstemp(state);
    if (file < 0)
        return 1;
    close(file);
    setenv("FAKE_NVML_STATE", state, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(state);
    return failed;
}
