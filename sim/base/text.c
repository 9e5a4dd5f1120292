#include "edgesplit/text.h"

#include "edgesplit/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

void es_text_add(es_text *text, const char *format, ...) {
    if (text->failed)
        return;
    size_t room = text->capacity - text->length;
    char *end = room > 0 ? text->data + text->length : NULL;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(end, room, format, arguments);
    va_end(arguments);
    if (needed >= 0 && (size_t)needed < room) {
        text->length += (size_t)needed;
        return;
    }
    if (end != NULL)
        *end = '\0';
    if (needed < 0 ||
        es_reserve(&text->data, &text->capacity, text->length + (size_t)needed + 1, 1) != ES_OK) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)needed + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)needed;
}

void es_text_append(es_text *text, const char *data, size_t length) {
    if (text->failed)
        return;
    if (length >= text->capacity - text->length &&
        es_reserve(&text->data, &text->capacity, text->length + length + 1, 1) != ES_OK) {
        text->failed = true;
        return;
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void es_text_add_json(es_text *text, const char *value) {
    es_text_add(text, "\"");
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            es_text_add(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            es_text_add(text, "\\u%04x", (unsigned)*c);
        else
            es_text_add(text, "%c", *c);
    }
    es_text_add(text, "\"");
}

void es_text_add_csv(es_text *text, const char *value) {
    if (strpbrk(value, ",\"\r\n") == NULL) {
        es_text_add(text, "%s", value);
        return;
    }
    es_text_add(text, "\"");
    for (; *value != '\0'; value++)
        es_text_add(text, *value == '"' ? "\"\"" : "%c", *value);
    es_text_add(text, "\"");
}

es_slice es_slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

es_slice es_slice_trim(es_slice slice) {
    while (slice.length > 0 && isspace((unsigned char)slice.data[0])) {
        slice.data++;
        slice.length--;
    }
    while (slice.length > 0 && isspace((unsigned char)slice.data[slice.length - 1]))
        slice.length--;
    return slice;
}

bool es_slice_equals(es_slice slice, const char *text) {
    return strlen(text) == slice.length && memcmp(slice.data, text, slice.length) == 0;
}

bool es_next_line(es_slice *rest, es_slice *line) {
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->data, '\n', rest->length);
    size_t length = end != NULL ? (size_t)(end - rest->data) : rest->length;
    size_t taken = end != NULL ? length + 1 : length;
    *line = (es_slice){rest->data, length};
    if (length > 0 && line->data[length - 1] == '\r')
        line->length--;
    rest->data += taken;
    rest->length -= taken;
    return true;
}

bool es_next_field(es_slice *rest, char separator, es_slice *field) {
    if (rest->data == NULL)
        return false;
    const char *end = rest->length > 0 ? memchr(rest->data, separator, rest->length) : NULL;
    if (end == NULL) {
        *field = es_slice_trim(*rest);
        *rest = (es_slice){NULL, 0};
        return true;
    }
    size_t length = (size_t)(end - rest->data);
    *field = es_slice_trim((es_slice){rest->data, length});
    rest->data += length + 1;
    rest->length -= length + 1;
    return true;
}

/* Copies a slice that should hold a number into a buffer the C library can read; false if it cannot
 * be one. */
static bool number_text(es_slice slice, char *buffer, size_t size, const char *allowed) {
    if (slice.length == 0 || slice.length >= size)
        return false;
    for (size_t i = 0; i < slice.length; i++)
        if (strchr(allowed, slice.data[i]) == NULL || slice.data[i] == '\0')
            return false;
    memcpy(buffer, slice.data, slice.length);
    buffer[slice.length] = '\0';
    return true;
}

/* Powers of ten that a double holds exactly. */
enum { MOST_EXACT_POWER = 22 };
static const double powers_of_ten[MOST_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const uint64_t EXACT_INTEGER = UINT64_C(1) << 53;

/* Reads plain decimals of at most 2^53 / 10 in digits and 22 of them behind the point, where one
 * division of two exact numbers rounds as strtod does: Clinger, "How to read floating point numbers
 * accurately", PLDI 1990. False: not such a number. */
static bool parse_plain(es_slice slice, double *value) {
    const char *c = slice.data, *end = slice.data + slice.length, *point = NULL;
    uint64_t digits = 0;
    for (; c < end; c++) {
        unsigned digit = (unsigned)*c - '0';
        if (digit <= 9 && digits < EXACT_INTEGER / 10)
            digits = digits * 10 + digit;
        else if (*c == '.' && point == NULL)
            point = c;
        else
            return false;
    }
    size_t n_behind = point != NULL ? (size_t)(end - point) - 1 : 0;
    if (slice.length == 0 || (point != NULL && slice.length == 1) || n_behind > MOST_EXACT_POWER)
        return false;
    *value = (double)digits / powers_of_ten[n_behind];
    return true;
}

es_status es_parse_double(es_slice slice, double *value) {
    char buffer[64];
    if (parse_plain(slice, value))
        return ES_OK;
    if (!number_text(slice, buffer, sizeof buffer, "+-.0123456789eE"))
        return ES_INVALID;
    char *end;
    double parsed = strtod(buffer, &end);
    if (*end != '\0' || end == buffer || !isfinite(parsed))
        return ES_INVALID;
    *value = parsed;
    return ES_OK;
}

es_status es_parse_int64(es_slice slice, int64_t *value) {
    char buffer[32];
    if (!number_text(slice, buffer, sizeof buffer, "+-0123456789"))
        return ES_INVALID;
    char *end;
    errno = 0;
    long long parsed = strtoll(buffer, &end, 10);
    if (*end != '\0' || end == buffer || errno == ERANGE)
        return ES_INVALID;
    *value = parsed;
    return ES_OK;
}

/* digits * 10^power > 0. */
typedef struct decimal {
    uint64_t digits;
    int power;
} decimal;

/* A decimal of up to SAFE_DIGITS digits and the double nearest to it determine each other; the
 * shortest that reads back as a double has up to MOST_DIGITS. */
enum { SAFE_DIGITS = 15, MOST_DIGITS = 17 };

/* The decimal of at most SAFE_DIGITS digits that reads back as the value, where multiplication and
 * division by an exact power of ten can tell: the product is off by less than 1/4, so that rounding
 * finds the only one that can be it, and the division, of exact numbers, rounds as reading does. */
static bool find_short(double value, decimal *found) {
    if (!(value >= 1e-7 && value < 1e15))
        return false;
    int places = SAFE_DIGITS;
    while (places < MOST_EXACT_POWER && value * powers_of_ten[places] < 1e14)
        places++;
    while (value * powers_of_ten[places] >= 1e15)
        places--;
    uint64_t digits = (uint64_t)(value * powers_of_ten[places] + 0.5);
    *found = (decimal){digits, -places};
    return (double)digits / powers_of_ten[places] == value;
}

static bool reads_back(decimal number, double value) {
    if (number.digits <= EXACT_INTEGER && number.power <= 0 && number.power >= -MOST_EXACT_POWER)
        return (double)number.digits / powers_of_ten[-number.power] == value;
    char text[ES_NUMBER_TEXT];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)number.digits, number.power);
    return strtod(text, NULL) == value;
}

/* The decimal of `n` digits nearest to the value. */
static decimal nearest_decimal(double value, int n) {
    char text[ES_NUMBER_TEXT];
    snprintf(text, sizeof text, "%.*e", n - 1, value);
    decimal number = {0, 1 - n};
    char *c = text;
    for (; *c != 'e'; c++)
        if (*c != '.')
            number.digits = number.digits * 10 + (uint64_t)(*c - '0');
    number.power += (int)strtol(c + 1, NULL, 10);
    return number;
}

/* The shortest decimal that reads back, the nearest one of them, by the digits of the nearest one
 * of MOST_DIGITS. */
static decimal find_shortest(double value) {
    decimal number;
    for (int n = value < DBL_MIN ? 1 : SAFE_DIGITS; n < MOST_DIGITS - 1; n++) {
        number = nearest_decimal(value, n);
        if (reads_back(number, value))
            return number;
    }
    const decimal longest = nearest_decimal(value, MOST_DIGITS);
    unsigned last = (unsigned)(longest.digits % 10);
    number = (decimal){longest.digits / 10 + (last > 5), longest.power + 1};
    if (last == 5) /* it may itself be rounded up */
        number = nearest_decimal(value, MOST_DIGITS - 1);
    if (reads_back(number, value))
        return number;
    /* At a power of two more numbers above than below are read as the value. */
    number = (decimal){longest.digits / 10 + 1, longest.power + 1};
    return reads_back(number, value) ? number : longest;
}

/* As printf's %g with as many digits as there are, or without an exponent where that is no longer.
 */
static void write_decimal(decimal number, char *text) {
    char digits[MOST_DIGITS + 1];
    int n = 0;
    while (number.digits % 10 == 0) {
        number.digits /= 10;
        number.power++;
    }
    for (uint64_t rest = number.digits; rest > 0; rest /= 10)
        n++;
    for (int i = n - 1; i >= 0; i--, number.digits /= 10)
        digits[i] = (char)('0' + number.digits % 10);
    int exponent = n - 1 + number.power; /* of the first digit */
    int n_scientific = n + (n > 1) + (abs(exponent) < 100 ? 4 : 5);
    bool is_whole = number.power == 0 ||
                    (number.power > 0 && exponent < SAFE_DIGITS && exponent + 1 <= n_scientific);
    int n_before = is_whole ? n : exponent >= 0 && number.power < 0 ? exponent + 1 : 1;
    if (exponent < 0 && exponent >= -4) {
        memcpy(text, "0.000", 6);
        text += 1 - exponent;
        n_before = n;
    }
    memcpy(text, digits, (size_t)n_before);
    text += n_before;
    if (is_whole) {
        memset(text, '0', (size_t)number.power);
        text += number.power;
    }
    if (n_before < n) {
        *text++ = '.';
        memcpy(text, digits + n_before, (size_t)(n - n_before));
        text += n - n_before;
    }
    *text = '\0';
    if (!is_whole && (number.power > 0 || exponent < -4))
        snprintf(text, ES_NUMBER_TEXT - MOST_DIGITS, "e%c%02d", exponent < 0 ? '-' : '+',
                 abs(exponent));
}

void es_format_double(double value, char text[ES_NUMBER_TEXT]) {
    if (value == 0 || !isfinite(value)) {
        snprintf(text, ES_NUMBER_TEXT, "%g", value);
        return;
    }
    decimal number;
    double size = fabs(value);
    if (!find_short(size, &number))
        number = find_shortest(size);
    text[0] = '-';
    write_decimal(number, value < 0 ? text + 1 : text);
}

enum { LONGEST_NAME = 63 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance of two texts of at most LONGEST_NAME bytes. */
static size_t alignment_distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t distance[LONGEST_NAME + 1][LONGEST_NAME + 1];
    for (size_t i = 0; i <= n_a; i++)
        distance[i][0] = i;
    for (size_t j = 0; j <= n_b; j++)
        distance[0][j] = j;
    for (size_t i = 1; i <= n_a; i++)
        for (size_t j = 1; j <= n_b; j++) {
            size_t substituted = distance[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            size_t best = least(substituted, least(distance[i - 1][j], distance[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, distance[i - 2][j - 2] + 1);
            distance[i][j] = best;
        }
    return distance[n_a][n_b];
}

const char *es_nearest_name(const char *word, size_t n,
                            const char *(*name_at)(const void *context, size_t i),
                            const void *context) {
    size_t length = strlen(word);
    if (length > LONGEST_NAME)
        return NULL;
    const char *nearest = NULL;
    size_t bound = 2 + length / 4;
    for (size_t i = 0; i < n; i++) {
        const char *name = name_at(context, i);
        size_t name_length = strlen(name);
        if (name_length > LONGEST_NAME)
            continue;
        size_t distance = alignment_distance(word, length, name, name_length);
        if (distance < bound) {
            bound = distance;
            nearest = name;
        }
    }
    return nearest;
}

es_hint es_did_you_mean(const char *nearest, const char *before, const char *after,
                        const char *otherwise) {
    es_hint hint;
    if (nearest != NULL)
        snprintf(hint.text, sizeof hint.text, "; did you mean %s%s%s?", before, nearest, after);
    else
        snprintf(hint.text, sizeof hint.text, "%s", otherwise);
    return hint;
}
