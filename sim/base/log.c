#include "edgesplit/log.h"

#include <stdarg.h>

void es_log_note(const es_log *log, const char *format, ...) {
    if (log->stream == NULL || log->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(log->stream, format, arguments);
    va_end(arguments);
    fputc('\n', log->stream);
}

void es_log_warning(const es_log *log, const char *format, ...) {
    if (log->stream == NULL)
        return;
    fputs("warning: ", log->stream);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(log->stream, format, arguments);
    va_end(arguments);
    fputc('\n', log->stream);
}
