/* Properties of any network, by their definitions: of those of the zoo and of random ones. */
#ifndef TESTS_PROPERTY_MODEL_CHECKS_H
#define TESTS_PROPERTY_MODEL_CHECKS_H

#include "edgesplit/model.h"

#include "test.h"

static inline bool reads(const es_layer *layer, size_t input) {
    for (size_t i = 0; i < layer->n_inputs; i++)
        if (layer->inputs[i] == input)
            return true;
    return false;
}

static inline void check_costs(const es_model *model) {
    int64_t params = 0, macs = 0;
    for (size_t l = 0; l <= model->n_layers; l++) {
        params += model->layers[l].params;
        macs += model->layers[l].macs;
        assert_int_equal(model->cuts[ES_LEAF][l].head_params, params);
        assert_int_equal(model->cuts[ES_LEAF][l].head_macs, macs);
    }
}

static inline void check_bottlenecks(const es_model *model) {
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++)
        for (size_t i = 0; i < model->n_cuts[g]; i++) {
            const es_cut *cut = &model->cuts[g][i];
            bool natural = i > 0 && i + 1 < model->n_cuts[g] &&
                           cut->elems < es_shape_elems(model->layers[0].out);
            bool record = true;
            for (size_t j = 0; j < i; j++)
                record &= cut->elems < model->cuts[g][j].elems;
            assert_int_equal(cut->natural, natural);
            assert_int_equal(cut->compressive, natural && record);
        }
}

#endif
