#include "edgesplit/sweep.h"
#include "fault_alloc.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Units of a network that no run of these tests gets as far as: they end before the first event. */
static const char study_text[] = "[scenario]\nsteps = ${steps=10,30,20}\ntitle = $steps\n"
                                 "[model]\nname = efficientnet-b0\n"
                                 "[device]\nprofile = a.profile\n[server]\nprofile = b.profile\n"
                                 "[uplink]\nrate = ${rate=1,2}Mbit/s\n[policy no-offload]\n";

static es_errors errors;
static es_study *study;
static es_study_source source = {.path = "study.ini"};

static void write_file(const char *name, const char *text) {
    FILE *stream = fopen(name, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
    assert_int_equal(fclose(stream), 0);
}

static int load(void **state) {
    (void)state;
    write_file("study.ini", study_text);
    write_file("a.profile", "one\n");
    write_file("b.profile", "two\n");
    es_errors_init(&errors);
    return es_study_load(&source, &study, &errors) == ES_OK ? 0 : 1;
}

static int unload(void **state) {
    (void)state;
    es_study_destroy(study);
    study = NULL;
    /* NOLINTNEXTLINE(cert-env33-c) */
    return system("rm -rf out study.ini a.profile b.profile") == 0 ? 0 : 1;
}

static es_sweep *create(void) {
    es_sweep *sweep = NULL;
    es_errors_init(&errors);
    es_status status = es_sweep_create(&source, study, &sweep, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return sweep;
}

static void ids_are_of_what_goes_into_a_run(void **state) {
    (void)state;
    char before[6][65], after[65];
    es_sweep *sweep = create();
    for (size_t run = 0; run < 6; run++) {
        es_sweep_id(sweep, run, before[run]);
        assert_int_equal(strlen(before[run]), 64);
        for (size_t other = 0; other < run; other++)
            assert_string_not_equal(before[run], before[other]);
    }
    es_sweep_destroy(sweep);
    sweep = create();
    es_sweep_id(sweep, 3, after);
    assert_string_equal(after, before[3]);
    es_sweep_destroy(sweep);
    write_file("b.profile", "two and more\n");
    sweep = create();
    es_sweep_id(sweep, 3, after);
    assert_string_not_equal(after, before[3]);
    es_sweep_destroy(sweep);
    write_file("b.profile", "two\n");
    /* What is said another way is the same run; a run's number is not part of it. */
    es_study_destroy(study);
    const char *overrides[] = {"scenario.steps=${steps=30}", "uplink.rate=${rate=2000}kbit/s",
                               "workload.mode=open"};
    es_study_source other = {.path = "study.ini", .n_overrides = 3, .overrides = overrides};
    assert_int_equal(es_study_load(&other, &study, &errors), ES_OK);
    sweep = create();
    es_sweep_id(sweep, 0, after);
    assert_string_equal(after, before[3]);
    es_sweep_destroy(sweep);
}

static void missing_inputs_are_told_once(void **state) {
    (void)state;
    es_sweep *sweep = NULL;
    (void)remove("a.profile");
    es_errors_init(&errors);
    assert_int_equal(es_sweep_create(&source, study, &sweep, &errors), ES_NO_INPUT);
    assert_null(sweep);
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.records[0].text, "a.profile: No such file or directory");
}

/* The profiles are none: every run fails, and its message is kept. */
static void failed(void *context, size_t run, const char *label, const char *message) {
    size_t *n = context;
    const char *const labels[] = {"steps=10, rate=1", "steps=10, rate=2", "steps=30, rate=1",
                                  "steps=30, rate=2", "steps=20, rate=1", "steps=20, rate=2"};
    assert_int_equal(run, *n);
    assert_string_equal(label, labels[run]);
    assert_non_null(strstr(message, "profile"));
    ++*n;
}

static void failures_are_recorded(void **state) {
    (void)state;
    es_sweep *sweep = create();
    es_sweep_progress progress;
    es_sweep_options options = {.folder = "out", .n_workers = 2};
    assert_int_equal(es_sweep_run(sweep, &options, &progress, &errors), ES_SOME_FAILED);
    assert_int_equal(progress.n_failed, 6);
    assert_int_equal(progress.n_now, 6);
    size_t n = 0;
    assert_int_equal(es_sweep_status("out", &progress, NULL, &n, failed, &errors), ES_OK);
    assert_int_equal(n, 6);
    assert_int_equal(progress.n_failed, 6);
    assert_int_equal(es_sweep_run(sweep, &options, &progress, &errors), ES_SOME_FAILED);
    assert_int_equal(progress.n_now, 0);
    options.retry_failed = true;
    options.n_chosen = 2;
    options.chosen = (const size_t[]){1, 4};
    assert_int_equal(es_sweep_run(sweep, &options, &progress, &errors), ES_SOME_FAILED);
    assert_int_equal(progress.n_now, 2);
    assert_int_equal(progress.n_failed, 6);
    es_errors_init(&errors);
    es_sweep_merge_options merging = {.folder = "out", .path = "cube.h5"};
    assert_int_equal(es_sweep_merge(&merging, &progress, &errors), ES_INVALID);
    assert_string_equal(errors.records[0].text, "out: no run is done");
    es_sweep_destroy(sweep);
}

static bool take_three(void *context, size_t *number) {
    size_t *next = context;
    *number = (*next)++;
    return *number < 3;
}

static void a_counter_hands_out_the_longest_first(void **state) {
    (void)state;
    es_sweep *sweep = create();
    es_sweep_progress progress;
    es_sweep_options options = {.folder = "out", .n_workers = 1, .task = 1, .n_tasks = 2};
    size_t next = 0;
    assert_int_equal(es_sweep_run_counted(sweep, &options, &next, take_three, &progress, &errors),
                     ES_OK);
    assert_int_equal(progress.n_now, 3);
    assert_int_equal(progress.n_failed_now, 3);
    /* steps = 30 twice, then 20 with rate 1 */
    const size_t done[] = {2, 3, 4}, rest[] = {0, 1, 5};
    options.n_tasks = 1;
    options.task = 0;
    options.n_chosen = 3;
    options.chosen = done;
    assert_int_equal(es_sweep_run(sweep, &options, &progress, &errors), ES_SOME_FAILED);
    assert_int_equal(progress.n_now, 0);
    options.chosen = rest;
    assert_int_equal(es_sweep_run(sweep, &options, &progress, &errors), ES_SOME_FAILED);
    assert_int_equal(progress.n_now, 3);
    es_sweep_destroy(sweep);
}

static void folders_that_cannot_be(void **state) {
    (void)state;
    es_sweep *sweep = create();
    es_errors_init(&errors);
    assert_int_equal(es_sweep_prepare(sweep, "no/folder", false, &errors), ES_CANT_CREATE);
    assert_int_equal(es_sweep_prepare(sweep, "study.ini", false, &errors), ES_CANT_CREATE);
    assert_int_equal(es_sweep_prepare(sweep, "out", false, &errors), ES_OK);
    struct stat first, again;
    assert_int_equal(stat("out/manifest", &first), 0);
    assert_int_equal(es_sweep_prepare(sweep, "out", false, &errors), ES_OK);
    assert_int_equal(stat("out/manifest", &again), 0);
    assert_true(first.st_ino == again.st_ino); /* as it should be: not written again */
    write_file("out/manifest", "edgesplit-sweep 2\nruns 99999999999\n");
    assert_int_equal(es_sweep_prepare(sweep, "out", false, &errors), ES_INVALID);
    es_sweep_destroy(sweep);
}

static void out_of_memory(void **state) {
    (void)state;
    for (size_t fail = 1;; fail++) {
        es_sweep *sweep = NULL;
        es_sweep_progress progress;
        size_t n = 0;
        es_errors_init(&errors);
        fault_alloc_fail_at(fail);
        es_status status = es_sweep_create(&source, study, &sweep, &errors);
        if (status == ES_OK)
            status = es_sweep_prepare(sweep, "out", false, &errors);
        if (status == ES_OK)
            status = es_sweep_status("out", &progress, NULL, &n, failed, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        es_sweep_destroy(sweep);
        if (!struck) {
            assert_int_equal(status, ES_OK);
            assert_true(fail > 100);
            return;
        }
        /* A manifest that cannot be compared is written anew. */
        if (status != ES_OK)
            assert_int_equal(status, ES_NO_MEMORY);
    }
}

int main(void) {
    char folder[] = "test_sweep_XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_of_what_goes_into_a_run, load, unload),
        cmocka_unit_test_setup_teardown(missing_inputs_are_told_once, load, unload),
        cmocka_unit_test_setup_teardown(failures_are_recorded, load, unload),
        cmocka_unit_test_setup_teardown(a_counter_hands_out_the_longest_first, load, unload),
        cmocka_unit_test_setup_teardown(folders_that_cannot_be, load, unload),
        cmocka_unit_test_setup_teardown(out_of_memory, load, unload),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("..") != 0 || rmdir(folder) != 0)
        return 1;
    return n_failed;
}
