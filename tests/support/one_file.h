/* A folder of the test's own, made and removed around it, with room for one file. */
#ifndef TESTS_SUPPORT_ONE_FILE_H
#define TESTS_SUPPORT_ONE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/edgesplit_test_XXXXXX";
static char path[sizeof folder + 32];

static inline int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/trace", folder);
    return 0;
}

static inline int remove_folder(void **state) {
    (void)state;
    remove(path);
    return rmdir(folder);
}

#endif
