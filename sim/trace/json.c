#include "json.h"

#include <math.h>

static void skip_space(es_trace_reader *reader) {
    es_slice *rest = &reader->rest;
    for (; rest->length > 0; rest->data++, rest->length--) {
        char c = rest->data[0];
        if (c == '\n')
            reader->line++;
        else if (c != ' ' && c != '\t' && c != '\r')
            return;
    }
}

bool es_trace_json_skip(es_trace_reader *reader, char wanted) {
    skip_space(reader);
    if (reader->rest.length == 0 || reader->rest.data[0] != wanted)
        return false;
    reader->rest.data++;
    reader->rest.length--;
    skip_space(reader);
    return true;
}

es_status es_trace_json_next(es_trace_reader *reader, json_t **value) {
    json_error_t error;
    es_slice *rest = &reader->rest;
    skip_space(reader);
    *value = json_loadb(rest->data, rest->length, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
    if (*value == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return ES_NO_MEMORY;
        size_t behind = error.line > 1 ? (size_t)error.line - 1 : 0;
        es_trace_mistake(reader, reader->line + behind, "not JSON: %s%s", error.text,
                         json_error_code(&error) == json_error_premature_end_of_input
                             ? "; the file may have been cut off"
                             : "");
        return ES_OK;
    }
    for (int i = 0; i < error.position; i++)
        reader->line += rest->data[i] == '\n';
    rest->data += error.position;
    rest->length -= (size_t)error.position;
    return ES_OK;
}

bool es_trace_json_number(es_trace_reader *reader, const json_t *object, const char *name,
                          double *number) {
    const json_t *member = json_object_get(object, name);
    *number = json_number_value(member);
    if (json_is_number(member) && isfinite(*number))
        return true;
    es_trace_mistake(reader, reader->line,
                     member == NULL ? "no member \"%s\"; expected a number"
                                    : "\"%s\" is no number; expected one",
                     name);
    return false;
}
