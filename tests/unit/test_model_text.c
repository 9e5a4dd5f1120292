/* The text form of networks: round trips, every mistake, mutated files. */
#include "random_graph.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST "# edgesplit-model: 1\n"
#define TOP   FIRST "# name: net\n# source: by hand\n# input: 3x8x8\n"
#define HEADER                                                                                     \
    "index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,"    \
    "bias,params,macs\n"
#define CONV    "1,c,conv,c,b,1,0,4x4x4,3x3,2x2,1x1,1 1 1 1,1,1,112,1728\n"
#define RELU    "2,r,relu,c,b,1,1,4x4x4,,,,,,,0,0\n"
#define POOL    "3,p,max-pool,p,d,0,2,4x2x2,2x2,2x2,1x1,0 0 0 0,,,0,0\n"
#define JOIN    "4,j,custom,j,d,0,3 3 0,scalar,,,,,,,7,0\n"
#define NETWORK TOP HEADER CONV RELU POOL JOIN

static es_status parse(const char *text, size_t length, es_model **model, es_errors *errors) {
    char *bytes = malloc(length > 0 ? length : 1); /* no byte more, for the sanitisers */
    assert_non_null(bytes);
    memcpy(bytes, text, length);
    es_errors_init(errors);
    *model = NULL;
    es_status status = es_model_parse("net.model", bytes, length, model, errors);
    free(bytes);
    assert_int_equal(status == ES_OK, *model != NULL);
    assert_int_equal(status == ES_OK, errors->n == 0);
    return status;
}

static es_model *parse_right(const char *text) {
    es_errors errors;
    es_model *model;
    es_status status = parse(text, strlen(text), &model, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return model;
}

/* The mistakes of a text are just these, each "LINE: beginning" or ": beginning" of the whole. */
static void expect_mistakes(const char *text, size_t n, const char *const *mistakes) {
    es_errors errors;
    es_model *model;
    assert_int_equal(parse(text, strlen(text), &model, &errors), ES_INVALID);
    for (size_t i = 0; i < errors.n || i < n; i++) {
        char expected[ES_ERROR_TEXT];
        bool has_line = i < n && mistakes[i][0] != ':';
        snprintf(expected, sizeof expected, "net.model%s%s", has_line ? ":" : "",
                 i < n ? mistakes[i] : "none");
        if (i >= errors.n || strncmp(errors.records[i].text, expected, strlen(expected)) != 0) {
            es_errors_print(&errors, stderr);
            fail_msg("expected mistake %zu to be: %s", i, expected);
        }
        assert_int_equal(errors.records[i].status, ES_INVALID);
    }
}

static void expect_mistake(const char *text, const char *mistake) {
    expect_mistakes(text, 1, &mistake);
}

static void assert_same_cuts(const es_model *a, const es_model *b) {
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        assert_int_equal(a->n_cuts[g], b->n_cuts[g]);
        for (size_t i = 0; i < a->n_cuts[g]; i++) {
            es_cut left = a->cuts[g][i], right = b->cuts[g][i];
            assert_string_equal(left.name, right.name);
            assert_int_equal(left.last_layer, right.last_layer);
            assert_int_equal(left.n_tensors, right.n_tensors);
            assert_int_equal(left.elems, right.elems);
            assert_true(left.compression == right.compression);
            assert_int_equal(left.natural, right.natural);
            assert_int_equal(left.compressive, right.compressive);
            assert_int_equal(left.residual_block, right.residual_block);
            assert_int_equal(left.head_params, right.head_params);
            assert_int_equal(left.head_macs, right.head_macs);
        }
    }
}

static void assert_same_layers(const es_model *a, const es_model *b) {
    assert_int_equal(a->n_layers, b->n_layers);
    for (size_t l = 0; l <= a->n_layers; l++) {
        const es_layer *left = &a->layers[l], *right = &b->layers[l];
        assert_string_equal(left->name, right->name);
        assert_int_equal(left->op, right->op);
        assert_true(es_shape_equal(left->in, right->in));
        assert_true(es_shape_equal(left->out, right->out));
        assert_memory_equal(&left->window, &right->window, sizeof left->window);
        assert_int_equal(left->groups, right->groups);
        assert_int_equal(left->bias, right->bias);
        assert_int_equal(left->n_inputs, right->n_inputs);
        for (size_t i = 0; i < left->n_inputs; i++)
            assert_int_equal(left->inputs[i], right->inputs[i]);
        assert_int_equal(left->params, right->params);
        assert_int_equal(left->macs, right->macs);
    }
}

/* Written, read and written again it is the same. */
static void check_round_trip(const es_model *model) {
    es_text first = {0}, second = {0};
    es_model_write(model, &first);
    assert_false(first.failed);
    es_model *again = parse_right(first.data);
    es_model_write(again, &second);
    assert_string_equal(first.data, second.data);
    assert_string_equal(model->name, again->name);
    assert_string_equal(model->source, again->source);
    assert_same_layers(model, again);
    assert_same_cuts(model, again);
    es_model_destroy(again);
    free(first.data);
    free(second.data);
}

static void zoo_survives(void **state) {
    (void)state;
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++) {
        es_errors errors;
        es_errors_init(&errors);
        es_model *model = NULL;
        assert_int_equal(es_model_create(es_model_zoo_name(i), 0, &model, &errors), ES_OK);
        check_round_trip(model);
        es_model_destroy(model);
    }
}

static void random_graphs_survive(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        es_model *model = random_graph(seed, seed % 2 == 0);
        check_round_trip(model);
        es_model_destroy(model);
    }
}

static void text_is_read(void **state) {
    (void)state;
    es_model *model = parse_right(NETWORK);
    assert_string_equal(model->name, "net");
    assert_string_equal(model->source, "by hand");
    assert_int_equal(model->n_layers, 4);
    const es_layer *conv = &model->layers[1], *join = &model->layers[4];
    assert_true(es_shape_equal(conv->in, es_shape_map(3, 8, 8)));
    assert_true(es_shape_equal(conv->out, es_shape_map(4, 4, 4)));
    assert_int_equal(conv->op, ES_OP_CONV);
    assert_int_equal(conv->window.kernel[1], 3);
    assert_int_equal(conv->window.stride[0], 2);
    assert_int_equal(conv->window.after[1], 1);
    assert_true(conv->bias);
    assert_int_equal(conv->macs, 4 * 4 * 4 * 27);
    assert_int_equal(join->n_inputs, 3);
    assert_int_equal(join->inputs[2], 0);
    assert_int_equal(join->out.rank, 0);
    assert_int_equal(join->params, 7);
    assert_int_equal(model->n_cuts[ES_FUSED], 4);
    assert_string_equal(model->cuts[ES_FUSED][1].name, "c");
    assert_int_equal(model->n_cuts[ES_BLOCK], 3);
    assert_true(model->cuts[ES_BLOCK][1].residual_block);
    assert_string_equal(model->cuts[ES_BLOCK][2].name, "d");
    check_round_trip(model);
    es_text text = {0};
    es_model_write(model, &text);
    assert_string_equal(text.data, NETWORK);
    free(text.data);
    es_model_destroy(model);
}

static void other_line_ends_and_remarks_are_read(void **state) {
    (void)state;
    char text[2048];
    size_t n = 0;
    for (const char *c = FIRST "# made: today: 12:00\n# source:\n# input: 8\n# name: a\n" HEADER
                               "1, a ,relu,a, b,0, 0,8,,,,,,,0,0\n";
         *c != '\0'; c++) {
        if (*c == '\n')
            text[n++] = '\r';
        text[n++] = *c;
    }
    text[n] = '\0';
    es_model *model = parse_right(text);
    assert_string_equal(model->name, "a");
    assert_string_equal(model->source, "");
    assert_string_equal(model->layers[1].name, "a");
    assert_string_equal(model->cuts[ES_BLOCK][1].name, "b");
    es_model_destroy(model);
}

static void wrong_files_are_rejected(void **state) {
    (void)state;
    static const char header[] =
        "expected the header `index,name,op,unit,block,residual,inputs,out";
    char text[128];
    es_errors errors;
    es_model *model;
    assert_int_equal(parse("", 0, &model, &errors), ES_INVALID);
    assert_string_equal(errors.records[0].text,
                        "net.model: empty; expected `# edgesplit-model: 1`");
    expect_mistake("PK\x03\x04", "1: expected `# edgesplit-model: 1`");
    expect_mistake("# name: a\n", "1: expected `# edgesplit-model: 1`");
    expect_mistake("\xef\xbb\xbf" NETWORK, "1: a byte order mark; expected plain text");
    expect_mistake("# edgesplit-model: 1", "1: the last line has no end; the file may have been");
    expect_mistake("# edgesplit-model: 2\nwhatever\n",
                   "1: version 2; this program reads up to version 1");
    expect_mistake("# edgesplit-model: 0\n", "1: version \"0\"; expected 1");
    expect_mistake("# edgesplit-model: one\n", "1: version \"one\"; expected 1");
    expect_mistake("# edgesplit-model:\n", "1: version \"\"; expected 1");
    snprintf(text, sizeof text, "5: %s", header);
    expect_mistake(TOP "index,name\n" CONV, text);
    expect_mistake(TOP "\n" HEADER CONV, text);
    snprintf(text, sizeof text, ": no table; %s", header);
    expect_mistake(TOP, text);
    expect_mistake(TOP HEADER, ": no layers");
    expect_mistake(FIRST "# source: s\n# input: 3x8x8\n" HEADER CONV, ": no line `# name: NAME`");
    expect_mistake(FIRST "# name: n\n# input: 3x8x8\n" HEADER CONV, ": no line `# source: TEXT`");
    expect_mistake(FIRST "# name: n\n# source: s\n" HEADER CONV, ": no line `# input: SHAPE` in");
    expect_mistake(TOP "# name: again\n" HEADER CONV, "5: name is there twice");
    expect_mistake(TOP "# source: again\n" HEADER CONV, "5: source is there twice");
    expect_mistake(TOP "# input: 1\n" HEADER CONV, "5: input is there twice");
    expect_mistake(TOP "# : 1\n" HEADER CONV, "5: expected `# key: value`");
    expect_mistake(TOP "# remark\n" HEADER CONV, "5: expected `# key: value`");
    expect_mistake(TOP "#\n" HEADER CONV, "5: expected `# key: value`");
    expect_mistake(FIRST "# name:\n# source: s\n# input: 3x8x8\n" HEADER CONV,
                   "2: name is \"\"; expected a name without blanks, commas and quotes");
    expect_mistake(FIRST "# name: a b\n# source: s\n# input: 3x8x8\n" HEADER CONV,
                   "2: name is \"a b\"; expected a name without");
    expect_mistake(FIRST "# name: a\n# source: s\n# input: 3x0\n" HEADER CONV,
                   "4: input is \"3x0\"; expected a shape, e.g. 3x224x224");
    expect_mistake(TOP HEADER CONV "# remark: x\n" RELU, "7: a remark inside the table; expected");
}

static void bytes_of_no_text_are_rejected(void **state) {
    (void)state;
    static const char with_nul[] = TOP HEADER CONV "2,\0r,relu,c,b,1,1,4x4x4,,,,,,,0,0\n";
    es_errors errors;
    es_model *model;
    assert_int_equal(parse(with_nul, sizeof with_nul - 1, &model, &errors), ES_INVALID);
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.records[0].text,
                        "net.model:7: a control character; expected plain text");
    expect_mistake(TOP HEADER CONV "2,r,re\tlu\n", "7: a control character; expected plain text");
    expect_mistake(TOP "# tool: \x1b[1m\n" HEADER CONV, "5: a control character; expected plain");
    expect_mistake(TOP HEADER CONV RELU POOL "4,j,custom,j,d,0,3,4",
                   "9: the last line has no end; the file may have been cut off");
    /* Without its end the last line is no layer even if it looks complete. */
    expect_mistake(TOP HEADER CONV "2,r,relu,c,b,1,1,4x4x4,,,,,,,0,0",
                   "7: the last line has no end; the file may have been cut off");
    size_t length = (1 << 20) + 100;
    char *text = calloc(length + 1, 1);
    assert_non_null(text);
    memset(text, 'x', length);
    memcpy(text, TOP, strlen(TOP));
    memcpy(text + strlen(TOP), "# x:", 4);
    text[length - 1] = '\n';
    expect_mistakes(text, 2,
                    (const char *const[]){"5: a line of 10486", ": no table; expected the header"});
    free(text);
}

/* Rows behind RELU, one mistake each. */
static const struct {
    const char *row, *mistake;
} wrong_rows[] = {
    {"", "8: 1 fields; expected 16"},
    {"3,a", "8: 2 fields; expected 16"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,0,0,", "8: 17 fields; expected 16"},
    {"2,a,relu,a,b,1,1,4x4x4,,,,,,,0,0", "8: index is \"2\"; expected 3"},
    {",a,relu,a,b,1,2,4x4x4,,,,,,,0,0", "8: index is \"\"; expected 3"},
    {"-3,a,relu,a,b,1,2,4x4x4,,,,,,,0,0", "8: index is \"-3\"; expected 3"},
    {"3,,relu,a,b,1,2,4x4x4,,,,,,,0,0", "8: name is \"\"; expected a name without blanks, commas"},
    {"3,a b,relu,a,b,1,2,4x4x4,,,,,,,0,0", "8: name is \"a b\"; expected a name"},
    {"3,\"a\",relu,a,b,1,2,4x4x4,,,,,,,0,0", "8: name is \"\"a\"\"; expected a name"},
    {"3,a,relu,,b,1,2,4x4x4,,,,,,,0,0", "8: unit is \"\"; expected a name"},
    {"3,a,relu,a,,1,2,4x4x4,,,,,,,0,0", "8: block is \"\"; expected a name"},
    {"3,a,rely,a,b,1,2,4x4x4,,,,,,,0,0", "8: no operator is called \"rely\"; did you mean relu?"},
    {"3,a,einsum-of-all,a,b,1,2,4x4x4,,,,,,,0,0",
     "8: no operator is called \"einsum-of-all\"; one without a name here is \"custom\""},
    {"3,a,input,a,b,1,2,4x4x4,,,,,,,0,0", "8: a: a second input; expected a layer"},
    {"3,a,relu,a,b,2,2,4x4x4,,,,,,,0,0", "8: residual is \"2\"; expected 1 or 0"},
    {"3,a,relu,a,b,,2,4x4x4,,,,,,,0,0", "8: residual is \"\"; expected 1 or 0"},
    {"3,a,relu,a,b,0,2,4x4x4,,,,,,,0,0", "8: residual differs within block b"},
    {"3,a,relu,a,b,1,,4x4x4,,,,,,,0,0", "8: inputs is \"\"; expected numbers of earlier layers"},
    {"3,a,relu,a,b,1,3,4x4x4,,,,,,,0,0", "8: inputs is \"3\"; expected numbers of earlier"},
    {"3,a,add,a,b,1,2 9,4x4x4,,,,,,,0,0", "8: inputs is \"2 9\"; expected numbers of earlier"},
    {"3,a,add,a,b,1,2  1,4x4x4,,,,,,,0,0", "8: inputs is \"2  1\"; expected numbers of earlier"},
    {"3,a,add,a,b,1,2 -1,4x4x4,,,,,,,0,0", "8: inputs is \"2 -1\"; expected numbers of earlier"},
    {"3,a,add,a,b,1,2 r,4x4x4,,,,,,,0,0", "8: inputs is \"2 r\"; expected numbers of earlier"},
    {"3,a,relu,a,b,1,2,,,,,,,,0,0", "8: out_shape is \"\"; expected a shape, e.g. 96x56x56, or"},
    {"3,a,relu,a,b,1,2,4x-4x4,,,,,,,0,0", "8: out_shape is \"4x-4x4\"; expected a shape"},
    {"3,a,relu,a,b,1,2,4x4x5,,,,,,,0,0", "8: a: the output is 4x4x5; expected 4x4x4"},
    {"3,a,relu,a,b,1,2 1,4x4x4,,,,,,,0,0", "8: a: relu reads 2 tensors"},
    {"3,a,relu,a,b,1,2,4x4x4,3x3,,,,,,0,0", "8: kernel is \"3x3\"; expected nothing for relu"},
    {"3,a,relu,a,b,1,2,4x4x4,,3x3,,,,,0,0", "8: stride is \"3x3\"; expected nothing for relu"},
    {"3,a,relu,a,b,1,2,4x4x4,,,1x1,,,,0,0", "8: dilation is \"1x1\"; expected nothing for relu"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,0 0 0 0,,,0,0", "8: padding is \"0 0 0 0\"; expected nothing"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,1,,0,0", "8: groups is \"1\"; expected nothing for relu"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,0,0,0", "8: bias is \"0\"; expected nothing for relu"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,x,0", "8: params is \"x\"; expected a whole number of at"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,,0", "8: params is \"\"; expected a whole number of at"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,0,-1", "8: macs is \"-1\"; expected a whole number of at"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,0,5", "8: macs is 5; from the shapes follow 0"},
    {"3,a,relu,a,b,1,2,4x4x4,,,,,,,1099511627777,0", "8: a: 1099511627777 parameters; expected"},
    {"3,a,max-pool,a,b,1,2,4x2x2,2,2x2,1x1,0 0 0 0,,,0,0", "8: kernel is \"2\"; expected ROWSxCO"},
    {"3,a,max-pool,a,b,1,2,4x2x2,2x2,2x2x2,1x1,0 0 0 0,,,0,0", "8: stride is \"2x2x2\"; expected"},
    {"3,a,max-pool,a,b,1,2,4x2x2,2x2,2x2,1 1,0 0 0 0,,,0,0", "8: dilation is \"1 1\"; expected"},
    {"3,a,max-pool,a,b,1,2,4x2x2,2x2,2x2,1x1,0 0 0,,,0,0",
     "8: padding is \"0 0 0\"; expected TOP LEFT BOTTOM RIGHT, e.g. 1 1 1 1"},
    {"3,a,max-pool,a,b,1,2,4x2x2,2x2,0x2,1x1,0 0 0 0,,,0,0", "8: a: a window of kernel 2, stride"},
    {"3,a,conv,a,b,1,2,4x4x4,1x1,1x1,1x1,0 0 0 0,,1,20,256", "8: groups is \"\"; expected a whole"},
    {"3,a,conv,a,b,1,2,4x4x4,1x1,1x1,1x1,0 0 0 0,1,,20,256", "8: bias is \"\"; expected 1 or 0"},
    {"3,a,conv,a,b,1,2,4x4x4,1x1,1x1,1x1,0 0 0 0,1,1,21,256",
     "8: params is 21; from the shapes follow 20"},
    {"3,r,softmax,a,b,1,2,4x4x4,,,,,,,0,0", "8: name \"r\" is there again; before in line 7"},
};

static void wrong_rows_are_rejected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong_rows / sizeof wrong_rows[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s\n", TOP HEADER CONV RELU, wrong_rows[i].row);
        expect_mistake(text, wrong_rows[i].mistake);
    }
}

static void units_and_blocks_must_follow_the_rule(void **state) {
    (void)state;
    expect_mistake(TOP HEADER CONV "2,r,relu,r,b,1,1,4x4x4,,,,,,,0,0\n",
                   "7: unit is \"r\", but this layer is fused to \"c\"");
    expect_mistake(TOP HEADER CONV "2,r,relu,c,e,1,1,4x4x4,,,,,,,0,0\n",
                   "7: block \"e\" begins inside the unit \"c\"");
    expect_mistake(TOP HEADER CONV RELU "3,s,silu,c,b,1,2,4x4x4,,,,,,,0,0\n",
                   "8: unit is \"c\" as before, but this layer cannot be fused to that before");
    expect_mistake(TOP HEADER CONV RELU POOL "4,s,silu,c,d,0,3,4x2x2,,,,,,,0,0\n",
                   "9: unit \"c\" is there again; before in line 6");
    expect_mistake(TOP HEADER CONV RELU POOL "4,s,silu,s,b,1,3,4x2x2,,,,,,,0,0\n",
                   "9: block \"b\" is there again; before in line 6");
}

/* Rows that are wrong do not hide what is wrong behind them. */
static void all_mistakes_are_reported(void **state) {
    (void)state;
    static const char *const mistakes[] = {
        "5: expected `# key: value`",
        "7: residual is \"x\"; expected 1 or 0",
        "7: params is \"\"; expected",
        "8: no operator is called \"pool\"",
        "9: a: the output is 4x2x3; expected 4x2x2",
        "10: inputs is \"5\"; expected",
        "6: macs is 1729; from the shapes follow 1728",
    };
    expect_mistakes(FIRST "# name: n\n# source: s\n# input: 3x8x8\n# remark\n" HEADER
                          "1,c,conv,c,b,x,0,4x4x4,3x3,2x2,1x1,1 1 1 1,1,1,,1728\n",
                    3, (const char *const[]){mistakes[0], mistakes[1], mistakes[2]});
    expect_mistakes(TOP HEADER "1,c,conv,c,b,1,0,4x4x4,3x3,2x2,1x1,1 1 1 1,1,1,112,1729\n" RELU
                               "3,p,pool,p,d,0,2,4x2x2,2x2,2x2,1x1,0 0 0 0,,,0,0\n"
                               "4,a,relu,a,d,0,3,4x2x3,,,,,,,0,0\n"
                               "5,e,relu,e,d,0,5,4x2x2,,,,,,,0,0\n",
                    4, &mistakes[3]);
    expect_mistakes(TOP HEADER "1,a,relu,a,b,0,0,3x8,,,,,,,0,0\n"
                               "2,a,relu,c,b,0,9,?,,,,,,,0,0\n"
                               "3,a,relu\n"
                               "4,d,relu,d,a b,0,0,3x8x8,,,,,,,0,0\n",
                    6,
                    (const char *const[]){
                        "6: a: the output is 3x8; expected 3x8x8", "7: inputs is \"9\"; expected",
                        "7: out_shape is \"?\"; expected", "8: 3 fields; expected 16",
                        "9: block is \"a b\"; expected", "7: name \"a\" is there again"});
    expect_mistakes(TOP HEADER CONV "2,\t\n" RELU "5,p\n", 3,
                    (const char *const[]){"7: a control character", "8: index is \"2\"; expected 3",
                                          "9: 2 fields; expected 16"});
    es_errors errors;
    es_model *model;
    es_text text = {0};
    es_text_add(&text, "%s", TOP HEADER);
    for (int i = 0; i < 100; i++)
        es_text_add(&text, "x\n");
    assert_int_equal(parse(text.data, text.length, &model, &errors), ES_INVALID);
    assert_int_equal(errors.n + errors.lost, 100);
    free(text.data);
}

static void files_are_loaded(void **state) {
    (void)state;
    char path[64];
    es_errors errors;
    es_errors_init(&errors);
    es_model *model = NULL;
    snprintf(path, sizeof path, "test_model_text.%ld.model", (long)getpid());
    assert_int_equal(es_model_load(path, &model, &errors), ES_NO_INPUT);
    es_errors_init(&errors);
    assert_int_equal(es_model_load("/", &model, &errors), ES_NO_INPUT);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_true(fputs(NETWORK, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    es_errors_init(&errors);
    es_status status = es_model_load(path, &model, &errors);
    remove(path);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
    assert_int_equal(model->n_layers, 4);
    check_round_trip(model);
    es_model_destroy(model);
}

static void memory_that_runs_out_is_reported(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        es_errors errors;
        es_errors_init(&errors);
        es_model *model = NULL;
        char bytes[] = NETWORK;
        fault_alloc_fail_at(n);
        es_status status = es_model_parse("net.model", bytes, strlen(bytes), &model, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        if (!struck) {
            assert_true(n > 20);
            assert_int_equal(status, ES_OK);
            es_model_destroy(model);
            return;
        }
        assert_int_equal(status, ES_NO_MEMORY);
        assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
        assert_int_equal(errors.n, 1);
        assert_null(model);
    }
}

/* Either mistakes, or a model that survives being written. */
static size_t check_mutant(const char *text, size_t length) {
    es_errors errors;
    es_model *model;
    if (parse(text, length, &model, &errors) != ES_OK)
        return 0;
    check_round_trip(model);
    es_model_destroy(model);
    return 1;
}

static void mutated_files_are_rejected_or_right(void **state) {
    (void)state;
    static const char network[] = NETWORK;
    static const char other[] = {'\0', '\n', '\r', ',', ' ', '0',   '1',
                                 '9',  'x',  '-',  '#', '"', '\xff'};
    char text[sizeof network];
    size_t length = sizeof network - 1, n_right = 0;
    for (size_t i = 0; i < length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(text, network, sizeof text);
            text[i] = (char)(text[i] ^ 1 << bit);
            n_right += check_mutant(text, length);
        }
        for (size_t k = 0; k < sizeof other; k++) {
            memcpy(text, network, sizeof text);
            text[i] = other[k];
            n_right += check_mutant(text, length);
        }
        memcpy(text, network, i);
        memcpy(text + i, network + i + 1, length - i - 1);
        n_right += check_mutant(text, length - 1);
        assert_true(i == 0 || network[i - 1] == '\n' || check_mutant(network, i) == 0);
    }
    assert_true(n_right > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoo_survives),
        cmocka_unit_test(random_graphs_survive),
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(other_line_ends_and_remarks_are_read),
        cmocka_unit_test(wrong_files_are_rejected),
        cmocka_unit_test(bytes_of_no_text_are_rejected),
        cmocka_unit_test(wrong_rows_are_rejected),
        cmocka_unit_test(units_and_blocks_must_follow_the_rule),
        cmocka_unit_test(all_mistakes_are_reported),
        cmocka_unit_test(files_are_loaded),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(mutated_files_are_rejected_or_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
