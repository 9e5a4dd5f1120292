#include "edgesplit/model.h"

#include <stdio.h>
#include <string.h>

es_shape es_shape_of(int rank, const int64_t *dims) {
    es_shape shape = {.rank = rank};
    ES_REQUIRE(rank >= 0 && rank <= ES_MAX_RANK);
    for (int d = 0; d < ES_MAX_RANK; d++)
        shape.dims[d] = d < rank ? dims[d] : 1;
    return shape;
}

es_shape es_shape_map(int64_t c, int64_t h, int64_t w) {
    return es_shape_of(3, (int64_t[]){c, h, w});
}

int64_t es_shape_elems(es_shape shape) {
    int64_t elems = 1;
    for (int d = 0; d < shape.rank; d++)
        elems *= shape.dims[d];
    return elems;
}

bool es_shape_equal(es_shape a, es_shape b) {
    return a.rank == b.rank && memcmp(a.dims, b.dims, sizeof a.dims) == 0;
}

bool es_shape_is_valid(es_shape shape) {
    int64_t elems = 1;
    for (int d = 0; d < shape.rank; d++) {
        if (shape.dims[d] < 1 || shape.dims[d] > ES_MAX_ELEMS / elems)
            return false;
        elems *= shape.dims[d];
    }
    return true;
}

const char *es_shape_text(es_shape shape, char text[ES_SHAPE_TEXT]) {
    size_t length = 0;
    snprintf(text, ES_SHAPE_TEXT, "1");
    for (int d = 0; d < shape.rank; d++)
        length += (size_t)snprintf(text + length, ES_SHAPE_TEXT - length, "%s%lld",
                                   d > 0 ? "x" : "", (long long)shape.dims[d]);
    return text;
}

es_status es_shape_parse(es_slice text, es_shape *shape) {
    int64_t dims[ES_MAX_RANK];
    int rank = 0;
    es_slice rest = text, field;
    while (es_next_field(&rest, 'x', &field)) {
        if (rank == ES_MAX_RANK || es_parse_int64(field, &dims[rank]) != ES_OK)
            return ES_INVALID;
        rank++;
    }
    *shape = es_shape_of(rank, dims);
    return rank > 0 && es_shape_is_valid(*shape) ? ES_OK : ES_INVALID;
}
