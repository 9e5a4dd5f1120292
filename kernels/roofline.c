#include "roofline.h"

#include <math.h>
#include <string.h>

enum roof_kind { POINTWISE, DEPTHWISE, OTHER_CONV, PRODUCT };

static double bytes_per_elem(const es_profile *profile) {
    const char *precision = es_profile_provenance(profile, "precision");
    bool half = precision != NULL &&
                (strncmp(precision, "fp16", 4) == 0 || strncmp(precision, "bf16", 4) == 0);
    return half ? 2 : 4;
}

static const es_cut *cut_at(const es_roofline *r, size_t unit) {
    return &r->model->cuts[r->profile->granularity][unit];
}

/* The kind of the layer that computes most of a unit. */
static enum roof_kind kind_of(const es_roofline *r, size_t unit) {
    size_t first = cut_at(r, unit - 1)->last_layer + 1;
    const es_layer *main = &r->model->layers[first];
    for (size_t l = first + 1; l <= cut_at(r, unit)->last_layer; l++)
        if (r->model->layers[l].macs > main->macs)
            main = &r->model->layers[l];
    if (main->op != ES_OP_CONV)
        return PRODUCT;
    if (main->groups == main->in.c && main->groups > 1)
        return DEPTHWISE;
    return main->window.kernel[0] == 1 && main->window.kernel[1] == 1 ? POINTWISE : OTHER_CONV;
}

static double flops_of(const es_roofline *r, size_t unit, int64_t batch) {
    return 2.0 * (double)(cut_at(r, unit)->head_macs - cut_at(r, unit - 1)->head_macs) *
           (double)batch;
}

/* Parameters, what comes from other units, and the output. */
static double bytes_of(const es_roofline *r, size_t unit, int64_t batch) {
    const es_cut *before = cut_at(r, unit - 1), *behind = cut_at(r, unit);
    double elems = (double)es_shape_elems(r->model->layers[behind->last_layer].out);
    for (size_t l = before->last_layer + 1; l <= behind->last_layer; l++)
        for (size_t i = 0; i < r->model->layers[l].n_inputs; i++)
            if (r->model->layers[l].inputs[i] <= before->last_layer)
                elems +=
                    (double)es_shape_elems(r->model->layers[r->model->layers[l].inputs[i]].out);
    return r->bytes_per_elem *
           ((double)(behind->head_params - before->head_params) + elems * (double)batch);
}

bool es_roofline_init(es_roofline *roofline, const es_profile *profile, const es_model *model,
                      double own_bytes_per_s) {
    es_errors ignored;
    es_errors_init(&ignored);
    *roofline = (es_roofline){
        .profile = profile, .model = model, .bytes_per_elem = bytes_per_elem(profile)};
    if (es_profile_check_model(profile, model, &ignored) != ES_OK)
        return false;
    for (size_t r = 0; r < profile->n_rows; r++) {
        const es_profile_row *row = &profile->rows[r];
        for (size_t u = 1; row->kind != ES_PROFILE_LAYER && u < model->n_cuts[profile->granularity];
             u++)
            if (es_profile_find(profile, ES_PROFILE_LAYER, u, row->batch) == NULL)
                return false;
        if (row->kind != ES_PROFILE_LAYER)
            continue;
        double *flops = &roofline->flops[kind_of(roofline, row->index)];
        *flops = fmax(*flops, flops_of(roofline, row->index, row->batch) / row->median_s);
        roofline->best_bytes_per_s = fmax(
            roofline->best_bytes_per_s, bytes_of(roofline, row->index, row->batch) / row->median_s);
    }
    roofline->own_bytes_per_s = own_bytes_per_s;
    return roofline->best_bytes_per_s > 0;
}

static double factor_of_unit(const es_roofline *r, size_t unit, int64_t batch, double ratio) {
    double flops = flops_of(r, unit, batch), bytes = bytes_of(r, unit, batch);
    double arithmetic_s = flops > 0 ? flops / r->flops[kind_of(r, unit)] : 0;
    bool known = r->own_bytes_per_s > 0;
    double near_s = known ? bytes / r->best_bytes_per_s : 0;
    double far_s = bytes / (known ? r->own_bytes_per_s : r->best_bytes_per_s);
    double scales_s = fmax(arithmetic_s, near_s);
    return fmax(scales_s * ratio, far_s) / fmax(scales_s, far_s);
}

double es_roofline_factor(const es_roofline *roofline, const es_profile_row *row, double ratio) {
    size_t n_units = roofline->model->n_cuts[roofline->profile->granularity] - 1;
    size_t first = row->kind == ES_PROFILE_LAYER  ? row->index
                   : row->kind == ES_PROFILE_TAIL ? row->index + 1
                                                  : 1;
    size_t last =
        row->kind == ES_PROFILE_LAYER || row->kind == ES_PROFILE_HEAD ? row->index : n_units;
    double before_s = 0, after_s = 0;
    for (size_t u = first; u <= last; u++) {
        double unit_s =
            es_profile_find(roofline->profile, ES_PROFILE_LAYER, u, row->batch)->median_s;
        before_s += unit_s;
        after_s += unit_s * factor_of_unit(roofline, u, row->batch, ratio);
    }
    return before_s > 0 ? after_s / before_s : 1;
}
