/* edgesplit trace import, lint */
#include "commands.h"

#include "edgesplit/log.h"
#include "edgesplit/version.h"
#include "trace_file.h"

#include <string.h>

#define DEFAULT_WINDOW "1ms"

static const es_option import_options[] = {
    ES_OPTION_OUTPUT("FILE", true, "the canonical CSV"),
    ES_OPTION_FORCE,
    TRACE_FILE_OPTIONS,
    TRACE_FILE_WINDOW(DEFAULT_WINDOW),
    {"hold", "forward|backward", .help = "what stamps mean, instead of what the file says"},
    {"fill-gaps", "hold|zero|error", .help = "what was not measured; default: hold"},
    {"gap", "TIME", .help = "a longer step is a gap; default: only what is marked"},
    {"slice-start", "TIME", .help = "leave out what lies before"},
    {"slice-end", "TIME", .help = "leave out what lies behind"},
    {"resample", "TIME", .help = "means over intervals of this length"},
    ES_OPTION_QUIET,
    {0},
};

static int parse_choice(const es_arguments *arguments, const char *name, const char *const *choices,
                        es_errors *errors) {
    const char *text = es_arguments_value(arguments, name, choices[0]);
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    es_arguments_mistake(arguments, errors, "--%s '%.40s'; expected one of %s, %s, %s", name, text,
                         choices[0], choices[1], choices[2]);
    return 0;
}

static es_status parse_edits(const es_arguments *arguments, es_trace_edits *edits,
                             es_errors *errors) {
    static const char *const holds[] = {"as-trace", "forward", "backward", NULL};
    static const char *const fills[] = {"hold", "zero", "error", NULL};
    size_t n_before = errors->n;
    *edits = (es_trace_edits){
        .hold = (es_hold)parse_choice(arguments, "hold", holds, errors),
        .fill_gaps = (es_fill)parse_choice(arguments, "fill-gaps", fills, errors),
        .gap = trace_file_time(arguments, "gap", "0s", errors),
        .slice_start = trace_file_time(arguments, "slice-start", "0s", errors),
        .slice_end = trace_file_time(arguments, "slice-end", "0s", errors),
        .resample = trace_file_time(arguments, "resample", "0s", errors),
    };
    return errors->n > n_before ? ES_USAGE : ES_OK;
}

/* Appends a text without what would end its line. */
static void add_line(es_text *header, const char *before, es_slice text) {
    es_text_add(header, "# %s", before);
    for (size_t i = 0; i < text.length; i++)
        es_text_add(header, "%c", (unsigned char)text.data[i] < ' ' ? '?' : text.data[i]);
    es_text_add(header, "\n");
}

static void add_lines(es_text *header, const char *before, const char *lines) {
    es_slice rest = {lines, strlen(lines)}, line;
    while (es_next_line(&rest, &line))
        add_line(header, before, line);
}

/* What was read, how, and what was changed. */
static void add_origin(es_text *header, const es_arguments *arguments, const es_trace *trace) {
    static const char *const edits[] = {"hold",        "fill-gaps", "gap",
                                        "slice-start", "slice-end", "resample"};
    size_t n;
    add_lines(header, "origin: ", es_path_name(trace->path));
    es_text_add(header, "# origin_sha256: %s\n# origin_format: %s\n", trace->sha256, trace->format);
    if (strcmp(trace->format, "mahimahi") == 0)
        es_text_add(header, "# window: %s\n",
                    es_arguments_value(arguments, "window", DEFAULT_WINDOW));
    const char *const *options = es_arguments_values(arguments, "option", &n);
    for (size_t i = 0; i < n; i++)
        add_lines(header, "option: ", options[i]);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++)
        if (es_arguments_has(arguments, edits[i]))
            es_text_add(header, "# edit: %s %s\n", edits[i],
                        es_arguments_value(arguments, edits[i], NULL));
    add_lines(header, "note: ", trace->notes);
    add_lines(header, "origin_", trace->provenance);
    es_text_add(header, "# program: %s\n", es_version());
}

static es_status write_canonical(const es_arguments *arguments, const es_trace *trace,
                                 es_errors *errors) {
    const char *output = es_arguments_value(arguments, "output", NULL);
    es_text header = {0}, csv = {0};
    add_origin(&header, arguments, trace);
    if (!header.failed)
        es_trace_write(trace, header.data, &csv);
    es_status status = header.failed || csv.failed ? es_errors_no_memory(errors, output) : ES_OK;
    if (status == ES_OK)
        status = es_file_write(output, csv.data, csv.length, es_arguments_has(arguments, "force"),
                               errors);
    free(header.data);
    free(csv.data);
    return status;
}

static void print_notes(FILE *stream, const es_trace *trace) {
    es_slice rest = {trace->notes, strlen(trace->notes)}, line;
    while (es_next_line(&rest, &line))
        fprintf(stream, "%s: note: %.*s\n", trace->path, (int)line.length, line.data);
}

static es_status import(const es_arguments *arguments, es_errors *errors) {
    const struct settings *settings = arguments->context;
    const char *output = es_arguments_value(arguments, "output", NULL);
    trace_file file;
    es_trace_edits edits;
    es_trace *trace = NULL;
    es_status status = trace_file_parse(arguments, DEFAULT_WINDOW, &file, errors);
    es_status parsed = parse_edits(arguments, &edits, errors);
    status = status == ES_OK ? parsed : status;
    if (status == ES_OK)
        status = es_output_check(output, es_arguments_has(arguments, "force"), errors);
    if (status == ES_OK)
        status = es_trace_load(arguments->operands[0], &file.read, &trace, errors);
    if (status == ES_OK)
        status = es_trace_edit(trace, &edits, errors);
    if (status == ES_OK)
        status = write_canonical(arguments, trace, errors);
    if (status == ES_OK && !settings->quiet && !es_arguments_has(arguments, "quiet"))
        print_notes(stderr, trace);
    if (status == ES_OK)
        puts(output);
    es_trace_destroy(trace);
    trace_file_fini(&file);
    return status;
}

const es_command command_trace_import = {
    .group = "trace",
    .name = "import",
    .summary = "write a trace of any format as canonical CSV, with its origin",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .notes =
        "What is written is the same function of time, to the bit. Edits are made in the order "
        "in which they stand here.\nMarks (missing, idle) end here: `--fill-gaps` says what "
        "they become.",
    .options = import_options,
    .run = import,
};

static const es_option lint_options[] = {
    TRACE_FILE_OPTIONS,
    TRACE_FILE_WINDOW(DEFAULT_WINDOW),
    {0},
};

static es_status lint_file(const char *path, const trace_file *file) {
    es_errors found;
    es_trace *trace = NULL;
    es_errors_init(&found);
    es_status status = es_trace_load(path, &file->read, &trace, &found);
    es_errors_print(&found, stdout);
    if (status == ES_OK) {
        print_notes(stdout, trace);
        printf("%s: %s, format %s: ok\n", path, es_quantity_text(trace->quantity), trace->format);
    }
    es_trace_destroy(trace);
    return status;
}

static es_status lint(const es_arguments *arguments, es_errors *errors) {
    trace_file file;
    es_status status = trace_file_parse(arguments, DEFAULT_WINDOW, &file, errors);
    bool right = status == ES_OK;
    for (size_t i = 0; right && i < arguments->n_operands; i++)
        status = worse_status(status, lint_file(arguments->operands[i], &file));
    trace_file_fini(&file);
    return status;
}

const es_command command_trace_lint = {
    .group = "trace",
    .name = "lint",
    .summary = "find what is wrong with traces, and what was repaired",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = ES_ANY_NUMBER,
    .notes =
        "Mistakes have their lines; notes say what was decided or repaired. Exits 65 if a file "
        "cannot be repaired.",
    .options = lint_options,
    .run = lint,
};
