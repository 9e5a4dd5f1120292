/* Profiles at another clock. */
#include "roofline.h"
#include "scale.h"

#include "edgesplit/number.h"

#include "test.h"

#include <math.h>
#include <string.h>

/* A measured profile of made-up times: the unit's own constant part and the part that follows the
 * clock, both functions of its number and the batch size. */
enum { MOST_PROFILES = 4, N_BATCHES = 2 };
static const int64_t batches[N_BATCHES] = {1, 8};
static const double highest_hz = 1.5e9;

typedef struct made {
    es_profile profile;
    es_profile_row *rows;
    es_provenance provenance[6];
    char clock[32];
} made;

static double constant_s(size_t unit, int64_t batch) {
    return (double)(unit % 5) * 1e-5 * (double)batch;
}

static double clocked_s(size_t unit, int64_t batch) {
    return (double)(1 + unit % 7) * 3e-6 * (double)batch;
}

static void make(made *m, const es_model *model, double hz) {
    size_t n_units = model->n_cuts[ES_FUSED] - 1, n = 0;
    *m = (made){.rows = calloc(N_BATCHES * (n_units + 1), sizeof *m->rows)};
    assert_non_null(m->rows);
    snprintf(m->clock, sizeof m->clock, "%.17gMHz", hz / 1e6);
    const es_provenance provenance[] = {{"device", "GPU"},    {"backend", "made"},
                                        {"library", "L 1.0"}, {"precision", "fp32"},
                                        {"clock", m->clock},  {"date", "some day"}};
    memcpy(m->provenance, provenance, sizeof provenance);
    for (size_t b = 0; b < N_BATCHES; b++) {
        double whole_s = 0;
        for (size_t u = 0; u <= n_units; u++) {
            bool whole = u == n_units;
            double t_s =
                constant_s(u + 1, batches[b]) + clocked_s(u + 1, batches[b]) * (highest_hz / hz);
            whole_s += whole ? 0 : t_s;
            t_s = whole ? whole_s : t_s;
            m->rows[n++] = (es_profile_row){.kind = whole ? ES_PROFILE_WHOLE : ES_PROFILE_LAYER,
                                            .index = whole ? 0 : u + 1,
                                            .name = "unit",
                                            .op = "",
                                            .batch = batches[b],
                                            .n = 30,
                                            .median_s = t_s,
                                            .p05_s = 0.9 * t_s,
                                            .p95_s = 1.2 * t_s,
                                            .min_s = 0.8 * t_s,
                                            .mean_s = t_s,
                                            .std_s = ES_NAN};
        }
    }
    m->profile = (es_profile){.path = "folder/made.profile",
                              .model = model->name,
                              .kind = "measured",
                              .resolution = model->layers[0].out.h,
                              .granularity = ES_FUSED,
                              .n_provenance = 6,
                              .provenance = m->provenance,
                              .n_rows = n,
                              .rows = m->rows};
    memset(m->profile.sha256, 'a', ES_SHA256_TEXT - 1);
}

typedef struct fixture {
    es_model *model;
    made made[MOST_PROFILES];
    const es_profile *profiles[MOST_PROFILES];
    es_scaling how;
    es_scaled *scaled;
    es_errors errors;
} fixture;

/* Made profiles at clocks [n]. */
static void setup(fixture *f, size_t n, const double *clocks_hz, double wanted_hz) {
    *f = (fixture){0};
    es_errors_init(&f->errors);
    assert_int_equal(es_model_create("efficientnet-b0", 64, &f->model, &f->errors), ES_OK);
    for (size_t i = 0; i < n; i++) {
        make(&f->made[i], f->model, clocks_hz[i]);
        f->profiles[i] = &f->made[i].profile;
    }
    f->how = (es_scaling){
        .n = n, .profiles = f->profiles, .clock_hz = wanted_hz, .model = f->model, .date = "today"};
}

static void teardown(fixture *f) {
    es_scaled_destroy(f->scaled);
    es_model_destroy(f->model);
    for (size_t i = 0; i < MOST_PROFILES; i++)
        free(f->made[i].rows);
}

static void scale(fixture *f) {
    es_scaled_destroy(f->scaled);
    f->scaled = NULL;
    es_status status = es_profile_scale(&f->how, &f->scaled, &f->errors);
    if (status != ES_OK)
        fail_msg("%s", f->errors.records[0].text);
}

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance * fabs(expected)))
        fail_msg("%.17g is not %.17g", value, expected);
}

/* The rows of an end; what differs from the measured ones is their figures alone. */
static const es_profile_row *rows_of(const fixture *f, es_scaled_end end) {
    const es_profile *profile = es_scaled_profile(f->scaled, end);
    assert_non_null(profile);
    assert_int_equal(profile->n_rows, f->profiles[0]->n_rows);
    assert_string_equal(profile->kind, "scaled");
    return profile->rows;
}

static void assert_ends_contain(const fixture *f) {
    const es_profile_row *low = rows_of(f, ES_SCALED_LOW), *high = rows_of(f, ES_SCALED_HIGH);
    const es_profile_row *estimate = rows_of(f, ES_SCALED_ESTIMATE);
    for (size_t r = 0; r < f->profiles[0]->n_rows; r++) {
        assert_true(low[r].median_s <= estimate[r].median_s);
        assert_true(estimate[r].median_s <= high[r].median_s);
        assert_int_equal(low[r].kind, estimate[r].kind);
        assert_int_equal(high[r].batch, estimate[r].batch);
    }
}

static void test_a_linear_law_is_recovered(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, highest_hz, 900e6};
    for (size_t n = 2; n <= 3; n++) {
        fixture f;
        setup(&f, n, clocks_hz, 600e6);
        scale(&f);
        made truth;
        make(&truth, f.model, 600e6);
        const es_profile_row *estimate = rows_of(&f, ES_SCALED_ESTIMATE);
        for (size_t r = 0; r < truth.profile.n_rows; r++) {
            assert_near(estimate[r].median_s, truth.rows[r].median_s, 1e-12);
            assert_near(estimate[r].p95_s, 1.2 * truth.rows[r].median_s, 1e-12);
            assert_true(isnan(estimate[r].std_s));
        }
        assert_ends_contain(&f);
        free(truth.rows);
        teardown(&f);
    }
}

/* Both neighbours bound the time, and a nearer one more narrowly. */
static void test_bounds_of_two_clocks(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, 1500e6};
    fixture f;
    setup(&f, 2, clocks_hz, 500e6);
    scale(&f);
    const es_profile_row *low = rows_of(&f, ES_SCALED_LOW), *high = rows_of(&f, ES_SCALED_HIGH);
    for (size_t r = 0; r < f.profiles[0]->n_rows; r++) {
        double slow_s = f.made[0].rows[r].median_s, fast_s = f.made[1].rows[r].median_s;
        assert_near(low[r].median_s, fmax(fast_s, slow_s * 0.6), 1e-12);
        assert_near(high[r].median_s, fmin(slow_s, fast_s * 3), 1e-12);
    }
    teardown(&f);
}

static void test_bounds_of_one_clock(void **state) {
    (void)state;
    fixture f;
    setup(&f, 1, &highest_hz, 300e6);
    scale(&f);
    assert_ends_contain(&f);
    const es_profile_row *low = rows_of(&f, ES_SCALED_LOW), *high = rows_of(&f, ES_SCALED_HIGH);
    for (size_t r = 0; r < f.profiles[0]->n_rows; r++) {
        assert_near(low[r].median_s, f.made[0].rows[r].median_s, 1e-15);
        assert_near(high[r].median_s, 5 * f.made[0].rows[r].median_s, 1e-15);
    }
    f.how.clock_hz = 3e9;
    scale(&f);
    assert_ends_contain(&f);
    low = rows_of(&f, ES_SCALED_LOW), high = rows_of(&f, ES_SCALED_HIGH);
    assert_near(low[3].median_s, f.made[0].rows[3].median_s / 2, 1e-15);
    assert_near(high[3].median_s, f.made[0].rows[3].median_s, 1e-15);
    f.how.clock_hz = highest_hz;
    scale(&f);
    for (size_t end = 0; end < ES_N_SCALED_ENDS; end++)
        assert_near(rows_of(&f, (es_scaled_end)end)[3].median_s, f.made[0].rows[3].median_s, 1e-15);
    teardown(&f);
}

static void test_no_estimate_without_the_network(void **state) {
    (void)state;
    fixture f;
    setup(&f, 1, &highest_hz, 300e6);
    f.how.model = NULL;
    scale(&f);
    assert_null(es_scaled_profile(f.scaled, ES_SCALED_ESTIMATE));
    assert_non_null(es_scaled_profile(f.scaled, ES_SCALED_HIGH));
    f.how.model = f.model;
    f.made[0].rows[0].kind = ES_PROFILE_HEAD;
    scale(&f);
    assert_null(es_scaled_profile(f.scaled, ES_SCALED_ESTIMATE));
    teardown(&f);
}

/* ---- The roofline */

/* Times of a device with known rates: the model's own, so that the factors are exact. */
static void test_roofline_of_a_made_up_device(void **state) {
    (void)state;
    fixture f;
    setup(&f, 1, &highest_hz, 300e6);
    es_roofline roofline;
    size_t n_units = f.model->n_cuts[ES_FUSED] - 1;
    /* All time is traffic: nothing follows the clock. */
    for (size_t r = 0; r < f.profiles[0]->n_rows; r++)
        f.made[0].rows[r].median_s = 1e6;
    assert_true(es_roofline_init(&roofline, f.profiles[0], f.model, 1e-3));
    assert_near(es_roofline_factor(&roofline, &f.made[0].rows[0], 5), 1, 1e-15);
    /* Memory is never the limit: everything does. */
    assert_true(es_roofline_init(&roofline, f.profiles[0], f.model, 1e30));
    for (size_t u = 0; u <= n_units; u++)
        assert_near(es_roofline_factor(&roofline, &f.made[0].rows[u], 5), 5, 1e-12);
    /* Of several units the mean, weighted with their times. */
    assert_true(es_roofline_init(&roofline, f.profiles[0], f.model, 0));
    double sum_s = 0, scaled_s = 0;
    for (size_t u = 0; u < n_units; u++) {
        double factor = es_roofline_factor(&roofline, &f.made[0].rows[u], 5);
        assert_true(factor >= 1 && factor <= 5);
        sum_s += f.made[0].rows[u].median_s;
        scaled_s += f.made[0].rows[u].median_s * factor;
    }
    assert_near(es_roofline_factor(&roofline, &f.made[0].rows[n_units], 5), scaled_s / sum_s,
                1e-12);
    teardown(&f);
}

/* The stem, a 3x3 convolution of 3 x 64 x 64 to 32 x 32 x 32, by hand. */
static void test_roofline_of_one_layer(void **state) {
    (void)state;
    fixture f;
    setup(&f, 1, &highest_hz, 300e6);
    es_roofline roofline;
    for (size_t r = 0; r < f.profiles[0]->n_rows; r++)
        f.made[0].rows[r].median_s = 1;
    f.made[0].rows[0].median_s = 1e-3;
    double macs = 27.0 * 32 * 32 * 32, params = 27 * 32 + 2 * 32;
    double bytes = 4 * (params + 3 * 64 * 64 + 32 * 32 * 32);
    assert_true(es_roofline_init(&roofline, f.profiles[0], f.model, 0));
    assert_near(roofline.best_bytes_per_s, bytes / 1e-3, 1e-12);
    double most = 0;
    for (size_t k = 0; k < ES_N_ROOF_KINDS; k++)
        most = fmax(most, roofline.flops[k]);
    assert_near(most, 2 * macs / 1e-3, 1e-12);
    /* Memory with half the bandwidth: 2 ms of traffic, 1 ms of arithmetic that becomes 5 ms. */
    assert_true(es_roofline_init(&roofline, f.profiles[0], f.model, bytes / 2e-3));
    assert_near(es_roofline_factor(&roofline, &f.made[0].rows[0], 5), 2.5, 1e-12);
    assert_near(es_roofline_factor(&roofline, &f.made[0].rows[0], 1.5), 1, 1e-12);
    teardown(&f);
}

/* ---- Fits */

static void test_fits_have_no_negative_part(void **state) {
    (void)state;
    double a, b;
    const double r[] = {1, 2, 4};
    es_fit_clock(3, r, (const double[]){3, 5, 9}, &a, &b);
    assert_near(a, 1, 1e-14);
    assert_near(b, 2, 1e-14);
    es_fit_clock(3, r, (const double[]){3, 2, 1}, &a, &b); /* faster at the lower clock */
    assert_near(a, 2, 1e-14);
    assert_true(b == 0);
    es_fit_clock(3, r, (const double[]){1, 3, 8}, &a, &b); /* slower than the clock */
    assert_true(a == 0);
    assert_near(b, (1 + 6 + 32) / 21.0, 1e-14);
}

static void test_noise_widens_the_ends(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, 1500e6};
    fixture f;
    setup(&f, 2, clocks_hz, 400e6);
    f.made[0].rows[2].median_s = 6 * f.made[1].rows[2].median_s; /* 5 is the most */
    f.made[0].rows[3].median_s = 0.5 * f.made[1].rows[3].median_s;
    scale(&f);
    assert_ends_contain(&f);
    const char *residual =
        es_profile_provenance(es_scaled_profile(f.scaled, ES_SCALED_ESTIMATE), "largest-residual");
    assert_non_null(residual);
    assert_non_null(strstr(residual, "(layer 4 at batch 1)"));
    teardown(&f);
    /* At a measured clock that is off the line, to either side. */
    setup(&f, 3, (const double[]){300e6, 900e6, 1500e6}, 900e6);
    f.made[1].rows[2].median_s *= 1.2;
    f.made[1].rows[3].median_s *= 0.8;
    scale(&f);
    assert_ends_contain(&f);
    assert_near(rows_of(&f, ES_SCALED_HIGH)[2].median_s, f.made[1].rows[2].median_s, 1e-15);
    assert_near(rows_of(&f, ES_SCALED_LOW)[3].median_s, f.made[1].rows[3].median_s, 1e-15);
    teardown(&f);
}

/* ---- Provenance and refusals */

static void test_provenance(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, 1500e6};
    fixture f;
    setup(&f, 2, clocks_hz, 600e6);
    scale(&f);
    for (size_t end = 0; end < ES_N_SCALED_ENDS; end++) {
        const es_profile *profile = es_scaled_profile(f.scaled, (es_scaled_end)end);
        const char *from = es_profile_provenance(profile, "scaled-from");
        assert_non_null(strstr(from, "made.profile at 300MHz, sha256 aaaa"));
        assert_non_null(strstr(from, "; made.profile at 1500MHz, sha256 aaaa"));
        assert_null(strchr(from, '/'));
        assert_string_equal(es_profile_provenance(profile, "clock"), "600MHz");
        assert_string_equal(es_profile_provenance(profile, "device"), "GPU");
        assert_string_equal(es_profile_provenance(profile, "date"), "today");
        for (size_t i = 0; i < profile->n_provenance; i++)
            assert_null(strstr(profile->provenance[i].value, "measured"));
    }
    assert_non_null(strstr(
        es_profile_provenance(es_scaled_profile(f.scaled, ES_SCALED_HIGH), "method"), "high end"));
    teardown(&f);
}

static void assert_refused(fixture *f, const char *part) {
    es_errors_init(&f->errors);
    assert_int_equal(es_profile_scale(&f->how, &f->scaled, &f->errors), ES_INVALID);
    assert_null(f->scaled);
    if (strstr(f->errors.records[0].text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f->errors.records[0].text, part);
}

static void test_what_cannot_be_scaled(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, 1500e6};
    fixture f;
    setup(&f, 2, clocks_hz, 600e6);
    made *other = &f.made[1];
    const made right = *other;
    static const struct {
        const char *key, *value, *part;
    } wrong[] = {
        {"device", "another", "device is \"another\"; in folder/made.profile it is \"GPU\""},
        {"backend", "another", "backend is"},
        {"library", "L 2.0", "library is"},
        {"precision", "fp16", "precision is \"fp16\""},
        {"clock", "isa:sse41", "clock is \"isa:sse41\"; expected a frequency"},
        {"clock", "0MHz", "clock is \"0MHz\"; expected more than 0"},
        {"clock", "300MHz", "has the same clock as"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (size_t p = 0; p < 6; p++)
            if (strcmp(other->provenance[p].key, wrong[i].key) == 0)
                other->provenance[p].value = wrong[i].value;
        assert_refused(&f, wrong[i].part);
        memcpy(other->provenance, right.provenance, sizeof right.provenance);
    }
    other->provenance[4].key = "speed";
    assert_refused(&f, "says no clock");
    other->provenance[4].key = "clock";
    other->profile.kind = "scaled";
    assert_refused(&f, "is scaled; only what was measured is scaled");
    other->profile.kind = "measured";
    other->profile.model = "efficientnet-b1";
    assert_refused(&f, "is a profile of fused units of efficientnet-b1 at 64 pixels");
    other->profile = right.profile;
    other->profile.n_rows--;
    assert_refused(&f, "rows; folder/made.profile has");
    other->profile = right.profile;
    for (size_t r = 0; r < other->profile.n_rows; r++)
        other->rows[r].batch *= 2;
    assert_refused(&f, "has no layer 1 at batch 1");
    for (size_t r = 0; r < other->profile.n_rows; r++)
        other->rows[r].batch /= 2;
    f.how.clock_hz = 299e6;
    assert_refused(&f, "299MHz is outside the measured clocks, 300MHz to 1500MHz");
    f.how.clock_hz = 1501e6;
    assert_refused(&f, "outside");
    teardown(&f);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static const double clocks_hz[] = {300e6, 1500e6};
    fixture f;
    setup(&f, 2, clocks_hz, 600e6);
    size_t n = 0;
    for (bool struck = true; struck;) {
        es_errors_init(&f.errors);
        fault_alloc_fail_at(++n);
        es_status status = es_profile_scale(&f.how, &f.scaled, &f.errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck ? f.scaled == NULL && f.errors.n > 0 : f.scaled != NULL);
    }
    assert_true(n > 20);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_linear_law_is_recovered),
        cmocka_unit_test(test_bounds_of_two_clocks),
        cmocka_unit_test(test_bounds_of_one_clock),
        cmocka_unit_test(test_no_estimate_without_the_network),
        cmocka_unit_test(test_roofline_of_a_made_up_device),
        cmocka_unit_test(test_roofline_of_one_layer),
        cmocka_unit_test(test_fits_have_no_negative_part),
        cmocka_unit_test(test_noise_widens_the_ends),
        cmocka_unit_test(test_provenance),
        cmocka_unit_test(test_what_cannot_be_scaled),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
