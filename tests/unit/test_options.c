/* The command line: what is accepted, every mistake, and the texts made from the tables. */
#include "edgesplit/options.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

static es_status run_plainly(const es_arguments *arguments, es_errors *errors) {
    (void)errors;
    ++*(int *)arguments->context;
    return ES_OK;
}

static es_status refuse(const es_arguments *arguments, es_errors *errors) {
    return es_arguments_mistake(arguments, errors, "--size %s: too large",
                                es_arguments_value(arguments, "size", "0"));
}

static const es_option options[] = {
    {.name = "size", .value = "N", .help = "how large", .letter = 's', .required = true},
    {.name = "label", .value = "TEXT", .help = ".dot 'n' \\dash-", .repeats = true},
    {.name = "note", .value = "TEXT", .help = "may be empty", .may_be_empty = true},
    ES_OPTION_FORCE,
    {0},
};

static const es_command run_command = {.name = "run",
                                       .summary = "runs",
                                       .operand = "FILE",
                                       .most_operands = 1,
                                       .notes = ".a note",
                                       .options = options,
                                       .run = run_plainly};
static const es_command check_command = {.name = "check",
                                         .summary = "checks",
                                         .operand = "FILE",
                                         .least_operands = 2,
                                         .most_operands = ES_ANY_NUMBER,
                                         .run = run_plainly};
static const es_command make_command = {.group = "trace",
                                        .name = "make",
                                        .summary = "makes",
                                        .operand = "one|other",
                                        .most_operands = 1,
                                        .options = options,
                                        .run = refuse};
static const es_command show_command = {
    .group = "trace", .name = "show", .summary = "shows", .run = run_plainly};
static const es_command other_command = {
    .name = "other", .summary = "elsewhere", .program = "edgesplit-there-is-no-such-program"};
static const es_command *const commands[] = {&run_command,  &check_command, &make_command,
                                             &show_command, &other_command, &es_help_command,
                                             NULL};

static es_status prepare(void *context, es_errors *errors) {
    return *(int *)context >= 0 ? ES_OK
                                : es_errors_add(errors, ES_INVALID, NULL, 0, "cannot prepare");
}

static const es_program program = {.name = "edge-test",
                                   .front = "edge test",
                                   .summary = "tests",
                                   .see_also = "edge (1)",
                                   .commands = commands,
                                   .prepare = prepare};

static size_t count(const char *const words[]) {
    size_t n = 0;
    while (words[n] != NULL)
        n++;
    return n;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void accept(const es_command *command, const char *const words[], es_arguments *arguments) {
    es_errors errors;
    es_errors_init(&errors);
    es_status status =
        es_arguments_parse(&program, command, NULL, count(words), words, arguments, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
}

/* ---- What is accepted */

static void test_spellings(void **state) {
    (void)state;
    es_arguments arguments;
    size_t n;
    accept(&run_command,
           WORDS("--label", "b", "--size=3", "--label=a=b", "--force", "x", "--label", "-s"),
           &arguments);
    assert_string_equal(es_arguments_value(&arguments, "size", ""), "3");
    const char *const *labels = es_arguments_values(&arguments, "label", &n);
    assert_int_equal(n, 3);
    assert_string_equal(labels[0], "b");
    assert_string_equal(labels[1], "a=b");
    assert_string_equal(labels[2], "-s");
    assert_string_equal(es_arguments_value(&arguments, "label", ""), "b");
    assert_true(es_arguments_has(&arguments, "force"));
    assert_false(es_arguments_has(&arguments, "note"));
    assert_string_equal(es_arguments_value(&arguments, "note", "none"), "none");
    assert_int_equal(arguments.n_operands, 1);
    assert_string_equal(arguments.operands[0], "x");
    assert_int_equal(arguments.n_given, 5);
    for (size_t i = 1; i < arguments.n_given; i++)
        assert_true(arguments.options[i - 1] <= arguments.options[i]);
    es_arguments_fini(&arguments);

    accept(&run_command, WORDS("-s", "--force", "--note", "", "--", "--force"), &arguments);
    assert_string_equal(es_arguments_value(&arguments, "size", ""), "--force");
    assert_string_equal(es_arguments_value(&arguments, "note", "none"), "");
    assert_string_equal(arguments.operands[0], "--force");
    assert_false(es_arguments_has(&arguments, "force"));
    es_arguments_fini(&arguments);

    accept(&run_command, WORDS("-f", "-", "--note=", "-s", "1"), &arguments);
    assert_true(es_arguments_has(&arguments, "force"));
    assert_string_equal(arguments.operands[0], "-");
    assert_string_equal(es_arguments_value(&arguments, "note", "none"), "");
    es_arguments_fini(&arguments);
}

static void test_many_operands(void **state) {
    (void)state;
    enum { N = 1000 };
    const char *words[N + 1] = {NULL};
    for (size_t i = 0; i < N; i++)
        words[i] = i % 2 == 0 ? "a" : "b";
    es_arguments arguments;
    accept(&check_command, words, &arguments);
    assert_int_equal(arguments.n_operands, N);
    assert_string_equal(arguments.operands[N - 1], "b");
    es_arguments_fini(&arguments);
}

static void test_help_and_version_hide_mistakes(void **state) {
    (void)state;
    es_arguments arguments;
    accept(&run_command, WORDS("--nonsense", "x", "y", "--help"), &arguments);
    assert_true(arguments.help && !arguments.version);
    es_arguments_fini(&arguments);
    accept(&run_command, WORDS("-h"), &arguments);
    assert_true(arguments.help);
    es_arguments_fini(&arguments);
    accept(&run_command, WORDS("--version"), &arguments);
    assert_true(arguments.version && !arguments.help);
    es_arguments_fini(&arguments);
    accept(&run_command, WORDS("-s", "--help", "--", "-h"), &arguments);
    assert_true(!arguments.help);
    es_arguments_fini(&arguments);
    accept(&show_command, WORDS("--help", "--help"), &arguments);
    es_arguments_fini(&arguments);
}

static void test_options_by_word(void **state) {
    (void)state;
    assert_ptr_equal(es_option_find(options, "--size"), &options[0]);
    assert_ptr_equal(es_option_find(options, "--size=--label"), &options[0]);
    assert_ptr_equal(es_option_find(options, "-s"), &options[0]);
    static const char *const none[] = {"--",    "--siz", "--sizes", "-s=1", "-s1",
                                       "-size", "-",     "-x",      "",     "size"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(es_option_find(options, none[i]));
    assert_null(es_option_find(NULL, "--size"));
}

/* ---- Mistakes */

static void assert_mistakes(const es_command *command, const char *const words[],
                            const char *const expected[]) {
    es_arguments arguments;
    es_errors errors;
    es_errors_init(&errors);
    es_status status =
        es_arguments_parse(&program, command, NULL, count(words), words, &arguments, &errors);
    es_arguments_fini(&arguments);
    assert_int_equal(status, ES_USAGE);
    es_errors_print(&errors, stderr);
    for (size_t i = 0; i < count(expected) && i < errors.n; i++) {
        assert_string_equal(errors.records[i].text, expected[i]);
        assert_int_equal(errors.records[i].status, ES_USAGE);
    }
    assert_int_equal(errors.n, count(expected));
}

static void test_mistakes_of_options(void **state) {
    (void)state;
    assert_mistakes(&run_command, WORDS("-s", "1", "--forse"),
                    WORDS("edge test run: there is no option '--forse'; did you mean '--force'?"));
    assert_mistakes(&run_command, WORDS("-s", "1", "--labell=x"),
                    WORDS("edge test run: there is no option '--labell=x'; did you mean "
                          "'--label'?"));
    assert_mistakes(&run_command, WORDS("-s", "1", "--lable", "x", "--verison"),
                    WORDS("edge test run: there is no option '--lable'; did you mean '--label'?",
                          "edge test run: there is no option '--verison'; did you mean "
                          "'--version'?"));
    assert_mistakes(&run_command, WORDS("-s", "1", "--nothing-like-it"),
                    WORDS("edge test run: there is no option '--nothing-like-it'; --help lists "
                          "them"));
    assert_mistakes(&run_command, WORDS("-s", "1", "-x", "-s1", "-s=1"),
                    WORDS("edge test run: there is no option '-x'; --help lists them",
                          "edge test run: there is no option '-s1'; --help lists them",
                          "edge test run: there is no option '-s=1'; --help lists them"));
    assert_mistakes(&run_command, WORDS("--size"), WORDS("edge test run: --size needs N"));
    assert_mistakes(&run_command, WORDS("--size="), WORDS("edge test run: --size needs N"));
    assert_mistakes(&run_command, WORDS("-s", ""), WORDS("edge test run: --size needs N"));
    assert_mistakes(&run_command, WORDS("-s", "1", "--force=yes"),
                    WORDS("edge test run: --force takes no value"));
    assert_mistakes(&run_command, WORDS("-s", "1", "--help=yes"),
                    WORDS("edge test run: --help takes no value"));
    assert_mistakes(
        &run_command, WORDS("-s", "1", "-s", "2", "-f", "--force"),
        WORDS("edge test run: --size is given twice", "edge test run: --force is given twice"));
    assert_mistakes(&run_command, WORDS("x"), WORDS("edge test run: --size N is missing"));
    assert_mistakes(&show_command, WORDS("--size", "--force"),
                    WORDS("edge test trace show: there is no option '--size'; --help lists them",
                          "edge test trace show: there is no option '--force'; --help lists "
                          "them"));
}

static void test_mistakes_of_operands(void **state) {
    (void)state;
    assert_mistakes(&run_command, WORDS("-s", "1", "x", "y", "z"),
                    WORDS("edge test run: 'y' is one word too many behind FILE",
                          "edge test run: 'z' is one word too many behind FILE"));
    assert_mistakes(&show_command, WORDS("all"),
                    WORDS("edge test trace show: 'all' is one word too many"));
    assert_mistakes(&check_command, WORDS("x"), WORDS("edge test check: FILE is missing"));
}

/* A misspelt option is read as the nearest one, so that one slip is one mistake. */
static void test_all_mistakes_at_once(void **state) {
    (void)state;
    assert_mistakes(&run_command, WORDS("--sise", "3", "x"),
                    WORDS("edge test run: there is no option '--sise'; did you mean '--size'?"));
    assert_mistakes(&run_command, WORDS("--a-long-one", "--labels", "3", "x", "y", "--force=1"),
                    WORDS("edge test run: there is no option '--a-long-one'; --help lists them",
                          "edge test run: there is no option '--labels'; did you mean '--label'?",
                          "edge test run: 'y' is one word too many behind FILE",
                          "edge test run: --force takes no value",
                          "edge test run: --size N is missing"));
    const char *words[ES_ERRORS_CAPACITY + 4] = {NULL};
    es_arguments arguments;
    es_errors errors;
    es_errors_init(&errors);
    for (size_t i = 0; i < ES_ERRORS_CAPACITY + 3; i++)
        words[i] = "-x";
    assert_int_equal(
        es_arguments_parse(&program, &show_command, NULL, count(words), words, &arguments, &errors),
        ES_USAGE);
    assert_int_equal(errors.n, ES_ERRORS_CAPACITY);
    assert_int_equal(errors.lost, 3);
    es_arguments_fini(&arguments);
    words[ES_ERRORS_CAPACITY + 2] = "--help";
    es_errors_init(&errors);
    assert_int_equal(
        es_arguments_parse(&program, &show_command, NULL, count(words), words, &arguments, &errors),
        ES_OK);
    assert_int_equal(errors.n + errors.lost, 0);
    es_arguments_fini(&arguments);
}

/* ---- Programs */

static es_status run_words(int *context, const char *const words[], es_errors *errors) {
    es_errors_init(errors);
    return es_program_run(&program, context, count(words), words, errors);
}

static void test_commands_are_found(void **state) {
    (void)state;
    int calls = 0;
    es_errors errors;
    assert_int_equal(run_words(&calls, WORDS("run", "-s", "1"), &errors), ES_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(run_words(&calls, WORDS("trace", "show"), &errors), ES_OK);
    assert_int_equal(calls, 2);
    assert_int_equal(run_words(&calls, WORDS("trace", "make", "-s", "9"), &errors), ES_USAGE);
    assert_string_equal(errors.records[0].text, "edge test trace make: --size 9: too large");
    assert_int_equal(run_words(&calls, WORDS("run", "x", "y"), &errors), ES_USAGE);
    assert_int_equal(errors.n, 2);
    assert_int_equal(calls, 2);
}

static void test_prepare_comes_before_all_but_help(void **state) {
    (void)state;
    int broken = -1;
    es_errors errors;
    assert_int_equal(run_words(&broken, WORDS("trace", "show"), &errors), ES_INVALID);
    assert_int_equal(run_words(&broken, WORDS("other"), &errors), ES_INVALID);
    assert_int_equal(run_words(&broken, WORDS("run", "--help"), &errors), ES_OK);
    assert_int_equal(run_words(&broken, WORDS("help", "run"), &errors), ES_OK);
    assert_int_equal(broken, -1);
}

static void test_unknown_commands(void **state) {
    (void)state;
    static const struct {
        const char *words[4], *text;
    } cases[] = {
        {{"rum"}, "edge test: there is no command 'rum'; did you mean 'run'?"},
        {{"trcae", "make"}, "edge test: there is no command 'trcae'; did you mean 'trace'?"},
        {{"make"}, "edge test: there is no command 'make'; --help lists them"},
        {{"--verison"}, "edge test: there is no command '--verison'; --help lists them"},
        {{"--help=x"}, "edge test: there is no command '--help=x'; --help lists them"},
        {{"trace", "mkae"}, "edge test trace: there is no command 'mkae'; did you mean 'make'?"},
        {{"trace", "run"}, "edge test trace: there is no command 'run'; --help lists them"},
        {{"help", "rum"}, "edge test: there is no command 'rum'; did you mean 'run'?"},
        {{"help", "trace", "sho"},
         "edge test trace: there is no command 'sho'; did you mean "
         "'show'?"},
        {{"other", "x"}, "edgesplit-there-is-no-such-program: No such file or directory"},
        {{"help", "other"}, "edgesplit-there-is-no-such-program: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int calls = 0;
        es_errors errors;
        es_status status = run_words(&calls, cases[i].words, &errors);
        assert_int_equal(errors.n, 1);
        assert_string_equal(errors.records[0].text, cases[i].text);
        assert_int_equal(status,
                         strstr(cases[i].text, "No such") != NULL ? ES_UNAVAILABLE : ES_USAGE);
    }
    es_errors errors;
    assert_int_equal(run_words(NULL, (const char *const[]){NULL}, &errors), ES_USAGE);
    assert_int_equal(errors.n, 0);
    assert_int_equal(run_words(NULL, WORDS("trace"), &errors), ES_USAGE);
    assert_int_equal(errors.n, 0);
}

static void test_exit_codes(void **state) {
    (void)state;
    int calls = 0;
    char name[] = "edge-test", wrong[] = "rum", right[] = "trace", show[] = "show";
    assert_int_equal(es_program_main(&program, &calls, 2, (char *[]){name, wrong, NULL}), 64);
    assert_int_equal(es_program_main(&program, &calls, 3, (char *[]){name, right, show, NULL}), 0);
    assert_int_equal(es_program_main(&program, &calls, 0, (char *[]){NULL}), 64);
    assert_int_equal(calls, 1);
}

/* ---- Texts */

/* What was written to a file of text, which is closed. */
static const char *read_back(FILE *file, char text[4096]) {
    rewind(file);
    text[fread(text, 1, 4095, file)] = '\0';
    fclose(file);
    return text;
}

static void test_help(void **state) {
    (void)state;
    char text[4096];
    FILE *file = tmpfile();
    es_command_help(&program, &run_command, file);
    assert_string_equal(read_back(file, text),
                        "usage: edge test run [FILE] [options]\n\nruns\n\noptions:\n"
                        "  -s, --size N                  how large (required)\n"
                        "      --label TEXT              .dot 'n' \\dash- (may be repeated)\n"
                        "      --note TEXT               may be empty\n"
                        "  -f, --force                   replace what is there\n"
                        "  -h, --help                    say what this does\n"
                        "      --version                 say which build this is\n\n.a note\n");
    file = tmpfile();
    es_command_help(&program, &check_command, file);
    assert_non_null(strstr(read_back(file, text), "usage: edge test check FILE...\n"));
    file = tmpfile();
    es_program_help(&program, NULL, file);
    assert_non_null(strstr(read_back(file, text), "edge-test: tests\n\nusage: edge test COMMAND"));
    assert_non_null(strstr(text, "\n  run           runs\n"));
    assert_non_null(strstr(text, "\n  trace make    makes\n"));
    file = tmpfile();
    es_program_help(&program, "trace", file);
    assert_non_null(strstr(read_back(file, text), "usage: edge test trace COMMAND"));
    assert_non_null(strstr(text, "\n  make          makes\n  show          shows\n\n"));
    assert_null(strstr(text, "runs"));
}

static void test_man_page_and_completion(void **state) {
    (void)state;
    char text[4096];
    FILE *file = tmpfile();
    es_program_man(&program, NULL, file);
    assert_non_null(strstr(read_back(file, text), "\n.SH NAME\nedge\\-test \\- tests"));
    assert_non_null(strstr(text, ".SS trace make [one|other]\nmakes\n"));
    assert_non_null(strstr(text, ".B \\-s, \\-\\-size N\nhow large (required)\n"));
    assert_non_null(strstr(text, "\n\\&.dot 'n' \\edash\\- (may be repeated)\n"));
    assert_non_null(strstr(text, ".PP\n\\&.a note\n"));
    assert_non_null(strstr(text, ".TP\n.B 64\nwrong usage\n"));
    file = tmpfile();
    es_program_man(&program, "trace", file);
    assert_non_null(
        strstr(read_back(file, text), "\n.SH NAME\nedge\\-test\\-trace \\- make, show\n"));
    assert_non_null(strstr(text, ".SS trace make [one|other]\nmakes\n"));
    assert_null(strstr(text, ".SS run"));
    file = tmpfile();
    es_program_man(&program, "run", file);
    assert_non_null(strstr(read_back(file, text), ".SH NAME\nedge\\-test\\-run \\- runs\n"));
    assert_null(strstr(text, ".SS trace"));
    file = tmpfile();
    es_program_completion(&program, file);
    assert_non_null(strstr(read_back(file, text), "_edge_test() {\n"));
    assert_non_null(strstr(text, "complete -o filenames -F _edge_test edge-test\n"));
}

/* ---- Out of memory */

static void test_out_of_memory(void **state) {
    (void)state;
    static const struct {
        const char *words[6];
        es_status expected;
    } cases[] = {{{"run", "-s", "1", "x"}, ES_OK}, {{"help", "other", "x"}, ES_UNAVAILABLE}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t n = 0;
        es_status status;
        int calls = 0;
        es_errors errors;
        do {
            fault_alloc_fail_at(++n);
            status = run_words(&calls, cases[c].words, &errors);
            if (fault_alloc_struck()) {
                assert_int_equal(status, ES_NO_MEMORY);
                assert_int_equal(errors.n, 1);
                assert_int_equal(calls, 0);
            }
        } while (fault_alloc_struck());
        fault_alloc_fail_at(0);
        assert_int_equal(status, cases[c].expected);
        assert_true(n > 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_many_operands),
        cmocka_unit_test(test_help_and_version_hide_mistakes),
        cmocka_unit_test(test_options_by_word),
        cmocka_unit_test(test_mistakes_of_options),
        cmocka_unit_test(test_mistakes_of_operands),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_commands_are_found),
        cmocka_unit_test(test_prepare_comes_before_all_but_help),
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_man_page_and_completion),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
