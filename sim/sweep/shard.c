/* Shards: files of records that are only ever appended to. A record is a header and a payload in
 * the byte order of the machine; other bytes, the end of a record that a kill cut off say, end the
 * shard for its readers. */
#include "parts.h"

#include "edgesplit/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 64 bytes without padding. */
typedef struct record_header {
    char magic[8];
    run_id id;
    uint32_t kind, reserved;
    uint64_t length;   /* of the payload */
    uint64_t checksum; /* of the fields before it and the payload */
} record_header;
_Static_assert(sizeof(record_header) == 64, "a header has no padding");

static const char magic[8] = {'E', 'S', 'r', 'u', 'n', '0', '0', '1'};
static const size_t MAX_PAYLOAD = (size_t)1 << 30;
static const double SYNC_EVERY_S = 5;

/* FNV-1a over words: 64-bit prime and offset of Fowler, Noll and Vo. */
static uint64_t add_to_checksum(uint64_t checksum, const void *data, size_t length) {
    const unsigned char *bytes = data;
    for (; length >= 8; length -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        checksum = (checksum ^ word) * UINT64_C(0x100000001b3);
        checksum ^= checksum >> 32;
    }
    for (; length > 0; length--, bytes++)
        checksum = (checksum ^ *bytes) * UINT64_C(0x100000001b3);
    return checksum;
}

static uint64_t checksum_of(const record_header *header, const void *payload) {
    uint64_t checksum = UINT64_C(0xcbf29ce484222325);
    checksum = add_to_checksum(checksum, header, offsetof(record_header, checksum));
    return add_to_checksum(checksum, payload, (size_t)header->length);
}

void shard_init(shard_writer *shard, const char *folder) {
    *shard = (shard_writer){.folder = folder, .descriptor = -1, .synced_s = es_clock_s()};
}

static es_status failure(const shard_writer *shard, es_errors *errors) {
    return es_errors_add(errors, ES_IO, shard->path, 0, "cannot be written: %s", strerror(errno));
}

/* Opens a file of the next number that nobody has. */
static es_status open_shard(shard_writer *shard, es_errors *errors) {
    for (unsigned number = 0; shard->descriptor < 0; number++) {
        es_text path = {0};
        es_text_add(&path, "%s/shards/%06u.shard", shard->folder, number);
        free(shard->path);
        shard->path = path.data;
        if (path.failed)
            return es_errors_no_memory(errors, shard->folder);
        shard->descriptor = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (shard->descriptor < 0 && errno != EEXIST)
            return es_errors_add(errors,
                                 errno == ENOSPC || errno == EDQUOT ? ES_IO : ES_CANT_CREATE,
                                 path.data, 0, "%s", strerror(errno));
    }
    return ES_OK;
}

static bool write_all(int descriptor, const char *data, size_t length) {
    while (length > 0) {
        ssize_t n = write(descriptor, data, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        length -= (size_t)n;
    }
    return true;
}

es_status shard_append(shard_writer *shard, record_kind kind, const run_id *id, const void *payload,
                       size_t length, es_errors *errors) {
    if (shard->descriptor < 0) {
        es_status status = open_shard(shard, errors);
        if (status != ES_OK)
            return status;
    }
    record_header header = {.id = *id, .kind = kind, .length = length};
    memcpy(header.magic, magic, sizeof magic);
    header.checksum = checksum_of(&header, payload);
    char *record = es_alloc(sizeof header + length, 1);
    if (record == NULL)
        return es_errors_no_memory(errors, shard->path);
    memcpy(record, &header, sizeof header);
    memcpy(record + sizeof header, payload, length);
    es_status status = ES_OK;
    if (!write_all(shard->descriptor, record, sizeof header + length)) {
        status = failure(shard, errors);
        if (ftruncate(shard->descriptor, shard->length) == 0)
            (void)lseek(shard->descriptor, shard->length, SEEK_SET);
    } else {
        shard->length += (int64_t)(sizeof header + length);
    }
    free(record);
    if (status == ES_OK && es_clock_s() - shard->synced_s > SYNC_EVERY_S) {
        if (fsync(shard->descriptor) != 0)
            status = failure(shard, errors);
        shard->synced_s = es_clock_s();
    }
    return status;
}

es_status shard_close(shard_writer *shard, es_errors *errors) {
    es_status status = ES_OK;
    if (shard->descriptor >= 0) {
        bool synced = fsync(shard->descriptor) == 0;
        if (close(shard->descriptor) != 0 || !synced)
            status = failure(shard, errors);
    }
    free(shard->path);
    shard->path = NULL;
    shard->descriptor = -1;
    return status;
}

/* Reads the next record; false at the end, or with `*status` not ES_OK. */
static bool read_record(FILE *stream, record_header *header, char **payload, size_t *capacity,
                        es_status *status) {
    if (fread(header, sizeof *header, 1, stream) != 1 ||
        memcmp(header->magic, magic, sizeof magic) != 0 || header->length > MAX_PAYLOAD)
        return false;
    size_t length = (size_t)header->length;
    *status = es_reserve(payload, capacity, length + 1, 1);
    if (*status != ES_OK || (length > 0 && fread(*payload, length, 1, stream) != 1))
        return false;
    (*payload)[length] = '\0';
    return checksum_of(header, *payload) == header->checksum;
}

es_status shards_read(const char *folder, shard_list *shards, void *context,
                      es_status (*take)(void *context, record_kind kind, const run_id *id,
                                        const char *payload, const record_place *place),
                      es_errors *errors) {
    *shards = (shard_list){0};
    es_text base = {0};
    es_text_add(&base, "%s/shards/x", folder);
    es_status status = base.failed
                           ? ES_NO_MEMORY
                           : es_find_files(base.data, "*.shard", &shards->paths, &shards->n);
    for (size_t i = 0; i < shards->n && status == ES_OK; i++) {
        char *path = es_path_beside(base.data, shards->paths[i]);
        if (path == NULL) {
            status = ES_NO_MEMORY;
            break;
        }
        free(shards->paths[i]);
        shards->paths[i] = path;
        FILE *stream = fopen(path, "rb");
        if (stream == NULL) {
            status = es_errors_add(errors, ES_IO, path, 0, "%s", strerror(errno));
            break;
        }
        char *payload = NULL;
        size_t capacity = 0;
        record_header header;
        record_place place = {.shard = i};
        while (read_record(stream, &header, &payload, &capacity, &status) && status == ES_OK) {
            place.offset += (int64_t)sizeof header;
            place.length = (size_t)header.length;
            status = take(context, (record_kind)header.kind, &header.id, payload, &place);
            place.offset += (int64_t)header.length;
        }
        free(payload);
        if (status == ES_OK && ferror(stream) != 0)
            status = es_errors_add(errors, ES_IO, path, 0, "cannot be read: %s", strerror(errno));
        fclose(stream);
    }
    free(base.data);
    if (status == ES_NO_MEMORY)
        es_errors_no_memory(errors, folder);
    return status;
}

void shards_fini(shard_list *shards) {
    for (size_t i = 0; i < shards->n; i++)
        free(shards->paths[i]);
    free(shards->paths);
    *shards = (shard_list){0};
}
