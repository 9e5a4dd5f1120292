#include "edgesplit/alloc.h"
#include "edgesplit/file.h"

#include <glob.h>
#include <string.h>

static int by_name(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

es_status es_find_files(const char *base_file, const char *pattern, char ***names, size_t *n) {
    char *path = es_path_beside(base_file, pattern);
    es_text escaped = {0};
    if (path == NULL)
        return ES_NO_MEMORY;
    size_t skip = strlen(path) - strlen(pattern);
    for (size_t i = 0; i < skip; i++) /* the folder is no pattern */
        es_text_add(&escaped, "%s%c", strchr("*?[]\\", path[i]) != NULL ? "\\" : "", path[i]);
    es_text_add(&escaped, "%s", pattern);
    free(path);
    glob_t found;
    int result = escaped.failed ? GLOB_NOSPACE : glob(escaped.data, GLOB_NOSORT, NULL, &found);
    free(escaped.data);
    if (result == GLOB_NOMATCH) {
        *n = 0;
        *names = NULL;
        return ES_OK;
    }
    if (result != 0)
        return result == GLOB_NOSPACE ? ES_NO_MEMORY : ES_NO_INPUT;
    es_status status = ES_OK;
    char **made = es_alloc(found.gl_pathc, sizeof *made);
    for (size_t i = 0; made != NULL && i < found.gl_pathc; i++) {
        made[i] = es_strdup(found.gl_pathv[i] + skip);
        status = made[i] != NULL ? status : ES_NO_MEMORY;
    }
    *n = found.gl_pathc;
    if (made == NULL)
        status = ES_NO_MEMORY;
    for (size_t i = 0; status != ES_OK && made != NULL && i < *n; i++)
        free(made[i]);
    globfree(&found);
    if (status != ES_OK) {
        free(made);
        return status;
    }
    qsort(made, *n, sizeof *made, by_name);
    *names = made;
    return ES_OK;
}
