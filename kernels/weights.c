#include "weights.h"

#include <math.h>

/* Output function of splitmix64: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014, with the multipliers of D. Stafford's variant 13. */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Number `i` of stream `stream`, uniform in -1 .. 1. */
static double uniform(uint64_t stream, int64_t i) {
    uint64_t bits = mix(mix(stream) + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
    return (double)(bits >> 11) * 0x1p-52 - 1.0;
}

int64_t es_weights_per_output(const es_layer *layer) {
    if (layer->op == ES_OP_CONV)
        return layer->in.c / layer->groups * layer->kernel * layer->kernel;
    return es_shape_elems(layer->in);
}

float es_weights_at(const es_model *model, size_t index, es_weights_role role, int64_t i) {
    double centre = 0, half_width = 0;
    switch (role) {
    case ES_WEIGHTS:
        half_width = sqrt(3.0 * 2.0 / (double)es_weights_per_output(&model->layers[index]));
        break;
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
    }
    return (float)(centre + half_width * uniform(8 * (uint64_t)index + (uint64_t)role, i));
}

float es_weights_input(int64_t i) {
    return (float)uniform(0, i);
}

void es_weights_fold(const es_model *model, const es_fused_unit *unit, float *weights,
                     float *bias) {
    int64_t per_output = es_weights_per_output(unit->layer);
    for (int64_t c = 0; c < unit->layer->out.c; c++) {
        double factor = 1, shift = 0;
        if (unit->layer->bias)
            shift = (double)es_weights_at(model, unit->layer_index, ES_BIAS, c);
        if (unit->batch_norm != 0) {
            double scale = (double)es_weights_at(model, unit->batch_norm, ES_SCALE, c);
            double mean = (double)es_weights_at(model, unit->batch_norm, ES_MEAN, c);
            double variance = (double)es_weights_at(model, unit->batch_norm, ES_VARIANCE, c);
            factor = scale / sqrt(variance + ES_BATCH_NORM_EPSILON);
            shift = (shift - mean) * factor +
                    (double)es_weights_at(model, unit->batch_norm, ES_SHIFT, c);
        }
        bias[c] = (float)shift;
        for (int64_t i = c * per_output; i < (c + 1) * per_output; i++)
            weights[i] =
                (float)(factor * (double)es_weights_at(model, unit->layer_index, ES_WEIGHTS, i));
    }
}
