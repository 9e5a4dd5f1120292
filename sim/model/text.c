/* The neutral text form of a network:
 *
 *   # edgesplit-model: 1           the first line: version of this grammar
 *   # name: NAME
 *   # source: TEXT                 the paper or file that the network follows
 *   # input: 3x224x224             what one image is
 *   index,name,op,unit,block,...   the header, as below
 *   1,stem.conv,conv,stem,...      one row per layer, in order
 *
 * Other "# key: value" lines are remarks. Lines end with LF or CR LF. Names have no blanks, commas,
 * quotes or control characters. The columns:
 *
 *   index       1, 2, 3, ...
 *   name        unique
 *   op          as in op.def
 *   unit        name of the layer's fused unit; units follow from the layers by the rule of fuse.c,
 *               which the column may not contradict
 *   block       name of its block, which is a run of whole units
 *   residual    1 if the block is one of the network's repeated ones, else 0
 *   inputs      numbers of the layers it reads, separated by a blank; 0 is the network's input
 *   out_shape   e.g. 96x56x56; "scalar" if it has no dimensions
 *   kernel, stride, dilation    ROWSxCOLUMNS; empty for operators without a window
 *   padding     TOP LEFT BOTTOM RIGHT; empty for those
 *   groups      empty for operators other than convolutions
 *   bias        1 or 0; empty for operators other than convolutions and linear layers
 *   params      trainable parameters; checked where they follow from the shapes
 *   macs        multiply-accumulates per image; checked
 */
#include "layer.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"

#include <stdarg.h>
#include <string.h>

enum { VERSION = 1, MAX_BYTES = 64 << 20, MAX_LINE = 1 << 20, SHOWN = 40 };

typedef enum column_id {
    INDEX,
    NAME,
    OP,
    UNIT,
    BLOCK,
    RESIDUAL,
    INPUTS,
    OUT_SHAPE,
    KERNEL,
    STRIDE,
    DILATION,
    PADDING,
    GROUPS,
    BIAS,
    PARAMS,
    MACS,
    N_COLUMNS
} column_id;

static const char *const columns[N_COLUMNS] = {
    "index",  "name",   "op",       "unit",    "block",  "residual", "inputs", "out_shape",
    "kernel", "stride", "dilation", "padding", "groups", "bias",     "params", "macs"};
#define FIRST_KEY "# edgesplit-model:"
#define HEADER                                                                                     \
    "index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,"    \
    "bias,params,macs"

/* What a layer's row says besides what the builder keeps. */
typedef struct row {
    const char *name, *unit, *block;
    bool residual, is_wrong;
    int64_t params, macs;
    size_t line;
} row;

typedef struct parser {
    const char *path;
    es_errors *errors;
    size_t line;
    bool invalid; /* a mistake was found */
    const char *name, *source;
    bool has_input, in_table;
    es_shape input;
    es_builder *builder; /* NULL: without the table's header, or a shape is not known */
    row *rows;
    size_t n_rows, rows_capacity; /* the lines of the table that have all fields */
    size_t place;                 /* lines of the table */
    size_t *inputs;               /* of the present row */
    size_t inputs_capacity;
} parser;

static void complain(parser *p, const char *format, ...) ES_PRINTF(2, 3);
static void complain(parser *p, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(p->errors, ES_INVALID, p->path, p->line, format, arguments);
    va_end(arguments);
    p->invalid = true;
}

/* How many bytes of a slice a message shows. */
static int shown(es_slice slice) {
    return slice.length < SHOWN ? (int)slice.length : SHOWN;
}

static void complain_field(parser *p, column_id column, es_slice field, const char *expected) {
    complain(p, "%s is \"%.*s\"; expected %s", columns[column], shown(field), field.data, expected);
}

static bool holds_only(es_slice slice, bool (*may_hold)(char)) {
    for (size_t i = 0; i < slice.length; i++)
        if (!may_hold(slice.data[i]))
            return false;
    return true;
}

static bool is_name(es_slice slice) {
    return slice.length > 0 && holds_only(slice, is_name_character);
}
static const char a_name[] = "a name without blanks, commas and quotes";

/* Ends a part of `bytes` with a NUL: what stands behind it has been read. */
static const char *terminate(char *bytes, es_slice line, es_slice part) {
    char *text = bytes + (part.data - line.data);
    text[part.length] = '\0';
    return text;
}

static void read_version(parser *p, es_slice value) {
    int64_t version;
    if (es_parse_int64(value, &version) != ES_OK || version < 1)
        complain(p, "version \"%.*s\"; expected %d", shown(value), value.data, VERSION);
    else if (version > VERSION)
        complain(p, "version %lld; this program reads up to version %d", (long long)version,
                 VERSION);
}

/* A line "# key: value". */
static void read_remark(parser *p, char *bytes, es_slice line) {
    es_slice value = {line.data + 1, line.length - 1}, key = {0};
    if (!es_next_field(&value, ':', &key) || value.data == NULL || key.length == 0) {
        complain(p, "expected `# key: value`");
        return;
    }
    value = es_slice_trim(value);
    bool is_name_line = es_slice_equals(key, "name"), is_source = es_slice_equals(key, "source");
    bool is_input = es_slice_equals(key, "input"), is_version = p->line == 1;
    if ((is_name_line && p->name != NULL) || (is_source && p->source != NULL) ||
        (is_input && p->has_input)) {
        complain(p, "%.*s is there twice", shown(key), key.data);
    } else if (is_version) {
        read_version(p, value);
    } else if (is_name_line) {
        if (!is_name(value))
            complain(p, "name is \"%.*s\"; expected %s", shown(value), value.data, a_name);
        p->name = terminate(bytes, line, value);
    } else if (is_source) {
        p->source = terminate(bytes, line, value);
    } else if (is_input) {
        es_shape input;
        p->has_input = true;
        if (es_shape_parse(value, &input) == ES_OK)
            p->input = input;
        else
            complain(p, "input is \"%.*s\"; expected a shape, e.g. 3x224x224", shown(value),
                     value.data);
    }
}

/* Exactly `n` whole numbers. */
static bool read_numbers(es_slice text, char separator, size_t n, int64_t *numbers) {
    es_slice rest = text, field;
    size_t found = 0;
    for (; es_next_field(&rest, separator, &field); found++)
        if (found == n || es_parse_int64(field, &numbers[found]) != ES_OK)
            return false;
    return found == n;
}

static void read_count(parser *p, const es_slice *fields, column_id column, int64_t *value) {
    if (es_parse_int64(fields[column], value) != ES_OK || *value < 0)
        complain_field(p, column, fields[column], "a whole number of at least 0");
}

static void read_flag(parser *p, const es_slice *fields, column_id column, bool *flag) {
    *flag = es_slice_equals(fields[column], "1");
    if (!*flag && !es_slice_equals(fields[column], "0"))
        complain_field(p, column, fields[column], "1 or 0");
}

static void read_pair(parser *p, const es_slice *fields, column_id column, int64_t pair[2]) {
    if (!read_numbers(fields[column], 'x', 2, pair))
        complain_field(p, column, fields[column], "ROWSxCOLUMNS, e.g. 3x3");
}

static void expect_empty(parser *p, const es_slice *fields, column_id column, es_op op) {
    if (fields[column].length > 0)
        complain(p, "%s is \"%.*s\"; expected nothing for %s", columns[column],
                 shown(fields[column]), fields[column].data, es_op_text(op));
}

static void read_window(parser *p, const es_slice *fields, es_layer *layer) {
    if (!op_has_window(layer->op)) {
        for (column_id column = KERNEL; column <= PADDING; column++)
            expect_empty(p, fields, column, layer->op);
        return;
    }
    es_window *window = &layer->window;
    int64_t padding[4] = {0};
    read_pair(p, fields, KERNEL, window->kernel);
    read_pair(p, fields, STRIDE, window->stride);
    read_pair(p, fields, DILATION, window->dilation);
    if (!read_numbers(fields[PADDING], ' ', 4, padding))
        complain_field(p, PADDING, fields[PADDING], "TOP LEFT BOTTOM RIGHT, e.g. 1 1 1 1");
    memcpy(window->before, padding, sizeof window->before);
    memcpy(window->after, padding + 2, sizeof window->after);
}

static const char *op_at(const void *context, size_t i) {
    (void)context;
    return es_op_text((es_op)i);
}

static void read_op(parser *p, const es_slice *fields, es_layer *layer) {
    char name[SHOWN + 1];
    if (es_op_parse(fields[OP], &layer->op) == ES_OK) {
        read_window(p, fields, layer);
        if (op_has_groups(layer->op))
            read_count(p, fields, GROUPS, &layer->groups);
        else
            expect_empty(p, fields, GROUPS, layer->op);
        if (op_has_bias(layer->op))
            read_flag(p, fields, BIAS, &layer->bias);
        else
            expect_empty(p, fields, BIAS, layer->op);
        return;
    }
    snprintf(name, sizeof name, "%.*s", shown(fields[OP]), fields[OP].data);
    const char *nearest = es_nearest_name(name, ES_N_OPS, op_at, NULL);
    es_hint hint = es_did_you_mean(nearest, "", "", "; one without a name here is \"custom\"");
    complain(p, "no operator is called \"%s\"%s", name, hint.text);
}

/* ES_NO_MEMORY. */
static es_status read_inputs(parser *p, const es_slice *fields, es_layer *layer) {
    es_slice rest = fields[INPUTS], field;
    size_t n = 0;
    for (; es_next_field(&rest, ' ', &field); n++) {
        int64_t number = 0;
        if (es_parse_int64(field, &number) != ES_OK || number < 0 || (size_t)number >= p->place) {
            complain_field(p, INPUTS, fields[INPUTS],
                           "numbers of earlier layers, separated by a blank; 0 is the input");
            n = 0;
            break;
        }
        es_status status = es_reserve(&p->inputs, &p->inputs_capacity, n + 1, sizeof *p->inputs);
        if (status != ES_OK)
            return status;
        p->inputs[n] = (size_t)number;
    }
    layer->n_inputs = n;
    layer->inputs = p->inputs;
    return ES_OK;
}

static bool read_shape(parser *p, const es_slice *fields, es_layer *layer) {
    layer->out = es_shape_of(0, NULL);
    if (es_slice_equals(fields[OUT_SHAPE], "scalar") ||
        es_shape_parse(fields[OUT_SHAPE], &layer->out) == ES_OK)
        return true;
    complain_field(p, OUT_SHAPE, fields[OUT_SHAPE], "a shape, e.g. 96x56x56, or scalar");
    return false;
}

static void read_names(parser *p, char *bytes, es_slice line, const es_slice *fields, row *to) {
    static const column_id names[] = {NAME, UNIT, BLOCK};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!is_name(fields[names[i]]))
            complain_field(p, names[i], fields[names[i]], a_name);
    to->name = terminate(bytes, line, fields[NAME]);
    to->unit = terminate(bytes, line, fields[UNIT]);
    to->block = terminate(bytes, line, fields[BLOCK]);
}

static void stop_building(parser *p) {
    es_builder_destroy(p->builder);
    p->builder = NULL;
}

/* Appends a layer, or a stand-in if its row is wrong, so that later rows can still be checked. */
static void append(parser *p, row *from, const es_layer *layer) {
    const row *before = p->n_rows > 0 ? &p->rows[p->n_rows - 1] : NULL;
    const es_layer stand_in = {
        .op = ES_OP_CUSTOM, .out = layer->out, .n_inputs = 1, .inputs = (const size_t[]){0}};
    char problem[ES_PROBLEM_TEXT];
    size_t index;
    bool new_block = before == NULL || strcmp(before->block, from->block) != 0;
    if (!new_block && !before->is_wrong && !from->is_wrong && before->residual != from->residual)
        complain(p, "residual differs within block %.*s", SHOWN, from->block);
    if (new_block)
        es_builder_begin_block(p->builder, from->block, from->residual);
    if (new_block || strcmp(before->unit, from->unit) != 0)
        es_builder_begin_unit(p->builder, from->unit);
    if (!from->is_wrong &&
        es_builder_append(p->builder, from->name, layer, &index, problem) == ES_OK)
        return;
    if (!from->is_wrong)
        complain(p, "%.*s: %s", SHOWN, from->name, problem);
    from->is_wrong = true;
    if (es_builder_append(p->builder, from->name, &stand_in, &index, problem) != ES_OK)
        stop_building(p);
}

/* One row of the table. ES_NO_MEMORY. */
static es_status read_row(parser *p, char *bytes, es_slice line) {
    es_slice fields[N_COLUMNS], rest = line, field;
    size_t n = 0;
    int64_t index = 0;
    p->place++;
    for (; es_next_field(&rest, ',', &field); n++)
        if (n < N_COLUMNS)
            fields[n] = field;
    if (n != N_COLUMNS) {
        complain(p, "%zu fields; expected %d", n, (int)N_COLUMNS);
        stop_building(p);
        return ES_OK;
    }
    bool invalid_before = p->invalid;
    p->invalid = false;
    row now = {.line = p->line};
    es_layer layer = {0};
    if (es_parse_int64(fields[INDEX], &index) != ES_OK || index < 0 || (size_t)index != p->place)
        complain(p, "index is \"%.*s\"; expected %zu", shown(fields[INDEX]), fields[INDEX].data,
                 p->place);
    read_op(p, fields, &layer);
    read_flag(p, fields, RESIDUAL, &now.residual);
    read_count(p, fields, PARAMS, &now.params);
    read_count(p, fields, MACS, &now.macs);
    layer.params = now.params;
    es_status status = read_inputs(p, fields, &layer);
    bool has_shape = read_shape(p, fields, &layer);
    read_names(p, bytes, line, fields, &now);
    now.is_wrong = p->invalid;
    p->invalid |= invalid_before;
    if (status == ES_OK)
        status = es_reserve(&p->rows, &p->rows_capacity, p->n_rows + 1, sizeof *p->rows);
    if (status != ES_OK)
        return status;
    if (!has_shape)
        stop_building(p);
    if (p->builder != NULL)
        append(p, &now, &layer);
    p->rows[p->n_rows++] = now;
    return ES_OK;
}

/* True if the line may be read on. */
static bool check_line(parser *p, es_slice line, bool ended) {
    bool plain = holds_only(line, is_text_character);
    if (p->line == 1 && line.length >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
        complain(p, "a byte order mark; expected plain text");
    else if (p->line == 1 && (line.length < strlen(FIRST_KEY) ||
                              memcmp(line.data, FIRST_KEY, strlen(FIRST_KEY)) != 0))
        complain(p, "expected `%s %d`", FIRST_KEY, VERSION);
    else if (!ended)
        complain(p, "the last line has no end; the file may have been cut off");
    else if (line.length > MAX_LINE)
        complain(p, "a line of %zu bytes; expected at most %d", line.length, MAX_LINE);
    else if (!plain)
        complain(p, "a control character; expected plain text");
    else
        return true;
    return false;
}

/* True if more lines can be understood behind this one. ES_NO_MEMORY goes to `*status`. */
static bool read_line(parser *p, char *bytes, es_slice line, es_status *status) {
    bool is_remark = line.length > 0 && line.data[0] == '#';
    if (is_remark && p->in_table) {
        complain(p, "a remark inside the table; expected it before the header");
    } else if (is_remark) {
        read_remark(p, bytes, line);
        return p->line > 1 || !p->invalid;
    } else if (p->in_table) {
        *status = read_row(p, bytes, line);
    } else if (es_slice_equals(line, HEADER)) {
        p->in_table = true;
        p->builder = p->input.rank > 0 ? es_builder_create(p->input) : NULL;
        *status = p->input.rank > 0 && p->builder == NULL ? ES_NO_MEMORY : ES_OK;
    } else {
        complain(p, "expected the header `%s`", HEADER);
        return false;
    }
    return *status == ES_OK;
}

/* ES_NO_MEMORY. */
static es_status read_lines(parser *p, char *bytes, size_t length) {
    es_slice rest = {bytes, length}, line;
    es_status status = ES_OK;
    if (length == 0) {
        complain(p, "empty; expected `%s %d`", FIRST_KEY, VERSION);
        return ES_OK;
    }
    while (es_next_line(&rest, &line)) {
        bool ended = rest.length > 0 || bytes[length - 1] == '\n';
        p->line++;
        if (check_line(p, line, ended)) {
            if (!read_line(p, bytes + (line.data - bytes), line, &status))
                return status;
        } else if (p->line > 1) {
            p->place += p->in_table;
            stop_building(p);
        } else {
            return ES_OK;
        }
    }
    p->line = 0;
    if (!p->in_table)
        complain(p, "no table; expected the header `%s`", HEADER);
    if (p->name == NULL)
        complain(p, "no line `# name: NAME`");
    if (p->source == NULL)
        complain(p, "no line `# source: TEXT`");
    if (!p->has_input)
        complain(p, "no line `# input: SHAPE` in front of the table");
    return ES_OK;
}

typedef struct mention {
    const char *name;
    size_t line;
} mention;

static int compare_mentions(const void *a, const void *b) {
    const mention *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static const char *name_of(const row *row_, column_id column) {
    return column == NAME ? row_->name : column == UNIT ? row_->unit : row_->block;
}

/* Names of a column must differ, but for runs of equal ones that are one unit or block. Sorted, so
 * that no choice of names makes it slow. ES_NO_MEMORY. */
static es_status check_names(parser *p, column_id column) {
    size_t n = 0;
    mention *mentions = es_alloc(p->n_rows, sizeof *mentions);
    if (mentions == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < p->n_rows; i++) {
        const char *name = name_of(&p->rows[i], column);
        if (column == NAME || i == 0 || strcmp(name, name_of(&p->rows[i - 1], column)) != 0)
            mentions[n++] = (mention){name, p->rows[i].line};
    }
    qsort(mentions, n, sizeof *mentions, compare_mentions);
    for (size_t i = 1; i < n; i++) {
        p->line = mentions[i].line;
        if (strcmp(mentions[i].name, mentions[i - 1].name) == 0)
            complain(p, "%s \"%.*s\" is there again; before in line %zu", columns[column], SHOWN,
                     mentions[i].name, mentions[i - 1].line);
    }
    free(mentions);
    return ES_OK;
}

/* What the rows say of the layers' costs against what follows from the shapes. */
static void check_costs(parser *p, const es_model *model) {
    for (size_t l = 1; l <= model->n_layers; l++) {
        const row *from = &p->rows[l - 1];
        const es_layer *layer = &model->layers[l];
        p->line = from->line;
        if (from->is_wrong)
            continue;
        if (from->params != layer->params)
            complain(p, "params is %lld; from the shapes follow %lld", (long long)from->params,
                     (long long)layer->params);
        if (from->macs != layer->macs)
            complain(p, "macs is %lld; from the shapes follow %lld", (long long)from->macs,
                     (long long)layer->macs);
    }
}

/* Units and blocks of the rows against the units that the layers have. */
static void check_units(parser *p, const es_model *model) {
    const es_cut *cuts = model->cuts[ES_FUSED];
    for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++) {
        const row *first = &p->rows[cuts[u - 1].last_layer], *before = first - 1;
        p->line = first->line;
        if (u > 1 && strcmp(first->unit, before->unit) == 0)
            complain(p, "unit is \"%.*s\" as before, but this layer cannot be fused to that before",
                     SHOWN, first->unit);
        for (size_t l = cuts[u - 1].last_layer + 1; l < cuts[u].last_layer; l++) {
            const row *inner = &p->rows[l];
            p->line = inner->line;
            if (strcmp(inner->unit, first->unit) != 0)
                complain(p, "unit is \"%.*s\", but this layer is fused to \"%.*s\"", SHOWN,
                         inner->unit, SHOWN, first->unit);
            else if (strcmp(inner->block, first->block) != 0)
                complain(p, "block \"%.*s\" begins inside the unit \"%.*s\"", SHOWN, inner->block,
                         SHOWN, first->unit);
        }
    }
}

/* Creates the model if all is well. */
static es_status finish(parser *p, es_model **model) {
    static const column_id unique[] = {NAME, UNIT, BLOCK};
    char problem[ES_PROBLEM_TEXT];
    es_model *made = NULL;
    es_status status = ES_OK;
    for (size_t i = 0; status == ES_OK && i < sizeof unique / sizeof unique[0]; i++)
        status = check_names(p, unique[i]);
    if (status == ES_OK && p->builder != NULL)
        status = es_builder_finish(p->builder, p->name != NULL ? p->name : "",
                                   p->source != NULL ? p->source : "", &made, problem);
    p->line = 0;
    if (status == ES_INVALID)
        complain(p, "%s", problem);
    if (made != NULL)
        check_costs(p, made);
    if (made != NULL && !p->invalid)
        check_units(p, made);
    if (status == ES_OK && p->invalid)
        status = ES_INVALID;
    if (status == ES_OK)
        *model = made;
    else
        es_model_destroy(made);
    return status;
}

es_status es_model_parse(const char *path, char *bytes, size_t length, es_model **model,
                         es_errors *errors) {
    parser p = {.path = path, .errors = errors};
    es_status status = read_lines(&p, bytes, length);
    if (status == ES_OK)
        status = finish(&p, model);
    es_builder_destroy(p.builder);
    free(p.rows);
    free(p.inputs);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, path) : status;
}

es_status es_model_load(const char *path, es_model **model, es_errors *errors) {
    es_file file;
    es_status status = es_file_read(path, MAX_BYTES, &file, errors);
    if (status != ES_OK)
        return status;
    status = es_model_parse(path, file.data, file.length, model, errors);
    es_file_fini(&file);
    return status;
}

static void write_window(const es_layer *layer, es_text *text) {
    const es_window *window = &layer->window;
    if (!op_has_window(layer->op)) {
        es_text_add(text, ",,,,,");
        return;
    }
    es_text_add(text, ",%lldx%lld,%lldx%lld,%lldx%lld,%lld %lld %lld %lld,",
                (long long)window->kernel[0], (long long)window->kernel[1],
                (long long)window->stride[0], (long long)window->stride[1],
                (long long)window->dilation[0], (long long)window->dilation[1],
                (long long)window->before[0], (long long)window->before[1],
                (long long)window->after[0], (long long)window->after[1]);
}

static void write_layer(const es_layer *layer, es_text *text) {
    char shape[ES_SHAPE_TEXT];
    for (size_t i = 0; i < layer->n_inputs; i++)
        es_text_add(text, i > 0 ? " %zu" : "%zu", layer->inputs[i]);
    es_text_add(text, ",%s", layer->out.rank > 0 ? es_shape_text(layer->out, shape) : "scalar");
    write_window(layer, text);
    if (op_has_groups(layer->op))
        es_text_add(text, "%lld", (long long)layer->groups);
    if (op_has_bias(layer->op))
        es_text_add(text, ",%d", layer->bias);
    else
        es_text_add(text, ",");
    es_text_add(text, ",%lld,%lld\n", (long long)layer->params, (long long)layer->macs);
}

void es_model_write(const es_model *model, es_text *text) {
    char shape[ES_SHAPE_TEXT];
    const es_cut *unit = &model->cuts[ES_FUSED][1], *block = &model->cuts[ES_BLOCK][1];
    es_text_add(text, "# edgesplit-model: %d\n# name: %s\n# source: %s\n# input: %s\n%s\n", VERSION,
                model->name, model->source, es_shape_text(model->layers[0].out, shape), HEADER);
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        unit += unit->last_layer < l;
        block += block->last_layer < l;
        es_text_add(text, "%zu,%s,%s,%s,%s,%d,", l, layer->name, es_op_text(layer->op), unit->name,
                    block->name, block->residual_block);
        write_layer(layer, text);
    }
}
