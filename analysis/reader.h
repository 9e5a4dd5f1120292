/* Variables and attributes of an HDF5 file, read by name with their type and shape checked. */
#ifndef ANALYSIS_READER_H
#define ANALYSIS_READER_H

#include "edgesplit/error.h"

#include <hdf5.h>
#include <stdint.h>

/* Axes of a joined sweep and the two behind them; all that HDF5 has. */
enum { ES_READER_MOST_RANK = 32, ES_READER_MOST_LENGTH = 1 << 16 };

/* Failure is sticky: after the first one every call does nothing, and what it creates is NULL. What
 * is missing or not as expected is ES_INVALID, with a record. */
typedef struct es_reader {
    hid_t file; /* H5I_INVALID_HID until it is open */
    const char *path;
    es_errors *errors;
    es_status status;
} es_reader;

/* Opens the file. ES_NO_INPUT: missing, not a regular file or unreadable; ES_INVALID: not HDF5, or
 * truncated. The caller closes it. */
void es_reader_open(es_reader *reader);

/* Whether the attribute `format` of the file is `format`. */
bool es_reader_is_format(const es_reader *reader, const char *format);

/* Creates the attribute `format_version`, which must be of a major version that is known: the minor
 * ones only add. */
enum { ES_RESULT_MAJOR = 1 };
char *es_reader_version(es_reader *reader);

/* Adds the record that something is missing or damaged. */
void es_reader_damaged(es_reader *reader, const char *what);
void *es_reader_allocate(es_reader *reader, size_t n, size_t size);
char *es_reader_copy_text(es_reader *reader, const char *text);

/* One value of an attribute of the given class; false if there is no such. */
bool es_reader_attribute(hid_t object, const char *name, H5T_class_t class, hid_t type,
                         void *value);
char *es_reader_text_attribute(es_reader *reader, hid_t object, const char *name);
double es_reader_number(es_reader *reader, const char *name); /* an attribute of the file */

/* Whether there is a variable or group of that name. */
bool es_reader_has(const es_reader *reader, const char *name);
bool es_reader_has_shape(hid_t variable, int rank, const size_t *lengths);

/* The length of a variable over one dimension, at most ES_READER_MOST_LENGTH. */
size_t es_reader_length(es_reader *reader, const char *name);

/* Create the values of a variable of known shape, row by row; free with free(). */
double *es_reader_doubles(es_reader *reader, const char *name, int rank, const size_t *lengths);
int64_t *es_reader_integers(es_reader *reader, const char *name, int rank, const size_t *lengths);

/* Creates the texts of a variable over one dimension; free with es_reader_free_texts. */
char **es_reader_texts(es_reader *reader, const char *name, size_t n);
void es_reader_free_texts(char **texts, size_t n);

/* Creates the one text of a variable without dimensions. */
char *es_reader_text(es_reader *reader, const char *name);

#endif
