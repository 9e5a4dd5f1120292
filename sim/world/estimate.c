#include "estimate.h"

#include <math.h>

/* A mean in which a sample's weight halves with every half-life that has gone by since it. */
static double forget(double mean, double sample, double elapsed_s, double half_life_s) {
    double kept = exp2(-elapsed_s / half_life_s);
    return kept * mean + (1 - kept) * sample;
}

/* Time is inversely proportional to a speed, hence the harmonic mean. J. Jiang, V. Sekar, H. Zhang,
 * "Improving Fairness, Efficiency, and Stability in HTTP-Based Adaptive Video Streaming with
 * FESTIVE", CoNEXT 2012. */
static double harmonic_mean(const double *samples, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += 1 / samples[i];
    return (double)n / sum;
}

/* X. Yin, A. Jindal, V. Sekar, B. Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive
 * Video Streaming over HTTP", SIGCOMM 2015, section 4.3: the prediction over one plus the largest
 * error of the last ones. */
static double largest_error(const double *errors, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, errors[i]);
    return largest;
}

static void learn_harmonic(struct estimate *estimate, const es_world_config *config, double *last,
                           double sample) {
    size_t most = config->knowledge_samples, i = (size_t)(estimate->n % most);
    size_t n = estimate->n < most ? (size_t)estimate->n + 1 : most;
    double *errors = last + most;
    errors[i] = estimate->n > 0 && sample > 0 ? fabs(estimate->mean - sample) / sample : 0;
    last[i] = sample;
    estimate->mean = estimate->value = harmonic_mean(last, n);
    if (config->knowing == ES_KNOW_ROBUST_HARMONIC)
        estimate->value = estimate->mean / (1 + largest_error(errors, n));
}

void estimate_learn(struct estimate *estimate, const es_world_config *config, double *last,
                    double sample, es_time now) {
    bool first = estimate->n == 0;
    double elapsed_s = es_time_s(now - estimate->at);
    switch (config->knowing) {
    case ES_KNOW_TRUE:
    case ES_KNOW_LAST: estimate->value = sample; break;
    case ES_KNOW_EWMA:
        estimate->value =
            first ? sample : forget(estimate->value, sample, elapsed_s, config->half_life_s);
        break;
    case ES_KNOW_DUAL_EWMA: /* as the DASH player shaka estimates bandwidth */
        estimate->mean =
            first ? sample : forget(estimate->mean, sample, elapsed_s, config->half_life_s);
        estimate->slow =
            first ? sample : forget(estimate->slow, sample, elapsed_s, config->slow_half_life_s);
        estimate->value = fmin(estimate->mean, estimate->slow);
        break;
    case ES_KNOW_HARMONIC:
    case ES_KNOW_ROBUST_HARMONIC: learn_harmonic(estimate, config, last, sample); break;
    case ES_N_KNOWING: break;
    }
    estimate->at = now;
    estimate->n++;
}
