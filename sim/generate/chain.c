#include "chain.h"

#include <math.h>
#include <string.h>

/* How far the sum of a row may be off: what rounding to a few digits leaves. */
static const double row_tolerance = 1e-3;

static es_status read_jumps(es_chain *chain, es_generation *generation, es_generator_list jumps) {
    size_t n = chain->n;
    if (jumps.n != 0 && jumps.n != n * n)
        return es_generation_mistake(generation,
                                     "--jumps has %zu values; expected %zu, a row of %zu for each "
                                     "state",
                                     jumps.n, n * n, n);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            double equal = i == j ? 0 : 1 / (double)(n - 1);
            chain->jumps[i][j] = jumps.n > 0 ? jumps.values[i * n + j] : equal;
            sum += chain->jumps[i][j];
        }
        if (chain->jumps[i][i] > 0)
            return es_generation_mistake(
                generation, "--jumps: state %zu follows itself; expected 0 there", i + 1);
        if (!(fabs(sum - 1) <= row_tolerance))
            return es_generation_mistake(generation, "--jumps: row %zu adds up to %g; expected 1",
                                         i + 1, sum);
        for (size_t j = 0; j < n; j++)
            chain->jumps[i][j] /= sum;
    }
    return ES_OK;
}

/* Whether each state is reached from state 0 (or, `backward`, reaches it). */
static bool reaches_all(const es_chain *chain, bool backward) {
    bool is_reached[ES_CHAIN_MAX_STATES] = {true};
    size_t n_reached = 1;
    for (size_t round = 0; round < chain->n; round++)
        for (size_t i = 0; i < chain->n; i++)
            for (size_t j = 0; j < chain->n; j++) {
                double p = backward ? chain->jumps[j][i] : chain->jumps[i][j];
                if (is_reached[i] && !is_reached[j] && p > 0) {
                    is_reached[j] = true;
                    n_reached++;
                }
            }
    return n_reached == chain->n;
}

/* The stationary law of the jumps by the elimination of Grassmann, Taksar and Heyman, "Regenerative
 * analysis and steady state distributions for Markov chains", Operations Research 33, 1985, which
 * subtracts nothing; weighted with the times it is the share of time. */
static void solve_shares(es_chain *chain) {
    size_t n = chain->n;
    double p[ES_CHAIN_MAX_STATES][ES_CHAIN_MAX_STATES], sum = 0;
    memcpy(p, chain->jumps, sizeof p);
    for (size_t k = n - 1; k > 0; k--) {
        double leaves = 0;
        for (size_t j = 0; j < k; j++)
            leaves += p[k][j];
        for (size_t i = 0; i < k; i++) {
            p[i][k] /= leaves;
            for (size_t j = 0; j < k; j++)
                p[i][j] += p[i][k] * p[k][j];
        }
    }
    double visits[ES_CHAIN_MAX_STATES] = {1};
    for (size_t j = 1; j < n; j++)
        for (size_t i = 0; i < j; i++)
            visits[j] += visits[i] * p[i][j];
    for (size_t i = 0; i < n; i++)
        sum += visits[i] * chain->times_s[i];
    for (size_t i = 0; i < n; i++)
        chain->shares[i] = visits[i] * chain->times_s[i] / sum;
}

es_status es_chain_init(es_chain *chain, es_generation *generation, size_t n,
                        es_generator_list times, es_generator_list jumps) {
    *chain = (es_chain){.n = n};
    if (n < 2 || n > ES_CHAIN_MAX_STATES)
        return es_generation_mistake(generation, "%zu states; expected 2 .. %d", n,
                                     ES_CHAIN_MAX_STATES);
    if (times.n != n)
        return es_generation_mistake(
            generation, "--times has %zu values; expected one for each of the %zu states", times.n,
            n);
    memcpy(chain->times_s, times.values, n * sizeof *times.values);
    es_status status = read_jumps(chain, generation, jumps);
    if (status != ES_OK)
        return status;
    if (!reaches_all(chain, false) || !reaches_all(chain, true))
        return es_generation_mistake(generation,
                                     "--jumps: expected a way from each state to each other one");
    solve_shares(chain);
    return ES_OK;
}

/* A state drawn from probabilities that add up to 1. */
static size_t draw(const double *probabilities, size_t n, gsl_rng *rng) {
    double left = gsl_rng_uniform(rng);
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        if (probabilities[i] > 0)
            last = i;
        if (left < probabilities[i])
            return i;
        left -= probabilities[i];
    }
    return last;
}

size_t es_chain_first(const es_chain *chain, gsl_rng *rng) {
    return draw(chain->shares, chain->n, rng);
}

size_t es_chain_next(const es_chain *chain, size_t state, gsl_rng *rng) {
    return draw(chain->jumps[state], chain->n, rng);
}

double es_chain_rate(const es_chain *chain) {
    double rate = 0;
    for (size_t i = 0; i < chain->n; i++)
        rate += chain->shares[i] / chain->times_s[i];
    return rate;
}
