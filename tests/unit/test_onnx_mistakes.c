#include "onnx_import.h"

#define X    "input x 1,3,8,8;"
#define MAPS "input x 1,4,6,8;"
#define Y    "output y;"

typedef struct mistake {
    const char *file, *part; /* of the one message that is due */
} mistake;

static void expect_all(size_t n, const mistake *mistakes) {
    for (size_t i = 0; i < n; i++)
        expect_mistake(mistakes[i].file, mistakes[i].part);
}
#define EXPECT_ALL(mistakes) expect_all(sizeof(mistakes) / sizeof(mistakes)[0], mistakes)

static void bytes_that_are_no_onnx_file(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *part;
    } cases[] = {
        {"", 0, "f.onnx: the file is empty"},
        {"hello,\nworld\n", 13, "a text file; expected an ONNX file"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "git lfs pull"},
        {"PK\3\4....", 8, "a zip archive"},
        {"\x08\x08\x3a", 3, "at byte 3 a message ends within a field"},
        {"\x08\x08\x3a\x05\x0a", 5, "at byte 2 5 bytes are announced, but 1 are there"},
        {"\x08\x08\x3a\x02\x0a\x05", 6, "at byte 4 5 bytes are announced, but 0 are there"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12,
         "a number is longer than 10 bytes"},
        {"\x08\x08\x3b\x3c", 4, "at byte 2 a field is of no known kind"},
        {"\x08\x08\x07", 3, "at byte 2 a field has no number"},
        {"\x08\x08\x3a\x00\x3a\x00", 6, "at byte 4 a message occurs a second time"},
        {"\x08\x08\x38\x01", 4, "a field is of another kind than ONNX says"},
        {"\x08\x08\x12\x01\x61", 5, "it has no graph or no version"},
        {"\x3a\x02\x12\x00", 4, "it has no graph or no version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_model *model;
        es_errors errors;
        assert_int_equal(import_bytes(cases[i].bytes, cases[i].length, NULL, &model, &errors),
                         ES_INVALID);
        assert_int_equal(errors.n, 1);
        if (strstr(errors.records[0].text, cases[i].part) == NULL)
            fail_msg("expected: %s\nfound: %s", cases[i].part, errors.records[0].text);
    }
}

/* A varint: 7 bits per byte, the lowest first. */
static size_t put_varint(char *to, size_t value) {
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (char)(value | 0x80);
    to[n++] = (char)value;
    return n;
}

/* A graph that consists of `n` pieces is more than what is read. */
static void expect_too_much(size_t n, const char *piece, size_t piece_length, const char *part) {
    char *bytes = test_malloc(n * piece_length + 32);
    es_model *model;
    es_errors errors;
    static const char head[] = "\x08\x08\x42\x02\x10\x0d\x3a"; /* versions; then the graph */
    memcpy(bytes, head, sizeof head);
    size_t at = sizeof head - 1;
    at += put_varint(bytes + at, n * piece_length);
    for (size_t i = 0; i < n; i++, at += piece_length)
        memcpy(bytes + at, piece, piece_length);
    assert_int_equal(import_bytes(bytes, at, NULL, &model, &errors), ES_INVALID);
    assert_int_equal(errors.n, 1);
    if (strstr(errors.records[0].text, part) == NULL)
        fail_msg("expected: %s\nfound: %s", part, errors.records[0].text);
    test_free(bytes);
}

static void graphs_beyond_the_limits(void **state) {
    (void)state;
    static const char empty_node[] = {0x0a, 0x00};
    char node[1100] = {0x0a}, *name = node + 3;
    expect_too_much(2200000, empty_node, sizeof empty_node, "a graph of more than 2097152 fields");
    expect_too_much(1050000, empty_node, sizeof empty_node, "1050000 nodes; expected at most");
    /* a node with nothing but a name */
    put_varint(node + 1, 3 + 1024);
    name[0] = 0x1a;
    put_varint(name + 1, 1024);
    memset(name + 3, 'a', 1024);
    expect_too_much(33000, node, 6 + 1024,
                    "the graph without weights is longer than 33554432 bytes");
    put_varint(node + 1, 3 + 1025);
    put_varint(name + 1, 1025);
    name[3 + 1024] = 'a';
    expect_too_much(1, node, 6 + 1025, "a name is longer than 1024 bytes");
}

/* Cut off anywhere, or with any bit turned, it is a mistake or another network, with all memory
 * given back. */
static void damaged_files(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes =
        onnx_file_make(MAPS "weight w 4,4,1,1; ints s 1,-1; Conv x,w -> a pads=0,0,0,0; "
                            "Sigmoid a -> b; Mul a,b -> c; Reshape c,s -> y;" Y,
                       &length);
    es_model *model;
    es_errors errors;
    for (size_t n = 0; n < length; n++) {
        es_status status = import_bytes(bytes, n, NULL, &model, &errors);
        assert_true((status == ES_OK) == (errors.n == 0));
        es_model_destroy(model);
    }
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        es_status status = import_bytes(bytes, length, NULL, &model, &errors);
        assert_true((status == ES_OK) == (errors.n == 0));
        es_model_destroy(model);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    free(bytes);
}

static void versions(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {"ir 99;" MAPS "Relu x -> y;" Y, "f.onnx: ONNX IR version 99; expected 3 to 13"},
        {"ir 2;" MAPS "Relu x -> y;" Y, "ONNX IR version 2"},
        {"opset 8;" MAPS "Relu x -> y;" Y, "operator set 8; expected 9 to 23"},
        {"opset 24;" MAPS "Relu x -> y;" Y, "operator set 24; expected 9 to 23"},
    };
    EXPECT_ALL(mistakes);
}

static void graphs(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {MAPS "Relu x -> y;", "the graph has no outputs"},
        {MAPS Y, "the output \"y\" is made by no node"},
        {MAPS "Relu z -> y;" Y,
         "node \"n0\" (Relu): it reads \"z\", which is neither an input nor made"},
        {MAPS "Add x,b -> a; Relu a -> b; Tanh b -> y;" Y,
         "reads what is computed from its own output: a cycle"},
        {MAPS "Add x,y -> y;" Y,
         "node \"n0\" (Add): it reads what is computed from its own output"},
        {MAPS "Relu x -> y; Tanh x -> y;" Y, "the tensor \"y\" is made twice"},
        {MAPS "Relu x -> x; Tanh x -> y;" Y, "the tensor \"x\" is made twice"},
        {MAPS "weight w 3; weight w 3; Relu x -> y;" Y, "the tensor \"w\" is made twice"},
        {"input x 1,4; input x 1,4; Relu x -> y;" Y, "the tensor \"x\" is made twice"},
        {MAPS "Identity x -> y;" Y, "no layers between the input and the outputs"},
        {MAPS "weight w 3; Identity w -> y;" Y, "no layers between the input and the outputs"},
        {MAPS "If x -> y then=graph;" Y, "node \"n0\" (If): control flow"},
        {MAPS "Relu x -> y body=graph;" Y, "control flow"},
        {MAPS "Nonsense x -> y @first;" Y,
         "node \"first\" (Nonsense): this operator is unknown; --assume-shape 'y=1x64x56x56'"},
        {MAPS "com.foo:Relu x -> y;" Y, "node \"n0\" (Relu of domain com.foo): this operator is"},
        {MAPS "Nonsense x -> y @;" Y, "node \"y\" (Nonsense)"},
        {"weight w 3; Relu w -> y;" Y, "the graph has no input besides weights"},
    };
    EXPECT_ALL(mistakes);
}

static void several_mistakes_are_all_reported(void **state) {
    (void)state;
    expect_mistakes_with(MAPS
                         "Foo x -> a; Relu a -> b; Bar x -> c; Add b,c -> d; Concat d,x -> y;" Y,
                         NULL, ES_INVALID, (const char *const[]){"(Foo)", "(Bar)", NULL});
}

static void inputs(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {"input x 1,3,height,8; Relu x -> y;" Y,
         "the input \"x\" has a dimension named \"height\"; --dim 'height=SIZE'"},
        {"input x 1,3,?,8; Relu x -> y;" Y, "dimension 2 of the input \"x\" is 0"},
        {"input x 1,3,-4,8; Relu x -> y;" Y, "dimension 2 of the input \"x\" is -4"},
        {"input x 1,3,4611686018427387904,8; Relu x -> y;" Y, "is 4611686018427387904"},
        {"input x 1,1048576,1048576,8; Relu x -> y;" Y, "and 2^40 elements"},
        {"input x 1,1,1,1,1,1,1,1,1; Relu x -> y;" Y, "has 9 dimensions; expected at most 8"},
        {"input x 1,1,1,1,1,1,1,2; Relu x -> y;" Y, "expected at most 6 dimensions besides"},
        {"input x; Relu x -> y;" Y, "the input \"x\" is no tensor, or has no shape"},
        {MAPS "input z 1,4,6,8; weight w 4,4,1,1; Conv z,w -> a; Add x,a -> y;" Y,
         "a second input, \"z\""},
        {MAPS "input z N,4,6,8; Relu z -> a; Add x,a -> y;" Y, "N"},
        {MAPS "input z 1,4,6,8; input w 4,4,1,1; Conv z,w -> a; Add x,a -> y;" Y,
         "it reads no image, only weights: a network with two inputs?"},
        {MAPS "input z 1099511627776,1099511627776; Add x,z -> y;" Y, "more than 2^40 elements"},
        {MAPS "weight w -1; Add x,w -> y;" Y,
         "the constant \"w\" has a negative dimension or more than 2^40 elements"},
        {MAPS "weight w 1048576,1048576,2; Add x,w -> y;" Y, "the constant \"w\""},
        {MAPS "weight w 1,1,1,1,1,1,1,1,1; Add x,w -> y;" Y,
         "has 9 dimensions; expected at most 8"},
    };
    EXPECT_ALL(mistakes);
}

static void options_must_fit(void **state) {
    (void)state;
    static const struct {
        const char *dim, *assumed, *part;
    } cases[] = {
        {"height", NULL, "a dimension given as \"height\"; expected NAME=SIZE"},
        {"width=8", NULL, "NAME a dimension of the input"},
        {"height=zero", NULL, "expected NAME=SIZE, a size of 1 or more"},
        {"height=0", NULL, "a size of 1 or more"},
        {"N=2", NULL, "it is the batch"},
        {NULL, "y", "a shape assumed as \"y\"; expected TENSOR=1x64x56x56"},
        {NULL, "y=1x-4", "expected TENSOR=1x64x56x56"},
        {NULL, "middel=1x4", "which no node makes; did you mean \"middle\"?"},
        {NULL, "x=1x4", "which no node makes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_network_options options = {.n_dims = cases[i].dim != NULL,
                                      .dims = &cases[i].dim,
                                      .n_assumed = cases[i].assumed != NULL,
                                      .assumed = &cases[i].assumed};
        const char *file = cases[i].dim != NULL && strncmp(cases[i].dim, "height=", 7) == 0
                               ? "input x N,4,height,8; Relu x -> y;" Y
                               : "input x N,4,6,8; Relu x -> middle; "
                                 "Tanh middle -> y;" Y;
        es_model *model;
        es_errors errors;
        bool found = false;
        assert_int_not_equal(import_text(file, &options, &model, &errors), ES_OK);
        for (size_t k = 0; k < errors.n; k++)
            found = found || strstr(errors.records[k].text, cases[i].part) != NULL;
        if (!found)
            fail_msg("expected: %s\nfound: %s", cases[i].part, errors.records[0].text);
    }
}

static void windows(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {X "Conv x -> y;" Y, "expected two or three inputs"},
        {X "Conv x,x -> y;" Y, "its weights \"x\" depend on the image"},
        {X "weight w 4,3,3; Conv x,w -> y;" Y, "weights of rank 3 for a tensor of rank 4"},
        {"input x 1,3,4,4,4; weight w 4,3,1,1,1; Conv x,w -> y;" Y,
         "a window over a tensor of rank 5"},
        {X "weight w 4,2,3,3; Conv x,w -> y;" Y, "it reads 3 channels and writes 4"},
        {X "weight w 4,1,3,3; Conv x,w -> y group=3;" Y, "in each of 3 groups"},
        {X "weight w 4,3,3,3; Conv x,w -> y group=0;" Y, "in each of 0 groups"},
        {X "weight w 4,3,9,9; Conv x,w -> y;" Y, "a window of 9 does not fit into 8 pixels"},
        {X "weight w 4,3,3,3; Conv x,w -> y strides=2,;" Y, "1 strides; expected 2"},
        {X "weight w 4,3,3,3; Conv x,w -> y strides=0,1;" Y, "a stride of 0; expected 1"},
        {X "weight w 4,3,3,3; Conv x,w -> y strides=9223372036854775807,1;" Y, "a stride of 922"},
        {X "weight w 4,3,3,3; Conv x,w -> y dilations=1,-1;" Y, "a dilation of -1"},
        {X "weight w 4,3,3,3; Conv x,w -> y pads=1,1;" Y, "2 pads; expected 4"},
        {X "weight w 4,3,3,3; Conv x,w -> y pads=1,1,-1,1;" Y, "a padding of -1"},
        {"input x 1,1,1048576,1048576; weight w 1,1,2048,2048; Conv x,w -> y @big;" Y,
         "node \"big\" (Conv): "},
        {X "weight w 4,5,2,2; ConvTranspose x,w -> y;" Y, "weights for 4 channels; it reads 3"},
        {X "weight w 3,5,2,2; ConvTranspose x,w -> y output_padding=-1,0;" Y,
         "output_padding of -1"},
        {X "weight w 3,5,2,2; ConvTranspose x,w -> y output_shape=4,;" Y, "of 1 dimensions"},
        {X "weight w 3,5,2,2; ConvTranspose x,w -> y pads=8,8,8,8;" Y,
         "its output would be 1x5x-7x-7"},
        {X "MaxPool x -> y;" Y, "expected a kernel_shape"},
        {X "MaxPool x -> y kernel_shape=2,;" Y, "a kernel of 1 dimensions; expected 2"},
        {X "MaxPool x -> y kernel_shape=0,1;" Y, "a kernel of 0"},
        {X "MaxPool x -> a,i kernel_shape=2,2; Concat a,i -> y;" Y, "the places of the maxima"},
        {X "weight w 1,3,8,8; MaxPool w -> a kernel_shape=1,1; Add x,a -> y;" Y,
         "it reads no image, only weights"},
        {"input x 1,3; GlobalAveragePool x -> y;" Y, "expected a tensor of batch, channels and"},
    };
    EXPECT_ALL(mistakes);
}

static void products_and_norms(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {MAPS "weight w 8,5; Gemm x,w -> y;" Y, "expected two matrices"},
        {"input x 1,8; weight w 8,5; Gemm x,w -> y transA=1;" Y, "are understood"},
        {"input x 1,8; Gemm x,x -> y;" Y, "only products of data with constant weights"},
        {"input x 1,8; weight w 7,5; Gemm x,w -> y;" Y, "a product of 1x8 and 7x5 is not defined"},
        {"input x 1,8; weight w 7,5; MatMul x,w -> y;" Y,
         "a product of 1x8 and 7x5 is not defined"},
        {"input x 1,7,8; weight w 8; MatMul x,w -> y;" Y, "expected two matrices or stacks"},
        {"input x 1,7,8; weight w 5,7; MatMul w,x -> y;" Y,
         "constants times data are not understood"},
        {MAPS "weight w 5; BatchNormalization x,w,w,w,w -> y;" Y, "and a scale for each"},
        {"opset 17;" MAPS "weight w 4; LayerNormalization w,w -> h; Add x,h -> y;" Y,
         "expected data with channels"},
    };
    EXPECT_ALL(mistakes);
}

static void elementwise_operators(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {MAPS "weight w 5; Add x,w -> y;" Y, "1x4x6x8 and 5 cannot be broadcast to each other"},
        {MAPS "Sum x,x,x -> y;" Y, "3 operands; two are understood"},
        {MAPS "Relu -> y;" Y, "expected an input"},
        {MAPS "Relu x -> h; Clip x,h -> y;" Y, "its bound \"h\" depends on the image"},
        {MAPS "Pow x,x -> y;" Y, "its exponent depends on the image"},
        {MAPS "PRelu x,x -> y;" Y, "constant slopes"},
        {MAPS "Floor x -> y;" Y, "understood of constants only; --assume-shape 'y=1x4x6x8'"},
        {MAPS "Equal x,x -> y;" Y, "understood of constants only"},
        {MAPS "Where x,x,x -> y;" Y, "understood of constants only"},
        {MAPS "ints a 1,2; ints b 1,2,3; Where a,b,b -> c; Reshape x,c -> y;" Y, "go together"},
        {MAPS "int a 0; Div a,a -> b; Reshape x,b -> y;" Y, "its shape (\"b\") are not known"},
        {MAPS "int a 9223372036854775807; Add a,a -> b; Reshape x,b -> y;" Y, "are not known"},
        {MAPS "int a -9223372036854775808; Neg a -> b; Reshape x,b -> y;" Y, "are not known"},
        {MAPS "int a -9223372036854775808; int m -1; Div a,m -> b; Reshape x,b -> y;" Y,
         "are not known"},
        {MAPS "Dropout x -> h,m; Concat h,m -> y;" Y, "its mask is read"},
    };
    EXPECT_ALL(mistakes);
}

static void parts(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {MAPS "Concat x,x -> y axis=4;" Y, "axis 4 of a tensor of rank 4"},
        {MAPS "weight w 1,4,6,7; Concat x,w -> y axis=1;" Y, "the part \"w\" of shape 1x4x6x7"},
        {MAPS "weight w 4; Concat x,w -> y axis=1;" Y, "the part \"w\" of shape 4 does not go"},
        {MAPS "Concat x,,x -> y axis=1;" Y, "input 1 is left out"},
        {MAPS "Split x -> a,b,y axis=1;" Y, "4 elements cannot be split into 3 equal parts"},
        {MAPS "ints s 3,2; Split x,s -> a,y axis=1;" Y, "2 parts of together 5 elements"},
        {MAPS "ints s -1,5; Split x,s -> a,y axis=1;" Y, "a part of -1 elements"},
        {"opset 18;" MAPS "Split x -> a,b,c,d,y axis=1 num_outputs=5;" Y, "n0"},
        {MAPS "Slice x,x,x -> y;" Y, "its starts (\"x\") are not known before the network runs"},
        {MAPS "ints s 1; ints e 1; Slice x,s,e -> y;" Y, "its output would be 0x4x6x8"},
        {MAPS "ints s 1; ints e 1,2; Slice x,s,e -> y;" Y, "1 starts, 2 ends"},
        {MAPS "ints s 1; ints e 2; ints a 0; ints t 0; Slice x,s,e,a,t -> y;" Y, "a step of 0"},
        {MAPS "ints s 1,1; ints e 2,2; ints a 1,-3; Slice x,s,e,a -> y;" Y, "axis -3 twice"},
        {MAPS "int i 8; Gather x,i -> y axis=3;" Y, "place 8 of a dimension of 8"},
        {MAPS "Gather x,x -> y;" Y, "expected data and constant places"},
        {"input x 1,2,2,2,2,2; weight i 2,2,2,2; Gather x,i -> y;" Y, "more than 8 dimensions"},
        {MAPS "ints p 0,1; Pad x,p -> y;" Y, "2 pads; expected 8"},
        {MAPS "ints p 0,0,0,-9,0,0,0,0; Pad x,p -> y;" Y, "its output would be 1x4x6x-1"},
        {MAPS "ints p 0,0,0,9223372036854775807,0,0,0,0; Pad x,p -> y;" Y, "pads of 922"},
        {"opset 9;" MAPS "floats s 2,2; Upsample x,s -> y;" Y, "2 scales for a tensor of rank 4"},
        {"opset 9;" MAPS "floats s 1,1,0,2; Upsample x,s -> y;" Y, "a scale of 0"},
        {"opset 9;" MAPS "floats s 1,1,nan,2; Upsample x,s -> y;" Y, "a scale of nan"},
        {"opset 9;" MAPS "weight s 4; Upsample x,s -> y;" Y, "its scales or sizes are not known"},
        {MAPS "ints s 1,4,5; Resize x,,,s -> y;" Y, "3 sizes for a tensor of rank 4"},
        {"opset 18;" MAPS "ints s 5,5; Resize x,,,s -> y axes=2,3;" Y, "axes and policies"},
    };
    EXPECT_ALL(mistakes);
}

static void views(void **state) {
    (void)state;
    static const mistake mistakes[] = {
        {MAPS "ints s 1,191; Reshape x,s -> y;" Y, "1x4x6x8 cannot become 1x191"},
        {MAPS "ints s 7,-1; Reshape x,s -> y;" Y, "1x4x6x8 cannot become 7x-1"},
        {MAPS "ints s -1,-1; Reshape x,s -> y;" Y, "cannot become -1x-1"},
        {MAPS "ints s 4611686018427387904,4; Reshape x,s -> y;" Y, "cannot become"},
        {MAPS "ints s 1,1,1,1,1,1,1,1,-1; Reshape x,s -> y;" Y, "at most 8 dimensions"},
        {MAPS "Reshape x -> y;" Y, "expected a shape"},
        {MAPS "floats s 1,192; Reshape x,s -> y;" Y, "expected constant integers"},
        {"input x 8,4,6,8; ints s 8,192; Reshape x,s -> y;" Y,
         "1x4x6x8 cannot become 8x192 (the file is for batches of 8, read as 1"},
        {MAPS "Flatten x -> y axis=5;" Y, "axis 5 of a tensor of rank 4"},
        {"opset 11;" MAPS "Squeeze x -> y axes=1,;" Y, "dimension 1 has a size of 4; expected 1"},
        {"opset 11;" MAPS "Unsqueeze x -> y axes=0,1,2,3,4;" Y, "at most 8 dimensions"},
        {"opset 11;" MAPS "Unsqueeze x -> y axes=1,1;" Y, "axis 1 twice"},
        {MAPS "Transpose x -> y perm=0,1;" Y, "an order of 2 dimensions for a tensor of rank 4"},
        {MAPS "Transpose x -> y perm=0,1,2,2;" Y, "axis 2 twice"},
        {MAPS "DepthToSpace x -> y blocksize=3;" Y, "blocks of 3 do not divide it"},
        {MAPS "DepthToSpace x -> y blocksize=0;" Y, "a blocksize of 1 to 1024"},
        {MAPS "ints s 5; Expand x,s -> y;" Y, "1x4x6x8 cannot become 5"},
        {MAPS "ints r 2,2; Tile x,r -> y;" Y, "2 repeats for a tensor of rank 4"},
        {MAPS "ints r 1,1,1,9223372036854775807; Tile x,r -> y;" Y, "repeats"},
        {MAPS "ints r 1,1,1,-1; Tile x,r -> y;" Y, "-1 repeats"},
        {MAPS "ReduceMean x -> y axes=4,;" Y, "axis 4 of a tensor of rank 4"},
        {MAPS "ArgMax x -> y axis=-5;" Y, "axis -5 of a tensor of rank 4"},
        {MAPS "ArgMax x -> y axis=4;" Y, "axis 4 of a tensor of rank 4"},
        {"opset 9;" MAPS
         "Pad x -> y pads=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
         ",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0;" Y,
         "65 pads; expected at most 64"},
        {MAPS "ints s 1048576,1048576,2; ConstantOfShape s -> c; Add x,c -> y;" Y,
         "at most 2^40 elements"},
        {MAPS "Constant -> c; Add x,c -> y;" Y, "expected numbers as its value"},
        {MAPS "Constant -> c value=tensor:1.; Range c,x,c -> r; Add x,r -> y;" Y,
         "expected constant start, limit and delta"},
        {MAPS "ints s 1,1,4,1,6,1,8,1; Reshape x,s -> y;" Y, "at most 6 of them"},
    };
    EXPECT_ALL(mistakes);
}

/* Every allocation fails in turn: the status says so, and nothing is leaked. */
static void memory_runs_out(void **state) {
    (void)state;
    size_t length, n = 1;
    uint8_t *bytes =
        onnx_file_make(MAPS "weight w 4,4,1,1; ints s 1,-1; Conv x,w -> a; Sigmoid a -> b; "
                            "Mul a,b -> c @a; Shape c -> d; Reshape c,s -> y @a;" Y,
                       &length);
    static const es_network_options none;
    for (bool struck = true; struck; n++) {
        FILE *stream = fmemopen(bytes, length, "rb");
        es_model *model = NULL;
        es_errors errors;
        assert_non_null(stream);
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = onnx_read(stream, "f.onnx", &none, &model, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true((model == NULL) == struck);
        assert_true(errors.n == (struck ? 1 : 0));
        es_model_destroy(model);
        fclose(stream);
    }
    assert_true(n > 100);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_onnx_file),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(graphs_beyond_the_limits),
        cmocka_unit_test(versions),
        cmocka_unit_test(graphs),
        cmocka_unit_test(several_mistakes_are_all_reported),
        cmocka_unit_test(inputs),
        cmocka_unit_test(options_must_fit),
        cmocka_unit_test(windows),
        cmocka_unit_test(products_and_norms),
        cmocka_unit_test(elementwise_operators),
        cmocka_unit_test(parts),
        cmocka_unit_test(views),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
