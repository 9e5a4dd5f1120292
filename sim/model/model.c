#include "edgesplit/model.h"

#include "builder.h"

#include <string.h>

const char *es_op_text(es_op op) {
    static const char *const texts[] = {
#define ES_OP(name, text) text,
#include "edgesplit/op.def"
#undef ES_OP
    };
    return texts[op];
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
    if (nearest == NULL)
        return es_errors_add(errors, ES_INVALID, NULL, 0, "no network is called \"%s\"", name);
    return es_errors_add(errors, ES_INVALID, NULL, 0,
                         "no network is called \"%s\"; the nearest name is \"%s\"", name, nearest);
}

enum { LEAST_RESOLUTION = 32, GREATEST_RESOLUTION = 4096 };

es_status es_model_create(const char *name, int64_t resolution, es_model **model,
                          es_errors *errors) {
    size_t i = 0, variant = 0;
    while (es_model_zoo_name(i) != NULL && strcmp(es_model_zoo_name(i), name) != 0)
        i++;
    const es_zoo_family *family = zoo_at(i, &variant);
    if (family == NULL)
        return complain_unknown(name, errors);
    if (resolution == 0)
        resolution = family->variants[variant].resolution;
    if (resolution < LEAST_RESOLUTION || resolution > GREATEST_RESOLUTION)
        return es_errors_add(errors, ES_INVALID, NULL, 0,
                             "%s: a resolution of %lld pixels; expected %d to %d", name,
                             (long long)resolution, LEAST_RESOLUTION, GREATEST_RESOLUTION);
    es_builder builder;
    es_builder_init(&builder, (es_shape){3, resolution, resolution});
    family->build(&builder, variant);
    es_status status =
        es_builder_finish(&builder, family->variants[variant].name, family->source, model);
    es_builder_fini(&builder);
    if (status != ES_OK)
        es_errors_add(errors, status, NULL, 0, "%s: %s", name, es_status_text(status));
    return status;
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
