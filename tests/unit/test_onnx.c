#include "onnx_import.h"

typedef struct one_case {
    const char *file, *layers;
} one_case;

static void expect_all(size_t n, const one_case *cases) {
    for (size_t i = 0; i < n; i++)
        expect_layers(cases[i].file, cases[i].layers);
}
#define EXPECT_ALL(cases) expect_all(sizeof(cases) / sizeof(cases)[0], cases)

#define X    "input x 1,3,8,8;"
#define MAPS "input x 1,4,6,8;"
#define Y    "output y;"

static void convolutions(void **state) {
    (void)state;
    static const one_case cases[] = {
        {X "weight w 4,3,3,3; weight b 4; Conv x,w,b -> y pads=1,1,1,1;" Y, "conv:4x8x8/112*6912"},
        {X "weight w 4,3,3,3; Conv x,w -> y strides=2,2 pads=1,1,1,1 kernel_shape=3,3;" Y,
         "conv:4x4x4/108*1728"},
        {X "weight w 4,3,3,5; Conv x,w -> y dilations=2,1;" Y, "conv:4x4x4/180*2880"},
        {X "weight w 6,1,1,1; Conv x,w -> y group=3;" Y, "conv:6x8x8/6*384"},
        {X "weight w 4,3,3,3; Conv x,w -> y auto_pad=SAME_UPPER strides=2,2;" Y,
         "conv:4x4x4/108*1728"},
        {X "weight w 4,3,4,4; Conv x,w -> y auto_pad=SAME_LOWER;" Y, "conv:4x8x8/192*12288"},
        {X "weight w 4,3,3,3; Conv x,w -> y auto_pad=VALID;" Y, "conv:4x6x6/108*3888"},
        {"input x 1,3,16; weight w 4,3,3; Conv x,w -> y strides=2, pads=1,1;" Y, "conv:4x8/36*288"},
        {X "weight w 3,5,2,2; weight b 5; ConvTranspose x,w,b -> y strides=2,2;" Y,
         "conv-transpose:5x16x16/65*3840"},
        {X "weight w 3,5,3,3; ConvTranspose x,w -> y strides=2,2 pads=1,1,1,1 "
           "output_padding=1,1;" Y,
         "conv-transpose:5x16x16/135*8640"},
        {X "weight w 3,5,3,3; ConvTranspose x,w -> y strides=2,2 output_shape=17,18;" Y,
         "conv-transpose:5x17x18/135*8640"},
        {X "weight w 3,1,2,2; ConvTranspose x,w -> y group=3 auto_pad=SAME_UPPER "
           "strides=2,2;" Y,
         "conv-transpose:3x16x16/12*768"},
    };
    EXPECT_ALL(cases);
}

static void asymmetric_pads_are_kept(void **state) {
    (void)state;
    es_model *model;
    es_errors errors;
    assert_int_equal(import_text(X "weight w 4,3,4,3; Conv x,w -> y auto_pad=SAME_LOWER;" Y, NULL,
                                 &model, &errors),
                     ES_OK);
    const es_window *window = &model->layers[1].window;
    assert_int_equal(window->before[0], 2);
    assert_int_equal(window->after[0], 1);
    assert_int_equal(window->before[1], 1);
    assert_int_equal(window->after[1], 1);
    assert_int_equal(window->kernel[0], 4);
    es_model_destroy(model);
}

static void pools(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "MaxPool x -> y kernel_shape=3,3 strides=2,2;" Y, "max-pool:4x2x3"},
        {MAPS "MaxPool x -> y kernel_shape=3,3 strides=2,2 ceil_mode=1;" Y, "max-pool:4x3x4"},
        {MAPS "MaxPool x -> y kernel_shape=2,2 strides=2,2 dilations=2,2;" Y, "max-pool:4x2x3"},
        {MAPS "MaxPool x -> y,i kernel_shape=2,2 strides=2,2;" Y, "max-pool:4x3x4"},
        {MAPS "AveragePool x -> y kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1;" Y,
         "average-pool:4x6x8"},
        {MAPS "AveragePool x -> y kernel_shape=3,3 strides=2,2 auto_pad=SAME_UPPER;" Y,
         "average-pool:4x3x4"},
        {MAPS "GlobalAveragePool x -> y;" Y, "global-average-pool:4x1x1"},
        {MAPS "GlobalMaxPool x -> y;" Y, "global-max-pool:4x1x1"},
        {"input x 1,4,9; MaxPool x -> y kernel_shape=3, strides=3,;" Y, "max-pool:4x3"},
    };
    EXPECT_ALL(cases);
}

static void products(void **state) {
    (void)state;
    static const one_case cases[] = {
        {"input x 1,8; weight w 5,8; weight b 5; Gemm x,w,b -> y transB=1;" Y, "linear:5/45*40"},
        {"input x N,8; weight w 8,5; Gemm x,w -> y;" Y, "linear:5/40*40"},
        {"input x 1,7,8; weight w 8,5; MatMul x,w -> y;" Y, "linear:7x5/40*280"},
        {"input x 1,7,8; weight w 8,5; weight b 5; MatMul x,w -> h; Add b,h -> y;" Y,
         "linear:7x5/45*280"},
        {"input x 1,7,8; weight w 5,8; Transpose w -> v perm=1,0; MatMul x,v -> y;" Y,
         "linear:7x5/40*280"},
        {"input x 1,2,7,8; Transpose x -> t perm=0,1,3,2; MatMul x,t -> y;" Y,
         "transpose:2x8x7 matmul:2x7x7*784<0,1"},
        {"input x 1,2,7,8; weight w 2,8,3; MatMul x,w -> y;" Y, "matmul:2x7x3/48*336"},
        {"input x 1,7,8; weight a 8,2; weight b 2,5; MatMul a,b -> w; MatMul x,w -> y;" Y,
         "linear:7x5/40*280"},
    };
    EXPECT_ALL(cases);
}

static void normalisations(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "weight s 4; BatchNormalization x,s,s,s,s -> y;" Y, "batch-norm:4x6x8/8"},
        {MAPS "weight s 4; Identity s -> t; BatchNormalization x,s,t,s,t -> y;" Y,
         "batch-norm:4x6x8/8"},
        {MAPS "weight s 4; BatchNormalization x,s,s,s,s -> y,m,v,a,b;" Y, "batch-norm:4x6x8/8"},
        {"opset 17; input x 1,7,8; weight s 8; weight b 8; LayerNormalization x,s,b -> y;" Y,
         "layer-norm:7x8/16"},
        {"opset 17; input x 1,7,8; weight s 8; LayerNormalization x,s -> y axis=-1;" Y,
         "layer-norm:7x8/8"},
        {MAPS "weight s 4; InstanceNormalization x,s,s -> y;" Y, "group-norm:4x6x8/8"},
        {"opset 21;" MAPS "weight s 4; GroupNormalization x,s,s -> y num_groups=2;" Y,
         "group-norm:4x6x8/8"},
        {MAPS "LRN x -> y size=5;" Y, "local-response-norm:4x6x8"},
        {MAPS "Softmax x -> y axis=1;" Y, "softmax:4x6x8"},
        {MAPS "LogSoftmax x -> y;" Y, "softmax:4x6x8"},
    };
    EXPECT_ALL(cases);
}

static void activations(void **state) {
    (void)state;
    static const struct {
        const char *node, *op;
    } cases[] = {
        {"Relu x -> y", "relu"},
        {"LeakyRelu x -> y alpha=0.1", "leaky-relu"},
        {"Elu x -> y", "elu"},
        {"Selu x -> y", "elu"},
        {"Celu x -> y", "elu"},
        {"Sigmoid x -> y", "sigmoid"},
        {"Tanh x -> y", "tanh"},
        {"HardSigmoid x -> y", "hard-sigmoid"},
        {"HardSwish x -> y", "hard-swish"},
        {"Softplus x -> y", "softplus"},
        {"Gelu x -> y", "gelu"},
        {"Erf x -> y", "erf"},
        {"Exp x -> y", "exp"},
        {"Log x -> y", "log"},
        {"Sqrt x -> y", "sqrt"},
        {"Abs x -> y", "abs"},
        {"Neg x -> y", "neg"},
        {"Reciprocal x -> y", "reciprocal"},
        {"float e 2; Pow x,e -> y", "pow"},
        {"Clip x -> y min=0.0 max=6.0", "relu6"},
        {"Clip x -> y min=0.0", "relu"},
        {"Clip x -> y min=-1.0 max=1.0", "clip"},
        {"float a 0; float b 6; Clip x,a,b -> y", "relu6"},
        {"float b 6; Clip x,,b -> y", "clip"},
        {"Constant -> a value=tensor:0.; Constant -> b value=tensor:6.; Clip x,a,b -> y", "relu6"},
        {"Constant -> a value_float=0.; Constant -> b value_float=6.; Clip x,a,b -> y", "relu6"},
        {"halves a 0; halves b 17920; Clip x,a,b -> y", "relu6"},
        {"doubles a 0; doubles b 6; Clip x,a,b -> y", "relu6"},
        {"Clip x -> y", "clip"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char file[256], layers[64];
        snprintf(file, sizeof file, "opset 20;" MAPS "%s;" Y, cases[i].node);
        snprintf(layers, sizeof layers, "%s:4x6x8", cases[i].op);
        expect_layers(file, layers);
    }
    expect_layers(MAPS "weight s 4,1,1; PRelu x,s -> y;" Y, "leaky-relu:4x6x8/4");
}

static void elementwise_operators_broadcast(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "Relu x -> h; Add x,h -> y;" Y, "relu:4x6x8 add:4x6x8<0,1"},
        {MAPS "GlobalAveragePool x -> h; Mul x,h -> y;" Y,
         "global-average-pool:4x1x1 mul:4x6x8<0,1"},
        {MAPS "Mul x,x -> y;" Y, "mul:4x6x8<0,0"},
        {MAPS "float c 2; Sub c,x -> y;" Y, "sub:4x6x8"},
        {MAPS "weight w 4,1,1; Mul x,w -> y;" Y, "mul:4x6x8/4"},
        {MAPS "weight w 1,4,6,8; Div x,w -> y;" Y, "div:4x6x8/192"},
        {"input x 1,4; weight w 3,1,4; Add x,w -> y;" Y, "add:3x1x4/12"},
        {MAPS "Relu x -> h; Min x,h -> y;" Y, "relu:4x6x8 min:4x6x8<0,1"},
        {MAPS "Relu x -> h; Max x,h -> y;" Y, "relu:4x6x8 max:4x6x8<0,1"},
        {MAPS "Relu x -> h; Sum x,h -> y;" Y, "relu:4x6x8 add:4x6x8<0,1"},
    };
    EXPECT_ALL(cases);
}

static void joins_and_parts(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "Relu x -> h; Concat x,h,x -> y axis=1;" Y, "relu:4x6x8 concat:12x6x8<0,1,0"},
        {"input x 1,7,8; weight t 1,1,8; Concat t,x -> y axis=1;" Y, "concat:8x8/8"},
        {MAPS "Split x -> a,b axis=1; Add a,b -> y;" Y, "slice:2x6x8 slice:2x6x8<0 add:2x6x8<1,2"},
        {"opset 11;" MAPS "Split x -> a,y axis=1 split=1,3;" Y, "slice:3x6x8"},
        {MAPS "ints s 3,1; Split x,s -> y,b axis=1;" Y, "slice:3x6x8"},
        {"opset 18;" MAPS "Split x -> a,b,y axis=3 num_outputs=3;" Y, "slice:4x6x2"},
        {"opset 9;" MAPS "Slice x -> y axes=1,2 starts=1,-4 ends=3,9223372036854775807;" Y,
         "slice:2x4x8"},
        {MAPS "ints s 5,0; ints e -9223372036854775808,100; ints a 2,3; ints t -2,3; "
              "Slice x,s,e,a,t -> y;" Y,
         "slice:4x3x3"},
        {MAPS "ints s 0; ints e 1; ints a 2; Slice x,s,e,a -> y;" Y, "slice:4x1x8"},
        {MAPS "int i 2; Gather x,i -> y axis=2;" Y, "slice:4x8"},
        {MAPS "ints i 2,0,-1; Gather x,i -> y axis=3;" Y, "slice:4x6x3"},
        {"opset 9;" MAPS "Pad x -> y pads=0,0,1,2,0,0,1,2;" Y, "pad:4x8x12"},
        {MAPS "ints p 0,0,1,2,0,0,-1,2; Pad x,p -> y;" Y, "pad:4x6x12"},
        {MAPS "ints p 0,0,0,0,0,0,0,0; Pad x,p -> h; Relu h -> y;" Y, "relu:4x6x8"},
        {"opset 18;" MAPS "ints p 1,1; ints a -1; Pad x,p,,a -> y;" Y, "pad:4x6x10"},
        {"opset 9;" MAPS "floats s 1,1,2,2; Upsample x,s -> y;" Y, "resize:4x12x16"},
        {"opset 10;" MAPS "floats s 1,1,0.5,1.6666666; Resize x,s -> y;" Y, "resize:4x3x13"},
        {"opset 11;" MAPS "floats r ; floats s 1,1,2,2; Resize x,r,s -> y;" Y, "resize:4x12x16"},
        {MAPS "ints s 1,4,5,7; Resize x,,,s -> y;" Y, "resize:4x5x7"},
    };
    EXPECT_ALL(cases);
}

static void views_and_rearrangements(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "Flatten x -> y;" Y, "reshape:192"},
        {MAPS "Flatten x -> y axis=2;" Y, "reshape:4x48"},
        {MAPS "ints s 0,-1; Reshape x,s -> y;" Y, "reshape:192"},
        {MAPS "ints s 1,2,2,-1; Reshape x,s -> y;" Y, "reshape:2x2x48"},
        {MAPS "ints s 4,-1; Reshape x,s -> y;" Y, "reshape:4x48"},
        {MAPS "ints s 1,4,6,8; Reshape x,s -> h; Relu h -> y;" Y, "relu:4x6x8"},
        {"opset 14;" MAPS "ints s 1,4,48; Reshape x,s -> y allowzero=1;" Y, "reshape:4x48"},
        {"opset 11;" MAPS "GlobalAveragePool x -> h; Squeeze h -> y axes=2,3;" Y,
         "global-average-pool:4x1x1 reshape:4"},
        {MAPS "ints a -1,-2; GlobalAveragePool x -> h; Squeeze h,a -> y;" Y,
         "global-average-pool:4x1x1 reshape:4"},
        {"opset 11;" MAPS "Unsqueeze x -> y axes=1,5;" Y, "reshape:1x4x6x8x1"},
        {MAPS "ints a 2; Unsqueeze x,a -> y;" Y, "reshape:4x1x6x8"},
        {MAPS "Transpose x -> y perm=0,2,3,1;" Y, "transpose:6x8x4"},
        {"input x 1,7,8; Transpose x -> y perm=1,0,2;" Y, "transpose:7x1x8"},
        {MAPS "Transpose x -> y;" Y, "transpose:8x6x4x1"},
        {MAPS "DepthToSpace x -> y blocksize=2;" Y, "transpose:1x12x16"},
        {MAPS "SpaceToDepth x -> y blocksize=2;" Y, "transpose:16x3x4"},
        {MAPS "GlobalAveragePool x -> h; ints s 1,4,6,8; Expand h,s -> y;" Y,
         "global-average-pool:4x1x1 expand:4x6x8"},
        {MAPS "ints r 1,1,2,1; Tile x,r -> y;" Y, "expand:4x12x8"},
        {MAPS "Identity x -> a; Dropout a -> b; Cast b -> c to=10; Relu c -> y;" Y, "relu:4x6x8"},
    };
    EXPECT_ALL(cases);
}

static void reductions(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "ReduceMean x -> y axes=2,3;" Y, "reduce-mean:4x1x1"},
        {MAPS "ReduceMean x -> y axes=-2,-1 keepdims=0;" Y, "reduce-mean:4"},
        {"opset 18;" MAPS "ints a 2,3; ReduceMean x,a -> y keepdims=0;" Y, "reduce-mean:4"},
        {MAPS "ints a 1; ReduceSum x,a -> y;" Y, "reduce-sum:1x6x8"},
        {MAPS "ReduceMax x -> y axes=1,;" Y, "reduce-max:1x6x8"},
        {MAPS "ReduceL2 x -> y axes=1,;" Y, "reduce-sum:1x6x8"},
        {MAPS "ReduceSum x -> h noop_with_empty_axes=1; Relu h -> y;" Y, "relu:4x6x8"},
        {"input x 1,9; ArgMax x -> y axis=1 keepdims=0;" Y, "reduce-max:1"},
    };
    EXPECT_ALL(cases);
}

static void shapes_are_computed(void **state) {
    (void)state;
    static const one_case cases[] = {
        /* x.view(x.shape[0], -1), as torch writes it */
        {MAPS "Shape x -> s; int z 0; Gather s,z -> n; ints a 0; Unsqueeze n,a -> m; ints r -1; "
              "Concat m,r -> t axis=0; Reshape x,t -> y;" Y,
         "reshape:192"},
        {"opset 11;" MAPS "Shape x -> s; Slice s,b,e -> t; ints b 1; ints e 2; Cast t -> c to=1; "
         "float h 2; Div c,h -> d; Floor d -> f; Cast f -> i to=7; Concat o,i,q -> p axis=0; "
         "ints o 1; ints q -1; Reshape x,p -> y;" Y,
         "reshape:2x96"},
        {"opset 15;" MAPS "Shape x -> s start=-3 end=-1; ints r 1,-1; Concat r,s -> t axis=0; "
         "Reshape x,t -> y;" Y,
         "reshape:8x4x6"},
        {MAPS "Size x -> n; int k 3; Div n,k -> m; ints a 0; Unsqueeze m,a -> u; ints r 1,3; "
              "Concat r,u -> t axis=0; Reshape x,t -> y;" Y,
         "reshape:3x64"},
        /* the class token of a transformer: -1 becomes the batch */
        {"input x N,7,8; weight t 1,1,8; Shape x -> s; int z 0; Gather s,z -> n; ints a 0; "
         "Unsqueeze n,a -> m; ints r -1,-1; Concat m,r -> q axis=0; ints c 3; "
         "ConstantOfShape c -> o value=tensor:1,; ints l -1; Mul o,l -> k; Equal q,k -> e; "
         "Where e,o,q -> w; Expand t,w -> f; Concat f,x -> y axis=1;" Y,
         "concat:8x8/8"},
        {MAPS "int a 0; int b 12; int c 4; Range a,b,c -> r; Neg r -> n; Abs n -> p; "
              "Gather x,q -> y axis=3; Min p,m -> q; int m 7;" Y,
         "slice:4x6x3"},
        {MAPS
         "ints a 2,3; ReduceProd a -> p keepdims=0; ReduceSum a -> s keepdims=0; "
         "ReduceMax a -> m keepdims=0; ReduceMin a -> n keepdims=0; Sub p,s -> o; Mul m,n -> f; "
         "int z 32; ints u 0; Unsqueeze o,u -> o1; Unsqueeze f,u -> f1; Unsqueeze z,u -> z1; "
         "Concat o1,f1,z1 -> t axis=0; Reshape x,t -> y;" Y,
         "reshape:6x32"},
        {MAPS "ints a 1,4,48; int32s b 9; Cast b -> c to=7; Greater c,d -> g; int d 5; Not g -> h; "
              "Or g,h -> o; And o,g -> q; Where q,a,r -> t; ints r 1,1,1; Reshape x,t -> y;" Y,
         "reshape:4x48"},
        {MAPS "ints a 6; ints b 4; Mod a,b -> c; LessOrEqual c,a -> l; GreaterOrEqual a,c -> g; "
              "Less c,a -> k; And l,g -> d; And d,k -> e; Cast e -> f to=7; Add c,f -> h; "
              "Max h,c -> i; Sub i,f -> j; ints o 1,2; Concat o,j,r -> t axis=0; ints r -1; "
              "Reshape x,t -> y;" Y,
         "reshape:2x2x48"},
        {MAPS "ints p 8,6,4,1; ints b -1; ints e -9223372036854775808; ints z 0; ints t -1; "
              "Slice p,b,e,z,t -> s; Reshape x,s -> h; Relu h -> y;" Y,
         "relu:4x6x8"},
        {MAPS
         "Constant -> c value_ints=1,192; Squeeze c -> d; Identity d -> s; Reshape x,s -> y;" Y,
         "reshape:192"},
        {MAPS
         "float a 4; Sqrt a -> b; Reciprocal b -> c; Exp z -> o; float z 0; Log o -> n; "
         "Add c,n -> h; Ceil h -> u; Round u -> v; Pow a,v -> w; Cast w -> i to=7; ints q 0; "
         "Unsqueeze i,q -> j; ints r 1; Concat r,j,k -> t axis=0; ints k 48; Reshape x,t -> y;" Y,
         "reshape:4x48"},
        {MAPS "ints a 1,2; Split a -> b,c axis=0; Transpose a -> d; Concat b,d,c,r -> t axis=0; "
              "ints r 48; Reshape x,t -> y;" Y,
         "reshape:1x2x2x48"},
        {MAPS "int c 4; ints o 1; ints q 1,48; Expand c,o -> e; Concat e,q -> f axis=0; "
              "Reshape x,f -> y;" Y,
         "reshape:4x1x48"},
    };
    EXPECT_ALL(cases);
}

static void patterns_are_put_together(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "Sigmoid x -> s; Mul x,s -> y;" Y, "silu:4x6x8"},
        {MAPS "Sigmoid x -> s; Mul s,x -> y;" Y, "silu:4x6x8"},
        {MAPS "HardSigmoid x -> s; Mul x,s -> y;" Y, "hard-swish:4x6x8"},
        {"opset 9;" MAPS "float a 3; float b 6; Add x,a -> p; Clip p -> c min=0.0 max=6.0; "
         "Div c,b -> y;" Y,
         "hard-sigmoid:4x6x8"},
        {"opset 9;" MAPS "float a 3; float b 6; Add a,x -> p; Clip p -> c min=0.0 max=6.0; "
         "Div c,b -> d; Mul x,d -> y;" Y,
         "hard-swish:4x6x8"},
        {"opset 9;" MAPS "float a 3; float b 0.1666667; Add x,a -> p; Clip p -> c min=0.0 max=6.0; "
         "Mul x,c -> d; Mul d,b -> y;" Y,
         "hard-swish:4x6x8"},
        {MAPS "float r 1.4142135; float o 1; float h 0.5; Div x,r -> a; Erf a -> b; Add b,o -> c; "
              "Mul x,c -> d; Mul d,h -> y;" Y,
         "gelu:4x6x8"},
        {MAPS "float r 0.70710678; float o 1; float h 0.5; Mul x,r -> a; Erf a -> b; Add o,b -> c; "
              "Mul h,x -> d; Mul d,c -> y;" Y,
         "gelu:4x6x8"},
        {MAPS "float r 1.4142135; float o 1; float h 0.5; Div x,r -> a; Erf a -> b; Add b,o -> c; "
              "Mul c,h -> d; Mul d,x -> y;" Y,
         "gelu:4x6x8"},
        {"input x 1,7,8; float t 2; float e 0.00001; weight s 8; weight b 8; "
         "ReduceMean x -> m axes=-1,; Sub x,m -> d; Pow d,t -> q; ReduceMean q -> v axes=-1,; "
         "Add v,e -> w; Sqrt w -> r; Div d,r -> n; Mul n,s -> o; Add o,b -> y;" Y,
         "layer-norm:7x8/16"},
        {"input x 1,7,8; float e 0.00001; ReduceMean x -> m axes=-1,; Sub x,m -> d; Mul d,d -> q; "
         "ReduceMean q -> v axes=-1,; Add v,e -> w; Sqrt w -> r; Div d,r -> n; Relu n -> y;" Y,
         "layer-norm:7x8 relu:7x8"},
        {X "weight w 4,3,1,1; weight b 1,4,1,1; Conv x,w -> h; Add h,b -> y;" Y,
         "conv:4x8x8/16*768"},
    };
    EXPECT_ALL(cases);
}

/* What somebody else reads stays. */
static void near_patterns_are_left_alone(void **state) {
    (void)state;
    static const one_case cases[] = {
        {MAPS "Sigmoid x -> s; Mul x,s -> h; Add h,s -> y;" Y,
         "sigmoid:4x6x8 mul:4x6x8<0,1 add:4x6x8<2,1"},
        {MAPS "Sigmoid x -> s; Mul x,s -> y; output s;" Y, "sigmoid:4x6x8 mul:4x6x8<0,1"},
        {MAPS "Relu x -> r; Sigmoid x -> s; Mul r,s -> y;" Y,
         "relu:4x6x8 sigmoid:4x6x8<0 mul:4x6x8<1,2"},
        {"opset 9;" MAPS "float a 2; float b 6; Add x,a -> p; Clip p -> c min=0.0 max=6.0; "
         "Div c,b -> y;" Y,
         "add:4x6x8 relu6:4x6x8 div:4x6x8"},
        {"opset 9;" MAPS "float a 3; float b 6; Add x,a -> p; Clip p -> c min=0.0 max=6.0; "
         "Div b,c -> y;" Y,
         "add:4x6x8 relu6:4x6x8 div:4x6x8"},
        {X "weight w 4,3,1,1; weight b 8; Conv x,w -> h; Add h,b -> y;" Y,
         "conv:4x8x8/12*768 add:4x8x8/8"},
        {X "weight w 4,3,1,1; weight b 4,1,1; Conv x,w,b -> h; Add h,b -> y;" Y,
         "conv:4x8x8/16*768 add:4x8x8/4"},
        {"input x 1,7,8; weight w 8,5; weight b 7,1; MatMul x,w -> h; Add h,b -> y;" Y,
         "linear:7x5/40*280 add:7x5/7"},
    };
    EXPECT_ALL(cases);
}

static void nodes_out_of_order_are_sorted(void **state) {
    (void)state;
    expect_layers(MAPS "Add b,a -> y; Relu x -> a; Tanh c -> b; Exp a -> c;" Y,
                  "relu:4x6x8 exp:4x6x8 tanh:4x6x8 add:4x6x8<3,1");
}

static void what_no_output_depends_on_is_dropped(void **state) {
    (void)state;
    expect_layers(MAPS "Nonsense x -> a; Relu x -> y; Tanh y -> b; If a -> c then=graph;" Y,
                  "relu:4x6x8");
}

static void several_outputs_stay(void **state) {
    (void)state;
    expect_layers(MAPS "Relu x -> a; Tanh a -> y; Exp a -> b; output b;" Y,
                  "relu:4x6x8 tanh:4x6x8 exp:4x6x8<1");
}

static void batches_become_one(void **state) {
    (void)state;
    static const one_case cases[] = {
        {"input x batch,4,6,8; Relu x -> y;" Y, "relu:4x6x8"},
        {"input x ?,4,6,8; Relu x -> y;" Y, "relu:4x6x8"},
        {"input x 9; Relu x -> y;" Y, "relu:9"},
        {"input x 16,4,6,8; ints s 0,-1; Reshape x,s -> y;" Y, "reshape:192"},
        {"input x N,4,6,N; Relu x -> y;" Y, "relu:4x6x1"},
    };
    EXPECT_ALL(cases);
}

static void named_dimensions_are_given(void **state) {
    (void)state;
    static const char *const dims[] = {"height=6", "w=id=8", "N=1"};
    es_network_options options = {.n_dims = 3, .dims = dims};
    expect_layers_with("input x N,4,height,w=id; Relu x -> y;" Y, &options, "relu:4x6x8");
}

static void weights_may_be_inputs(void **state) {
    (void)state;
    expect_layers(X "input w 4,3,3,3; input b 4; Conv x,w,b -> y;" Y, "conv:4x6x6/112*3888");
    expect_layers(X "input w 4,3,3,3; ints s 1,-1; Conv x,w -> h; Reshape h,s -> y;" Y,
                  "conv:4x6x6/108*3888 reshape:144");
    expect_layers(X "input w 4,3,3,3; weight w 4,3,3,3; Conv x,w -> y;" Y, "conv:4x6x6/108*3888");
}

static void unknown_operators_are_assumed(void **state) {
    (void)state;
    static const char *const assumed[] = {"a=1x4x3x3", "b=1x9"};
    es_network_options options = {.n_assumed = 2, .assumed = assumed};
    expect_layers_with(MAPS
                       "weight w 5,5; com.foo:Op x,w -> a,b; Flatten a -> c; Concat b,c -> y;" Y,
                       &options, "custom:4x3x3/25 custom:9/25<0 reshape:36<1 concat:45<2,3");
}

static void newer_sets_of_operators(void **state) {
    (void)state;
    expect_layers("opset 9; ir 4;" MAPS "Relu x -> y;" Y, "relu:4x6x8");
    expect_layers("opset 23; ir 11; opset com.foo 1;" MAPS "ai.onnx:Relu x -> y;" Y, "relu:4x6x8");
}

static void names_are_unique_words(void **state) {
    (void)state;
    es_model *model;
    es_errors errors;
    assert_int_equal(import_text(MAPS "Relu x -> a @a\"b; Relu a -> b @a_b; Relu b -> c @a,b; "
                                      "Relu c -> y @input; Tanh y -> z @; output z;",
                                 NULL, &model, &errors),
                     ES_OK);
    static const char *const names[] = {"input", "a_b", "a_b_2", "a_b_3", "input_2", "z"};
    assert_int_equal(model->n_layers, 5);
    for (size_t l = 0; l <= 5; l++)
        assert_string_equal(model->layers[l].name, names[l]);
    assert_string_equal(model->name, "f");
    assert_string_equal(model->source, "f.onnx (ONNX opset 13)");
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(asymmetric_pads_are_kept),
        cmocka_unit_test(pools),
        cmocka_unit_test(products),
        cmocka_unit_test(normalisations),
        cmocka_unit_test(activations),
        cmocka_unit_test(elementwise_operators_broadcast),
        cmocka_unit_test(joins_and_parts),
        cmocka_unit_test(views_and_rearrangements),
        cmocka_unit_test(reductions),
        cmocka_unit_test(shapes_are_computed),
        cmocka_unit_test(patterns_are_put_together),
        cmocka_unit_test(near_patterns_are_left_alone),
        cmocka_unit_test(nodes_out_of_order_are_sorted),
        cmocka_unit_test(what_no_output_depends_on_is_dropped),
        cmocka_unit_test(several_outputs_stay),
        cmocka_unit_test(batches_become_one),
        cmocka_unit_test(named_dimensions_are_given),
        cmocka_unit_test(weights_may_be_inputs),
        cmocka_unit_test(unknown_operators_are_assumed),
        cmocka_unit_test(newer_sets_of_operators),
        cmocka_unit_test(names_are_unique_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
