/* The statistics of the module `stats`, of numbers on stdin, one a line; for
 * tests/golden/test_numpy.py. Prints "name value" with every digit. */
#include "edgesplit/stats.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_NUMBERS = 100000 };
static double numbers[MAX_NUMBERS];

int main(void) {
    static const double p[] = {0, 0.1, 0.5, 0.9, 0.95, 0.99, 1};
    enum { N_P = sizeof p / sizeof p[0] };
    char line[64];
    size_t n = 0;
    while (n < MAX_NUMBERS && fgets(line, sizeof line, stdin) != NULL)
        numbers[n++] = strtod(line, NULL);
    es_moments moments = {0};
    es_moments_add(&moments, numbers, n);
    es_interval interval = es_moments_interval(&moments, 0.95);
    es_mser mser = {0};
    do
        es_mser_feed(&mser, numbers, n);
    while (es_mser_again(&mser));
    static es_batches batches;
    es_batches_add_all(&batches, numbers, n);
    es_interval of_batches = es_batches_interval(&batches, 0.95);
    printf("n %zu\nmean %.17g\nstd %.17g\nlow %.17g\nhigh %.17g\nmser %llu\n", n,
           es_moments_mean(&moments), es_moments_std(&moments), interval.low, interval.high,
           (unsigned long long)es_mser_cut(&mser));
    printf("batches_low %.17g\nbatches_high %.17g\n", of_batches.low, of_batches.high);
    es_quantiles *quantiles;
    if (es_quantiles_create(N_P, p, &quantiles) != ES_OK)
        return 1;
    do
        es_quantiles_feed(quantiles, numbers, n);
    while (es_quantiles_again(quantiles));
    for (size_t i = 0; i < N_P; i++)
        printf("q%g %.17g\n", p[i], es_quantiles_value(quantiles, i));
    es_quantiles_destroy(quantiles);
    return 0;
}
