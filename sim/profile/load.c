#include "draft.h"

#include <math.h>
#include <string.h>

enum { MAX_BYTES = 64 * 1024 * 1024 };

typedef enum column_id {
    KIND,
    INDEX,
    NAME,
    OP,
    BATCH,
    N,
    MEDIAN_S,
    P05_S,
    P95_S,
    MIN_S,
    MEAN_S,
    STD_S,
    OUT_ELEMS,
    N_COLUMNS
} column_id;

static const char *const columns[N_COLUMNS] = {"kind",   "index",    "name",     "op",    "batch",
                                               "n",      "median_s", "p05_s",    "p95_s", "min_s",
                                               "mean_s", "std_s",    "out_elems"};

typedef struct parser {
    es_draft *draft;
    bool has_granularity; /* the profile's field says nothing of that */
} parser;

static void complain_field(parser *p, column_id column, es_slice field, const char *expected) {
    es_draft_complain(p->draft, "%s is \"%.*s\"; expected %s", columns[column], (int)field.length,
                      field.data, expected);
}

/* Ends a part of the file's bytes with a NUL: what stands behind it has been read. */
static const char *terminate(parser *p, es_slice part) {
    char *text = p->draft->file.data + (part.data - p->draft->file.data);
    text[part.length] = '\0';
    return text;
}

static void set_provenance(parser *p, const char *key, const char *value) {
    es_profile *profile = &p->draft->profile;
    if (strcmp(key, "model") == 0) {
        profile->model = value;
        if (value[0] == '\0')
            es_draft_complain(p->draft, "model is empty; expected the name of a network");
    } else if (strcmp(key, "kind") == 0) {
        profile->kind = value;
        if (!es_profile_is_provenance_kind(value))
            es_draft_complain(p->draft, "kind is \"%s\"; expected measured, scaled or modelled",
                              value);
    } else if (strcmp(key, "granularity") == 0) {
        p->has_granularity = true;
        if (es_granularity_parse(value, &profile->granularity) != ES_OK)
            es_draft_complain(p->draft, "granularity is \"%s\"; expected leaf, fused or block",
                              value);
    } else if (strcmp(key, "resolution") == 0) {
        es_slice number = {value, strlen(value)};
        if (es_parse_int64(number, &profile->resolution) != ES_OK || profile->resolution < 1)
            es_draft_complain(p->draft,
                              "resolution is \"%s\"; expected pixels per side, at least 1", value);
    }
}

/* A line "# key: value". ES_NO_MEMORY. */
static es_status parse_provenance(parser *p, es_slice line) {
    es_slice rest = {line.data + 1, line.length - 1};
    const char *colon = memchr(rest.data, ':', rest.length);
    size_t key_length = colon != NULL ? (size_t)(colon - rest.data) : 0;
    es_slice key = es_slice_trim((es_slice){rest.data, key_length});
    if (key.length == 0) {
        es_draft_complain(p->draft, "expected `# key: value`");
        return ES_OK;
    }
    es_slice value = es_slice_trim((es_slice){colon + 1, rest.length - key_length - 1});
    const char *key_text = terminate(p, key), *value_text = terminate(p, value);
    if (es_profile_provenance(&p->draft->profile, key_text) != NULL) {
        es_draft_complain(p->draft, "%s is there twice", key_text);
        return ES_OK;
    }
    set_provenance(p, key_text, value_text);
    return es_draft_add_provenance(p->draft, key_text, value_text);
}

static void read_count(parser *p, const es_slice *fields, column_id column, int64_t least,
                       int64_t *value) {
    if (es_parse_int64(fields[column], value) == ES_OK && *value >= least)
        return;
    complain_field(p, column, fields[column],
                   least == 0 ? "a whole number of at least 0" : "a whole number of at least 1");
}

/* A figure that may be unknown: an empty field. */
static void read_seconds(parser *p, const es_slice *fields, column_id column, double *value_s) {
    *value_s = (double)NAN;
    if (fields[column].length == 0)
        return;
    if (es_parse_double(fields[column], value_s) != ES_OK || *value_s < 0)
        complain_field(p, column, fields[column],
                       "seconds, finite and not negative, or nothing where unknown");
}

static void read_kind_and_index(parser *p, const es_slice *fields, es_profile_row *row) {
    size_t kind = 0;
    int64_t index = 0;
    while (kind < ES_N_PROFILE_KINDS &&
           !es_slice_equals(fields[KIND], es_profile_kind_text((es_profile_kind)kind)))
        kind++;
    if (kind == ES_N_PROFILE_KINDS) {
        complain_field(p, KIND, fields[KIND], "layer, head, tail or whole");
        kind = ES_PROFILE_HEAD;
    }
    row->kind = (es_profile_kind)kind;
    if (row->kind == ES_PROFILE_WHOLE && !es_slice_equals(fields[INDEX], "0"))
        complain_field(p, INDEX, fields[INDEX], "0 for the whole network");
    else
        read_count(p, fields, INDEX, row->kind == ES_PROFILE_LAYER ? 1 : 0, &index);
    row->index = (size_t)index;
}

static void read_median(parser *p, const es_slice *fields, es_profile_row *row) {
    if (es_parse_double(fields[MEDIAN_S], &row->median_s) != ES_OK ||
        !es_profile_is_median(row->kind, row->median_s))
        complain_field(p, MEDIAN_S, fields[MEDIAN_S],
                       "seconds, finite and above 0 (heads and tails: or 0)");
}

/* One row of the table. ES_NO_MEMORY. */
static es_status parse_row(parser *p, es_slice line) {
    es_slice fields[N_COLUMNS], rest = line, field;
    size_t n = 0;
    for (; es_next_field(&rest, ',', &field); n++)
        if (n < N_COLUMNS)
            fields[n] = field;
    if (memchr(line.data, '"', line.length) != NULL) {
        es_draft_complain(p->draft, "a quote character; fields are plain text, without quotes");
        return ES_OK;
    }
    if (n != N_COLUMNS) {
        es_draft_complain(p->draft, "%zu fields; expected %d", n, (int)N_COLUMNS);
        return ES_OK;
    }
    es_profile_row row = {0};
    bool invalid = p->draft->invalid;
    p->draft->invalid = false;
    read_kind_and_index(p, fields, &row);
    read_count(p, fields, BATCH, 1, &row.batch);
    read_count(p, fields, N, 1, &row.n);
    read_median(p, fields, &row);
    read_seconds(p, fields, P05_S, &row.p05_s);
    read_seconds(p, fields, P95_S, &row.p95_s);
    read_seconds(p, fields, MIN_S, &row.min_s);
    read_seconds(p, fields, MEAN_S, &row.mean_s);
    read_seconds(p, fields, STD_S, &row.std_s);
    if (fields[OUT_ELEMS].length > 0)
        read_count(p, fields, OUT_ELEMS, 0, &row.out_elems);
    bool row_invalid = p->draft->invalid;
    p->draft->invalid = invalid || row_invalid;
    if (row_invalid)
        return ES_OK;
    row.name = terminate(p, fields[NAME]);
    row.op = terminate(p, fields[OP]);
    return es_draft_add_row(p->draft, &row, p->draft->line);
}

/* The lines in front of the header and the header; true if rows may follow. */
static es_status parse_lines(parser *p) {
    const es_file *file = &p->draft->file;
    es_slice rest = {file->data, file->length}, line;
    bool whole = file->length == 0 || file->data[file->length - 1] == '\n';
    bool in_table = false;
    es_status status = ES_OK;
    while (status == ES_OK && es_next_line(&rest, &line)) {
        p->draft->line++;
        bool comment = line.length > 0 && line.data[0] == '#';
        if (rest.length == 0 && !whole) {
            es_draft_complain(p->draft, "the last line has no end; the file may have been cut off");
        } else if (comment && in_table) {
            es_draft_complain(p->draft,
                              "provenance inside the table; expected it before the header");
        } else if (comment) {
            status = parse_provenance(p, line);
        } else if (in_table) {
            status = parse_row(p, line);
        } else if (es_slice_equals(line, ES_PROFILE_HEADER)) {
            in_table = true;
        } else {
            es_draft_complain(p->draft, "expected the header `%s`", ES_PROFILE_HEADER);
            return ES_OK;
        }
    }
    p->draft->line = 0;
    if (status == ES_OK && !in_table)
        es_draft_complain(p->draft, "no table; expected the header `%s`", ES_PROFILE_HEADER);
    return status;
}

static void require_provenance(parser *p) {
    p->draft->line = 0;
    if (p->draft->profile.model == NULL)
        es_draft_complain(p->draft, "no line `# model: NAME`");
    if (p->draft->profile.kind == NULL)
        es_draft_complain(p->draft, "no line `# kind: measured` (or scaled, or modelled)");
    if (!p->has_granularity)
        es_draft_complain(p->draft, "no line `# granularity: leaf` (or fused, or block)");
}

static es_status load(es_draft *draft, es_errors *errors) {
    es_status status = es_file_read(draft->path, MAX_BYTES, &draft->file, errors);
    if (status != ES_OK)
        return status;
    memcpy(draft->profile.sha256, draft->file.sha256, sizeof draft->profile.sha256);
    if (memchr(draft->file.data, '\0', draft->file.length) != NULL)
        return es_errors_add(errors, ES_INVALID, draft->path, 0,
                             "a NUL byte; expected a text file");
    parser p = {.draft = draft};
    status = parse_lines(&p);
    if (status != ES_OK)
        return es_errors_add(errors, status, draft->path, 0, "%s", es_status_text(status));
    require_provenance(&p);
    if (draft->n_rows > 0 || !draft->invalid)
        status = es_draft_finish(draft);
    return status == ES_OK && draft->invalid ? ES_INVALID : status;
}

es_status es_profile_load(const char *path, es_profile **profile, es_errors *errors) {
    es_draft *draft = es_draft_create(path, errors);
    if (draft == NULL)
        return es_errors_no_memory(errors, path);
    es_status status = load(draft, errors);
    if (status == ES_OK)
        *profile = &draft->profile;
    else
        es_draft_destroy(draft);
    return status;
}
