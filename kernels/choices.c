#include "choices.h"

es_shape es_shape_lead(es_shape shape, int rank) {
    int64_t dims[ES_MAX_RANK];
    ES_REQUIRE(shape.rank <= rank);
    for (int d = 0; d < rank; d++)
        dims[d] = d < rank - shape.rank ? 1 : shape.dims[d - (rank - shape.rank)];
    return es_shape_of(rank, dims);
}

int es_choose_concat_axis(const es_model *model, const es_layer *concat, int64_t *constant_length) {
    for (int axis = 0; axis < concat->out.rank; axis++) {
        int64_t length = 0;
        bool fits = true;
        for (size_t i = 0; i < concat->n_inputs; i++) {
            const es_shape *part = &model->layers[concat->inputs[i]].out;
            for (int d = 0; d < concat->out.rank; d++)
                fits = fits && (d == axis || part->dims[d] == concat->out.dims[d]);
            length += part->dims[axis];
        }
        *constant_length = concat->out.dims[axis] - length;
        if (fits && (*constant_length == 0 || (*constant_length > 0 && concat->params > 0)))
            return axis;
    }
    ES_REQUIRE(false); /* layers are checked: the parts add up */
    return 0;
}

/* Whether permutation number `code`, in lexicographic order, maps the shapes. */
static bool is_permutation(const es_layer *transpose, int code, int permutation[ES_MAX_RANK]) {
    int rank = transpose->in.rank, left[ES_MAX_RANK], factorial = 1;
    for (int d = 0; d < rank; d++) {
        left[d] = d;
        factorial *= d + 1;
    }
    for (int d = 0; d < rank; d++) {
        factorial /= rank - d;
        int at = code / factorial;
        code %= factorial;
        permutation[d] = left[at];
        for (int i = at; i + 1 < rank - d; i++)
            left[i] = left[i + 1];
        if (transpose->out.dims[d] != transpose->in.dims[permutation[d]])
            return false;
    }
    return true;
}

bool es_choose_permutation(const es_layer *transpose, int permutation[ES_MAX_RANK]) {
    int n = 1;
    for (int d = 0; d < transpose->in.rank; d++)
        n *= d + 1;
    if (transpose->in.rank != transpose->out.rank)
        return false;
    for (int code = 1; code < n; code++)
        if (is_permutation(transpose, code, permutation))
            return true;
    return is_permutation(transpose, 0, permutation);
}

bool es_choose_kept(const es_layer *reduction, es_shape *kept) {
    const es_shape *in = &reduction->in, *out = &reduction->out;
    *kept = *in;
    if (in->rank == out->rank) {
        for (int d = 0; d < in->rank; d++) {
            if (out->dims[d] != in->dims[d] && out->dims[d] != 1)
                return false;
            kept->dims[d] = out->dims[d];
        }
        return true;
    }
    int matched = 0;
    for (int d = 0; d < in->rank; d++) {
        bool same = matched < out->rank && in->dims[d] == out->dims[matched];
        matched += same;
        kept->dims[d] = same ? in->dims[d] : 1;
    }
    return matched == out->rank;
}

/* The dimensions of `mask` (bit d: dimension d), 1 for the others; whether they hold n numbers. */
static bool choose_dims(es_shape shape, unsigned mask, int64_t n, es_shape *chosen) {
    *chosen = shape;
    for (int d = 0; d < shape.rank; d++)
        if ((mask >> d & 1) == 0)
            chosen->dims[d] = 1;
    return es_shape_elems(*chosen) == n;
}

bool es_choose_constant(const es_layer *elementwise, es_shape *constant) {
    es_shape out = elementwise->out;
    int64_t n = elementwise->params > 1 ? elementwise->params : 1;
    unsigned all = (1U << out.rank) - 1;
    if (choose_dims(out, 0, n, constant) || (out.rank == 3 && choose_dims(out, 1, n, constant)))
        return true;
    for (int d = out.rank; d-- > 0;)
        if (choose_dims(out, all & ~((1U << d) - 1), n, constant))
            return true;
    for (unsigned mask = 1; mask < all; mask++)
        if (choose_dims(out, mask, n, constant))
            return true;
    return false;
}

int64_t es_choose_norm_extent(const es_layer *norm) {
    int64_t extent = 1, scales = norm->params / 2;
    for (int d = norm->in.rank; d-- > 0;) {
        extent *= norm->in.dims[d];
        if (extent == scales)
            return extent;
    }
    return norm->in.rank > 0 ? norm->in.dims[norm->in.rank - 1] : 1;
}

int64_t es_choose_after(const es_layer *layer, int axis) {
    const es_window *window = &layer->window;
    bool transposed = layer->op == ES_OP_CONV_TRANSPOSE;
    int64_t in = axis == 0 ? layer->in.h : layer->in.w;
    int64_t out = axis == 0 ? layer->out.h : layer->out.w;
    int64_t shorter = transposed ? in : out, longer = transposed ? out : in;
    int64_t extent = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
    return (shorter - 1) * window->stride[axis] + extent - longer - window->before[axis];
}
