#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/units.h"
#include "format.h"

#include <string.h>

/* Any table of rows and columns; the options say what its columns mean. With sort=yes all rows are
 * kept, 24 bytes each, before the first is added. */
enum {
    TIME,
    TIME_UNIT,
    STEP,
    COLUMN,
    UNIT,
    HOLD,
    HEADER,
    SEPARATOR,
    WHERE,
    SORT,
    BATCH,
    DEADLINE,
    N_OPTIONS
};
static const es_trace_option options[N_OPTIONS] = {
    [TIME] = {"time", "the column of the times: numbers, or dates YYYY-MM-DD HH:MM:SS"},
    [TIME_UNIT] = {"time_unit", "of times that are numbers: s, ms, us or ns; default s"},
    [STEP] = {"step", "instead of a column of times: how long each row holds, such as 5min"},
    [COLUMN] = {"column", "the column of the values; an empty cell was not measured"},
    [UNIT] = {"unit", "of the values: kbit/s, MB/s ...; % or 1; s, ms ..."},
    [HOLD] = {"hold", "forward: a value holds from its time on (default); backward: until then"},
    [HEADER] = {"header", "yes (default): the first line names the columns; no: they are numbers "
                          "from 1"},
    [SEPARATOR] = {"separator", "comma (default), semicolon, tab or blank"},
    [WHERE] = {"where", "COLUMN:TEXT keeps the rows with that text in that column"},
    [SORT] = {"sort", "yes: rows come in any order of time; default no"},
    [BATCH] = {"batch", "arrivals: the column of batch sizes; default: 1 each"},
    [DEADLINE] = {"deadline", "arrivals: the column of deadlines in seconds; default: none"},
};

static const char *const holds[] = {"forward", "backward", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const separators[] = {"comma", "semicolon", "tab", "blank", NULL};
static const char separator_chars[] = {',', ';', '\t', ' '};

/* What the options say. Columns are indices; ABSENT where there is none. */
enum { ABSENT = ES_TRACE_MAX_FIELDS };
typedef struct layout {
    char separator;
    size_t n_columns, time, value, where, batch, deadline;
    es_slice where_text;
    int decimals;
    es_time step; /* 0: a column of times */
    double factor;
    bool sorts;
} layout;

/* A row to be sorted. */
typedef struct row {
    es_time stamp;
    size_t line;
    double value; /* NaN: missing */
} row;

typedef struct row_list {
    row *rows;
    size_t n, capacity;
} row_list;

static size_t split(es_slice line, char separator, es_slice *fields) {
    if (separator != ' ')
        return es_trace_split(line, separator, fields, ES_TRACE_MAX_FIELDS);
    size_t n = 0;
    while (n < ES_TRACE_MAX_FIELDS && es_trace_next_word(&line, &fields[n]))
        n++;
    return n;
}

/* The column an option names. */
static size_t find_column(es_trace_reader *reader, es_slice name, const es_slice *header,
                          size_t n) {
    int64_t number;
    if (name.data == NULL)
        return ABSENT;
    if (header != NULL)
        return es_trace_column(reader, n, header, name);
    if (es_trace_parse_whole(name, &number) == ES_OK && number >= 1 && (size_t)number <= n)
        return (size_t)number - 1;
    es_trace_mistake(reader, 0, "column '%.*s'; without a header, expected a number, 1 .. %zu",
                     es_trace_shown(name), name.data, n);
    return ABSENT;
}

static void read_columns(es_trace_reader *reader, layout *table) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS], ahead = reader->rest;
    bool has_header = es_trace_choice(reader, HEADER, no_yes, 1) == 1;
    table->separator = separator_chars[es_trace_choice(reader, SEPARATOR, separators, 0)];
    if (!es_next_line(&ahead, &line) || (has_header && !es_trace_next_line(reader, &line)))
        return;
    table->n_columns = split(line, table->separator, fields);
    const es_slice *header = has_header ? fields : NULL;
    size_t n = table->n_columns;
    table->time = find_column(reader, es_trace_setting(reader, TIME), header, n);
    table->value = find_column(reader, es_trace_setting(reader, COLUMN), header, n);
    table->batch = find_column(reader, es_trace_setting(reader, BATCH), header, n);
    table->deadline = find_column(reader, es_trace_setting(reader, DEADLINE), header, n);
    es_slice where = es_trace_setting(reader, WHERE), name = {0};
    if (where.data != NULL &&
        !(memchr(where.data, ':', where.length) != NULL && es_next_field(&where, ':', &name)))
        es_trace_mistake(reader, 0, "where=%.*s; expected COLUMN:TEXT", es_trace_shown(where),
                         where.data);
    table->where = find_column(reader, name, header, n);
    table->where_text = es_slice_trim(where);
}

/* The step, or 0 where there is a column of times. */
static es_time read_step(es_trace_reader *reader) {
    es_slice text = es_trace_setting(reader, STEP);
    double seconds;
    es_time step = 0;
    const char *expected;
    bool has_time = es_trace_setting(reader, TIME).data != NULL;
    if ((text.data != NULL) == has_time)
        es_trace_mistake(reader, 0, "expected one of the options time (a column) and step");
    if (text.data == NULL)
        return 0;
    if (es_parse_quantity(text, ES_DIM_TIME, &seconds, &expected) != ES_OK)
        es_trace_mistake(reader, 0, "step=%.*s; expected %s", es_trace_shown(text), text.data,
                         expected);
    else if (!(seconds >= 1e-6 && seconds <= 1e6) || es_time_from_s(seconds, &step) != ES_OK)
        es_trace_mistake(reader, 0, "step=%.*s; expected 1 us .. 1e6 s", es_trace_shown(text),
                         text.data);
    return step;
}

static double read_unit(es_trace_reader *reader) {
    es_quantity quantity = reader->trace->quantity;
    es_slice unit = es_trace_setting(reader, UNIT);
    const char *expected;
    if (unit.data == NULL && (quantity == ES_JOBS || quantity == ES_ARRIVALS))
        return 1;
    double factor = es_trace_unit_factor(quantity, unit, &expected);
    if (factor == 0)
        es_trace_mistake(reader, 0, "unit=%.*s of a %s; expected %s",
                         unit.data != NULL ? es_trace_shown(unit) : 0,
                         unit.data != NULL ? unit.data : "", es_quantity_text(quantity), expected);
    return factor;
}

static layout read_layout(es_trace_reader *reader) {
    bool arrivals = reader->trace->quantity == ES_ARRIVALS;
    layout table = {.value = ABSENT, .batch = ABSENT, .deadline = ABSENT, .where = ABSENT};
    table.step = read_step(reader);
    table.factor = read_unit(reader);
    table.decimals = es_trace_time_decimals(reader, TIME_UNIT, 9);
    table.sorts = es_trace_choice(reader, SORT, no_yes, 0) == 1;
    bool backward = es_trace_choice(reader, HOLD, holds, 0) == 1;
    reader->trace->hold = table.step > 0 ? ES_HOLD_INTERVALS
                          : backward     ? ES_HOLD_BACKWARD
                                         : ES_HOLD_FORWARD;
    if (!arrivals && es_trace_setting(reader, COLUMN).data == NULL)
        es_trace_mistake(reader, 0, "expected the option column, which holds the values");
    if (arrivals && table.step > 0)
        es_trace_mistake(reader, 0, "arrivals have times, not a step");
    read_columns(reader, &table);
    return table;
}

static bool read_stamp(es_trace_reader *reader, const layout *table, es_slice text,
                       es_time *stamp) {
    bool date = text.length > 0 && memchr(text.data, ':', text.length) != NULL;
    es_status status = date ? es_trace_parse_date(text, stamp)
                            : es_trace_parse_stamp(text, table->decimals, stamp);
    if (status != ES_OK)
        es_trace_mistake(reader, reader->line,
                         "time '%.*s'; expected a number from 0 on, up to 4e9 s, or a date "
                         "YYYY-MM-DD HH:MM:SS, years 1970 .. 2199",
                         es_trace_shown(text), text.data);
    return status == ES_OK;
}

static bool read_number(es_trace_reader *reader, es_slice text, const char *what, double *value) {
    if (es_parse_double(text, value) == ES_OK)
        return true;
    es_trace_mistake(reader, reader->line, "%s '%.*s'; expected a number", what,
                     es_trace_shown(text), text.data);
    return false;
}

/* Adds a sample at its stamp; NaN: missing. */
static es_status add_sample(es_trace_reader *reader, es_time stamp, double value) {
    size_t n = reader->trace->n;
    es_trace_sample before = reader->sample;
    if (!isnan(value))
        return es_trace_add_stamped(reader, stamp, value);
    es_status status = es_trace_add_stamped(reader, stamp, n > 0 ? before.value : 0);
    if (reader->trace->n > n)
        es_trace_mark(reader, ES_MARK_MISSING);
    else
        reader->sample = before; /* a row that repeats a stamp and has nothing to say */
    return status;
}

/* Adds a row at its stamp, or keeps it for sorting. */
static es_status take_sample(es_trace_reader *reader, const layout *table, es_time stamp,
                             double value, row_list *list) {
    if (!table->sorts)
        return add_sample(reader, stamp, value);
    es_status status = es_reserve(&list->rows, &list->capacity, list->n + 1, sizeof *list->rows);
    if (status == ES_OK)
        list->rows[list->n++] = (row){stamp, reader->line, value};
    return status;
}

static es_status read_sample(es_trace_reader *reader, const layout *table, const es_slice *fields,
                             row_list *list) {
    es_slice text = fields[table->value];
    double value = ES_NAN;
    es_time stamp = 0;
    bool right = text.length == 0 || read_number(reader, text, "value", &value);
    if (table->step == 0)
        right = read_stamp(reader, table, fields[table->time], &stamp) && right;
    if (!right)
        return ES_OK;
    value *= table->factor;
    if (table->step == 0)
        return take_sample(reader, table, stamp, value, list);
    es_time start = (es_time)reader->trace->n * table->step;
    if (!es_trace_is_in_range(reader, start))
        return ES_OK;
    es_status status =
        isnan(value) ? es_trace_add_missing(reader, start) : es_trace_add(reader, start, value);
    if (status == ES_OK)
        es_trace_end(reader, start + table->step);
    return status;
}

static es_status read_arrival(es_trace_reader *reader, const layout *table,
                              const es_slice *fields) {
    es_time stamp;
    double batch = ES_NAN, deadline_s = ES_NAN;
    bool right = read_stamp(reader, table, fields[table->time], &stamp);
    if (table->batch != ABSENT)
        right = read_number(reader, fields[table->batch], "batch", &batch) && right;
    if (table->deadline != ABSENT && fields[table->deadline].length > 0)
        right = read_number(reader, fields[table->deadline], "deadline", &deadline_s) && right;
    if (deadline_s <= 0) {
        es_trace_mistake(reader, reader->line, "a deadline of %.17g s; expected one above 0",
                         deadline_s);
        right = false;
    }
    return right ? es_trace_add_arrival(reader, stamp, batch, deadline_s) : ES_OK;
}

static bool is_kept(const layout *table, const es_slice *fields) {
    return table->where == ABSENT || (fields[table->where].length == table->where_text.length &&
                                      memcmp(fields[table->where].data, table->where_text.data,
                                             table->where_text.length) == 0);
}

static es_status read_rows(es_trace_reader *reader, const layout *table, row_list *list) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    bool arrivals = reader->trace->quantity == ES_ARRIVALS;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        size_t n = split(line, table->separator, fields);
        if (n != table->n_columns)
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the first line",
                             n, table->n_columns);
        else if (is_kept(table, fields))
            status = arrivals ? read_arrival(reader, table, fields)
                              : read_sample(reader, table, fields, list);
    }
    return status;
}

static int by_stamp(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->stamp != y->stamp)
        return x->stamp < y->stamp ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

static es_status add_sorted(es_trace_reader *reader, row_list *list) {
    es_status status = ES_OK;
    size_t last_line = reader->line;
    if (list->n > 0)
        qsort(list->rows, list->n, sizeof *list->rows, by_stamp);
    for (size_t i = 0; status == ES_OK && i < list->n; i++) {
        reader->line = list->rows[i].line;
        status = add_sample(reader, list->rows[i].stamp, list->rows[i].value);
    }
    reader->line = last_line;
    return status;
}

static es_status read_csv(es_trace_reader *reader) {
    layout table = read_layout(reader);
    if (reader->has_mistakes)
        return ES_OK;
    row_list list = {0};
    es_status status = read_rows(reader, &table, &list);
    if (status == ES_OK)
        status = add_sorted(reader, &list);
    free(list.rows);
    const es_trace *trace = reader->trace;
    if (status != ES_OK)
        return status;
    if (trace->quantity == ES_ARRIVALS) {
        bool has_dates = reader->origin >= ES_SECOND * ES_SECOND; /* after 2001 */
        return es_trace_end_arrivals(reader, has_dates, 0);
    }
    if (table.step == 0)
        es_trace_end_stamped(reader);
    else if (trace->n == 0 && !reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows");
    return ES_OK;
}

const es_trace_format es_trace_format_csv = {
    .name = "csv",
    .quantities = (1U << ES_N_QUANTITIES) - 1,
    .open_end = true,
    .n_options = N_OPTIONS,
    .options = options,
    .read = read_csv,
};
