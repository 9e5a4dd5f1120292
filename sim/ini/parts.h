/* What loading a file and overriding from the command line share. */
#ifndef SIM_INI_PARTS_H
#define SIM_INI_PARTS_H

#include "edgesplit/ini.h"

/* inih keeps names in buffers of 50 bytes and cuts what is longer. */
enum { ES_INI_NAME_BYTES = 50 };

/* What is wrong with a text, a constant text; NULL if nothing is. */
const char *es_ini_text_fault(es_slice text); /* not UTF-8, or with control characters */
const char *es_ini_key_fault(es_slice key);
const char *es_ini_variant_key_fault(es_slice key); /* in a [config] section */

/* The same for a section name, which is written to `name` with single blanks between its words. */
const char *es_ini_name_fault(es_slice text, char name[ES_INI_NAME_BYTES]);

/* Replaces or adds an entry (and its section), as if it were written on `line`. ES_NO_MEMORY. */
ES_NODISCARD es_status es_ini_assign(es_ini *ini, const char *name, es_slice key, es_slice value,
                                     size_t line);

/* The text in front of a comment, trimmed. */
es_slice es_ini_without_comment(es_slice text);

/* Append to the arrays; the texts are copied. ES_NO_MEMORY: nothing is appended. */
ES_NODISCARD es_status es_ini_add_section(es_ini *ini, const char *name, size_t line);
ES_NODISCARD es_status es_ini_add_entry(es_ini *ini, size_t section, es_slice key, es_slice value,
                                        size_t line);

/* Creates a copy that lives as long as `ini`; NULL if memory has run out. */
ES_NODISCARD const char *es_ini_keep(es_ini *ini, es_slice text);

#endif
