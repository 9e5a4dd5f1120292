/* Runs a fuzz target on given inputs without a fuzzer: every argument is a file, or a folder of
 * files. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_BYTES = 1 << 20 };

static int replay_file(const char *path) {
    static uint8_t bytes[MAX_BYTES];
    FILE *stream = fopen(path, "rb");
    size_t length = stream != NULL ? fread(bytes, 1, sizeof bytes, stream) : 0;
    if (stream == NULL || ferror(stream) || length == sizeof bytes) {
        fprintf(stderr, "%s: cannot be read, or is longer than 1 MiB\n", path);
        exit(1);
    }
    fclose(stream);
    LLVMFuzzerTestOneInput(bytes, length);
    return 1;
}

static int replay_folder(const char *path, DIR *folder) {
    int n = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char file[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        n += replay_file(file);
    }
    return n;
}

int main(int argc, char **argv) {
    int n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        n += folder != NULL ? replay_folder(argv[i], folder) : replay_file(argv[i]);
        if (folder != NULL)
            closedir(folder);
    }
    printf("%d inputs\n", n);
    return n > 0 ? 0 : 1;
}
