#include "reference.h"

#include "edgesplit/alloc.h"
#include "weights.h"

#include <math.h>

typedef struct evaluation {
    const es_model *model;
    const es_layer *layer;
    size_t index;
    const double *in, *other; /* one image of the first and second input */
    double *out;              /* one image */
} evaluation;

static void run_conv(const evaluation *e, const float *weights) {
    const es_layer *layer = e->layer;
    es_shape in = layer->in, out = layer->out;
    int64_t in_per_group = in.c / layer->groups, out_per_group = out.c / layer->groups;
    int64_t top, bottom, left, right;
    es_plan_padding(layer, in.h, out.h, &top, &bottom);
    es_plan_padding(layer, in.w, out.w, &left, &right);
    for (int64_t o = 0; o < es_shape_elems(out); o++) {
        int64_t k = o / (out.h * out.w), y = o / out.w % out.h, x = o % out.w;
        double sum = layer->bias ? (double)es_weights_at(e->model, e->index, ES_BIAS, k) : 0.0;
        for (int64_t c = 0; c < in_per_group; c++)
            for (int64_t i = 0; i < layer->kernel; i++)
                for (int64_t j = 0; j < layer->kernel; j++) {
                    int64_t from_y = y * layer->stride - top + i;
                    int64_t from_x = x * layer->stride - left + j;
                    if (from_y < 0 || from_y >= in.h || from_x < 0 || from_x >= in.w)
                        continue;
                    int64_t channel = k / out_per_group * in_per_group + c;
                    int64_t w = ((k * in_per_group + c) * layer->kernel + i) * layer->kernel + j;
                    sum += (double)weights[w] * e->in[(channel * in.h + from_y) * in.w + from_x];
                }
        e->out[o] = sum;
    }
}

static void run_linear(const evaluation *e, const float *weights) {
    int64_t n = es_shape_elems(e->layer->in);
    for (int64_t k = 0; k < e->layer->out.c; k++) {
        double sum = e->layer->bias ? (double)es_weights_at(e->model, e->index, ES_BIAS, k) : 0.0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)weights[k * n + i] * e->in[i];
        e->out[k] = sum;
    }
}

static void run_batch_norm(const evaluation *e) {
    int64_t area = e->layer->in.h * e->layer->in.w;
    for (int64_t i = 0; i < es_shape_elems(e->layer->in); i++) {
        double scale = (double)es_weights_at(e->model, e->index, ES_SCALE, i / area);
        double shift = (double)es_weights_at(e->model, e->index, ES_SHIFT, i / area);
        double mean = (double)es_weights_at(e->model, e->index, ES_MEAN, i / area);
        double variance = (double)es_weights_at(e->model, e->index, ES_VARIANCE, i / area);
        e->out[i] = scale * (e->in[i] - mean) / sqrt(variance + ES_BATCH_NORM_EPSILON) + shift;
    }
}

static void run_average(const evaluation *e) {
    int64_t area = e->layer->in.h * e->layer->in.w;
    for (int64_t c = 0; c < e->layer->in.c; c++) {
        double sum = 0;
        for (int64_t i = 0; i < area; i++)
            sum += e->in[c * area + i];
        e->out[c] = sum / (double)area;
    }
}

/* Activations and the operators of two tensors; a second factor may be a vector of channels. */
static void run_elementwise(const evaluation *e, bool vector) {
    int64_t area = e->layer->out.h * e->layer->out.w;
    for (int64_t i = 0; i < es_shape_elems(e->layer->out); i++) {
        double x = e->in[i];
        double y = e->other == NULL ? 0 : e->other[vector ? i / area : i];
        if (e->layer->op == ES_OP_SILU)
            e->out[i] = x / (1 + exp(-x));
        else if (e->layer->op == ES_OP_SIGMOID)
            e->out[i] = 1 / (1 + exp(-x));
        else
            e->out[i] = e->layer->op == ES_OP_MUL ? x * y : x + y;
    }
}

/* Weights of a layer; NULL if memory has run out. */
static float *weights_of(const es_model *model, size_t index) {
    int64_t n = model->layers[index].out.c * es_weights_per_output(&model->layers[index]);
    float *weights = es_alloc((size_t)n, sizeof *weights);
    for (int64_t i = 0; weights != NULL && i < n; i++)
        weights[i] = es_weights_at(model, index, ES_WEIGHTS, i);
    return weights;
}

static void run_layer(const evaluation *e, const float *weights) {
    switch (e->layer->op) {
    case ES_OP_CONV: run_conv(e, weights); break;
    case ES_OP_LINEAR: run_linear(e, weights); break;
    case ES_OP_BATCH_NORM: run_batch_norm(e); break;
    case ES_OP_GLOBAL_AVERAGE_POOL: run_average(e); break;
    case ES_OP_SILU:
    case ES_OP_SIGMOID:
    case ES_OP_MUL:
    case ES_OP_ADD:
        run_elementwise(e, e->layer->n_inputs == 2 &&
                               es_shape_elems(e->model->layers[e->layer->inputs[1]].out) ==
                                   e->layer->out.c);
        break;
    case ES_OP_INPUT:
        for (int64_t i = 0; i < es_shape_elems(e->layer->out); i++)
            e->out[i] = (double)es_weights_input((int64_t)(e->out - e->in) + i);
        break;
    }
}

/* All images of one layer. */
static es_status run_batch(const es_model *model, size_t index, int64_t batch, double **outputs) {
    const es_layer *layer = &model->layers[index];
    bool weighted = layer->op == ES_OP_CONV || layer->op == ES_OP_LINEAR;
    float *weights = weighted ? weights_of(model, index) : NULL;
    if (weighted && weights == NULL)
        return ES_NO_MEMORY;
    for (int64_t b = 0; b < batch; b++) {
        evaluation e = {.model = model, .layer = layer, .index = index};
        e.out = outputs[index] + b * es_shape_elems(layer->out);
        size_t first = layer->n_inputs > 0 ? layer->inputs[0] : index;
        e.in = outputs[first];
        if (layer->n_inputs > 0)
            e.in += b * es_shape_elems(model->layers[first].out);
        if (layer->n_inputs == 2)
            e.other =
                outputs[layer->inputs[1]] + b * es_shape_elems(model->layers[layer->inputs[1]].out);
        run_layer(&e, weights);
    }
    free(weights);
    return ES_OK;
}

es_status es_reference_run(const es_model *model, int64_t batch, double ***outputs) {
    double **made = es_alloc(model->n_layers + 1, sizeof *made);
    es_status status = made == NULL ? ES_NO_MEMORY : ES_OK;
    for (size_t l = 0; status == ES_OK && l <= model->n_layers; l++) {
        made[l] = es_alloc((size_t)(batch * es_shape_elems(model->layers[l].out)), sizeof **made);
        status = made[l] == NULL ? ES_NO_MEMORY : run_batch(model, l, batch, made);
    }
    if (status != ES_OK) {
        es_reference_destroy(model, made);
        return status;
    }
    *outputs = made;
    return ES_OK;
}

void es_reference_destroy(const es_model *model, double **outputs) {
    if (outputs == NULL)
        return;
    for (size_t l = 0; l <= model->n_layers; l++)
        free(outputs[l]);
    free(outputs);
}
