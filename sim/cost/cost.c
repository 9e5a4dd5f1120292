#include "edgesplit/cost.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "exits.h"
#include "graph.h"

#include <gsl/gsl_interp.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One profile's measured batch sizes and an interpolator over them. */
struct curve {
    const es_profile *profile;
    size_t n_wanted;
    const int64_t *wanted; /* [n_wanted] batch sizes */
    size_t n;              /* measured ones */
    double *x, *y;         /* [n] */
    gsl_interp *interp;    /* NULL with one size */
    int64_t *measured;
    bool extrapolates; /* some wanted size lies outside */
};

static void curve_fini(struct curve *curve) {
    gsl_interp_free(curve->interp);
    free(curve->x);
    free(curve->y);
    free(curve->measured);
}

/* Whether a batch size is one of requests, not only of merged tails. */
static bool is_of_requests(const es_cost_options *options, int64_t batch) {
    for (size_t b = 0; b < options->n_batches; b++)
        if (options->batches[b] == batch)
            return true;
    return false;
}

/* Looks for wanted sizes outside the measured ones. Of merged tails, the first and the last stand
 * for all. */
static es_status check_span(struct curve *curve, const es_cost_options *options,
                            es_errors *errors) {
    int64_t least = curve->measured[0], most = curve->measured[curve->n - 1];
    es_status status = ES_OK;
    for (size_t b = 0; b < curve->n_wanted; b++) {
        int64_t batch = curve->wanted[b];
        bool merged = !is_of_requests(options, batch);
        if (batch >= least && batch <= most)
            continue;
        curve->extrapolates = true;
        if ((options->extrapolate && curve->n > 1) || (merged && b > 0 && b + 1 < curve->n_wanted))
            continue;
        status = es_errors_add(
            errors, ES_INVALID, curve->profile->path, 0,
            "batch %lld%s lies outside the measured batch sizes %lld .. %lld; measure it, or set "
            "[model] batch_extrapolation = linear (which needs two measured sizes)",
            (long long)batch, merged ? ", which [server] max_batch asks for," : "",
            (long long)least, (long long)most);
    }
    return status;
}

static es_status curve_init(struct curve *curve, const es_profile *profile,
                            const es_cost_options *options, size_t n_wanted, const int64_t *wanted,
                            es_errors *errors) {
    *curve = (struct curve){.profile = profile, .n_wanted = n_wanted, .wanted = wanted};
    es_status status = es_profile_batches(profile, &curve->measured, &curve->n, errors);
    if (status != ES_OK)
        return status;
    curve->x = es_alloc(curve->n, sizeof *curve->x);
    curve->y = es_alloc(curve->n, sizeof *curve->y);
    if (curve->n > 1)
        curve->interp =
            gsl_interp_alloc(curve->n > 2 ? gsl_interp_steffen : gsl_interp_linear, curve->n);
    if (curve->x == NULL || curve->y == NULL || (curve->n > 1 && curve->interp == NULL))
        return es_errors_no_memory(errors, profile->path);
    for (size_t i = 0; i < curve->n; i++)
        curve->x[i] = (double)curve->measured[i];
    return check_span(curve, options, errors);
}

/* The interpolated median times of one row at all wanted batch sizes; false if the profile lacks
 * it. */
static bool curve_times(struct curve *curve, es_profile_kind kind, size_t index, double *times_s) {
    size_t n = curve->n;
    for (size_t i = 0; i < n; i++) {
        const es_profile_row *row =
            es_profile_find(curve->profile, kind, index, curve->measured[i]);
        if (row == NULL)
            return false;
        curve->y[i] = row->median_s;
    }
    if (curve->interp != NULL)
        gsl_interp_init(curve->interp, curve->x, curve->y, n);
    for (size_t b = 0; b < curve->n_wanted; b++) {
        double batch = (double)curve->wanted[b];
        if (n == 1)
            times_s[b] = curve->y[0];
        else if (batch < curve->x[0] || batch > curve->x[n - 1]) {
            size_t i = batch < curve->x[0] ? 0 : n - 2;
            double slope = (curve->y[i + 1] - curve->y[i]) / (curve->x[i + 1] - curve->x[i]);
            times_s[b] = fmax(0, curve->y[i] + slope * (batch - curve->x[i]));
        } else
            times_s[b] = gsl_interp_eval(curve->interp, curve->x, curve->y, batch, NULL);
    }
    return true;
}

/* Which side of a cut a profile gives the times of. */
enum side { HEAD, TAIL };

/* Sums of the layers on one side of every unit boundary of the profile: sums [units +
 * 1][n_wanted], NaN where a layer is not in the profile. Returns whether the profile has any
 * layers. */
static bool sum_layers(struct curve *curve, enum side side, size_t n_units, double *sums_s) {
    size_t n_batches = curve->n_wanted;
    bool any = false;
    size_t start = side == HEAD ? 0 : n_units;
    memset(sums_s + start * n_batches, 0, n_batches * sizeof *sums_s);
    for (size_t k = 1; k <= n_units; k++) {
        size_t unit = side == HEAD ? k : n_units + 1 - k;
        size_t from = side == HEAD ? unit - 1 : unit;
        size_t to = side == HEAD ? unit : unit - 1;
        bool known = curve_times(curve, ES_PROFILE_LAYER, unit, sums_s + to * n_batches);
        any = any || known;
        for (size_t b = 0; b < n_batches; b++)
            sums_s[to * n_batches + b] =
                known ? sums_s[to * n_batches + b] + sums_s[from * n_batches + b] : ES_NAN;
    }
    return any;
}

/* Times of one side of every cut, [n_batches][n_cuts], NaN where the profile cannot tell. Sets
 * `*extrapolated` if a batch size lies outside the measured ones. */
static es_status side_times(const es_model *model, const es_profile *profile,
                            const es_cost_options *options, enum side side, size_t n_batches,
                            const int64_t *batches, double *times_s, bool *extrapolated,
                            es_errors *errors) {
    size_t n_cuts = model->n_cuts[options->granularity]; /* boundaries */
    size_t n_units = model->n_cuts[profile->granularity] - 1;
    struct curve curve;
    es_status status = es_profile_check_model(profile, model, errors);
    if (status != ES_OK)
        return status;
    double *sums_s = es_alloc((n_units + 1) * n_batches, sizeof *sums_s);
    double *row_s = es_alloc(2 * n_batches, sizeof *row_s);
    status = curve_init(&curve, profile, options, n_batches, batches, errors);
    if (status == ES_OK && (sums_s == NULL || row_s == NULL))
        status = es_errors_no_memory(errors, profile->path);
    if (status != ES_OK)
        goto done;
    *extrapolated = *extrapolated || curve.extrapolates;
    double *whole_s = row_s + n_batches;
    bool has_layers = sum_layers(&curve, side, n_units, sums_s);
    bool has_whole = curve_times(&curve, ES_PROFILE_WHOLE, 0, whole_s);
    const double *all_s = sums_s + (side == HEAD ? n_units : 0) * n_batches;
    size_t nothing = side == HEAD ? 0 : n_cuts - 1; /* the cut with no layer on this side */
    size_t everything = n_cuts - 1 - nothing;
    for (size_t cut = 0; cut < n_cuts; cut++) {
        size_t unit = es_model_find_cut(model, profile->granularity,
                                        model->cuts[options->granularity][cut].last_layer);
        bool segment =
            unit <= n_units &&
            curve_times(&curve, side == HEAD ? ES_PROFILE_HEAD : ES_PROFILE_TAIL, unit, row_s);
        for (size_t b = 0; b < n_batches; b++) {
            double correction =
                options->whole_correction && has_whole && has_layers ? whole_s[b] / all_s[b] : 1.0;
            double *time_s = &times_s[b * n_cuts + cut];
            if (cut == nothing)
                *time_s = 0;
            else if (segment)
                *time_s = row_s[b];
            else if (cut == everything && !has_layers)
                *time_s = has_whole ? whole_s[b] : ES_NAN;
            else
                *time_s = unit <= n_units ? sums_s[unit * n_batches + b] * correction : ES_NAN;
        }
    }
done:
    curve_fini(&curve);
    free(sums_s);
    free(row_s);
    return status;
}

/* Bytes of the tensors that cross a cut, as they are computed. */
static double raw_bytes(const es_model *model, const es_cost_options *options, size_t cut,
                        int64_t batch) {
    return (double)batch * es_cut_bytes(&model->cuts[options->granularity][cut],
                                        options->input_bytes_per_elem,
                                        options->feature_bytes_per_elem);
}

/* Whether what a cut sends is coded: it is neither the input nor nothing. */
static bool is_coded(const es_model *model, const es_cost_options *options, size_t cut) {
    return cut > 0 && model->cuts[options->granularity][cut].n_tensors > 0;
}

/* Bytes that a cut sends for a batch, the header included; whole bytes, rounded up. */
static int64_t message_bytes(const es_model *model, const es_cost_options *options, size_t cut,
                             int64_t batch) {
    if (model->cuts[options->granularity][cut].n_tensors == 0)
        return 0;
    bool shrinks = is_coded(model, options, cut) && options->coded_ratio > 0;
    double ratio = shrinks ? options->coded_ratio : 1;
    return (int64_t)ceil(ratio * raw_bytes(model, options, cut, batch) + options->header_bytes);
}

/* How long a cut's feature map is coded at a rate. */
static double coding_s(const es_model *model, const es_cost_options *options, size_t cut,
                       int64_t batch, double rate_bps) {
    bool takes_time = rate_bps > 0 && is_coded(model, options, cut);
    return takes_time ? 8 * raw_bytes(model, options, cut, batch) / rate_bps : 0;
}

/* The times of one batch size on each tier, [n_boundaries]: of the head up to a boundary, or of the
 * tail from there. NULL: not prepared, or there is no cloud. */
struct times {
    const double *heads_s, *tails_s, *cloud_s;
};

/* Arrays [n_cuts] of a batch size. */
static size_t n_integers(const es_cost_options *options) {
    return options->cloud != NULL ? 5 : 3;
}

/* What the server computes of a cut; a tail that is timed whole may be shorter than a part of it.
 */
static double server_s(const es_cost_cut *cut, const double *tails_s) {
    return cut->first < cut->second ? fmax(0, tails_s[cut->first] - tails_s[cut->second]) : 0;
}

static void fill_cloud(const es_cost *cost, size_t b, const es_model *model,
                       const es_cost_options *options, const struct times *times, int64_t *integers,
                       double *doubles) {
    size_t n = cost->n_cuts;
    for (size_t cut = 0; cut < n; cut++) {
        size_t second = cost->cuts[cut].second;
        integers[n + cut] = message_bytes(model, options, second, cost->batches[b]);
        doubles[n + cut] = 8.0 * (double)integers[n + cut];
        if (!cost->available[cut] || times->cloud_s == NULL)
            continue;
        integers[cut] = llround(times->cloud_s[second] * 1e9);
        doubles[cut] = (double)integers[cut] / 1e9;
    }
}

/* Lays one table out in the cost's storage and fills it. */
static void fill_table(es_cost *cost, size_t b, const es_model *model,
                       const es_cost_options *options, const struct times *times) {
    size_t n = cost->n_cuts, arrays = n_integers(options);
    int64_t batch = cost->batches[b];
    int64_t *head_ns = cost->integers + arrays * b * n, *tail_ns = head_ns + n,
            *bytes = tail_ns + n;
    double *head_s = cost->doubles + arrays * b * n, *tail_s = head_s + n, *bits = tail_s + n;
    for (size_t cut = 0; cut < n; cut++) {
        const es_cost_cut *at = &cost->cuts[cut];
        if (at->set > 0)
            continue;
        bytes[cut] = message_bytes(model, options, at->first, batch);
        bits[cut] = 8.0 * (double)bytes[cut];
        if (!cost->available[cut])
            continue;
        double encode_s = coding_s(model, options, at->first, batch, options->encode_bps);
        double decode_s = coding_s(model, options, at->first, batch, options->decode_bps);
        head_ns[cut] =
            times->heads_s != NULL ? llround((times->heads_s[at->first] + encode_s) * 1e9) : 0;
        tail_ns[cut] = llround((server_s(at, times->tails_s) + decode_s) * 1e9);
        head_s[cut] = (double)head_ns[cut] / 1e9;
        tail_s[cut] = (double)tail_ns[cut] / 1e9;
    }
    cost->has_heads[b] = times->heads_s != NULL;
    cost->tables[b] = (es_cut_costs){.n_cuts = n,
                                     .head_ns = head_ns,
                                     .tail_ns = tail_ns,
                                     .bytes = bytes,
                                     .head_s = head_s,
                                     .tail_s = tail_s,
                                     .bits = bits};
    if (options->cloud == NULL)
        return;
    fill_cloud(cost, b, model, options, times, bytes + n, bits + n);
    cost->tables[b].cloud_ns = bytes + n;
    cost->tables[b].backhaul_bytes = bytes + 2 * n;
    cost->tables[b].cloud_s = bits + n;
    cost->tables[b].backhaul_bits = bits + 2 * n;
}

/* Fills in the sets of layers of a table, which come before its last cut. ES_NO_MEMORY. */
static es_status fill_sets(const es_cost *cost, size_t b, const es_model *model,
                           const es_cost_options *options, const struct times *times) {
    size_t n = cost->n_cuts, arrays = n_integers(options);
    int64_t *integers = cost->integers + arrays * b * n;
    double *doubles = cost->doubles + arrays * b * n;
    for (size_t cut = cost->n_boundaries - 1; cut + 1 < n; cut++) {
        es_partition sum;
        if (graph_evaluate(cost->graph, cost->cuts[cut].set - 1, model, options, cost->batches[b],
                           times->heads_s, times->tails_s, &sum) != ES_OK)
            return ES_NO_MEMORY;
        integers[cut] = llround(sum.head_s * 1e9);
        integers[n + cut] = llround(sum.tail_s * 1e9);
        integers[2 * n + cut] = (int64_t)ceil(sum.send_s / 8 + options->header_bytes);
        doubles[cut] = (double)integers[cut] / 1e9;
        doubles[n + cut] = (double)integers[n + cut] / 1e9;
        doubles[2 * n + cut] = 8.0 * (double)integers[2 * n + cut];
    }
    return ES_OK;
}

/* The sizes that are prepared: the wanted ones and those of merged tails, ascending. */
static void list_batches(const es_cost_options *options, es_cost *cost) {
    size_t wanted = 0;
    int64_t merged = 1;
    cost->n_batches = 0;
    while (wanted < options->n_batches || merged <= options->max_merged) {
        bool takes = wanted < options->n_batches &&
                     (merged > options->max_merged || options->batches[wanted] <= merged);
        int64_t batch = takes ? options->batches[wanted++] : merged;
        merged += batch == merged;
        cost->batches[cost->n_batches++] = batch;
    }
}

size_t es_cost_count_cuts(size_t n_boundaries, bool has_cloud) {
    return has_cloud ? n_boundaries * (n_boundaries + 1) / 2 : n_boundaries;
}

static es_cost_cut cut_at(const es_cost *cost, const char *name, size_t first, size_t second) {
    const es_cut *boundary = &cost->boundaries[first];
    return (es_cost_cut){.name = name,
                         .first = (uint32_t)first,
                         .second = (uint32_t)second,
                         .sends_input = boundary->input_elems > 0,
                         .n_tensors = boundary->n_tensors,
                         .elems = boundary->elems};
}

/* One cut at each boundary, and the sets of layers before the last one. */
static void list_cuts(es_cost *cost) {
    size_t last = cost->n_boundaries - 1;
    for (size_t i = 0; i <= last; i++)
        cost->cuts[i < last ? i : cost->n_cuts - 1] =
            cut_at(cost, cost->boundaries[i].name, i, last);
    for (uint32_t i = 0; cost->graph != NULL && i < cost->graph->sets.n; i++) {
        const struct graph_set *set = &cost->graph->about[i];
        cost->cuts[last + i] = (es_cost_cut){.name = set->name,
                                             .first = (uint32_t)set->last_unit,
                                             .second = (uint32_t)last,
                                             .set = i + 1,
                                             .sends_input = set->sends_input,
                                             .n_tensors = set->n_tensors,
                                             .elems = set->elems};
    }
}

/* Every pair of boundaries, by the first and then the second; false: out of memory. */
static bool list_pairs(es_cost *cost) {
    const es_cut *boundaries = cost->boundaries;
    size_t n = cost->n_boundaries, n_bytes = 0, cut = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += (n + 1) * (strlen(boundaries[i].name) + 1);
    cost->names = es_alloc(n_bytes, 1);
    if (cost->names == NULL)
        return false;
    char *name = cost->names;
    for (size_t first = 0; first < n; first++)
        for (size_t second = first; second < n; second++) {
            int length =
                snprintf(name, n_bytes, "%s+%s", boundaries[first].name, boundaries[second].name);
            cost->cuts[cut++] = cut_at(cost, name, first, second);
            name += length + 1;
            n_bytes -= (size_t)length + 1;
        }
    return true;
}

/* Creates a cost with its boundaries and sizes and no cuts. */
static es_cost *create_empty(const es_model *model, const es_cost_options *options) {
    size_t n = options->n_batches + (size_t)options->max_merged;
    es_cost *cost = es_alloc(1, sizeof *cost);
    if (cost == NULL)
        return NULL;
    cost->n_boundaries = model->n_cuts[options->granularity];
    cost->boundaries = model->cuts[options->granularity];
    cost->batches = es_alloc(n, sizeof *cost->batches);
    if (cost->batches == NULL) {
        es_cost_destroy(cost);
        return NULL;
    }
    list_batches(options, cost);
    return cost;
}

/* Lists the cuts, and makes room for their tables. ES_NO_MEMORY. */
static es_status create_cuts(es_cost *cost, const es_cost_options *options) {
    bool has_cloud = options->cloud != NULL;
    size_t n = cost->n_batches;
    size_t n_cuts = es_cost_count_cuts(cost->n_boundaries, has_cloud) +
                    (cost->graph != NULL ? cost->graph->sets.n : 0);
    ES_REQUIRE(n_cuts <= ES_MOST_CUTS);
    cost->n_cuts = n_cuts;
    cost->cuts = es_alloc(n_cuts, sizeof *cost->cuts);
    cost->tables = es_alloc(n, sizeof *cost->tables);
    cost->has_heads = es_alloc(n, sizeof *cost->has_heads);
    cost->available = es_alloc(n_cuts, sizeof *cost->available);
    cost->integers = es_alloc(n_integers(options) * n_cuts * n, sizeof *cost->integers);
    cost->doubles = es_alloc(n_integers(options) * n_cuts * n, sizeof *cost->doubles);
    if (cost->cuts == NULL || cost->tables == NULL || cost->has_heads == NULL ||
        cost->available == NULL || cost->integers == NULL || cost->doubles == NULL ||
        (has_cloud && !list_pairs(cost)))
        return ES_NO_MEMORY;
    if (!has_cloud)
        list_cuts(cost);
    return ES_OK;
}

/* Which cuts the profiles have times of, in the first table of each; how many. */
static size_t mark_available(es_cost *cost, const struct times *times) {
    size_t n = 0;
    for (size_t cut = 0; cut < cost->n_cuts; cut++) {
        const es_cost_cut *at = &cost->cuts[cut];
        bool passes_on = at->first == at->second && times->cloud_s != NULL;
        cost->available[cut] = isfinite(times->heads_s[at->first]) &&
                               (passes_on || (isfinite(times->tails_s[at->first]) &&
                                              isfinite(times->tails_s[at->second]))) &&
                               (times->cloud_s == NULL || isfinite(times->cloud_s[at->second]));
        n += cost->available[cut];
    }
    return n;
}

/* Times [n_batches or more][n_boundaries] of all tiers; cloud_s NULL without a cloud. */
struct tiers {
    double *heads_s, *tails_s, *cloud_s;
};

static es_status fill_tiers(es_cost *cost, const es_model *model, const es_profile *device,
                            const es_profile *server, const es_cost_options *options,
                            const struct tiers *tiers, es_errors *errors) {
    size_t n = options->n_batches;
    es_status of_device = side_times(model, device, options, HEAD, n, options->batches,
                                     tiers->heads_s, &cost->extrapolated, errors);
    es_status of_server = side_times(model, server, options, TAIL, cost->n_batches, cost->batches,
                                     tiers->tails_s, &cost->extrapolated, errors);
    es_status of_cloud = tiers->cloud_s != NULL
                             ? side_times(model, options->cloud, options, TAIL, n, options->batches,
                                          tiers->cloud_s, &cost->extrapolated, errors)
                             : ES_OK;
    return of_device != ES_OK ? of_device : of_server != ES_OK ? of_server : of_cloud;
}

/* Fills all tables from the times of all tiers. */
static es_status fill_tables(es_cost *cost, const es_model *model, const es_cost_options *options,
                             const struct tiers *tiers, es_errors *errors) {
    size_t n = cost->n_boundaries, n_heads = options->n_batches;
    for (size_t b = 0, head = 0; b < cost->n_batches; b++) {
        struct times times = {.tails_s = tiers->tails_s + b * n};
        if (head < n_heads && options->batches[head] == cost->batches[b]) {
            times.heads_s = tiers->heads_s + head * n;
            times.cloud_s = tiers->cloud_s != NULL ? tiers->cloud_s + head * n : NULL;
            head++;
        }
        fill_table(cost, b, model, options, &times);
        if (cost->graph != NULL && fill_sets(cost, b, model, options, &times) != ES_OK)
            return es_errors_no_memory(errors, NULL);
    }
    return options->n_exits > 0
               ? exits_create(cost, options, tiers->heads_s, tiers->tails_s, errors)
               : ES_OK;
}

/* Finds the sets of layers where they are wanted. */
static es_status find_sets(es_cost *cost, const es_model *model, const es_profile *device,
                           const es_profile *server, const es_cost_options *options,
                           const struct tiers *tiers, es_errors *errors) {
    if (!options->graph_cuts)
        return ES_OK;
    ES_REQUIRE(options->cloud == NULL && options->n_exits == 0 && options->max_merged == 0);
    cost->graph = es_alloc(1, sizeof *cost->graph);
    if (cost->graph == NULL)
        return es_errors_no_memory(errors, NULL);
    return graph_create(model, options, tiers->heads_s, tiers->tails_s, device, server, cost->graph,
                        errors);
}

es_status es_cost_create(const es_model *model, const es_profile *device, const es_profile *server,
                         const es_cost_options *options, es_cost **out, es_errors *errors) {
    es_cost *cost = create_empty(model, options);
    size_t n = model->n_cuts[options->granularity], n_heads = options->n_batches;
    struct tiers tiers = {
        .heads_s = es_alloc(n * n_heads, sizeof(double)),
        .tails_s = es_alloc(cost != NULL ? n * cost->n_batches : 1, sizeof(double)),
        .cloud_s = options->cloud != NULL ? es_alloc(n * n_heads, sizeof(double)) : NULL,
    };
    es_status status = ES_OK;
    if (cost == NULL || tiers.heads_s == NULL || tiers.tails_s == NULL ||
        (options->cloud != NULL && tiers.cloud_s == NULL)) {
        status = es_errors_no_memory(errors, NULL);
        goto done;
    }
    status = fill_tiers(cost, model, device, server, options, &tiers, errors);
    if (status == ES_OK)
        status = find_sets(cost, model, device, server, options, &tiers, errors);
    if (status == ES_OK && create_cuts(cost, options) != ES_OK)
        status = es_errors_no_memory(errors, NULL);
    if (status != ES_OK)
        goto done;
    if (mark_available(cost, &(struct times){tiers.heads_s, tiers.tails_s, tiers.cloud_s}) == 0) {
        status = es_errors_add(errors, ES_INVALID, device->path, 0,
                               "no cut of %s has both a head time here and a tail time in %s",
                               model->name, server->path);
        goto done;
    }
    status = fill_tables(cost, model, options, &tiers, errors);
    if (status != ES_OK)
        goto done;
    *out = cost;
    cost = NULL;
done:
    es_cost_destroy(cost);
    free(tiers.heads_s);
    free(tiers.tails_s);
    free(tiers.cloud_s);
    return status;
}

void es_cost_destroy(es_cost *cost) {
    if (cost == NULL)
        return;
    free(cost->cuts);
    free(cost->batches);
    free(cost->tables);
    free(cost->has_heads);
    free(cost->available);
    free(cost->integers);
    free(cost->doubles);
    free(cost->names);
    exits_destroy(cost->exit_tables);
    if (cost->graph != NULL)
        graph_fini(cost->graph);
    free(cost->graph);
    free(cost);
}

size_t es_cost_find_cut(const es_cost *cost, const char *name) {
    size_t cut = 0;
    while (cut < cost->n_cuts && strcmp(cost->cuts[cut].name, name) != 0)
        cut++;
    return cut;
}

const es_cut_costs *es_cost_find(const es_cost *cost, int64_t batch) {
    size_t low = 0, high = cost->n_batches;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cost->batches[middle] < batch)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cost->n_batches && cost->batches[low] == batch ? &cost->tables[low] : NULL;
}
