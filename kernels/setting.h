/* The settings of backends: "key:value,key:value". */
#ifndef KERNELS_SETTING_H
#define KERNELS_SETTING_H

#include "edgesplit/error.h"

enum { ES_MOST_SETTING_KEYS = 16 };

typedef struct es_setting_key {
    const char *name;
    const char *form; /* the entry in messages: "threads:N" */
    /* Reads the value into `setting`. ES_USAGE with a record. */
    es_status (*parse)(const char *value, void *setting, es_errors *errors);
} es_setting_key;

/* Reads a text of entries of keys [n], each at most once, into `setting`; an empty text has none.
 * ES_USAGE with a record for every mistake. */
ES_NODISCARD es_status es_setting_parse(const char *text, size_t n, const es_setting_key *keys,
                                        void *setting, es_errors *errors);

#endif
