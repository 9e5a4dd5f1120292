#include "random_graph.h"

#include "dice.h"
#include "test.h"

#include <stdio.h>

enum { MAX_LAYERS = 64, MAX_READ = 5 };

struct graph {
    struct dice dice;
    int chain_percent; /* how often a layer reads the one before it */
    es_builder *builder;
    size_t n; /* layers, the input counted */
    bool is_read[MAX_LAYERS + 1];
};

static void append(struct graph *graph, const es_layer *layer) {
    char name[32], problem[ES_PROBLEM_TEXT] = "";
    size_t index;
    snprintf(name, sizeof name, "unit%zu", graph->n);
    if (roll_chance(&graph->dice, 15))
        es_builder_begin_unit(graph->builder, name);
    snprintf(name, sizeof name, "%s%zu", es_op_text(layer->op), graph->n);
    es_status status = es_builder_append(graph->builder, name, layer, &index, problem);
    assert_string_equal(problem, "");
    assert_int_equal(status, ES_OK);
    assert_int_equal(index, graph->n);
    for (size_t i = 0; i < layer->n_inputs; i++)
        graph->is_read[layer->inputs[i]] = true;
    graph->n++;
}

static size_t any_layer(struct graph *graph) {
    if (roll_chance(&graph->dice, graph->chain_percent))
        return graph->n - 1;
    return (size_t)roll_between(&graph->dice, 0, (int64_t)graph->n - 1);
}

/* A layer whose tensor could be added to that of `like`, if luck finds one; else that. */
static size_t layer_like(struct graph *graph, size_t like) {
    es_shape shape = es_builder_shape(graph->builder, like);
    for (int i = 0; i < 8; i++) {
        size_t other = (size_t)roll_between(&graph->dice, 0, (int64_t)graph->n - 1);
        if (es_shape_equal(es_builder_shape(graph->builder, other), shape))
            return other;
    }
    return like;
}

static void append_conv(struct graph *graph, size_t x, es_shape in) {
    struct dice *dice = &graph->dice;
    bool depthwise = roll_chance(dice, 30);
    int64_t stride = in.h > 2 && roll_chance(dice, 20) ? 2 : 1;
    es_window window = es_window_square(3, stride, 1);
    append(graph, &(es_layer){.op = ES_OP_CONV,
                              .out = es_shape_map(depthwise ? in.c : roll_between(dice, 1, 3) * 2,
                                                  es_window_out(&window, 0, in.h, false),
                                                  es_window_out(&window, 1, in.w, false)),
                              .window = window,
                              .groups = depthwise ? in.c : 1,
                              .bias = roll_chance(dice, 50),
                              .n_inputs = 1,
                              .inputs = &x});
}

static void append_pool(struct graph *graph, size_t x, es_shape in) {
    bool up = roll_chance(&graph->dice, 50);
    es_window window = es_window_square(2, 2, 0);
    es_shape out = es_shape_map(in.c, es_window_out(&window, 0, in.h, up),
                                es_window_out(&window, 1, in.w, up));
    if (es_shape_is_valid(out))
        append(
            graph,
            &(es_layer){
                .op = ES_OP_MAX_POOL, .out = out, .window = window, .n_inputs = 1, .inputs = &x});
}

/* Several tensors, not all different, into one. */
static void append_custom(struct graph *graph, es_shape out) {
    size_t read[MAX_READ], n = (size_t)roll_between(&graph->dice, 1, MAX_READ);
    for (size_t i = 0; i < n; i++)
        read[i] = any_layer(graph);
    append(graph, &(es_layer){.op = ES_OP_CUSTOM, .out = out, .n_inputs = n, .inputs = read});
}

static void append_concat(struct graph *graph, size_t x, es_shape out) {
    size_t read[MAX_READ], n = (size_t)roll_between(&graph->dice, 1, 3);
    out.c = 0;
    for (size_t i = 0; i < n; i++) {
        read[i] = i == 0 ? x : layer_like(graph, x);
        out.c += es_builder_shape(graph->builder, read[i]).c;
    }
    append(graph, &(es_layer){.op = ES_OP_CONCAT, .out = out, .n_inputs = n, .inputs = read});
}

/* Two tensors of the same shape, or one of them a gate per channel. */
static void append_binary(struct graph *graph, size_t x, es_shape in) {
    static const es_op ops[] = {ES_OP_ADD, ES_OP_ADD, ES_OP_MUL};
    size_t other = layer_like(graph, x);
    for (size_t l = 0; l < graph->n && roll_chance(&graph->dice, 90); l++)
        if (es_shape_equal(es_builder_shape(graph->builder, l), es_shape_map(in.c, 1, 1)))
            other = l;
    bool swapped = roll_chance(&graph->dice, 50);
    size_t read[] = {swapped ? other : x, swapped ? x : other};
    append(graph, &(es_layer){.op = ops[roll_between(&graph->dice, 0, 2)],
                              .out = in,
                              .n_inputs = 2,
                              .inputs = read});
}

static void append_any(struct graph *graph) {
    static const es_op unary[] = {ES_OP_BATCH_NORM, ES_OP_RELU, ES_OP_SILU, ES_OP_SOFTMAX,
                                  ES_OP_RESHAPE,    ES_OP_MUL,  ES_OP_ADD};
    struct dice *dice = &graph->dice;
    size_t x = any_layer(graph);
    es_shape in = es_builder_shape(graph->builder, x);
    int64_t kind = roll_between(dice, 0, 10);
    if (kind <= 3)
        append(graph, &(es_layer){.op = unary[roll_between(dice, 0, 6)],
                                  .out = in,
                                  .n_inputs = 1,
                                  .inputs = &x,
                                  .params = roll_between(dice, 0, 9)});
    else if (kind <= 5)
        append_binary(graph, x, in);
    else if (kind == 6)
        append_conv(graph, x, in);
    else if (kind == 7)
        append_pool(graph, x, in);
    else if (kind == 8 && in.c <= 16)
        append_concat(graph, x, in);
    else if (kind == 9)
        append(graph, &(es_layer){.op = ES_OP_GLOBAL_AVERAGE_POOL,
                                  .out = es_shape_map(in.c, 1, 1),
                                  .n_inputs = 1,
                                  .inputs = &x});
    else
        append_custom(graph, in);
}

/* The last layer, which reads what nobody has read. */
static void append_output(struct graph *graph) {
    size_t read[MAX_LAYERS + 1], n = 0;
    for (size_t l = 0; l < graph->n; l++)
        if (!graph->is_read[l])
            read[n++] = l;
    append(graph,
           &(es_layer){
               .op = ES_OP_CUSTOM, .out = es_shape_map(1, 1, 1), .n_inputs = n, .inputs = read});
}

es_model *random_graph(uint64_t seed, bool one_output) {
    struct graph graph = {.dice = {seed}, .n = 1};
    char problem[ES_PROBLEM_TEXT] = "";
    es_model *model = NULL;
    size_t most = (size_t)roll_between(&graph.dice, 2, MAX_LAYERS);
    graph.chain_percent = (int)roll_between(&graph.dice, 50, 100);
    graph.builder = es_builder_create(es_shape_map(roll_between(&graph.dice, 1, 4),
                                                   roll_between(&graph.dice, 1, 9),
                                                   roll_between(&graph.dice, 1, 9)));
    assert_non_null(graph.builder);
    while (graph.n < most)
        append_any(&graph);
    if (one_output)
        append_output(&graph);
    assert_int_equal(es_builder_finish(graph.builder, "random", "dice", &model, problem), ES_OK);
    es_builder_destroy(graph.builder);
    return model;
}
