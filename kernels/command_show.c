#include "backend.h"
#include "commands.h"

#include "edgesplit/profile.h"

#include <string.h>

static void print_provenance(const es_profile *profile) {
    for (size_t i = 0; i < profile->n_provenance; i++)
        printf("%-14s %s\n", profile->provenance[i].key, profile->provenance[i].value);
}

static void print_median_ms(const es_profile_row *row) {
    if (row != NULL)
        printf(" %11.4f", row->median_s * 1e3);
    else
        printf(" %11s", "-");
}

/* One line for each (kind, index), in file order, with its median at each batch size. */
static void print_rows(const es_profile *profile, size_t n, const int64_t *batches) {
    for (size_t r = 0; r < profile->n_rows; r++) {
        const es_profile_row *row = &profile->rows[r];
        if (row->batch != batches[0] &&
            es_profile_find(profile, row->kind, row->index, batches[0]) != NULL)
            continue;
        printf("%-6s %5zu  %-22s %-20s %10lld", es_profile_kind_text(row->kind), row->index,
               row->name, row->op, (long long)row->out_elems);
        for (size_t b = 0; b < n; b++)
            print_median_ms(es_profile_find(profile, row->kind, row->index, batches[b]));
        printf("\n");
    }
}

/* Sum of the layers' medians at a batch size; 0 if there are none. */
static double layer_sum_s(const es_profile *profile, int64_t batch) {
    double sum = 0;
    for (size_t r = 0; r < profile->n_rows; r++)
        if (profile->rows[r].kind == ES_PROFILE_LAYER && profile->rows[r].batch == batch)
            sum += profile->rows[r].median_s;
    return sum;
}

static void print_sums(const es_profile *profile, size_t n, const int64_t *batches) {
    if (!(layer_sum_s(profile, batches[0]) > 0))
        return;
    printf("%-67s", "sum of layers");
    for (size_t b = 0; b < n; b++)
        printf(" %11.4f", layer_sum_s(profile, batches[b]) * 1e3);
    printf("\n");
    if (es_profile_find(profile, ES_PROFILE_WHOLE, 0, batches[0]) == NULL)
        return;
    printf("%-67s", "sum / whole");
    for (size_t b = 0; b < n; b++) {
        const es_profile_row *whole = es_profile_find(profile, ES_PROFILE_WHOLE, 0, batches[b]);
        printf(" %11.4f", layer_sum_s(profile, batches[b]) / whole->median_s);
    }
    printf("\n");
}

static es_status show(const es_arguments *arguments, es_errors *errors) {
    es_profile *profile = NULL;
    int64_t *batches = NULL;
    size_t n = 0;
    es_status status = es_profile_load(arguments->operands[0], &profile, errors);
    if (status == ES_OK)
        status = es_profile_batches(profile, &batches, &n, errors);
    if (status == ES_OK) {
        print_provenance(profile);
        printf("%-14s %s\n\n%-6s %5s  %-22s %-20s %10s", "sha256", profile->sha256, "kind", "index",
               "name", "op", "out-elems");
        for (size_t b = 0; b < n; b++) {
            char title[32];
            snprintf(title, sizeof title, "ms at %lld", (long long)batches[b]);
            printf(" %11s", title);
        }
        printf("\n");
        print_rows(profile, n, batches);
        print_sums(profile, n, batches);
    }
    free(batches);
    es_profile_destroy(profile);
    return status;
}

const es_command es_command_show = {
    .name = "show",
    .summary = "print a profile: provenance, median of each layer per batch size, sum and whole",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .run = show,
};

static void print_backends(void) {
    for (size_t i = 0; es_backend_at(i) != NULL; i++)
        printf("%-12s %s%s\n", es_backend_at(i)->name, es_backend_at(i)->summary,
               es_backend_at(i)->backend != NULL ? "" : " (built without)");
}

/* Every network of the zoo: name, pixels per side, multiply-accumulates per image. */
static es_status print_networks(es_errors *errors) {
    es_status status = ES_OK;
    for (size_t i = 0; status == ES_OK && es_model_zoo_name(i) != NULL; i++) {
        es_model *model;
        status = es_model_create(es_model_zoo_name(i), 0, &model, errors);
        if (status != ES_OK)
            break;
        const es_cut *whole = &model->cuts[ES_BLOCK][model->n_cuts[ES_BLOCK] - 1];
        printf("%-20s %5lld %14lld\n", model->name, (long long)model->layers[0].out.h,
               (long long)whole->head_macs);
        es_model_destroy(model);
    }
    return status;
}

static es_status list(const es_arguments *arguments, es_errors *errors) {
    const char *what = arguments->n_operands > 0 ? arguments->operands[0] : "backends";
    if (strcmp(what, "networks") == 0)
        return print_networks(errors);
    if (strcmp(what, "backends") != 0)
        return es_arguments_mistake(arguments, errors, "expected backends or networks, not '%s'",
                                    what);
    print_backends();
    return ES_OK;
}

const es_command es_command_list = {
    .name = "list",
    .summary = "print the backends, or the networks with pixels and multiply-accumulates, one per "
               "line",
    .operand = "backends|networks",
    .most_operands = 1,
    .run = list,
};
