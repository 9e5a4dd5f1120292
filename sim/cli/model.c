/* edgesplit model */
#include "commands.h"
#include "map.h"
#include "rows.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/network.h"
#include "edgesplit/records.h"

#include <math.h>
#include <string.h>

#define NETWORK_OPTIONS                                                                            \
    {.name = "resolution", .value = "PIXELS", .help = "zoo: input height and width"},              \
        {.name = "dim",                                                                            \
         .value = "NAME=SIZE",                                                                     \
         .help = "ONNX: size of a named dimension",                                                \
         .repeats = true},                                                                         \
    {                                                                                              \
        .name = "assume-shape", .value = "TENSOR=1x64x56x56",                                      \
        .help = "ONNX: what an operator makes that edgesplit does not know", .repeats = true       \
    }
#define FORM_OPTIONS                                                                               \
    {.name = "csv", .help = "print CSV"}, {                                                        \
        .name = "json", .help = "print JSON"                                                       \
    }

static es_status parse_count(const es_arguments *arguments, const char *option, int64_t most,
                             int64_t otherwise, int64_t *count, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL);
    *count = otherwise;
    if (text == NULL || (es_parse_int64((es_slice){text, strlen(text)}, count) == ES_OK &&
                         *count >= 1 && *count <= most))
        return ES_OK;
    return es_arguments_mistake(arguments, errors, "--%s %s: expected 1 to %lld", option, text,
                                (long long)most);
}

/* Opens the network that the operand names. */
static es_status open_network(const es_arguments *arguments, es_model **model, es_errors *errors) {
    es_network_options options = {0};
    options.dims = es_arguments_values(arguments, "dim", &options.n_dims);
    options.assumed = es_arguments_values(arguments, "assume-shape", &options.n_assumed);
    es_status status =
        parse_count(arguments, "resolution", 1 << 20, 0, &options.resolution, errors);
    return status == ES_OK ? es_network_open(arguments->operands[0], &options, model, errors)
                           : status;
}

es_status choose_form(const es_arguments *arguments, es_records_form *form, es_errors *errors) {
    bool csv = es_arguments_has(arguments, "csv"), json = es_arguments_has(arguments, "json");
    *form = csv ? ES_FORM_CSV : json ? ES_FORM_JSON : ES_FORM_TABLE;
    return csv && json ? es_arguments_mistake(arguments, errors, "--csv and --json together")
                       : ES_OK;
}

es_status print_rows(es_records *records, es_records_form form, es_text *above, es_text *below,
                     es_errors *errors) {
    es_text rows = {0};
    es_records_print(records, form, &rows);
    bool failed = rows.failed || above->failed || below->failed;
    if (!failed) {
        if (form == ES_FORM_TABLE && above->length > 0)
            fputs(above->data, stdout);
        fputs(rows.data, stdout);
        if (form == ES_FORM_TABLE && below->length > 0)
            fputs(below->data, stdout);
    }
    free(rows.data);
    free(above->data);
    free(below->data);
    es_records_fini(records);
    return failed ? es_errors_no_memory(errors, NULL) : ES_OK;
}

/* What the paper counts: bottlenecks behind residual blocks. */
typedef struct bottlenecks {
    int64_t blocks, natural, compressive;
} bottlenecks;

/* ES_NO_MEMORY. */
static es_status count_bottlenecks(const es_model *model, bottlenecks *n, es_errors *errors) {
    bool *compressive = es_alloc(model->n_cuts[ES_BLOCK], sizeof *compressive);
    if (compressive == NULL)
        return es_errors_no_memory(errors, NULL);
    es_model_mark_compressive(model, ES_BLOCK, true, compressive);
    *n = (bottlenecks){0};
    for (size_t i = 0; i < model->n_cuts[ES_BLOCK]; i++) {
        const es_cut *cut = &model->cuts[ES_BLOCK][i];
        n->blocks += cut->residual_block;
        n->natural += cut->residual_block && cut->natural;
        n->compressive += compressive[i];
    }
    free(compressive);
    return ES_OK;
}

static const es_cut *last_cut(const es_model *model) {
    return &model->cuts[ES_LEAF][model->n_layers];
}

static const char *input_text(const es_model *model, char text[ES_SHAPE_TEXT]) {
    return es_shape_text(model->layers[0].out, text);
}

static const es_field network_columns[] = {
    {"name", ES_FIELD_TEXT},     {"input", ES_FIELD_TEXT},
    {"layers", ES_FIELD_COUNT},  {"params", ES_FIELD_COUNT},
    {"macs", ES_FIELD_COUNT},    {"residual_blocks", ES_FIELD_COUNT},
    {"natural", ES_FIELD_COUNT}, {"compressive", ES_FIELD_COUNT},
};
enum { N_NETWORK_COLUMNS = sizeof network_columns / sizeof network_columns[0] };

static es_status add_network(es_records *records, const char *name, es_errors *errors) {
    char text[ES_SHAPE_TEXT];
    es_model *model = NULL;
    bottlenecks n;
    es_status status = es_model_create(name, 0, &model, errors);
    if (status == ES_OK)
        status = count_bottlenecks(model, &n, errors);
    if (status != ES_OK) {
        es_model_destroy(model);
        return status;
    }
    es_records_add_text(records, model->name);
    es_records_add_text(records, input_text(model, text));
    es_records_add_count(records, (int64_t)model->n_layers);
    es_records_add_count(records, last_cut(model)->head_params);
    es_records_add_count(records, last_cut(model)->head_macs);
    es_records_add_count(records, n.blocks);
    es_records_add_count(records, n.natural);
    es_records_add_count(records, n.compressive);
    es_model_destroy(model);
    return ES_OK;
}

/* Prints one row for each of the networks [n]. */
static es_status print_networks(const es_arguments *arguments, size_t n, const char *const *names,
                                es_errors *errors) {
    es_records_form form;
    es_records records;
    es_text above = {0}, below = {0};
    es_records_init(&records, N_NETWORK_COLUMNS, network_columns);
    es_status status = choose_form(arguments, &form, errors);
    for (size_t i = 0; status == ES_OK && i < n; i++)
        status = add_network(&records, names[i], errors);
    if (status != ES_OK) {
        es_records_fini(&records);
        return status;
    }
    es_text_add(&below, "layers: every operator; params: trainable parameters; macs: "
                        "multiply-accumulates per image\nnatural, compressive: bottlenecks behind "
                        "residual blocks, in elements (c < 1; record lows of c)\n");
    return print_rows(&records, form, &above, &below, errors);
}

enum { MAX_ZOO = 256 };

static es_status list(const es_arguments *arguments, es_errors *errors) {
    const char *names[MAX_ZOO];
    size_t n = 0;
    for (; es_model_zoo_name(n) != NULL; n++) {
        ES_REQUIRE(n < MAX_ZOO);
        names[n] = es_model_zoo_name(n);
    }
    return print_networks(arguments, n, names, errors);
}

/* Bakhtiarnia et al., "Dynamic Split Computing for Efficient Deep Edge Intelligence", ICASSP 2023.
 */
const char *const paper_networks[] = {
    "efficientnet-b0",    "efficientnet-b1",    "efficientnet-b2",
    "efficientnet-b3",    "efficientnet-b4",    "efficientnet-b5",
    "efficientnet-b6",    "efficientnet-v2-b0", "efficientnet-v2-b1",
    "efficientnet-v2-b2", "efficientnet-v2-b3", "efficientnet-v2-s",
    "efficientnet-v2-m",  "efficientnet-v2-l",  NULL,
};

static es_status paper(const es_arguments *arguments, es_errors *errors) {
    size_t n = sizeof paper_networks / sizeof paper_networks[0] - 1;
    return print_networks(arguments, n, paper_networks, errors);
}

static const es_option table_options[] = {FORM_OPTIONS, {0}};

const es_command command_model_list = {
    .group = "model",
    .name = "list",
    .summary = "the networks of the zoo, with their sizes and bottlenecks",
    .options = table_options,
    .run = list,
};

const es_command command_model_paper = {
    .group = "model",
    .name = "paper",
    .summary = "the 14 networks of Bakhtiarnia et al. (ICASSP 2023) with their bottlenecks",
    .options = table_options,
    .run = paper,
};

/* A pair of sizes as "3x3"; nothing for a layer without a window. */
static void add_pair(es_records *records, const int64_t pair[2]) {
    char text[2 * ES_NUMBER_TEXT] = "";
    if (pair[0] > 0)
        snprintf(text, sizeof text, "%lldx%lld", (long long)pair[0], (long long)pair[1]);
    es_records_add_text(records, text);
}

static void add_inputs(es_records *records, const es_layer *layer) {
    es_text text = {0};
    for (size_t i = 0; i < layer->n_inputs; i++)
        es_text_add(&text, "%s%zu", i > 0 ? " " : "", layer->inputs[i]);
    records->failed |= text.failed;
    es_records_add_text(records, text.failed || text.length == 0 ? "" : text.data);
    free(text.data);
}

static void describe(const es_model *model, es_text *text) {
    char shape[ES_SHAPE_TEXT];
    es_text_add(text,
                "%s: %s\ninput %s; %zu layers in %zu fused units and %zu blocks; %lld "
                "parameters; %lld multiply-accumulates per image\n",
                model->name, model->source, input_text(model, shape), model->n_layers,
                model->n_cuts[ES_FUSED] - 1, model->n_cuts[ES_BLOCK] - 1,
                (long long)last_cut(model)->head_params, (long long)last_cut(model)->head_macs);
}

static es_status show(const es_arguments *arguments, es_errors *errors) {
    static const es_field columns[] = {
        {"index", ES_FIELD_COUNT},  {"name", ES_FIELD_TEXT},     {"op", ES_FIELD_TEXT},
        {"inputs", ES_FIELD_TEXT},  {"in_shape", ES_FIELD_TEXT}, {"out_shape", ES_FIELD_TEXT},
        {"kernel", ES_FIELD_TEXT},  {"stride", ES_FIELD_TEXT},   {"groups", ES_FIELD_COUNT},
        {"params", ES_FIELD_COUNT}, {"macs", ES_FIELD_COUNT},
    };
    es_records_form form;
    es_model *model = NULL;
    es_status status = choose_form(arguments, &form, errors);
    if (status == ES_OK)
        status = open_network(arguments, &model, errors);
    if (status != ES_OK)
        return status;
    es_records records;
    es_text above = {0}, below = {0};
    char text[ES_SHAPE_TEXT];
    es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        es_records_add_count(&records, (int64_t)l);
        es_records_add_text(&records, layer->name);
        es_records_add_text(&records, es_op_text(layer->op));
        add_inputs(&records, layer);
        es_records_add_text(&records, es_shape_text(layer->in, text));
        es_records_add_text(&records, es_shape_text(layer->out, text));
        add_pair(&records, layer->window.kernel);
        add_pair(&records, layer->window.stride);
        es_records_add_count(&records, layer->groups);
        es_records_add_count(&records, layer->params);
        es_records_add_count(&records, layer->macs);
    }
    describe(model, &above);
    es_model_destroy(model);
    return print_rows(&records, form, &above, &below, errors);
}

static const es_option show_options[] = {NETWORK_OPTIONS, FORM_OPTIONS, {0}};

const es_command command_model_show = {
    .group = "model",
    .name = "show",
    .summary = "the layers of a network",
    .operand = "NAME|FILE",
    .least_operands = 1,
    .most_operands = 1,
    .options = show_options,
    .run = show,
};

/* What the table of cuts is to show. */
typedef struct cut_view {
    es_granularity granularity;
    int64_t batch;
    double input_bytes, feature_bytes; /* per element */
    bool residual_blocks_only;
} cut_view;

static es_status parse_bytes(const es_arguments *arguments, const char *option, double otherwise,
                             double *bytes, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL);
    *bytes = otherwise;
    if (text == NULL || (es_parse_double((es_slice){text, strlen(text)}, bytes) == ES_OK &&
                         *bytes > 0 && *bytes <= 1e6))
        return ES_OK;
    return es_arguments_mistake(arguments, errors,
                                "--%s %s: expected bytes per element, more than 0", option, text);
}

static es_status parse_view(const es_arguments *arguments, cut_view *view, es_errors *errors) {
    const char *granularity = es_arguments_value(arguments, "granularity", "block");
    *view = (cut_view){.residual_blocks_only = es_arguments_has(arguments, "residual-blocks-only")};
    (void)parse_count(arguments, "batch", 1000000, 1, &view->batch, errors);
    (void)parse_bytes(arguments, "input-bytes", 1, &view->input_bytes, errors);
    (void)parse_bytes(arguments, "feature-bytes", 4, &view->feature_bytes, errors);
    if (es_granularity_parse(granularity, &view->granularity) != ES_OK)
        es_arguments_mistake(arguments, errors, "--granularity %s: expected leaf, fused or block",
                             granularity);
    else if (view->residual_blocks_only && view->granularity != ES_BLOCK)
        es_arguments_mistake(arguments, errors, "--residual-blocks-only needs blocks, not %s",
                             granularity);
    return es_errors_status(errors);
}

/* The operators of a fused unit, "conv+batch-norm+silu"; of a block the last one. */
static void add_operators(es_records *records, const es_model *model, es_granularity granularity,
                          size_t first, size_t last) {
    es_text text = {0};
    for (size_t l = granularity == ES_BLOCK ? last : first; l <= last; l++)
        es_text_add(&text, "%s%s", text.length > 0 ? "+" : "", es_op_text(model->layers[l].op));
    records->failed |= text.failed;
    es_records_add_text(records, text.failed ? "" : text.data);
    free(text.data);
}

static void add_cut(es_records *records, const es_model *model, const cut_view *view, size_t i,
                    bool compressive) {
    const es_cut *cut = &model->cuts[view->granularity][i], *before = i > 0 ? cut - 1 : NULL;
    double bytes = es_cut_bytes(cut, view->input_bytes, view->feature_bytes);
    char text[ES_SHAPE_TEXT];
    es_records_add_count(records, (int64_t)i);
    es_records_add_text(records, cut->name);
    add_operators(records, model, view->granularity, before != NULL ? before->last_layer + 1 : 0,
                  cut->last_layer);
    es_records_add_text(records, es_shape_text(model->layers[cut->last_layer].out, text));
    es_records_add_count(records, cut->elems);
    es_records_add_real(records, cut->compression);
    es_records_add_count(records, (int64_t)ceil((double)view->batch * bytes));
    es_records_add_flag(records, cut->natural);
    es_records_add_flag(records, compressive);
    es_records_add_flag(records, cut->n_tensors == 1);
    es_records_add_count(records, cut->head_params - (before != NULL ? before->head_params : 0));
    es_records_add_count(records, cut->head_macs - (before != NULL ? before->head_macs : 0));
}

static void sum_up(const cut_view *view, const bottlenecks *n, es_text *text) {
    es_text_add(text,
                "bytes: batch %lld, %g per element of the input, %g per element of a feature map; "
                "c, natural and compressive count elements\n",
                (long long)view->batch, view->input_bytes, view->feature_bytes);
    if (n->blocks > 0)
        es_text_add(text,
                    "behind the %lld residual blocks: %lld natural bottlenecks, %lld of them "
                    "compressive\n",
                    (long long)n->blocks, (long long)n->natural, (long long)n->compressive);
}

static es_status list_cuts(const es_model *model, const cut_view *view, const bottlenecks *n,
                           es_records_form form, es_errors *errors) {
    static const es_field columns[] = {
        {"index", ES_FIELD_COUNT},
        {"name", ES_FIELD_TEXT},
        {"op", ES_FIELD_TEXT},
        {"out_shape", ES_FIELD_TEXT},
        {"crossing_elems", ES_FIELD_COUNT},
        {"c", ES_FIELD_REAL},
        {"bytes", ES_FIELD_COUNT},
        {"natural", ES_FIELD_FLAG},
        {"compressive", ES_FIELD_FLAG},
        {"single_tensor", ES_FIELD_FLAG},
        {"params", ES_FIELD_COUNT},
        {"macs", ES_FIELD_COUNT},
    };
    bool *compressive = es_alloc(model->n_cuts[view->granularity], sizeof *compressive);
    if (compressive == NULL)
        return es_errors_no_memory(errors, NULL);
    es_model_mark_compressive(model, view->granularity, view->residual_blocks_only, compressive);
    es_records records;
    es_text above = {0}, below = {0};
    es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    for (size_t i = 0; i < model->n_cuts[view->granularity]; i++)
        if (!view->residual_blocks_only || model->cuts[ES_BLOCK][i].residual_block)
            add_cut(&records, model, view, i, compressive[i]);
    free(compressive);
    describe(model, &above);
    sum_up(view, n, &below);
    return print_rows(&records, form, &above, &below, errors);
}

static es_status cuts(const es_arguments *arguments, es_errors *errors) {
    es_records_form form;
    cut_view view;
    es_model *model = NULL;
    bottlenecks n;
    es_status status = choose_form(arguments, &form, errors);
    if (parse_view(arguments, &view, errors) != ES_OK)
        status = es_errors_status(errors);
    if (status == ES_OK)
        status = open_network(arguments, &model, errors);
    if (status == ES_OK)
        status = count_bottlenecks(model, &n, errors);
    if (status == ES_OK && view.residual_blocks_only && n.blocks == 0)
        status = es_errors_add(errors, ES_INVALID, NULL, 0,
                               "%s: nothing tells its residual blocks from others; they are known "
                               "of networks of the zoo that have some, and of what was exported "
                               "from these",
                               model->name);
    else if (status == ES_OK)
        status = list_cuts(model, &view, &n, form, errors);
    es_model_destroy(model);
    return status;
}

static const es_option cuts_options[] = {
    {.name = "granularity",
     .value = "leaf|fused|block",
     .help = "every operator, every kernel, or blocks (default)"},
    {.name = "residual-blocks-only", .help = "only behind residual blocks, as the paper counts"},
    {.name = "batch", .value = "N", .help = "images per request; default: 1"},
    {.name = "input-bytes", .value = "N", .help = "per element of the input; default: 1"},
    {.name = "feature-bytes", .value = "N", .help = "per element of a feature map; default: 4"},
    NETWORK_OPTIONS,
    FORM_OPTIONS,
    {0},
};

const es_command command_model_cuts = {
    .group = "model",
    .name = "cuts",
    .summary = "where a network can be cut, what crosses, and its bottlenecks",
    .operand = "NAME|FILE",
    .least_operands = 1,
    .most_operands = 1,
    .options = cuts_options,
    .run = cuts,
};

static es_status export(const es_arguments *arguments, es_errors *errors) {
    const char *output = es_arguments_value(arguments, "output", NULL);
    es_model *model = NULL;
    es_status status = open_network(arguments, &model, errors);
    if (status != ES_OK)
        return status;
    es_text text = {0};
    es_model_write(model, &text);
    es_model_destroy(model);
    if (text.failed)
        status = es_errors_no_memory(errors, NULL);
    else if (output == NULL)
        fwrite(text.data, 1, text.length, stdout);
    else
        status = es_file_write(output, text.data, text.length, es_arguments_has(arguments, "force"),
                               errors);
    if (status == ES_OK && output != NULL)
        puts(output);
    free(text.data);
    return status;
}

static const es_option export_options[] = {
    ES_OPTION_OUTPUT("FILE.model", false, "the text form; default: stdout"),
    ES_OPTION_FORCE,
    NETWORK_OPTIONS,
    {0},
};

const es_command command_model_export = {
    .group = "model",
    .name = "export",
    .summary = "write a network as text: what `edgesplit profile run --model FILE.model` reads",
    .operand = "NAME|FILE",
    .least_operands = 1,
    .most_operands = 1,
    .options = export_options,
    .run = export,
};
