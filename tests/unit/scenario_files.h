/* Shared by the tests of the module `scenario`: files they write, mistakes they expect. */
#ifndef TESTS_UNIT_SCENARIO_FILES_H
#define TESTS_UNIT_SCENARIO_FILES_H

#include "edgesplit/scenario.h"

#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static es_errors errors;
static char path[64];

static inline int set_up(void **state) {
    (void)state;
    snprintf(path, sizeof path, "test_scenario.%ld.ini", (long)getpid());
    es_errors_init(&errors);
    return 0;
}

static inline int remove_file(void **state) {
    (void)state;
    remove(path);
    return 0;
}

/* The shortest scenario, as entries. */
static const struct entry {
    const char *section, *key, *value;
} shortest[] = {
    {"scenario", "steps", "10"},
    {"model", "name", "efficientnet-b0"},
    {"device", "profile", "slow.csv"},
    {"server", "profile", "fast.csv"},
    {"uplink", "rate", "20Mbit/s"},
    {"policy dynamic-split", "knowledge", "last"},
    {"policy dynamic-split", "initial_rate", "1Mbit/s"},
};
enum { N_SHORTEST = sizeof shortest / sizeof shortest[0] };

/* What a test changes in it: replaces or adds entries; a NULL value takes one out. */
enum { MAX_CHANGES = 6 };
struct changes {
    struct entry entries[MAX_CHANGES];
};

static inline const struct entry *change_of(const struct changes *changes, const char *section,
                                            const char *key) {
    for (size_t i = 0; i < MAX_CHANGES && changes->entries[i].section != NULL; i++)
        if (strcmp(changes->entries[i].section, section) == 0 &&
            (key == NULL || strcmp(changes->entries[i].key, key) == 0))
            return &changes->entries[i];
    return NULL;
}

static inline bool is_shortest(const char *section, const char *key) {
    for (size_t i = 0; i < N_SHORTEST; i++)
        if (strcmp(shortest[i].section, section) == 0 &&
            (key == NULL || strcmp(shortest[i].key, key) == 0))
            return true;
    return false;
}

static inline void write_entry(FILE *stream, const struct entry *entry, size_t *line) {
    if (entry->value != NULL) {
        fprintf(stream, "%s = %s\n", entry->key, entry->value);
        ++*line;
    }
}

/* Writes the file and returns the line of the first change. */
static inline size_t write_file(const struct changes *changes) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    size_t line = 0, found = 0;
    const char *section = "";
    for (size_t i = 0; i < N_SHORTEST; i++) {
        if (strcmp(shortest[i].section, section) != 0) {
            section = shortest[i].section;
            fprintf(stream, "[%s]\n", section);
            line++;
            for (size_t c = 0; c < MAX_CHANGES && changes->entries[c].section != NULL; c++)
                if (strcmp(changes->entries[c].section, section) == 0) {
                    found = c == 0 ? line + 1 : found;
                    write_entry(stream, &changes->entries[c], &line);
                }
        }
        if (change_of(changes, section, shortest[i].key) == NULL)
            write_entry(stream, &shortest[i], &line);
    }
    section = "";
    for (size_t c = 0; c < MAX_CHANGES && changes->entries[c].section != NULL; c++) {
        if (is_shortest(changes->entries[c].section, NULL))
            continue;
        if (strcmp(changes->entries[c].section, section) != 0) {
            section = changes->entries[c].section;
            fprintf(stream, "[%s]\n", section);
            line++;
        }
        found = c == 0 ? line + 1 : found;
        write_entry(stream, &changes->entries[c], &line);
    }
    assert_int_equal(fclose(stream), 0);
    return found;
}

static inline es_scenario *load_with(size_t n_overrides, const char *const *overrides) {
    es_scenario *scenario = NULL;
    es_status status = es_scenario_load(path, n_overrides, overrides, &scenario, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return scenario;
}

static inline es_scenario *load_changed(const struct changes *changes) {
    write_file(changes);
    return load_with(0, NULL);
}

static inline void expect_text(size_t i, const char *expected) {
    assert_true(i < errors.n);
    if (strncmp(errors.records[i].text, expected, strlen(expected)) != 0) {
        es_errors_print(&errors, stderr);
        fail_msg("expected %s", expected);
    }
}

/* The file is refused with these messages, behind its path, and no others; NULL ends them. */
static inline void expect_mistakes(size_t most, const char *const *texts) {
    es_scenario *scenario = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_scenario_load(path, 0, NULL, &scenario, &errors), ES_INVALID);
    assert_null(scenario);
    size_t n = 0;
    for (; n < most && texts[n] != NULL; n++) {
        char expected[ES_ERROR_TEXT];
        snprintf(expected, sizeof expected, "%s%s", path, texts[n]);
        expect_text(n, expected);
    }
    if (errors.n != n)
        es_errors_print(&errors, stderr);
    assert_int_equal(errors.n, n);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, remove_file)

#endif
