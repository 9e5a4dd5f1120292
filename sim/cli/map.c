/* edgesplit map: the optimal cut over the data rate, straight from two profiles. */
#include "map.h"
#include "commands.h"
#include "numbers.h"
#include "rows.h"

#include "edgesplit/alloc.h"
#include "edgesplit/network.h"
#include "edgesplit/number.h"
#include "edgesplit/units.h"

#include <math.h>
#include <string.h>

/* ---- Options */

/* "1..100 Mbit/s", "500kbit/s .. 1Gbit/s". */
static es_status parse_rates(const es_arguments *arguments, map_request *request,
                             es_errors *errors) {
    const char *text = es_arguments_value(arguments, "rate", NULL);
    const char *dots = text != NULL ? strstr(text, "..") : NULL;
    if (text == NULL)
        return ES_OK;
    es_text first = {0};
    double from = 0, to = 0;
    if (dots != NULL) {
        es_slice left = es_slice_trim((es_slice){text, (size_t)(dots - text)});
        const char *unit = dots + 2 + strspn(dots + 2, " .0123456789");
        bool bare = left.length > 0 && strchr("0123456789.", left.data[left.length - 1]) != NULL;
        es_text_add(&first, "%.*s%s", (int)left.length, left.data, bare ? unit : "");
        if (first.failed)
            return es_errors_no_memory(errors, NULL);
        if (es_parse_quantity((es_slice){first.data, first.length}, ES_DIM_DATA_RATE, &from,
                              NULL) != ES_OK ||
            es_parse_quantity(es_slice_trim((es_slice){dots + 2, strlen(dots + 2)}),
                              ES_DIM_DATA_RATE, &to, NULL) != ES_OK)
            from = 0;
        free(first.data);
    }
    if (!(from > 0 && from < to))
        return es_arguments_mistake(
            arguments, errors, "--rate %s: expected a range of data rates, 1..100Mbit/s", text);
    request->rate_from_bps = from;
    request->rate_to_bps = to;
    return ES_OK;
}

static es_status parse_batches(const es_arguments *arguments, map_request *request,
                               es_errors *errors) {
    double *values = NULL;
    size_t n = 0;
    es_status status = parse_list(arguments, "batch", ES_DIM_COUNT, 1, 1e6, &values, &n, errors);
    if (status == ES_OK && n > 0) {
        request->batches = es_alloc(n, sizeof *request->batches);
        status = request->batches != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
        request->n_batches = status == ES_OK ? n : 0;
        for (size_t i = 0; i < request->n_batches; i++)
            request->batches[i] = (int64_t)values[i];
    }
    free(values);
    return status;
}

static es_status parse_loads(const es_arguments *arguments, map_request *request,
                             es_errors *errors) {
    es_status status = parse_list(arguments, "load", ES_DIM_RATIO, 0, 0.999999, &request->loads,
                                  &request->n_loads, errors);
    if (status != ES_OK || request->n_loads > 0)
        return status;
    request->loads = es_alloc(1, sizeof *request->loads);
    request->n_loads = request->loads != NULL;
    return request->loads != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
}

static const char *const candidate_names[] = {"compressive", "natural", "single-tensor", "all"};

static es_status parse_candidates(const es_arguments *arguments, map_request *request,
                                  es_errors *errors) {
    const char *text = es_arguments_value(arguments, "candidates", candidate_names[0]);
    for (size_t i = 0; i < sizeof candidate_names / sizeof candidate_names[0]; i++)
        if (strcmp(text, candidate_names[i]) == 0) {
            request->candidates = (map_candidates)i;
            return ES_OK;
        }
    return es_arguments_mistake(arguments, errors,
                                "--candidates %s: expected compressive, natural, single-tensor or "
                                "all",
                                text);
}

/* The paper's conventions are those of scenarios/paper-grid.ini. */
static es_status parse(const es_arguments *arguments, bool paper, map_request *request,
                       es_errors *errors) {
    const char *granularity = es_arguments_value(arguments, "granularity", "block");
    *request = (map_request){
        .rate_from_bps = paper ? 8e6 : 1e6,
        .rate_to_bps = paper ? 127 * 8e6 : 1e9,
        .input_bytes = 1,
        .feature_bytes = 4,
        .privacy = paper || es_arguments_has(arguments, "privacy"),
        .residual_blocks_only = paper || es_arguments_has(arguments, "residual-blocks-only"),
    };
    (void)parse_rates(arguments, request, errors);
    (void)parse_batches(arguments, request, errors);
    (void)parse_loads(arguments, request, errors);
    (void)parse_candidates(arguments, request, errors);
    (void)parse_number(arguments, "input-bytes", ES_DIM_RATIO, 1e-3, &request->input_bytes, errors);
    (void)parse_number(arguments, "feature-bytes", ES_DIM_RATIO, 1e-3, &request->feature_bytes,
                       errors);
    (void)parse_number(arguments, "header", ES_DIM_DATA, 0, &request->header_bytes, errors);
    (void)parse_number(arguments, "delay", ES_DIM_TIME, 0, &request->delay_s, errors);
    (void)parse_number(arguments, "resolution", ES_DIM_COUNT, 1, &request->resolution, errors);
    if (es_granularity_parse(granularity, &request->granularity) != ES_OK)
        es_arguments_mistake(arguments, errors, "--granularity %s: expected leaf, fused or block",
                             granularity);
    else if (request->residual_blocks_only && request->granularity != ES_BLOCK)
        es_arguments_mistake(arguments, errors, "--residual-blocks-only needs blocks, not %s",
                             granularity);
    const char *const own[] = {"model", "device", "server"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (es_arguments_has(arguments, own[i]) == paper)
            es_arguments_mistake(arguments, errors,
                                 paper ? "--paper finds its own --%s" : "--%s is missing", own[i]);
    if (!paper && es_arguments_has(arguments, "profiles"))
        es_arguments_mistake(arguments, errors, "--profiles belongs to --paper");
    return es_errors_status(errors);
}

/* ---- Running */

static es_status map_one(const es_arguments *arguments, const map_request *request,
                         map_report *report, es_errors *errors) {
    es_network_options options = {.resolution = (int64_t)request->resolution};
    es_model *model = NULL;
    es_profile *device = NULL, *server = NULL;
    es_status status =
        es_network_open(es_arguments_value(arguments, "model", NULL), &options, &model, errors);
    es_status found[] = {
        status, es_profile_load(es_arguments_value(arguments, "device", NULL), &device, errors),
        es_profile_load(es_arguments_value(arguments, "server", NULL), &server, errors)};
    for (size_t i = 0; i < 3 && status == ES_OK; i++)
        status = found[i];
    if (status == ES_OK)
        status = map_add(report, request, model, device, server, errors);
    es_profile_destroy(device);
    es_profile_destroy(server);
    es_model_destroy(model);
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    bool paper = es_arguments_has(arguments, "paper");
    es_records_form form;
    map_request request;
    map_report report;
    es_status status = choose_form(arguments, &form, errors);
    map_report_init(&report, form);
    if (parse(arguments, paper, &request, errors) != ES_OK)
        status = es_errors_status(errors);
    if (status == ES_OK)
        status = paper ? map_paper(es_arguments_value(arguments, "profiles", NULL), &request,
                                   &report, errors)
                       : map_one(arguments, &request, &report, errors);
    if (status == ES_OK)
        status = map_report_print(&report, errors);
    map_report_fini(&report);
    free(request.batches);
    free(request.loads);
    return status;
}

static const es_option options[] = {
    {.name = "model", .value = "NAME|FILE", .help = "network of the zoo or a file"},
    {.name = "device", .value = "PROFILE", .help = "profile of the device"},
    {.name = "server", .value = "PROFILE", .help = "profile of the server"},
    {.name = "rate",
     .value = "A..B",
     .help = "range of the uplink rate; default: 1Mbit/s..1Gbit/s"},
    {.name = "batch", .value = "LIST", .help = "images per request; default: those measured"},
    {.name = "load", .value = "LIST", .help = "load of the server by others; default: 0"},
    {.name = "candidates",
     .value = "compressive|natural|single-tensor|all",
     .help = "cuts to choose from besides the ends; default: compressive"},
    {.name = "privacy", .help = "the input never leaves the device"},
    {.name = "residual-blocks-only", .help = "cuts behind residual blocks only, as the paper"},
    {.name = "granularity", .value = "leaf|fused|block", .help = "where cuts lie; default: block"},
    {.name = "input-bytes", .value = "N", .help = "per element of the input; default: 1"},
    {.name = "feature-bytes", .value = "N", .help = "per element of a feature map; default: 4"},
    {.name = "header", .value = "SIZE", .help = "per message; default: 0B"},
    {.name = "delay",
     .value = "TIME",
     .help = "propagation both ways, with what the result takes; default: 0s"},
    {.name = "resolution", .value = "PIXELS", .help = "zoo: input height and width"},
    {.name = "paper",
     .help = "the 14 networks of the ICASSP 2023 paper, as far as there are profiles"},
    {.name = "profiles", .value = "FOLDER", .help = "of --paper; default: those that ship"},
    {.name = "csv", .help = "print CSV"},
    {.name = "json", .help = "print JSON"},
    {0},
};

const es_command command_map = {
    .name = "map",
    .summary = "the optimal cut over data rate, batch size and load, straight from two profiles",
    .notes =
        "A cut's latency is a line in 1 / rate; the best one is their lower envelope, whose "
        "borders are exact.\nA border may lie elsewhere, and a choice is sure only in a part of "
        "its range, as far as single passes\nof the profiles spread (p05 to p95 of every row, by "
        "interval arithmetic: an outer bound). --paper\ntakes the paper's conventions (blocks, "
        "compressive, privacy, 1 to 127 MB/s) and, of each network with\ntwo profiles in FOLDER, "
        "the slowest for the device and the fastest for the server.\n"
        "`edgesplit plot map` draws it.",
    .options = options,
    .run = run,
};
