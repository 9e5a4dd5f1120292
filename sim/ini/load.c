#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "parts.h"

#include <ini.h>
#include <stdint.h>
#include <string.h>

enum { MAX_FILE_BYTES = 16 << 20 };

typedef enum place { NO_SECTION_YET, IN_SECTION, BEHIND_FAULTY_HEADER } place;

/* A hash set of names: keys by section, and the sections themselves under SECTIONS. */
typedef struct seen_name {
    size_t section;
    es_slice name;
    size_t line; /* 0: free slot */
} seen_name;

typedef struct seen_names {
    seen_name *slots; /* [n_slots], a power of two, at most half full */
    size_t n_slots, n;
} seen_names;

static const size_t SECTIONS = SIZE_MAX;

/* One pass over a file: inih pulls lines through next_line_for_inih() and returns their parts to
 * take_part(). */
typedef struct reading {
    es_ini *ini;
    es_errors *errors;
    es_slice rest;       /* of the file */
    size_t line;         /* number of the line read last */
    place place;         /* keys are kept only in a section */
    const char *header;  /* name of the section whose header inih has to see next, else NULL */
    es_slice key, value; /* of the entry on the way; the part of the value that inih has to see */
    es_text whole;       /* the value as it came back */
    size_t n_handed, n_taken;
    seen_names seen;
    es_status status; /* ES_NO_MEMORY or ES_INTERNAL end the pass */
} reading;

/* The slot of a name, or the free one where it belongs (FNV-1a, linear probing). */
static seen_name *seen_slot(const seen_names *seen, size_t section, es_slice name) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ section;
    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(0x100000001b3);
    size_t at = (size_t)(hash ^ (hash >> 32)) & (seen->n_slots - 1);
    for (;; at = (at + 1) & (seen->n_slots - 1)) {
        seen_name *slot = &seen->slots[at];
        if (slot->line == 0 || (slot->section == section && slot->name.length == name.length &&
                                memcmp(slot->name.data, name.data, name.length) == 0))
            return slot;
    }
}

/* Enters a name; `*earlier` is the line where it was entered before, 0 if it was not. */
static es_status seen_add(seen_names *seen, size_t section, es_slice name, size_t line,
                          size_t *earlier) {
    if (2 * (seen->n + 1) > seen->n_slots) {
        seen_names grown = {.n_slots = seen->n_slots > 0 ? 2 * seen->n_slots : 64, .n = seen->n};
        grown.slots = es_alloc(grown.n_slots, sizeof *grown.slots);
        if (grown.slots == NULL)
            return ES_NO_MEMORY;
        for (size_t i = 0; i < seen->n_slots; i++)
            if (seen->slots[i].line > 0)
                *seen_slot(&grown, seen->slots[i].section, seen->slots[i].name) = seen->slots[i];
        free(seen->slots);
        *seen = grown;
    }
    seen_name *slot = seen_slot(seen, section, name);
    *earlier = slot->line;
    if (slot->line == 0) {
        *slot = (seen_name){section, name, line};
        seen->n++;
    }
    return ES_OK;
}

static void complain(reading *r, const char *text) {
    es_errors_add(r->errors, ES_INVALID, r->ini->path, r->line, "%s", text);
}

static void read_header(reading *r, es_slice body) {
    r->place = BEHIND_FAULTY_HEADER;
    const char *end = memchr(body.data, ']', body.length);
    if (end == NULL) {
        complain(r, "section header without ']'");
        return;
    }
    size_t length = (size_t)(end - body.data);
    es_slice behind = es_slice_trim((es_slice){body.data + length + 1, body.length - length - 1});
    if (behind.length > 0 && behind.data[0] != ';' && behind.data[0] != '#') {
        complain(r, "text behind ']'; put it on a line of its own");
        return;
    }
    char name[ES_INI_NAME_BYTES];
    const char *fault = es_ini_name_fault((es_slice){body.data + 1, length - 1}, name);
    if (fault != NULL) {
        complain(r, fault);
        return;
    }
    r->status = es_ini_add_section(r->ini, name, r->line);
    if (r->status != ES_OK)
        return;
    const char *kept = r->ini->sections[r->ini->n_sections - 1].name;
    size_t earlier;
    r->status = seen_add(&r->seen, SECTIONS, (es_slice){kept, strlen(kept)}, r->line, &earlier);
    if (r->status == ES_OK && earlier > 0) {
        es_errors_add(r->errors, ES_INVALID, r->ini->path, r->line,
                      "section [%s] is there already, on line %zu", kept, earlier);
        return;
    }
    r->place = IN_SECTION;
    r->header = kept;
}

/* Enters the entry's key in its section; false if it may not be handed on. */
static bool is_new_key(reading *r, es_slice key) {
    if (r->place == NO_SECTION_YET) {
        complain(r, "a key before the first [section]");
        r->place = BEHIND_FAULTY_HEADER;
    }
    if (r->place == BEHIND_FAULTY_HEADER)
        return false;
    size_t section = r->ini->n_sections - 1, earlier;
    r->status = seen_add(&r->seen, section, key, r->line, &earlier);
    if (r->status == ES_OK && earlier > 0)
        es_errors_add(r->errors, ES_INVALID, r->ini->path, r->line,
                      "key '%.*s' is in [%s] already, on line %zu", (int)key.length, key.data,
                      r->ini->sections[section].name, earlier);
    return r->status == ES_OK && earlier == 0;
}

static void read_entry(reading *r, es_slice body) {
    body = es_ini_without_comment(body);
    const char *equals = memchr(body.data, '=', body.length);
    const char *colon = memchr(body.data, ':', body.length);
    if (colon != NULL && (equals == NULL || colon < equals)) {
        complain(r, "':' used for '='; expected 'key = value'");
        return;
    }
    if (equals == NULL) {
        complain(r, "no '='; expected 'key = value', '[section]' or a comment");
        return;
    }
    size_t length = (size_t)(equals - body.data);
    es_slice key = es_slice_trim((es_slice){body.data, length});
    es_slice value = es_slice_trim((es_slice){equals + 1, body.length - length - 1});
    bool in_variant = r->place == IN_SECTION &&
                      strcmp(r->ini->sections[r->ini->n_sections - 1].kind, "config") == 0;
    const char *fault = in_variant ? es_ini_variant_key_fault(key) : es_ini_key_fault(key);
    if (fault != NULL) {
        complain(r, fault);
        return;
    }
    if (value.length == 0)
        es_errors_add(r->errors, ES_INVALID, r->ini->path, r->line, "key '%.*s' has no value",
                      (int)key.length, key.data);
    if (is_new_key(r, key) && value.length > 0) {
        r->key = key;
        r->value = value;
        r->whole.length = 0;
    }
}

/* Judges one line and leaves what inih has to see of it in `header` or `key` and `value`. */
static void read_line(reading *r, es_slice line) {
    static const char mark[] = "\xef\xbb\xbf";
    if (r->line == 1 && line.length >= 3 && memcmp(line.data, mark, 3) == 0) {
        complain(r, "a byte-order mark; save the file as UTF-8 without it");
        line = (es_slice){line.data + 3, line.length - 3};
    }
    es_slice body = es_slice_trim(line);
    bool is_header = body.length > 0 && body.data[0] == '[';
    const char *fault = es_ini_text_fault(line);
    if (fault == NULL && (body.length == 0 || body.data[0] == ';' || body.data[0] == '#'))
        return;
    if (fault == NULL && body.data != line.data)
        fault = "indented; start it in the first column";
    if (fault != NULL) {
        complain(r, fault);
        if (is_header)
            r->place = BEHIND_FAULTY_HEADER;
    } else if (is_header) {
        read_header(r, body);
    } else {
        read_entry(r, body);
    }
}

/* inih's reader: the next faultless header or entry, comments and white space removed. inih cuts
 * lines at `size` bytes, so a long value goes in parts, as continuation lines; bars at both ends of
 * each part keep inih from taking blanks and comment signs at a seam for its own. */
static char *next_line_for_inih(char *text, int size, void *stream) {
    reading *r = stream;
    es_slice line;
    bool is_first_part = r->value.length == 0;
    while (r->status == ES_OK && r->header == NULL && r->value.length == 0) {
        if (!es_next_line(&r->rest, &line))
            return NULL;
        r->line++;
        read_line(r, line);
    }
    int room = size - ES_INI_NAME_BYTES - (int)sizeof "=||\n";
    if (r->status == ES_OK && room <= 0)
        r->status = ES_INTERNAL;
    if (r->status != ES_OK)
        return NULL;
    if (r->header != NULL) {
        snprintf(text, (size_t)size, "[%s]\n", r->header);
        r->header = NULL;
        return text;
    }
    int length = r->value.length < (size_t)room ? (int)r->value.length : room;
    if (is_first_part)
        snprintf(text, (size_t)size, "%.*s=|%.*s|\n", (int)r->key.length, r->key.data, length,
                 r->value.data);
    else
        snprintf(text, (size_t)size, " |%.*s|\n", length, r->value.data);
    r->value.data += length;
    r->value.length -= (size_t)length;
    r->n_handed++;
    return text;
}

/* inih's handler: joins the parts of a value and keeps it when it is whole. */
static int take_part(void *user, const char *section, const char *name, const char *value) {
    reading *r = user;
    es_ini *ini = r->ini;
    size_t length = strlen(value), current = ini->n_sections - 1;
    if (r->status != ES_OK)
        return 0;
    if (length < 2 || value[0] != '|' || value[length - 1] != '|' ||
        strcmp(section, ini->sections[current].name) != 0 || !es_slice_equals(r->key, name)) {
        r->status = ES_INTERNAL;
        return 0;
    }
    r->n_taken++;
    es_text_add(&r->whole, "%.*s", (int)length - 2, value + 1);
    if (r->whole.failed)
        r->status = ES_NO_MEMORY;
    else if (r->value.length == 0)
        r->status = es_ini_add_entry(ini, current, r->key,
                                     (es_slice){r->whole.data, r->whole.length}, r->line);
    return r->status == ES_OK;
}

static es_status parse(es_ini *ini, es_errors *errors) {
    size_t n_before = errors->n + errors->lost;
    reading r = {.ini = ini, .errors = errors, .rest = {ini->text, ini->text_length}};
    int failed = ini_parse_stream(next_line_for_inih, &r, take_part, &r);
    if (r.status == ES_OK && (failed != 0 || r.n_handed != r.n_taken))
        r.status = ES_INTERNAL;
    free(r.whole.data);
    free(r.seen.slots);
    if (r.status == ES_NO_MEMORY)
        return es_errors_add(errors, ES_NO_MEMORY, ini->path, 0, "out of memory while reading");
    if (r.status != ES_OK)
        return es_errors_add(errors, ES_INTERNAL, ini->path, r.line,
                             "the inih of this system reads something else than what is written "
                             "here; it needs INI_ALLOW_MULTILINE");
    return errors->n + errors->lost > n_before ? ES_INVALID : ES_OK;
}

es_status es_ini_load(const char *path, es_ini **ini, es_errors *errors) {
    *ini = NULL;
    es_file file;
    es_status status = es_file_read(path, MAX_FILE_BYTES, &file, errors);
    if (status != ES_OK)
        return status;
    es_ini *made = es_alloc(1, sizeof *made);
    if (made != NULL) {
        made->text = file.data;
        made->text_length = file.length;
        file.data = NULL;
        made->path = es_strdup(path);
    }
    if (made == NULL || made->path == NULL)
        status = es_errors_add(errors, ES_NO_MEMORY, path, 0, "out of memory while reading");
    else
        status = parse(made, errors);
    es_file_fini(&file);
    if (status != ES_OK) {
        es_ini_destroy(made);
        return status;
    }
    *ini = made;
    return ES_OK;
}
