/* Shared by the tests of the module `profile`: files they read and write, mistakes they expect. */
#ifndef TESTS_UNIT_PROFILE_FILES_H
#define TESTS_UNIT_PROFILE_FILES_H

#include "edgesplit/profile.h"

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One file for what a test reads and one for what it writes, in the current folder. */
static char input_path[64], output_path[64];

static inline int name_files(void **state) {
    (void)state;
    snprintf(input_path, sizeof input_path, "test_profile.%ld.in.csv", (long)getpid());
    snprintf(output_path, sizeof output_path, "test_profile.%ld.out.csv", (long)getpid());
    return 0;
}

static inline int remove_files(void **state) {
    (void)state;
    remove(input_path);
    remove(output_path);
    return 0;
}

static inline void write_bytes(const char *text, size_t length) {
    FILE *stream = fopen(input_path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

static inline void write_text(const char *text) {
    write_bytes(text, strlen(text));
}

static inline es_profile *load_text(const char *text) {
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    write_text(text);
    es_status status = es_profile_load(input_path, &profile, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return profile;
}

/* The text of the file that saving a profile gives; the caller frees it. */
static inline char *saved_text(const es_profile *profile) {
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_profile_save(profile, output_path, true, &errors), ES_OK);
    es_file file;
    assert_int_equal(es_file_read(output_path, 1 << 20, &file, &errors), ES_OK);
    return file.data;
}

/* One mistake: the message is "FILE<place>: <text>...", with place ":LINE" or "". */
static inline void expect_one_error(const es_errors *errors, es_status status, const char *place,
                                    const char *text) {
    char expected[ES_ERROR_TEXT];
    snprintf(expected, sizeof expected, "%s%s: %s", input_path, place, text);
    if (errors->n != 1 || strncmp(errors->records[0].text, expected, strlen(expected)) != 0)
        es_errors_print(errors, stderr);
    assert_int_equal(errors->n, 1);
    assert_int_equal(errors->records[0].status, status);
    assert_memory_equal(errors->records[0].text, expected, strlen(expected));
}

/* Fails allocation 1, 2, 3, ... until none strikes. */
static inline void exhaust(es_status (*run)(es_profile **, es_errors *), es_profile **profile,
                           size_t least) {
    for (size_t n = 1;; n++) {
        es_errors errors;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = run(profile, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        if (!struck) {
            assert_true(n > least);
            assert_int_equal(status, ES_OK);
            return;
        }
        assert_int_equal(status, ES_NO_MEMORY);
        assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
    }
}

#endif
