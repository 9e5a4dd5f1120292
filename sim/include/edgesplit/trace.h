/* Traces: recorded or generated quantities over time, each format one reader and one line of
 * trace.def. A reader yields canonical samples, or the arrivals of requests; from samples a rate
 * function is built. */
#ifndef EDGESPLIT_TRACE_H
#define EDGESPLIT_TRACE_H

#include "edgesplit/file.h"
#include "edgesplit/rate.h"

typedef enum es_quantity {
    ES_BANDWIDTH, /* bit/s */
    ES_LOAD,      /* server utilisation, 0 .. 1 */
    ES_JOBS,      /* jobs of others on the server at the same time */
    ES_LATENCY,   /* s */
    ES_ARRIVALS,  /* requests; the value is the batch size */
    ES_ANY_QUANTITY,
    ES_N_QUANTITIES = ES_ANY_QUANTITY
} es_quantity;

/* Lends "bandwidth", "load", "jobs", "latency", "arrivals", and for ES_ANY_QUANTITY "trace". */
const char *es_quantity_text(es_quantity quantity);

/* What the stamps of a file mean. */
typedef enum es_hold {
    ES_HOLD_AS_TRACE,  /* as a wish: what the file or its format says */
    ES_HOLD_FORWARD,   /* a sample holds from its stamp to the next one */
    ES_HOLD_BACKWARD,  /* from the stamp before to its own */
    ES_HOLD_INTERVALS, /* the file has intervals, not stamps */
} es_hold;

/* Why a sample is no measurement of what it stands for; bits. */
enum {
    ES_MARK_MISSING = 1, /* nothing was measured: the value is that of the sample before */
    ES_MARK_IDLE = 2,    /* measured while nobody asked for more: no sign of an outage */
};

/* Canonical samples: value i holds on [times[i], times[i + 1]) and times[0] is 0.
 *
 * Arrivals: request i comes at times[i], which never falls, with a batch of values[i]; times[n] is
 * when watching ended, at or behind the last arrival. Time 0 is the first arrival where the file
 * has dates, and the file's own zero where it counts from one. */
typedef struct es_trace {
    char *path;                  /* for messages */
    const char *format;          /* name of the reader; static */
    char sha256[ES_SHA256_TEXT]; /* of the file's bytes, packed if they are */
    char *provenance; /* the file's "# key: value" lines joined by LF; "" if it has none */
    char *notes;      /* what was decided or repaired while reading, one line each; "" if nothing */
    es_quantity quantity;
    es_hold hold;
    es_at_end at_end;     /* what the file says, else ES_AT_END_LOOP; arrivals: ES_AT_END_STOP */
    size_t n;             /* samples or requests */
    es_time *times;       /* [n + 1] ns; strictly rising but for arrivals */
    double *values;       /* [n] in the quantity's unit */
    unsigned char *marks; /* [n] ES_MARK_ bits; NULL if nothing is marked */
    bool has_batches;     /* arrivals: the file says how many images; else each value is 1 */
    double *deadlines_s;  /* [n] NaN where a request has none; NULL if none has one */
    size_t n_duplicates;  /* rows that repeat the stamp before. An interval of no length carries
                             nothing and is dropped; G-NetTrack's rows of one second are averaged;
                             simultaneous arrivals are kept */
    size_t n_backward;    /* rows earlier than the row before, where that can be repaired: arrivals
                             are sorted, G-NetTrack's rows dropped. Else they are mistakes */
} es_trace;

/* How a scenario wants a trace read. */
typedef struct es_trace_options {
    es_quantity quantity; /* ES_ANY_QUANTITY: the first that the format holds */
    const char *format;   /* name in the table, or NULL: recognised from the content */
    es_time window;       /* mahimahi: length of the windows that opportunities are counted in; 0:
                             each opportunity by itself */
    const char *settings; /* options of the format, "name=value, name=value"; NULL: none */
} es_trace_options;

/* Reads a trace file of any length, which may be packed with gzip. Creates `*trace`. ES_NO_INPUT,
 * ES_INVALID (every mistake with its line; a format that is unknown, cannot be told or can be told
 * in two ways; an option the format does not have; a quantity other than the one asked for; a value
 * outside its range; no positive bandwidth; too many samples; a line of more than 1 MiB),
 * ES_NO_MEMORY. O(file size) time; 16 bytes per sample (while the arrays grow, up to 24) and a
 * constant of memory. Formats that are one JSON document are held as a whole. */
#define ES_TRACE_MAX_SAMPLES (INT64_C(1) << 27)
#define ES_TRACE_MAX_BYTES   (INT64_C(1) << 30) /* of a JSON document */
ES_NODISCARD es_status es_trace_load(const char *path, const es_trace_options *options,
                                     es_trace **trace, es_errors *errors);

/* The same of a content in memory; `path` is for messages, and `sha256` is left empty. */
ES_NODISCARD es_status es_trace_parse(const char *path, const char *data, size_t length,
                                      const es_trace_options *options, es_trace **trace,
                                      es_errors *errors);
void es_trace_destroy(es_trace *trace);

/* Appends the trace as a canonical file that reads back as the same samples, which must have no
 * marks, or as the same requests. `header` is further lines "# key: value", each with its LF. O(n).
 */
void es_trace_write(const es_trace *trace, const char *header, es_text *text);

/* What a gap is filled with. */
typedef enum es_fill {
    ES_FILL_HOLD,  /* the value before it; at the start, the first behind it */
    ES_FILL_ZERO,  /* 0: nothing was received because nothing could be */
    ES_FILL_ERROR, /* a gap is a mistake */
} es_fill;

/* Changes of the samples, in the order in which they are made. All zero: gaps are filled by
 * holding, nothing else. */
typedef struct es_trace_edits {
    es_hold hold; /* overrules the file's reading of its stamps */
    es_fill fill_gaps;
    es_time gap;                    /* threshold; 0: what is marked, whatever its length */
    es_time slice_start, slice_end; /* keeps [start, end); end 0: to the end */
    es_time resample;               /* means over intervals of this length; 0: never */
} es_trace_edits;

/* Makes all the changes above, in place. ES_INVALID with a record, also where no positive bandwidth
 * is left, ES_NO_MEMORY: `*trace` is then good for nothing but es_trace_destroy. O(n log n). */
ES_NODISCARD es_status es_trace_edit(es_trace *trace, const es_trace_edits *edits,
                                     es_errors *errors);

/* Gives stamps the other meaning. From backward to forward the first interval is lost and the last
 * sample lasts as long as the one before; from forward to backward the first value is only a start
 * mark. ES_INVALID: the trace has intervals, or too few samples. O(n). */
ES_NODISCARD es_status es_trace_set_hold(es_trace *trace, es_hold hold, es_errors *errors);

/* Fills gaps and clears all marks. A gap is a marked stretch longer than `gap`; where `gap` > 0,
 * also the part of a longer step between two stamps that the sample does not account for, which is
 * all but the median step beside its stamp. Shorter marked stretches are held. ES_INVALID: each gap
 * under ES_FILL_ERROR; nothing but gaps. ES_NO_MEMORY. O(n log n). */
ES_NODISCARD es_status es_trace_fill_gaps(es_trace *trace, es_fill fill, es_time gap,
                                          es_errors *errors);

/* Keeps [start, end), or, if `end` is 0, all from `start` on, and counts time from `start`.
 * ES_INVALID: not 0 <= start < end <= the trace's end; no request left. O(n). */
ES_NODISCARD es_status es_trace_slice(es_trace *trace, es_time start, es_time end,
                                      es_errors *errors);

/* Replaces the samples by their time-weighted means over intervals of `step`, the last of which may
 * be shorter. ES_INVALID: arrivals; step <= 0; more than 2^27 intervals. ES_NO_MEMORY. O(n). */
ES_NODISCARD es_status es_trace_resample(es_trace *trace, es_time step, es_errors *errors);

/* How a trace becomes a rate function. */
typedef struct es_trace_transform {
    double scale;        /* factor on every value, > 0; loads are capped at 1 afterwards */
    double min_rate_bps; /* lowest bandwidth after scaling, >= 0; of loads nothing */
    es_time
        offset; /* >= 0: the rate function at time t is the trace at t + offset (loop: cyclic) */
    es_at_end at_end;
} es_trace_transform;

/* Creates the rate function of a trace: bits per second for a bandwidth; ES_FULL_CAPACITY * (1 -
 * load) for a load; ES_FULL_CAPACITY / (1 + jobs), the share of one among equals, for jobs;
 * nanoseconds for a latency; each rounded to the nearest whole unit. Arrivals are no rates: a
 * broken promise. ES_INVALID:
 * no positive rate left; an offset behind the end. ES_NO_MEMORY. O(n). */
ES_NODISCARD es_status es_trace_rate(const es_trace *trace, const es_trace_transform *transform,
                                     es_rate **rate, es_errors *errors);

/* Makes of requests, in place, those of a run: first every time is multiplied by `scale`, then
 * counting begins at `offset`; what lies before is left out, or, under ES_AT_END_LOOP, which makes
 * the list start again at times[n], comes behind the end. ES_INVALID: ES_AT_END_HOLD; an offset
 * behind the end; no request left; a loop that takes no time; longer than 126 years. ES_NO_MEMORY.
 * O(n). */
ES_NODISCARD es_status es_trace_arrange(es_trace *trace, const es_trace_transform *transform,
                                        es_errors *errors);

enum { ES_TRACE_PARTS = 64 };

/* What a trace is like. Averages are weighted with time and leave out what is missing; idle samples
 * count as they are. NaN where a number does not apply. */
typedef struct es_trace_statistics {
    size_t n; /* samples measured, or requests */
    double span_s, covered_s, missing_s, idle_s;
    double mean, least, most, cv;          /* cv: standard deviation / mean */
    double zero_ratio, zero_idle_ratio;    /* share of covered time at 0; of that, while idle */
    double low_ratio, longest_low_s;       /* bandwidth below ES_TRACE_LOW_BPS; the longest unbroken
                                              stretch of it */
    double outage_ratio, longest_outage_s; /* the same of what is not idle */
    double step_s, longest_step_s;         /* of measured samples: median and longest. Beyond 2^16
                                              different lengths the median, and with it the gaps,
                                              are exact only to 0.1 % */
    size_t n_gaps;                         /* missing stretches, and steps above 3 medians */
    double longest_gap_s;
    double autocorrelation_1s; /* of value(t) and value(t + 1 s) over one pass, missing time held;
                                  NaN too where a second has more than 2^18 samples */
    size_t n_duplicates, n_backward;
    /* arrivals only */
    double rate_hz;    /* requests / span */
    size_t peak_1s;    /* most requests in one of the seconds from the first one on */
    double idle_ratio; /* share of these seconds without a request */
    double interarrival_cv, longest_interarrival_s;
    /* Over equal parts of the span: means, NaN where nothing was measured; of arrivals the requests
     * in each. Beyond 2^15 samples the edges of parts are exact only to 1/64 of a part. */
    double parts[ES_TRACE_PARTS];
} es_trace_statistics;

#define ES_TRACE_LOW_BPS 1e5

/* Computes them. ES_NO_MEMORY. O(n) time, at most 9 MB of memory. */
ES_NODISCARD es_status es_trace_statistics_of(const es_trace *trace,
                                              es_trace_statistics *statistics);

/* Reads a file as es_trace_load does and computes its statistics on the way, without keeping the
 * samples: `*trace` has no times, values, marks and deadlines, but all the rest. At most 12 MB of
 * memory, whatever the length, but for these: requests that are not sorted in time are kept to be
 * sorted, in a second reading, as are the rows of csv with sort=yes; a JSON document is held. */
ES_NODISCARD es_status es_trace_measure(const char *path, const es_trace_options *options,
                                        es_trace **trace, es_trace_statistics *statistics,
                                        es_errors *errors);

/* The formats, in table order: name and one line about the i-th; NULL behind the last one. */
const char *es_trace_format_name(size_t i);
const char *es_trace_format_summary(size_t i);

/* What a format's settings are called and mean. */
typedef struct es_trace_option {
    const char *name, *meaning;
} es_trace_option;

/* Option `i` of a format; NULL behind its last one. */
const es_trace_option *es_trace_format_option(size_t format, size_t i);

#endif
