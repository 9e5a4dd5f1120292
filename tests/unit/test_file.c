#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "test.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static es_errors errors;
static char folder[] = "test_file_XXXXXX";
static char path[64], other[64];

static int make_folder(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    snprintf(path, sizeof path, "%s/out.txt", mkdtemp(folder));
    snprintf(other, sizeof other, "%s/other", folder);
    es_errors_init(&errors);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    unlink(other);
    rmdir(other);
    return rmdir(folder); /* fails if a test left anything else behind */
}

static size_t n_files(void) {
    size_t n = 0;
    DIR *listing = opendir(folder);
    while (readdir(listing) != NULL)
        n++;
    closedir(listing);
    return n - 2;
}

static void test_paths_beside_the_program(void **state) {
    (void)state;
    char *program = es_program_path(), *beside = es_path_beside_program("x/y");
    char *above = es_path_beside_program("../share/x"), *root = NULL;
    char text[4096] = "";
    assert_non_null(program);
    char *slash = strrchr(program, '/');
    assert_true(slash != NULL && slash > program);
    snprintf(text, sizeof text, "%.*s/x/y", (int)(slash - program), program);
    assert_string_equal(beside, text);
    *slash = '\0';
    slash = strrchr(program, '/');
    snprintf(text, sizeof text, "%.*s/share/x", (int)(slash - program), program);
    assert_string_equal(above, text);
    for (size_t i = 0; i < 1000; i++)
        strcpy(text + 3 * i, "../");
    strcpy(text + 3000, "x");
    root = es_path_beside_program(text);
    assert_int_equal(root[0], '/');
    free(program);
    free(beside);
    free(above);
    free(root);
}

static void write_path(const char *text) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void assert_content(const char *text) {
    es_file file;
    assert_int_equal(es_file_read(path, 1000, &file, &errors), ES_OK);
    assert_string_equal(file.data, text);
    assert_int_equal(file.length, strlen(text));
    es_file_fini(&file);
}

/* The vectors of FIPS 180-2, appendix B, and of the empty text (NIST CAVP, SHA256ShortMsg). */
static void test_sha256(void **state) {
    (void)state;
    char text[ES_SHA256_TEXT];
    assert_int_equal(es_sha256("", 0, text), ES_OK);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(es_sha256("abc", 3, text), ES_OK);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(
        es_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text), ES_OK);
    assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    assert_int_equal(es_sha256(million, sizeof million, text), ES_OK);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_read(void **state) {
    (void)state;
    es_file file;
    write_path("abc");
    assert_int_equal(es_file_read(path, 3, &file, &errors), ES_OK);
    assert_int_equal(file.length, 3);
    assert_string_equal(file.data, "abc");
    assert_string_equal(file.sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    es_file_fini(&file);
    assert_null(file.data);
    write_path("");
    assert_int_equal(es_file_read(path, 3, &file, &errors), ES_OK);
    assert_int_equal(file.length, 0);
    assert_string_equal(file.data, "");
    es_file_fini(&file);
}

/* Sizes around the pieces in which a file is read. */
static void test_read_long_files(void **state) {
    (void)state;
    static const size_t lengths[] = {65534, 65535, 65536, 65537, 131071, 131072, 500000};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        FILE *stream = fopen(path, "w");
        for (size_t i = 0; i < lengths[k]; i++)
            fputc((int)(i % 251), stream);
        fclose(stream);
        es_file file;
        assert_int_equal(es_file_read(path, lengths[k], &file, &errors), ES_OK);
        assert_int_equal(file.length, lengths[k]);
        for (size_t i = 0; i < lengths[k]; i++)
            assert_int_equal((unsigned char)file.data[i], i % 251);
        assert_int_equal(file.data[file.length], '\0');
        char text[ES_SHA256_TEXT];
        assert_int_equal(es_file_sha256(path, text, &errors), ES_OK);
        assert_string_equal(text, file.sha256);
        es_file_fini(&file);
        assert_int_equal(es_file_read(path, lengths[k] - 1, &file, &errors), ES_INVALID);
        assert_null(file.data);
    }
}

static void test_read_errors(void **state) {
    (void)state;
    es_file file;
    char expected[200];
    assert_int_equal(es_file_read(path, 10, &file, &errors), ES_NO_INPUT);
    snprintf(expected, sizeof expected, "%s: No such file or directory", path);
    assert_string_equal(errors.records[0].text, expected);
    assert_null(file.data);
    assert_int_equal(es_file_read(folder, 10, &file, &errors), ES_NO_INPUT);
    snprintf(expected, sizeof expected, "%s: not a regular file", folder);
    assert_string_equal(errors.records[1].text, expected);
    write_path("abcd");
    assert_int_equal(es_file_read(path, 3, &file, &errors), ES_INVALID);
    snprintf(expected, sizeof expected, "%s: longer than 3 bytes", path);
    assert_string_equal(errors.records[2].text, expected);
    char text[ES_SHA256_TEXT];
    assert_int_equal(es_file_sha256(folder, text, &errors), ES_NO_INPUT);
    assert_int_equal(errors.n, 4);
}

/* A named pipe without a writer must be refused, not waited for. */
static void test_read_refuses_a_pipe(void **state) {
    (void)state;
    es_file file;
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(20);
    assert_int_equal(es_file_read(path, 3, &file, &errors), ES_NO_INPUT);
    alarm(0);
}

static void test_read_out_of_memory(void **state) {
    (void)state;
    write_path("abc");
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        es_file file;
        fault_alloc_fail_at(n);
        es_status status = es_file_read(path, 10, &file, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        es_file_fini(&file);
    }
}

static void test_paths(void **state) {
    (void)state;
    static const char *const cases[][3] = {{"a/b.ini", "c.csv", "a/c.csv"},
                                           {"b.ini", "c.csv", "c.csv"},
                                           {"/b.ini", "c.csv", "/c.csv"},
                                           {"a/b.ini", "/c.csv", "/c.csv"},
                                           {"a/b/c.ini", "../d", "a/b/../d"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *made = es_path_beside(cases[i][0], cases[i][1]);
        assert_string_equal(made, cases[i][2]);
        free(made);
        fault_alloc_fail_at(1);
        assert_null(es_path_beside(cases[i][0], cases[i][1]));
        fault_alloc_fail_at(0);
    }
    assert_string_equal(es_path_name("a/b/c.ini"), "c.ini");
    assert_string_equal(es_path_name("c.ini"), "c.ini");
    assert_string_equal(es_path_name("/c.ini"), "c.ini");
}

static void test_write_and_replace(void **state) {
    (void)state;
    assert_int_equal(es_file_write(path, "abc", 3, false, &errors), ES_OK);
    assert_content("abc");
    assert_int_equal(es_file_write(path, "def", 3, false, &errors), ES_CANT_CREATE);
    assert_int_equal(errors.n, 1);
    assert_non_null(strstr(errors.records[0].text, "is there already"));
    assert_content("abc");
    assert_int_equal(es_file_write(path, "de", 2, true, &errors), ES_OK);
    assert_content("de");
    assert_int_equal(es_file_write(path, "", 0, true, &errors), ES_OK);
    assert_content("");
    assert_int_equal(n_files(), 1);
}

/* A link whose target is missing is something that is there. */
static void test_write_refuses_a_dangling_link(void **state) {
    (void)state;
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(es_file_write(path, "abc", 3, false, &errors), ES_CANT_CREATE);
    assert_int_equal(n_files(), 1);
}

static void test_write_needs_its_folder(void **state) {
    (void)state;
    char missing[100], expected[300];
    snprintf(missing, sizeof missing, "%s/no/out.txt", folder);
    assert_int_equal(es_file_write(missing, "abc", 3, false, &errors), ES_CANT_CREATE);
    snprintf(expected, sizeof expected, "%s: there is no folder %s/no", missing, folder);
    assert_string_equal(errors.records[0].text, expected);
    write_path("");
    snprintf(missing, sizeof missing, "%s/out.txt", path);
    assert_int_equal(es_file_write(missing, "abc", 3, false, &errors), ES_CANT_CREATE);
    if (geteuid() != 0) { /* root may write everywhere */
        assert_int_equal(chmod(folder, 0500), 0);
        assert_int_equal(es_file_write(other, "abc", 3, false, &errors), ES_CANT_CREATE);
        assert_int_equal(chmod(folder, 0700), 0);
    }
    assert_int_equal(n_files(), 1);
}

/* The temporary file leads to a device that is always full. */
static void test_make_folder(void **state) {
    (void)state;
    char below[100];
    assert_int_equal(es_folder_make(other, &errors), ES_OK);
    assert_int_equal(es_folder_make(other, &errors), ES_OK);
    assert_int_equal(errors.n, 0);
    write_path("");
    const struct {
        const char *folder, *name, *cause;
    } cases[] = {
        {folder, "none/below", "No such file or directory"},
        {folder, "out.txt", "File exists"},
        {path, "below", "Not a directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_errors_init(&errors);
        snprintf(below, sizeof below, "%s/%s", cases[i].folder, cases[i].name);
        assert_int_equal(es_folder_make(below, &errors), ES_CANT_CREATE);
        assert_non_null(strstr(errors.records[0].text, cases[i].cause));
    }
    assert_int_equal(n_files(), 2);
}

static void test_disk_full(void **state) {
    (void)state;
    es_publication publication;
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_int_equal(es_publication_init(&publication, path, false, &errors), ES_OK);
    assert_int_equal(symlink("/dev/full", publication.temporary), 0);
    assert_int_equal(es_file_write(path, "abc", 3, false, &errors), ES_IO);
    assert_non_null(strstr(errors.records[0].text, "No space left on device"));
    es_publication_fini(&publication);
    assert_int_equal(n_files(), 0);
}

static void test_publication(void **state) {
    (void)state;
    es_publication publication;
    assert_int_equal(es_publication_init(&publication, path, false, &errors), ES_OK);
    assert_string_equal(publication.final, path);
    assert_memory_equal(publication.temporary, path, strlen(path));
    assert_int_equal(n_files(), 0);
    FILE *stream = fopen(publication.temporary, "w");
    fputs("abc", stream);
    fclose(stream);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(es_publication_commit(&publication, &errors), ES_OK);
    es_publication_fini(&publication);
    assert_content("abc");
    assert_int_equal(n_files(), 1);
    /* Given up: the temporary file goes, the one published before stays. */
    assert_int_equal(es_publication_init(&publication, path, true, &errors), ES_OK);
    stream = fopen(publication.temporary, "w");
    fputs("half", stream);
    fclose(stream);
    es_publication_fini(&publication);
    assert_content("abc");
    assert_int_equal(n_files(), 1);
}

static void write_temporary(const es_publication *publication, const char *text) {
    FILE *stream = fopen(publication->temporary, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void test_commit_errors(void **state) {
    (void)state;
    es_publication publication;
    assert_int_equal(es_publication_init(&publication, path, false, &errors), ES_OK);
    assert_int_equal(es_publication_commit(&publication, &errors), ES_IO);
    es_publication_fini(&publication);
    /* The name has become a folder meanwhile: it stays, and nothing is left behind. */
    for (int replace = 0; replace < 2; replace++) {
        assert_int_equal(es_publication_init(&publication, other, replace, &errors), ES_OK);
        assert_int_equal(mkdir(other, 0700), 0);
        write_temporary(&publication, "abc");
        assert_int_equal(es_publication_commit(&publication, &errors),
                         replace ? ES_IO : ES_CANT_CREATE);
        es_publication_fini(&publication);
        assert_int_equal(n_files(), 1);
        assert_int_equal(rmdir(other), 0);
    }
    assert_int_equal(errors.n, 3);
}

static void test_another_was_first(void **state) {
    (void)state;
    es_publication first, second;
    assert_int_equal(es_publication_init(&first, path, false, &errors), ES_OK);
    write_temporary(&first, "first");
    assert_int_equal(es_publication_commit(&first, &errors), ES_OK);
    es_publication_fini(&first);
    assert_int_equal(es_publication_init(&second, other, false, &errors), ES_OK);
    write_temporary(&second, "second");
    /* As if the second one had been opened before the first was published. */
    free(second.final);
    second.final = es_strdup(path);
    assert_int_equal(es_publication_commit(&second, &errors), ES_CANT_CREATE);
    es_publication_fini(&second);
    assert_content("first");
    assert_int_equal(n_files(), 1);
}

static void test_write_out_of_memory(void **state) {
    (void)state;
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        fault_alloc_fail_at(n);
        es_status status = es_file_write(path, "abc", 3, false, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(n_files(), struck ? 0 : 1);
    }
}

/* Two that are open at once hold what each was given, and no name is left. */
static void test_temporary(void **state) {
    (void)state;
    es_errors_init(&errors);
    FILE *first = es_file_temporary("x.h5", &errors), *second = es_file_temporary(NULL, &errors);
    assert_true(first != NULL && second != NULL);
    assert_int_equal(n_files(), 0);
    char text[4] = "";
    assert_true(fputs("one", first) >= 0 && fputs("two", second) >= 0);
    rewind(first);
    assert_int_equal(fread(text, 1, 3, first), 3);
    assert_string_equal(text, "one");
    assert_int_equal(fclose(first), 0);
    assert_int_equal(fclose(second), 0);
    assert_null(es_file_temporary("nowhere/x.h5", &errors));
    assert_int_equal(es_errors_status(&errors), ES_CANT_CREATE);
    assert_non_null(strstr(errors.records[0].text, "nowhere/x.h5: temporary file: "));
    es_errors_init(&errors);
    fault_alloc_fail_at(1);
    assert_null(es_file_temporary("x.h5", &errors));
    fault_alloc_fail_at(0);
    assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
    assert_int_equal(n_files(), 0);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_sha256),
        FILE_TEST(test_read),
        FILE_TEST(test_read_long_files),
        FILE_TEST(test_read_errors),
        FILE_TEST(test_read_refuses_a_pipe),
        FILE_TEST(test_read_out_of_memory),
        FILE_TEST(test_paths),
        FILE_TEST(test_paths_beside_the_program),
        FILE_TEST(test_write_and_replace),
        FILE_TEST(test_write_refuses_a_dangling_link),
        FILE_TEST(test_write_needs_its_folder),
        FILE_TEST(test_make_folder),
        FILE_TEST(test_disk_full),
        FILE_TEST(test_publication),
        FILE_TEST(test_commit_errors),
        FILE_TEST(test_another_was_first),
        FILE_TEST(test_write_out_of_memory),
        FILE_TEST(test_temporary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
