#include "scale.h"
#include "roofline.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/units.h"

#include <math.h>
#include <string.h>

struct es_scaled {
    es_profile profiles[ES_N_SCALED_ENDS];
    es_facts facts[ES_N_SCALED_ENDS];
    es_profile_row *rows[ES_N_SCALED_ENDS];
    bool has_estimate;
};

typedef struct scaler {
    const es_scaling *how;
    double *clocks_hz;     /* [n] */
    double *ratios;        /* [n] the highest clock over each */
    double *medians_s;     /* [n] of the row in hand */
    double highest_hz;     /* of the clocks */
    size_t slower, faster; /* the neighbours of the clock wanted; n: none */
    size_t nearest;
    es_roofline roofline; /* of one profile */
    bool has_roofline;
    double largest_residual_ratio;
    const es_profile_row *worst; /* the row that has it */
} scaler;

/* ---- Checks */

/* Provenance that has to be the same. */
static const char *const same[] = {"device", "backend", "library", "precision"};
enum { N_SAME = sizeof same / sizeof same[0] };

static bool equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void check_clock(const es_profile *profile, double *clock_hz, es_errors *errors) {
    const char *text = es_profile_provenance(profile, "clock"), *expected = "";
    *clock_hz = 0;
    if (strcmp(profile->kind, "measured") != 0)
        es_errors_add(errors, ES_INVALID, profile->path, 0,
                      "is %s; only what was measured is scaled", profile->kind);
    if (text == NULL)
        es_errors_add(errors, ES_INVALID, profile->path, 0,
                      "says no clock (a line `# clock: 300MHz`); only what was measured at a known "
                      "clock is scaled");
    else if (es_parse_quantity(es_slice_of(text), ES_DIM_FREQUENCY, clock_hz, &expected) != ES_OK)
        es_errors_add(errors, ES_INVALID, profile->path, 0, "clock is \"%s\"; expected %s", text,
                      expected);
    else if (!(*clock_hz > 0))
        es_errors_add(errors, ES_INVALID, profile->path, 0, "clock is \"%s\"; expected more than 0",
                      text);
}

static void check_rows(const es_profile *first, const es_profile *other, es_errors *errors) {
    if (first->n_rows != other->n_rows)
        es_errors_add(errors, ES_INVALID, other->path, 0, "has %zu rows; %s has %zu", other->n_rows,
                      first->path, first->n_rows);
    for (size_t r = 0; r < first->n_rows; r++) {
        const es_profile_row *row = &first->rows[r];
        if (es_profile_find(other, row->kind, row->index, row->batch) != NULL)
            continue;
        es_errors_add(errors, ES_INVALID, other->path, 0, "has no %s %zu at batch %lld, as %s has",
                      es_profile_kind_text(row->kind), row->index, (long long)row->batch,
                      first->path);
        return;
    }
}

static void check_pair(const es_profile *first, const es_profile *other, es_errors *errors) {
    if (strcmp(first->model, other->model) != 0 || first->resolution != other->resolution ||
        first->granularity != other->granularity) {
        es_errors_add(errors, ES_INVALID, other->path, 0,
                      "is a profile of %s units of %s at %lld pixels; %s is one of %s units of %s "
                      "at %lld pixels",
                      es_granularity_text(other->granularity), other->model,
                      (long long)other->resolution, first->path,
                      es_granularity_text(first->granularity), first->model,
                      (long long)first->resolution);
        return;
    }
    for (size_t i = 0; i < N_SAME; i++) {
        const char *a = es_profile_provenance(first, same[i]);
        const char *b = es_profile_provenance(other, same[i]);
        if (!equal(a, b))
            es_errors_add(errors, ES_INVALID, other->path, 0, "%s is \"%s\"; in %s it is \"%s\"",
                          same[i], b != NULL ? b : "not said", first->path,
                          a != NULL ? a : "not said");
    }
    check_rows(first, other, errors);
}

static es_status check(scaler *s, es_errors *errors) {
    const es_scaling *how = s->how;
    double lowest_hz = HUGE_VAL;
    size_t n_before = errors->n;
    for (size_t i = 0; i < how->n; i++) {
        check_clock(how->profiles[i], &s->clocks_hz[i], errors);
        if (i > 0)
            check_pair(how->profiles[0], how->profiles[i], errors);
        for (size_t j = 0; j < i; j++)
            if (s->clocks_hz[i] > 0 && s->clocks_hz[i] == s->clocks_hz[j])
                es_errors_add(errors, ES_INVALID, how->profiles[i]->path, 0,
                              "has the same clock as %s", how->profiles[j]->path);
        s->highest_hz = fmax(s->highest_hz, s->clocks_hz[i]);
        lowest_hz = fmin(lowest_hz, s->clocks_hz[i]);
    }
    if (errors->n == n_before && how->n > 1 &&
        !(how->clock_hz >= lowest_hz && how->clock_hz <= s->highest_hz))
        es_errors_add(errors, ES_INVALID, NULL, 0,
                      "%gMHz is outside the measured clocks, %gMHz to %gMHz; the profile of the "
                      "nearest one alone gives bounds there",
                      how->clock_hz / 1e6, lowest_hz / 1e6, s->highest_hz / 1e6);
    return errors->n > n_before ? ES_INVALID : ES_OK;
}

/* ---- The clock's model */

void es_fit_clock(size_t n, const double *r, const double *t, double *a, double *b) {
    double mean_r = 0, mean_t = 0, rr = 0, rt = 0, origin_rr = 0, origin_rt = 0;
    for (size_t i = 0; i < n; i++) {
        mean_r += r[i] / (double)n;
        mean_t += t[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        rr += (r[i] - mean_r) * (r[i] - mean_r);
        rt += (r[i] - mean_r) * (t[i] - mean_t);
        origin_rr += r[i] * r[i];
        origin_rt += r[i] * t[i];
    }
    *b = fmax(0, rt / rr);
    *a = mean_t - *b * mean_r;
    if (*a >= 0)
        return;
    *a = 0;
    *b = origin_rt / origin_rr;
}

static void find_neighbours(scaler *s) {
    double wanted_hz = s->how->clock_hz;
    s->slower = s->faster = s->how->n;
    for (size_t i = 0; i < s->how->n; i++) {
        double hz = s->clocks_hz[i];
        s->ratios[i] = s->highest_hz / hz;
        if (hz <= wanted_hz && (s->slower == s->how->n || hz > s->clocks_hz[s->slower]))
            s->slower = i;
        if (hz >= wanted_hz && (s->faster == s->how->n || hz < s->clocks_hz[s->faster]))
            s->faster = i;
        if (fabs(log(hz / wanted_hz)) < fabs(log(s->clocks_hz[s->nearest] / wanted_hz)))
            s->nearest = i;
    }
}

/* The bounds that the neighbours give; noise may turn them round. */
static void find_bounds(const scaler *s, double *low_s, double *high_s) {
    const double wanted_hz = s->how->clock_hz, *clocks_hz = s->clocks_hz;
    double least = 0, most = HUGE_VAL;
    if (s->faster < s->how->n) {
        least = s->medians_s[s->faster];
        most = least * (clocks_hz[s->faster] / wanted_hz);
    }
    if (s->slower < s->how->n) {
        double slower_s = s->medians_s[s->slower];
        least = fmax(least, slower_s * (clocks_hz[s->slower] / wanted_hz));
        most = fmin(most, slower_s);
    }
    *low_s = fmin(least, most);
    *high_s = fmax(least, most);
}

static double fitted_s(scaler *s, const es_profile_row *row) {
    double a, b;
    es_fit_clock(s->how->n, s->ratios, s->medians_s, &a, &b);
    for (size_t i = 0; i < s->how->n; i++) {
        double residual = fabs(a + b * s->ratios[i] - s->medians_s[i]) / s->medians_s[i];
        if (!(residual > s->largest_residual_ratio))
            continue;
        s->largest_residual_ratio = residual;
        s->worst = row;
    }
    return a + b * (s->highest_hz / s->how->clock_hz);
}

static es_profile_row scaled_row(const es_profile_row *row, double median_s) {
    es_profile_row made = *row;
    double factor = row->median_s > 0 ? median_s / row->median_s : 1;
    made.median_s = median_s;
    made.p05_s *= factor;
    made.p95_s *= factor;
    made.min_s *= factor;
    made.mean_s *= factor;
    made.std_s *= factor;
    return made;
}

static void scale_row(scaler *s, size_t r, es_scaled *scaled) {
    const es_profile_row *row = &s->how->profiles[s->nearest]->rows[r];
    double low_s, high_s, estimate_s = ES_NAN;
    for (size_t i = 0; i < s->how->n; i++)
        s->medians_s[i] =
            es_profile_find(s->how->profiles[i], row->kind, row->index, row->batch)->median_s;
    find_bounds(s, &low_s, &high_s);
    if (s->how->n > 1)
        estimate_s = fitted_s(s, row);
    else if (s->has_roofline)
        estimate_s = row->median_s *
                     es_roofline_factor(&s->roofline, row, s->clocks_hz[0] / s->how->clock_hz);
    if (scaled->has_estimate) {
        low_s = fmin(low_s, estimate_s);
        high_s = fmax(high_s, estimate_s);
        scaled->rows[ES_SCALED_ESTIMATE][r] = scaled_row(row, estimate_s);
    }
    scaled->rows[ES_SCALED_LOW][r] = scaled_row(row, low_s);
    scaled->rows[ES_SCALED_HIGH][r] = scaled_row(row, high_s);
}

/* ---- Provenance */

static void add_sources(const scaler *s, es_facts *facts) {
    es_text text = {0};
    for (size_t i = 0; i < s->how->n; i++)
        es_text_add(&text, "%s%s at %gMHz, sha256 %s", i > 0 ? "; " : "",
                    es_path_name(s->how->profiles[i]->path), s->clocks_hz[i] / 1e6,
                    s->how->profiles[i]->sha256);
    if (text.failed)
        facts->failed = true;
    else
        es_facts_add(facts, "scaled-from", "%s", text.data);
    free(text.data);
}

static void add_method(const scaler *s, es_scaled_end end, es_facts *facts) {
    if (end != ES_SCALED_ESTIMATE)
        es_facts_add(facts, "method",
                     "%s end: a time neither rises with the clock nor falls faster than its "
                     "reciprocal, seen from the neighbouring clocks",
                     end == ES_SCALED_LOW ? "low" : "high");
    else if (s->how->n > 1)
        es_facts_add(facts, "method",
                     "estimate: t = a + b r for each row, least squares with a, b >= 0, r the "
                     "ratio of the highest clock to this one");
    else
        es_facts_add(facts, "method",
                     "estimate: roofline of arithmetic and traffic, calibrated by the fastest "
                     "rows; memory bandwidth %.4g GB/s (%s), which does not follow the clock",
                     (s->how->bandwidth_bytes_per_s > 0 ? s->how->bandwidth_bytes_per_s
                                                        : s->roofline.best_bytes_per_s) /
                         1e9,
                     s->how->bandwidth_bytes_per_s > 0 ? "as stated" : "of the fastest row");
    if (end == ES_SCALED_ESTIMATE && s->worst != NULL)
        es_facts_add(facts, "largest-residual", "%.2f %% (%s %zu at batch %lld)",
                     s->largest_residual_ratio * 100, es_profile_kind_text(s->worst->kind),
                     s->worst->index, (long long)s->worst->batch);
}

static es_status finish(const scaler *s, es_scaled_end end, es_scaled *scaled) {
    const es_profile *nearest = s->how->profiles[s->nearest];
    es_facts *facts = &scaled->facts[end];
    for (size_t i = 0; i < N_SAME; i++) {
        const char *value = es_profile_provenance(nearest, same[i]);
        if (value != NULL)
            es_facts_add(facts, same[i], "%s", value);
    }
    es_facts_add(facts, "clock", "%gMHz", s->how->clock_hz / 1e6);
    add_sources(s, facts);
    add_method(s, end, facts);
    es_facts_add(facts, "date", "%s", s->how->date);
    scaled->profiles[end] = (es_profile){.path = "",
                                         .model = nearest->model,
                                         .kind = "scaled",
                                         .resolution = nearest->resolution,
                                         .granularity = nearest->granularity,
                                         .n_provenance = facts->n,
                                         .provenance = facts->items,
                                         .n_rows = nearest->n_rows,
                                         .rows = scaled->rows[end]};
    return facts->failed ? ES_NO_MEMORY : ES_OK;
}

static es_status scale(scaler *s, es_scaled *scaled) {
    const es_profile *nearest;
    es_status status = ES_OK;
    find_neighbours(s);
    nearest = s->how->profiles[s->nearest];
    s->has_roofline =
        s->how->n == 1 && s->how->model != NULL &&
        es_roofline_init(&s->roofline, nearest, s->how->model, s->how->bandwidth_bytes_per_s);
    scaled->has_estimate = s->how->n > 1 || s->has_roofline;
    for (size_t end = 0; end < ES_N_SCALED_ENDS; end++) {
        scaled->rows[end] = es_alloc(nearest->n_rows, sizeof *scaled->rows[end]);
        if (scaled->rows[end] == NULL)
            return ES_NO_MEMORY;
    }
    for (size_t r = 0; r < nearest->n_rows; r++)
        scale_row(s, r, scaled);
    for (size_t end = 0; status == ES_OK && end < ES_N_SCALED_ENDS; end++)
        status = finish(s, (es_scaled_end)end, scaled);
    return status;
}

es_status es_profile_scale(const es_scaling *how, es_scaled **scaled, es_errors *errors) {
    es_scaled *made = es_alloc(1, sizeof *made);
    scaler s = {.how = how,
                .clocks_hz = es_alloc(how->n, sizeof *s.clocks_hz),
                .ratios = es_alloc(how->n, sizeof *s.ratios),
                .medians_s = es_alloc(how->n, sizeof *s.medians_s)};
    bool enough = made != NULL && s.clocks_hz != NULL && s.ratios != NULL && s.medians_s != NULL;
    es_status status = enough ? check(&s, errors) : ES_NO_MEMORY;
    if (status == ES_OK)
        status = scale(&s, made);
    if (status == ES_NO_MEMORY)
        es_errors_no_memory(errors, NULL);
    if (status == ES_OK) {
        *scaled = made;
        made = NULL;
    }
    es_scaled_destroy(made);
    free(s.clocks_hz);
    free(s.ratios);
    free(s.medians_s);
    return status;
}

void es_scaled_destroy(es_scaled *scaled) {
    if (scaled == NULL)
        return;
    for (size_t end = 0; end < ES_N_SCALED_ENDS; end++) {
        es_facts_fini(&scaled->facts[end]);
        free(scaled->rows[end]);
    }
    free(scaled);
}

const es_profile *es_scaled_profile(const es_scaled *scaled, es_scaled_end end) {
    return end != ES_SCALED_ESTIMATE || scaled->has_estimate ? &scaled->profiles[end] : NULL;
}
