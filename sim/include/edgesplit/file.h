/* Files: read whole, hash, and publish atomically. The only module besides the programs that calls
 * POSIX. */
#ifndef EDGESPLIT_FILE_H
#define EDGESPLIT_FILE_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

enum { ES_SHA256_TEXT = 65 };

/* A file's bytes in memory, NUL-terminated behind `length`, and their SHA-256 in lower-case
 * hexadecimal. */
typedef struct es_file {
    char *data;
    size_t length;
    char sha256[ES_SHA256_TEXT];
} es_file;

/* Opens a regular file for reading, without waiting for anybody. NULL, with a record of status
 * ES_NO_INPUT: it is missing, not a regular file or unreadable. The caller closes it. */
FILE *es_file_open(const char *path, es_errors *errors);

/* Reads a whole regular file of at most `max_bytes`. ES_NO_INPUT: missing, not a regular file or
 * unreadable; ES_INVALID: longer than `max_bytes`; ES_NO_MEMORY. Free with es_file_fini. */
ES_NODISCARD es_status es_file_read(const char *path, size_t max_bytes, es_file *file,
                                    es_errors *errors);
void es_file_fini(es_file *file);

/* SHA-256 (FIPS 180-4, by libcrypto) of a buffer. ES_INTERNAL if libcrypto refuses. */
ES_NODISCARD es_status es_sha256(const void *data, size_t length, char text[ES_SHA256_TEXT]);

/* The same of bytes that come piece by piece; zeroed: nothing to free. es_hash_fini ends and frees
 * it; `text` NULL: nobody wants it any more. ES_INTERNAL if libcrypto has refused anything. */
typedef struct es_hash {
    void *context;
    bool failed;
} es_hash;

void es_hash_init(es_hash *hash);
void es_hash_add(es_hash *hash, const void *data, size_t length);
es_status es_hash_fini(es_hash *hash, char text[ES_SHA256_TEXT]);

/* The same of a regular file of any length, which is read piece by piece. ES_NO_INPUT: missing, not
 * a regular file or unreadable; ES_INTERNAL. */
ES_NODISCARD es_status es_file_sha256(const char *path, char text[ES_SHA256_TEXT],
                                      es_errors *errors);

/* Creates the path of a file named `path` in a scenario or profile that lies at `base_file`: `path`
 * itself if it is absolute, else relative to the folder of `base_file`. NULL: out of memory. */
ES_NODISCARD char *es_path_beside(const char *base_file, const char *path);

/* Creates the path of the program that runs, "" if that cannot be found out. NULL: out of memory.
 */
ES_NODISCARD char *es_program_path(void);

/* Creates the path of a file that lies at `relative` to the program that runs, without the "../"
 * that `relative` may begin with. NULL: out of memory. */
ES_NODISCARD char *es_path_beside_program(const char *relative);

/* Creates the path of a folder of ours: `installed`, relative to the program, if it is there, else
 * `source`, in the tree it was built from. NULL: out of memory. */
ES_NODISCARD char *es_data_folder(const char *installed, const char *source);

/* Creates the names [*n] of the files that match a shell pattern (POSIX glob), relative to the
 * folder of `base_file` as the pattern is, in the order of their bytes; none: ES_OK, *n is 0 and
 * *names NULL. The caller frees each and the array. ES_NO_INPUT: a folder cannot be read;
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_find_files(const char *base_file, const char *pattern, char ***names,
                                     size_t *n);

/* Creates the path of a file from the root of the file system, links as they are. NULL: out of
 * memory, or the current folder has no path. */
ES_NODISCARD char *es_absolute_path(const char *path);

/* The part behind the last slash; lends from `path`. */
const char *es_path_name(const char *path);

/* Makes a folder, unless it is there; those above it have to be. ES_CANT_CREATE. */
ES_NODISCARD es_status es_folder_make(const char *path, es_errors *errors);

/* A file that appears under its final name complete or not at all: it is written under `temporary`
 * ("FINAL.tmp.PID", beside it), then made durable and renamed. */
typedef struct es_publication {
    char *final, *temporary;
    bool replace; /* a file that is there */
} es_publication;

/* Checks that a file can be made at `path`: its folder is there and writable, and what is there
 * already is a regular file that `replace` allows to replace. ES_CANT_CREATE, ES_NO_MEMORY. */
ES_NODISCARD es_status es_output_check(const char *path, bool replace, es_errors *errors);

/* Checks the path as above and names the temporary file; creates nothing yet. */
ES_NODISCARD es_status es_publication_init(es_publication *publication, const char *path,
                                           bool replace, es_errors *errors);

/* fsync of the temporary file, its final name, fsync of the folder. On failure the temporary file
 * is removed: ES_IO, or ES_CANT_CREATE where another file has taken the name in the meantime and
 * may not be replaced. */
ES_NODISCARD es_status es_publication_commit(es_publication *publication, es_errors *errors);

/* Frees the names and removes the temporary file if it was not committed. NULL members are allowed.
 */
void es_publication_fini(es_publication *publication);

/* Creates a file without a name, for writing and reading, in the folder of `beside`, or in that for
 * temporary files if that is NULL; it is gone when the stream is closed. NULL: a record of status
 * ES_CANT_CREATE or ES_NO_MEMORY. */
FILE *es_file_temporary(const char *beside, es_errors *errors);

/* Publishes a text as a file in one call. */
ES_NODISCARD es_status es_file_write(const char *path, const char *data, size_t length,
                                     bool replace, es_errors *errors);

#endif
