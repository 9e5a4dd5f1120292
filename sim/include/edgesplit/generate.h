/* Generators of traces: synthetic bandwidth, load, latency, jobs and arrivals as text of the
 * canonical trace format. Each is one file, sim/generate/<name>.c, and one line of generator.def.
 *
 * The text begins with "# key: value" lines, among them the command line that makes it again, every
 * option included. The same options give the same bytes on every machine: random numbers come from
 * named streams (rng.h, ES_RNG_TRACE), and values are printed with 4 decimals of their unit, times
 * with the decimals of the step or in whole microseconds, which hides the last bits in which
 * mathematical libraries differ. */
#ifndef EDGESPLIT_GENERATE_H
#define EDGESPLIT_GENERATE_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

/* The generators, in table order: name and one line about the i-th; NULL behind the last one. */
const char *es_generator_name(size_t i);
const char *es_generator_summary(size_t i);

/* An option as the user wrote it: "mean" and "12Mbit/s". */
typedef struct es_generator_setting {
    const char *name, *text;
} es_generator_setting;

/* Appends the trace that a generator makes of these settings, no name twice, to `*csv`. ES_USAGE:
 * no generator of that name, an option it does not read, one it needs and does not get. ES_INVALID:
 * a text that is not a quantity of the option's dimension, or out of its range; options that
 * contradict each other; more than 1e7 samples; a bandwidth that is 0 at all times, or no request.
 * Every mistake about single options is added; what they say together is checked once they are
 * right. ES_NO_MEMORY. On failure the content of `*csv` is unspecified; its data is the caller's to
 * free either way. O(samples) time; no file is touched. */
ES_NODISCARD es_status es_generate(const char *name, size_t n_settings,
                                   const es_generator_setting *settings, es_text *csv,
                                   es_errors *errors);

#endif
