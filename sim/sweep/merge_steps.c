/* The per-step tables of all runs: FOLDER/steps/IDENTITY.h5, copied or referred to. */
#include "merge.h"

#include "edgesplit/alloc.h"

#include <string.h>
#include <sys/resource.h>

/* Files that a reader has open besides: its streams, the joined file, libraries. */
enum { OTHER_FILES = 32 };

static es_status check_open_files(const merging *m) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        m->n_tables + OTHER_FILES <= limit.rlim_cur)
        return ES_OK;
    return es_errors_add(m->errors, ES_INVALID, m->folder, 0,
                         "%zu tables to refer to need as many open files, and the limit is %ju "
                         "(ulimit -n): what is above it would silently read as NaN; --steps copies "
                         "them instead",
                         m->n_tables, (uintmax_t)limit.rlim_cur);
}

es_status merge_find_steps(merging *m) {
    size_t n_done = 0, n_absent = 0;
    for (size_t i = 0; i < m->index.n; i++) {
        uint32_t run = m->index.order[i];
        const run_id *id = &m->manifest.ids[run];
        bool repeated =
            i > 0 && memcmp(id, &m->manifest.ids[m->index.order[i - 1]], sizeof *id) == 0;
        if (m->states[run] != RUN_DONE || repeated)
            continue;
        n_done++;
        n_absent += !has_steps(m->folder, id);
    }
    if (n_absent > 0 && !m->options->incomplete)
        return es_errors_add(m->errors, ES_INVALID, m->folder, 0,
                             "%zu of %zu finished runs have no table of steps; sweep run --steps "
                             "makes what is missing, --incomplete leaves it out",
                             n_absent, n_done);
    m->n_tables = n_done - n_absent;
    return m->options->steps == ES_SWEEP_REFER_TO_STEPS ? check_open_files(m) : ES_OK;
}

/* Creates what tables are named by in the joined file: relative to its folder where the sweep's
 * lies in that, so that both can be moved together. NULL: out of memory. */
static char *base_of_names(const merging *m) {
    char *file = es_absolute_path(m->options->path), *folder = es_absolute_path(m->folder);
    es_text base = {0};
    if (file != NULL && folder != NULL) {
        size_t n = (size_t)(es_path_name(file) - file); /* with the slash */
        for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; end--)
            folder[end - 1] = '\0';
        bool inside = strncmp(folder, file, n) == 0;
        bool same = strlen(folder) + 1 == n && strncmp(folder, file, n - 1) == 0;
        es_text_add(&base, "%s", same ? "." : inside ? folder + n : folder);
    }
    free(file);
    free(folder);
    if (base.failed) {
        free(base.data);
        return NULL;
    }
    return base.data;
}

static es_status put_table(merging *m, es_cube *cube, const char *base, size_t run,
                           size_t *policies) {
    outcome out = {0};
    size_t at[ES_CUBE_MAX_AXES], rest = run;
    const run_id *id = &m->manifest.ids[run];
    es_status status = merge_read_outcome(m, run, &out);
    if (status != ES_OK)
        return status;
    for (size_t i = m->n_axes; i-- > 0; rest /= m->axes[i].n)
        at[i] = rest % m->axes[i].n;
    for (size_t i = 0; i < out.n_policies; i++)
        policies[i] = merge_find_policy(m, out.policies[i]);
    char *path = steps_path(m->folder, id), *name = steps_path(base, id);
    es_cube_result result = {.at = at,
                             .path = path,
                             .name = name,
                             .n_policies = out.n_policies,
                             .policies = policies,
                             .n_steps = outcome_n_steps(&out)};
    status = path != NULL && name != NULL ? es_cube_put_steps(cube, &result, m->errors)
                                          : es_errors_no_memory(m->errors, m->folder);
    outcome_fini(&out);
    free(path);
    free(name);
    return status;
}

es_status merge_put_steps(merging *m, es_cube *cube) {
    size_t *policies = es_alloc(m->n_policies, sizeof *policies);
    char *base = base_of_names(m);
    es_status status =
        policies != NULL && base != NULL ? ES_OK : es_errors_no_memory(m->errors, m->folder);
    for (size_t run = 0; run < m->manifest.n_runs && status == ES_OK; run++) {
        if (m->states[run] != RUN_DONE || !has_steps(m->folder, &m->manifest.ids[run]))
            continue;
        status = merge_check_interrupted(m);
        if (status == ES_OK)
            status = put_table(m, cube, base, run, policies);
    }
    free(policies);
    free(base);
    return status;
}
