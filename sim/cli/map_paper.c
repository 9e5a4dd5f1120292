/* edgesplit map --paper: the networks of Bakhtiarnia et al., "Dynamic Split Computing for Efficient
 * Deep Edge Intelligence", ICASSP 2023, on the profiles that there are. */
#include "map.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

struct shelf {
    size_t n, capacity;
    es_profile **profiles;
};

static void shelf_fini(struct shelf *shelf) {
    for (size_t i = 0; i < shelf->n; i++)
        es_profile_destroy(shelf->profiles[i]);
    free((void *)shelf->profiles);
}

static es_status load_one(struct shelf *shelf, const char *base, const char *name,
                          es_errors *errors) {
    es_profile *profile = NULL;
    char *path = es_path_beside(base, name);
    if (path == NULL || es_reserve(&shelf->profiles, &shelf->capacity, shelf->n + 1,
                                   sizeof(es_profile *)) != ES_OK) {
        free(path);
        return es_errors_no_memory(errors, NULL);
    }
    es_status status = es_profile_load(path, &profile, errors);
    if (status == ES_OK)
        shelf->profiles[shelf->n++] = profile;
    free(path);
    return status;
}

static es_status load_shelf(struct shelf *shelf, const char *folder, es_errors *errors) {
    es_text base = {0};
    char **names = NULL;
    size_t n = 0;
    es_text_add(&base, "%s/", folder);
    es_status status =
        base.failed ? ES_NO_MEMORY : es_find_files(base.data, "*.profile", &names, &n);
    if (status == ES_NO_MEMORY)
        es_errors_no_memory(errors, folder);
    else if (status != ES_OK)
        es_errors_add(errors, status, folder, 0, "cannot be read");
    for (size_t i = 0; i < n; i++) {
        if (status == ES_OK)
            status = load_one(shelf, base.data, names[i], errors);
        free(names[i]);
    }
    free((void *)names);
    free(base.data);
    return status;
}

/* Time of the whole network for one image, as far as rows tell. */
static double whole_s(const es_profile *profile) {
    const es_profile_row *whole = es_profile_find(profile, ES_PROFILE_WHOLE, 0, 1);
    double sum_s = 0;
    for (size_t i = 0; i < profile->n_rows; i++)
        if (profile->rows[i].kind == ES_PROFILE_LAYER && profile->rows[i].batch == 1)
            sum_s += profile->rows[i].median_s;
    return whole != NULL ? whole->median_s : sum_s;
}

/* The slowest and the fastest profile of a network; false if there are not two. */
static bool find_two(const struct shelf *shelf, const char *name, const es_profile **device,
                     const es_profile **server) {
    double slowest_s = -1, fastest_s = ES_INFINITY;
    *device = *server = NULL;
    for (size_t i = 0; i < shelf->n; i++) {
        if (strcmp(shelf->profiles[i]->model, name) != 0)
            continue;
        double time_s = whole_s(shelf->profiles[i]);
        if (time_s > slowest_s) {
            slowest_s = time_s;
            *device = shelf->profiles[i];
        }
        if (time_s < fastest_s) {
            fastest_s = time_s;
            *server = shelf->profiles[i];
        }
    }
    return *device != NULL && *device != *server;
}

static es_status add_network(map_report *report, const map_request *request,
                             const es_profile *device, const es_profile *server,
                             es_errors *errors) {
    es_model *model = NULL;
    es_status status = es_model_create(device->model, device->resolution, &model, errors);
    if (status == ES_OK)
        status = map_add(report, request, model, device, server, errors);
    es_model_destroy(model);
    return status;
}

es_status map_paper(const char *folder, const map_request *request, map_report *report,
                    es_errors *errors) {
    char *own = folder == NULL ? es_data_folder(ES_PROFILES_INSTALLED, ES_PROFILES_SOURCE) : NULL;
    struct shelf shelf = {0};
    es_text missing = {0};
    size_t n = 0, n_found = 0;
    if (folder == NULL && own == NULL)
        return es_errors_no_memory(errors, NULL);
    folder = folder != NULL ? folder : own;
    es_status status = load_shelf(&shelf, folder, errors);
    for (; paper_networks[n] != NULL && status == ES_OK; n++) {
        const es_profile *device, *server;
        if (!find_two(&shelf, paper_networks[n], &device, &server)) {
            es_text_add(&missing, "%s%s", missing.length > 0 ? ", " : "", paper_networks[n]);
            continue;
        }
        n_found++;
        status = add_network(report, request, device, server, errors);
    }
    if (status == ES_OK && n_found == 0)
        status = es_errors_add(errors, ES_INVALID, folder, 0,
                               "has two profiles of none of the paper's networks; `edgesplit "
                               "profile run` measures them");
    if (status == ES_OK && missing.length > 0)
        fprintf(stderr, "without two profiles in %s, of the paper's %zu networks: %s\n", folder, n,
                missing.data);
    free(missing.data);
    shelf_fini(&shelf);
    free(own);
    return status;
}
