#include "builder.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* The model and what it owns; `model` is first, so that a pointer to it is one to the whole. */
typedef struct owned_model {
    es_model model;
    es_layer *layers;
    es_cut *cuts[ES_N_GRANULARITIES];
    char *names;
} owned_model;

void es_builder_init(es_builder *builder, es_shape input) {
    *builder = (es_builder){0};
    if (es_reserve(&builder->layers, &builder->layers_capacity, 1, sizeof *builder->layers) !=
        ES_OK) {
        builder->failed = true;
        return;
    }
    builder->layers[0] = (es_layer){.op = ES_OP_INPUT, .in = input, .out = input};
    builder->n_layers = 1;
    es_text_add(&builder->names, "input%c", '\0');
}

void es_builder_fini(es_builder *builder) {
    free(builder->layers);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        free(builder->units[g]);
    free(builder->names.data);
    *builder = (es_builder){0};
}

static void begin(es_builder *builder, es_granularity granularity, const char *name,
                  bool residual_block) {
    size_t n = builder->n_units[granularity];
    size_t name_at = builder->names.length;
    es_text_add(&builder->names, "%s%c", name, '\0');
    if (builder->names.failed ||
        es_reserve(&builder->units[granularity], &builder->units_capacity[granularity], n + 1,
                   sizeof *builder->units[granularity]) != ES_OK)
        builder->failed = true;
    if (builder->failed)
        return;
    builder->units[granularity][n] =
        (es_unit){.name_at = name_at, .residual_block = residual_block};
    builder->n_units[granularity]++;
}

/* Writes "first.second", or "first" alone. */
static void join_name(char name[ES_UNIT_NAME], const char *first, const char *second) {
    int length = snprintf(name, ES_UNIT_NAME, "%s%s%s", first, second != NULL ? "." : "",
                          second != NULL ? second : "");
    ES_REQUIRE(length > 0 && length < ES_UNIT_NAME);
}

void es_builder_begin_block(es_builder *builder, const char *name, bool residual_block) {
    join_name(builder->block_name, name, NULL);
    begin(builder, ES_BLOCK, builder->block_name, residual_block);
}

void es_builder_begin_unit(es_builder *builder, const char *part) {
    join_name(builder->unit_name, builder->block_name, part);
    begin(builder, ES_FUSED, builder->unit_name, false);
}

/* Appends a layer whose inputs are set; 0 after a failure. */
static size_t append(es_builder *builder, es_layer layer) {
    if (builder->failed)
        return 0;
    size_t at = builder->n_layers;
    char name[ES_UNIT_NAME];
    join_name(name, builder->unit_name, es_op_text(layer.op));
    begin(builder, ES_LEAF, name, false);
    if (es_reserve(&builder->layers, &builder->layers_capacity, at + 1, sizeof *builder->layers) !=
        ES_OK)
        builder->failed = true;
    if (builder->failed)
        return 0;
    builder->layers[at] = layer;
    builder->n_layers++;
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        builder->units[g][builder->n_units[g] - 1].last_layer = at;
    return at;
}

es_shape es_builder_shape(const es_builder *builder, size_t layer) {
    return builder->failed ? (es_shape){0} : builder->layers[layer].out;
}

static int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

size_t es_builder_conv(es_builder *builder, size_t input, es_conv conv) {
    if (builder->failed)
        return 0;
    es_shape in = es_builder_shape(builder, input);
    ES_REQUIRE(conv.groups >= 1 && in.c % conv.groups == 0 && conv.channels % conv.groups == 0);
    es_shape out = {conv.channels, ceil_div(in.h, conv.stride), ceil_div(in.w, conv.stride)};
    int64_t per_output = in.c / conv.groups * conv.kernel * conv.kernel;
    return append(builder, (es_layer){.op = ES_OP_CONV,
                                      .in = in,
                                      .out = out,
                                      .kernel = conv.kernel,
                                      .stride = conv.stride,
                                      .groups = conv.groups,
                                      .bias = conv.bias,
                                      .n_inputs = 1,
                                      .inputs = {input},
                                      .params = out.c * per_output + (conv.bias ? out.c : 0),
                                      .macs = es_shape_elems(out) * per_output});
}

size_t es_builder_linear(es_builder *builder, size_t input, int64_t channels) {
    es_shape in = es_builder_shape(builder, input);
    int64_t weights = es_shape_elems(in) * channels;
    return append(builder, (es_layer){.op = ES_OP_LINEAR,
                                      .in = in,
                                      .out = {channels, 1, 1},
                                      .bias = true,
                                      .n_inputs = 1,
                                      .inputs = {input},
                                      .params = weights + channels,
                                      .macs = weights});
}

size_t es_builder_unary(es_builder *builder, es_op op, size_t input) {
    es_shape in = es_builder_shape(builder, input);
    return append(builder,
                  (es_layer){.op = op,
                             .in = in,
                             .out = op == ES_OP_GLOBAL_AVERAGE_POOL ? (es_shape){in.c, 1, 1} : in,
                             .n_inputs = 1,
                             .inputs = {input},
                             .params = op == ES_OP_BATCH_NORM ? 2 * in.c : 0});
}

size_t es_builder_binary(es_builder *builder, es_op op, size_t left, size_t right) {
    if (builder->failed)
        return 0;
    es_shape in = es_builder_shape(builder, left), other = es_builder_shape(builder, right);
    bool same = in.h == other.h && in.w == other.w;
    bool broadcast = op == ES_OP_MUL && other.h == 1 && other.w == 1;
    ES_REQUIRE(left < right && in.c == other.c && (same || broadcast));
    return append(
        builder, (es_layer){.op = op, .in = in, .out = in, .n_inputs = 2, .inputs = {left, right}});
}

/* What crosses the cut behind every leaf layer, and the costs up to there. Each layer's output
 * joins the crossing tensors; what it is the last to read leaves them. `last_readers` [n_layers],
 * zeroed. */
static void leaf_cuts(const es_builder *builder, size_t *last_readers, es_cut *cuts) {
    const es_layer *layers = builder->layers;
    for (size_t l = 1; l < builder->n_layers; l++)
        for (size_t i = 0; i < layers[l].n_inputs; i++)
            last_readers[layers[l].inputs[i]] = l;
    es_cut cut = {0};
    for (size_t l = 0; l < builder->n_layers; l++) {
        bool last = l + 1 == builder->n_layers;
        ES_REQUIRE(last || last_readers[l] > l);
        for (size_t i = 0; i < layers[l].n_inputs; i++) {
            size_t read = layers[l].inputs[i];
            if (last_readers[read] != l)
                continue;
            cut.n_tensors--;
            cut.elems -= es_shape_elems(layers[read].out);
        }
        if (!last) {
            cut.n_tensors++;
            cut.elems += es_shape_elems(layers[l].out);
        }
        cut.last_layer = l;
        cut.compression = (double)cut.elems / (double)es_shape_elems(layers[0].out);
        cut.head_params += layers[l].params;
        cut.head_macs += layers[l].macs;
        cuts[l] = cut;
    }
}

/* Names the cuts of one granularity and marks its bottlenecks; `leaf` and `cuts` may be the same.
 */
static void unit_cuts(const es_builder *builder, es_granularity granularity, const char *names,
                      const es_cut *leaf, es_cut *cuts) {
    cuts[0] = leaf[0];
    cuts[0].name = names;
    size_t n_units = builder->n_units[granularity];
    int64_t least_elems = leaf[0].elems;
    for (size_t i = 1; i <= n_units; i++) {
        const es_unit *unit = &builder->units[granularity][i - 1];
        cuts[i] = leaf[unit->last_layer];
        cuts[i].name = names + unit->name_at;
        cuts[i].residual_block = unit->residual_block;
        cuts[i].natural = i < n_units && cuts[i].elems < leaf[0].elems;
        cuts[i].compressive = cuts[i].natural && cuts[i].elems < least_elems;
        if (cuts[i].compressive)
            least_elems = cuts[i].elems;
    }
}

es_status es_builder_finish(es_builder *builder, const char *name, const char *source,
                            es_model **model) {
    owned_model *owned = es_alloc(1, sizeof *owned);
    size_t *last_readers = es_alloc(builder->n_layers, sizeof *last_readers);
    bool failed = builder->failed || owned == NULL || last_readers == NULL;
    for (size_t g = 0; !failed && g < ES_N_GRANULARITIES; g++) {
        owned->cuts[g] = es_alloc(builder->n_units[g] + 1, sizeof *owned->cuts[g]);
        failed = owned->cuts[g] == NULL;
    }
    if (!failed) {
        leaf_cuts(builder, last_readers, owned->cuts[ES_LEAF]);
        owned->layers = builder->layers;
        owned->names = builder->names.data;
        builder->layers = NULL;
        builder->names.data = NULL;
        owned->model = (es_model){.name = name,
                                  .source = source,
                                  .n_layers = builder->n_layers - 1,
                                  .layers = owned->layers};
        for (size_t g = ES_N_GRANULARITIES; g-- > 0;) {
            unit_cuts(builder, (es_granularity)g, owned->names, owned->cuts[ES_LEAF],
                      owned->cuts[g]);
            owned->model.cuts[g] = owned->cuts[g];
            owned->model.n_cuts[g] = builder->n_units[g] + 1;
        }
        for (size_t l = 0; l < builder->n_layers; l++)
            owned->layers[l].name = owned->cuts[ES_LEAF][l].name;
        *model = &owned->model;
        owned = NULL;
    }
    free(last_readers);
    if (owned != NULL)
        es_model_destroy(&owned->model);
    return failed ? ES_NO_MEMORY : ES_OK;
}

void es_model_destroy(es_model *model) {
    if (model == NULL)
        return;
    owned_model *owned = (owned_model *)model;
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        free(owned->cuts[g]);
    free(owned->layers);
    free(owned->names);
    free(owned);
}
