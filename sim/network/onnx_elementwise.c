/* Operators of elements, broadcast as numpy does (ONNX, "Broadcasting in ONNX"). */
#include "onnx_rule.h"

#include <math.h>

/* The result of two integers; false where it is not defined or too great. */
static bool fold_ints(onnx_fold fold, int64_t a, int64_t b, int64_t *y) {
    switch (fold) {
    case ONNX_FOLD_ADD: return !__builtin_add_overflow(a, b, y);
    case ONNX_FOLD_SUB: return !__builtin_sub_overflow(a, b, y);
    case ONNX_FOLD_MUL: return !__builtin_mul_overflow(a, b, y);
    case ONNX_FOLD_DIV:
    case ONNX_FOLD_MOD:
        if (b == 0 || (b == -1 && a == INT64_MIN))
            return false;
        *y = fold == ONNX_FOLD_DIV ? a / b : a % b;
        if (fold == ONNX_FOLD_MOD && *y != 0 && (*y < 0) != (b < 0))
            *y += b; /* the sign of the divisor */
        return true;
    case ONNX_FOLD_MIN: *y = a < b ? a : b; return true;
    case ONNX_FOLD_MAX: *y = a > b ? a : b; return true;
    case ONNX_FOLD_EQUAL: *y = a == b; return true;
    case ONNX_FOLD_LESS: *y = a < b; return true;
    case ONNX_FOLD_GREATER: *y = a > b; return true;
    case ONNX_FOLD_LESS_EQUAL: *y = a <= b; return true;
    case ONNX_FOLD_GREATER_EQUAL: *y = a >= b; return true;
    case ONNX_FOLD_AND: *y = a != 0 && b != 0; return true;
    case ONNX_FOLD_OR: *y = a != 0 || b != 0; return true;
    case ONNX_FOLD_NOT: *y = a == 0; return true;
    case ONNX_FOLD_NEG: return !__builtin_sub_overflow(INT64_C(0), a, y);
    case ONNX_FOLD_ABS: *y = a < 0 && a != INT64_MIN ? -a : a; return a != INT64_MIN;
    case ONNX_FOLD_NONE:
    case ONNX_FOLD_POW:
    case ONNX_FOLD_FLOOR:
    case ONNX_FOLD_CEIL:
    case ONNX_FOLD_ROUND:
    case ONNX_FOLD_SQRT:
    case ONNX_FOLD_EXP:
    case ONNX_FOLD_LOG:
    case ONNX_FOLD_RECIPROCAL: break;
    }
    return false;
}

/* The result of two floating-point numbers that is one; false where it is a truth value or not
 * defined. */
static bool fold_floats(onnx_fold fold, double a, double b, double *y) {
    switch (fold) {
    case ONNX_FOLD_ADD: *y = a + b; return true;
    case ONNX_FOLD_SUB: *y = a - b; return true;
    case ONNX_FOLD_MUL: *y = a * b; return true;
    case ONNX_FOLD_DIV: *y = a / b; return true;
    case ONNX_FOLD_MIN: *y = fmin(a, b); return true;
    case ONNX_FOLD_MAX: *y = fmax(a, b); return true;
    case ONNX_FOLD_POW: *y = pow(a, b); return true;
    case ONNX_FOLD_NEG: *y = -a; return true;
    case ONNX_FOLD_ABS: *y = fabs(a); return true;
    case ONNX_FOLD_FLOOR: *y = floor(a); return true;
    case ONNX_FOLD_CEIL: *y = ceil(a); return true;
    case ONNX_FOLD_ROUND: *y = nearbyint(a); return true;
    case ONNX_FOLD_SQRT: *y = sqrt(a); return true;
    case ONNX_FOLD_EXP: *y = exp(a); return true;
    case ONNX_FOLD_LOG: *y = log(a); return true;
    case ONNX_FOLD_RECIPROCAL: *y = 1 / a; return true;
    case ONNX_FOLD_NONE:
    case ONNX_FOLD_MOD:
    case ONNX_FOLD_EQUAL:
    case ONNX_FOLD_LESS:
    case ONNX_FOLD_GREATER:
    case ONNX_FOLD_LESS_EQUAL:
    case ONNX_FOLD_GREATER_EQUAL:
    case ONNX_FOLD_AND:
    case ONNX_FOLD_OR:
    case ONNX_FOLD_NOT: break;
    }
    return false;
}

/* Steps through a tensor that is broadcast to `out`. */
static void broadcast_steps(const onnx_dims *dims, const onnx_dims *out,
                            int64_t step[ONNX_MAX_RANK]) {
    int64_t own[ONNX_MAX_RANK];
    int missing = out->rank - dims->rank;
    onnx_steps(dims, own);
    for (int i = 0; i < out->rank; i++)
        step[i] = i >= missing && dims->d[i - missing] > 1 ? own[i - missing] : 0;
}

static size_t element_at(const onnx_dims *out, size_t element, const int64_t *step) {
    int64_t at = 0, rest = (int64_t)element;
    for (int d = out->rank - 1; d >= 0; d--) {
        at += rest % out->d[d] * step[d];
        rest /= out->d[d];
    }
    return (size_t)at;
}

/* Output 0, which has been given as a constant, becomes a function of two constants' values, if
 * they are known and it is defined. */
static es_status fold_two(const onnx_call *call, onnx_fold fold, const onnx_tensor *a,
                          const onnx_tensor *b, const onnx_dims *dims) {
    int64_t step_a[ONNX_MAX_RANK] = {0}, step_b[ONNX_MAX_RANK] = {0};
    onnx_value results[ONNX_MAX_VALUES], *room;
    int64_t n = onnx_elems(dims);
    const onnx_value *x = onnx_values(call, a), *y = onnx_values(call, b);
    if (x == NULL || y == NULL || a->is_float != b->is_float || n > ONNX_MAX_VALUES)
        return ES_OK;
    broadcast_steps(&a->dims, dims, step_a);
    broadcast_steps(&b->dims, dims, step_b);
    for (size_t i = 0; i < (size_t)n; i++) {
        const onnx_value *u = &x[element_at(dims, i, step_a)], *v = &y[element_at(dims, i, step_b)];
        bool defined = a->is_float ? fold_floats(fold, u->f, v->f, &results[i].f)
                                   : fold_ints(fold, u->i, v->i, &results[i].i);
        if (!defined)
            return ES_OK;
    }
    es_status status = onnx_give_values(call, 0, &room);
    for (size_t i = 0; status == ES_OK && room != NULL && i < (size_t)n; i++)
        room[i] = results[i];
    return status;
}

es_status onnx_rule_unary(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    es_status status = onnx_give_op(call, call->node->op->op, &x->dims, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    return fold_two(call, call->node->op->fold, x, x, &x->dims);
}

es_status onnx_rule_prelu(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0), *slope = onnx_in(call, 1);
    if (x == NULL || slope == NULL || slope->kind != ONNX_CONSTANT)
        return onnx_fail(call, "expected data and constant slopes");
    return onnx_give_op(call, ES_OP_LEAKY_RELU, &x->dims, 2);
}

/* A bound of Clip: an attribute, or from opset 11 on an input; false: there is none. `known` is
 * false for one whose value is not. */
static bool read_bound(const onnx_call *call, const char *name, size_t input, double *bound,
                       bool *known) {
    const onnx_tensor *tensor = onnx_in(call, input);
    const Onnx__AttributeProto *attribute = onnx_attr(call, name);
    *known = true;
    *bound = 0;
    if (tensor != NULL)
        *known = onnx_scalar(call, tensor, bound);
    else if (attribute != NULL && attribute->has_f)
        *bound = (double)attribute->f;
    else
        return false;
    return true;
}

es_status onnx_rule_clip(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    double low, high;
    bool low_known, high_known;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    for (size_t i = 1; i < onnx_n_in(call); i++)
        if (onnx_in(call, i) != NULL && onnx_in(call, i)->kind == ONNX_DATA)
            return onnx_fail(call, "its bound \"%.128s\" depends on the image",
                             onnx_in(call, i)->name);
    bool has_low = read_bound(call, "min", 1, &low, &low_known);
    bool has_high = read_bound(call, "max", 2, &high, &high_known);
    es_op op = ES_OP_CLIP;
    if (has_low && low_known && low == 0 && (!has_high || high_known))
        op = !has_high || high > 1e30 ? ES_OP_RELU : high == 6 ? ES_OP_RELU6 : ES_OP_CLIP;
    return onnx_give_op(call, op, &x->dims, 1);
}

es_status onnx_rule_pow(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0), *y = onnx_in(call, 1);
    onnx_dims dims;
    if (x == NULL || y == NULL || !onnx_broadcast(&x->dims, &y->dims, &dims))
        return onnx_fail(call, "expected a base and an exponent whose shapes go together");
    if (y->kind == ONNX_DATA)
        return onnx_fail(call, "its exponent depends on the image; expected a constant");
    es_status status = onnx_give_op(call, ES_OP_POW, &dims, 2);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    return fold_two(call, ONNX_FOLD_POW, x, y, &dims);
}

/* Truth values are integers. */
static bool is_relation(onnx_fold fold) {
    return fold >= ONNX_FOLD_EQUAL && fold <= ONNX_FOLD_OR;
}

es_status onnx_rule_variadic(const onnx_call *call) {
    const onnx_tensor *first = onnx_in(call, 0), *second = onnx_in(call, 1);
    if (first == NULL || onnx_n_in(call) > 2)
        return onnx_fail(call, "%zu operands; two are understood", onnx_n_in(call));
    if (second == NULL)
        return onnx_give_same(call, 0, first);
    onnx_dims dims;
    char a[ONNX_DIMS_TEXT], b[ONNX_DIMS_TEXT];
    if (!onnx_broadcast(&first->dims, &second->dims, &dims))
        return onnx_fail(call, "%s and %s cannot be broadcast to each other",
                         onnx_dims_text(&first->dims, a), onnx_dims_text(&second->dims, b));
    onnx_fold fold = call->node->op->fold;
    es_status status = onnx_give_op(call, call->node->op->op, &dims, 2);
    if (status != ES_OK || first->kind != ONNX_CONSTANT || second->kind != ONNX_CONSTANT)
        return status;
    if (is_relation(fold)) {
        status = onnx_give_constant(call, 0, &dims, false, 0);
        if (status != ES_OK || first->is_float)
            return status;
    }
    return fold_two(call, fold, first, second, &dims);
}

/* Of constants only: what shapes are chosen with. */
es_status onnx_rule_where(const onnx_call *call) {
    const onnx_tensor *c = onnx_in(call, 0), *x = onnx_in(call, 1), *y = onnx_in(call, 2);
    onnx_dims dims;
    onnx_value *room;
    int64_t step_c[ONNX_MAX_RANK] = {0}, step_x[ONNX_MAX_RANK] = {0}, step_y[ONNX_MAX_RANK] = {0};
    if (c == NULL || x == NULL || y == NULL || !onnx_broadcast(&x->dims, &y->dims, &dims) ||
        !onnx_broadcast(&c->dims, &dims, &dims))
        return onnx_fail(call, "expected a condition and two tensors whose shapes go together");
    es_status status = onnx_give_op(call, ES_OP_INPUT, &dims, 3);
    if (status == ES_OK)
        status = onnx_give_constant(call, 0, &dims, x->is_float, x->params + y->params);
    if (status != ES_OK || onnx_values(call, c) == NULL || onnx_values(call, x) == NULL ||
        onnx_values(call, y) == NULL)
        return status;
    status = onnx_give_values(call, 0, &room);
    if (status != ES_OK || room == NULL)
        return status;
    broadcast_steps(&c->dims, &dims, step_c);
    broadcast_steps(&x->dims, &dims, step_x);
    broadcast_steps(&y->dims, &dims, step_y);
    const onnx_value *condition = onnx_values(call, c), *then = onnx_values(call, x),
                     *otherwise = onnx_values(call, y);
    for (size_t i = 0; i < (size_t)onnx_elems(&dims); i++)
        room[i] = condition[element_at(&dims, i, step_c)].i != 0
                      ? then[element_at(&dims, i, step_x)]
                      : otherwise[element_at(&dims, i, step_y)];
    return ES_OK;
}
