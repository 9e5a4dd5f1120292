#include "edgesplit/stats.h"

#include <math.h>

/* What is left of a total behind a part of it. */
static double behind(es_sum total, es_sum part) {
    return (total.sum - part.sum) + (total.compensation - part.compensation);
}

/* Judges the cut in front of batch n_judged. */
static void judge(es_mser *mser) {
    double left = (double)(mser->n - mser->n_judged);
    double sum = behind(mser->sum, mser->before);
    double squares = behind(mser->squares, mser->squares_before);
    double error = (squares - sum * sum / left) / (left * left);
    if (mser->n_judged == 0 || error < mser->least) {
        mser->least = error;
        mser->best = mser->n_judged;
    }
}

static void take(es_mser *mser, double mean) {
    double z = mean - mser->origin;
    if (mser->pass == 0) {
        mser->n++;
        mser->origin = mean;
    } else if (mser->pass == 1) {
        es_sum_add(&mser->sum, z);
        es_sum_add(&mser->squares, z * z);
    } else if (mser->n_judged < mser->n / 2) {
        es_sum_add(&mser->before, z);
        es_sum_add(&mser->squares_before, z * z);
        mser->n_judged++;
        judge(mser);
    }
}

void es_mser_feed(es_mser *mser, const double *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        mser->open += values[i];
        if (++mser->n_open < ES_MSER_BATCH)
            continue;
        take(mser, mser->open / ES_MSER_BATCH);
        mser->open = 0;
        mser->n_open = 0;
    }
}

bool es_mser_again(es_mser *mser) {
    mser->open = 0;
    mser->n_open = 0;
    mser->pass++;
    if (mser->pass == 2 && mser->n > 0)
        judge(mser);
    return mser->pass < 3;
}

uint64_t es_mser_cut(const es_mser *mser) {
    return mser->best * ES_MSER_BATCH;
}
