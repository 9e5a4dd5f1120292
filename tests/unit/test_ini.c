#include "edgesplit/ini.h"
#include "test.h"

#include <string.h>
#include <unistd.h>

static es_errors errors;

/* Loads a text through a file of its own; the file is gone afterwards. */
static es_status load_bytes(const char *text, size_t length, es_ini **ini) {
    char path[] = "test_ini_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, length), (ssize_t)length);
    close(descriptor);
    es_errors_init(&errors);
    es_status status = es_ini_load(path, ini, &errors);
    unlink(path);
    return status;
}

static es_ini *load(const char *text) {
    es_ini *ini;
    es_status status = load_bytes(text, strlen(text), &ini);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return ini;
}

/* The record without its file name: "LINE: text". */
static const char *record(size_t i) {
    assert_true(i < errors.n);
    const char *colon = strchr(errors.records[i].text, ':');
    assert_non_null(colon);
    return colon + 1;
}

/* A text that must fail with just these records, given as "LINE: text" lines. */
static void assert_faults_of(const char *text, size_t length, const char *const *expected,
                             size_t n) {
    es_ini *ini;
    assert_int_equal(load_bytes(text, length, &ini), ES_INVALID);
    assert_null(ini);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(record(i), expected[i]);
    assert_int_equal(errors.n, n);
}

#define ASSERT_FAULTS(text, ...)                                                                   \
    assert_faults_of(text, sizeof(text) - 1, (const char *const[]){__VA_ARGS__},                   \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *value_of(const es_ini *ini, size_t section, const char *key) {
    const es_ini_entry *entry = es_ini_find(ini, section, key);
    return entry != NULL ? entry->value : "(absent)";
}

static void test_sections_and_entries(void **state) {
    (void)state;
    es_ini *ini = load("# made by hand\n"
                       "\n"
                       "[scenario]\n"
                       "title = a walk = a talk: 1/2\n"
                       "  ; indented comment\n"
                       "seed=7\n"
                       "[policy \t dynamic-split.v2 ]  ; the paper's\n"
                       "interval = 1 s\t# each\n"
                       "[output]# nothing here\n"
                       "[policy b]\n"
                       "seed = \xc2\xb5s  ");
    assert_int_equal(ini->n_sections, 4);
    assert_string_equal(ini->sections[0].name, "scenario");
    assert_string_equal(ini->sections[0].kind, "scenario");
    assert_string_equal(ini->sections[0].label, "");
    assert_int_equal(ini->sections[0].line, 3);
    assert_string_equal(ini->sections[1].name, "policy dynamic-split.v2");
    assert_string_equal(ini->sections[1].kind, "policy");
    assert_string_equal(ini->sections[1].label, "dynamic-split.v2");
    assert_int_equal(ini->n_entries, 4);
    assert_string_equal(value_of(ini, 0, "title"), "a walk = a talk: 1/2");
    assert_string_equal(value_of(ini, 0, "seed"), "7");
    assert_int_equal(es_ini_find(ini, 0, "seed")->line, 6);
    assert_string_equal(value_of(ini, 1, "interval"), "1 s");
    assert_string_equal(value_of(ini, 3, "seed"), "\xc2\xb5s");
    assert_null(es_ini_find(ini, 2, "seed"));
    assert_int_equal(es_ini_find_section(ini, "policy", 0), 1);
    assert_int_equal(es_ini_find_section(ini, "policy", 2), 3);
    assert_int_equal(es_ini_find_section(ini, "policy", 4), 4);
    assert_int_equal(es_ini_find_section(ini, "polic", 0), 4);
    assert_memory_equal(ini->text, "# made by hand\n", 15);
    assert_int_equal(ini->text[ini->text_length], '\0');
    es_ini_destroy(ini);
}

static void test_comments_need_white_space(void **state) {
    (void)state;
    es_ini *ini = load("[a]\nb = x;y#z ;c\nc = x #;\nd =;x\n#e = 1\n;f = 1\ng = a#b\n");
    assert_string_equal(value_of(ini, 0, "b"), "x;y#z");
    assert_string_equal(value_of(ini, 0, "c"), "x");
    assert_string_equal(value_of(ini, 0, "d"), ";x");
    assert_string_equal(value_of(ini, 0, "g"), "a#b");
    assert_int_equal(ini->n_entries, 4);
    es_ini_destroy(ini);
}

static void test_line_ends_and_empty_file(void **state) {
    (void)state;
    es_ini *ini = load("[a]\r\nb = 1\r\n\r\n[c]\r\nd = 2\r\n");
    assert_string_equal(value_of(ini, 0, "b"), "1");
    assert_string_equal(value_of(ini, 1, "d"), "2");
    assert_int_equal(es_ini_find(ini, 1, "d")->line, 5);
    es_ini_destroy(ini);
    ini = load("");
    assert_int_equal(ini->n_sections, 0);
    es_ini_destroy(ini);
    ASSERT_FAULTS("[a]\nb = 1\r2\n", "2: holds a control character");
}

/* Values around inih's line length, with blanks, comment signs and equals signs at every seam. */
static void test_long_values(void **state) {
    (void)state;
    static char text[70000], value[65001];
    static const char pattern[] = "a;b#c=d:e   f\t|[x] |=";
    static const size_t lengths[] = {1,   140, 144, 145, 146, 180,  190,  195,  196,  197,
                                     199, 200, 201, 290, 291, 4000, 4096, 8192, 65000};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        for (size_t shift = 0; shift < sizeof pattern - 1; shift++) {
            size_t length = lengths[k];
            for (size_t i = 0; i < length; i++)
                value[i] = pattern[(i + shift) % (sizeof pattern - 1)];
            value[0] = value[length - 1] = 'x';
            value[length] = '\0';
            snprintf(text, sizeof text, "[a]\n%0*d = %s\nb = 2\n", shift % 2 == 0 ? 1 : 49, 0,
                     value);
            es_ini *ini = load(text);
            assert_int_equal(ini->n_entries, 2);
            assert_string_equal(ini->entries[0].value, value);
            assert_string_equal(ini->entries[1].value, "2");
            assert_int_equal(ini->entries[1].line, 3);
            es_ini_destroy(ini);
        }
    snprintf(text, sizeof text, "[a]\nb = x%4000sx\n", "");
    es_ini *ini = load(text);
    assert_int_equal(strlen(ini->entries[0].value), 4002);
    es_ini_destroy(ini);
}

static void test_names_are_not_cut(void **state) {
    (void)state;
    es_ini *ini = load("[s234567890123456789012345678901234567890123456789]\n"
                       "k234567890123456789012345678901234567890123456789 = 1\n");
    assert_int_equal(strlen(ini->sections[0].name), 49);
    assert_int_equal(strlen(ini->entries[0].key), 49);
    es_ini_destroy(ini);
    ASSERT_FAULTS("[s2345678901234567890123456789012345678901234567890]\na = 1\na = 1\n[b]\n"
                  "k2345678901234567890123456789012345678901234567890 = 1\n",
                  "1: the section name is longer than 49 bytes",
                  "5: the key is longer than 49 bytes");
}

static void test_header_faults(void **state) {
    (void)state;
    ASSERT_FAULTS("[a] b = 1\n", "1: text behind ']'; put it on a line of its own");
    ASSERT_FAULTS("[a]]\n", "1: text behind ']'; put it on a line of its own");
    ASSERT_FAULTS("[a\nb = 1\n", "1: section header without ']'");
    ASSERT_FAULTS("[]\n[ \t]\n", "1: the section has no name", "2: the section has no name");
    ASSERT_FAULTS("[a ;b]\n[a=b]\n[[a]\n", "1: a section name may not hold any of [ ] = ; #",
                  "2: a section name may not hold any of [ ] = ; #",
                  "3: a section name may not hold any of [ ] = ; #");
    ASSERT_FAULTS("[a]\n [b]\n", "2: indented; start it in the first column");
    ASSERT_FAULTS("[a]\nb = 1\n[c]\n[a]\nb = 1\n[ a ]\n",
                  "4: section [a] is there already, on line 1",
                  "6: section [a] is there already, on line 1");
    ASSERT_FAULTS("[p x  y]\n[p x y]\n", "2: section [p x y] is there already, on line 1");
}

static void test_entry_faults(void **state) {
    (void)state;
    ASSERT_FAULTS("[a]\nb = 1\n  c = 2\n\tcontinued\n", "3: indented; start it in the first column",
                  "4: indented; start it in the first column");
    ASSERT_FAULTS("[a]\nb: 1\nc : x = 2\n", "2: ':' used for '='; expected 'key = value'",
                  "3: ':' used for '='; expected 'key = value'");
    ASSERT_FAULTS("[a]\nb\nc ; = 2\n",
                  "2: no '='; expected 'key = value', '[section]' or a comment",
                  "3: no '='; expected 'key = value', '[section]' or a comment");
    ASSERT_FAULTS("[a]\n= 1\n=\n", "2: there is no key before '='",
                  "3: there is no key before '='");
    ASSERT_FAULTS("[a]\nb =\nc = ; 5\nd = \t \n", "2: key 'b' has no value",
                  "3: key 'c' has no value", "4: key 'd' has no value");
    ASSERT_FAULTS("[a]\nb c = 1\nb.c = 1\n\xc3\xa4 = 1\n",
                  "2: a key may hold only letters, digits, '-' and '_'",
                  "3: a key may hold only letters, digits, '-' and '_'",
                  "4: a key may hold only letters, digits, '-' and '_'");
    ASSERT_FAULTS("[a]\nb = 1\nc = 1\nb = 1\nB = 1\nb =\n",
                  "4: key 'b' is in [a] already, on line 2", "6: key 'b' has no value",
                  "6: key 'b' is in [a] already, on line 2");
    ASSERT_FAULTS("a = 1\nb = 2\n[c]\nd = 1\n", "1: a key before the first [section]");
}

static void test_encoding_faults(void **state) {
    (void)state;
    ASSERT_FAULTS("\xef\xbb\xbf[a]\nb = 1\nb = 2\n",
                  "1: a byte-order mark; save the file as UTF-8 without it",
                  "3: key 'b' is in [a] already, on line 2");
    ASSERT_FAULTS("[a]\nb = 1\0002\n# \0\n", "2: holds a NUL byte", "3: holds a NUL byte");
    ASSERT_FAULTS("[a]\nb = \x1b[0m\nc = \x7f\n", "2: holds a control character",
                  "3: holds a control character");
    /* Latin-1, cut, overlong, surrogate, beyond U+10FFFF; the last byte of a file cut. */
    ASSERT_FAULTS("[a]\nb = \xe9t\xe9\nc = \xe2\x82\nd = \xc0\xaf\ne = \xe0\x80\x80\n"
                  "f = \xed\xa0\x80\ng = \xf4\x90\x80\x80\nh = \xf5\ni = \xf0\x8f\xbf\xbf\nj = "
                  "\xc3",
                  "2: is not UTF-8", "3: is not UTF-8", "4: is not UTF-8", "5: is not UTF-8",
                  "6: is not UTF-8", "7: is not UTF-8", "8: is not UTF-8", "9: is not UTF-8",
                  "10: is not UTF-8");
    es_ini *ini = load("[a]\nb = \xc2\xb5 \xe2\x82\xac \xed\x9f\xbf \xf0\x9f\x98\x80 "
                       "\xf4\x8f\xbf\xbf\n");
    assert_int_equal(ini->n_entries, 1);
    es_ini_destroy(ini);
    /* A header that cannot be read: the keys behind it are not keys of the section before it. */
    ASSERT_FAULTS("[a]\nb = 1\n[\xe9]\nb = 1\n", "3: is not UTF-8");
}

static void test_missing_and_oversized_files(void **state) {
    (void)state;
    es_ini *ini;
    es_errors_init(&errors);
    assert_int_equal(es_ini_load("no-such-file.ini", &ini, &errors), ES_NO_INPUT);
    assert_null(ini);
    assert_int_equal(errors.n, 1);
    size_t length = (16 << 20) + 1;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, '\n', length);
    assert_int_equal(load_bytes(text, length, &ini), ES_INVALID);
    assert_int_equal(load_bytes(text, length - 1, &ini), ES_OK);
    es_ini_destroy(ini);
    free(text);
}

/* Many sections and keys, so that the set of seen names grows. */
static void test_many_names(void **state) {
    (void)state;
    es_text text = {0};
    for (int s = 0; s < 300; s++) {
        es_text_add(&text, "[policy p%d]\n", s);
        for (int k = 0; k < 30; k++)
            es_text_add(&text, "k%d = %d\n", k, s * k);
    }
    es_ini *ini = load(text.data);
    assert_int_equal(ini->n_sections, 300);
    assert_int_equal(ini->n_entries, 9000);
    assert_string_equal(value_of(ini, 299, "k29"), "8671");
    es_ini_destroy(ini);
    es_text_add(&text, "k17 = 1\n[policy p0]\n");
    assert_int_equal(load_bytes(text.data, text.length, &ini), ES_INVALID);
    assert_string_equal(record(0), "9301: key 'k17' is in [policy p299] already, on line 9288");
    assert_string_equal(record(1), "9302: section [policy p0] is there already, on line 1");
    free(text.data);
}

static const es_ini_known known[] = {
    {"scenario", "title", ES_INI_NO_LABEL}, {"scenario", "seed", ES_INI_NO_LABEL},
    {"uplink", "rate", ES_INI_ANY_LABEL},   {"uplink", "latency", ES_INI_ANY_LABEL},
    {"policy", "type", ES_INI_LABEL},       {"policy", "interval", ES_INI_LABEL},
    {"output", "folder", ES_INI_NO_LABEL},
};

static es_status check(const es_ini *ini) {
    es_errors_init(&errors);
    return es_ini_check(ini, sizeof known / sizeof known[0], known, &errors);
}

static void test_check(void **state) {
    (void)state;
    es_ini *ini = load("[scenario]\nseed = 1\n[policy a]\ntype = x\n[policy b]\ntype = y\n"
                       "[uplink]\nrate = 1\n[uplink b]\nrate = 2\n");
    assert_int_equal(check(ini), ES_OK);
    assert_int_equal(es_ini_find_labelled(ini, "uplink", ""), 3);
    assert_int_equal(es_ini_find_labelled(ini, "uplink", "b"), 4);
    assert_int_equal(es_ini_find_labelled(ini, "policy", "b"), 2);
    assert_int_equal(es_ini_find_labelled(ini, "policy", "c"), 5);
    es_ini_destroy(ini);
    ini = load("[scenrio]\nsed = 1\n"
               "[uplink]\nlatncy = 1\nlatency = 1\nseed = 1\ninterval = 2\nzzzzzz = 1\n"
               "[policy]\ntype = x\n"
               "[output x]\nfolder = y\nx = 1\n"
               "[nothing like it]\n");
    assert_int_equal(check(ini), ES_INVALID);
    static const char *const expected[] = {
        "1: unknown section [scenrio]; did you mean [scenario]?",
        "4: unknown key 'latncy' in [uplink]; did you mean 'latency'?",
        "6: unknown key 'seed' in [uplink]; it belongs to [scenario]",
        "7: unknown key 'interval' in [uplink]; it belongs to [policy NAME]",
        "8: unknown key 'zzzzzz' in [uplink]; expected one of: rate, latency",
        "9: section [policy] needs a name: [policy NAME]",
        "11: section [output x] takes no name; expected [output]",
        "13: unknown key 'x' in [output x]; expected one of: folder",
        "14: unknown section [nothing like it]",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(record(i), expected[i]);
    assert_int_equal(errors.n, sizeof expected / sizeof expected[0]);
    es_ini_destroy(ini);
}

/* Applies an override that must succeed. */
static void override(es_ini *ini, const char *assignment) {
    es_errors_init(&errors);
    assert_int_equal(es_ini_override(ini, assignment, &errors), ES_OK);
    assert_int_equal(errors.n, 0);
}

static void test_override(void **state) {
    (void)state;
    es_ini *ini = load("[scenario]\nseed = 1\n[policy a.b]\ntype = x\n");
    override(ini, "scenario.seed=2");
    override(ini, "scenario.title = a = b.c");
    override(ini, "policy a.b.type=y");
    override(ini, "policy  new .type=z");
    override(ini, "policy new.type=w");
    assert_int_equal(ini->n_sections, 3);
    assert_int_equal(ini->n_entries, 4);
    assert_string_equal(value_of(ini, 0, "seed"), "2");
    assert_int_equal(es_ini_find(ini, 0, "seed")->line, 0);
    assert_string_equal(value_of(ini, 0, "title"), "a = b.c");
    assert_string_equal(value_of(ini, 1, "type"), "y");
    assert_string_equal(ini->sections[2].name, "policy new");
    assert_string_equal(ini->sections[2].label, "new");
    assert_int_equal(ini->sections[2].line, 0);
    assert_string_equal(value_of(ini, 2, "type"), "w");
    assert_int_equal(check(ini), ES_OK);
    override(ini, "uplink.sped=1");
    override(ini, "uplnk.rate=1");
    assert_int_equal(check(ini), ES_INVALID);
    assert_string_equal(errors.records[1].text, "command line: unknown key 'sped' in [uplink]; "
                                                "expected one of: rate, latency");
    assert_string_equal(errors.records[0].text,
                        "command line: unknown section [uplnk]; did you mean [uplink]?");
    es_ini_destroy(ini);
}

static void test_override_takes_a_key_away(void **state) {
    (void)state;
    es_ini *ini = load("[a]\nb = 1\nc = 2\n[a b]\nb = 3\nc = 4\n");
    override(ini, "a b.b =");
    assert_int_equal(ini->n_entries, 3);
    assert_null(es_ini_find(ini, 1, "b"));
    assert_string_equal(value_of(ini, 0, "b"), "1");
    assert_string_equal(value_of(ini, 1, "c"), "4");
    override(ini, "a b.c= ");
    override(ini, "a.b=");
    assert_int_equal(ini->n_sections, 2);
    assert_int_equal(ini->n_entries, 1);
    assert_string_equal(value_of(ini, 0, "c"), "2");
    override(ini, "a.b=5");
    assert_string_equal(value_of(ini, 0, "b"), "5");
    es_ini_destroy(ini);
}

static void test_override_usage(void **state) {
    (void)state;
    static const struct {
        const char *assignment, *fault;
    } cases[] = {
        {"", "expected section.key=value"},
        {"a.b", "expected section.key=value"},
        {"a=b", "expected section.key=value"},
        {"a=b.c=d", "expected section.key=value"},
        {".b=c", "the section has no name"},
        {"a.=c", "there is no key before '='"},
        {"a.c=", "the file has no such key to take away"},
        {"c.b=", "the file has no such key to take away"},
        {"a b.b=", "the file has no such key to take away"},
        {"a.=", "there is no key before '='"},
        {"a.b c=d", "a key may hold only letters, digits, '-' and '_'"},
        {"[a].b=c", "a section name may not hold any of [ ] = ; #"},
        {"a.b=c ;d", "a value may not hold a comment (';' or '#' behind white space)"},
        {"a.b=\xff", "is not UTF-8"},
        {"a.b=c\nd", "holds a control character"},
    };
    es_ini *ini = load("[a]\nb = 1\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[200];
        es_errors_init(&errors);
        assert_int_equal(es_ini_override(ini, cases[i].assignment, &errors), ES_USAGE);
        snprintf(expected, sizeof expected, "command line: '%s': %s", cases[i].assignment,
                 cases[i].fault);
        assert_string_equal(errors.records[0].text, expected);
    }
    assert_string_equal(value_of(ini, 0, "b"), "1");
    assert_int_equal(ini->n_sections, 1);
    es_ini_destroy(ini);
}

static void test_complain(void **state) {
    (void)state;
    es_ini *ini = load("\n[uplink]\nrate = 20Mb\n"
                       "list = 0123456789012345678901234567890123456789012345678901234567890123456"
                       "7890123456789\n");
    es_errors_init(&errors);
    assert_int_equal(es_ini_complain(ini, &ini->entries[0], &errors, "expected %s", "a data rate"),
                     ES_INVALID);
    assert_string_equal(record(0), "3: [uplink] rate = 20Mb: expected a data rate");
    assert_memory_equal(errors.records[0].text, ini->path, strlen(ini->path));
    es_ini_complain(ini, &ini->entries[1], &errors, "no");
    assert_string_equal(record(1), "4: [uplink] list = 0123456789012345678901234567890123456789"
                                   "0123456789012345678901234567890123456789: no");
    override(ini, "uplink.rate=3Mb");
    es_ini_complain(ini, &ini->entries[0], &errors, "no");
    assert_string_equal(errors.records[0].text, "command line: [uplink] rate = 3Mb: no");
    override(ini, "uplink.list=01234567890123456789012345678901234567890123456789012345678901234567"
                  "8901234567890");
    es_errors_init(&errors);
    es_ini_complain(ini, &ini->entries[1], &errors, "no");
    assert_string_equal(errors.records[0].text,
                        "command line: [uplink] list = 0123456789012345678901234567890123456789"
                        "0123456789012345678901234567890123456789...: no");
    es_ini_destroy(ini);
}

static void test_out_of_memory_while_loading(void **state) {
    (void)state;
    char path[] = "test_ini_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *stream = fdopen(descriptor, "w");
    assert_non_null(stream);
    for (int i = 0; i < 40; i++)
        fprintf(stream, "[policy p%d]\ntype = %0*d\n", i, 200, i);
    fclose(stream);
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        es_ini *ini;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_ini_load(path, &ini, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck == (ini == NULL));
        assert_int_equal(errors.n, struck ? 1 : 0);
        es_ini_destroy(ini);
    }
    unlink(path);
}

static void test_out_of_memory_while_overriding(void **state) {
    (void)state;
    static const char *const assignments[] = {"a.b=2", "a.c=2", "d e.f=2"};
    for (size_t k = 0; k < 3; k++) {
        bool struck = true;
        for (size_t n = 1; struck; n++) {
            es_ini *ini = load("[a]\nb = 1\n");
            es_errors_init(&errors);
            fault_alloc_fail_at(n);
            es_status status = es_ini_override(ini, assignments[k], &errors);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            if (struck) {
                assert_int_equal(ini->n_sections, 1);
                assert_int_equal(ini->n_entries, 1);
                assert_string_equal(value_of(ini, 0, "b"), "1");
            }
            es_ini_destroy(ini);
        }
    }
    es_ini_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections_and_entries),
        cmocka_unit_test(test_comments_need_white_space),
        cmocka_unit_test(test_line_ends_and_empty_file),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_names_are_not_cut),
        cmocka_unit_test(test_header_faults),
        cmocka_unit_test(test_entry_faults),
        cmocka_unit_test(test_encoding_faults),
        cmocka_unit_test(test_missing_and_oversized_files),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_override),
        cmocka_unit_test(test_override_takes_a_key_away),
        cmocka_unit_test(test_override_usage),
        cmocka_unit_test(test_complain),
        cmocka_unit_test(test_out_of_memory_while_loading),
        cmocka_unit_test(test_out_of_memory_while_overriding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
