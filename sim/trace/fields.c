/* Numbers, stamps and columns in the text of traces. */
#include "format.h"

#include "edgesplit/units.h"

#include <ctype.h>
#include <string.h>

/* Nanoseconds in a unit of 10^i of them. */
enum { MOST_DECIMALS = 9 };
static const int64_t powers_of_ten[MOST_DECIMALS + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

es_slice es_trace_slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

int es_trace_shown(es_slice slice) {
    return slice.length < 40 ? (int)slice.length : 40;
}

bool es_trace_is_digits(es_slice slice) {
    for (size_t i = 0; i < slice.length; i++)
        if (slice.data[i] < '0' || slice.data[i] > '9')
            return false;
    return slice.length > 0;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool es_trace_next_word(es_slice *rest, es_slice *word) {
    const char *c = rest->data, *end = rest->data + rest->length;
    while (c < end && is_blank(*c))
        c++;
    const char *start = c;
    while (c < end && !is_blank(*c))
        c++;
    *word = (es_slice){start, (size_t)(c - start)};
    *rest = (es_slice){c, (size_t)(end - c)};
    return word->length > 0;
}

es_status es_trace_parse_whole(es_slice text, int64_t *value) {
    int64_t whole = 0;
    if (text.length == 0 || text.length > 18)
        return ES_INVALID;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return ES_INVALID;
        whole = whole * 10 + (text.data[i] - '0');
    }
    *value = whole;
    return ES_OK;
}

/* The same for a number with an exponent or a sign. */
static es_status parse_odd_stamp(es_slice text, int decimals, es_time *stamp) {
    double units;
    if (es_parse_double(text, &units) != ES_OK)
        return ES_INVALID;
    double ns = units * (double)powers_of_ten[decimals];
    if (!(ns >= 0 && ns <= (double)ES_TRACE_LONGEST))
        return ES_INVALID;
    return es_time_from_s(ns / 1e9, stamp);
}

es_status es_trace_parse_stamp(es_slice text, int decimals, es_time *stamp) {
    const char *c = text.data, *end = text.data + text.length;
    int64_t ns = 0;
    ES_REQUIRE(decimals >= 0 && decimals <= MOST_DECIMALS);
    for (; c < end && *c >= '0' && *c <= '9' && ns < INT64_MAX / 10 - 1; c++)
        ns = ns * 10 + (*c - '0');
    if (ns > ES_TRACE_LONGEST / powers_of_ten[decimals])
        return ES_INVALID;
    ns *= powers_of_ten[decimals];
    if (c < end && *c == '.' && text.length > 1) {
        int place = decimals;
        for (c++; c < end && *c >= '0' && *c <= '9'; c++) {
            if (--place >= 0)
                ns += (*c - '0') * powers_of_ten[place];
            else if (place == -1 && *c >= '5')
                ns++;
        }
    }
    if (c < end || text.length == 0)
        return parse_odd_stamp(text, decimals, stamp);
    if (ns > ES_TRACE_LONGEST)
        return ES_INVALID;
    *stamp = ns;
    return ES_OK;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; the leap day comes last in a year that
 * starts in March. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
    int64_t from_march = (month + 9) % 12;
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t before = y * 365 + y / 4 - y / 100 + y / 400;
    return before + (from_march * 306 + 5) / 10 + day - 1 - 719468;
}

static bool is_date(int64_t year, int64_t month, int64_t day) {
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1970 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lengths[month - 1] + (leap && month == 2 ? 1 : 0);
}

/* "", "Z" or "+01:00", in seconds east of Greenwich. */
static es_status parse_zone(es_slice text, int64_t *east_s) {
    int64_t hours, minutes;
    *east_s = 0;
    if (text.length == 0 || es_slice_equals(text, "Z"))
        return ES_OK;
    if (text.length != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':' ||
        es_trace_parse_whole((es_slice){text.data + 1, 2}, &hours) != ES_OK ||
        es_trace_parse_whole((es_slice){text.data + 4, 2}, &minutes) != ES_OK || hours > 14 ||
        minutes > 59)
        return ES_INVALID;
    *east_s = (hours * 60 + minutes) * (text.data[0] == '-' ? -60 : 60);
    return ES_OK;
}

es_status es_trace_parse_date(es_slice text, es_time *stamp) {
    enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, N_PARTS };
    static const struct {
        size_t at, length;
        const char *separators; /* one of which stands before it */
    } parts[N_PARTS] = {{0, 4, NULL},   {5, 2, "-./"}, {8, 2, "-./"},
                        {11, 2, " T_"}, {14, 2, ":."}, {17, 2, ":."}};
    int64_t values[N_PARTS], east_s;
    if (text.length < 19)
        return ES_INVALID;
    for (size_t i = 0; i < N_PARTS; i++)
        if (es_trace_parse_whole((es_slice){text.data + parts[i].at, parts[i].length},
                                 &values[i]) != ES_OK ||
            (i > 0 && strchr(parts[i].separators, text.data[parts[i].at - 1]) == NULL))
            return ES_INVALID;
    if (!is_date(values[YEAR], values[MONTH], values[DAY]) || values[HOUR] > 23 ||
        values[MINUTE] > 59 || values[SECOND] > 59)
        return ES_INVALID;
    size_t end = 19;
    es_time fraction = 0;
    if (text.length > end && text.data[end] == '.') {
        for (end++; end < text.length && isdigit((unsigned char)text.data[end]);)
            end++;
        if (end == 20 ||
            es_trace_parse_stamp((es_slice){text.data + 19, end - 19}, 9, &fraction) != ES_OK)
            return ES_INVALID;
    }
    if (parse_zone((es_slice){text.data + end, text.length - end}, &east_s) != ES_OK)
        return ES_INVALID;
    int64_t days = days_since_1970(values[YEAR], values[MONTH], values[DAY]);
    int64_t seconds = ((days * 24 + values[HOUR]) * 60 + values[MINUTE]) * 60 + values[SECOND];
    *stamp = (seconds - east_s) * ES_SECOND + fraction;
    return ES_OK;
}

int es_trace_time_decimals(es_trace_reader *reader, size_t option, int preset) {
    static const struct {
        const char *unit;
        int decimals;
    } units[] = {{"s", 9}, {"ms", 6}, {"us", 3}, {"ns", 0}};
    es_slice unit = es_trace_setting(reader, option);
    if (unit.data == NULL)
        return preset;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (es_slice_equals(unit, units[i].unit))
            return units[i].decimals;
    es_trace_mistake(reader, 0, "%s=%.*s; expected s, ms, us or ns",
                     reader->format->options[option].name, es_trace_shown(unit), unit.data);
    return -1;
}

double es_trace_unit_factor(es_quantity quantity, es_slice unit, const char **expected) {
    static const struct {
        es_dimension dimension;
        const char *expected; /* NULL: that of the dimension */
    } rows[ES_N_QUANTITIES] = {
        [ES_BANDWIDTH] = {ES_DIM_DATA_RATE, NULL},
        [ES_LOAD] = {ES_DIM_RATIO, "%, or 1 for a ratio"},
        [ES_JOBS] = {ES_DIM_RATIO, "1, the unit of a number of jobs"},
        [ES_LATENCY] = {ES_DIM_TIME, NULL},
        [ES_ARRIVALS] = {ES_DIM_RATIO, "1, the unit of a number of images"},
    };
    double factor = 0;
    char one[64];
    *expected = rows[quantity].expected;
    if (quantity != ES_BANDWIDTH && quantity != ES_LATENCY && es_slice_equals(unit, "1"))
        return 1;
    const char *of_dimension = NULL;
    snprintf(one, sizeof one, "1 %.*s", es_trace_shown(unit), unit.length > 0 ? unit.data : "");
    es_status status =
        es_parse_quantity(es_trace_slice_of(one), rows[quantity].dimension, &factor, &of_dimension);
    if (*expected == NULL)
        *expected = of_dimension;
    bool allowed = unit.length > 0 && quantity != ES_JOBS && quantity != ES_ARRIVALS;
    return status == ES_OK && allowed ? factor : 0;
}

/* The field in front of `*rest`, which is cut off; quotes may hold the separator. */
static es_slice next_cell(es_slice *rest, char separator) {
    es_slice trimmed = *rest;
    while (trimmed.length > 0 && is_blank(trimmed.data[0]) && trimmed.data[0] != separator)
        trimmed = (es_slice){trimmed.data + 1, trimmed.length - 1};
    const char *close = NULL;
    if (trimmed.length > 1 && trimmed.data[0] == '"')
        close = memchr(trimmed.data + 1, '"', trimmed.length - 1);
    es_slice cell;
    if (close == NULL) {
        es_next_field(rest, separator, &cell);
        return cell;
    }
    cell = (es_slice){trimmed.data + 1, (size_t)(close - trimmed.data) - 1};
    *rest = (es_slice){close + 1, trimmed.length - cell.length - 2};
    es_slice behind;
    es_next_field(rest, separator, &behind);
    return cell;
}

size_t es_trace_split(es_slice line, char separator, es_slice *fields, size_t most) {
    size_t n = 0;
    for (es_slice rest = line; rest.data != NULL && n < most; n++)
        fields[n] = next_cell(&rest, separator);
    return n;
}

/* Names of columns as texts, for es_nearest_name. */
typedef struct column_names {
    char texts[ES_TRACE_MAX_FIELDS][64];
} column_names;

static const char *column_at(const void *context, size_t i) {
    return ((const column_names *)context)->texts[i];
}

size_t es_trace_column(es_trace_reader *reader, size_t n, const es_slice *header, es_slice name) {
    column_names names;
    char word[64];
    snprintf(word, sizeof word, "%.*s", es_trace_shown(name), name.data);
    for (size_t i = 0; i < n; i++) {
        if (header[i].length == name.length && memcmp(header[i].data, name.data, name.length) == 0)
            return i;
        snprintf(names.texts[i], sizeof names.texts[i], "%.*s",
                 header[i].length < 63 ? (int)header[i].length : 63, header[i].data);
    }
    const char *nearest = es_nearest_name(word, n, column_at, &names);
    es_trace_mistake(reader, reader->line, "no column '%s' in the header%s", word,
                     es_did_you_mean(nearest, "'", "'", "; expected one").text);
    return n;
}

enum { LINES_LOOKED_AT = 32 };

bool es_trace_has_line(es_slice content, const char *start) {
    es_slice line;
    size_t length = strlen(start);
    for (size_t i = 0; i < LINES_LOOKED_AT && es_next_line(&content, &line); i++)
        if (line.length >= length && memcmp(line.data, start, length) == 0)
            return true;
    return false;
}

bool es_trace_first_line_has(es_slice content, const char *part) {
    es_slice line;
    size_t length = strlen(part);
    if (!es_next_line(&content, &line))
        return false;
    for (size_t i = 0; i + length <= line.length; i++)
        if (memcmp(line.data + i, part, length) == 0)
            return true;
    return false;
}
