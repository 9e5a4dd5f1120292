/* INI files, strictly: over inih, with the true line of every entry and every mistake of a file in
 * one pass.
 *
 *     ; a comment            # another
 *     [kind label]           section names: at most 49 bytes, without [ ] = ; #
 *     key = value  # why     keys: at most 49 letters, digits, '-' and '_'; values of any length
 *     [config name]          a variant of the file: its keys are `section.key`, or `extends`
 *
 * A ';' or '#' that starts a line or follows white space starts a comment; there is no quoting.
 * Everything but comments starts in the first column. Text is UTF-8, lines end with LF or CR LF.
 *
 * What inih would damage silently is an error here: section names cut at 49 bytes, an indented `key
 * = value` swallowed as a continuation, text after `]`, `key: value`, empty values, NUL bytes, a
 * byte-order mark, repeated keys and sections. Values longer than inih's line buffer are handed to
 * it in pieces. */
#ifndef EDGESPLIT_INI_H
#define EDGESPLIT_INI_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

/* A section `[kind]` or `[kind label]`. */
typedef struct es_ini_section {
    const char *name;  /* as written, inner white space as one blank: "policy dynamic-split" */
    const char *kind;  /* first word: "policy" */
    const char *label; /* the rest: "dynamic-split"; "" if there is none */
    size_t line;       /* of its header; 0: made by an override */
} es_ini_section;

typedef struct es_ini_entry {
    size_t section; /* index into the sections */
    const char *key, *value;
    size_t line; /* 0: given by an override, that is on the command line */
} es_ini_entry;

typedef struct es_ini {
    char *path;
    char *text; /* the file's bytes as read, NUL-terminated */
    size_t text_length;
    size_t n_sections, n_entries;
    es_ini_section *sections; /* in file order */
    es_ini_entry *entries;    /* in file order, overrides of absent keys behind */
    char **strings;           /* [n_strings], what sections and entries lend */
    size_t n_strings, sections_capacity, entries_capacity, strings_capacity;
} es_ini;

/* Reads a file of at most 16 MiB. Creates `*ini`. ES_NO_INPUT, ES_NO_MEMORY, ES_INVALID with one
 * record per mistake. O(file size * log entries). */
ES_NODISCARD es_status es_ini_load(const char *path, es_ini **ini, es_errors *errors);
void es_ini_destroy(es_ini *ini);

/* Applies "section.key=value" (for labelled sections "kind label.key=value"): replaces the value or
 * adds the entry (and the section); "section.key=" takes the key away. The section name ends at the
 * last '.' before the first '='. ES_USAGE: not of that form, or no such key to take away;
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_ini_override(es_ini *ini, const char *assignment, es_errors *errors);

/* Applies the variant `[config NAME]` (NULL: none) and removes all [config] sections. A variant's
 * keys are `section.key` (`key` alone: of [sweep]), which replace or add what -s would, and
 * `extends = a, b`: of its ancestors, a variant comes before those it extends and `a` before `b`;
 * what comes first wins. Entries keep the line they were written on. ES_INVALID: an unknown variant
 * (with the nearest name), one that extends itself, or a key that is none, for every variant of the
 * file; ES_USAGE: there is no such variant; ES_NO_MEMORY. */
ES_NODISCARD es_status es_ini_select(es_ini *ini, const char *config, es_errors *errors);

/* Creates a copy that owns all it holds. ES_NO_MEMORY. */
ES_NODISCARD es_status es_ini_copy(const es_ini *ini, es_ini **copy);

/* Replaces the value of entry `entry` (index); its line stays. ES_NO_MEMORY. */
ES_NODISCARD es_status es_ini_set(es_ini *ini, size_t entry, const char *value);

/* Removes a section (index) with its entries. O(sections + entries). */
void es_ini_remove_section(es_ini *ini, size_t section);

/* Whether a kind of section has a label; those with one may occur with several. */
typedef enum es_ini_label { ES_INI_NO_LABEL, ES_INI_LABEL, ES_INI_ANY_LABEL } es_ini_label;

/* What a file may contain. */
typedef struct es_ini_known {
    const char *kind; /* section */
    const char *key;
    es_ini_label label; /* the same for all keys of a kind */
} es_ini_known;

/* Checks every section and key against the table [n]. ES_INVALID with one record per unknown name,
 * each with the nearest known one; a key that is known in another section is named with that
 * section. */
ES_NODISCARD es_status es_ini_check(const es_ini *ini, size_t n, const es_ini_known *known,
                                    es_errors *errors);

/* The entry of a key in section `section` (index); NULL if absent. O(entries). */
const es_ini_entry *es_ini_find(const es_ini *ini, size_t section, const char *key);

/* The index of the first section of that kind at or behind `from`, whatever its label; n_sections
 * if there is none. */
size_t es_ini_find_section(const es_ini *ini, const char *kind, size_t from);

/* The index of the section of that kind and label ("": without one); n_sections if there is none.
 */
size_t es_ini_find_labelled(const es_ini *ini, const char *kind, const char *label);

/* Adds a record "PATH:LINE: [section] key = value: <format>" (or "command line: ..." for an
 * override). Returns ES_INVALID. */
es_status es_ini_complain(const es_ini *ini, const es_ini_entry *entry, es_errors *errors,
                          const char *format, ...) ES_PRINTF(4, 5);

#endif
