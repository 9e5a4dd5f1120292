#include "commands.h"

#include "edgesplit/alloc.h"
#include "edgesplit/profile.h"
#include "edgesplit/table.h"

#include <math.h>
#include <string.h>

static const es_option options[] = {
    {"model", "NAME|FILE", .help = "the network, if the zoo has none of that name"},
    {"within", "PERCENT", .help = "exit with 1 if the medians of the whole differ by more"},
    {"csv", NULL, .help = "print every layer as CSV, times in seconds"},
    {0},
};

enum { KIND_TEXT = 64 };

/* All layers of a kind at one batch size. */
typedef struct layer_kind {
    char name[KIND_TEXT];
    size_t n;
    double fast_s, slow_s, least, greatest; /* of the ratios */
} layer_kind;

typedef struct comparison {
    const es_profile *fast, *slow;
    const es_model *model; /* NULL: not known */
    layer_kind *kinds;     /* [n_kinds]; room for all layers */
    size_t n_kinds, n_wholes;
    bool csv, limited;
    double within_ratio; /* if it is limited */
} comparison;

/* What a layer is called: its operator and, of convolutions, if the network is known, their groups
 * and kernel. */
static void name_kind(const comparison *c, const es_profile_row *row, char name[KIND_TEXT]) {
    snprintf(name, KIND_TEXT, "%s", row->op[0] != '\0' ? row->op : "layer");
    if (c->model == NULL)
        return;
    size_t first = c->model->cuts[c->fast->granularity][row->index - 1].last_layer + 1;
    const es_layer *layer = &c->model->layers[first];
    if (layer->op != ES_OP_CONV)
        return;
    const char *groups = layer->groups == 1             ? "conv"
                         : layer->groups == layer->in.c ? "depthwise conv"
                                                        : "grouped conv";
    snprintf(name, KIND_TEXT, "%s %lldx%lld", groups, (long long)layer->window.kernel[0],
             (long long)layer->window.kernel[1]);
}

static void add_layer(comparison *c, const es_profile_row *fast, const es_profile_row *slow) {
    char name[KIND_TEXT];
    double ratio = slow->median_s / fast->median_s;
    size_t k = 0;
    name_kind(c, fast, name);
    while (k < c->n_kinds && strcmp(c->kinds[k].name, name) != 0)
        k++;
    layer_kind *kind = &c->kinds[k];
    if (k == c->n_kinds) {
        *kind = (layer_kind){.least = ratio, .greatest = ratio};
        memcpy(kind->name, name, sizeof name);
        c->n_kinds++;
    }
    kind->n++;
    kind->fast_s += fast->median_s;
    kind->slow_s += slow->median_s;
    kind->least = fmin(kind->least, ratio);
    kind->greatest = fmax(kind->greatest, ratio);
}

static void add_line(es_table *table, const char *name, const layer_kind *kind) {
    es_table_add(table, "%s", name);
    es_table_add(table, "%zu", kind->n);
    es_table_add(table, "%.4f", kind->fast_s * 1e3);
    es_table_add(table, "%.4f", kind->slow_s * 1e3);
    es_table_add(table, "%.2f", kind->slow_s / kind->fast_s);
    es_table_add(table, "%.2f", kind->least);
    es_table_add(table, "%.2f", kind->greatest);
}

/* One table: a line for each kind in the order of first layers, for all layers, for the whole. */
static void print_batch(comparison *c, int64_t batch, es_text *text) {
    static const char *const titles[] = {"layers",    "n",     "fast ms", "slow ms",
                                         "slow/fast", "least", "greatest"};
    layer_kind all = {.least = HUGE_VAL};
    es_table table;
    c->n_kinds = 0;
    for (size_t r = 0; r < c->fast->n_rows; r++) {
        const es_profile_row *fast = &c->fast->rows[r], *slow;
        if (fast->kind != ES_PROFILE_LAYER || fast->batch != batch)
            continue;
        slow = es_profile_find(c->slow, ES_PROFILE_LAYER, fast->index, batch);
        if (slow != NULL)
            add_layer(c, fast, slow);
    }
    es_table_init(&table, sizeof titles / sizeof titles[0], 1);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        es_table_add(&table, "%s", titles[i]);
    for (size_t k = 0; k < c->n_kinds; k++) {
        const layer_kind *kind = &c->kinds[k];
        add_line(&table, kind->name, kind);
        all.n += kind->n;
        all.fast_s += kind->fast_s;
        all.slow_s += kind->slow_s;
        all.least = fmin(all.least, kind->least);
        all.greatest = fmax(all.greatest, kind->greatest);
    }
    if (all.n > 0)
        add_line(&table, "sum of layers", &all);
    const es_profile_row *fast = es_profile_find(c->fast, ES_PROFILE_WHOLE, 0, batch);
    const es_profile_row *slow = es_profile_find(c->slow, ES_PROFILE_WHOLE, 0, batch);
    if (fast != NULL && slow != NULL) {
        double ratio = slow->median_s / fast->median_s;
        add_line(&table, "whole network",
                 &(layer_kind){.n = 1,
                               .fast_s = fast->median_s,
                               .slow_s = slow->median_s,
                               .least = ratio,
                               .greatest = ratio});
    }
    es_text_add(text, "\nbatch %lld\n", (long long)batch);
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

/* A line for each layer and the whole. */
static void print_csv(comparison *c, int64_t batch, es_text *text) {
    for (size_t r = 0; r < c->fast->n_rows; r++) {
        const es_profile_row *fast = &c->fast->rows[r];
        bool whole = fast->kind == ES_PROFILE_WHOLE;
        char kind[KIND_TEXT] = "whole network", fast_s[ES_NUMBER_TEXT], slow_s[ES_NUMBER_TEXT];
        const es_profile_row *slow = es_profile_find(c->slow, fast->kind, fast->index, batch);
        if ((!whole && fast->kind != ES_PROFILE_LAYER) || fast->batch != batch || slow == NULL)
            continue;
        if (!whole)
            name_kind(c, fast, kind);
        es_format_double(fast->median_s, fast_s);
        es_format_double(slow->median_s, slow_s);
        es_text_add(text, "%lld,%zu,%s,%s,%s,%s\n", (long long)batch, fast->index, fast->name, kind,
                    fast_s, slow_s);
    }
}

/* Whether the whole takes as long in both, whichever is the slower one. */
static void check_within(comparison *c, int64_t batch, es_errors *errors) {
    const es_profile_row *fast = es_profile_find(c->fast, ES_PROFILE_WHOLE, 0, batch);
    const es_profile_row *slow = es_profile_find(c->slow, ES_PROFILE_WHOLE, 0, batch);
    if (fast == NULL || slow == NULL)
        return;
    double ratio = fmax(fast->median_s, slow->median_s) / fmin(fast->median_s, slow->median_s);
    c->n_wholes++;
    if (ratio - 1 > c->within_ratio)
        es_errors_add(errors, ES_SOME_FAILED, c->slow->path, 0,
                      "batch %lld: the whole takes %.4f ms; in %s %.4f ms, %.2f %% apart; expected "
                      "at most %g %%",
                      (long long)batch, slow->median_s * 1e3, c->fast->path, fast->median_s * 1e3,
                      (ratio - 1) * 100, c->within_ratio * 100);
}

static es_status check_pair(const es_profile *fast, const es_profile *slow, es_errors *errors) {
    if (strcmp(fast->model, slow->model) != 0)
        return es_errors_add(errors, ES_INVALID, slow->path, 0,
                             "is a profile of %s; %s is one of %s", slow->model, fast->path,
                             fast->model);
    if (fast->granularity != slow->granularity || fast->resolution != slow->resolution)
        return es_errors_add(errors, ES_INVALID, slow->path, 0,
                             "counts %s units at %lld pixels; %s counts %s units at %lld pixels",
                             es_granularity_text(slow->granularity), (long long)slow->resolution,
                             fast->path, es_granularity_text(fast->granularity),
                             (long long)fast->resolution);
    return ES_OK;
}

static void describe(const es_profile *profile, const char *role, es_text *text) {
    static const char *const keys[] = {"device", "setting", "precision", "kind"};
    es_text_add(text, "%s: %s", role, profile->path);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *value = es_profile_provenance(profile, keys[i]);
        if (value != NULL)
            es_text_add(text, ", %s", value);
    }
    es_text_add(text, "\n");
}

static es_status print_comparison(comparison *c, es_errors *errors) {
    int64_t *batches = NULL, *others = NULL;
    size_t n = 0, n_others = 0, n_common = 0;
    es_text text = {0};
    es_status status = es_profile_batches(c->fast, &batches, &n, errors);
    if (status == ES_OK)
        status = es_profile_batches(c->slow, &others, &n_others, errors);
    if (status == ES_OK && c->csv) {
        es_text_add(&text, "batch,index,name,kind,fast_s,slow_s\n");
    } else if (status == ES_OK) {
        es_text_add(&text, "network: %s\n", c->fast->model);
        describe(c->fast, "fast", &text);
        describe(c->slow, "slow", &text);
    }
    for (size_t b = 0; status == ES_OK && b < n; b++)
        for (size_t o = 0; o < n_others; o++)
            if (batches[b] == others[o]) {
                (c->csv ? print_csv : print_batch)(c, batches[b], &text);
                if (c->limited)
                    check_within(c, batches[b], errors);
                n_common++;
            }
    if (status == ES_OK && n_common == 0)
        status = es_errors_add(errors, ES_INVALID, c->slow->path, 0,
                               "has no batch size in common with %s", c->fast->path);
    if (status == ES_OK && text.failed)
        status = es_errors_no_memory(errors, NULL);
    if (status == ES_OK)
        fputs(text.data, stdout);
    if (status == ES_OK && c->limited && c->n_wholes == 0)
        status = es_errors_add(errors, ES_INVALID, c->slow->path, 0,
                               "has no time of the whole network in common with %s", c->fast->path);
    if (status == ES_OK)
        status = es_errors_status(errors);
    free(text.data);
    free(batches);
    free(others);
    return status;
}

static es_status compare(const es_arguments *arguments, es_errors *errors) {
    es_profile *fast = NULL, *slow = NULL;
    es_model *model = NULL;
    comparison c = {0};
    es_status status = es_profile_load(arguments->operands[0], &fast, errors);
    es_status second = es_profile_load(arguments->operands[1], &slow, errors);
    double within_ratio = 0;
    if (status == ES_OK)
        status = second;
    if (status == ES_OK)
        status = es_parse_per_cent(arguments, "within", "0", &within_ratio, errors);
    if (status == ES_OK)
        status = check_pair(fast, slow, errors);
    if (status == ES_OK)
        status = es_find_profiled_network(es_arguments_value(arguments, "model", NULL), fast,
                                          &model, errors);
    if (status == ES_OK) {
        c = (comparison){.fast = fast,
                         .slow = slow,
                         .model = model,
                         .csv = es_arguments_has(arguments, "csv"),
                         .limited = es_arguments_has(arguments, "within"),
                         .within_ratio = within_ratio,
                         .kinds = es_alloc(fast->n_rows, sizeof *c.kinds)};
        status = c.kinds != NULL ? print_comparison(&c, errors) : es_errors_no_memory(errors, NULL);
    }
    free(c.kinds);
    es_model_destroy(model);
    es_profile_destroy(fast);
    es_profile_destroy(slow);
    return status;
}

const es_command es_command_compare = {
    .name = "compare",
    .summary =
        "print how much slower the second profile is than the first, for each kind of layer; `plot "
        "profiles` draws it",
    .operand = "FILE",
    .least_operands = 2,
    .most_operands = 2,
    .notes =
        "slow/fast is the ratio of the sums of medians; least and greatest are those of single "
        "layers. --within is for\ntwo runs at the same setting: exit code 1 if the medians of the "
        "whole are farther apart at any batch size.",
    .options = options,
    .run = compare,
};
