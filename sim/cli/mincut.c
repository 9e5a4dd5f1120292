/* edgesplit model mincut: the best split of a network as the graph that it is. */
#include "edgesplit/mincut.h"
#include "commands.h"
#include "numbers.h"
#include "rows.h"

#include "edgesplit/alloc.h"
#include "edgesplit/network.h"
#include "edgesplit/number.h"
#include "edgesplit/profile.h"

#include <math.h>
#include <stdlib.h>

/* What was asked for, and what the files say. */
struct search {
    es_model *model;
    es_profile *device, *server;
    size_t n_rates, n_units;
    double *rates_bps;
    double batch, load, delay_s, header_bytes, input_bytes, feature_bytes, resolution;
    bool privacy, every;
    double *device_s, *server_s; /* [n_units + 1] at that batch and load */
    bool *on_device, *first;     /* [n_units + 1] the best set; a number of first units */
};

static void search_fini(struct search *search) {
    es_model_destroy(search->model);
    es_profile_destroy(search->device);
    es_profile_destroy(search->server);
    free(search->rates_bps);
    free(search->device_s);
    free(search->server_s);
    free(search->on_device);
    free(search->first);
}

static es_status parse(const es_arguments *arguments, struct search *search, es_errors *errors) {
    *search = (struct search){.batch = 1, .input_bytes = 1, .feature_bytes = 4};
    search->every = es_arguments_has(arguments, "every");
    (void)parse_list(arguments, "rate", ES_DIM_DATA_RATE, 1, 1e15, &search->rates_bps,
                     &search->n_rates, errors);
    (void)parse_number(arguments, "batch", ES_DIM_COUNT, 1, &search->batch, errors);
    (void)parse_number(arguments, "load", ES_DIM_RATIO, 0, &search->load, errors);
    (void)parse_number(arguments, "delay", ES_DIM_TIME, 0, &search->delay_s, errors);
    (void)parse_number(arguments, "header", ES_DIM_DATA, 0, &search->header_bytes, errors);
    (void)parse_number(arguments, "input-bytes", ES_DIM_RATIO, 1e-3, &search->input_bytes, errors);
    (void)parse_number(arguments, "feature-bytes", ES_DIM_RATIO, 1e-3, &search->feature_bytes,
                       errors);
    (void)parse_number(arguments, "resolution", ES_DIM_COUNT, 1, &search->resolution, errors);
    search->privacy = es_arguments_has(arguments, "privacy");
    if (search->load >= 1)
        es_arguments_mistake(arguments, errors, "--load %g: expected less than 1", search->load);
    static const char *const required[] = {"device", "server"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!es_arguments_has(arguments, required[i]))
            es_arguments_mistake(arguments, errors, "--%s is missing", required[i]);
    static const char *const at_rates[] = {"rate", "load", "delay", "header"};
    if (!search->every && !es_arguments_has(arguments, "rate"))
        es_arguments_mistake(arguments, errors, "--rate is missing, or --every");
    for (size_t i = 0; search->every && i < sizeof at_rates / sizeof at_rates[0]; i++)
        if (es_arguments_has(arguments, at_rates[i]))
            es_arguments_mistake(arguments, errors, "--%s does not go with --every", at_rates[i]);
    return es_errors_status(errors);
}

/* Fills the times of all units from a profile's layers. */
static es_status take_times(const struct search *search, const es_profile *profile, double slowdown,
                            double *times_s, es_errors *errors) {
    es_status status = es_profile_check_model(profile, search->model, errors);
    for (size_t u = 1; u <= search->n_units && status == ES_OK; u++) {
        const es_profile_row *row =
            es_profile_find(profile, ES_PROFILE_LAYER, u, (int64_t)search->batch);
        if (row != NULL)
            times_s[u] = row->median_s * slowdown;
        else
            status = es_errors_add(errors, ES_INVALID, profile->path, 0,
                                   "holds no time of layer %zu at batch %g; expected one of every "
                                   "layer by itself",
                                   u, search->batch);
    }
    return status;
}

static es_status open_inputs(const es_arguments *arguments, struct search *search,
                             es_errors *errors) {
    es_network_options options = {.resolution = (int64_t)search->resolution};
    es_status statuses[] = {
        es_network_open(arguments->operands[0], &options, &search->model, errors),
        es_profile_load(es_arguments_value(arguments, "device", NULL), &search->device, errors),
        es_profile_load(es_arguments_value(arguments, "server", NULL), &search->server, errors)};
    for (size_t i = 0; i < 3; i++)
        if (statuses[i] != ES_OK)
            return statuses[i];
    es_granularity granularity = search->device->granularity;
    if (search->server->granularity != granularity)
        return es_errors_add(errors, ES_INVALID, search->server->path, 0,
                             "has granularity %s; expected %s, as in %s",
                             es_granularity_text(search->server->granularity),
                             es_granularity_text(granularity), search->device->path);
    size_t n = search->model->n_cuts[granularity];
    search->n_units = n - 1;
    search->device_s = es_alloc(n, sizeof *search->device_s);
    search->server_s = es_alloc(n, sizeof *search->server_s);
    search->on_device = es_alloc(n, sizeof *search->on_device);
    search->first = es_alloc(n, sizeof *search->first);
    if (search->device_s == NULL || search->server_s == NULL || search->on_device == NULL ||
        search->first == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status = take_times(search, search->device, 1, search->device_s, errors);
    es_status other =
        take_times(search, search->server, 1 / (1 - search->load), search->server_s, errors);
    return status != ES_OK ? status : other;
}

static es_mincut_costs costs_at(const struct search *search, double rate_bps) {
    double input_elems = (double)es_shape_elems(search->model->layers[0].out);
    double input_bytes = search->batch * input_elems * search->input_bytes;
    return (es_mincut_costs){
        .granularity = search->device->granularity,
        .device_s = search->device_s,
        .server_s = search->server_s,
        .input_s = search->privacy ? ES_INFINITY : 8 * input_bytes / rate_bps,
        .s_per_elem = 8 * search->batch * search->feature_bytes / rate_bps,
        .delay_s = search->delay_s + 8 * search->header_bytes / rate_bps,
    };
}

/* The least latency with the first so many units on the device; ties go to more of them. */
static es_status find_cut(const struct search *search, const es_mincut_costs *costs, size_t *cut,
                          double *least_s) {
    es_status status = ES_OK;
    *least_s = ES_INFINITY;
    for (size_t u = 0; u <= search->n_units && status == ES_OK; u++) {
        es_partition partition = {0};
        for (size_t i = 0; i <= search->n_units; i++)
            search->first[i] = i <= u;
        status = es_mincut_evaluate(search->model, costs, search->first, &partition);
        if (partition.latency_s <= *least_s) {
            *least_s = partition.latency_s;
            *cut = u;
        }
    }
    return status;
}

/* The last unit of a set; 0: it has none. */
static size_t last_unit(const struct search *search, const bool *on_device) {
    size_t last = search->n_units;
    while (last > 0 && !on_device[last])
        last--;
    return last;
}

/* Names the units that the server has though a later one is on the device. */
static void name_scattered(const struct search *search, const bool *on_device, es_text *text) {
    const es_cut *units = search->model->cuts[search->device->granularity];
    size_t last = last_unit(search, on_device);
    es_text_add(text, " the device has all up to %s but", units[last].name);
    for (size_t u = 1; u < last; u++)
        if (!on_device[u])
            es_text_add(text, " %s", units[u].name);
    es_text_add(text, "\n");
}

/* Bytes that a set sends, the header included. */
static int64_t sent_bytes(const struct search *search, const es_partition *set) {
    double input_elems =
        set->sends_input ? (double)es_shape_elems(search->model->layers[0].out) : 0;
    double bytes = search->batch *
                   (input_elems * search->input_bytes + (double)set->elems * search->feature_bytes);
    return set->n_tensors > 0 ? (int64_t)ceil(bytes + search->header_bytes) : 0;
}

static es_status add_rate(struct search *search, double rate_bps, es_records *records,
                          es_text *text, es_errors *errors) {
    es_mincut_costs costs = costs_at(search, rate_bps);
    es_partition best;
    size_t cut = 0;
    double cut_s = 0;
    es_status status = es_mincut_find(search->model, &costs, search->on_device);
    if (status == ES_OK)
        status = es_mincut_evaluate(search->model, &costs, search->on_device, &best);
    if (status == ES_OK)
        status = find_cut(search, &costs, &cut, &cut_s);
    if (status != ES_OK)
        return es_errors_no_memory(errors, NULL);
    es_records_add_real(records, rate_bps);
    es_records_add_count(records, (int64_t)best.n_units);
    es_records_add_flag(records, best.is_prefix);
    es_records_add_count(records, (int64_t)best.n_tensors);
    es_records_add_count(records, sent_bytes(search, &best));
    es_records_add_real(records, best.head_s);
    es_records_add_real(records, best.send_s);
    es_records_add_real(records, best.tail_s);
    es_records_add_real(records, best.latency_s);
    es_records_add_count(records, (int64_t)cut);
    es_records_add_text(records, search->model->cuts[costs.granularity][cut].name);
    es_records_add_real(records, cut_s);
    /* equal but for the order in which the same numbers were added up: no gain */
    double gain = best.is_prefix && best.n_units == cut ? 0 : 1 - best.latency_s / cut_s;
    es_records_add_real(records, gain);
    if (!best.is_prefix) {
        es_text_add(text, "at ");
        es_text_add_quantity(text, rate_bps, ES_DIM_DATA_RATE);
        name_scattered(search, search->on_device, text);
    }
    return ES_OK;
}

/* Every set that is the best at some rate and some load, by the time of its head. */
static es_status add_every(struct search *search, es_records *records, es_text *text,
                           es_errors *errors) {
    es_mincut_costs costs = costs_at(search, 1);
    es_mincut_sets sets;
    if (es_mincut_list(search->model, &costs, &sets) != ES_OK)
        return es_errors_no_memory(errors, NULL);
    bool *is_listed = es_alloc(sets.n, sizeof *is_listed);
    es_status status = is_listed != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
    for (size_t n = 0; n < sets.n && status == ES_OK; n++) {
        size_t next = sets.n;
        for (size_t i = 0; i < sets.n; i++)
            if (!is_listed[i] && (next == sets.n || sets.sums[i].head_s < sets.sums[next].head_s))
                next = i;
        const es_partition *sum = &sets.sums[next];
        is_listed[next] = true;
        es_records_add_count(records, (int64_t)sum->n_units);
        es_records_add_flag(records, sum->is_prefix);
        es_records_add_text(
            records,
            search->model->cuts[costs.granularity][last_unit(search, es_mincut_set(&sets, next))]
                .name);
        es_records_add_count(records, (int64_t)sum->n_tensors);
        es_records_add_count(records, sent_bytes(search, sum));
        es_records_add_real(records, sum->head_s);
        es_records_add_real(records, sum->tail_s);
        if (!sum->is_prefix) {
            es_text_add(text, "with %zu units", sum->n_units);
            name_scattered(search, es_mincut_set(&sets, next), text);
        }
    }
    free(is_listed);
    es_mincut_sets_fini(&sets);
    return status;
}

static const es_field every_columns[] = {
    {"device_units", ES_FIELD_COUNT}, {"prefix", ES_FIELD_FLAG}, {"last_unit", ES_FIELD_TEXT},
    {"tensors", ES_FIELD_COUNT},      {"bytes", ES_FIELD_COUNT}, {"head_s", ES_FIELD_REAL},
    {"tail_s", ES_FIELD_REAL},
};

static es_status run(const es_arguments *arguments, es_errors *errors) {
    static const es_field columns[] = {
        {"rate_bps", ES_FIELD_REAL},  {"device_units", ES_FIELD_COUNT},
        {"prefix", ES_FIELD_FLAG},    {"tensors", ES_FIELD_COUNT},
        {"bytes", ES_FIELD_COUNT},    {"head_s", ES_FIELD_REAL},
        {"send_s", ES_FIELD_REAL},    {"tail_s", ES_FIELD_REAL},
        {"latency_s", ES_FIELD_REAL}, {"cut", ES_FIELD_COUNT},
        {"cut_name", ES_FIELD_TEXT},  {"cut_latency_s", ES_FIELD_REAL},
        {"gain", ES_FIELD_REAL},
    };
    es_records_form form;
    struct search search;
    es_records records;
    es_text above = {0}, below = {0};
    es_status status = choose_form(arguments, &form, errors);
    if (es_arguments_has(arguments, "every"))
        es_records_init(&records, sizeof every_columns / sizeof every_columns[0], every_columns);
    else
        es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    if (parse(arguments, &search, errors) != ES_OK)
        status = es_errors_status(errors);
    if (status == ES_OK)
        status = open_inputs(arguments, &search, errors);
    if (status == ES_OK && search.every)
        status = add_every(&search, &records, &below, errors);
    for (size_t i = 0; i < search.n_rates && status == ES_OK; i++)
        status = add_rate(&search, search.rates_bps[i], &records, &below, errors);
    if (status == ES_OK)
        es_text_add(&above,
                    "%s in %zu %s units; batch %g, load %g; bytes: %g per input element, %g per "
                    "feature element\n",
                    search.model->name, search.n_units,
                    es_granularity_text(search.device->granularity), search.batch, search.load,
                    search.input_bytes, search.feature_bytes);
    search_fini(&search);
    if (status == ES_OK)
        return print_rows(&records, form, &above, &below, errors);
    es_records_fini(&records);
    free(above.data);
    free(below.data);
    return status;
}

static const es_option options[] = {
    {.name = "rate", .value = "LIST", .help = "uplink rates, e.g. 1, 10, 100Mbit/s"},
    {.name = "every", .help = "instead: every set that is the best at some rate and some load"},
    {.name = "device", .value = "PROFILE", .help = "profile of the device, with layers"},
    {.name = "server", .value = "PROFILE", .help = "profile of the server, likewise"},
    {.name = "batch", .value = "N", .help = "images per request, as measured; default: 1"},
    {.name = "load", .value = "RATIO", .help = "load of the server by others; default: 0"},
    {.name = "privacy", .help = "the input never leaves the device"},
    {.name = "input-bytes", .value = "N", .help = "per element of the input; default: 1"},
    {.name = "feature-bytes", .value = "N", .help = "per element of a feature map; default: 4"},
    {.name = "header", .value = "SIZE", .help = "per request; default: 0B"},
    {.name = "delay",
     .value = "TIME",
     .help = "propagation both ways, with what the result takes; default: 0s"},
    {.name = "resolution", .value = "PIXELS", .help = "zoo: input height and width"},
    {.name = "csv", .help = "print CSV"},
    {.name = "json", .help = "print JSON"},
    {0},
};

const es_command command_model_mincut = {
    .group = "model",
    .name = "mincut",
    .summary = "the best split of the layers' graph, and what it gains over the best cut",
    .notes =
        "Any set of layers that reads nothing of the others can be the device's: of two branches "
        "only one, say.\nThe best set is a minimum cut of the graph (Hu et al., INFOCOM 2019), "
        "found by a maximum flow; a tensor\nis sent once however many layers read it. The "
        "policies of `edgesplit run` cut the layers' order, so\nthat the first so many are the "
        "device's (but for min-cut); `cut` is the best of these among all units, and gain "
        "what\nthe set saves of its latency. Head, transfer and tail follow each other, as "
        "everywhere.\n--every settles the question for all rates, loads and delays at once: where "
        "each line says prefix, no\nset of layers ever beats the best cut.",
    .operand = "NAME|FILE",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
