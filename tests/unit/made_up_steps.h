/* Blocks of made-up steps and intervals, whose every value is known by its place, for the tests of
 * the sinks. */
#ifndef TESTS_UNIT_MADE_UP_STEPS_H
#define TESTS_UNIT_MADE_UP_STEPS_H

#include "edgesplit/number.h"
#include "edgesplit/recorder.h"

/* The value of a column in a step: of some columns all bits are random, some are one constant each.
 */
static inline uint64_t bits_of(size_t replication, size_t policy, uint64_t step, size_t column) {
    if (column % 3 == 0)
        return 42 + column;
    uint64_t x = ((replication * 16 + policy) * 32 + column) << 40 | step;
    x = (x ^ x >> 31) * 0x9E3779B97F4A7C15U;
    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9U;
    return column % 3 == 1 ? x >> 48 : x ^ x >> 32;
}

static inline double double_of(size_t replication, size_t policy, uint64_t step, size_t column) {
    return (double)bits_of(replication, policy, step, column) / 3;
}

enum column_type { IS_DOUBLE, IS_INT64, IS_INT32, IS_INT8 };
static const struct {
    const char *name;
    enum column_type type;
    size_t offset;
} columns[] = {
#define ES_COLUMN(name, type, units, long_name)                                                    \
    {#name,                                                                                        \
     _Generic((type){0}, double                                                                    \
              : IS_DOUBLE, int64_t                                                                 \
              : IS_INT64, int32_t                                                                  \
              : IS_INT32, default                                                                  \
              : IS_INT8),                                                                          \
     offsetof(es_block, name)},
#include "edgesplit/column.def"
#undef ES_COLUMN
};

static inline double padding_of(size_t c) {
    if (columns[c].type == IS_DOUBLE)
        return ES_NAN;
    return c == ES_COLUMN_split_index ? -1 : c == ES_COLUMN_status ? ES_STEP_PADDING : 0;
}

/* Where whole chunks of a column hold nothing but padding; latencies never do. */
static inline bool is_blank(size_t policy, uint64_t step, size_t column) {
    return column != ES_COLUMN_latency && (step / ES_BLOCK_STEPS + policy + column) % 4 == 0;
}

static inline void fill_block(es_block *block, size_t replication, size_t policy, uint64_t first,
                              size_t n) {
    block->n = n;
    for (size_t c = 0; c < ES_N_COLUMNS; c++)
        for (size_t i = 0; i < n; i++) {
            char *column = (char *)block + columns[c].offset;
            uint64_t bits = bits_of(replication, policy, first + i, c);
            bool blank = is_blank(policy, first + i, c);
            double padding = padding_of(c);
            if (columns[c].type == IS_DOUBLE)
                ((double *)column)[i] =
                    blank ? padding : double_of(replication, policy, first + i, c);
            else if (columns[c].type == IS_INT64)
                ((int64_t *)column)[i] = blank ? (int64_t)padding : (int64_t)(bits >> 1);
            else if (columns[c].type == IS_INT32)
                ((int32_t *)column)[i] = blank ? (int32_t)padding : (int32_t)(bits & 0x7fffffff);
            else
                ((int8_t *)column)[i] = blank ? (int8_t)padding : (int8_t)(bits & 0x7f);
        }
}

static inline void fill_series(es_series *series, size_t replication, size_t policy, uint64_t first,
                               size_t n) {
    series->n = n;
    for (size_t i = 0; i < n; i++) {
        series->end_s[i] = (double)(first + i + 1);
        series->uplink_rate_bps[i] = double_of(replication, 0, first + i, 40);
        series->server_load[i] = double_of(replication, 0, first + i, 41);
        for (size_t s = 0; s < ES_N_STATIONS; s++) {
            series->utilisation[s][i] = double_of(replication, policy, first + i, 50 + s);
            series->queue_length[s][i] = double_of(replication, policy, first + i, 60 + s);
        }
    }
}

#endif
