/* Layers one by one: what follows from their shapes, and what they may not be. */
#include "edgesplit/builder.h"

#include "test.h"

#include <string.h>

#define HUGE_SIDE (INT64_C(1) << 40)

static es_shape vector(int64_t n) {
    return es_shape_of(1, &n);
}

static es_shape matrix(int64_t rows, int64_t columns) {
    return es_shape_of(2, (int64_t[]){rows, columns});
}

static es_shape scalar(void) {
    return es_shape_of(0, NULL);
}

static void shapes_are_texts(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "x",
                                        "3x",
                                        "x3",
                                        "3x0",
                                        "-3",
                                        "3x-1x2",
                                        "3 x",
                                        "1x1x1x1x1x1x1",
                                        "a",
                                        "3xax4",
                                        "2.5",
                                        "1e3",
                                        "1099511627777",
                                        "1048577x1048576",
                                        "9223372036854775808"};
    char text[ES_SHAPE_TEXT];
    es_shape shape = scalar();
    assert_string_equal(es_shape_text(shape, text), "1");
    assert_string_equal(es_shape_text(es_shape_map(96, 56, 7), text), "96x56x7");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(es_shape_parse((es_slice){wrong[i], strlen(wrong[i])}, &shape),
                         ES_INVALID);
    static const char *const right[] = {"1", "1000", "96x56x7", "1x2x3x4x5x6", "1099511627776"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_int_equal(es_shape_parse((es_slice){right[i], strlen(right[i])}, &shape), ES_OK);
        assert_string_equal(es_shape_text(shape, text), right[i]);
    }
    assert_int_equal(es_shape_elems(es_shape_map(96, 56, 7)), 96 * 56 * 7);
    assert_int_equal(es_shape_elems(scalar()), 1);
    assert_true(es_shape_equal(vector(1), es_shape_of(1, (int64_t[]){1})));
    assert_false(es_shape_equal(vector(1), scalar()));
    assert_false(es_shape_is_valid(es_shape_map(1 << 20, 1 << 20, 2)));
    assert_false(es_shape_is_valid(es_shape_map(3, 0, 2)));
}

/* Rounded up as PyTorch's pooling with ceil_mode does: floor((in + paddings - extent + stride - 1)
 * / stride) + 1 windows, and one less if the last would begin behind the input and the padding
 * before it. */
static void windows_leave_what_pytorch_says(void **state) {
    (void)state;
    static const struct {
        int64_t in, kernel, stride, padding, dilation, down, up;
    } cases[] = {
        {224, 3, 2, 1, 1, 112, 113}, {225, 3, 2, 1, 1, 113, 113}, {112, 3, 2, 1, 1, 56, 57},
        {7, 3, 2, 0, 1, 3, 3},       {6, 3, 2, 0, 1, 2, 3},       {7, 3, 2, 1, 2, 3, 3},
        {4, 3, 3, 1, 2, 1, 2},       {2, 3, 2, 0, 1, 0, 1},       {1, 3, 3, 0, 1, 0, 1},
        {1, 3, 2, 0, 1, 0, 0},       {3, 3, 2, 1, 3, 0, 0},       {7, 7, 1, 0, 1, 1, 1},
        {5, 2, 3, 1, 1, 2, 2}, /* the third window would begin in the padding */
        {5, 2, 2, 1, 1, 3, 3}, /* and here the fourth */
        {2, 2, 3, 1, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_window window = es_window_square(cases[i].kernel, cases[i].stride, cases[i].padding);
        window.dilation[0] = window.dilation[1] = cases[i].dilation;
        for (int axis = 0; axis < 2; axis++) {
            assert_int_equal(es_window_out(&window, axis, cases[i].in, false), cases[i].down);
            assert_int_equal(es_window_out(&window, axis, cases[i].in, true), cases[i].up);
        }
    }
    const es_window uneven = {
        .kernel = {3, 1}, .stride = {2, 1}, .dilation = {1, 1}, .before = {0, 2}, .after = {1, 0}};
    assert_int_equal(es_window_out(&uneven, 0, 8, false), 4);
    assert_int_equal(es_window_out(&uneven, 1, 8, false), 10);
}

/* Layers 1 .. 4 behind the input of 8x10x12: tensors of all ranks. */
enum { MAP, VECTOR, MATRIX, TALL, SCALAR, N_BASE };

static es_status append(es_builder *builder, const es_layer *layer, const char *name,
                        char problem[ES_PROBLEM_TEXT]) {
    size_t n = es_builder_n_layers(builder), index = SIZE_MAX;
    problem[0] = '\0';
    es_status status = es_builder_append(builder, name, layer, &index, problem);
    assert_int_equal(es_builder_n_layers(builder), n + (status == ES_OK));
    if (status == ES_OK)
        assert_int_equal(index, n);
    return status;
}

static es_builder *create_base(void) {
    es_builder *builder = es_builder_create(es_shape_map(8, 10, 12));
    char problem[ES_PROBLEM_TEXT];
    assert_non_null(builder);
    const es_layer layers[] = {
        {.op = ES_OP_RESHAPE, .out = vector(960)},
        {.op = ES_OP_RESHAPE, .out = matrix(20, 48)},
        {.op = ES_OP_TRANSPOSE, .out = matrix(48, 20)},
        {.op = ES_OP_REDUCE_MEAN, .out = scalar()},
    };
    static const char *const names[] = {"vector", "matrix", "tall", "scalar"};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        es_layer layer = layers[i];
        layer.n_inputs = 1;
        layer.inputs = (const size_t[]){0};
        assert_int_equal(append(builder, &layer, names[i], problem), ES_OK);
        assert_true(es_shape_equal(es_builder_shape(builder, i + 1), layer.out));
    }
    assert_int_equal(es_builder_n_layers(builder), N_BASE);
    return builder;
}

static const struct {
    const char *text; /* of the message */
    es_layer layer;
    size_t inputs[3];
} impossible[] = {
    {"a second input; expected a layer", {.op = ES_OP_INPUT, .out = {3, {{8, 10, 12}}}}, {0}},
    {"relu reads 0 tensors", {.op = ES_OP_RELU}, {0}},
    {"relu reads 2 tensors", {.op = ES_OP_RELU, .n_inputs = 2}, {0}},
    {"add reads 3 tensors", {.op = ES_OP_ADD, .n_inputs = 3}, {0}},
    {"matmul reads 3 tensors", {.op = ES_OP_MATMUL, .n_inputs = 3}, {0}},
    {"it reads layer 5; expected one before it, 0 to 4",
     {.op = ES_OP_RELU, .n_inputs = 1},
     {N_BASE}},
    {"an output without elements, or of more than 2^40",
     {.op = ES_OP_RELU, .n_inputs = 1, .out = {3, {{8, 0, 12}}}},
     {0}},
    {"an output without elements, or of more than 2^40",
     {.op = ES_OP_CUSTOM, .n_inputs = 1, .out = {2, {{HUGE_SIDE, 2}}}},
     {0}},
    {"-1 parameters; expected 0 to 2^40",
     {.op = ES_OP_RELU, .n_inputs = 1, .out = {3, {{8, 10, 12}}}, .params = -1},
     {0}},
    {"1099511627777 parameters; expected 0 to 2^40",
     {.op = ES_OP_RELU, .n_inputs = 1, .out = {3, {{8, 10, 12}}}, .params = HUGE_SIDE + 1},
     {0}},
    {"the output is 8x10x11; expected 8x10x12",
     {.op = ES_OP_RELU, .n_inputs = 1, .out = {3, {{8, 10, 11}}}},
     {0}},
    {"the output is 960; expected 8x10x12",
     {.op = ES_OP_BATCH_NORM, .n_inputs = 1, .out = {1, {{960, 1, 1}}}},
     {0}},
    {"the output is 8x1x12; expected 8x1x1",
     {.op = ES_OP_GLOBAL_AVERAGE_POOL, .n_inputs = 1, .out = {3, {{8, 1, 12}}}},
     {0}},
    {"8x10x12 cannot become 961: another number of elements",
     {.op = ES_OP_RESHAPE, .n_inputs = 1, .out = {1, {{961, 1, 1}}}},
     {0}},
    {"960 cannot be broadcast to the output 8x10x12",
     {.op = ES_OP_ADD, .n_inputs = 2, .out = {3, {{8, 10, 12}}}},
     {0, VECTOR}},
    {"8x10x12 cannot be broadcast to the output 960",
     {.op = ES_OP_ADD, .n_inputs = 2, .out = {1, {{960, 1, 1}}}},
     {0, VECTOR}},
    {"the output is 9x960; expected 1x960",
     {.op = ES_OP_ADD, .n_inputs = 2, .out = {2, {{9, 960, 1}}}},
     {VECTOR, VECTOR}},
    {"the parts do not add up to the output 15x10x12 along any dimension",
     {.op = ES_OP_CONCAT, .n_inputs = 2, .out = {3, {{15, 10, 12}}}},
     {0, 0}},
    {"the parts do not add up to the output 17x10x12 along any dimension",
     {.op = ES_OP_CONCAT, .n_inputs = 2, .out = {3, {{17, 10, 12}}}},
     {0, 0}},
    {"the parts do not add up to the output 16x10x12 along any dimension",
     {.op = ES_OP_CONCAT, .n_inputs = 2, .out = {3, {{16, 10, 12}}}},
     {0, VECTOR}},
    {"the parts do not add up to the output 1 along any dimension",
     {.op = ES_OP_CONCAT, .n_inputs = 1},
     {SCALAR}},
    {"a linear layer of a scalar; expected a vector or several",
     {.op = ES_OP_LINEAR, .n_inputs = 1, .out = {1, {{5, 1, 1}}}},
     {SCALAR}},
    {"the output is 21x5; expected 20x5",
     {.op = ES_OP_LINEAR, .n_inputs = 1, .out = {2, {{21, 5, 1}}}},
     {MATRIX}},
    {"a product of 20x48 and 20x48: their inner dimensions differ",
     {.op = ES_OP_MATMUL, .n_inputs = 2, .out = {2, {{20, 48, 1}}}},
     {MATRIX, MATRIX}},
    {"a product of 20x48 and 48x20 cannot be 20x21",
     {.op = ES_OP_MATMUL, .n_inputs = 2, .out = {2, {{20, 21, 1}}}},
     {MATRIX, TALL}},
    {"a product of 20x48 and 48x20 cannot be 19x20",
     {.op = ES_OP_MATMUL, .n_inputs = 2, .out = {2, {{19, 20, 1}}}},
     {MATRIX, TALL}},
    {"a product of 20x48 and 48x20 cannot be 20",
     {.op = ES_OP_MATMUL, .n_inputs = 2, .out = {1, {{20, 1, 1}}}},
     {MATRIX, TALL}},
    {"a product of matrices whose first factor is a scalar",
     {.op = ES_OP_MATMUL, .n_inputs = 1, .out = {1, {{20, 1, 1}}}},
     {SCALAR}},
    {"a window of kernel 0, stride 0, dilation 0, padding 0 and 0; expected 1 to 1048576, paddings",
     {.op = ES_OP_CONV, .n_inputs = 1, .out = {3, {{8, 10, 12}}}, .groups = 1},
     {0}},
    {"a window of kernel 3, stride 1, dilation 1, padding 1 and -1; expected",
     {.op = ES_OP_MAX_POOL,
      .n_inputs = 1,
      .out = {3, {{8, 10, 12}}},
      .window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, -1}}},
     {0}},
    {"a window of kernel 3, stride 1048577, dilation 1, padding 1 and 1; expected",
     {.op = ES_OP_MAX_POOL,
      .n_inputs = 1,
      .out = {3, {{8, 10, 12}}},
      .window = {{3, 3}, {1 << 20 | 1, 1}, {1, 1}, {1, 1}, {1, 1}}},
     {0}},
    {"a window over a tensor of rank 1; expected channels, rows and perhaps columns",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {1, {{8, 1, 1}}},
      .groups = 1,
      .window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
     {VECTOR}},
    {"an output of rank 2 from an input of rank 3",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {2, {{8, 10, 1}}},
      .groups = 1,
      .window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
     {0}},
    {"a window of more than one column over a tensor of rows only",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {2, {{8, 48, 1}}},
      .groups = 1,
      .window = {{3, 3}, {1, 1}, {1, 1}, {1, 0}, {1, 0}}},
     {MATRIX}},
    {"3 groups; expected a divisor of the 8 channels read and the 9 written",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {3, {{9, 10, 12}}},
      .groups = 3,
      .window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
     {0}},
    {"0 groups; expected a divisor of the 8 channels read and the 8 written",
     {.op = ES_OP_CONV_TRANSPOSE,
      .n_inputs = 1,
      .out = {3, {{8, 10, 12}}},
      .window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
     {0}},
    {"the output is 8x10x12; expected 8x5x6",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {3, {{8, 10, 12}}},
      .groups = 8,
      .window = {{3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}}},
     {0}},
    {"the output is 8x6x6; expected 8x4x5",
     {.op = ES_OP_AVERAGE_POOL,
      .n_inputs = 1,
      .out = {3, {{8, 6, 6}}},
      .window = {{3, 3}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}},
     {0}},
    {"the output is 8x10x12; expected 8x0x0",
     {.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {3, {{8, 10, 12}}},
      .groups = 1,
      .window = {{15, 15}, {1, 1}, {1, 1}, {0, 0}, {1, 1}}},
     {0}},
};

/* The initialisers above leave dimensions of 0 behind the rank. */
static es_shape padded(es_shape shape) {
    return es_shape_of(shape.rank, shape.dims);
}

static void impossible_layers_are_reported(void **state) {
    (void)state;
    es_builder *builder = create_base();
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        char problem[ES_PROBLEM_TEXT];
        es_layer layer = impossible[i].layer;
        layer.inputs = impossible[i].inputs;
        layer.out = padded(layer.out);
        assert_int_equal(append(builder, &layer, "impossible", problem), ES_INVALID);
        assert_memory_equal(problem, impossible[i].text, strlen(impossible[i].text));
        assert_int_equal(es_builder_n_layers(builder), N_BASE);
    }
    es_builder_destroy(builder);
    es_builder_destroy(NULL);
}

/* What is derived, by hand. */
static const struct {
    es_layer layer;
    size_t inputs[2];
    int64_t params, macs;
} derived[] = {
    {{.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {3, {{6, 5, 6}}},
      .groups = 2,
      .bias = true,
      .params = 77,
      .window = {{3, 1}, {2, 2}, {1, 1}, {1, 0}, {1, 0}}},
     {0},
     6 * 4 * 3 + 6,
     6 * 5 * 6 * 4 * 3},
    {{.op = ES_OP_CONV,
      .n_inputs = 1,
      .out = {2, {{5, 46, 1}}},
      .groups = 1,
      .window = {{3, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
     {MATRIX},
     5 * 20 * 3,
     5 * 46 * 20 * 3},
    {{.op = ES_OP_CONV_TRANSPOSE,
      .n_inputs = 1,
      .out = {3, {{6, 20, 24}}},
      .groups = 2,
      .bias = true,
      .window = {{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}},
     {0},
     8 * 3 * 4 + 6,
     8 * 10 * 12 * 3 * 4},
    {{.op = ES_OP_LINEAR, .n_inputs = 1, .out = {2, {{20, 7, 1}}}, .bias = true},
     {MATRIX},
     48 * 7 + 7,
     20 * 48 * 7},
    {{.op = ES_OP_MATMUL, .n_inputs = 2, .out = {2, {{20, 20, 1}}}, .params = 0},
     {MATRIX, TALL},
     0,
     20 * 48 * 20},
    {{.op = ES_OP_MATMUL, .n_inputs = 1, .out = {2, {{20, 9, 1}}}, .params = 432},
     {MATRIX},
     432,
     20 * 48 * 9},
    {{.op = ES_OP_BATCH_NORM, .n_inputs = 1, .out = {3, {{8, 10, 12}}}, .params = 16}, {0}, 16, 0},
    {{.op = ES_OP_MAX_POOL,
      .n_inputs = 1,
      .out = {3, {{8, 5, 6}}},
      .window = {{3, 3}, {2, 2}, {1, 1}, {0, 0}, {0, 0}}},
     {0},
     0,
     0},
    {{.op = ES_OP_CONCAT, .n_inputs = 2, .out = {3, {{8, 10, 24}}}}, {0, 0}, 0, 0},
    {{.op = ES_OP_CONCAT, .n_inputs = 1, .out = {2, {{21, 48, 1}}}, .params = 48}, {MATRIX}, 48, 0},
    {{.op = ES_OP_MUL, .n_inputs = 2, .out = {3, {{8, 10, 12}}}}, {SCALAR, 0}, 0, 0},
    {{.op = ES_OP_ADD, .n_inputs = 1, .out = {3, {{9, 20, 48}}}, .params = 8640},
     {MATRIX},
     8640,
     0},
};

static void costs_follow_from_shapes(void **state) {
    (void)state;
    enum { N = sizeof derived / sizeof derived[0] };
    es_builder *builder = create_base();
    char problem[ES_PROBLEM_TEXT];
    int64_t params = 0, macs = 0;
    for (size_t i = 0; i < N; i++) {
        es_layer layer = derived[i].layer;
        layer.inputs = derived[i].inputs;
        layer.out = padded(layer.out);
        assert_int_equal(append(builder, &layer, "derived", problem), ES_OK);
    }
    es_model *model = NULL;
    assert_int_equal(es_builder_finish(builder, "m", "s", &model, problem), ES_OK);
    for (size_t i = 0; i < N; i++) {
        const es_layer *layer = &model->layers[N_BASE + i];
        assert_int_equal(layer->params, derived[i].params);
        assert_int_equal(layer->macs, derived[i].macs);
        assert_true(es_shape_equal(layer->in, model->layers[derived[i].inputs[0]].out));
        params += layer->params;
        macs += layer->macs;
    }
    assert_int_equal(model->cuts[ES_LEAF][model->n_layers].head_params, params);
    assert_int_equal(model->cuts[ES_LEAF][model->n_layers].head_macs, macs);
    es_model_destroy(model);
    es_builder_destroy(builder);
}

static void what_an_operator_lacks_is_cleared(void **state) {
    (void)state;
    es_builder *builder = create_base();
    char problem[ES_PROBLEM_TEXT];
    const es_layer layer = {.op = ES_OP_RELU,
                            .out = es_shape_map(8, 10, 12),
                            .window = es_window_square(3, 1, 1),
                            .groups = 2,
                            .bias = true,
                            .macs = 5,
                            .n_inputs = 1,
                            .inputs = (const size_t[]){0}};
    es_model *model = NULL;
    assert_int_equal(append(builder, &layer, "relu", problem), ES_OK);
    assert_int_equal(es_builder_finish(builder, "m", "s", &model, problem), ES_OK);
    const es_layer *made = &model->layers[N_BASE];
    assert_memory_equal(&made->window, &(es_window){0}, sizeof made->window);
    assert_int_equal(made->groups, 0);
    assert_int_equal(made->macs, 0);
    assert_false(made->bias);
    es_model_destroy(model);
    es_builder_destroy(builder);
}

static void names_become_words(void **state) {
    (void)state;
    es_builder *builder = es_builder_create(vector(4));
    char problem[ES_PROBLEM_TEXT];
    const es_layer relu = {
        .op = ES_OP_RELU, .out = vector(4), .n_inputs = 1, .inputs = (const size_t[]){0}};
    es_builder_begin_block(builder, "a block", true);
    es_builder_begin_unit(builder, "a,unit");
    assert_int_equal(append(builder, &relu, "\"re\nlu\x7f\"", problem), ES_OK);
    es_builder_begin_block(builder, "empty", false);
    es_builder_begin_block(builder, "", false);
    assert_int_equal(append(builder, &relu, "", problem), ES_OK);
    es_model *model = NULL;
    assert_int_equal(es_builder_finish(builder, "a model", "a, \"b\"\n", &model, problem), ES_OK);
    assert_string_equal(model->name, "a_model");
    assert_string_equal(model->source, "a, \"b\"_");
    assert_string_equal(model->layers[1].name, "_re_lu__");
    assert_string_equal(model->layers[2].name, "_");
    assert_string_equal(model->cuts[ES_FUSED][1].name, "a_unit");
    assert_string_equal(model->cuts[ES_FUSED][2].name, "_");
    assert_int_equal(model->n_cuts[ES_BLOCK], 3);
    assert_string_equal(model->cuts[ES_BLOCK][1].name, "a_block");
    assert_string_equal(model->cuts[ES_BLOCK][2].name, "_");
    es_model_destroy(model);
    es_builder_destroy(builder);
}

static void totals_that_overflow_are_reported(void **state) {
    (void)state;
    es_builder *builder = es_builder_create(matrix(1 << 20, 1 << 20));
    char problem[ES_PROBLEM_TEXT];
    es_layer layer = {.op = ES_OP_LINEAR,
                      .out = matrix(1 << 20, 1 << 20),
                      .n_inputs = 1,
                      .inputs = (const size_t[]){0}};
    /* 2^60 multiply-accumulates each */
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(append(builder, &layer, "linear", problem), ES_OK);
    assert_int_equal(append(builder, &layer, "linear", problem), ES_INVALID);
    assert_string_equal(problem,
                        "too much: expected at most 1048576 layers, and totals below 2^63");
    es_builder_destroy(builder);
    builder = es_builder_create(vector(HUGE_SIDE));
    layer.out = vector(1 << 21);
    assert_int_equal(append(builder, &layer, "linear", problem), ES_INVALID);
    assert_string_equal(problem,
                        "2097152 times 1099511627776 operations or parameters are too many");
    layer.out = vector(1 << 24);
    assert_int_equal(append(builder, &layer, "linear", problem), ES_INVALID);
    es_model *model = NULL;
    assert_int_equal(es_builder_finish(builder, "m", "s", &model, problem), ES_INVALID);
    assert_string_equal(problem, "no layers");
    assert_null(model);
    es_builder_destroy(builder);
}

/* A long concatenation may not overflow while it is added up. */
static void long_concatenations_do_not_overflow(void **state) {
    (void)state;
    enum { N = 1 << 23 };
    es_builder *builder = es_builder_create(vector(HUGE_SIDE));
    char problem[ES_PROBLEM_TEXT];
    size_t *inputs = calloc(N, sizeof *inputs);
    assert_non_null(inputs);
    const es_layer layer = {
        .op = ES_OP_CONCAT, .out = vector(HUGE_SIDE), .n_inputs = N, .inputs = inputs};
    assert_int_equal(append(builder, &layer, "concat", problem), ES_INVALID);
    free(inputs);
    es_builder_destroy(builder);
}

static es_status build(es_model **model) {
    es_builder *builder = es_builder_create(es_shape_map(3, 8, 8));
    char problem[ES_PROBLEM_TEXT];
    if (builder == NULL)
        return ES_NO_MEMORY;
    size_t index;
    for (size_t l = 0; l < 20; l++) {
        char name[16];
        const size_t inputs[] = {l, l / 2};
        const es_layer add = {
            .op = ES_OP_ADD, .out = es_shape_map(3, 8, 8), .n_inputs = 2, .inputs = inputs};
        snprintf(name, sizeof name, "add%zu", l);
        if (l % 7 == 0)
            es_builder_begin_block(builder, name, false);
        es_builder_begin_unit(builder, name);
        assert_int_equal(es_builder_append(builder, name, &add, &index, problem), ES_OK);
        assert_true(index == l + 1 || es_builder_n_layers(builder) == 1);
        assert_true(es_builder_shape(builder, index).rank == (index > 0 ? 3 : 0));
    }
    es_status status = es_builder_finish(builder, "m", "s", model, problem);
    es_builder_destroy(builder);
    return status;
}

static void memory_that_runs_out_is_reported_once(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        es_model *model = NULL;
        fault_alloc_fail_at(n);
        es_status status = build(&model);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        if (!struck) {
            assert_true(n > 15);
            assert_int_equal(status, ES_OK);
            es_model_destroy(model);
            return;
        }
        assert_int_equal(status, ES_NO_MEMORY);
        assert_null(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_texts),
        cmocka_unit_test(windows_leave_what_pytorch_says),
        cmocka_unit_test(impossible_layers_are_reported),
        cmocka_unit_test(costs_follow_from_shapes),
        cmocka_unit_test(what_an_operator_lacks_is_cleared),
        cmocka_unit_test(names_become_words),
        cmocka_unit_test(totals_that_overflow_are_reported),
        cmocka_unit_test(long_concatenations_do_not_overflow),
        cmocka_unit_test(memory_that_runs_out_is_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
