#include "edgesplit/model.h"

#include "zoo.h"

#include <string.h>

static const struct {
    const char *text;
    es_fusing fusing;
} ops[ES_N_OPS] = {
#define ES_OP(name, text, fusing) {text, ES_FUSING_##fusing},
#include "edgesplit/op.def"
#undef ES_OP
};

const char *es_op_text(es_op op) {
    return ops[op].text;
}

es_fusing es_op_fusing(es_op op) {
    return ops[op].fusing;
}

es_status es_op_parse(es_slice text, es_op *op) {
    for (size_t i = 0; i < ES_N_OPS; i++)
        if (es_slice_equals(text, ops[i].text)) {
            *op = (es_op)i;
            return ES_OK;
        }
    return ES_INVALID;
}

static const char *const granularities[ES_N_GRANULARITIES] = {"leaf", "fused", "block"};

const char *es_granularity_text(es_granularity granularity) {
    return granularities[granularity];
}

es_status es_granularity_parse(const char *text, es_granularity *granularity) {
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        if (strcmp(text, granularities[g]) == 0) {
            *granularity = (es_granularity)g;
            return ES_OK;
        }
    return ES_INVALID;
}

static const es_zoo_family *const families[] = {
#define ES_ZOO(family) &es_zoo_##family,
#include "edgesplit/zoo.def"
#undef ES_ZOO
};
enum { N_FAMILIES = sizeof families / sizeof families[0] };

/* The family of the i-th network of the zoo and, in `*variant`, its number there; NULL behind the
 * last. */
static const es_zoo_family *zoo_at(size_t i, size_t *variant) {
    for (size_t f = 0; f < N_FAMILIES; f++) {
        if (i < families[f]->n_variants) {
            *variant = i;
            return families[f];
        }
        i -= families[f]->n_variants;
    }
    return NULL;
}

const char *es_model_zoo_name(size_t i) {
    size_t variant;
    const es_zoo_family *family = zoo_at(i, &variant);
    return family != NULL ? family->variants[variant].name : NULL;
}

const char *es_model_zoo_summary(size_t i) {
    size_t variant;
    const es_zoo_family *family = zoo_at(i, &variant);
    return family != NULL ? family->variants[variant].summary : NULL;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return es_model_zoo_name(i);
}

static es_status complain_unknown(const char *name, es_errors *errors) {
    size_t n = 0;
    while (es_model_zoo_name(n) != NULL)
        n++;
    const char *nearest = es_nearest_name(name, n, name_at, NULL);
    return es_errors_add(errors, ES_INVALID, NULL, 0, "no network is called \"%s\"%s", name,
                         es_did_you_mean(nearest, "\"", "\"", "").text);
}

/* Whether a user means `name`, which has no '_', by `typed`. */
static bool means(const char *typed, const char *name) {
    while (*name != '\0' && (*typed == *name || (*typed == '_' && *name == '-')))
        typed++, name++;
    return *typed == '\0' && *name == '\0';
}

enum { LEAST_RESOLUTION = 32, GREATEST_RESOLUTION = 4096 };

es_status es_model_create(const char *name, int64_t resolution, es_model **model,
                          es_errors *errors) {
    size_t i = 0, variant = 0;
    while (es_model_zoo_name(i) != NULL && !means(name, es_model_zoo_name(i)))
        i++;
    const es_zoo_family *family = zoo_at(i, &variant);
    if (family == NULL)
        return complain_unknown(name, errors);
    name = family->variants[variant].name;
    if (resolution == 0)
        resolution = family->variants[variant].resolution;
    if (resolution < LEAST_RESOLUTION || resolution > GREATEST_RESOLUTION)
        return es_errors_add(errors, ES_INVALID, NULL, 0,
                             "%s: a resolution of %lld pixels; expected %d to %d", name,
                             (long long)resolution, LEAST_RESOLUTION, GREATEST_RESOLUTION);
    es_zoo zoo = {.builder = es_builder_create(es_shape_map(3, resolution, resolution))};
    if (zoo.builder == NULL)
        return es_errors_no_memory(errors, NULL);
    family->build(&zoo, variant);
    es_status status = ES_INVALID;
    if (zoo.problem[0] == '\0')
        status = es_builder_finish(zoo.builder, name, family->source, model, zoo.problem);
    es_builder_destroy(zoo.builder);
    if (status == ES_INVALID)
        return es_errors_add(errors, status, NULL, 0, "%s at %lld pixels: %s", name,
                             (long long)resolution, zoo.problem);
    return status == ES_OK ? ES_OK : es_errors_no_memory(errors, NULL);
}

size_t es_model_find_cut(const es_model *model, es_granularity granularity, size_t last_layer) {
    const es_cut *cuts = model->cuts[granularity];
    size_t low = 0, high = model->n_cuts[granularity];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cuts[middle].last_layer < last_layer)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < model->n_cuts[granularity] && cuts[low].last_layer == last_layer;
    return found ? low : model->n_cuts[granularity];
}

size_t es_model_find_cut_name(const es_model *model, es_granularity granularity, const char *name) {
    size_t i = 0;
    while (i < model->n_cuts[granularity] && strcmp(model->cuts[granularity][i].name, name) != 0)
        i++;
    return i;
}

void es_model_mark_compressive(const es_model *model, es_granularity granularity,
                               bool residual_blocks_only, bool *compressive) {
    const es_cut *cuts = model->cuts[granularity];
    int64_t least_elems = cuts[0].elems;
    for (size_t i = 0; i < model->n_cuts[granularity]; i++) {
        bool counts = cuts[i].natural && (cuts[i].residual_block || !residual_blocks_only);
        compressive[i] = counts && cuts[i].elems < least_elems;
        if (compressive[i])
            least_elems = cuts[i].elems;
    }
}
