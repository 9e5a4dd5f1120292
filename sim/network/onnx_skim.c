/* The protobuf wire format as far as it must be known to leave something out (protobuf.dev,
 * "Encoding"): a message is a sequence of fields, each a tag (field number, wire type) and a value.
 * Which fields a message has is looked up in the generated descriptors. Leaving out changes lengths
 * of the messages around, so these are written in PATCHED_BYTES bytes, to be filled in when their
 * message ends. */
#include "onnx_skim.h"

#include "edgesplit/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <onnx.pb-c.h>
#include <string.h>

enum {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5,
    VARINT_BYTES = 10,
    PATCHED_BYTES = 5,
    MAX_DEPTH = 8, /* model, graph, node, attribute, tensor, segment; or an input's type */
    HEAD_BYTES = 256,
};

typedef enum treatment {
    COPY,
    DROP,
    EMPTY,   /* a message that is only known to be there */
    NUMBERS, /* of a tensor: a copy if they are few */
} treatment;

static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *field;
    treatment treatment;
} treatments[] = {
    {&onnx__model_proto__descriptor, "metadata_props", DROP},
    {&onnx__model_proto__descriptor, "training_info", DROP},
    {&onnx__model_proto__descriptor, "functions", DROP},
    {&onnx__graph_proto__descriptor, "value_info", DROP},
    {&onnx__graph_proto__descriptor, "sparse_initializer", DROP},
    {&onnx__graph_proto__descriptor, "quantization_annotation", DROP},
    {&onnx__attribute_proto__descriptor, "g", EMPTY},
    {&onnx__attribute_proto__descriptor, "graphs", EMPTY},
    {&onnx__attribute_proto__descriptor, "sparse_tensor", DROP},
    {&onnx__attribute_proto__descriptor, "sparse_tensors", DROP},
    {&onnx__attribute_proto__descriptor, "tp", DROP},
    {&onnx__attribute_proto__descriptor, "type_protos", DROP},
    {&onnx__tensor_proto__descriptor, "external_data", DROP},
    {&onnx__tensor_proto__descriptor, "string_data", DROP},
    {&onnx__tensor_proto__descriptor, "raw_data", NUMBERS},
    {&onnx__tensor_proto__descriptor, "float_data", NUMBERS},
    {&onnx__tensor_proto__descriptor, "double_data", NUMBERS},
    {&onnx__tensor_proto__descriptor, "int32_data", NUMBERS},
    {&onnx__tensor_proto__descriptor, "int64_data", NUMBERS},
    {&onnx__tensor_proto__descriptor, "uint64_data", NUMBERS},
    {&onnx__type_proto__descriptor, "sequence_type", EMPTY},
    {&onnx__type_proto__descriptor, "map_type", EMPTY},
    {&onnx__type_proto__descriptor, "optional_type", EMPTY},
    {&onnx__type_proto__descriptor, "sparse_tensor_type", EMPTY},
};

/* A message that is being read. */
typedef struct frame {
    const ProtobufCMessageDescriptor *type;
    int64_t end;          /* its offset in the file */
    size_t length_at;     /* in the copy */
    uint32_t seen;        /* messages that may occur once, by field number */
    size_t numbers_bytes; /* copied of a tensor's */
} frame;

typedef struct skim {
    FILE *stream;
    const char *path;
    es_errors *errors;
    onnx_skimmed *to;
    int64_t position; /* offset in the file */
    size_t n_fields;
    int depth;
    frame frames[MAX_DEPTH];
} skim;

typedef struct field {
    int64_t at; /* offset of its tag */
    uint32_t number, wire;
    const ProtobufCFieldDescriptor *known; /* NULL: a field of a later version */
} field;

static treatment treatment_of(const ProtobufCMessageDescriptor *type, const field *f) {
    if (f->known == NULL || strcmp(f->known->name, "doc_string") == 0)
        return DROP;
    for (size_t i = 0; i < sizeof treatments / sizeof treatments[0]; i++)
        if (treatments[i].type == type && strcmp(treatments[i].field, f->known->name) == 0)
            return treatments[i].treatment;
    return COPY;
}

static es_status wrong(const skim *s, int64_t at, const char *what) {
    return es_errors_add(s->errors, ES_INVALID, s->path, 0,
                         "not an ONNX file, or damaged: at byte %lld %s", (long long)at, what);
}

static es_status cut_off(const skim *s) {
    if (ferror(s->stream))
        return es_errors_add(s->errors, ES_NO_INPUT, s->path, 0, "cannot be read: %s",
                             strerror(errno));
    return wrong(s, s->position, "it ends too early");
}

/* Bytes of the file that is being read, at most up to the end of the present message. */
static es_status get(skim *s, void *bytes, size_t n) {
    if (s->frames[s->depth - 1].end - s->position < (int64_t)n)
        return wrong(s, s->position, "a message ends within a field");
    if (fread(bytes, 1, n, s->stream) != n)
        return cut_off(s);
    s->position += (int64_t)n;
    return ES_OK;
}

static es_status get_varint(skim *s, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < VARINT_BYTES; i++) {
        uint8_t byte;
        es_status status = get(s, &byte, 1);
        if (status != ES_OK)
            return status;
        *value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80)
            return ES_OK;
    }
    return wrong(s, s->position, "a number is longer than 10 bytes");
}

/* Room for `n` more bytes of the copy; NULL: out of memory or too many. */
static es_status put(skim *s, size_t n, uint8_t **room) {
    onnx_skimmed *to = s->to;
    if ((int64_t)(to->length + n) > ONNX_MAX_GRAPH_BYTES)
        return es_errors_add(s->errors, ES_INVALID, s->path, 0,
                             "the graph without weights is longer than %lld bytes",
                             (long long)ONNX_MAX_GRAPH_BYTES);
    if (es_reserve(&to->data, &to->capacity, to->length + n, 1) != ES_OK)
        return es_errors_no_memory(s->errors, s->path);
    *room = to->data + to->length;
    to->length += n;
    return ES_OK;
}

static es_status put_varint(skim *s, uint64_t value) {
    size_t n = 1;
    for (uint64_t rest = value >> 7; rest > 0; rest >>= 7)
        n++;
    uint8_t *room = NULL;
    es_status status = put(s, n, &room);
    for (size_t i = 0; status == ES_OK && i < n; i++, value >>= 7)
        room[i] = (uint8_t)((value & 0x7F) | (i + 1 < n ? 0x80 : 0));
    return status;
}

static es_status put_tag(skim *s, const field *f) {
    if (++s->n_fields > ONNX_MAX_FIELDS)
        return es_errors_add(s->errors, ES_INVALID, s->path, 0, "a graph of more than %d fields",
                             ONNX_MAX_FIELDS);
    return put_varint(s, (uint64_t)f->number << 3 | f->wire);
}

static es_status skip(skim *s, int64_t n) {
    char scratch[BUFSIZ];
    if (n <= (int64_t)sizeof scratch)
        return get(s, scratch, (size_t)n);
    if (fseek(s->stream, (long)n, SEEK_CUR) != 0)
        return cut_off(s);
    s->position += n;
    return ES_OK;
}

/* A value of fixed size or a number. */
static es_status read_scalar(skim *s, const field *f, bool copied) {
    uint64_t number = 0;
    uint8_t bytes[8], *room = NULL;
    size_t n = f->wire == WIRE_64 ? 8 : 4;
    es_status status = f->wire == WIRE_VARINT ? get_varint(s, &number) : get(s, bytes, n);
    if (status != ES_OK || !copied)
        return status;
    status = put_tag(s, f);
    if (status == ES_OK && f->wire == WIRE_VARINT)
        return put_varint(s, number);
    if (status == ES_OK)
        status = put(s, n, &room);
    if (status == ES_OK)
        memcpy(room, bytes, n);
    return status;
}

static es_status begin_message(skim *s, const field *f, int64_t length) {
    frame *outer = &s->frames[s->depth - 1];
    uint32_t bit = f->number < 32 ? UINT32_C(1) << f->number : 0;
    if (f->known->label != PROTOBUF_C_LABEL_REPEATED && (outer->seen & bit) != 0)
        return wrong(s, f->at, "a message occurs a second time that may occur once");
    outer->seen |= bit;
    ES_REQUIRE(s->depth < MAX_DEPTH);
    uint8_t *room = NULL;
    es_status status = put_tag(s, f);
    size_t length_at = s->to->length;
    if (status == ES_OK)
        status = put(s, PATCHED_BYTES, &room);
    if (status == ES_OK)
        s->frames[s->depth++] = (frame){
            .type = f->known->descriptor, .end = s->position + length, .length_at = length_at};
    return status;
}

static void end_message(skim *s) {
    const frame *ended = &s->frames[--s->depth];
    if (s->depth == 0)
        return;
    uint8_t *room = s->to->data + ended->length_at;
    size_t length = s->to->length - ended->length_at - PATCHED_BYTES;
    for (size_t i = 0; i < PATCHED_BYTES; i++, length >>= 7)
        room[i] = (uint8_t)((length & 0x7F) | (i + 1 < PATCHED_BYTES ? 0x80 : 0));
}

static es_status copy_bytes(skim *s, const field *f, size_t length) {
    uint8_t *room = NULL;
    if (f->known->type == PROTOBUF_C_TYPE_STRING && length > ONNX_MAX_NAME)
        return wrong(s, f->at, "a name is longer than 1024 bytes");
    es_status status = put_tag(s, f);
    if (status == ES_OK)
        status = put_varint(s, length);
    if (status == ES_OK)
        status = put(s, length, &room);
    return status == ES_OK && length > 0 ? get(s, room, length) : status;
}

static es_status read_bytes(skim *s, const field *f, treatment what) {
    frame *outer = &s->frames[s->depth - 1];
    uint64_t length;
    es_status status = get_varint(s, &length);
    if (status != ES_OK)
        return status;
    if (length > (uint64_t)(outer->end - s->position))
        return es_errors_add(s->errors, ES_INVALID, s->path, 0,
                             "not an ONNX file, or cut off: at byte %lld %llu bytes are announced, "
                             "but %lld are there",
                             (long long)f->at, (unsigned long long)length,
                             (long long)(outer->end - s->position));
    if (what == NUMBERS) {
        bool few = outer->numbers_bytes + length <= ONNX_MAX_DATA_BYTES;
        outer->numbers_bytes += few ? length : 0;
        what = few ? COPY : DROP;
    }
    bool is_message = f->known != NULL && f->known->type == PROTOBUF_C_TYPE_MESSAGE;
    if (what == COPY && is_message)
        return begin_message(s, f, (int64_t)length);
    if (what == COPY)
        return copy_bytes(s, f, (size_t)length);
    if (what == EMPTY)
        status = put_tag(s, f);
    if (what == EMPTY && status == ES_OK)
        status = put_varint(s, 0);
    return status == ES_OK ? skip(s, (int64_t)length) : status;
}

static es_status read_field(skim *s) {
    frame *outer = &s->frames[s->depth - 1];
    field f = {.at = s->position};
    uint64_t tag;
    es_status status = get_varint(s, &tag);
    if (status != ES_OK)
        return status;
    if (tag >> 3 == 0 || tag > UINT32_MAX)
        return wrong(s, f.at, "a field has no number");
    f.number = (uint32_t)(tag >> 3);
    f.wire = (uint32_t)(tag & 7);
    f.known = protobuf_c_message_descriptor_get_field(outer->type, f.number);
    treatment what = treatment_of(outer->type, &f);
    switch (f.wire) {
    case WIRE_BYTES: return read_bytes(s, &f, what);
    case WIRE_VARINT:
    case WIRE_64:
    case WIRE_32:
        if (what == NUMBERS) { /* one by one, as protobuf 2 wrote them */
            outer->numbers_bytes += sizeof(int64_t);
            what = outer->numbers_bytes <= ONNX_MAX_DATA_BYTES ? COPY : DROP;
        }
        return read_scalar(s, &f, what == COPY);
    default: return wrong(s, f.at, "a field is of no known kind");
    }
}

/* What else a file of that name often is. */
static const char *other_kind(const char *head, size_t n) {
    static const char pointer[] = "version https://git-lfs";
    size_t n_text = 0;
    if (n == 0)
        return "the file is empty";
    if (n >= sizeof pointer - 1 && memcmp(head, pointer, sizeof pointer - 1) == 0)
        return "not the file itself but its git-lfs pointer; `git lfs pull` fetches it";
    if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return "a zip archive, as torch.save writes; expected what torch.onnx.export writes";
    while (n_text < n &&
           (isprint((unsigned char)head[n_text]) || isspace((unsigned char)head[n_text])))
        n_text++;
    return n_text == n ? "a text file; expected an ONNX file" : NULL;
}

static es_status measure(skim *s) {
    char head[HEAD_BYTES];
    long length = -1;
    if (fseek(s->stream, 0, SEEK_END) == 0)
        length = ftell(s->stream);
    if (length < 0 || fseek(s->stream, 0, SEEK_SET) != 0)
        return es_errors_add(s->errors, ES_NO_INPUT, s->path, 0, "cannot be read: %s",
                             strerror(errno));
    if (length > ONNX_MAX_FILE_BYTES)
        return es_errors_add(s->errors, ES_INVALID, s->path, 0,
                             "longer than %lld bytes, more than a protobuf message can be",
                             (long long)ONNX_MAX_FILE_BYTES);
    size_t n = fread(head, 1, sizeof head, s->stream);
    const char *other = other_kind(head, n);
    if (other != NULL)
        return es_errors_add(s->errors, ES_INVALID, s->path, 0, "%s", other);
    rewind(s->stream);
    s->frames[s->depth++] = (frame){.type = &onnx__model_proto__descriptor, .end = length};
    return ES_OK;
}

es_status onnx_skim(FILE *stream, const char *path, onnx_skimmed *skimmed, es_errors *errors) {
    skim s = {.stream = stream, .path = path, .errors = errors, .to = skimmed};
    *skimmed = (onnx_skimmed){0};
    es_status status = measure(&s);
    while (status == ES_OK && s.depth > 0) {
        if (s.position == s.frames[s.depth - 1].end)
            end_message(&s);
        else
            status = read_field(&s);
    }
    if (status != ES_OK) {
        free(skimmed->data);
        *skimmed = (onnx_skimmed){0};
    }
    return status;
}
