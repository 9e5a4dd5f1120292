/* What a trace format is to the trace module: a file of this folder that ends in a `const` ops
 * struct, and a line of trace.def. */
#ifndef SIM_TRACE_FORMAT_H
#define SIM_TRACE_FORMAT_H

#include "edgesplit/trace.h"
#include "source.h"

#include <stdbool.h>

/* No trace begins later or lasts longer, 126 years: two such times add up. */
#define ES_TRACE_LONGEST (INT64_C(4000000000) * ES_SECOND)

enum { ES_TRACE_MAX_OPTIONS = 12, ES_TRACE_MAX_FIELDS = 256 };

struct es_trace_reader;

typedef struct es_trace_format {
    const char *name;
    unsigned quantities; /* the es_quantity values it can hold, as bits 1U << quantity */
    bool open_end;       /* its real files lack the last line end, so that one is no mistake */
    size_t n_options;
    const es_trace_option *options; /* [n_options], at most ES_TRACE_MAX_OPTIONS */
    /* OPTIONAL: true if a file of one of these quantities begins like this format. NULL: a
     * scenario must name the format. */
    bool (*recognises)(es_slice content);
    /* REQUIRED: reads all lines, adds the samples and their end. Wrong content is added to the
     * reader's mistakes and reading goes on; the only failure returned is ES_NO_MEMORY. */
    es_status (*read)(struct es_trace_reader *reader);
} es_trace_format;

/* Text is read in blocks of this many bytes, and no line is longer. */
enum { ES_TRACE_BLOCK = 1 << 20 };

/* A sample whose end is not known yet. */
typedef struct es_trace_sample {
    es_time start;
    double value;
    unsigned marks;
} es_trace_sample;

/* A file being read. Samples and sorted requests are passed on as they come: kept in the trace's
 * arrays, or only measured. What a format still wants to know of them is here. */
typedef struct es_trace_reader {
    const char *path;
    const es_trace_options *options;
    const es_trace_format *format;
    es_slice settings[ES_TRACE_MAX_OPTIONS]; /* of the format's options; data NULL: not given */
    size_t line;                             /* number of the line read last */
    es_slice rest;          /* what is in memory of the lines not yet read: whole ones */
    es_trace *trace;        /* `n` counts what was added; the arrays lag behind */
    es_trace_sample sample; /* the one added last */
    es_time step;           /* from the start of the one before to its own; 0: it is the only one */
    es_time end;            /* es_trace_end; of arrivals: the latest so far */
    bool has_stamp; /* es_trace_add_stamped: `origin` is time 0, `last` the stamp before. Arrivals:
                       the first and the one before, as they were added */
    es_time origin, last;
    es_text provenance, notes;
    es_errors *errors;
    bool has_mistakes;

    /* Of reader.c: */
    es_trace_source source;
    char *block; /* [n_block] NUL-terminated: what is read, then from `tail` on a line in part */
    size_t block_capacity, n_block, tail;
    bool has_ended;               /* nothing comes behind the block */
    es_status status;             /* why reading ended before the file did; else ES_OK */
    struct es_trace_meter *meter; /* NULL: samples are kept */
    bool is_unsorted;             /* arrivals that can only be measured when they are kept */
    bool is_positive;             /* a sample is */
    size_t n_kept, times_capacity, values_capacity, marks_capacity, deadlines_capacity;
} es_trace_reader;

#define ES_TRACE_FORMAT(name, summary) extern const es_trace_format es_trace_format_##name;
#include "edgesplit/trace.def"
#undef ES_TRACE_FORMAT

/* The next line, counted; it stays as it is until the one behind it is asked for. False at the end
 * of the file. A last line that is cut off is a mistake, except where the format's real files have
 * one; so is a line longer than ES_TRACE_BLOCK, behind which nothing is read. */
bool es_trace_next_line(es_trace_reader *reader, es_slice *line);

/* Goes back to before the first line. False: it cannot. */
bool es_trace_rewind(es_trace_reader *reader);

/* Makes of `rest` all of the file, at most ES_TRACE_MAX_BYTES. False: a mistake. */
bool es_trace_read_whole(es_trace_reader *reader);

/* Records a mistake in that line; 0: in the file as a whole. None where reading has ended early. */
void es_trace_mistake(es_trace_reader *reader, size_t line, const char *format, ...)
    ES_PRINTF(3, 4);

/* Adds a line to the trace's notes. */
void es_trace_note(es_trace_reader *reader, const char *format, ...) ES_PRINTF(2, 3);

/* The value of the format's option `i` as it was given; data NULL: it was not. */
es_slice es_trace_setting(const es_trace_reader *reader, size_t i);

/* The index of an option's value in NULL-terminated `choices`, `preset` if it was not given or is a
 * mistake. */
size_t es_trace_choice(es_trace_reader *reader, size_t option, const char *const *choices,
                       size_t preset);

/* Adds a sample that holds from `start` on: 0 for the first, then rising. A value outside the range
 * of its quantity is a mistake of the line read last. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_add(es_trace_reader *reader, es_time start, double value);

/* Marks the sample added last with ES_MARK_ bits. */
void es_trace_mark(es_trace_reader *reader, unsigned marks);

/* Adds a sample that holds from `start` on, the value before again, and marks it as missing. */
ES_NODISCARD es_status es_trace_add_missing(es_trace_reader *reader, es_time start);

/* True if `at` is a time a trace can have, else a mistake of the line read last: what readers that
 * add up times ask before they add another one. */
bool es_trace_is_in_range(es_trace_reader *reader, es_time at);

/* Sets the end of the last sample, behind its start. Of those before it holds the next one's start.
 */
void es_trace_end(es_trace_reader *reader, es_time end);

/* Adds the sample of a row with a stamp; trace->hold says what that means, and under
 * ES_HOLD_BACKWARD the reader has set `origin`, `last` and `has_stamp` before. A repeated stamp is
 * counted: of the two rows the one whose interval has no length is dropped. A stamp that falls is a
 * mistake of the line read last. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_add_stamped(es_trace_reader *reader, es_time stamp, double value);

/* Ends such samples: at the last stamp (backward), or where the last sample has lasted as
 * long as the one before (forward). Too few samples are a mistake. */
void es_trace_end_stamped(es_trace_reader *reader);

/* Adds a request; deadline NaN: none. A batch outside 1 .. 1e6 or not whole is a mistake of the
 * line read last. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_add_arrival(es_trace_reader *reader, es_time at, double batch,
                                            double deadline_s);

/* Passes on the last sample, with its end, where there are no mistakes. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_finish(es_trace_reader *reader);

/* Ends arrivals: sorts them if need be, counts what repeats or falls, and where the file has dates
 * makes the first one time 0. `end` as added; before the last arrival: at the last arrival. No
 * request is a mistake. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_end_arrivals(es_trace_reader *reader, bool has_dates, es_time end);

/* How many bytes of a slice a message shows, for "%.*s". */
int es_trace_shown(es_slice slice);

/* True if the slice is one or more decimal digits. */
bool es_trace_is_digits(es_slice slice);

/* The next field that white space separates; false if there is none. */
bool es_trace_next_word(es_slice *rest, es_slice *word);

/* A whole number of at most 18 digits, no sign. */
ES_NODISCARD es_status es_trace_parse_whole(es_slice text, int64_t *value);

/* A stamp in units of 10^decimals nanoseconds (9: seconds, 6: milliseconds ...), to the nearest
 * nanosecond, 0 .. 4e9 s. Plain decimals are converted digit by digit, because a double holds the
 * stamps of an epoch only to a quarter of a microsecond. */
ES_NODISCARD es_status es_trace_parse_stamp(es_slice text, int decimals, es_time *stamp);

/* A date of the years 1970 .. 2199, "YYYY-MM-DD HH:MM:SS" with other separators allowed and
 * optionally a fraction and an offset ("Z", "+01:00"), in ns since 1970. */
ES_NODISCARD es_status es_trace_parse_date(es_slice text, es_time *stamp);

/* The factor of the unit of a time ("ms") as the decimals above, or -1 and a mistake of option `i`.
 */
int es_trace_time_decimals(es_trace_reader *reader, size_t option, int preset);

/* The factor of a unit to SI for the trace's quantity, or 0: not a unit of it. `*expected` lends
 * what would be. */
double es_trace_unit_factor(es_quantity quantity, es_slice unit, const char **expected);

/* Splits a row of a table, fields trimmed and freed of double quotes. Returns their number, at most
 * `most` (those behind are left out). */
size_t es_trace_split(es_slice line, char separator, es_slice *fields, size_t most);

/* The column with that name in a header row, or `n` and a mistake that names the nearest one. */
size_t es_trace_column(es_trace_reader *reader, size_t n, const es_slice *header, es_slice name);

/* True if one of the first lines of a file begins with `start`, or contains `part`. */
bool es_trace_has_line(es_slice content, const char *start);
bool es_trace_first_line_has(es_slice content, const char *part);

es_slice es_trace_slice_of(const char *text);

#endif
