/* edgesplit explain: why a policy chose the cut it did, and what came of it. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/records.h"
#include "edgesplit/table.h"
#include "edgesplit/units.h"
#include "reports.h"
#include "steps.h"
#include "summary.h"

#include <math.h>
#include <string.h>

enum {
    ARRIVAL,
    BATCH,
    CUT,
    LATENCY,
    HEAD,
    DEVICE_QUEUE,
    UPLINK_QUEUE,
    UPLINK,
    SERVER_QUEUE,
    TAIL,
    DOWNLINK,
    RATE_TRUE,
    RATE_KNOWN,
    LOAD_TRUE,
    LOAD_KNOWN,
    STATUS,
    ORACLE,
    REGRET,
    N_VALUES
};
static const char *const names[N_VALUES] = {
    "arrival_time",      "batch",
    "split_index",       "latency",
    "head_time",         "device_queue_time",
    "uplink_queue_time", "uplink_time",
    "server_queue_time", "tail_time",
    "downlink_time",     "rate_true",
    "rate_estimate",     "load_true",
    "load_estimate",     "status",
    "oracle_latency",    "regret",
};

/* One request as all policies met it. */
struct step {
    const es_result *result;
    size_t number, policy;
    double (*values)[N_VALUES]; /* [n_policies]; NaN where the policy was stopped before */
    size_t batch;               /* index */
    double delay_s; /* of every offloaded request: propagation, and the result's transfer */
    size_t n_candidates;
    bool *candidates; /* [n_cuts] what the policy could choose */
    double
        *predicted_s; /* [n_cuts] at the rate and load as the policy knew them, on idle stations */
    double *true_s;   /* [n_cuts] at those that were */
};

static void step_fini(struct step *step) {
    free(step->values);
    free(step->candidates);
    free(step->predicted_s);
    free(step->true_s);
}

/* ---- Reading */

static es_status read_step(const char *path, struct step *step, es_errors *errors) {
    const es_result *result = step->result;
    es_steps *steps = NULL;
    es_status status = es_steps_open(path, result, N_VALUES, names, &steps, errors);
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        double *columns[N_VALUES];
        for (size_t v = 0; v < N_VALUES; v++) {
            columns[v] = &step->values[p][v];
            step->values[p][v] = ES_NAN;
        }
        if (step->number < (size_t)result->n_steps[p])
            status = es_steps_read(steps, p, step->number, 1, columns, errors);
    }
    es_steps_close(steps);
    const double *mine = step->values[step->policy];
    while (status == ES_OK && step->batch < result->n_batches &&
           (double)result->batches[step->batch] != mine[BATCH])
        step->batch++;
    if (status == ES_OK && (step->batch == result->n_batches || !(mine[CUT] >= 0) ||
                            mine[CUT] >= (double)result->n_cuts))
        status = es_errors_add(errors, ES_INVALID, path, 0, "step %zu is damaged", step->number);
    return status;
}

/* A quantity of the resolved scenario; `otherwise` where it is empty. */
static double quantity(const es_result *result, const char *section, const char *key,
                       es_dimension dimension, double otherwise) {
    double value;
    es_slice text = es_result_key(result, section, key);
    return es_parse_quantity(text, dimension, &value, NULL) == ES_OK ? value : otherwise;
}

static void find_delay(struct step *step) {
    const es_result *result = step->result;
    double bytes = quantity(result, "transfer", "result", ES_DIM_DATA, 0);
    double rate_bps = quantity(result, "downlink", "rate", ES_DIM_DATA_RATE, ES_INFINITY);
    step->delay_s = quantity(result, "uplink", "propagation", ES_DIM_TIME, 0) +
                    quantity(result, "downlink", "propagation", ES_DIM_TIME, 0) +
                    8 * bytes * (double)result->batches[step->batch] / rate_bps;
}

/* The cuts that the policy's section leaves it. */
static es_status find_candidates(struct step *step, es_errors *errors) {
    const es_result *result = step->result;
    es_text section = {0};
    es_text_add(&section, "policy %s", result->policies[step->policy]);
    if (section.failed)
        return es_errors_no_memory(errors, NULL);
    es_slice kind = es_result_key(result, section.data, "candidates");
    bool privacy = es_slice_equals(es_result_key(result, section.data, "privacy"), "yes");
    bool fixed = !es_summary_is_adaptive(result, step->policy);
    free(section.data);
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        bool is = es_slice_equals(kind, "all") ||
                  (es_slice_equals(kind, "natural") && result->natural[cut] != 0) ||
                  (es_slice_equals(kind, "single-tensor") && result->n_tensors[cut] == 1) ||
                  (es_slice_equals(kind, "compressive") && result->compressive[cut] != 0);
        if (cut == 0)
            is = !privacy;
        if (cut + 1 == result->n_cuts)
            is = true;
        if (fixed)
            is = (double)cut == step->values[step->policy][CUT];
        step->candidates[cut] = is && result->available[cut] != 0;
        step->n_candidates += step->candidates[cut];
    }
    return ES_OK;
}

/* SEMANTICS 3 at a rate and a load. */
static void predict(const struct step *step, double rate_bps, double load, double *latency_s) {
    const es_result *result = step->result;
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        size_t at = cut * result->n_batches + step->batch;
        double sent_ratio = result->sent_ratio != NULL ? result->sent_ratio[cut] : 1;
        latency_s[cut] = result->head_s[at];
        if (cut + 1 < result->n_cuts && sent_ratio > 0)
            latency_s[cut] += sent_ratio * step->delay_s +
                              8 * (double)result->uplink_bytes[at] / rate_bps +
                              result->tail_s[at] / (1 - load);
    }
}

static es_status load_step(const char *path, struct step *step, es_errors *errors) {
    const es_result *result = step->result;
    step->values = es_alloc(result->n_policies, sizeof *step->values);
    step->candidates = es_alloc(result->n_cuts, sizeof *step->candidates);
    step->predicted_s = es_alloc(result->n_cuts, sizeof *step->predicted_s);
    step->true_s = es_alloc(result->n_cuts, sizeof *step->true_s);
    if (step->values == NULL || step->candidates == NULL || step->predicted_s == NULL ||
        step->true_s == NULL)
        return es_errors_no_memory(errors, path);
    es_status status = read_step(path, step, errors);
    if (status == ES_OK)
        status = find_candidates(step, errors);
    if (status != ES_OK)
        return status;
    const double *mine = step->values[step->policy];
    find_delay(step);
    predict(step, mine[RATE_KNOWN], mine[LOAD_KNOWN], step->predicted_s);
    predict(step, mine[RATE_TRUE], mine[LOAD_TRUE], step->true_s);
    return ES_OK;
}

/* The candidate with the least predicted latency besides `apart`; n_cuts if there is none. Ties go
 * to the larger cut. */
static size_t least_predicted(const struct step *step, size_t apart) {
    size_t n = step->result->n_cuts, best = n;
    for (size_t cut = 0; cut < n; cut++)
        if (step->candidates[cut] && cut != apart &&
            (best == n || step->predicted_s[cut] <= step->predicted_s[best]))
            best = cut;
    return best;
}

/* ---- For people */

static void add_ms(es_table *table, double seconds) {
    if (isfinite(seconds))
        es_table_add(table, "%.3f", 1e3 * seconds);
    else
        es_table_add(table, "-");
}

static void print_cuts(const struct step *step, es_text *text) {
    static const char *const headers[] = {"cut", "kB", "head", "tail", "expected", "idle"};
    const es_result *result = step->result;
    size_t chosen = (size_t)step->values[step->policy][CUT];
    es_table table;
    es_table_init(&table, sizeof headers / sizeof headers[0], 1);
    for (size_t c = 0; c < sizeof headers / sizeof headers[0]; c++)
        es_table_add(&table, "%s", headers[c]);
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        size_t at = cut * result->n_batches + step->batch;
        if (!step->candidates[cut] && cut != chosen)
            continue;
        es_table_add(&table, "%s %zu %s", cut == chosen ? ">" : " ", cut, result->cuts[cut]);
        es_table_add(&table, "%.4g", 1e-3 * (double)result->uplink_bytes[at]);
        add_ms(&table, result->head_s[at]);
        add_ms(&table, result->tail_s[at]);
        add_ms(&table, step->predicted_s[cut]);
        add_ms(&table, step->true_s[cut]);
    }
    es_text_add(text,
                "\nwhat %s could choose (> it did), ms: head on the idle device, tail on the "
                "unloaded server,\nlatency as it expected, and as idle stations would have had at "
                "the true rate and load\n",
                result->policies[step->policy]);
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

static const char *status_text(double status) {
    static const char *const texts[] = {"completed", "late", "dropped", "unfinished"};
    return status >= 0 && status < 4 ? texts[(size_t)status] : "-";
}

static void print_policies(const struct step *step, es_text *text) {
    static const char *const headers[] = {"policy", "cut",  "latency", "wait",     "head",   "wait",
                                          "uplink", "wait", "tail",    "downlink", "regret", ""};
    static const int values[] = {LATENCY,      DEVICE_QUEUE, HEAD,     UPLINK_QUEUE, UPLINK,
                                 SERVER_QUEUE, TAIL,         DOWNLINK, REGRET};
    const es_result *result = step->result;
    es_table table;
    es_table_init(&table, sizeof headers / sizeof headers[0], 2);
    for (size_t c = 0; c < sizeof headers / sizeof headers[0]; c++)
        es_table_add(&table, "%s", headers[c]);
    for (size_t p = 0; p < result->n_policies; p++) {
        const double *row = step->values[p];
        if (p != step->policy && !es_result_is_paired(result))
            continue;
        bool there = row[CUT] >= 0 && row[CUT] < (double)result->n_cuts;
        es_table_add(&table, "%s %s", p == step->policy ? ">" : " ", result->policies[p]);
        if (there)
            es_table_add(&table, "%.0f %s", row[CUT], result->cuts[(size_t)row[CUT]]);
        else
            es_table_add(&table, "-");
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
            add_ms(&table, row[values[v]]);
        es_table_add(&table, "%s", there ? status_text(row[STATUS]) : "stopped before");
    }
    es_text_add(text,
                "\nwhat became of the request under each policy, ms: each wait is for what is "
                "behind it\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

static bool knew_the_truth(const double *row) {
    return row[RATE_KNOWN] == row[RATE_TRUE] && row[LOAD_KNOWN] == row[LOAD_TRUE];
}

static void say_why(const struct step *step, es_text *text) {
    const es_result *result = step->result;
    const double *row = step->values[step->policy];
    const char *policy = result->policies[step->policy];
    size_t chosen = (size_t)row[CUT], second = least_predicted(step, chosen);
    es_text_add(text, "%s chose cut %zu %s", policy, chosen, result->cuts[chosen]);
    if (!es_summary_is_adaptive(result, step->policy)) {
        es_text_add(text, ", as for every request: it does not look at the state.\n");
        return;
    }
    if (es_summary_is_oracle(result, step->policy)) {
        bool plans = strcmp(result->types[step->policy], "oracle") != 0;
        es_text_add(text, ": it sees what is to come and takes what is truly best%s.\n",
                    plans ? " for all requests together" : "");
        return;
    }
    if (isnan(row[RATE_KNOWN])) {
        es_text_add(text, ": it learns from the delays of its own requests and is told neither the "
                          "rate nor the load.\n");
        return;
    }
    es_text_add(
        text,
        knew_the_truth(row)
            ? ": it knew the uplink rate of %.4g Mbit/s and the server load of %.3g, with which "
            : ": it took the uplink rate for %.4g Mbit/s and the server load for %.3g, with which ",
        row[RATE_KNOWN] / 1e6, row[LOAD_KNOWN]);
    es_text_add(text, "that takes %.4g ms", 1e3 * step->predicted_s[chosen]);
    if (second == result->n_cuts)
        es_text_add(text, "; it had no other candidate.\n");
    else if (!isfinite(step->predicted_s[second]))
        es_text_add(text, ", and by no other of its %zu candidates would it ever be done.\n",
                    step->n_candidates);
    else if (step->predicted_s[second] >= step->predicted_s[chosen])
        es_text_add(text, ", the least of its %zu candidates; cut %zu %s would take %.4g ms.\n",
                    step->n_candidates, second, result->cuts[second],
                    1e3 * step->predicted_s[second]);
    else
        es_text_add(text,
                    ", though cut %zu %s would take %.4g ms: it weighs more than that (what is "
                    "queued, a deadline, energy, or what changing the cut costs).\n",
                    second, result->cuts[second], 1e3 * step->predicted_s[second]);
}

static void say_what_came(const struct step *step, es_text *text) {
    const double *row = step->values[step->policy];
    double wait_s = row[DEVICE_QUEUE] + row[UPLINK_QUEUE] + row[SERVER_QUEUE];
    if (!knew_the_truth(row))
        es_text_add(text, "The rate was %.4g Mbit/s and the load %.3g: the", row[RATE_TRUE] / 1e6,
                    row[LOAD_TRUE]);
    else
        es_text_add(text, "The");
    if (isnan(row[LATENCY])) {
        es_text_add(text, " request was %s.\n",
                    row[STATUS] == 2 ? "dropped at its deadline" : "not finished");
        return;
    }
    es_text_add(text, " request took %.4g ms", 1e3 * row[LATENCY]);
    if (wait_s > 0)
        es_text_add(text, ", %.4g ms of it waiting", 1e3 * wait_s);
    if (row[REGRET] > 0.5e-9)
        es_text_add(text, "; the best cut would have taken %.4g ms, so the choice cost %.4g ms",
                    1e3 * row[ORACLE], 1e3 * row[REGRET]);
    else if (!isnan(row[REGRET]))
        es_text_add(text, "; no cut would have been faster");
    es_text_add(text, ".\n");
}

static void print_text(const struct step *step, es_text *text) {
    const double *row = step->values[step->policy];
    if (step->result->title[0] != '\0')
        es_text_add(text, "%s\n", step->result->title);
    es_text_add(text, "step %zu: arrives at %.6g s, batch %.0f; ", step->number, row[ARRIVAL],
                row[BATCH]);
    if (isnan(row[RATE_KNOWN]))
        es_text_add(text, "uplink %.4g Mbit/s, server load %.3g (neither known)\n",
                    row[RATE_TRUE] / 1e6, row[LOAD_TRUE]);
    else
        es_text_add(text, "uplink %.4g Mbit/s (known as %.4g), server load %.3g (known as %.3g)\n",
                    row[RATE_TRUE] / 1e6, row[RATE_KNOWN] / 1e6, row[LOAD_TRUE], row[LOAD_KNOWN]);
    print_cuts(step, text);
    print_policies(step, text);
    es_text_add(text, "\n");
    say_why(step, text);
    say_what_came(step, text);
}

/* ---- For programs */

static void print_records(const struct step *step, es_records_form form, es_text *text) {
    static const es_field columns[] = {
        {"step", ES_FIELD_COUNT},         {"policy", ES_FIELD_TEXT},     {"cut", ES_FIELD_COUNT},
        {"name", ES_FIELD_TEXT},          {"candidate", ES_FIELD_FLAG},  {"chosen", ES_FIELD_FLAG},
        {"uplink_bytes", ES_FIELD_COUNT}, {"head_s", ES_FIELD_REAL},     {"tail_s", ES_FIELD_REAL},
        {"delay_s", ES_FIELD_REAL},       {"expected_s", ES_FIELD_REAL}, {"idle_s", ES_FIELD_REAL},
        {"latency_s", ES_FIELD_REAL},     {"regret_s", ES_FIELD_REAL},
    };
    const es_result *result = step->result;
    const double *row = step->values[step->policy];
    es_records records;
    es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        size_t at = cut * result->n_batches + step->batch;
        bool chosen = (double)cut == row[CUT], last = cut + 1 == result->n_cuts;
        es_records_add_count(&records, (int64_t)step->number);
        es_records_add_text(&records, result->policies[step->policy]);
        es_records_add_count(&records, (int64_t)cut);
        es_records_add_text(&records, result->cuts[cut]);
        es_records_add_flag(&records, step->candidates[cut]);
        es_records_add_flag(&records, chosen);
        es_records_add_count(&records, result->uplink_bytes[at]);
        es_records_add_real(&records, result->head_s[at]);
        es_records_add_real(&records, result->tail_s[at]);
        es_records_add_real(&records, last ? 0 : step->delay_s);
        es_records_add_real(&records,
                            isfinite(step->predicted_s[cut]) ? step->predicted_s[cut] : ES_NAN);
        es_records_add_real(&records, isfinite(step->true_s[cut]) ? step->true_s[cut] : ES_NAN);
        es_records_add_real(&records, chosen ? row[LATENCY] : ES_NAN);
        es_records_add_real(&records, chosen ? row[REGRET] : ES_NAN);
    }
    es_records_print(&records, form, text);
    es_records_fini(&records);
}

/* ---- The command */

static es_status choose(const es_arguments *arguments, struct step *step, es_errors *errors) {
    const es_result *result = step->result;
    const char *path = arguments->operands[0],
               *name = es_arguments_value(arguments, "policy", NULL);
    const char *number = es_arguments_value(arguments, "step", "");
    int64_t at;
    if (result->n_policies == 0)
        return es_errors_add(errors, ES_INVALID, path, 0, "has no policies");
    if (result->n_groups > 1)
        return es_errors_add(errors, ES_INVALID, path, 0,
                             "has %zu groups of devices; explain reads results of one group",
                             result->n_groups);
    if (result->has_cloud)
        return es_errors_add(errors, ES_INVALID, path, 0,
                             "has three tiers; explain reads results of two");
    step->policy = es_summary_main_policy(result);
    if (name != NULL && es_result_find_policy(result, path, name, &step->policy, errors) != ES_OK)
        return ES_INVALID;
    if (es_parse_int64((es_slice){number, strlen(number)}, &at) != ES_OK || at < 0)
        return es_arguments_mistake(arguments, errors, "--step %s: expected a number from 0 on",
                                    number);
    if (at >= result->n_steps[step->policy])
        return es_errors_add(errors, ES_INVALID, path, 0, "%s has %lld steps: 0 to %lld",
                             result->policies[step->policy],
                             (long long)result->n_steps[step->policy],
                             (long long)result->n_steps[step->policy] - 1);
    step->number = (size_t)at;
    return ES_OK;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    bool json = es_arguments_has(arguments, "json"), csv = es_arguments_has(arguments, "csv");
    if (json && csv)
        return es_arguments_mistake(arguments, errors, "--json and --csv exclude each other");
    es_result *result = NULL;
    struct step step = {0};
    es_text text = {0};
    es_status status = es_result_load(arguments->operands[0], &result, errors);
    step.result = result;
    if (status == ES_OK)
        status = choose(arguments, &step, errors);
    if (status == ES_OK)
        status = load_step(arguments->operands[0], &step, errors);
    if (status == ES_OK) {
        if (json || csv)
            print_records(&step, json ? ES_FORM_JSON : ES_FORM_CSV, &text);
        else
            print_text(&step, &text);
        if (text.failed)
            status = es_errors_no_memory(errors, NULL);
        else
            fputs(text.data, stdout);
    }
    free(text.data);
    step_fini(&step);
    es_result_destroy(result);
    return status;
}

static const es_option options[] = {
    {.name = "step", .value = "N", .help = "the request, from 0 on", .required = true},
    {.name = "policy", .value = "NAME", .help = "default: the first that decides per request"},
    {.name = "json", .help = "what each cut was expected to take, for programs"},
    {.name = "csv", .help = "the same, for spreadsheets"},
    {0},
};

const es_command es_report_explain = {
    .name = "explain",
    .summary = "why a policy chose the cut of one request, and what came of it",
    .notes =
        "Expected times are those of the policy: profiles, rate and load as it knew them, with "
        "propagation and\nthe result's transfer, without queues (a queue-aware policy counts "
        "them too, and the file does not say how).",
    .operand = "RESULT.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
