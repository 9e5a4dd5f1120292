#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/stats.h"

#include <math.h>
#include <string.h>

enum { BIN_BITS = 13, N_BINS = 1 << BIN_BITS };

/* The values are handled as keys: their bits as unsigned integers in the order of the numbers. Each
 * pass takes at least BIN_BITS bits off the interval of keys, so 64 bits need at most five. */
typedef struct key_bin {
    uint64_t n, min, max; /* keys; meaningless while n is 0 */
} key_bin;

/* The search for the order statistics floor(rank) and floor(rank) + 1. Once they lie in different
 * bins they are the largest key of the one and the smallest of the next, so one interval will do.
 */
typedef struct quantile_search {
    double p, value;
    uint64_t low, high; /* the interval of keys that holds both */
    uint64_t n_below;   /* values below it */
    unsigned shift;     /* a key's bin is (key - low) >> shift */
    bool done;
    key_bin *bins; /* [N_BINS] */
} quantile_search;

struct es_quantiles {
    size_t n_p;
    quantile_search *searches; /* [n_p] */
    key_bin *bins;             /* [n_p][N_BINS] */
    uint64_t n;
    bool is_first_pass; /* all searches still look for the same: the first one's bins serve all */
    uint64_t low;       /* of the first pass, as is `shift` */
    unsigned shift;
    bool wanted[N_BINS]; /* first bins that a search goes on in */
};

static const uint64_t SIGN_BIT = UINT64_C(1) << 63;

static uint64_t key_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

static double value_of(uint64_t key) {
    uint64_t bits = (key & SIGN_BIT) != 0 ? key & ~SIGN_BIT : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void narrow(quantile_search *search, uint64_t low, uint64_t high) {
    search->low = low;
    search->high = high;
    search->shift = 0;
    while ((high - low) >> search->shift >= N_BINS)
        search->shift++;
}

es_status es_quantiles_create(size_t n_p, const double *p, es_quantiles **quantiles) {
    *quantiles = NULL;
    es_quantiles *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return ES_NO_MEMORY;
    made->n_p = n_p;
    made->is_first_pass = true;
    made->searches = es_alloc(n_p, sizeof *made->searches);
    made->bins = es_alloc(n_p, N_BINS * sizeof *made->bins);
    if (made->searches == NULL || made->bins == NULL) {
        es_quantiles_destroy(made);
        return ES_NO_MEMORY;
    }
    for (size_t i = 0; i < n_p; i++) {
        ES_REQUIRE(p[i] >= 0 && p[i] <= 1);
        made->searches[i].p = p[i];
        made->searches[i].bins = made->bins + i * N_BINS;
    }
    es_quantiles_bound(made, -ES_INFINITY, ES_INFINITY);
    *quantiles = made;
    return ES_OK;
}

void es_quantiles_bound(es_quantiles *quantiles, double least, double greatest) {
    ES_REQUIRE(quantiles->is_first_pass && quantiles->n == 0 && least <= greatest);
    for (size_t i = 0; i < quantiles->n_p; i++) {
        narrow(&quantiles->searches[i], key_of(least == 0 ? -0.0 : least), /* below 0.0 */
               key_of(greatest == 0 ? 0.0 : greatest));
        quantiles->low = quantiles->searches[i].low;
        quantiles->shift = quantiles->searches[i].shift;
    }
}

void es_quantiles_destroy(es_quantiles *quantiles) {
    if (quantiles == NULL)
        return;
    free(quantiles->searches);
    free(quantiles->bins);
    free(quantiles);
}

static inline void count(quantile_search *search, uint64_t key) {
    if (key < search->low || key > search->high)
        return;
    key_bin *bin = &search->bins[(key - search->low) >> search->shift];
    if (bin->n == 0 || key < bin->min)
        bin->min = key;
    if (bin->n == 0 || key > bin->max)
        bin->max = key;
    bin->n++;
}

void es_quantiles_feed(es_quantiles *quantiles, const double *values, size_t n) {
    if (quantiles->is_first_pass) {
        for (size_t i = 0; i < n && quantiles->n_p > 0; i++) {
            if (isnan(values[i]))
                continue;
            quantiles->n++;
            count(&quantiles->searches[0], key_of(values[i]));
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(values[i]), bin = (key - quantiles->low) >> quantiles->shift;
        if (isnan(values[i]) || bin >= N_BINS || !quantiles->wanted[bin])
            continue;
        for (size_t k = 0; k < quantiles->n_p; k++)
            if (!quantiles->searches[k].done)
                count(&quantiles->searches[k], key);
    }
}

/* The order statistic `rank` of a bin that starts with the order statistic `first`; false if the
 * bin does not tell. */
static bool find_in_bin(const key_bin *bin, uint64_t first, uint64_t rank, uint64_t *key) {
    *key = rank == first ? bin->min : bin->max;
    return bin->min == bin->max || rank == first || rank == first + bin->n - 1;
}

/* Takes what a pass over n values has counted in `bins`, which lie over the interval of this
 * search: its value, or one bin as its next interval. */
static void conclude(quantile_search *search, const key_bin *bins, uint64_t n) {
    double rank = search->p * (double)(n - 1);
    uint64_t lower = (uint64_t)rank;
    double weight = rank - (double)lower;
    size_t at = 0;
    while (at < N_BINS && search->n_below + bins[at].n <= lower)
        search->n_below += bins[at++].n;
    ES_REQUIRE(at < N_BINS); /* else another column was fed */
    const key_bin *found = &bins[at];
    uint64_t first = search->n_below, lower_key, upper_key = 0;
    bool known = find_in_bin(found, first, lower, &lower_key);
    if (weight > 0 && lower + 1 < first + found->n) {
        known = find_in_bin(found, first, lower + 1, &upper_key) && known;
    } else if (weight > 0) {
        do
            at++;
        while (at < N_BINS && bins[at].n == 0);
        ES_REQUIRE(at < N_BINS);
        upper_key = bins[at].min;
    }
    if (!known)
        narrow(search, found->min, found->max);
    else if (weight > 0)
        search->value = (1 - weight) * value_of(lower_key) + weight * value_of(upper_key);
    else
        search->value = value_of(lower_key);
    search->done = known;
}

bool es_quantiles_again(es_quantiles *quantiles) {
    bool again = false;
    for (size_t i = 0; i < quantiles->n_p; i++) {
        quantile_search *search = &quantiles->searches[i];
        const key_bin *bins = quantiles->is_first_pass ? quantiles->bins : search->bins;
        if (quantiles->n == 0) {
            search->value = ES_NAN;
            search->done = true;
        } else if (!search->done) {
            conclude(search, bins, quantiles->n);
            if (!search->done)
                quantiles->wanted[(search->low - quantiles->low) >> quantiles->shift] = true;
        }
        if (!quantiles->is_first_pass && !search->done)
            memset(search->bins, 0, N_BINS * sizeof *search->bins);
        again = again || !search->done;
    }
    if (quantiles->is_first_pass && again)
        memset(quantiles->bins, 0, N_BINS * sizeof *quantiles->bins);
    quantiles->is_first_pass = false;
    return again;
}

double es_quantiles_value(const es_quantiles *quantiles, size_t i) {
    ES_REQUIRE(i < quantiles->n_p && quantiles->searches[i].done);
    return quantiles->searches[i].value;
}
