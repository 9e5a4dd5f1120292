#include "edgesplit/stats.h"

#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

/* Two doubles, with which a processor does the same at once (GCC, clang; else one after the other:
 * the bits are the same). */
typedef double couple __attribute__((vector_size(2 * sizeof(double))));
typedef int64_t couple_mask __attribute__((vector_size(2 * sizeof(int64_t)))); /* 0 or -1 each */

/* Independent partial sums: additions of neighbours need not wait for each other. */
enum { N_COUPLES = 2, N_LANES = 2 * N_COUPLES };
struct lanes {
    couple sum[N_COUPLES], compensation[N_COUPLES];
};

/* es_sum_add in two lanes. */
static inline void add_couple(struct lanes *lanes, size_t c, couple values) {
    couple sum = lanes->sum[c], total = sum + values, grown = total - sum;
    lanes->compensation[c] += (sum - (total - grown)) + (values - grown);
    lanes->sum[c] = total;
}

static void add_lanes(es_sum *sum, const struct lanes *lanes) {
    for (size_t lane = 0; lane < N_LANES; lane++) {
        es_sum_add(sum, lanes->sum[lane / 2][lane % 2]);
        es_sum_add(sum, lanes->compensation[lane / 2][lane % 2]);
    }
}

static inline couple couple_at(const double *values) {
    couple at;
    memcpy(&at, values, sizeof at);
    return at;
}

/* Which of the values are numbers, infinite ones included. */
static inline couple_mask known_of(couple values) {
    return (couple_mask)(values <= ES_INFINITY);
}

/* The values where the mask is set, else 0. */
static inline couple masked(couple values, couple_mask mask) {
    return (couple)((couple_mask)values & mask);
}

/* The next N_LANES values of the `n` that are left; behind these, `padding`. */
static inline const double *next_values(const double *values, size_t n, double padding,
                                        double padded[N_LANES]) {
    if (n >= N_LANES)
        return values;
    for (size_t i = 0; i < N_LANES; i++)
        padded[i] = i < n ? values[i] : padding;
    return padded;
}

void es_sum_add_all(es_sum *sum, const double *values, size_t n) {
    struct lanes lanes = {0};
    double padded[N_LANES];
    if (isnan(sum->sum)) /* for ever */
        return;
    for (size_t i = 0; i < n; i += N_LANES) {
        const double *next = next_values(values + i, n - i, 0, padded);
        for (size_t c = 0; c < N_COUPLES; c++)
            add_couple(&lanes, c, couple_at(next + 2 * c));
    }
    add_lanes(sum, &lanes);
}

/* Count, sum and extremes of a block, its mean filled in besides. */
static es_moments look_over(const double *values, size_t n) {
    struct lanes lanes = {0};
    couple_mask known = {0, 0};
    double padded[N_LANES], min[N_LANES], max[N_LANES];
    for (size_t lane = 0; lane < N_LANES; lane++) {
        min[lane] = ES_INFINITY;
        max[lane] = -ES_INFINITY;
    }
    for (size_t i = 0; i < n; i += N_LANES) {
        const double *next = next_values(values + i, n - i, ES_NAN, padded);
        for (size_t c = 0; c < N_COUPLES; c++) {
            couple at = couple_at(next + 2 * c);
            couple_mask is_known = known_of(at);
            known -= is_known;
            add_couple(&lanes, c, masked(at, is_known));
        }
        for (size_t lane = 0; lane < N_LANES; lane++) {
            min[lane] = next[lane] < min[lane] ? next[lane] : min[lane];
            max[lane] = next[lane] > max[lane] ? next[lane] : max[lane];
        }
    }
    es_moments found = {.n = (uint64_t)(known[0] + known[1]), .min = min[0], .max = max[0]};
    for (size_t lane = 1; lane < N_LANES; lane++) {
        found.min = min[lane] < found.min ? min[lane] : found.min;
        found.max = max[lane] > found.max ? max[lane] : found.max;
    }
    add_lanes(&found.sum, &lanes);
    found.mean = es_moments_mean(&found);
    return found;
}

/* Sum of squared deviations from `mean`, the n known values' own: the corrected two-pass algorithm,
 * whose second term is the rounding error of the mean. */
static double squared_deviations(const double *values, size_t n, uint64_t n_known, double mean) {
    struct lanes deviations = {0}, squares = {0};
    double padded[N_LANES];
    for (size_t i = 0; i < n; i += N_LANES) {
        const double *next = next_values(values + i, n - i, ES_NAN, padded);
        for (size_t c = 0; c < N_COUPLES; c++) {
            couple at = couple_at(next + 2 * c);
            couple deviation = masked(at - mean, known_of(at));
            add_couple(&deviations, c, deviation);
            add_couple(&squares, c, deviation * deviation);
        }
    }
    es_sum deviation = {0}, square = {0};
    add_lanes(&deviation, &deviations);
    add_lanes(&square, &squares);
    double rest = es_sum_value(deviation);
    return es_sum_value(square) - rest * rest / (double)n_known;
}

void es_moments_add(es_moments *moments, const double *values, size_t n) {
    es_moments block = look_over(values, n);
    if (block.n == 0)
        return;
    block.m2 = squared_deviations(values, n, block.n, block.mean);
    es_sum_add(&moments->sum, block.sum.sum);
    es_sum_add(&moments->sum, block.sum.compensation);
    double n_all = (double)(moments->n + block.n);
    double step = block.mean - moments->mean;
    moments->m2 += block.m2 + step * step * ((double)moments->n / n_all) * (double)block.n;
    moments->mean += step * ((double)block.n / n_all);
    moments->min = moments->n > 0 ? fmin(moments->min, block.min) : block.min;
    moments->max = moments->n > 0 ? fmax(moments->max, block.max) : block.max;
    moments->n += block.n;
}

double es_moments_mean(const es_moments *moments) {
    return moments->n > 0 ? es_sum_value(moments->sum) / (double)moments->n : ES_NAN;
}

double es_moments_std(const es_moments *moments) {
    return moments->n > 1 ? sqrt(fmax(moments->m2, 0) / (double)(moments->n - 1)) : ES_NAN;
}
