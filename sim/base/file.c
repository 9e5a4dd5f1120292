#include "edgesplit/file.h"

#include "edgesplit/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void es_hash_init(es_hash *hash) {
    hash->context = EVP_MD_CTX_new();
    hash->failed =
        hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1;
}

void es_hash_add(es_hash *hash, const void *data, size_t length) {
    hash->failed = hash->failed || EVP_DigestUpdate(hash->context, data, length) != 1;
}

es_status es_hash_fini(es_hash *hash, char text[ES_SHA256_TEXT]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool ok = text != NULL && !hash->failed && EVP_DigestFinal_ex(hash->context, digest, &n) == 1 &&
              n == 32;
    EVP_MD_CTX_free(hash->context);
    *hash = (es_hash){.failed = true};
    for (size_t i = 0; ok && i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)digest[i]);
    return ok || text == NULL ? ES_OK : ES_INTERNAL;
}

es_status es_sha256(const void *data, size_t length, char text[ES_SHA256_TEXT]) {
    es_hash hash;
    es_hash_init(&hash);
    es_hash_add(&hash, data, length);
    return es_hash_fini(&hash, text);
}

static es_status read_all(FILE *stream, const char *path, size_t max_bytes, es_file *file,
                          es_errors *errors) {
    size_t capacity = 0;
    for (;;) {
        if (es_reserve(&file->data, &capacity, file->length + 65536, 1) != ES_OK)
            return es_errors_add(errors, ES_NO_MEMORY, path, 0, "out of memory while reading");
        size_t got = fread(file->data + file->length, 1, capacity - file->length - 1, stream);
        if (got == 0)
            break;
        file->length += got;
        if (file->length > max_bytes)
            return es_errors_add(errors, ES_INVALID, path, 0, "longer than %zu bytes", max_bytes);
    }
    if (ferror(stream))
        return es_errors_add(errors, ES_NO_INPUT, path, 0, "cannot be read: %s", strerror(errno));
    file->data[file->length] = '\0';
    return es_sha256(file->data, file->length, file->sha256);
}

FILE *es_file_open(const char *path, es_errors *errors) {
    /* O_NONBLOCK: opening a pipe that nobody writes must not wait. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "rb") : NULL;
    struct stat status_of_file;
    if (stream == NULL) {
        es_errors_add(errors, ES_NO_INPUT, path, 0, "%s", strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    if (fstat(descriptor, &status_of_file) == 0 && S_ISREG(status_of_file.st_mode))
        return stream;
    es_errors_add(errors, ES_NO_INPUT, path, 0, "not a regular file");
    fclose(stream);
    return NULL;
}

es_status es_file_read(const char *path, size_t max_bytes, es_file *file, es_errors *errors) {
    *file = (es_file){0};
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return ES_NO_INPUT;
    es_status status = read_all(stream, path, max_bytes, file, errors);
    fclose(stream);
    if (status != ES_OK)
        es_file_fini(file);
    return status;
}

es_status es_file_sha256(const char *path, char text[ES_SHA256_TEXT], es_errors *errors) {
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return ES_NO_INPUT;
    es_hash hash;
    es_hash_init(&hash);
    char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, stream)) > 0;)
        es_hash_add(&hash, buffer, n);
    bool unread = ferror(stream) != 0;
    fclose(stream);
    es_status status = es_hash_fini(&hash, text);
    if (unread)
        status = ES_NO_INPUT;
    if (status != ES_OK)
        es_errors_add(errors, status, path, 0, "cannot be read");
    return status;
}

void es_file_fini(es_file *file) {
    free(file->data);
    *file = (es_file){0};
}

char *es_path_beside(const char *base_file, const char *path) {
    const char *slash = strrchr(base_file, '/');
    if (path[0] == '/' || slash == NULL)
        return es_strdup(path);
    es_text text = {0};
    es_text_add(&text, "%.*s%s", (int)(slash - base_file + 1), base_file, path);
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

enum { PATH_LENGTH = 4096 };

char *es_program_path(void) {
    char self[PATH_LENGTH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    return es_strdup(self);
}

char *es_path_beside_program(const char *relative) {
    char *self = es_program_path();
    char *slash = self != NULL ? strrchr(self, '/') : NULL;
    for (; strncmp(relative, "../", 3) == 0 && slash > self; slash = strrchr(self, '/')) {
        *slash = '\0';
        relative += 3;
    }
    char *path = self != NULL ? es_path_beside(self, relative) : NULL;
    free(self);
    return path;
}

char *es_data_folder(const char *installed, const char *source) {
    char *folder = es_path_beside_program(installed);
    if (folder == NULL || access(folder, F_OK) == 0)
        return folder;
    free(folder);
    return es_strdup(source);
}

char *es_absolute_path(const char *path) {
    if (path[0] == '/')
        return es_strdup(path);
    char *folder = NULL;
    size_t capacity = 0;
    for (size_t size = 256;; size *= 2) {
        if (es_reserve(&folder, &capacity, size, 1) != ES_OK)
            break;
        if (getcwd(folder, capacity) != NULL) {
            es_text text = {0};
            es_text_add(&text, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
            free(folder);
            if (!text.failed)
                return text.data;
            free(text.data);
            return NULL;
        }
        if (errno != ERANGE)
            break;
    }
    free(folder);
    return NULL;
}

const char *es_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static const char already_there[] = "is there already; --force replaces it, -o names another file";

/* Creates the path of the folder a file lies in. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return es_strdup(".");
    char *folder = es_strdup(path);
    if (folder != NULL)
        folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

es_status es_folder_make(const char *path, es_errors *errors) {
    struct stat there;
    if (mkdir(path, 0777) == 0)
        return ES_OK;
    int cause = errno;
    if (stat(path, &there) == 0 && S_ISDIR(there.st_mode))
        return ES_OK;
    return es_errors_add(errors, ES_CANT_CREATE, path, 0, "%s", strerror(cause));
}

es_status es_output_check(const char *path, bool replace, es_errors *errors) {
    struct stat there;
    if (*es_path_name(path) == '\0')
        return es_errors_add(errors, ES_CANT_CREATE, path, 0, "expected the name of a file");
    char *folder = folder_of(path);
    if (folder == NULL)
        return es_errors_no_memory(errors, path);
    es_status status = ES_OK;
    if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode))
        status = es_errors_add(errors, ES_CANT_CREATE, path, 0, "there is no folder %s", folder);
    else if (access(folder, W_OK) != 0)
        status = es_errors_add(errors, ES_CANT_CREATE, path, 0, "folder %s: %s", folder,
                               strerror(errno));
    else if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
        status = es_errors_add(errors, ES_CANT_CREATE, path, 0,
                               "is there and not a regular file; -o names another file");
    else if (!replace && lstat(path, &there) == 0)
        status = es_errors_add(errors, ES_CANT_CREATE, path, 0, "%s", already_there);
    free(folder);
    return status;
}

es_status es_publication_init(es_publication *publication, const char *path, bool replace,
                              es_errors *errors) {
    *publication = (es_publication){.replace = replace};
    es_status status = es_output_check(path, replace, errors);
    if (status != ES_OK)
        return status;
    es_text temporary = {0};
    es_text_add(&temporary, "%s.tmp.%ld", path, (long)getpid());
    publication->temporary = temporary.data;
    publication->final = es_strdup(path);
    if (temporary.failed || publication->final == NULL) {
        es_publication_fini(publication);
        return es_errors_no_memory(errors, path);
    }
    return ES_OK;
}

/* Makes what a path names durable. */
static bool sync_path(const char *path, int flags) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (descriptor < 0)
        return false;
    bool synced = fsync(descriptor) == 0;
    return close(descriptor) == 0 && synced;
}

/* Gives the temporary file its final name. Without leave to replace, a file that has come to be
 * there since is kept: a link is refused where a rename would overwrite. Not every file system has
 * links. */
static bool give_name(const es_publication *publication) {
    if (!publication->replace) {
        if (link(publication->temporary, publication->final) == 0)
            return unlink(publication->temporary) == 0;
        if (errno == EEXIST)
            return false;
    }
    return rename(publication->temporary, publication->final) == 0;
}

es_status es_publication_commit(es_publication *publication, es_errors *errors) {
    char *folder = folder_of(publication->final);
    if (folder == NULL)
        return es_errors_no_memory(errors, publication->final);
    es_status status = ES_OK;
    if (!sync_path(publication->temporary, 0) || !give_name(publication) ||
        !sync_path(folder, O_DIRECTORY)) {
        status = errno == EEXIST ? es_errors_add(errors, ES_CANT_CREATE, publication->final, 0,
                                                 "%s", already_there)
                                 : es_errors_add(errors, ES_IO, publication->final, 0,
                                                 "cannot be written: %s", strerror(errno));
        unlink(publication->temporary);
    }
    free(folder);
    free(publication->temporary);
    publication->temporary = NULL;
    return status;
}

void es_publication_fini(es_publication *publication) {
    if (publication->temporary != NULL)
        unlink(publication->temporary);
    free(publication->temporary);
    free(publication->final);
    *publication = (es_publication){0};
}

/* The stream of a new file that has lost its name; NULL with errno. */
static FILE *open_nameless(char *pattern) {
    int descriptor = mkstemp(pattern);
    if (descriptor < 0)
        return NULL;
    FILE *stream = unlink(pattern) == 0 ? fdopen(descriptor, "w+b") : NULL;
    if (stream == NULL)
        close(descriptor);
    return stream;
}

FILE *es_file_temporary(const char *beside, es_errors *errors) {
    char *pattern = NULL;
    FILE *stream = NULL;
    if (beside != NULL) {
        es_text text = {0};
        es_text_add(&text, "%s.tmp.XXXXXX", beside);
        pattern = text.data;
        if (text.failed) {
            free(pattern);
            es_errors_no_memory(errors, beside);
            return NULL;
        }
        stream = open_nameless(pattern);
    } else
        stream = tmpfile();
    if (stream == NULL)
        es_errors_add(errors, ES_CANT_CREATE, beside, 0, "temporary file: %s", strerror(errno));
    free(pattern);
    return stream;
}

es_status es_file_write(const char *path, const char *data, size_t length, bool replace,
                        es_errors *errors) {
    es_publication publication;
    es_status status = es_publication_init(&publication, path, replace, errors);
    if (status != ES_OK)
        return status;
    FILE *stream = fopen(publication.temporary, "wb");
    if (stream == NULL) {
        status = es_errors_add(errors, ES_CANT_CREATE, path, 0, "%s", strerror(errno));
    } else {
        bool written = fwrite(data, 1, length, stream) == length;
        bool closed = fclose(stream) == 0;
        if (!written || !closed)
            status =
                es_errors_add(errors, ES_IO, path, 0, "cannot be written: %s", strerror(errno));
    }
    if (status == ES_OK)
        status = es_publication_commit(&publication, errors);
    es_publication_fini(&publication);
    return status;
}
