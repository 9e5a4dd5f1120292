/* Cut costs of three tiers from small made-up profiles, against sums by hand. */
#include "cost_profiles.h"

/* What a boundary sends, one byte an element of the input and four of others. */
static int64_t bytes_of(size_t boundary, int64_t batch, int64_t header) {
    const es_cut *cut = &model->cuts[ES_BLOCK][boundary];
    return cut->n_tensors == 0 ? 0 : batch * cut->elems * (boundary == 0 ? 1 : 4) + header;
}

/* Three profiles of layers, the cloud ten times as fast as the server. Tail rows of the server at 3
 * and 5 are not what its layers add up to: 5 takes more than 3. */
static void a_cloud_makes_pairs(void **state) {
    (void)state;
    static const int64_t batches[] = {2};
    es_cost_options options = options_for(1, batches);
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, 1e-4, N_MEASURED, measured, growth);
    for (size_t b = 0; b < N_MEASURED; b++) {
        add_row(stream, "tail", 3, measured[b], 0.010);
        add_row(stream, "tail", 5, measured[b], 0.015);
    }
    es_profile *server = end_profile(stream);
    es_profile *cloud = layers_of_batches(1e-5), *device = layers_of_batches(1e-3);
    options.cloud = cloud;
    options.header_bytes = 10;
    options.max_merged = 3;
    es_cost *cost = create(device, server, &options);
    size_t cut = 0;
    const es_cut_costs *costs = es_cost_find(cost, 2), *merged = es_cost_find(cost, 3);
    assert_int_equal(cost->n_cuts, N_CUTS * (N_CUTS + 1) / 2);
    assert_int_equal(es_cost_count_cuts(N_CUTS, true), cost->n_cuts);
    assert_int_equal(cost->n_boundaries, N_CUTS);
    for (size_t first = 0; first < N_CUTS; first++)
        for (size_t second = first; second < N_CUTS; second++, cut++) {
            char name[64];
            snprintf(name, sizeof name, "%s+%s", model->cuts[ES_BLOCK][first].name,
                     model->cuts[ES_BLOCK][second].name);
            assert_string_equal(cost->cuts[cut].name, name);
            assert_int_equal(es_cost_find_cut(cost, name), cut);
            assert_true(cost->cuts[cut].first == first && cost->cuts[cut].second == second);
            assert_true(cost->available[cut]);
            int64_t tails_us[N_CUTS], growing = 150; /* of a batch of 2, %, of 100 us a layer */
            for (size_t k = 0; k < N_CUTS; k++)
                tails_us[k] = (up_to(N_UNITS) - up_to(k)) * growing;
            tails_us[3] = 10000;
            tails_us[5] = 15000;
            int64_t server_us = first < second ? tails_us[first] - tails_us[second] : 0;
            assert_int_equal(costs->head_ns[cut], up_to(first) * 1500000);
            assert_int_equal(costs->tail_ns[cut], server_us > 0 ? server_us * 1000 : 0);
            assert_int_equal(costs->cloud_ns[cut], (up_to(N_UNITS) - up_to(second)) * 15000);
            assert_int_equal(costs->backhaul_bytes[cut], bytes_of(second, 2, 10));
            assert_int_equal(costs->bytes[cut], bytes_of(first, 2, 10));
            assert_true(costs->cloud_s[cut] == (double)costs->cloud_ns[cut] / 1e9);
            assert_true(costs->backhaul_bits[cut] == 8 * (double)costs->backhaul_bytes[cut]);
            assert_int_equal(merged->cloud_ns[cut], 0); /* only the server merges */
        }
    es_profile_destroy(cloud);
    es_cost_destroy(cost);
}

/* Without times of a half of the network, a cut needs its half from somebody else. */
static void pairs_need_the_times_of_their_parts(void **state) {
    (void)state;
    es_cost_options options = options_for(1, one_image);
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_row(stream, "whole", 0, 1, 0.5);
    es_profile *whole = end_profile(stream);
    es_profile *layers = layers_of_one_image(1e-3);
    options.cloud = whole;
    es_cost *cost = NULL;
    assert_int_equal(es_cost_create(model, layers, layers, &options, &cost, &errors), ES_OK);
    for (size_t cut = 0; cut < cost->n_cuts; cut++) /* all of it in the cloud, or nothing */
        assert_true(cost->available[cut] ==
                    (cost->cuts[cut].second == 0 || cost->cuts[cut].second == N_UNITS));
    es_cost_destroy(cost);
    options.cloud = layers;
    assert_int_equal(es_cost_create(model, layers, whole, &options, &cost, &errors), ES_OK);
    for (size_t cut = 0; cut < cost->n_cuts; cut++) { /* the server does all of it, or passes on */
        size_t first = cost->cuts[cut].first, second = cost->cuts[cut].second;
        assert_true(cost->available[cut] == (first == second || (first == 0 && second == N_UNITS)));
    }
    es_cost_destroy(cost);
    es_profile_destroy(whole);
    es_profile_destroy(layers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_MODEL(a_cloud_makes_pairs),
        WITH_MODEL(pairs_need_the_times_of_their_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
