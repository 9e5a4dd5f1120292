/* The values of a variable: texts, ranges, log(), glob(). */
#include "parts.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { MAX_VALUES = 1000000 };

void study_complain(study_fault *fault, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
}

bool study_is_name_start(char c) {
    return isalpha((unsigned char)c) || c == '_';
}

bool study_is_name_part(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

size_t study_name_length(es_slice text) {
    size_t length = 0;
    if (text.length > 0 && study_is_name_start(text.data[0]))
        while (length < text.length && study_is_name_part(text.data[length]))
            length++;
    return length;
}

static bool fail(study_fault *fault) {
    fault->no_memory = true;
    study_complain(fault, "out of memory");
    return false;
}

/* Appends a copy. */
static bool add(es_study_variable *variable, size_t *capacity, es_slice text, study_fault *fault) {
    if (variable->n_values == MAX_VALUES) {
        study_complain(fault, "more than %d values", MAX_VALUES);
        return false;
    }
    if (es_reserve(&variable->values, capacity, variable->n_values + 1, sizeof *variable->values) !=
        ES_OK)
        return fail(fault);
    char *copy = es_alloc(text.length + 1, 1);
    if (copy == NULL)
        return fail(fault);
    memcpy(copy, text.data, text.length);
    variable->values[variable->n_values++] = copy;
    return true;
}

/* A decimal number, exactly: mantissa * 10^-places. */
typedef struct decimal {
    int64_t mantissa;
    int places;
} decimal;

enum { MAX_PLACES = 15 };
static const int64_t LARGEST = INT64_C(1000000000000000); /* 15 digits */

/* Cuts a decimal number (sign, digits, point) off the front; false if there is none, or one of more
 * than 15 digits. */
static bool take_decimal(es_slice *text, decimal *number) {
    size_t at = 0, n_digits = 0;
    bool negative = text->length > 0 && text->data[0] == '-', point = false;
    *number = (decimal){0};
    for (at = negative; at < text->length; at++) {
        char c = text->data[at];
        if (c == '.' && !point && !(at + 1 < text->length && text->data[at + 1] == '.')) {
            point = true;
        } else if (isdigit((unsigned char)c)) {
            number->mantissa = 10 * number->mantissa + (c - '0');
            number->places += point;
            n_digits++;
            if (number->mantissa >= LARGEST || number->places > MAX_PLACES)
                return false;
        } else {
            break;
        }
    }
    if (negative)
        number->mantissa = -number->mantissa;
    text->data += at;
    text->length -= at;
    *text = es_slice_trim(*text);
    return n_digits > 0;
}

/* Gives a number more places; false if it gets too long. */
static bool extend(decimal *number, int places) {
    for (; number->places < places; number->places++) {
        number->mantissa *= 10;
        if (number->mantissa >= 100 * LARGEST || number->mantissa <= -100 * LARGEST)
            return false;
    }
    return true;
}

static bool add_decimal(es_study_variable *variable, size_t *capacity, decimal number,
                        study_fault *fault) {
    char text[48];
    int64_t scale = 1, size = number.mantissa < 0 ? -number.mantissa : number.mantissa;
    for (int i = 0; i < number.places; i++)
        scale *= 10;
    int length = snprintf(text, sizeof text, "%s%lld", number.mantissa < 0 ? "-" : "",
                          (long long)(size / scale));
    if (size % scale != 0) {
        length += snprintf(text + length, sizeof text - (size_t)length, ".%0*lld", number.places,
                           (long long)(size % scale));
        while (text[length - 1] == '0')
            length--;
    }
    return add(variable, capacity, (es_slice){text, (size_t)length}, fault);
}

static bool starts_with(es_slice text, const char *start) {
    size_t length = strlen(start);
    return text.length >= length && memcmp(text.data, start, length) == 0;
}

static es_slice behind(es_slice text, size_t length) {
    return es_slice_trim((es_slice){text.data + length, text.length - length});
}

/* "5..10 step 2"; the decimal numbers are added exactly. */
static bool add_range(es_study_variable *variable, size_t *capacity, es_slice item, es_slice rest,
                      decimal first, study_fault *fault) {
    decimal last, step = {1, 0};
    rest = behind(rest, 2);
    bool sound = take_decimal(&rest, &last);
    if (sound && starts_with(rest, "step")) {
        rest = behind(rest, 4);
        sound = take_decimal(&rest, &step);
    }
    if (!sound || rest.length > 0) {
        study_complain(fault,
                       "'%.*s': expected FIRST..LAST or FIRST..LAST step STEP, numbers of at most "
                       "15 digits; a unit goes behind the brace",
                       (int)item.length, item.data);
        return false;
    }
    int places = first.places > last.places ? first.places : last.places;
    places = places > step.places ? places : step.places;
    sound = extend(&first, places) && extend(&last, places) && extend(&step, places);
    int64_t span = sound ? last.mantissa - first.mantissa : 0;
    if (!sound || step.mantissa == 0 || (span > 0) != (step.mantissa > 0 && span != 0)) {
        study_complain(fault, "'%.*s': this step does not lead there", (int)item.length, item.data);
        return false;
    }
    for (int64_t i = 0; i <= span / step.mantissa; i++)
        if (!add_decimal(variable, capacity, (decimal){first.mantissa + i * step.mantissa, places},
                         fault))
            return false;
    return true;
}

/* What stands between the parentheses of "NAME(...)"; false if it is not that. */
static bool arguments_of(es_slice item, const char *name, es_slice *arguments) {
    size_t length = strlen(name);
    if (!starts_with(item, name))
        return false;
    es_slice rest = behind(item, length);
    if (rest.length < 2 || rest.data[0] != '(' || rest.data[rest.length - 1] != ')')
        return false;
    *arguments = es_slice_trim((es_slice){rest.data + 1, rest.length - 2});
    return true;
}

/* "1..1000, n=7": equally spaced logarithms, both ends exact. */
static bool add_log(es_study_variable *variable, size_t *capacity, es_slice item,
                    es_slice arguments, study_fault *fault) {
    es_slice rest = arguments, range, count;
    double first = 0, last = 0;
    int64_t n = 0;
    bool sound = es_next_field(&rest, ',', &range) && es_next_field(&rest, ',', &count) &&
                 rest.data == NULL && starts_with(count, "n");
    count = sound ? behind(count, 1) : count;
    sound = sound && starts_with(count, "=") && es_parse_int64(behind(count, 1), &n) == ES_OK;
    size_t dots = 0;
    while (sound && dots + 1 < range.length &&
           (range.data[dots] != '.' || range.data[dots + 1] != '.'))
        dots++;
    sound = sound && dots + 1 < range.length &&
            es_parse_double(es_slice_trim((es_slice){range.data, dots}), &first) == ES_OK &&
            es_parse_double(behind(range, dots + 2), &last) == ES_OK;
    if (!sound || !(first > 0) || !(last > 0) || n < 2 || n > MAX_VALUES) {
        study_complain(fault,
                       "'%.*s': expected log(FIRST..LAST, n=COUNT), numbers above 0, at least two",
                       (int)item.length, item.data);
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        /* Wider than a double, so that a decade's points come out as 1, 10, 100. */
        long double part = (long double)i / (long double)(n - 1);
        double value =
            (double)((long double)first * powl((long double)last / (long double)first, part));
        char text[ES_NUMBER_TEXT];
        es_format_double(i == 0 ? first : i == n - 1 ? last : value, text);
        if (!add(variable, capacity, (es_slice){text, strlen(text)}, fault))
            return false;
    }
    return true;
}

static bool add_files(const char *path, es_study_variable *variable, size_t *capacity,
                      es_slice item, es_slice arguments, study_fault *fault) {
    if (arguments.length < 3 || arguments.data[0] != '"' ||
        memchr(arguments.data + 1, '"', arguments.length - 1) !=
            arguments.data + arguments.length - 1) {
        study_complain(fault, "'%.*s': expected glob(\"PATTERN\")", (int)item.length, item.data);
        return false;
    }
    char *pattern = es_alloc(arguments.length - 1, 1);
    if (pattern == NULL)
        return fail(fault);
    memcpy(pattern, arguments.data + 1, arguments.length - 2);
    char **names;
    size_t n;
    es_status status = es_find_files(path, pattern, &names, &n);
    free(pattern);
    if (status == ES_NO_MEMORY)
        return fail(fault);
    if (status != ES_OK || n == 0) {
        study_complain(fault, "'%.*s': there is no such file", (int)item.length, item.data);
        return false;
    }
    bool sound = true;
    for (size_t i = 0; i < n; i++) {
        sound = sound && add(variable, capacity, (es_slice){names[i], strlen(names[i])}, fault);
        free(names[i]);
    }
    free(names);
    return sound;
}

static const char *function_at(const void *context, size_t i) {
    (void)context;
    return i == 0 ? "glob" : "log";
}

static bool add_item(const char *path, es_study_variable *variable, size_t *capacity, es_slice item,
                     study_fault *fault) {
    es_slice rest = item, arguments;
    decimal first;
    if (item.length == 0) {
        study_complain(fault, "a value is missing between commas; \"\" is an empty one");
        return false;
    }
    if (item.data[0] == '"') {
        if (item.length < 2 || item.data[item.length - 1] != '"') {
            study_complain(fault, "%.*s: text behind the quotes", (int)item.length, item.data);
            return false;
        }
        return add(variable, capacity, (es_slice){item.data + 1, item.length - 2}, fault);
    }
    if (take_decimal(&rest, &first) && starts_with(rest, ".."))
        return add_range(variable, capacity, item, rest, first, fault);
    if (arguments_of(item, "glob", &arguments))
        return add_files(path, variable, capacity, item, arguments, fault);
    if (arguments_of(item, "log", &arguments))
        return add_log(variable, capacity, item, arguments, fault);
    size_t name = study_name_length(item);
    if (name > 0 && starts_with(behind(item, name), "(")) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)name, item.data);
        study_complain(fault, "there is no function '%.*s'%s", (int)name, item.data,
                       es_did_you_mean(es_nearest_name(word, 2, function_at, NULL), "'", "'",
                                       "; expected glob or log, or \"...\" to take it literally")
                           .text);
        return false;
    }
    if (memchr(item.data, '$', item.length) != NULL) {
        study_complain(fault, "values cannot depend on other variables; use a constraint");
        return false;
    }
    return add(variable, capacity, item, fault);
}

/* Cuts the next item off the front, up to a comma outside quotes and parentheses. */
static bool next_item(es_slice *rest, es_slice *item) {
    if (rest->data == NULL)
        return false;
    size_t at = 0, depth = 0;
    bool quoted = false;
    for (; at < rest->length; at++) {
        char c = rest->data[at];
        quoted ^= c == '"';
        if (!quoted && c == '(')
            depth++;
        if (!quoted && c == ')' && depth > 0)
            depth--;
        if (!quoted && depth == 0 && c == ',')
            break;
    }
    *item = es_slice_trim((es_slice){rest->data, at});
    *rest = at < rest->length ? (es_slice){rest->data + at + 1, rest->length - at - 1}
                              : (es_slice){NULL, 0};
    return true;
}

bool study_read_values(const char *path, es_slice list, es_study_variable *variable,
                       study_fault *fault) {
    es_slice item;
    size_t capacity = 0;
    bool sound = true;
    while (sound && next_item(&list, &item))
        sound = add_item(path, variable, &capacity, item, fault);
    variable->numbers = es_alloc(variable->n_values, sizeof *variable->numbers);
    if (variable->numbers == NULL)
        return fail(fault);
    for (size_t i = 0; i < variable->n_values; i++) {
        const char *text = variable->values[i];
        if (es_parse_double((es_slice){text, strlen(text)}, &variable->numbers[i]) != ES_OK)
            variable->numbers[i] = ES_NAN;
    }
    return sound;
}

static const char *name_at(const void *context, size_t i) {
    const es_study_variable *variables = context;
    return variables[i].name;
}

size_t study_find(size_t n, const es_study_variable *variables, es_slice name, study_fault *fault) {
    if (es_slice_equals(name, "repetition"))
        return REPETITION;
    size_t i = 0;
    while (i < n && !es_slice_equals(name, variables[i].name))
        i++;
    if (i == n) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)name.length, name.data);
        study_complain(fault, "there is no variable '%.*s'%s", (int)name.length, name.data,
                       es_did_you_mean(es_nearest_name(word, n, name_at, variables), "'", "'",
                                       "; ${NAME=VALUES} makes one")
                           .text);
    }
    return i;
}
