#include "study.h"

#include "edgesplit/alloc.h"

#include <string.h>
#include <unistd.h>

size_t n_processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

static volatile sig_atomic_t n_interrupts;

static void interrupt(int number) {
    (void)number;
    n_interrupts = n_interrupts + 1;
}

const volatile sig_atomic_t *handle_signals(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction before;
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &(struct sigaction){.sa_handler = interrupt}, NULL);
    }
    /* A file that grows over its limit is reported like a full disk, a reader of messages that is
     * gone like any output that cannot be written. */
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    return &n_interrupts;
}

es_status read_count(const es_arguments *arguments, const char *option, size_t least, size_t *count,
                     es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL);
    int64_t value;
    if (text == NULL)
        return ES_OK;
    if (es_parse_int64((es_slice){text, strlen(text)}, &value) != ES_OK || value < (int64_t)least ||
        value > INT32_MAX)
        return es_arguments_mistake(arguments, errors,
                                    "--%s is '%s': expected a whole number from %zu", option, text,
                                    least);
    *count = (size_t)value;
    return ES_OK;
}

/* "7" or "0..3". */
static bool parse_range(es_slice text, size_t n_runs, int64_t *first, int64_t *last) {
    size_t dots = 0;
    while (dots + 1 < text.length && (text.data[dots] != '.' || text.data[dots + 1] != '.'))
        dots++;
    bool single = dots + 1 >= text.length;
    es_slice low = {text.data, single ? text.length : dots};
    es_slice high = single ? low : (es_slice){text.data + dots + 2, text.length - dots - 2};
    return es_parse_int64(es_slice_trim(low), first) == ES_OK &&
           es_parse_int64(es_slice_trim(high), last) == ES_OK && *first >= 0 && *first <= *last &&
           (uint64_t)*last < n_runs;
}

/* Marks the runs [n_runs] of the option --runs. */
static es_status mark_listed(const es_arguments *arguments, const char *list, size_t n_runs,
                             bool *listed, es_errors *errors) {
    es_slice rest = {list, strlen(list)}, field;
    while (es_next_field(&rest, ',', &field)) {
        int64_t first, last;
        if (!parse_range(field, n_runs, &first, &last))
            return es_arguments_mistake(arguments, errors,
                                        "--runs is '%s': expected numbers and ranges of 0 .. %zu, "
                                        "\"0..3,7\"",
                                        list, n_runs - 1);
        for (size_t run = (size_t)first; run <= (size_t)last; run++)
            listed[run] = true;
    }
    return ES_OK;
}

static es_status choose(const es_arguments *arguments, struct chosen_study *chosen,
                        es_errors *errors) {
    const char *list = es_arguments_value(arguments, "runs", NULL);
    size_t n_runs = es_study_n_runs(chosen->study);
    bool *listed = es_alloc(n_runs, sizeof *listed);
    es_status status = listed != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
    if (status == ES_OK && list != NULL)
        status = mark_listed(arguments, list, n_runs, listed, errors);
    for (size_t run = 0; run < n_runs && status == ES_OK; run++) {
        bool matches = list == NULL || listed[run];
        if (matches && chosen->filter != NULL)
            status = es_study_matches(chosen->study, chosen->filter, run, &matches, errors);
        if (status != ES_OK || !matches)
            continue;
        if (es_reserve(&chosen->runs, &chosen->capacity, chosen->n + 1, sizeof *chosen->runs) !=
            ES_OK)
            status = es_errors_no_memory(errors, NULL);
        else
            chosen->runs[chosen->n++] = run;
    }
    free(listed);
    if (status == ES_OK && chosen->n == 0)
        status = es_arguments_mistake(arguments, errors, "--filter leaves no run");
    return status;
}

es_status study_open(const es_arguments *arguments, const char *path, struct chosen_study *chosen,
                     es_errors *errors) {
    *chosen = (struct chosen_study){
        .source = {.path = path, .config = es_arguments_value(arguments, "config", NULL)}};
    es_study_source *source = &chosen->source;
    source->overrides = es_arguments_values(arguments, "set", &source->n_overrides);
    const char *expression = es_arguments_value(arguments, "filter", NULL);
    es_status status = read_count(arguments, "max-runs", 1, &source->max_runs, errors);
    if (status == ES_OK)
        status = es_study_load(source, &chosen->study, errors);
    if (status == ES_OK && expression != NULL)
        status = es_study_filter_create(chosen->study, expression, &chosen->filter, errors);
    return status == ES_OK ? choose(arguments, chosen, errors) : status;
}

void study_close(struct chosen_study *chosen) {
    free(chosen->runs);
    es_study_filter_destroy(chosen->filter);
    es_study_destroy(chosen->study);
    *chosen = (struct chosen_study){0};
}
