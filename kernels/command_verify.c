#include "commands.h"

#include "edgesplit/number.h"
#include "edgesplit/profile.h"
#include "edgesplit/units.h"

#include <math.h>
#include <string.h>

static const es_option options[] = {
    {"model", "NAME|FILE", .help = "the network (default: that of the zoo that the profile names)"},
    {"tolerance", "PERCENT",
     .help = "how far the sum of the layers may be from the whole (default 5)"},
    {0},
};

typedef struct verification {
    const es_profile *profile;
    const es_model *model;
    double tolerance_ratio;
    es_errors *errors;
} verification;

static void complain(const verification *v, const es_profile_row *row, const char *what) {
    es_errors_add(v->errors, ES_INVALID, v->profile->path, 0, "%s %zu (%s) at batch %lld: %s",
                  es_profile_kind_text(row->kind), row->index, row->name, (long long)row->batch,
                  what);
}

/* What a row says of itself: order of its quantiles, name and elements of its unit. */
static void verify_row(const verification *v, const es_profile_row *row) {
    if (row->min_s > row->p05_s || row->p05_s > row->median_s || row->median_s > row->p95_s ||
        row->min_s > row->median_s || row->min_s > row->mean_s)
        complain(v, row, "minimum, 5th, 50th and 95th percentile do not ascend");
    if (row->kind == ES_PROFILE_WHOLE)
        return;
    const es_cut *cut = &v->model->cuts[v->profile->granularity][row->index];
    if (strcmp(row->name, cut->name) != 0)
        complain(v, row, "the network calls this unit otherwise");
    int64_t elems = row->kind == ES_PROFILE_LAYER
                        ? es_shape_elems(v->model->layers[cut->last_layer].out)
                        : cut->elems;
    if (row->out_elems != 0 && row->out_elems != elems)
        complain(v, row, "the network has another number of elements there");
}

/* Sum of the layers at a batch size; NaN if not all units are there. */
static double sum_layers_s(const verification *v, int64_t batch) {
    double sum_s = 0;
    for (size_t u = 1; u < v->model->n_cuts[v->profile->granularity]; u++) {
        const es_profile_row *row = es_profile_find(v->profile, ES_PROFILE_LAYER, u, batch);
        sum_s += row != NULL ? row->median_s : ES_NAN;
    }
    return sum_s;
}

static bool has_layers(const es_profile *profile) {
    for (size_t r = 0; r < profile->n_rows; r++)
        if (profile->rows[r].kind == ES_PROFILE_LAYER)
            return true;
    return false;
}

/* Head and tail of a cut, each timed whole, against the whole. */
static void verify_segments(const verification *v, int64_t batch, double whole_s) {
    for (size_t cut = 0; cut < v->model->n_cuts[v->profile->granularity]; cut++) {
        const es_profile_row *head = es_profile_find(v->profile, ES_PROFILE_HEAD, cut, batch);
        const es_profile_row *tail = es_profile_find(v->profile, ES_PROFILE_TAIL, cut, batch);
        if (head != NULL && tail != NULL &&
            !(fabs(head->median_s + tail->median_s - whole_s) <= v->tolerance_ratio * whole_s))
            complain(v, head, "head and tail do not add up to the whole");
    }
}

/* Layers, heads and tails against the whole network; one line about it. */
static void verify_batch(const verification *v, int64_t batch) {
    const es_profile_row *whole = es_profile_find(v->profile, ES_PROFILE_WHOLE, 0, batch);
    double sum_s = sum_layers_s(v, batch), whole_s = whole != NULL ? whole->median_s : ES_NAN;
    bool layers = has_layers(v->profile);
    if (layers && isnan(sum_s))
        es_errors_add(v->errors, ES_INVALID, v->profile->path, 0,
                      "batch %lld: not every unit of the network has a layer row",
                      (long long)batch);
    if (whole == NULL)
        printf("batch %lld: no time of the whole network\n", (long long)batch);
    else if (!isnan(sum_s))
        printf("batch %lld: whole %.4f ms, sum of layers %.4f ms, whole/sum %.4f\n",
               (long long)batch, whole_s * 1e3, sum_s * 1e3, whole_s / sum_s);
    else
        printf("batch %lld: whole %.4f ms\n", (long long)batch, whole_s * 1e3);
    if (fabs(sum_s - whole_s) > v->tolerance_ratio * whole_s)
        es_errors_add(v->errors, ES_INVALID, v->profile->path, 0,
                      "batch %lld: the layers add up to %.4f ms and the whole takes %.4f ms, more "
                      "than %g %% apart",
                      (long long)batch, sum_s * 1e3, whole_s * 1e3, v->tolerance_ratio * 100);
    if (whole != NULL)
        verify_segments(v, batch, whole_s);
}

/* The first row of its batch size. */
static bool is_first(const es_profile *profile, size_t row) {
    for (size_t r = 0; r < row; r++)
        if (profile->rows[r].batch == profile->rows[row].batch)
            return false;
    return true;
}

static es_status verify_profile(const verification *v) {
    for (size_t r = 0; r < v->profile->n_rows; r++)
        verify_row(v, &v->profile->rows[r]);
    for (size_t r = 0; r < v->profile->n_rows; r++)
        if (is_first(v->profile, r))
            verify_batch(v, v->profile->rows[r].batch);
    return es_errors_status(v->errors);
}

es_status es_parse_per_cent(const es_arguments *arguments, const char *option, const char *preset,
                            double *ratio, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, preset);
    if (es_parse_double(es_slice_of(text), ratio) != ES_OK || *ratio < 0)
        return es_arguments_mistake(arguments, errors, "--%s %s: expected per cent from 0", option,
                                    text);
    *ratio /= 100;
    return ES_OK;
}

static es_status verify(const es_arguments *arguments, es_errors *errors) {
    verification v = {.errors = errors};
    es_profile *profile = NULL;
    es_model *model = NULL;
    es_status status = es_parse_per_cent(arguments, "tolerance", "5", &v.tolerance_ratio, errors);
    if (status == ES_OK)
        status = es_profile_load(arguments->operands[0], &profile, errors);
    if (status == ES_OK)
        status = es_open_profiled_network(es_arguments_value(arguments, "model", NULL), profile,
                                          &model, errors);
    if (status == ES_OK) {
        v.profile = profile;
        v.model = model;
        status = verify_profile(&v);
    }
    if (status == ES_OK)
        printf("%s: a profile of %s, as it should be\n", profile->path, model->name);
    es_model_destroy(model);
    es_profile_destroy(profile);
    return status;
}

const es_command es_command_verify = {
    .name = "verify",
    .summary = "check a profile against its network and against itself",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .notes = "Names and elements are those of the network's units, every unit has its row, "
             "percentiles ascend, and the\nlayers, or a head and its tail, add up to the whole.",
    .options = options,
    .run = verify,
};
