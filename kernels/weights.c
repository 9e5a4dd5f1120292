#include "weights.h"

#include "edgesplit/alloc.h"

#include <math.h>

/* The finaliser of MurmurHash3 for 32 bits (A. Appleby, public domain): what compilers vectorise.
 */
static uint32_t mix(uint32_t z) {
    z = (z ^ (z >> 16)) * UINT32_C(0x85ebca6b);
    z = (z ^ (z >> 13)) * UINT32_C(0xc2b2ae35);
    return z ^ (z >> 16);
}

/* Numbers of a stream, uniform in centre - half_width .. centre + half_width. */
static void fill_uniform(uint32_t stream, double centre, double half_width, int64_t n,
                         float *values) {
    uint32_t key = mix(stream + 1);
    float scale = (float)(half_width * 0x1p-31), offset = (float)centre;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = mix((uint32_t)i * UINT32_C(0x9e3779b9) + key);
        values[i] = offset + scale * (float)(int32_t)bits;
    }
}

int64_t es_weights_outputs(const es_layer *layer) {
    bool by_channel = layer->op == ES_OP_CONV || layer->op == ES_OP_CONV_TRANSPOSE;
    return by_channel ? layer->out.c : layer->out.dims[layer->out.rank - 1];
}

int64_t es_weights_per_output(const es_layer *layer) {
    if (layer->op == ES_OP_CONV || layer->op == ES_OP_CONV_TRANSPOSE)
        return layer->in.c / layer->groups * layer->window.kernel[0] * layer->window.kernel[1];
    return layer->in.dims[layer->in.rank - 1];
}

void es_weights_fill(const es_model *model, size_t index, es_weights_role role, int64_t n,
                     float *values) {
    const es_layer *layer = &model->layers[index];
    double centre = 0, half_width = 0;
    switch (role) {
    case ES_WEIGHTS: half_width = sqrt(3.0 / (double)es_weights_per_output(layer)); break;
    case ES_BIAS:
    case ES_MEAN: half_width = 0.1; break;
    case ES_SHIFT: half_width = 0.25; break;
    case ES_SCALE:
        centre = 1;
        half_width = 0.25;
        break;
    case ES_VARIANCE:
        centre = 1;
        half_width = 0.5;
        break;
    case ES_CONSTANT:
        centre = layer->op == ES_OP_MUL || layer->op == ES_OP_DIV ? 1 : 0;
        half_width = 0.25;
        break;
    }
    fill_uniform(8 * (uint32_t)index + (uint32_t)role, centre, half_width, n, values);
}

void es_weights_fill_input(int64_t n, float *values) {
    fill_uniform(0, 0, 1, n, values);
}

es_status es_weights_fold(const es_plan *plan, const es_fused_unit *unit, float *weights,
                          float *bias) {
    const es_model *model = plan->model;
    int64_t n = es_weights_outputs(unit->layer), per_output = es_weights_per_output(unit->layer);
    size_t norm = unit->layer_index + 1;
    es_weights_fill(model, unit->layer_index, ES_WEIGHTS, n * per_output, weights);
    if (unit->layer->bias)
        es_weights_fill(model, unit->layer_index, ES_BIAS, n, bias);
    for (int64_t c = 0; c < n && !unit->layer->bias; c++)
        bias[c] = 0;
    if (!es_fused_unit_folds(plan, unit))
        return ES_OK;
    float *scale = es_alloc((size_t)(4 * n), sizeof *scale);
    if (scale == NULL)
        return ES_NO_MEMORY;
    float *shift = scale + n, *mean = shift + n, *variance = mean + n;
    es_weights_fill(model, norm, ES_SCALE, n, scale);
    es_weights_fill(model, norm, ES_SHIFT, n, shift);
    es_weights_fill(model, norm, ES_MEAN, n, mean);
    es_weights_fill(model, norm, ES_VARIANCE, n, variance);
    for (int64_t c = 0; c < n; c++) {
        double factor = (double)scale[c] / sqrt((double)variance[c] + ES_BATCH_NORM_EPSILON);
        bias[c] = (float)(((double)bias[c] - (double)mean[c]) * factor + (double)shift[c]);
        for (int64_t i = c * per_output; i < (c + 1) * per_output; i++)
            weights[i] = (float)(factor * (double)weights[i]);
    }
    free(scale);
    return ES_OK;
}
