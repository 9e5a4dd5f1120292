#include "edgesplit/study.h"
#include "fault_alloc.h"
#include "test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "study.ini";
static es_errors errors;

static void write_file(const char *name, const char *text) {
    FILE *stream = fopen(name, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
    assert_int_equal(fclose(stream), 0);
}

static es_status load(const char *text, const char *config, const char *override,
                      es_study **study) {
    write_file(path, text);
    es_errors_init(&errors);
    es_study_source source = {.path = path,
                              .config = config,
                              .n_overrides = override != NULL,
                              .overrides = &override,
                              .max_runs = 1000};
    *study = NULL;
    return es_study_load(&source, study, &errors);
}

static es_study *load_sound(const char *text, const char *config, const char *override) {
    es_study *study;
    es_status status = load(text, config, override, &study);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return study;
}

/* A study whose mistakes are just these, "LINE: text" each. */
static void assert_faults_of(const char *text, const char *config, size_t n,
                             const char *const *expected) {
    es_study *study;
    es_status status = load(text, config, NULL, &study);
    if (errors.n != n)
        es_errors_print(&errors, stderr);
    assert_int_equal(errors.n, n);
    assert_true(status == ES_INVALID || status == ES_USAGE);
    assert_null(study);
    for (size_t i = 0; i < n; i++) {
        const char *record = strchr(errors.records[i].text, ':');
        assert_non_null(record);
        assert_string_equal(record + 1, expected[i]);
    }
}

#define ASSERT_FAULTS_IN(config, text, ...)                                                        \
    assert_faults_of(text, config, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),    \
                     (const char *const[]){__VA_ARGS__})
#define ASSERT_FAULTS(text, ...) ASSERT_FAULTS_IN(NULL, text, __VA_ARGS__)

static void assert_labels_of(es_study *study, size_t n, const char *const *labels) {
    assert_int_equal(es_study_n_runs(study), n);
    for (size_t i = 0; i < n; i++) {
        es_text text = {0};
        es_text_add(&text, "%s", "");
        es_study_label(study, i, &text);
        assert_string_equal(text.data, labels[i]);
        free(text.data);
    }
    es_study_destroy(study);
}

#define ASSERT_LABELS(text, ...)                                                                   \
    assert_labels_of(load_sound(text, NULL, NULL),                                                 \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                  \
                     (const char *const[]){__VA_ARGS__})

/* Checks a value of a run; NULL: the key is not there. */
static void assert_value(const es_study *study, size_t run, const char *section, const char *key,
                         const char *expected) {
    es_ini *ini = NULL;
    int64_t seed_set;
    assert_int_equal(es_study_expand(study, run, &ini, &seed_set, &errors), ES_OK);
    size_t i = 0;
    while (i < ini->n_sections && strcmp(ini->sections[i].name, section) != 0)
        i++;
    const es_ini_entry *entry = es_ini_find(ini, i, key);
    if (expected == NULL)
        assert_null(entry);
    else
        assert_string_equal(entry != NULL ? entry->value : "(absent)", expected);
    es_ini_destroy(ini);
}

static int64_t seed_set_of(const es_study *study, size_t run) {
    es_ini *ini = NULL;
    int64_t seed_set = -1;
    assert_int_equal(es_study_expand(study, run, &ini, &seed_set, &errors), ES_OK);
    es_ini_destroy(ini);
    return seed_set;
}

static void a_plain_file_is_one_run(void **state) {
    (void)state;
    es_study *study = load_sound("[a]\nb = 1\nc = costs $5, $$ and $\n", NULL, NULL);
    assert_int_equal(es_study_n_runs(study), 1);
    assert_value(study, 0, "a", "b", "1");
    assert_value(study, 0, "a", "c", "costs $5, $ and $");
    assert_int_equal(seed_set_of(study, 0), 0);
    assert_labels_of(study, 1, (const char *const[]){""});
}

static void lists_and_ranges(void **state) {
    (void)state;
    ASSERT_LABELS("[a]\nb = ${x=1, 2.50 ,5..10 step 2}Mbit/s\n", "x=1", "x=2.50", "x=5", "x=7",
                  "x=9");
    ASSERT_LABELS("[a]\nb = ${0..0.5 step 0.1}\n", "a.b=0", "a.b=0.1", "a.b=0.2", "a.b=0.3",
                  "a.b=0.4", "a.b=0.5");
    ASSERT_LABELS("[a]\nb = ${x=3..1 step -1}\n", "x=3", "x=2", "x=1");
    ASSERT_LABELS("[a]\nb = ${x=-1..1, 4..4}\n", "x=-1", "x=0", "x=1", "x=4");
    ASSERT_LABELS("[a]\nb = ${x=log(1..1000, n=4)}\n", "x=1", "x=10", "x=100", "x=1000");
    ASSERT_LABELS("[a]\nb = ${x=log(0.001..1, n=3)}\n", "x=0.001", "x=0.03162277660168379", "x=1");
    ASSERT_LABELS("[a]\nb = ${x=\"a, b}\", ../c, true, \"\"}\n", "x=a, b}", "x=../c", "x=true",
                  "x=");
}

static void files(void **state) {
    (void)state;
    assert_int_equal(mkdir("f[1]", 0700), 0);
    write_file("f[1]/b.csv", "");
    write_file("f[1]/a.csv", "");
    write_file("f[1]/c.txt", "");
    write_file("f[1]/s.ini", "[a]\nb = ${x=glob(\"*.csv\")}\n");
    es_study *study = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_study_load(&(es_study_source){.path = "f[1]/s.ini"}, &study, &errors),
                     ES_OK);
    assert_labels_of(study, 2, (const char *const[]){"x=a.csv", "x=b.csv"});
    ASSERT_LABELS("[a]\nb = ${x=z, glob(\"f\\[1\\]/*.txt\")}\n", "x=z", "x=f[1]/c.txt");
    ASSERT_FAULTS("[a]\nb = ${glob(\"*.dat\")}\nc = ${glob(x)}\n",
                  "2: [a] b = ${glob(\"*.dat\")}: 'glob(\"*.dat\")': there is no such file",
                  "3: [a] c = ${glob(x)}: 'glob(x)': expected glob(\"PATTERN\")");
    (void)remove("f[1]/a.csv");
    (void)remove("f[1]/b.csv");
    (void)remove("f[1]/c.txt");
    (void)remove("f[1]/s.ini");
    rmdir("f[1]");
}

static void the_last_variable_changes_fastest_and_repetitions_inside(void **state) {
    (void)state;
    ASSERT_LABELS("[a]\nb = ${x=1,2}\n[c]\nd = ${y=u,v}\n[sweep]\nrepeat = 2\n",
                  "x=1, y=u, repetition=0", "x=1, y=u, repetition=1", "x=1, y=v, repetition=0",
                  "x=1, y=v, repetition=1", "x=2, y=u, repetition=0", "x=2, y=u, repetition=1",
                  "x=2, y=v, repetition=0", "x=2, y=v, repetition=1");
}

static void in_step(void **state) {
    (void)state;
    ASSERT_LABELS("[a]\nb = ${x=1,2 ! y}\nc = ${y=3,4}\nd = ${z=5,6 ! x}\n", "x=1, y=3, z=5",
                  "x=2, y=4, z=6");
    ASSERT_FAULTS(
        "[a]\nb = ${x=1,2 ! y}\nc = ${y=3,4,5}\nd = ${z=1 ! z}\ne = ${u=1 ! v}\nf = ${v=1 ! u}\n"
        "g = ${p=1 ! q}\nh = ${1 ! repetition}\n",
        "7: [a] g = ${p=1 ! q}: there is no variable 'q'; did you mean 'x'?",
        "8: [a] h = ${1 ! repetition}: nothing can be in step with the repetitions");
    ASSERT_FAULTS("[a]\nb = ${x=1,2 ! y}\nc = ${y=3,4,5}\nd = ${z=1 ! z}\ne = ${u=1 ! v}\nf = "
                  "${v=1 ! u}\n",
                  "2: [a] b = ${x=1,2 ! y}: 'x' has 2 values, but 'y', which it is in step with, 3",
                  "4: [a] d = ${z=1 ! z}: 'z' would be in step with itself",
                  "5: [a] e = ${u=1 ! v}: 'u' would be in step with itself",
                  "6: [a] f = ${v=1 ! u}: 'v' would be in step with itself");
}

static void values_are_filled_in(void **state) {
    (void)state;
    es_study *study = load_sound("[a]\nt = at $rate and ${ rate }, $repetition\n"
                                 "b = <${rate=1,2}> ${3,4}Mbit/s ; why\n"
                                 "[sweep]\nrepeat = 3\nseed-set = ${rate}$repetition\n",
                                 NULL, NULL);
    assert_int_equal(es_study_n_runs(study), 12);
    assert_value(study, 10, "a", "t", "at 2 and 2, 1");
    assert_value(study, 10, "a", "b", "<2> 4Mbit/s");
    assert_value(study, 0, "sweep", "repeat", NULL);
    assert_int_equal(seed_set_of(study, 10), 21);
    es_study_destroy(study);
    study = load_sound("[sweep]\nrepeat = 2\nseed-set = 7\n[a]\nb = ${x=1,2}\n", NULL, NULL);
    assert_int_equal(seed_set_of(study, 3), 7);
    assert_value(study, 3, "a", "b", "2");
    es_study_destroy(study);
    study = load_sound("[a]\nb = ${x=1,2}\n[sweep]\nrepeat = 3\n", NULL, NULL);
    assert_int_equal(seed_set_of(study, 5), 2);
    es_study_destroy(study);
    study = load_sound("[a]\nb = 1\n", NULL, "a.b=${x=1,2}");
    assert_int_equal(es_study_n_runs(study), 2);
    es_study_destroy(study);
}

static void assert_use(const es_study *study, size_t variable, size_t i, const char *section,
                       const char *key, const char *behind) {
    es_study_use use;
    assert_true(es_study_find_use(study, variable, i, &use));
    assert_string_equal(use.section, section);
    assert_string_equal(use.key, key);
    assert_true(es_slice_equals(use.behind, behind));
}

/* A part of a value, as in a title or a list, is no use; that of [sweep] neither. */
static void places_of_variables(void **state) {
    (void)state;
    es_study *study;
    es_study_use use;
    assert_int_equal(load("[scenario]\ntitle = rate $rate\n[policy p q]\nx = ${x=1, 2}\n"
                          "[uplink]\nrate = ${rate=1, 2}Mbit/s\nlist = 1, $rate\n"
                          "[sweep]\nseed-set = $x\n[downlink near]\nrate = $rate kB/s\n",
                          NULL, NULL, &study),
                     ES_OK);
    assert_use(study, 0, 0, "policy", "x", "");
    assert_false(es_study_find_use(study, 0, 1, &use));
    assert_use(study, 1, 0, "uplink", "rate", "Mbit/s");
    assert_use(study, 1, 1, "downlink", "rate", " kB/s");
    assert_false(es_study_find_use(study, 1, 2, &use));
    es_study_destroy(study);
}

static void wrong_seed_sets(void **state) {
    (void)state;
    es_study *study = load_sound("[a]\nb = ${x=u,v}\n[sweep]\nseed-set = $x\n", NULL, NULL);
    es_ini *ini = NULL;
    int64_t seed_set;
    assert_int_equal(es_study_expand(study, 1, &ini, &seed_set, &errors), ES_INVALID);
    assert_string_equal(errors.records[0].text,
                        "study.ini:4: [sweep] seed-set is 'v' in run 1: expected a whole number "
                        "from 0");
    es_study_destroy(study);
}

static void constraints(void **state) {
    (void)state;
#define GRID "[a]\nb = ${x=1,2,3}\nc = ${y=u,v}\n[sweep]\n"
    ASSERT_LABELS(GRID "constraint = $x * 4 >= 8 && $y != \"u\"\n", "x=2, y=v", "x=3, y=v");
    ASSERT_LABELS(GRID "constraint = !($x < 3) && ${y} == \"u\" || -$x + 2 == 1 && $y == \"v\"\n",
                  "x=1, y=v", "x=3, y=u");
    ASSERT_LABELS(GRID "constraint = ($x - 1) % 2 == 0 && $x / 2 > 1 && $x <= 3\n", "x=3, y=u",
                  "x=3, y=v");
    ASSERT_LABELS(GRID "constraint = $x == 1e0 && $repetition == 2\nrepeat = 3\n",
                  "x=1, y=u, repetition=2", "x=1, y=v, repetition=2");
    ASSERT_LABELS(GRID "constraint = 2 - 1 - 1 == 0 && $x == 2 && $y == \"u\"\n", "x=2, y=u");
#define FAULT(expression, text)                                                                    \
    ASSERT_FAULTS(GRID "constraint = " expression "\n",                                            \
                  "5: [sweep] constraint = " expression ": " text)
    FAULT("$x > 5", "no combination of values fulfils this");
    FAULT("$z > 5", "there is no variable 'z'; did you mean 'x'?");
    FAULT("$x >", "expected a value at the end");
    FAULT("($x", "expected ')' at the end");
    FAULT("$x)", "expected an operator at ')'");
    FAULT("$x = 1", "expected an operator (+ - * / % == != < <= > >= && ||) at '= 1'");
    FAULT("x > 1", "expected a number, \"text\", $variable or '(' at 'x > 1'");
    FAULT("$ > 1", "expected the name of a variable at '> 1'");
    FAULT("${x=1} > 1", "expected '}' (a new variable cannot be made here) at '=1} > 1'");
    FAULT("$y == \"u", "expected a closing '\"' at '\"u'");
    FAULT("$y > 1", ">: 'u' is not a number");
    FAULT("$y == 1", "==: 'u' is not a number");
    FAULT("$y", "'u' is neither true nor false");
    FAULT("$x % 0", "1 % 0 has no value");
#undef FAULT
}

static void mistakes_in_values(void **state) {
    (void)state;
    ASSERT_FAULTS(
        "[a]\nb = ${x=1,,2}\nc = ${x=1}\nd = ${1} ${2}\ne = ${1..5Mbit/s}\nf = ${5..1}\n"
        "g = ${1\nh = ${log(0..1, n=3)}\ni = ${log(1..2, n=1)}\nj = ${logg(1..2, n=3)}\n"
        "k = ${1..2 step 0}\nl = $y\nm = ${z}\nn = ${repetition=1}\no = ${$x, 1}\np = ${\"a\"b}\n"
        "q = ${1..1e3}\n",
        "2: [a] b = ${x=1,,2}: a value is missing between commas; \"\" is an empty one",
        "3: [a] c = ${x=1}: there is a variable 'x' already",
        "4: [a] d = ${1} ${2}: there is a variable 'a.d' already; name them: ${NAME=...}",
        "5: [a] e = ${1..5Mbit/s}: '1..5Mbit/s': expected FIRST..LAST or FIRST..LAST step STEP, "
        "numbers of at most 15 digits; a unit goes behind the brace",
        "6: [a] f = ${5..1}: '5..1': this step does not lead there",
        "7: [a] g = ${1: '${' without '}'",
        "8: [a] h = ${log(0..1, n=3)}: 'log(0..1, n=3)': expected log(FIRST..LAST, n=COUNT), "
        "numbers above 0, at least two",
        "9: [a] i = ${log(1..2, n=1)}: 'log(1..2, n=1)': expected log(FIRST..LAST, n=COUNT), "
        "numbers above 0, at least two",
        "10: [a] j = ${logg(1..2, n=3)}: there is no function 'logg'; did you mean 'log'?",
        "11: [a] k = ${1..2 step 0}: '1..2 step 0': this step does not lead there",
        "14: [a] n = ${repetition=1}: 'repetition' counts [sweep] repeat; take another name",
        "15: [a] o = ${$x, 1}: values cannot depend on other variables; use a constraint",
        "16: [a] p = ${\"a\"b}: \"a\"b: text behind the quotes",
        "17: [a] q = ${1..1e3}: '1..1e3': expected FIRST..LAST or FIRST..LAST step STEP, numbers "
        "of at most 15 digits; a unit goes behind the brace",
        "12: [a] l = $y: there is no variable 'y'; did you mean 'x'?",
        "13: [a] m = ${z}: there is no variable 'z'; did you mean 'x'?");
}

static void mistakes_in_sweep(void **state) {
    (void)state;
    ASSERT_FAULTS("[sweep]\nrepeat = 0\nseed_set = 1\n",
                  "3: unknown key 'seed_set' in [sweep]; expected one of: constraint, repeat, "
                  "seed-set (a key of a [config] is SECTION.KEY)",
                  "2: [sweep] repeat = 0: expected a whole number from 1");
    ASSERT_FAULTS("[a]\nb = ${1..1001}\n", " expands into 1001 runs; --max-runs allows 1000");
    ASSERT_FAULTS("[a]\nb = ${x=1..1001}\n[sweep]\nconstraint = $x > 0\n",
                  " expands into more than 1000 runs; --max-runs allows 1000");
    ASSERT_FAULTS("[a]\nb = ${1..100000}${x=1..100000}${y=1..100000}${z=1..100000 ! x}\n",
                  " expands into 1000000000000000 runs; --max-runs allows 1000");
    ASSERT_FAULTS("[a]\nb = ${x=1..100000}\nc = ${y=1..100000}\n[sweep]\nconstraint = $x == $y\n",
                  "5: [sweep] constraint = $x == $y: there are more than 20000000 combinations to "
                  "choose from");
}

#define VARIANTS                                                                                   \
    "[a]\nb = base\nc = base\nd = base\n"                                                          \
    "[config root]\na.b = root\na.c = root\na.d = root\n"                                          \
    "[config left]\nextends = root\na.b = left\na.c = left\n"                                      \
    "[config right]\nextends = root\na.b = right\na.d = right\n"                                   \
    "[config both]\nextends = left, right\npolicy new one.k = ${x=1,2}\nrepeat = 2\n"

static void variants(void **state) {
    (void)state;
    es_study *study = load_sound(VARIANTS, NULL, NULL);
    assert_int_equal(es_study_n_runs(study), 1);
    assert_value(study, 0, "a", "b", "base");
    assert_value(study, 0, "config root", "a.b", NULL);
    es_study_destroy(study);
    study = load_sound(VARIANTS, "both", NULL);
    assert_int_equal(es_study_n_runs(study), 4);
    assert_value(study, 0, "a", "b", "left");
    assert_value(study, 0, "a", "c", "left");
    assert_value(study, 0, "a", "d", "right"); /* before what both extend */
    assert_value(study, 2, "policy new one", "k", "2");
    es_study_destroy(study);
    study = load_sound(VARIANTS, "left", "a.b=typed");
    assert_value(study, 0, "a", "b", "typed");
    assert_value(study, 0, "a", "d", "root");
    es_study_destroy(study);
}

static void mistakes_in_variants(void **state) {
    (void)state;
    ASSERT_FAULTS(
        "[config a]\nextends = b\n[config b]\nextends = c\n[config c]\nextends = a\n"
        "[config d]\nextends = d, left\n[config]\nextends = a\n[config lef]\nrepeat = 2\n",
        "9: section [config] needs a name: [config NAME]",
        "8: [config d] extends = d, left: there is no [config left]; did you mean 'lef'?",
        "6: [config c] extends = a: [config a] would extend itself",
        "8: [config d] extends = d, left: [config d] would extend itself");
    ASSERT_FAULTS_IN("lft", VARIANTS, " there is no [config lft]; did you mean 'left'?");
    ASSERT_FAULTS_IN("x", "[config x]\nrepeet = 2\nb = 1\n",
                     "2: unknown key 'repeet' in [sweep]; expected one of: constraint, repeat, "
                     "seed-set (a key of a [config] is SECTION.KEY)",
                     "3: unknown key 'b' in [sweep]; expected one of: constraint, repeat, seed-set "
                     "(a key of a [config] is SECTION.KEY)");
    ASSERT_FAULTS("[a]\nb.c = 1\n[config x]\na. = 1\n.b = 1\na[.b = 2\n",
                  "2: a key may hold only letters, digits, '-' and '_'",
                  "4: there is no key before '='", "5: the section has no name",
                  "6: a section name may not hold any of [ ] = ; #");
}

static void filters(void **state) {
    (void)state;
    es_study *study = load_sound(GRID "constraint = $x != 2\n", NULL, NULL);
    es_study_filter *filter = NULL;
    bool matches[4];
    assert_int_equal(es_study_filter_create(study, "$x == 3 && $y == \"v\"", &filter, &errors),
                     ES_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(es_study_matches(study, filter, i, &matches[i], &errors), ES_OK);
    assert_true(!matches[0] && !matches[1] && !matches[2] && matches[3]);
    es_study_filter_destroy(filter);
    assert_int_equal(es_study_filter_create(study, "$x >", &filter, &errors), ES_USAGE);
    assert_string_equal(errors.records[0].text,
                        "command line: filter '$x >': expected a value at the end");
    assert_int_equal(es_study_filter_create(study, "$y > 2", &filter, &errors), ES_OK);
    assert_int_equal(es_study_matches(study, filter, 0, &matches[0], &errors), ES_USAGE);
    assert_string_equal(errors.records[1].text,
                        "command line: filter '$y > 2': >: 'u' is not a number");
    es_study_filter_destroy(filter);
    es_study_destroy(study);
}

static void out_of_memory(void **state) {
    (void)state;
    static const char text[] =
        "[a]\nb = ${x=1,2,5..6}\nc = ${y=u,v,w,\"z\" ! x} $x\nd = ${log(1..9, n=2)}\n"
        "[config k]\na.e = 1\nconstraint = $x > 1 && $y != \"v\"\nseed-set = $x\n";
    for (size_t fail = 1;; fail++) {
        es_study *study = NULL;
        es_ini *ini = NULL;
        es_study_filter *filter = NULL;
        int64_t seed_set;
        write_file(path, text);
        es_errors_init(&errors);
        es_study_source source = {.path = path, .config = "k"};
        fault_alloc_fail_at(fail);
        es_status status = es_study_load(&source, &study, &errors);
        if (status == ES_OK)
            status = es_study_expand(study, 2, &ini, &seed_set, &errors);
        if (status == ES_OK)
            status = es_study_filter_create(study, "$y == \"u\"", &filter, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        es_study_filter_destroy(filter);
        es_ini_destroy(ini);
        es_study_destroy(study);
        if (!struck) {
            assert_int_equal(status, ES_OK);
            assert_true(fail > 50);
            return;
        }
        assert_int_equal(status, ES_NO_MEMORY);
        assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
    }
}

static int remove_file(void **state) {
    (void)state;
    (void)remove(path);
    return 0;
}

int main(void) {
    char folder[] = "test_study_XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_is_one_run),
        cmocka_unit_test(lists_and_ranges),
        cmocka_unit_test(files),
        cmocka_unit_test(the_last_variable_changes_fastest_and_repetitions_inside),
        cmocka_unit_test(in_step),
        cmocka_unit_test(values_are_filled_in),
        cmocka_unit_test(places_of_variables),
        cmocka_unit_test(wrong_seed_sets),
        cmocka_unit_test(constraints),
        cmocka_unit_test(mistakes_in_values),
        cmocka_unit_test(mistakes_in_sweep),
        cmocka_unit_test(variants),
        cmocka_unit_test(mistakes_in_variants),
        cmocka_unit_test(filters),
        cmocka_unit_test(out_of_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, remove_file);
    if (chdir("..") != 0 || rmdir(folder) != 0)
        return 1;
    return failed;
}
