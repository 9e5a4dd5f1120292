/* What `edgesplit map` prints. */
#include "map.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/table.h"

#include <math.h>
#include <string.h>

static const es_field columns[] = {
    {"model", ES_FIELD_TEXT},
    {"batch", ES_FIELD_COUNT},
    {"load", ES_FIELD_REAL},
    {"rate_from_bps", ES_FIELD_REAL},
    {"rate_to_bps", ES_FIELD_REAL},
    {"cut", ES_FIELD_COUNT},
    {"name", ES_FIELD_TEXT},
    {"constant_s", ES_FIELD_REAL},
    {"bits", ES_FIELD_REAL},
    {"crossing_low_bps", ES_FIELD_REAL},
    {"crossing_high_bps", ES_FIELD_REAL},
    {"sure_from_bps", ES_FIELD_REAL},
    {"sure_to_bps", ES_FIELD_REAL},
    {"runner_up", ES_FIELD_TEXT},
    {"lead_ratio", ES_FIELD_REAL},
    {"lead_rate_bps", ES_FIELD_REAL},
    {"no_offload_s", ES_FIELD_REAL},
    {"full_offload_s", ES_FIELD_REAL},
    {"full_offload_bits", ES_FIELD_REAL},
    {"device_kind", ES_FIELD_TEXT},
    {"server_kind", ES_FIELD_TEXT},
};

void map_report_init(map_report *report, es_records_form form) {
    *report = (map_report){.form = form};
    es_records_init(&report->records, sizeof columns / sizeof columns[0], columns);
}

void map_report_fini(map_report *report) {
    es_records_fini(&report->records);
    free(report->text.data);
}

es_status map_report_print(const map_report *report, es_errors *errors) {
    es_text rows = {0};
    const es_text *text = &report->text;
    if (report->form != ES_FORM_TABLE) {
        es_records_print(&report->records, report->form, &rows);
        text = &rows;
    }
    es_status status = text->failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK && text->data != NULL)
        fputs(text->data, stdout);
    free(rows.data);
    return status;
}

/* What has no bound is not a number to those who read it. */
static double finite(double value) {
    return isfinite(value) ? value : ES_NAN;
}

static void add_record(es_records *records, const es_model *model, es_granularity granularity,
                       const es_profile *device, const es_profile *server,
                       const es_cutmap_row *row) {
    const es_cut *cuts = model->cuts[granularity];
    es_records_add_text(records, model->name);
    es_records_add_count(records, row->batch);
    es_records_add_real(records, row->load);
    es_records_add_real(records, row->rate_from_bps);
    es_records_add_real(records, row->rate_to_bps);
    es_records_add_count(records, (int64_t)row->cut);
    es_records_add_text(records, cuts[row->cut].name);
    es_records_add_real(records, row->constant_s);
    es_records_add_real(records, row->bits);
    es_records_add_real(records, row->crossing_low_bps);
    es_records_add_real(records, finite(row->crossing_high_bps));
    es_records_add_real(records, row->sure_from_bps);
    es_records_add_real(records, row->sure_to_bps);
    es_records_add_text(
        records, row->runner_up < model->n_cuts[granularity] ? cuts[row->runner_up].name : "");
    es_records_add_real(records, row->lead_ratio);
    es_records_add_real(records, row->lead_rate_bps);
    es_records_add_real(records, row->no_offload_s);
    es_records_add_real(records, row->full_offload_s);
    es_records_add_real(records, row->full_offload_bits);
    es_records_add_text(records, device->kind);
    es_records_add_text(records, server->kind);
}

/* ---- For people */

static void add_range(es_table *table, double from_bps, double to_bps, const char *otherwise) {
    if (isnan(from_bps))
        es_table_add(table, "%s", otherwise);
    else if (isinf(to_bps))
        es_table_add(table, ">= %.4g", from_bps / 1e6);
    else
        es_table_add(table, "%.4g..%.4g", from_bps / 1e6, to_bps / 1e6);
}

/* The largest gain over a line in the row's range, %: at one of its ends. */
static void add_gain(es_table *table, const es_cutmap_row *row, double constant_s, double bits) {
    double gain = ES_NAN;
    const double rates_bps[] = {row->rate_from_bps, row->rate_to_bps};
    for (size_t i = 0; i < 2; i++) {
        double base_s = constant_s + bits / rates_bps[i];
        double best_s = row->constant_s + row->bits / rates_bps[i];
        gain = fmax(gain, 100 * (base_s - best_s) / base_s);
    }
    if (isnan(gain))
        es_table_add(table, "-");
    else
        es_table_add(table, "%.1f", gain);
}

static const char *end_note(size_t cut, size_t n_cuts) {
    return cut == 0 ? " (full offload)" : cut + 1 == n_cuts ? " (no offload)" : "";
}

static void add_line(es_table *table, const es_cut *cuts, size_t n_cuts, bool repeated,
                     const es_cutmap_row *row) {
    if (repeated) {
        es_table_add(table, "%s", "");
        es_table_add(table, "%s", "");
    } else {
        es_table_add(table, "%lld", (long long)row->batch);
        es_table_add(table, "%g", row->load);
    }
    es_table_add(table, "%zu %s%s", row->cut, cuts[row->cut].name, end_note(row->cut, n_cuts));
    es_table_add(table, "%.4g", row->rate_from_bps / 1e6);
    es_table_add(table, "%.4g", row->rate_to_bps / 1e6);
    add_range(table, row->crossing_low_bps, row->crossing_high_bps, "");
    add_range(table, row->sure_from_bps, row->sure_to_bps, "nowhere");
    if (isnan(row->lead_ratio))
        es_table_add(table, "-");
    else
        es_table_add(table, "%.1f over %s", 100 * row->lead_ratio, cuts[row->runner_up].name);
    add_gain(table, row, row->no_offload_s, 0);
    add_gain(table, row, row->full_offload_s, row->full_offload_bits);
}

static void describe_profile(const char *role, const es_profile *profile, es_text *text) {
    const char *device = es_profile_provenance(profile, "device");
    const char *setting = es_profile_provenance(profile, "setting");
    es_text_add(text, "%s: %s (%s%s%s%s%s)\n", role, profile->path, profile->kind,
                device != NULL ? ", " : "", device != NULL ? device : "",
                setting != NULL ? ", " : "", setting != NULL ? setting : "");
}

static void add_header(const map_request *request, const es_model *model, const es_profile *device,
                       const es_profile *server, es_text *text) {
    es_text_add(text, "%s%s, cuts per %s\n", text->length > 0 ? "\n" : "", model->name,
                es_granularity_text(request->granularity));
    describe_profile("device", device, text);
    describe_profile("server", server, text);
    es_text_add(text,
                "bytes: %g per input element, %g per feature element, %g per header; delay "
                "%g ms%s\n",
                request->input_bytes, request->feature_bytes, request->header_bytes,
                1e3 * request->delay_s, request->privacy ? "; the input stays on the device" : "");
}

/* Which share of the range of rates, on a logarithmic scale, has a sure choice. */
static void add_footer(const map_request *request, const es_cutmap *map, size_t n_series,
                       es_text *text) {
    double sure = 0, whole = log(request->rate_to_bps / request->rate_from_bps);
    for (size_t i = 0; i < map->n_rows; i++)
        if (!isnan(map->rows[i].sure_from_bps))
            sure += log(map->rows[i].sure_to_bps / map->rows[i].sure_from_bps);
    es_text_add(text,
                "rates in Mbit/s; largest lead over the second best and largest gains in each "
                "range, %%\n");
    if (map->bounds_known)
        es_text_add(text,
                    "sure: best whatever each time is within the p05..p95 of its profile row: %.0f "
                    "%% of the map (of the rate's logarithm)\n",
                    100 * sure / whole / (double)n_series);
    else
        es_text_add(text, "some times have no p05 and p95 in their profile and were taken to be "
                          "exact: how sure the choices are is not known\n");
}

static void add_table(const map_request *request, const es_model *model, const es_cutmap *map,
                      es_text *text) {
    static const char *const headers[] = {
        "batch",         "load", "cut",    "from",           "to",
        "border within", "sure", "lead %", "gain over none", "over full"};
    es_table table;
    size_t n_series = 0;
    es_table_init(&table, sizeof headers / sizeof headers[0], 3);
    for (size_t c = 0; c < sizeof headers / sizeof headers[0]; c++)
        es_table_add(&table, "%s", headers[c]);
    for (size_t i = 0; i < map->n_rows; i++) {
        const es_cutmap_row *row = &map->rows[i];
        bool repeated = i > 0 && row[-1].batch == row->batch && row[-1].load == row->load;
        n_series += !repeated;
        add_line(&table, model->cuts[request->granularity], model->n_cuts[request->granularity],
                 repeated, row);
    }
    es_table_print(&table, 0, text);
    es_table_fini(&table);
    add_footer(request, map, n_series, text);
}

/* ---- One network */

static void mark_wanted(const map_request *request, const es_model *model, bool *wanted) {
    size_t n = model->n_cuts[request->granularity];
    es_model_mark_compressive(model, request->granularity, request->residual_blocks_only, wanted);
    for (size_t i = 0; i < n; i++) {
        const es_cut *cut = &model->cuts[request->granularity][i];
        if (i == 0)
            wanted[i] = !request->privacy;
        else if (i + 1 == n)
            wanted[i] = true;
        else if (request->residual_blocks_only && !cut->residual_block)
            wanted[i] = false;
        else if (request->candidates != MAP_COMPRESSIVE)
            wanted[i] = request->candidates == MAP_ALL ||
                        (request->candidates == MAP_NATURAL ? cut->natural : cut->n_tensors == 1);
    }
}

/* Creates the batch sizes that both profiles hold. */
static es_status common_batches(const es_profile *device, const es_profile *server,
                                int64_t **batches, size_t *n, es_errors *errors) {
    int64_t *theirs = NULL;
    size_t n_theirs = 0, n_common = 0, n_mine = 0;
    *batches = NULL;
    es_status status = es_profile_batches(device, batches, &n_mine, errors);
    if (status == ES_OK)
        status = es_profile_batches(server, &theirs, &n_theirs, errors);
    for (size_t i = 0, k = 0; i < n_mine && status == ES_OK; i++) {
        while (k < n_theirs && theirs[k] < (*batches)[i])
            k++;
        if (k < n_theirs && theirs[k] == (*batches)[i])
            (*batches)[n_common++] = (*batches)[i];
    }
    if (status == ES_OK && n_common == 0)
        status = es_errors_add(errors, ES_INVALID, device->path, 0,
                               "has no batch size in common with %s: name some with --batch",
                               server->path);
    *n = n_common;
    free(theirs);
    return status;
}

es_status map_add(map_report *report, const map_request *request, const es_model *model,
                  const es_profile *device, const es_profile *server, es_errors *errors) {
    int64_t *common = NULL;
    size_t n_common = 0;
    es_cutmap *map = NULL;
    bool *wanted = es_alloc(model->n_cuts[request->granularity], sizeof *wanted);
    es_status status = wanted != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
    if (status == ES_OK && request->n_batches == 0)
        status = common_batches(device, server, &common, &n_common, errors);
    if (status == ES_OK) {
        bool chosen = request->n_batches > 0;
        mark_wanted(request, model, wanted);
        es_cutmap_options options = {
            .cost = {.granularity = request->granularity,
                     .input_bytes_per_elem = request->input_bytes,
                     .feature_bytes_per_elem = request->feature_bytes,
                     .header_bytes = request->header_bytes,
                     .n_batches = chosen ? request->n_batches : n_common,
                     .batches = chosen ? request->batches : common},
            .wanted = wanted,
            .delay_s = request->delay_s,
            .rate_from_bps = request->rate_from_bps,
            .rate_to_bps = request->rate_to_bps,
            .n_loads = request->n_loads,
            .loads = request->loads,
        };
        status = es_cutmap_create(model, device, server, &options, &map, errors);
    }
    if (status == ES_OK && report->form == ES_FORM_TABLE) {
        add_header(request, model, device, server, &report->text);
        add_table(request, model, map, &report->text);
    } else if (status == ES_OK)
        for (size_t i = 0; i < map->n_rows; i++)
            add_record(&report->records, model, request->granularity, device, server,
                       &map->rows[i]);
    es_cutmap_destroy(map);
    free(common);
    free(wanted);
    return status;
}
