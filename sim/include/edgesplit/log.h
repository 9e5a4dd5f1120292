/* Messages for people, on stderr. What a message is worth is decided here once: notes and progress
 * can be silenced, warnings cannot. */
#ifndef EDGESPLIT_LOG_H
#define EDGESPLIT_LOG_H

#include "edgesplit/status.h"

#include <stdbool.h>

typedef struct es_log {
    FILE *stream; /* borrowed; NULL drops everything */
    bool quiet;   /* drop notes */
} es_log;

void es_log_note(const es_log *log, const char *format, ...) ES_PRINTF(2, 3);
void es_log_warning(const es_log *log, const char *format, ...) ES_PRINTF(2, 3);

#endif
