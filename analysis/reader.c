#include "reader.h"

#include "edgesplit/alloc.h"
#include "edgesplit/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void es_reader_damaged(es_reader *reader, const char *what) {
    if (reader->status == ES_OK)
        reader->status = es_errors_add(reader->errors, ES_INVALID, reader->path, 0,
                                       "%s is missing or damaged", what);
}

void *es_reader_allocate(es_reader *reader, size_t n, size_t size) {
    if (reader->status != ES_OK)
        return NULL;
    void *array = es_alloc(n, size);
    if (array == NULL)
        reader->status =
            es_errors_add(reader->errors, ES_NO_MEMORY, reader->path, 0, "out of memory");
    return array;
}

static hid_t string_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

char *es_reader_copy_text(es_reader *reader, const char *text) {
    char *copy = reader->status == ES_OK ? es_strdup(text != NULL ? text : "") : NULL;
    if (copy == NULL && reader->status == ES_OK)
        reader->status =
            es_errors_add(reader->errors, ES_NO_MEMORY, reader->path, 0, "out of memory");
    return copy;
}

bool es_reader_attribute(hid_t object, const char *name, H5T_class_t class, hid_t type,
                         void *value) {
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return false;
    hid_t space = H5Aget_space(attribute), stored = H5Aget_type(attribute);
    bool fits = H5Sget_simple_extent_npoints(space) == 1 && H5Tget_class(stored) == class &&
                (class != H5T_STRING || H5Tis_variable_str(stored) > 0) &&
                H5Aread(attribute, type, value) >= 0;
    H5Tclose(stored);
    H5Sclose(space);
    H5Aclose(attribute);
    return fits;
}

char *es_reader_text_attribute(es_reader *reader, hid_t object, const char *name) {
    char *value = NULL, *copy = NULL;
    hid_t type = string_type();
    if (es_reader_attribute(object, name, H5T_STRING, type, (void *)&value))
        copy = es_reader_copy_text(reader, value);
    else
        es_reader_damaged(reader, name);
    H5free_memory(value);
    H5Tclose(type);
    return copy;
}

double es_reader_number(es_reader *reader, const char *name) {
    double value = 0;
    if (!es_reader_attribute(reader->file, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, &value))
        es_reader_damaged(reader, name);
    return value;
}

size_t es_reader_length(es_reader *reader, const char *name) {
    if (reader->status != ES_OK)
        return 0;
    hsize_t length = 0;
    hid_t variable = H5Dopen2(reader->file, name, H5P_DEFAULT);
    hid_t space = variable >= 0 ? H5Dget_space(variable) : H5I_INVALID_HID;
    if (space < 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &length, NULL) != 1 || length > ES_READER_MOST_LENGTH)
        es_reader_damaged(reader, name);
    if (space >= 0)
        H5Sclose(space);
    if (variable >= 0)
        H5Dclose(variable);
    return (size_t)length;
}

bool es_reader_has(const es_reader *reader, const char *name) {
    return reader->status == ES_OK && H5Lexists(reader->file, name, H5P_DEFAULT) > 0;
}

bool es_reader_has_shape(hid_t variable, int rank, const size_t *lengths) {
    hsize_t found[ES_READER_MOST_RANK] = {0};
    hid_t space = H5Dget_space(variable);
    bool same = H5Sget_simple_extent_ndims(space) == rank &&
                H5Sget_simple_extent_dims(space, found, NULL) == rank;
    for (int i = 0; i < rank && same; i++)
        same = found[i] == lengths[i];
    H5Sclose(space);
    return same;
}

/* Reads a variable of known shape and class into `values`. */
static void read_values(es_reader *reader, const char *name, H5T_class_t class, hid_t type,
                        int rank, const size_t *lengths, void *values) {
    if (reader->status != ES_OK)
        return;
    hid_t variable = H5Dopen2(reader->file, name, H5P_DEFAULT);
    hid_t stored = variable >= 0 ? H5Dget_type(variable) : H5I_INVALID_HID;
    if (stored < 0 || H5Tget_class(stored) != class ||
        (class == H5T_STRING && H5Tis_variable_str(stored) <= 0) ||
        !es_reader_has_shape(variable, rank, lengths) ||
        H5Dread(variable, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        es_reader_damaged(reader, name);
    if (stored >= 0)
        H5Tclose(stored);
    if (variable >= 0)
        H5Dclose(variable);
}

static size_t product(int rank, const size_t *lengths) {
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= lengths[i];
    return n;
}

double *es_reader_doubles(es_reader *reader, const char *name, int rank, const size_t *lengths) {
    double *values = es_reader_allocate(reader, product(rank, lengths), sizeof *values);
    read_values(reader, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, rank, lengths, values);
    return values;
}

void es_reader_free_texts(char **texts, size_t n) {
    for (size_t i = 0; texts != NULL && i < n; i++)
        free(texts[i]);
    free((void *)texts);
}

char **es_reader_texts(es_reader *reader, const char *name, size_t n) {
    char **texts = es_reader_allocate(reader, n, sizeof *texts),
         **lent = es_reader_allocate(reader, n, sizeof *lent);
    hid_t type = string_type();
    if (lent != NULL) {
        read_values(reader, name, H5T_STRING, type, 1, &n, (void *)lent);
        for (size_t i = 0; i < n; i++) {
            texts[i] = es_reader_copy_text(reader, lent[i]);
            H5free_memory(lent[i]);
        }
    }
    free((void *)lent);
    H5Tclose(type);
    return texts;
}

int64_t *es_reader_integers(es_reader *reader, const char *name, int rank, const size_t *lengths) {
    int64_t *values = es_reader_allocate(reader, product(rank, lengths), sizeof *values);
    read_values(reader, name, H5T_INTEGER, H5T_NATIVE_INT64, rank, lengths, values);
    return values;
}

char *es_reader_text(es_reader *reader, const char *name) {
    char *lent = NULL, *copy = NULL;
    hid_t type = string_type();
    read_values(reader, name, H5T_STRING, type, 0, NULL, (void *)&lent);
    copy = es_reader_copy_text(reader, lent);
    H5free_memory(lent);
    H5Tclose(type);
    return copy;
}

void es_reader_open(es_reader *reader) {
    struct stat status_of_file;
    const char *path = reader->path;
    if (stat(path, &status_of_file) != 0)
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "%s", strerror(errno));
    else if (!S_ISREG(status_of_file.st_mode))
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "not a regular file");
    if (reader->status != ES_OK)
        return;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are reported here, not by the library */
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "%s", strerror(errno));
    else if (H5Fis_hdf5(path) <= 0)
        reader->status = es_errors_add(reader->errors, ES_INVALID, path, 0, "not an HDF5 file");
    else if ((reader->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)) < 0)
        reader->status = es_errors_add(reader->errors, ES_INVALID, path, 0,
                                       "is truncated or damaged: HDF5 cannot open it");
    if (stream != NULL)
        fclose(stream);
}

bool es_reader_is_format(const es_reader *reader, const char *format) {
    char *found = NULL;
    hid_t type = string_type();
    bool is = reader->status == ES_OK &&
              es_reader_attribute(reader->file, "format", H5T_STRING, type, (void *)&found) &&
              found != NULL && strcmp(found, format) == 0;
    H5free_memory(found);
    H5Tclose(type);
    return is;
}

char *es_reader_version(es_reader *reader) {
    char *version = es_reader_text_attribute(reader, reader->file, "format_version");
    if (version == NULL)
        return NULL;
    es_slice rest = {version, strlen(version)}, field;
    int64_t major = 0;
    if (!es_next_field(&rest, '.', &field) || es_parse_int64(field, &major) != ES_OK || major < 1)
        es_reader_damaged(reader, "format_version");
    else if (major > ES_RESULT_MAJOR)
        reader->status = es_errors_add(
            reader->errors, ES_INVALID, reader->path, 0,
            "has format version %s; this program reads versions up to %d.x: use a newer edgesplit",
            version, ES_RESULT_MAJOR);
    return version;
}
