/* Cut costs of EfficientNet-B0 from small made-up profiles, against sums by hand. */
#include "cost_profiles.h"

#include <gsl/gsl_interp.h>

static void heads_and_tails_are_sums_of_layers(void **state) {
    (void)state;
    es_cost_options options = options_for(1, one_image);
    es_cost *cost = create(layers_of_one_image(1e-3), layers_of_one_image(1e-4), &options);
    assert_int_equal(cost->n_cuts, N_CUTS);
    assert_int_equal(cost->n_batches, 1);
    assert_false(cost->extrapolated);
    const es_cut_costs *costs = es_cost_find(cost, 1);
    assert_int_equal(costs->n_cuts, N_CUTS);
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        assert_true(cost->available[cut]);
        assert_int_equal(costs->head_ns[cut], up_to(cut) * MS);
        assert_int_equal(costs->tail_ns[cut], (up_to(N_UNITS) - up_to(cut)) * MS / 10);
        assert_true(costs->head_s[cut] == (double)costs->head_ns[cut] / 1e9);
        assert_true(costs->tail_s[cut] == (double)costs->tail_ns[cut] / 1e9);
        assert_true(costs->bits[cut] == 8 * (double)costs->bytes[cut]);
    }
    es_cost_destroy(cost);
    es_cost_destroy(NULL);
}

static void a_cut_lies_at_each_boundary(void **state) {
    (void)state;
    es_cost_options options = options_for(1, one_image);
    es_cost *cost = create(layers_of_one_image(1e-3), layers_of_one_image(1e-4), &options);
    assert_int_equal(cost->n_boundaries, N_CUTS);
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        const es_cut *boundary = &cost->boundaries[cost->cuts[cut].first];
        assert_int_equal(cost->cuts[cut].first, cut);
        assert_int_equal(cost->cuts[cut].second, N_UNITS);
        assert_ptr_equal(boundary, &model->cuts[ES_BLOCK][cut]);
        assert_string_equal(cost->cuts[cut].name, boundary->name);
        assert_int_equal(es_cost_find_cut(cost, boundary->name), cut);
    }
    assert_int_equal(es_cost_find_cut(cost, "stem+head"), N_CUTS);
    es_cost_destroy(cost);
}

static void segments_are_preferred_to_sums(void **state) {
    (void)state;
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, 1e-3, 1, one_image, no_growth);
    add_row(stream, "head", 0, 1, 9);
    add_row(stream, "head", 3, 1, 0.123);
    add_row(stream, "head", N_UNITS, 1, 0.456);
    es_profile *device = end_profile(stream);
    stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, 1e-4, 1, one_image, no_growth);
    add_row(stream, "tail", 3, 1, 0.0321);
    add_row(stream, "tail", 0, 1, 0.0654);
    add_row(stream, "tail", N_UNITS, 1, 9);
    es_profile *server = end_profile(stream);
    es_cost_options options = options_for(1, one_image);
    es_cost *cost = create(device, server, &options);
    const es_cut_costs *costs = es_cost_find(cost, 1);
    assert_int_equal(costs->head_ns[3], 123 * MS);
    assert_int_equal(costs->head_ns[N_UNITS], 456 * MS);
    assert_int_equal(costs->tail_ns[3], 321 * MS / 10);
    assert_int_equal(costs->tail_ns[0], 654 * MS / 10);
    assert_int_equal(costs->head_ns[2], 3 * MS); /* the rest are sums */
    assert_int_equal(costs->head_ns[4], 10 * MS);
    assert_int_equal(costs->tail_ns[4], (210 - 10) * MS / 10);
    assert_int_equal(costs->head_ns[0], 0); /* a head without layers takes no time */
    assert_int_equal(costs->tail_ns[N_UNITS], 0);
    es_cost_destroy(cost);
}

static void the_whole_network_counts_only_without_layers(void **state) {
    (void)state;
    es_cost_options options = options_for(1, one_image);
    for (int with_layers = 0; with_layers < 2; with_layers++) {
        FILE *stream = begin_profile("efficientnet-b0", "block");
        if (with_layers)
            add_layers(stream, 1e-3, 1, one_image, no_growth);
        add_row(stream, "whole", 0, 1, 0.5);
        es_profile *profile = end_profile(stream);
        es_cost *cost = create(profile, profile, &options);
        const es_cut_costs *costs = es_cost_find(cost, 1);
        for (size_t cut = 0; cut < N_CUTS; cut++)
            assert_true(cost->available[cut] == (with_layers || cut == 0 || cut == N_UNITS));
        int64_t all_ns = with_layers ? 210 * MS : 500 * MS;
        assert_int_equal(costs->head_ns[N_UNITS], all_ns);
        assert_int_equal(costs->tail_ns[0], all_ns);
        es_cost_destroy(cost);
    }
}

/* Layers sum to 210 ms, the whole takes 420. */
static void pitfall_14_sums_are_corrected_to_the_whole(void **state) {
    (void)state;
    es_cost_options options = options_for(1, one_image);
    for (int corrected = 0; corrected < 2; corrected++) {
        FILE *stream = begin_profile("efficientnet-b0", "block");
        add_layers(stream, 1e-3, 1, one_image, no_growth);
        add_row(stream, "whole", 0, 1, 0.42);
        add_row(stream, "head", 5, 1, 0.019);
        add_row(stream, "tail", 5, 1, 0.018);
        es_profile *profile = end_profile(stream);
        options.whole_correction = corrected;
        es_cost *cost = create(profile, profile, &options);
        const es_cut_costs *costs = es_cost_find(cost, 1);
        int64_t factor = corrected ? 2 : 1;
        assert_int_equal(costs->head_ns[4], factor * 10 * MS);
        assert_int_equal(costs->tail_ns[4], factor * 200 * MS);
        assert_int_equal(costs->head_ns[N_UNITS], factor * 210 * MS);
        assert_int_equal(costs->tail_ns[0], factor * 210 * MS);
        assert_int_equal(costs->head_ns[5], 19 * MS); /* a segment was timed whole already */
        assert_int_equal(costs->tail_ns[5], 18 * MS);
        es_cost_destroy(cost);
    }
}

/* The same points, handed to GSL. */
static double interpolated(const gsl_interp_type *type, size_t n, double batch) {
    double x[N_MEASURED], y[N_MEASURED];
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)measured[i];
        y[i] = 1e-3 * growth[i];
    }
    gsl_interp *interp = gsl_interp_alloc(type, n);
    gsl_interp_init(interp, x, y, n);
    double value = gsl_interp_eval(interp, x, y, batch, NULL);
    gsl_interp_free(interp);
    return value;
}

static es_profile *profile_of_batches(size_t n) {
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, 1e-3, n, measured, growth);
    return end_profile(stream);
}

static void batches_between_measured_ones_are_interpolated(void **state) {
    (void)state;
    int64_t wanted[16];
    for (size_t i = 0; i < 16; i++)
        wanted[i] = (int64_t)i + 1;
    static const size_t n_measured[] = {5, 3, 2};
    for (size_t k = 0; k < 3; k++) {
        size_t n = n_measured[k], n_wanted = (size_t)measured[n - 1];
        es_cost_options options = options_for(n_wanted, wanted);
        es_profile *profile = profile_of_batches(n);
        es_cost *cost = create(profile, profile, &options);
        assert_false(cost->extrapolated);
        double before_s = 0;
        for (size_t i = 0; i < n_wanted; i++) {
            const es_cut_costs *costs = es_cost_find(cost, wanted[i]);
            double unit_s =
                interpolated(n > 2 ? gsl_interp_steffen : gsl_interp_linear, n, (double)wanted[i]);
            assert_true(unit_s > before_s); /* monotone */
            before_s = unit_s;
            for (size_t cut = 0; cut < N_CUTS; cut++) {
                assert_true(fabs(costs->head_s[cut] - unit_s * (double)up_to(cut)) < 0.51e-9);
                assert_true(fabs(costs->tail_s[cut] - unit_s * (double)(210 - up_to(cut))) <
                            0.51e-9);
            }
        }
        for (size_t m = 0; m < n; m++) { /* exact where it was measured */
            const es_cut_costs *costs = es_cost_find(cost, measured[m]);
            assert_int_equal(costs->head_ns[4], llround(10 * growth[m] * (double)MS));
        }
        es_cost_destroy(cost);
    }
    /* linear between 1 and 1.5 at three quarters */
    assert_true(fabs(interpolated(gsl_interp_linear, 2, 1.75) - 1.375e-3) < 1e-18);
}

static void tables_are_found_by_batch(void **state) {
    (void)state;
    static const int64_t wanted[] = {1, 3, 8};
    es_cost_options options = options_for(3, wanted);
    es_profile *profile = profile_of_batches(5);
    es_cost *cost = create(profile, profile, &options);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(es_cost_find(cost, wanted[i]), &cost->tables[i]);
    assert_null(es_cost_find(cost, 0));
    assert_null(es_cost_find(cost, 2));
    assert_null(es_cost_find(cost, 9));
    es_cost_destroy(cost);
}

static void reject(const es_profile *device, const es_profile *server,
                   const es_cost_options *options, size_t n, const char *const *texts) {
    es_cost *cost = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_cost_create(model, device, server, options, &cost, &errors), ES_INVALID);
    assert_null(cost);
    if (errors.n != n)
        es_errors_print(&errors, stderr);
    assert_int_equal(errors.n, n);
    for (size_t i = 0; i < n; i++) {
        if (strstr(errors.records[i].text, texts[i]) == NULL)
            es_errors_print(&errors, stderr);
        assert_non_null(strstr(errors.records[i].text, texts[i]));
        assert_memory_equal(errors.records[i].text, path, strlen(path));
    }
}

static void pitfall_15_batches_outside_the_measured_ones_are_errors(void **state) {
    (void)state;
    static const int64_t wanted[] = {1, 9, 16};
    static const char *const texts[] = {
        "batch 9 lies outside the measured batch sizes 1 .. 8",
        "batch 16 lies outside the measured batch sizes 1 .. 8",
        "batch 9 lies outside the measured batch sizes 1 .. 1",
        "batch 16 lies outside the measured batch sizes 1 .. 1",
    };
    es_cost_options options = options_for(3, wanted);
    es_profile *four = profile_of_batches(4), *one = profile_of_batches(1);
    reject(four, one, &options, 4, texts);
    options.extrapolate = true; /* which one size does not allow */
    reject(four, one, &options, 2, texts + 2);
    es_profile_destroy(four);
    es_profile_destroy(one);
}

/* The device is only measured with one image, which is all that requests bring. */
static void merged_tails_are_prepared_for_every_size(void **state) {
    (void)state;
    static const int64_t wanted[] = {3, 5, 8}, every[] = {1, 2, 3, 4, 5, 6};
    es_profile *server = profile_of_batches(4), *device = layers_of_one_image(1e-3);
    es_cost *single = NULL, *merged = NULL, *mixed = NULL;
    es_cost_options options = options_for(6, every);
    assert_int_equal(es_cost_create(model, server, server, &options, &single, &errors), ES_OK);
    options = options_for(1, one_image);
    options.max_merged = 6;
    assert_int_equal(es_cost_create(model, device, server, &options, &merged, &errors), ES_OK);
    assert_int_equal(merged->n_batches, 6);
    for (size_t b = 0; b < 6; b++) {
        assert_int_equal(merged->batches[b], every[b]);
        assert_true(merged->has_heads[b] == (b == 0));
        for (size_t cut = 0; cut < N_CUTS; cut++) {
            assert_int_equal(merged->tables[b].tail_ns[cut], single->tables[b].tail_ns[cut]);
            assert_int_equal(merged->tables[b].bytes[cut], single->tables[b].bytes[cut]);
            assert_int_equal(merged->tables[b].head_ns[cut], b == 0 ? up_to(cut) * MS : 0);
        }
    }
    static const int64_t both[] = {1, 2, 3, 4, 5, 8};
    options = options_for(3, wanted);
    options.max_merged = 4;
    assert_int_equal(es_cost_create(model, server, server, &options, &mixed, &errors), ES_OK);
    assert_int_equal(mixed->n_batches, 6);
    for (size_t b = 0; b < 6; b++) {
        assert_int_equal(mixed->batches[b], both[b]);
        assert_true(mixed->has_heads[b] == (both[b] == 3 || both[b] == 5 || both[b] == 8));
    }
    assert_int_equal(mixed->tables[2].head_ns[7], single->tables[2].head_ns[7]);
    es_cost_destroy(single);
    es_cost_destroy(merged);
    es_cost_destroy(mixed);
    static const char *const texts[] = {"batch 20, which [server] max_batch asks for, lies outside "
                                        "the measured batch sizes 1 .. 8"};
    options = options_for(1, one_image);
    options.max_merged = 20; /* sizes 9 to 19 are not named */
    reject(device, server, &options, 1, texts);
    es_profile_destroy(server);
    es_profile_destroy(device);
}

/* Of feature maps only: half the bytes, and 8 bits of every byte before at 8 Gbit/s and 2 Gbit/s.
 */
static void coding_takes_time_and_saves_bytes(void **state) {
    (void)state;
    static const int64_t batches[] = {1, 4};
    es_profile *profile = profile_of_batches(5);
    es_cost *plain = NULL, *coded = NULL;
    es_cost_options options = options_for(2, batches);
    options.header_bytes = 40;
    assert_int_equal(es_cost_create(model, profile, profile, &options, &plain, &errors), ES_OK);
    options.coded_ratio = 0.3;
    options.encode_bps = 8e9;
    options.decode_bps = 2e9;
    assert_int_equal(es_cost_create(model, profile, profile, &options, &coded, &errors), ES_OK);
    for (size_t b = 0; b < 2; b++) {
        const es_cut_costs *before = &plain->tables[b], *after = &coded->tables[b];
        for (size_t cut = 0; cut < N_CUTS; cut++) {
            bool feature = cut > 0 && cut < N_UNITS;
            int64_t raw = feature ? before->bytes[cut] - 40 : 0;
            assert_int_equal(after->bytes[cut],
                             feature ? (int64_t)ceil(0.3 * (double)raw) + 40 : before->bytes[cut]);
            assert_int_equal(after->head_ns[cut], before->head_ns[cut] + raw);
            assert_int_equal(after->tail_ns[cut], before->tail_ns[cut] + 4 * raw);
            assert_true(after->head_s[cut] == (double)after->head_ns[cut] / 1e9);
            assert_true(after->bits[cut] == 8 * (double)after->bytes[cut]);
        }
    }
    es_cost_destroy(plain);
    es_cost_destroy(coded);
    es_profile_destroy(profile);
}

/* 1, 1.5 times at 1, 2 images: 2.5 at 4, 8.5 at 16; 1.75, 4.5 times at 4, 8 images: 10 at 16. */
static void extrapolation_is_linear_and_flagged(void **state) {
    (void)state;
    static const int64_t wanted[] = {1, 4, 16};
    es_cost_options options = options_for(3, wanted);
    options.extrapolate = true;
    es_profile *two = profile_of_batches(2), *four = profile_of_batches(4);
    es_cost *cost = create(two, four, &options);
    assert_true(cost->extrapolated);
    assert_int_equal(es_cost_find(cost, 4)->head_ns[4], 25 * MS);
    assert_int_equal(es_cost_find(cost, 16)->head_ns[4], 85 * MS);
    assert_int_equal(es_cost_find(cost, 16)->tail_ns[0], 2100 * MS);
    es_cost_destroy(cost);
    /* below the least size: 3 and 1 ms at 4 and 5 images would be 9 ms at 1; rising ones stop at 0
     */
    FILE *stream = begin_profile("efficientnet-b0", "block");
    for (size_t i = 1; i <= N_UNITS; i++) {
        add_row(stream, "layer", i, 4, i == 1 ? 3e-3 : 1e-3);
        add_row(stream, "layer", i, 5, i == 1 ? 1e-3 : 3e-3);
    }
    es_profile *profile = end_profile(stream);
    options.n_batches = 1;
    cost = create(profile, profile, &options);
    assert_int_equal(es_cost_find(cost, 1)->head_ns[1], 9 * MS);
    assert_int_equal(es_cost_find(cost, 1)->head_ns[2], 9 * MS);
    assert_true(cost->extrapolated);
    es_cost_destroy(cost);
}

/* Rows of 4 images for one unit only: what is measured ends at 2. */
static void extrapolation_is_flagged_beyond_what_all_rows_cover(void **state) {
    (void)state;
    static const int64_t wanted[] = {1, 3};
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, 1e-3, 2, measured, growth);
    add_row(stream, "layer", 1, 4, 1);
    es_profile *profile = end_profile(stream);
    es_cost_options options = options_for(2, wanted);
    static const char *const texts[] = {"batch 3 lies outside the measured batch sizes 1 .. 2",
                                        "batch 3 lies outside the measured batch sizes 1 .. 2"};
    reject(profile, profile, &options, 2, texts);
    es_errors_init(&errors);
    options.extrapolate = true;
    es_cost *cost = create(profile, profile, &options);
    assert_true(cost->extrapolated);
    assert_int_equal(es_cost_find(cost, 3)->head_ns[1], 2 * MS);
    es_cost_destroy(cost);
}

static void cuts_without_times_are_not_available(void **state) {
    (void)state;
    FILE *stream = begin_profile("efficientnet-b0", "block");
    for (size_t i = 1; i <= N_UNITS; i++)
        if (i != 5)
            add_row(stream, "layer", i, 1, 1e-3);
    add_row(stream, "head", 7, 1, 7e-3);
    es_profile *device = end_profile(stream);
    stream = begin_profile("efficientnet-b0", "block");
    for (size_t i = 3; i <= N_UNITS; i++)
        add_row(stream, "layer", i, 1, 1e-4);
    es_profile *server = end_profile(stream);
    es_cost_options options = options_for(1, one_image);
    es_cost *cost = create(device, server, &options);
    for (size_t cut = 0; cut < N_CUTS; cut++)
        assert_true(cost->available[cut] == ((cut >= 2 && cut <= 4) || cut == 7));
    assert_int_equal(es_cost_find(cost, 1)->head_ns[4], 4 * MS);
    assert_int_equal(es_cost_find(cost, 1)->head_ns[7], 7 * MS);
    assert_int_equal(es_cost_find(cost, 1)->tail_ns[2], 18 * MS / 10);
    assert_int_equal(es_cost_find(cost, 1)->bytes[1], 4 * 32 * 112 * 112); /* known all the same */
    es_cost_destroy(cost);
}

static void profiles_that_share_no_cut_are_rejected(void **state) {
    (void)state;
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_row(stream, "head", 3, 1, 1e-3);
    es_profile *device = end_profile(stream);
    stream = begin_profile("efficientnet-b0", "block");
    add_row(stream, "tail", 4, 1, 1e-3);
    es_profile *server = end_profile(stream);
    es_cost_options options = options_for(1, one_image);
    static const char *const texts[] = {
        "no cut of efficientnet-b0 has both a head time here and a tail time in "};
    reject(device, server, &options, 1, texts);
    es_profile_destroy(device);
    es_profile_destroy(server);
}

static void profiles_of_another_network_are_rejected(void **state) {
    (void)state;
    FILE *stream = begin_profile("efficientnet-b1", "block");
    add_row(stream, "head", 3, 1, 1e-3);
    es_profile *other = end_profile(stream);
    es_profile *right = layers_of_one_image(1e-3);
    es_cost_options options = options_for(1, one_image);
    static const char *const texts[] = {
        "is a profile of efficientnet-b1; the model is efficientnet-b0",
        "is a profile of efficientnet-b1; the model is efficientnet-b0"};
    reject(other, right, &options, 1, texts);
    reject(right, other, &options, 1, texts);
    reject(other, other, &options, 2, texts);
    es_profile_destroy(other);
    es_profile_destroy(right);
}

/* A finer profile gives the times of coarser cuts; a coarser one those of the cuts they share. */
static void profiles_of_another_granularity_are_used(void **state) {
    (void)state;
    size_t n_fused = model->n_cuts[ES_FUSED] - 1;
    assert_true(n_fused > N_UNITS);
    FILE *stream = begin_profile("efficientnet-b0", "fused");
    for (size_t i = 1; i <= n_fused; i++)
        add_row(stream, "layer", i, 1, 1e-3);
    es_profile *fine = end_profile(stream), *coarse = layers_of_one_image(1e-3);
    es_cost_options options = options_for(1, one_image);
    es_cost *cost = NULL;
    assert_int_equal(es_cost_create(model, fine, coarse, &options, &cost, &errors), ES_OK);
    const es_cut_costs *costs = es_cost_find(cost, 1);
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        size_t unit = es_model_find_cut(model, ES_FUSED, model->cuts[ES_BLOCK][cut].last_layer);
        assert_int_equal(costs->head_ns[cut], (int64_t)unit * MS);
        assert_int_equal(costs->tail_ns[cut], (210 - up_to(cut)) * MS);
    }
    assert_int_equal(costs->head_ns[N_UNITS], (int64_t)n_fused * MS);
    es_cost_destroy(cost);
    options.granularity = ES_FUSED;
    assert_int_equal(es_cost_create(model, fine, coarse, &options, &cost, &errors), ES_OK);
    size_t n_available = 0;
    for (size_t cut = 0; cut <= n_fused; cut++)
        n_available += cost->available[cut];
    assert_int_equal(n_available, N_CUTS);
    es_cost_destroy(cost);
    es_profile_destroy(fine);
    es_profile_destroy(coarse);
}

/* Elements from table 1 of the EfficientNet paper: channels x height x width. */
static void bytes_follow_the_conventions(void **state) {
    (void)state;
    static const int64_t elems[N_CUTS] = {
        3 * 224 * 224, 32 * 112 * 112, 16 * 112 * 112, 24 * 56 * 56, 24 * 56 * 56,
        40 * 28 * 28,  40 * 28 * 28,   80 * 14 * 14,   80 * 14 * 14, 80 * 14 * 14,
        112 * 14 * 14, 112 * 14 * 14,  112 * 14 * 14,  192 * 7 * 7,  192 * 7 * 7,
        192 * 7 * 7,   192 * 7 * 7,    320 * 7 * 7,    1280 * 7 * 7, 1280,
    };
    static const int64_t batches[] = {1, 4};
    static const struct {
        double input, feature, header;
    } cases[] = {{1, 4, 0}, {1, 4, 64}, {4, 2, 0.5}, {0.001, 0.0625, 0}, {1, 0.3, 10.25}};
    es_cost_options options = options_for(2, batches);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        options.input_bytes_per_elem = cases[c].input;
        options.feature_bytes_per_elem = cases[c].feature;
        options.header_bytes = cases[c].header;
        es_profile *profile = profile_of_batches(5);
        es_cost *cost = create(profile, profile, &options);
        for (size_t b = 0; b < 2; b++) {
            const int64_t *bytes = es_cost_find(cost, batches[b])->bytes;
            double images = (double)batches[b];
            assert_int_equal(bytes[0], ceil(images * 150528 * cases[c].input + cases[c].header));
            for (size_t cut = 1; cut < N_UNITS; cut++)
                assert_int_equal(bytes[cut], ceil(images * (double)elems[cut] * cases[c].feature +
                                                  cases[c].header));
            assert_int_equal(bytes[N_UNITS], 0); /* pitfall 16: no message, no header */
        }
        es_cost_destroy(cost);
    }
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    static const int64_t wanted[] = {1, 3};
    es_profile *profile = profile_of_batches(5);
    es_cost_options options = options_for(2, wanted);
    options.max_merged = 4;
    bool struck = true;
    size_t n = 0;
    for (int tiers = 2; tiers <= 3; tiers++, struck = true, n = 0) {
        options.cloud = tiers == 3 ? profile : NULL;
        while (struck) {
            es_cost *cost = NULL;
            es_errors_init(&errors);
            fault_alloc_fail_at(++n);
            es_status status = es_cost_create(model, profile, profile, &options, &cost, &errors);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_int_equal(es_errors_status(&errors), status);
            assert_true(struck == (cost == NULL));
            es_cost_destroy(cost);
        }
        assert_true(n > 15);
    }
    es_profile_destroy(profile);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_MODEL(heads_and_tails_are_sums_of_layers),
        WITH_MODEL(a_cut_lies_at_each_boundary),
        WITH_MODEL(segments_are_preferred_to_sums),
        WITH_MODEL(the_whole_network_counts_only_without_layers),
        WITH_MODEL(pitfall_14_sums_are_corrected_to_the_whole),
        WITH_MODEL(batches_between_measured_ones_are_interpolated),
        WITH_MODEL(tables_are_found_by_batch),
        WITH_MODEL(pitfall_15_batches_outside_the_measured_ones_are_errors),
        WITH_MODEL(merged_tails_are_prepared_for_every_size),
        WITH_MODEL(coding_takes_time_and_saves_bytes),
        WITH_MODEL(extrapolation_is_linear_and_flagged),
        WITH_MODEL(extrapolation_is_flagged_beyond_what_all_rows_cover),
        WITH_MODEL(cuts_without_times_are_not_available),
        WITH_MODEL(profiles_that_share_no_cut_are_rejected),
        WITH_MODEL(profiles_of_another_network_are_rejected),
        WITH_MODEL(profiles_of_another_granularity_are_used),
        WITH_MODEL(bytes_follow_the_conventions),
        WITH_MODEL(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
