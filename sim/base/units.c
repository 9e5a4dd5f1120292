#include "edgesplit/units.h"

#include "edgesplit/alloc.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef struct unit_row {
    es_dimension dimension;
    const char *spelling;
    double numerator, denominator;
} unit_row;

static const unit_row units[] = {
#define ES_UNIT(dimension, spelling, numerator, denominator)                                       \
    {ES_DIM_##dimension, spelling, numerator, denominator},
#include "edgesplit/units.def"
#undef ES_UNIT
};

static const char *const expectations[ES_N_DIMENSIONS] = {
    [ES_DIM_TIME] = "a time with its unit (s, ms, us, ns, min, h, d)",
    [ES_DIM_DATA] =
        "an amount of data with its unit (B, kB, MB, GB, KiB, MiB, GiB, bit, kbit, Mbit, Gbit)",
    [ES_DIM_DATA_RATE] =
        ("a data rate with its unit (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, "
         "KiB/s, MiB/s)"),
    [ES_DIM_FREQUENCY] = "a frequency with its unit (/s, /min, /h, Hz, kHz, MHz, GHz)",
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

static const unit_row *find_unit(es_slice spelling, es_dimension dimension) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].dimension == dimension && es_slice_equals(spelling, units[i].spelling))
            return &units[i];
    return NULL;
}

/* The number in SI: rounded once, because one of the two factors is 1. */
static double to_si(double number, const unit_row *unit) {
    return number * unit->numerator / unit->denominator;
}

/* A number that stays finite in SI; counts must be whole. */
static es_status parse_number(es_slice number, const unit_row *unit, double *value) {
    double parsed;
    if (es_parse_double(number, &parsed) != ES_OK || !isfinite(to_si(parsed, unit)))
        return ES_INVALID;
    if (unit->dimension == ES_DIM_COUNT && (parsed != floor(parsed) || fabs(parsed) > 0x1p53))
        return ES_INVALID;
    *value = parsed;
    return ES_OK;
}

es_status es_parse_quantity(es_slice text, es_dimension dimension, double *value,
                            const char **expected) {
    es_slice number, spelling;
    double parsed;
    if (expected != NULL)
        *expected = expectations[dimension];
    split_number(es_slice_trim(text), &number, &spelling);
    const unit_row *found = find_unit(spelling, dimension);
    if (found == NULL || parse_number(number, found, &parsed) != ES_OK)
        return ES_INVALID;
    *value = to_si(parsed, found);
    return ES_OK;
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

/* "5..10 step 2" or "7". */
static es_status append_entry(number_list *list, es_slice entry, const unit_row *unit) {
    es_slice number, rest;
    double first, last, step = 1;
    split_number(entry, &number, &rest);
    es_status status = parse_number(number, unit, &first);
    if (status != ES_OK)
        return status;
    if (rest.length == 0)
        return append(list, to_si(first, unit));
    if (rest.length < 3 || memcmp(rest.data, "..", 2) != 0 || rest.data[2] == '.')
        return ES_INVALID;
    split_number(es_slice_trim((es_slice){rest.data + 2, rest.length - 2}), &number, &rest);
    status = parse_number(number, unit, &last);
    if (status != ES_OK)
        return status;
    if (rest.length > 0) {
        if (rest.length < 5 || memcmp(rest.data, "step", 4) != 0)
            return ES_INVALID;
        number = es_slice_trim((es_slice){rest.data + 4, rest.length - 4});
        status = parse_number(number, unit, &step);
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
        status = append(list, to_si(first + (double)i * step, unit));
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
    if (expected != NULL)
        *expected = expectations[dimension];
    text = es_slice_trim(text);
    const unit_row *of_list = find_unit(trailing_unit(text), dimension);
    if (of_list == NULL)
        return ES_INVALID;
    es_slice entry;
    while (status == ES_OK && es_next_field(&text, ',', &entry)) {
        es_slice spelling = trailing_unit(entry);
        const unit_row *own = spelling.length > 0 ? find_unit(spelling, dimension) : of_list;
        es_slice bare = es_slice_trim((es_slice){entry.data, entry.length - spelling.length});
        status = own != NULL ? append_entry(&list, bare, own) : ES_INVALID;
    }
    if (status == ES_OK) {
        *values = list.values;
        *n_values = list.n;
        list.values = NULL;
    }
    free(list.values);
    return status;
}

/* The first spelling of the table. */
static const char *spelling_of(es_dimension dimension) {
    size_t i = 0;
    while (units[i].dimension != dimension)
        i++;
    return units[i].spelling;
}

const char *es_dimension_unit(es_dimension dimension) {
    const char *spelling = spelling_of(dimension);
    return spelling[0] != '\0' ? spelling : "1";
}

void es_text_add_quantity(es_text *text, double value, es_dimension dimension) {
    char number[ES_NUMBER_TEXT];
    es_format_double(value, number);
    es_text_add(text, "%s%s", number, spelling_of(dimension));
}
