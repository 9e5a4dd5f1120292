#include "edgesplit/units.h"

#include "edgesplit/alloc.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const struct {
    es_dimension dimension;
    const char *spelling;
    double factor;
} units[] = {
#define ES_UNIT(dimension, spelling, factor) {ES_DIM_##dimension, spelling, factor},
#include "edgesplit/units.def"
#undef ES_UNIT
};

static const char *const expectations[ES_N_DIMENSIONS] = {
    [ES_DIM_TIME] = "a time with its unit (s, ms, us, ns, min, h, d)",
    [ES_DIM_DATA] =
        "an amount of data with its unit (B, kB, MB, GB, KiB, MiB, GiB, bit, kbit, Mbit, Gbit)",
    [ES_DIM_DATA_RATE] =
        "a data rate with its unit (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, "
        "KiB/s, MiB/s)",
    [ES_DIM_FREQUENCY] = "a frequency with its unit (/s, /min, /h, Hz, kHz)",
    [ES_DIM_POWER] = "a power with its unit (W, mW, kW)",
    [ES_DIM_RATIO] = "a ratio, as a bare number or in %",
    [ES_DIM_COUNT] = "a whole number",
};

/* Splits "20 Mbit/s" into its number and its unit, either of which may be empty. */
static void split_number(es_slice text, es_slice *number, es_slice *unit) {
    size_t length = 0;
    while (length < text.length) {
        char c = text.data[length];
        bool exponent =
            (c == 'e' || c == 'E') && length > 0 && length + 1 < text.length &&
            (isdigit((unsigned char)text.data[length + 1]) ||
             ((text.data[length + 1] == '-' || text.data[length + 1] == '+') &&
              length + 2 < text.length && isdigit((unsigned char)text.data[length + 2])));
        bool sign = (c == '-' || c == '+') &&
                    (length == 0 || text.data[length - 1] == 'e' || text.data[length - 1] == 'E');
        bool range = c == '.' && length + 1 < text.length && text.data[length + 1] == '.';
        if (range || (!isdigit((unsigned char)c) && c != '.' && !exponent && !sign))
            break;
        length++;
    }
    *number = (es_slice){text.data, length};
    *unit = es_slice_trim((es_slice){text.data + length, text.length - length});
}

static bool find_unit(es_slice spelling, es_dimension dimension, double *factor) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].dimension == dimension && es_slice_equals(spelling, units[i].spelling)) {
            *factor = units[i].factor;
            return true;
        }
    return false;
}

/* A number whose unit is already known; counts must be whole. */
static es_status scaled_number(es_slice number, es_dimension dimension, double factor,
                               double *value) {
    double parsed;
    if (es_parse_double(number, &parsed) != ES_OK || !isfinite(parsed * factor))
        return ES_INVALID;
    if (dimension == ES_DIM_COUNT && (parsed != floor(parsed) || fabs(parsed) > 0x1p53))
        return ES_INVALID;
    *value = parsed * factor;
    return ES_OK;
}

es_status es_parse_quantity(es_slice text, es_dimension dimension, double *value,
                            const char **expected) {
    es_slice number, unit;
    double factor;
    if (expected != NULL)
        *expected = expectations[dimension];
    split_number(es_slice_trim(text), &number, &unit);
    if (!find_unit(unit, dimension, &factor))
        return ES_INVALID;
    return scaled_number(number, dimension, factor, value);
}

typedef struct number_list {
    double *values;
    size_t n, capacity;
} number_list;

static es_status append(number_list *list, double value) {
    if (list->n == ES_LIST_MAX)
        return ES_INVALID;
    es_status status =
        es_reserve(&list->values, &list->capacity, list->n + 1, sizeof *list->values);
    if (status == ES_OK)
        list->values[list->n++] = value;
    return status;
}

/* "5..10 step 2" or "7", with numbers of the dimension in a unit of `factor`. */
static es_status append_entry(number_list *list, es_slice entry, es_dimension dimension,
                              double factor) {
    es_slice number, rest;
    double first, last, step = factor;
    split_number(entry, &number, &rest);
    es_status status = scaled_number(number, dimension, factor, &first);
    if (status != ES_OK)
        return status;
    if (rest.length == 0)
        return append(list, first);
    if (rest.length < 2 || memcmp(rest.data, "..", 2) != 0)
        return ES_INVALID;
    split_number(es_slice_trim((es_slice){rest.data + 2, rest.length - 2}), &number, &rest);
    status = scaled_number(number, dimension, factor, &last);
    if (status != ES_OK)
        return status;
    if (rest.length > 0) {
        if (rest.length < 5 || memcmp(rest.data, "step", 4) != 0)
            return ES_INVALID;
        number = es_slice_trim((es_slice){rest.data + 4, rest.length - 4});
        status = scaled_number(number, dimension, factor, &step);
        if (status != ES_OK)
            return status;
    }
    /* The count is fixed before the values are, so that rounding cannot add or lose the last one.
     */
    double count = (last - first) / step;
    if (!(step > 0) || !(count >= 0) || count > ES_LIST_MAX)
        return ES_INVALID;
    size_t n = (size_t)floor(count + 1e-9) + 1;
    for (size_t i = 0; status == ES_OK && i < n; i++)
        status = append(list, first + (double)i * step);
    return status;
}

/* The unit that stands at the very end of a list entry: what follows its last number. */
static es_slice trailing_unit(es_slice entry) {
    size_t start = entry.length;
    while (start > 0 && !isdigit((unsigned char)entry.data[start - 1]) &&
           entry.data[start - 1] != '.')
        start--;
    return es_slice_trim((es_slice){entry.data + start, entry.length - start});
}

es_status es_parse_quantities(es_slice text, es_dimension dimension, double **values,
                              size_t *n_values, const char **expected) {
    number_list list = {0};
    es_status status = ES_OK;
    double list_factor;
    if (expected != NULL)
        *expected = expectations[dimension];
    text = es_slice_trim(text);
    if (!find_unit(trailing_unit(text), dimension, &list_factor))
        return ES_INVALID;
    es_slice entry;
    while (status == ES_OK && es_next_field(&text, ',', &entry)) {
        es_slice unit = trailing_unit(entry);
        double factor = list_factor;
        if (unit.length > 0 && !find_unit(unit, dimension, &factor))
            status = ES_INVALID;
        es_slice bare = {entry.data, entry.length - unit.length};
        if (status == ES_OK)
            status = append_entry(&list, es_slice_trim(bare), dimension, factor);
    }
    if (status == ES_OK) {
        *values = list.values;
        *n_values = list.n;
        list.values = NULL;
    }
    free(list.values);
    return status;
}

void es_text_add_quantity(es_text *text, double value, es_dimension dimension) {
    char number[ES_NUMBER_TEXT];
    es_format_double(value, number);
    size_t i = 0;
    while (units[i].dimension != dimension)
        i++;
    es_text_add(text, "%s%s", number, units[i].spelling);
}
