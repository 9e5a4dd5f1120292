#include "edgesplit/builder.h"

#include "cuts.h"
#include "layer.h"

#include "edgesplit/alloc.h"

#include <string.h>

enum { MAX_LAYERS = 1 << 20 };
#define NO_NAME SIZE_MAX

/* A layer on its way: its inputs lie in the builder's edges, its names in the builder's names. */
typedef struct draft {
    es_layer layer;
    size_t edges_at, name_at, label_at; /* label_at: of a fused unit that begins here; or NO_NAME */
} draft;

typedef struct draft_block {
    size_t name_at, first_layer;
    bool residual;
} draft_block;

struct es_builder {
    draft *drafts;                    /* 0 is the input */
    size_t n_layers, drafts_capacity; /* the input counts */
    size_t *edges, n_edges, edges_capacity;
    draft_block *blocks;
    size_t n_blocks, blocks_capacity;
    const es_shape **shapes; /* of the inputs of the layer that is being appended */
    size_t shapes_capacity;
    es_text names;   /* NUL-terminated texts, one behind the other */
    size_t label_at; /* of the present unit */
    int64_t params, macs;
    bool failed; /* out of memory */
};

/* The model and what it owns; `model` is first, so that a pointer to it is one to the whole. */
typedef struct owned_model {
    es_model model;
    es_layer *layers;
    size_t *edges;
    es_cut *cuts[ES_N_GRANULARITIES];
    char *names;
} owned_model;

bool is_text_character(char c) {
    return (unsigned char)c >= ' ' && c != '\x7f';
}

bool is_name_character(char c) {
    return is_text_character(c) && c != ' ' && c != ',' && c != '"';
}

/* Copies a text, with '_' in place of what it may not hold. */
static size_t add_text(es_builder *builder, const char *text, bool (*may_hold)(char)) {
    size_t at = builder->names.length;
    es_text_add(&builder->names, "%s%c", text, '\0');
    builder->failed |= builder->names.failed;
    for (size_t i = at; !builder->failed && i + 1 < builder->names.length; i++)
        if (!may_hold(builder->names.data[i]))
            builder->names.data[i] = '_';
    return at;
}

static size_t add_name(es_builder *builder, const char *name) {
    return add_text(builder, name[0] != '\0' ? name : "_", is_name_character);
}

es_builder *es_builder_create(es_shape input) {
    ES_REQUIRE(es_shape_is_valid(input));
    es_builder *builder = es_alloc(1, sizeof *builder);
    if (builder == NULL)
        return NULL;
    if (es_reserve(&builder->drafts, &builder->drafts_capacity, 1, sizeof *builder->drafts) ==
        ES_OK)
        builder->drafts[0] = (draft){.layer = {.op = ES_OP_INPUT, .in = input, .out = input},
                                     .name_at = add_name(builder, "input")};
    else
        builder->failed = true;
    builder->n_layers = 1;
    builder->label_at = NO_NAME;
    return builder;
}

void es_builder_destroy(es_builder *builder) {
    if (builder == NULL)
        return;
    free(builder->drafts);
    free(builder->edges);
    free(builder->blocks);
    free(builder->shapes);
    free(builder->names.data);
    free(builder);
}

void es_builder_begin_block(es_builder *builder, const char *name, bool residual_block) {
    size_t name_at = add_name(builder, name);
    if (builder->failed || es_reserve(&builder->blocks, &builder->blocks_capacity,
                                      builder->n_blocks + 1, sizeof *builder->blocks) != ES_OK) {
        builder->failed = true;
        return;
    }
    builder->blocks[builder->n_blocks++] = (draft_block){
        .name_at = name_at, .first_layer = builder->n_layers, .residual = residual_block};
    builder->label_at = NO_NAME;
}

void es_builder_begin_unit(es_builder *builder, const char *name) {
    builder->label_at = add_name(builder, name);
}

size_t es_builder_n_layers(const es_builder *builder) {
    return builder->failed ? 1 : builder->n_layers;
}

es_shape es_builder_shape(const es_builder *builder, size_t layer) {
    return builder->failed ? es_shape_of(0, NULL) : builder->drafts[layer].layer.out;
}

/* Gathers what a layer reads. */
static es_status find_inputs(es_builder *builder, const es_layer *layer,
                             char problem[ES_PROBLEM_TEXT]) {
    if (es_reserve(&builder->shapes, &builder->shapes_capacity, layer->n_inputs,
                   sizeof(const es_shape *)) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < layer->n_inputs; i++) {
        if (layer->inputs[i] >= builder->n_layers) {
            snprintf(problem, ES_PROBLEM_TEXT,
                     "it reads layer %zu; expected one before it, 0 to %zu", layer->inputs[i],
                     builder->n_layers - 1);
            return ES_INVALID;
        }
        builder->shapes[i] = &builder->drafts[layer->inputs[i]].layer.out;
    }
    return ES_OK;
}

static es_status add_costs(es_builder *builder, const es_layer *layer,
                           char problem[ES_PROBLEM_TEXT]) {
    int64_t params, macs;
    if (builder->n_layers > MAX_LAYERS ||
        __builtin_add_overflow(builder->params, layer->params, &params) ||
        __builtin_add_overflow(builder->macs, layer->macs, &macs)) {
        snprintf(problem, ES_PROBLEM_TEXT,
                 "too much: expected at most %d layers, and totals below 2^63", MAX_LAYERS);
        return ES_INVALID;
    }
    builder->params = params;
    builder->macs = macs;
    return ES_OK;
}

/* Makes room for one more layer; nothing has changed if there is none. */
static es_status make_room(es_builder *builder, size_t n_inputs) {
    es_status status = es_reserve(&builder->drafts, &builder->drafts_capacity,
                                  builder->n_layers + 1, sizeof *builder->drafts);
    if (status == ES_OK)
        status = es_reserve(&builder->edges, &builder->edges_capacity, builder->n_edges + n_inputs,
                            sizeof *builder->edges);
    return status;
}

es_status es_builder_append(es_builder *builder, const char *name, const es_layer *layer,
                            size_t *index, char problem[ES_PROBLEM_TEXT]) {
    es_layer completed = *layer;
    *index = 0;
    if (builder->failed)
        return ES_OK;
    es_status status = find_inputs(builder, layer, problem);
    if (status == ES_OK)
        status = layer_complete(&completed, builder->shapes, problem);
    if (status == ES_OK)
        status = make_room(builder, layer->n_inputs);
    if (status == ES_OK)
        status = add_costs(builder, &completed, problem);
    if (status == ES_INVALID)
        return status;
    size_t name_at = add_name(builder, name);
    builder->failed |= status != ES_OK;
    if (builder->failed)
        return ES_OK;
    builder->drafts[builder->n_layers] = (draft){.layer = completed,
                                                 .edges_at = builder->n_edges,
                                                 .name_at = name_at,
                                                 .label_at = builder->label_at};
    for (size_t i = 0; i < layer->n_inputs; i++)
        builder->edges[builder->n_edges++] = layer->inputs[i];
    *index = builder->n_layers++;
    return ES_OK;
}

/* Memory that only es_builder_finish needs. */
typedef struct workspace {
    size_t *n_readers, *last_readers; /* [n_layers + 1] */
    const char **labels;              /* [n_layers + 1] */
    unit *units[ES_N_GRANULARITIES];  /* [n_layers] */
    size_t n_units[ES_N_GRANULARITIES];
} workspace;

static void workspace_fini(workspace *space) {
    free(space->n_readers);
    free(space->last_readers);
    free(space->labels);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        free(space->units[g]);
}

static bool workspace_init(workspace *space, size_t n_layers) {
    *space = (workspace){.n_readers = es_alloc(n_layers + 1, sizeof *space->n_readers),
                         .last_readers = es_alloc(n_layers + 1, sizeof *space->last_readers),
                         .labels = es_alloc(n_layers + 1, sizeof *space->labels)};
    bool enough = space->n_readers != NULL && space->last_readers != NULL && space->labels != NULL;
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        space->units[g] = es_alloc(n_layers, sizeof **space->units);
        enough = enough && space->units[g] != NULL;
    }
    return enough;
}

/* Moves layers, edges and names into the model. */
static bool take_layers(es_builder *builder, owned_model *owned) {
    owned->layers = es_alloc(builder->n_layers, sizeof *owned->layers);
    if (owned->layers == NULL)
        return false;
    owned->edges = builder->edges;
    owned->names = builder->names.data;
    for (size_t l = 0; l < builder->n_layers; l++) {
        const draft *from = &builder->drafts[l];
        owned->layers[l] = from->layer;
        owned->layers[l].name = owned->names + from->name_at;
        owned->layers[l].inputs = from->layer.n_inputs > 0 ? owned->edges + from->edges_at : NULL;
    }
    builder->edges = NULL;
    builder->names = (es_text){0};
    return true;
}

static void find_units(const es_builder *builder, const owned_model *owned, workspace *space) {
    const es_layer *layers = owned->layers;
    size_t n_layers = builder->n_layers - 1;
    for (size_t l = 1; l <= n_layers; l++) {
        size_t label_at = builder->drafts[l].label_at;
        space->labels[l] = label_at != NO_NAME ? owned->names + label_at : NULL;
        space->units[ES_LEAF][l - 1] = (unit){.name = layers[l].name, .last_layer = l};
    }
    space->n_units[ES_LEAF] = n_layers;
    count_readers(layers, n_layers, space->n_readers, space->last_readers);
    space->n_units[ES_FUSED] =
        fuse(layers, n_layers, space->n_readers, space->labels, space->units[ES_FUSED]);
    for (size_t b = 0; b < builder->n_blocks; b++) {
        const draft_block *from = &builder->blocks[b];
        bool last = b + 1 == builder->n_blocks;
        size_t end = last ? n_layers : from[1].first_layer - 1;
        if (end >= from->first_layer) /* not an empty one */
            space->units[ES_BLOCK][space->n_units[ES_BLOCK]++] =
                (unit){owned->names + from->name_at, end, from->residual};
    }
}

static bool create_cuts(owned_model *owned, workspace *space) {
    size_t n_layers = owned->model.n_layers;
    owned->cuts[ES_LEAF] = es_alloc(n_layers + 1, sizeof *owned->cuts[ES_LEAF]);
    if (owned->cuts[ES_LEAF] == NULL)
        return false;
    cut_leaves(owned->layers, n_layers, space->last_readers, owned->cuts[ES_LEAF]);
    if (space->n_units[ES_BLOCK] == 0)
        space->n_units[ES_BLOCK] =
            join_single_tensor(owned->cuts[ES_LEAF], space->n_units[ES_FUSED],
                               space->units[ES_FUSED], space->units[ES_BLOCK]);
    owned->cuts[ES_LEAF][0].name = owned->layers[0].name;
    for (size_t g = ES_N_GRANULARITIES; g-- > 0;) {
        size_t n_cuts = space->n_units[g] + 1;
        if (g != ES_LEAF)
            owned->cuts[g] = es_alloc(n_cuts, sizeof *owned->cuts[g]);
        if (owned->cuts[g] == NULL)
            return false;
        cut_units(owned->cuts[ES_LEAF], n_cuts - 1, space->units[g], owned->cuts[g]);
        owned->model.cuts[g] = owned->cuts[g];
        owned->model.n_cuts[g] = n_cuts;
    }
    return true;
}

es_status es_builder_finish(es_builder *builder, const char *name, const char *source,
                            es_model **model, char problem[ES_PROBLEM_TEXT]) {
    size_t n_layers = builder->n_layers - 1;
    if (!builder->failed && n_layers == 0) {
        snprintf(problem, ES_PROBLEM_TEXT, "no layers");
        return ES_INVALID;
    }
    workspace space = {0};
    owned_model *owned = es_alloc(1, sizeof *owned);
    size_t name_at = add_name(builder, name),
           source_at = add_text(builder, source, is_text_character);
    bool enough = owned != NULL && !builder->failed && workspace_init(&space, n_layers) &&
                  take_layers(builder, owned);
    if (enough) {
        owned->model = (es_model){.name = owned->names + name_at,
                                  .source = owned->names + source_at,
                                  .n_layers = n_layers,
                                  .layers = owned->layers};
        find_units(builder, owned, &space);
        enough = create_cuts(owned, &space);
    }
    workspace_fini(&space);
    if (enough)
        *model = &owned->model;
    else if (owned != NULL)
        es_model_destroy(&owned->model);
    return enough ? ES_OK : ES_NO_MEMORY;
}

void es_model_destroy(es_model *model) {
    if (model == NULL)
        return;
    owned_model *owned = (owned_model *)model;
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        free(owned->cuts[g]);
    free(owned->layers);
    free(owned->edges);
    free(owned->names);
    free(owned);
}
