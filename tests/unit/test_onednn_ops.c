/* Every operator that the backend onednn runs, alone and in the company in which it occurs, against
 * the plain reference; and what it refuses. The one argument is the setting, because oneDNN takes
 * one instruction set per process. */
#include "onednn_values.h"

#include "edgesplit/builder.h"

#include <string.h>

/* ---- Networks in the making */

typedef struct draft {
    es_builder *builder;
    int n;
} draft;

static size_t add(draft *d, es_layer layer, size_t n_inputs, const size_t *inputs) {
    char name[32], problem[ES_PROBLEM_TEXT];
    size_t index;
    snprintf(name, sizeof name, "layer%d", ++d->n);
    layer.n_inputs = n_inputs;
    layer.inputs = inputs;
    if (es_builder_append(d->builder, name, &layer, &index, problem) != ES_OK)
        fail_msg("%s (%s): %s", name, es_op_text(layer.op), problem);
    return index;
}

static es_shape shape_of(const draft *d, size_t x) {
    return es_builder_shape(d->builder, x);
}

static size_t one(draft *d, es_op op, size_t x) {
    es_layer layer = {.op = op, .out = shape_of(d, x)};
    if (op == ES_OP_BATCH_NORM)
        layer.params = 2 * layer.out.c;
    return add(d, layer, 1, &x);
}

static size_t two(draft *d, es_op op, size_t a, size_t b) {
    es_shape left = shape_of(d, a), right = shape_of(d, b);
    bool first = es_shape_elems(left) >= es_shape_elems(right);
    return add(d, (es_layer){.op = op, .out = first ? left : right}, 2, (size_t[]){a, b});
}

static size_t constant(draft *d, es_op op, size_t x, int64_t params) {
    return add(d, (es_layer){.op = op, .out = shape_of(d, x), .params = params}, 1, &x);
}

static size_t to(draft *d, es_op op, size_t x, es_shape out) {
    return add(d, (es_layer){.op = op, .out = out}, 1, &x);
}

#define SHAPE(...)                                                                                 \
    es_shape_of(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static size_t convolve(draft *d, size_t x, int64_t channels, es_window window, int64_t groups) {
    es_shape in = shape_of(d, x), out = in;
    out.c = channels;
    out.h = es_window_out(&window, 0, in.h, false);
    out.w = es_window_out(&window, 1, in.w, false);
    return add(d,
               (es_layer){.op = ES_OP_CONV,
                          .out = out,
                          .window = window,
                          .groups = groups,
                          .bias = channels % 2 == 0},
               1, &x);
}

static size_t conv(draft *d, size_t x, int64_t channels, int64_t kernel) {
    return convolve(d, x, channels, es_window_square(kernel, 1, kernel / 2), 1);
}

static size_t linear(draft *d, size_t x, int64_t channels) {
    es_shape out = shape_of(d, x);
    out.dims[out.rank - 1] = channels;
    return add(d, (es_layer){.op = ES_OP_LINEAR, .out = out, .bias = channels % 2 == 0}, 1, &x);
}

/* ---- One network for each matter */

static void convolutions(draft *d) {
    es_window odd = {
        .kernel = {3, 5}, .stride = {2, 1}, .dilation = {1, 2}, .before = {0, 3}, .after = {1, 2}};
    size_t x = one(d, ES_OP_SILU, one(d, ES_OP_BATCH_NORM, convolve(d, 0, 24, odd, 1)));
    x = one(d, ES_OP_BATCH_NORM, convolve(d, x, 24, es_window_square(5, 2, 2), 24));
    x = one(d, ES_OP_TANH, convolve(d, x, 18, es_window_square(3, 1, 1), 6));
    x = one(d, ES_OP_RELU6, conv(d, x, 33, 1));
    conv(d, x, 7, 3);
}

static void transposed_convolutions(draft *d) {
    size_t x = conv(d, 0, 16, 3);
    const struct {
        int64_t kernel, stride, padding, out_h, out_w, channels, groups;
    } cases[] = {{2, 2, 0, 26, 34, 16, 1}, {4, 2, 1, 52, 68, 12, 2}, {3, 2, 1, 103, 136, 12, 12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        x = one(d, ES_OP_RELU,
                add(d,
                    (es_layer){.op = ES_OP_CONV_TRANSPOSE,
                               .out = SHAPE(cases[i].channels, cases[i].out_h, cases[i].out_w),
                               .window = es_window_square(cases[i].kernel, cases[i].stride,
                                                          cases[i].padding),
                               .groups = cases[i].groups,
                               .bias = true},
                    1, &x));
}

static bool wants_positive(es_op op) {
    return op == ES_OP_LOG || op == ES_OP_SQRT || op == ES_OP_RECIPROCAL;
}

static void activations(draft *d) {
    size_t x = conv(d, 0, 20, 3), positive = one(d, ES_OP_EXP, conv(d, x, 20, 1));
    for (es_op op = 0; op < ES_N_OPS; op++)
        if (es_op_fusing(op) == ES_FUSING_ACTIVATION && op != ES_OP_ERF) {
            if (!wants_positive(op))
                one(d, op, conv(d, x, 20, 1));
            one(d, op, wants_positive(op) ? positive : x);
        }
}

static void residuals(draft *d) {
    size_t x = conv(d, 0, 32, 3);
    /* The sum must not be formed in the place of what the kernel still reads. */
    size_t y = one(d, ES_OP_RELU, two(d, ES_OP_ADD, x, conv(d, x, 32, 3)));
    y = two(d, ES_OP_ADD, y, conv(d, conv(d, y, 8, 1), 32, 3));
    /* An activation in front of the sum, as in YOLO. */
    y = two(d, ES_OP_ADD, y, one(d, ES_OP_SILU, conv(d, conv(d, y, 8, 1), 32, 3)));
    y = one(d, ES_OP_RELU,
            two(d, ES_OP_ADD,
                one(d, ES_OP_TANH, one(d, ES_OP_BATCH_NORM, conv(d, conv(d, y, 9, 1), 32, 1))), y));
    /* Still needed afterwards, twice the same, and broadcast. */
    size_t z = two(d, ES_OP_ADD, y, conv(d, conv(d, y, 8, 1), 32, 1));
    z = two(d, ES_OP_MUL, y, z);
    size_t vector = to(d, ES_OP_GLOBAL_AVERAGE_POOL, z, SHAPE(32, 1, 1));
    z = two(d, ES_OP_ADD, conv(d, z, 32, 1), vector);
    /* A view of a residual, of a residual that is a view, and one behind a sum. */
    z = conv(d, z, 12, 1);
    size_t map = conv(d, z, 12, 3), flat = to(d, ES_OP_RESHAPE, z, SHAPE(156, 17));
    size_t rows = linear(d, flat, 17);
    rows = two(d, ES_OP_ADD, rows, flat);
    rows = to(d, ES_OP_RESHAPE, rows, SHAPE(12, 13, 17));
    two(d, ES_OP_MUL, two(d, ES_OP_ADD, rows, map), z);
}

static void operators_of_two(draft *d) {
    static const es_op ops[] = {ES_OP_ADD, ES_OP_SUB, ES_OP_MUL, ES_OP_DIV, ES_OP_MIN, ES_OP_MAX};
    size_t x = one(d, ES_OP_RELU, conv(d, 0, 20, 3)), big = constant(d, ES_OP_ADD, x, 1);
    size_t squared = constant(d, ES_OP_ADD, one(d, ES_OP_POW, conv(d, 0, 20, 1)), 1);
    squared = one(d, ES_OP_EXP, squared);
    size_t channels = to(d, ES_OP_GLOBAL_AVERAGE_POOL, squared, SHAPE(20, 1, 1));
    size_t row = to(d, ES_OP_SLICE, squared, SHAPE(1, 1, 17));
    size_t shorter =
        to(d, ES_OP_RESHAPE, to(d, ES_OP_SLICE, squared, SHAPE(1, 13, 1)), SHAPE(13, 1));
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        bool commutes = ops[i] != ES_OP_SUB && ops[i] != ES_OP_DIV;
        two(d, ops[i], big, squared);
        two(d, ops[i], big, channels);
        two(d, ops[i], big, row);
        one(d, ES_OP_RELU, two(d, ops[i], big, shorter));
        if (commutes)
            two(d, ops[i], channels, big);
        for (int64_t params = 0; params <= 1; params++)
            constant(d, ops[i], big, params);
        constant(d, ops[i], big, 20);
        constant(d, ops[i], big, 17);
        constant(d, ops[i], big, 13 * 17);
        constant(d, ops[i], big, 20 * 13 * 17);
        constant(d, ops[i], big, 20 * 17);
        one(d, ES_OP_RELU, constant(d, ops[i], conv(d, big, 20, 1), 20));
        constant(d, ops[i], conv(d, big, 20, 1), 17);
    }
}

static void norms(draft *d) {
    size_t x = conv(d, 0, 20, 3);
    one(d, ES_OP_LOCAL_RESPONSE_NORM, x);
    one(d, ES_OP_RELU, one(d, ES_OP_BATCH_NORM, x));
    size_t y = one(d, ES_OP_SILU, one(d, ES_OP_BATCH_NORM, conv(d, 0, 5, 1)));
    two(d, ES_OP_ADD, one(d, ES_OP_BATCH_NORM, y), y);
    size_t rows = to(d, ES_OP_RESHAPE, x, SHAPE(20, 221));
    one(d, ES_OP_BATCH_NORM, rows);
    one(d, ES_OP_BATCH_NORM, to(d, ES_OP_RESHAPE, rows, SHAPE(4420)));
    one(d, ES_OP_BATCH_NORM, to(d, ES_OP_RESHAPE, x, SHAPE(5, 4, 13, 17)));
    for (int64_t extent = 17; extent <= 20 * 13 * 17; extent *= extent == 17 ? 13 : 20)
        constant(d, ES_OP_LAYER_NORM, x, 2 * extent);
    one(d, ES_OP_SOFTMAX, x);
    one(d, ES_OP_SOFTMAX, rows);
}

static void pools(draft *d) {
    size_t x = conv(d, 0, 20, 3);
    const es_window windows[] = {
        es_window_square(2, 2, 0),
        es_window_square(3, 2, 1),
        es_window_square(3, 1, 1),
        {.kernel = {3, 2}, .stride = {2, 3}, .dilation = {1, 1}, .before = {1, 0}, .after = {0, 1}},
    };
    static const es_op ops[] = {ES_OP_MAX_POOL, ES_OP_AVERAGE_POOL};
    for (size_t i = 0; i < 8; i++)
        for (int up = 0; up < 2; up++) {
            const es_window *window = &windows[i / 2];
            es_shape out =
                SHAPE(20, es_window_out(window, 0, 13, up), es_window_out(window, 1, 17, up));
            add(d, (es_layer){.op = ops[i % 2], .out = out, .window = *window}, 1, &x);
        }
    to(d, ES_OP_GLOBAL_MAX_POOL, x, SHAPE(20, 1, 1));
    to(d, ES_OP_RESHAPE, to(d, ES_OP_GLOBAL_AVERAGE_POOL, x, SHAPE(20, 1, 1)), SHAPE(4, 5));
    size_t y = to(d, ES_OP_GLOBAL_AVERAGE_POOL, conv(d, x, 16, 1), SHAPE(16, 1, 1));
    to(d, ES_OP_RESHAPE, y, SHAPE(16));
    one(d, ES_OP_RELU, y);
}

static void reductions(draft *d) {
    static const es_op ops[] = {ES_OP_REDUCE_MEAN, ES_OP_REDUCE_SUM, ES_OP_REDUCE_MAX};
    size_t x = conv(d, 0, 20, 3);
    size_t thin = to(d, ES_OP_GLOBAL_AVERAGE_POOL, x, SHAPE(20, 1, 1));
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        to(d, ops[i], x, SHAPE(20, 1, 1));
        to(d, ops[i], x, SHAPE(20));
        to(d, ops[i], x, SHAPE(20, 13));
        to(d, ops[i], x, SHAPE(13, 17));
        to(d, ops[i], x, SHAPE(1, 13, 17));
        to(d, ops[i], x, es_shape_of(0, NULL));
        to(d, ops[i], thin, SHAPE(20, 1, 1));
        to(d, ops[i], thin, SHAPE(20));
    }
    to(d, ES_OP_GLOBAL_AVERAGE_POOL, to(d, ES_OP_RESHAPE, x, SHAPE(20, 221)), SHAPE(20, 1));
}

static void moved_data(draft *d) {
    size_t x = conv(d, 0, 32, 3), y = conv(d, 0, 20, 3);
    size_t half = to(d, ES_OP_SLICE, x, SHAPE(16, 13, 17));
    to(d, ES_OP_SLICE, x, SHAPE(5, 13, 17));
    to(d, ES_OP_SLICE, y, SHAPE(20, 7, 17));
    to(d, ES_OP_PAD, x, SHAPE(32, 16, 17));
    to(d, ES_OP_PAD, y, SHAPE(23, 16, 20));
    to(d, ES_OP_RESIZE, x, SHAPE(32, 26, 34));
    to(d, ES_OP_RESIZE, y, SHAPE(20, 5, 30));
    size_t vector = to(d, ES_OP_GLOBAL_AVERAGE_POOL, y, SHAPE(20, 1, 1));
    to(d, ES_OP_EXPAND, vector, SHAPE(20, 3, 4));
    to(d, ES_OP_EXPAND, to(d, ES_OP_RESHAPE, vector, SHAPE(20)), SHAPE(6, 20));
    size_t last = to(d, ES_OP_TRANSPOSE, x, SHAPE(13, 17, 32));
    to(d, ES_OP_TRANSPOSE, last, SHAPE(32, 13, 17));
    /* Channels shuffled. */
    size_t shuffled = to(d, ES_OP_RESHAPE, x, SHAPE(4, 8, 13, 17));
    shuffled = to(d, ES_OP_TRANSPOSE, shuffled, SHAPE(8, 4, 13, 17));
    shuffled = to(d, ES_OP_RESHAPE, shuffled, SHAPE(32, 13, 17));
    to(d, ES_OP_TRANSPOSE, to(d, ES_OP_RESHAPE, x, SHAPE(34, 8, 26)), SHAPE(26, 34, 8));
    /* Views of views. */
    size_t view = to(d, ES_OP_RESHAPE, last, SHAPE(221, 32));
    size_t again = to(d, ES_OP_RESHAPE, view, SHAPE(7072));
    one(d, ES_OP_RELU, view);
    one(d, ES_OP_TANH, again);
    size_t parts[] = {half, shuffled, y, y};
    add(d, (es_layer){.op = ES_OP_CONCAT, .out = SHAPE(88, 13, 17)}, 4, parts);
    add(d, (es_layer){.op = ES_OP_CONCAT, .out = SHAPE(32, 26, 17)}, 2, (size_t[]){x, shuffled});
    add(d, (es_layer){.op = ES_OP_CONCAT, .out = SHAPE(222, 32), .params = 32}, 1, &view);
    add(d, (es_layer){.op = ES_OP_CONCAT, .out = SHAPE(36, 13, 17), .params = 884}, 1, &x);
    conv(d, add(d, (es_layer){.op = ES_OP_CONCAT, .out = SHAPE(52, 13, 17)}, 2, (size_t[]){x, y}),
         8, 3);
}

/* A view needs the bytes that it shows for as long as it is read itself. */
static void late_views(draft *d) {
    size_t x = to(d, ES_OP_TRANSPOSE, conv(d, 0, 8, 3), SHAPE(13, 17, 8));
    size_t view = to(d, ES_OP_RESHAPE, x, SHAPE(221, 8)), y = linear(d, x, 8);
    for (int i = 0; i < 4; i++)
        y = linear(d, y, 8);
    two(d, ES_OP_MUL, to(d, ES_OP_RESHAPE, y, SHAPE(221, 8)), view);
}

/* Attention, and what else is done to rows. */
static void rows(draft *d) {
    size_t x = to(d, ES_OP_RESHAPE, conv(d, 0, 32, 3), SHAPE(32, 221));
    x = to(d, ES_OP_TRANSPOSE, x, SHAPE(221, 32));
    x = constant(d, ES_OP_ADD, x, 221 * 32);
    size_t y = constant(d, ES_OP_LAYER_NORM, x, 64), sides[3];
    for (size_t i = 0; i < 3; i++) {
        sides[i] = to(d, ES_OP_RESHAPE, linear(d, y, 32), SHAPE(221, 4, 8));
        sides[i] = to(d, ES_OP_TRANSPOSE, sides[i], SHAPE(4, 221, 8));
    }
    sides[1] = to(d, ES_OP_TRANSPOSE, sides[1], SHAPE(4, 8, 221));
    size_t scores = add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(4, 221, 221)}, 2, sides);
    scores = one(d, ES_OP_SOFTMAX, constant(d, ES_OP_MUL, scores, 1));
    y = add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(4, 221, 8)}, 2,
            (size_t[]){scores, sides[2]});
    y = to(d, ES_OP_RESHAPE, to(d, ES_OP_TRANSPOSE, y, SHAPE(221, 4, 8)), SHAPE(221, 32));
    x = two(d, ES_OP_ADD, x, linear(d, y, 32));
    y = one(d, ES_OP_GELU, linear(d, constant(d, ES_OP_LAYER_NORM, x, 64), 40));
    /* Scaled by layer, as in ConvNeXt; a constant for each row too. */
    x = two(d, ES_OP_ADD, x, constant(d, ES_OP_MUL, linear(d, y, 32), 32));
    x = two(d, ES_OP_ADD, x, constant(d, ES_OP_ADD, linear(d, y, 32), 221 * 32));
    /* A factor that is broadcast, one that is constant, and a vector. */
    size_t square = to(d, ES_OP_SLICE, x, SHAPE(32, 20));
    add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(3, 221, 20)}, 2,
        (size_t[]){to(d, ES_OP_EXPAND, x, SHAPE(3, 221, 32)), square});
    add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(221, 9), .params = 288}, 1, &x);
    size_t vector = to(d, ES_OP_RESHAPE, to(d, ES_OP_SLICE, x, SHAPE(1, 32)), SHAPE(32));
    one(d, ES_OP_RELU, one(d, ES_OP_BATCH_NORM, linear(d, vector, 10)));
}

/* Convolutions and pools of channels and rows without columns. */
static void without_columns(draft *d) {
    es_window window = es_window_square(3, 2, 1);
    window.kernel[1] = window.stride[1] = 1;
    window.before[1] = window.after[1] = 0;
    size_t x = to(d, ES_OP_RESHAPE, conv(d, 0, 20, 1), SHAPE(20, 221));
    x = one(d, ES_OP_RELU, one(d, ES_OP_BATCH_NORM, convolve(d, x, 24, window, 1)));
    x = two(d, ES_OP_ADD, x,
            convolve(d, convolve(d, x, 24, (es_window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, 1),
                     24, (es_window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, 1));
    add(d, (es_layer){.op = ES_OP_MAX_POOL, .out = SHAPE(24, 56), .window = window}, 1, &x);
}

static es_model *build(void (*fill)(draft *d)) {
    char problem[ES_PROBLEM_TEXT];
    es_model *model;
    draft d = {.builder = es_builder_create(es_shape_map(3, 13, 17))};
    assert_non_null(d.builder);
    fill(&d);
    assert_int_equal(es_builder_finish(d.builder, "test", "test", &model, problem), ES_OK);
    es_builder_destroy(d.builder);
    return model;
}

static void check(void (*fill)(draft *d)) {
    es_model *model = build(fill);
    for (int64_t batch = 1; batch <= 3; batch += 2) {
        values_check result = onednn_check_values(backend, device, model, batch);
        print_message("batch %lld: worst relative error %.2g\n", (long long)batch, result.error);
        if (!(result.error < 1e-5))
            fail_msg("unit %zu (%s, %s): relative error %g", result.unit,
                     model->cuts[ES_FUSED][result.unit].name,
                     es_op_text(model->layers[model->cuts[ES_FUSED][result.unit].last_layer].op),
                     result.error);
    }
    es_model_destroy(model);
}

#define TEST(matter)                                                                               \
    static void test_##matter(void **state) {                                                      \
        (void)state;                                                                               \
        check(matter);                                                                             \
    }
TEST(convolutions)
TEST(transposed_convolutions)
TEST(activations)
TEST(residuals)
TEST(operators_of_two)
TEST(norms)
TEST(pools)
TEST(reductions)
TEST(moved_data)
TEST(late_views)
TEST(rows)
TEST(without_columns)

/* ---- Refusals */

static void impossible(draft *d) {
    size_t x = conv(d, 0, 20, 3), vector = to(d, ES_OP_GLOBAL_AVERAGE_POOL, x, SHAPE(20, 1, 1));
    one(d, ES_OP_ERF, conv(d, x, 4, 1));
    one(d, ES_OP_GROUP_NORM, x);
    to(d, ES_OP_CUSTOM, x, SHAPE(7));
    constant(d, ES_OP_MUL, x, 19);
    two(d, ES_OP_SUB, vector, x);
    size_t y = conv(d, x, 4, 1);
    two(d, ES_OP_ADD, y, y);
    one(d, ES_OP_BATCH_NORM, linear(d, to(d, ES_OP_RESHAPE, x, SHAPE(20, 221)), 6));
    to(d, ES_OP_SLICE, x, SHAPE(21, 13, 17));
    to(d, ES_OP_PAD, x, SHAPE(19, 13, 17));
    to(d, ES_OP_RESIZE, x, SHAPE(21, 13, 17));
    to(d, ES_OP_EXPAND, x, SHAPE(40, 13, 17));
    to(d, ES_OP_TRANSPOSE, x, SHAPE(10, 26, 17));
    to(d, ES_OP_REDUCE_MEAN, x, SHAPE(19));
    add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(20, 13, 16), .params = 1}, 1,
        (size_t[]){to(d, ES_OP_SLICE, x, SHAPE(20, 12, 17))});
    add(d, (es_layer){.op = ES_OP_MATMUL, .out = SHAPE(20, 13)}, 2,
        (size_t[]){x, to(d, ES_OP_REDUCE_MEAN, x, SHAPE(17))});
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const parts[] = {
        "cannot run erf (layer4): oneDNN has no such kernel",
        "cannot run group-norm (layer5): oneDNN has no such kernel",
        "cannot run custom (layer6): oneDNN has no such kernel",
        "cannot run mul (layer7): its parameters are as many as no dimensions",
        "cannot run sub (layer8): both inputs are broadcast, or the first one",
        "cannot run add (layer10): it adds its own result",
        "cannot run batch-norm (layer13): its channels are not those",
        "cannot run slice (layer14): its output is not a part of its input",
        "cannot run pad (layer15): its output is smaller than its input",
        "cannot run resize (layer16): it resizes more than rows and columns",
        "cannot run expand (layer17): its input cannot be broadcast",
        "cannot run transpose (layer18): its shapes are no permutation",
        "cannot run reduce-mean (layer19): its output is not its input with fewer dimensions",
        "cannot run matmul (layer21): its constant comes first",
        "cannot run matmul (layer23): a factor or the product is not a matrix",
    };
    enum { N_PARTS = sizeof parts / sizeof parts[0] };
    es_model *model = build(impossible);
    es_plan *plan;
    es_network *network = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
    assert_int_equal(backend->prepare(device, plan, 1, &network, &errors), ES_UNAVAILABLE);
    assert_null(network);
    for (size_t i = 0; i < errors.n && i < N_PARTS; i++)
        if (strstr(errors.records[i].text, parts[i]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", errors.records[i].text, parts[i]);
    assert_int_equal(errors.n, N_PARTS);
    es_plan_destroy(plan);
    es_model_destroy(model);
}

int main(int argc, char *argv[]) {
    if (!onednn_find(argc, argv))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_transposed_convolutions),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_residuals),
        cmocka_unit_test(test_operators_of_two),
        cmocka_unit_test(test_norms),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_moved_data),
        cmocka_unit_test(test_late_views),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_without_columns),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
