#include "edgesplit/error.h"

#include <string.h>

void es_errors_init(es_errors *errors) {
    errors->n = 0;
    errors->lost = 0;
}

es_status es_errors_add(es_errors *errors, es_status status, const char *file, size_t line,
                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(errors, status, file, line, format, arguments);
    va_end(arguments);
    return status;
}

es_status es_errors_add_list(es_errors *errors, es_status status, const char *file, size_t line,
                             const char *format, va_list arguments) {
    if (errors->n == ES_ERRORS_CAPACITY) {
        errors->lost++;
        return status;
    }
    es_error *record = &errors->records[errors->n++];
    record->status = status;
    record->line = line;
    int at = 0;
    if (file != NULL && line > 0)
        at = snprintf(record->text, sizeof record->text, "%s:%zu: ", file, line);
    else if (file != NULL)
        at = snprintf(record->text, sizeof record->text, "%s: ", file);
    if (at < 0 || (size_t)at >= sizeof record->text)
        return status;
    vsnprintf(record->text + at, sizeof record->text - (size_t)at, format, arguments);
    return status;
}

void es_errors_add_new(es_errors *errors, const es_errors *found) {
    for (size_t i = 0; i < found->n; i++) {
        bool known = false;
        for (size_t k = 0; k < errors->n; k++)
            known |= strcmp(errors->records[k].text, found->records[i].text) == 0;
        if (!known && errors->n < ES_ERRORS_CAPACITY)
            errors->records[errors->n++] = found->records[i];
        else if (!known)
            errors->lost++;
    }
}

es_status es_errors_status(const es_errors *errors) {
    return errors->n > 0 ? errors->records[0].status : ES_OK;
}

void es_errors_print(const es_errors *errors, FILE *stream) {
    for (size_t i = 0; i < errors->n; i++)
        fprintf(stream, "%s\n", errors->records[i].text);
    if (errors->lost > 0)
        fprintf(stream, "... and %zu more errors\n", errors->lost);
}
