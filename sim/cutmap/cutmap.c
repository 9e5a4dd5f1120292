#include "edgesplit/cutmap.h"

#include "edgesplit/alloc.h"
#include "edgesplit/envelope.h"
#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

enum { MEDIAN, LOW, HIGH, N_LEVELS };

typedef struct side {
    const es_profile *profile;
    bool sums; /* heads or tails are sums of layers: what two have in common cancels */
} side;

typedef struct workspace {
    const es_cutmap_options *options;
    size_t n_cuts;
    es_cost *costs[N_LEVELS];
    side device, server;
    const es_cut_costs *tables[N_LEVELS]; /* of the batch in hand */
    double slowdown;                      /* of the load in hand */
    es_line *lines, *others;              /* [n_cuts] */
    es_envelope_piece *pieces, *other_pieces;
    es_cutmap *map;
} workspace;

/* ---- Profiles at their quantiles */

static double at_level(const es_profile_row *row, int level, bool *known) {
    double time_s = level == LOW ? row->p05_s : level == HIGH ? row->p95_s : row->median_s;
    *known = *known && !isnan(time_s);
    return isnan(time_s) ? row->median_s : time_s;
}

/* Creates the costs with every time at a quantile instead of its median. Sets *known to false if a
 * row lacks it. */
static es_status cost_at_level(const es_model *model, const es_profile *device,
                               const es_profile *server, const es_cost_options *options, int level,
                               es_cost **cost, bool *known, es_errors *errors) {
    const es_profile *profiles[] = {device, server};
    es_profile copies[2] = {*device, *server};
    es_profile_row *rows[2] = {NULL, NULL};
    es_status status = ES_OK;
    for (size_t p = 0; p < 2 && status == ES_OK; p++) {
        rows[p] = es_alloc(profiles[p]->n_rows, sizeof *rows[p]);
        if (rows[p] == NULL) {
            status = es_errors_no_memory(errors, profiles[p]->path);
            break;
        }
        for (size_t i = 0; i < profiles[p]->n_rows; i++) {
            rows[p][i] = profiles[p]->rows[i];
            rows[p][i].median_s = at_level(&profiles[p]->rows[i], level, known);
        }
        copies[p].rows = rows[p];
        copies[p].sorted = NULL;
    }
    if (status == ES_OK)
        status = es_cost_create(model, &copies[0], &copies[1], options, cost, errors);
    free(rows[0]);
    free(rows[1]);
    return status;
}

static side side_of(const es_profile *profile, es_profile_kind segment) {
    bool sums = true;
    for (size_t i = 0; i < profile->n_rows; i++)
        sums = sums && profile->rows[i].kind != segment;
    return (side){profile, sums};
}

/* ---- Lines */

static bool is_offered(const workspace *work, size_t cut) {
    return work->options->wanted[cut] && work->costs[MEDIAN]->available[cut];
}

static double delay_of(const workspace *work, size_t cut) {
    return cut + 1 < work->n_cuts ? work->options->delay_s : 0;
}

static es_line line_of(const workspace *work, size_t cut) {
    const es_cut_costs *costs = work->tables[MEDIAN];
    if (cut + 1 == work->n_cuts)
        return (es_line){costs->head_s[cut], 0};
    return (es_line){costs->head_s[cut] + work->options->delay_s +
                         costs->tail_s[cut] * work->slowdown,
                     costs->bits[cut]};
}

/* The least that a time of cut `a` can be above that of cut `b`, both sums to or from the cut:
 * `growing` with the cut (heads) or falling (tails). */
static double least_difference(const double *low, const double *high, size_t a, size_t b, bool sums,
                               bool growing) {
    if (!sums)
        return low[a] - high[b];
    return (a > b) == growing ? low[a] - low[b] : high[a] - high[b];
}

/* The lower bound of latency(a) - latency(b), a line. */
static es_line least_lead(const workspace *work, size_t a, size_t b) {
    const es_cut_costs *low = work->tables[LOW], *high = work->tables[HIGH];
    double head = least_difference(low->head_s, high->head_s, a, b, work->device.sums, true);
    double tail = least_difference(low->tail_s, high->tail_s, a, b, work->server.sums, false);
    return (es_line){head + delay_of(work, a) - delay_of(work, b) + tail * work->slowdown,
                     low->bits[a] - low->bits[b]};
}

static double value_at(es_line line, double x) {
    return line.at_zero + line.slope * x;
}

/* ---- Rows */

static void find_lead(workspace *work, const es_envelope_piece *piece, es_cutmap_row *row) {
    es_line best = work->lines[piece->line];
    memcpy(work->others, work->lines, work->n_cuts * sizeof *work->others);
    work->others[piece->line].at_zero = ES_INFINITY;
    size_t n =
        es_envelope_lower(work->n_cuts, work->others, piece->from, piece->to, work->other_pieces);
    row->runner_up = work->n_cuts;
    row->lead_ratio = row->lead_rate_bps = ES_NAN;
    /* The ratio of two lines is monotone: its largest value is at an end of a piece. */
    for (size_t i = 0; i < n; i++) {
        const es_envelope_piece *second = &work->other_pieces[i];
        const double ends[] = {second->from, second->to};
        for (size_t e = 0; e < 2; e++) {
            double ratio =
                value_at(work->lines[second->line], ends[e]) / value_at(best, ends[e]) - 1;
            if (isnan(row->lead_ratio) || ratio > row->lead_ratio) {
                row->lead_ratio = fmax(0, ratio);
                row->lead_rate_bps = 1 / ends[e];
                row->runner_up = second->line;
            }
        }
    }
}

static void find_sure_range(workspace *work, const es_envelope_piece *piece, es_cutmap_row *row) {
    size_t n = 0;
    for (size_t cut = 0; cut < work->n_cuts; cut++)
        if (cut != piece->line && is_offered(work, cut))
            work->others[n++] = least_lead(work, cut, piece->line);
    double from = piece->from, to = piece->to;
    bool somewhere = es_envelope_positive(n, work->others, &from, &to);
    row->sure_from_bps = somewhere ? 1 / to : ES_NAN;
    row->sure_to_bps = somewhere ? 1 / from : ES_NAN;
}

/* Where the border between a cut and the one that is best at lower rates may lie. */
static void find_crossing(const workspace *work, size_t cut, size_t below, es_cutmap_row *row) {
    es_line least = least_lead(work, cut, below), most = least_lead(work, below, cut);
    double x_low = most.at_zero / least.slope, x_high = -least.at_zero / least.slope;
    row->crossing_low_bps = x_high > 0 ? 1 / x_high : ES_INFINITY;
    row->crossing_high_bps = x_low > 0 ? 1 / x_low : ES_INFINITY;
}

static es_status add_rows(workspace *work, int64_t batch, double load, es_errors *errors) {
    const es_cutmap_options *options = work->options;
    es_cutmap *map = work->map;
    size_t last = work->n_cuts - 1;
    for (size_t cut = 0; cut < work->n_cuts; cut++)
        work->lines[cut] = is_offered(work, cut) ? line_of(work, cut) : (es_line){ES_INFINITY, 0};
    double from = 1 / options->rate_to_bps, to = 1 / options->rate_from_bps;
    size_t n = es_envelope_lower(work->n_cuts, work->lines, from, to, work->pieces);
    if (es_reserve(&map->rows, &map->capacity, map->n_rows + n, sizeof *map->rows) != ES_OK)
        return es_errors_no_memory(errors, NULL);
    const bool *available = work->costs[MEDIAN]->available;
    es_line full = available[0] ? line_of(work, 0) : (es_line){ES_NAN, ES_NAN};
    for (size_t i = n; i-- > 0;) {
        const es_envelope_piece *piece = &work->pieces[i];
        es_line line = work->lines[piece->line];
        es_cutmap_row row = {
            .batch = batch,
            .load = load,
            .rate_from_bps = i + 1 == n ? options->rate_from_bps : 1 / piece->to,
            .rate_to_bps = i == 0 ? options->rate_to_bps : 1 / piece->from,
            .cut = piece->line,
            .constant_s = line.at_zero,
            .bits = line.slope,
            .crossing_low_bps = ES_NAN,
            .crossing_high_bps = ES_NAN,
            .no_offload_s = available[last] ? line_of(work, last).at_zero : ES_NAN,
            .full_offload_s = full.at_zero,
            .full_offload_bits = full.slope,
        };
        find_lead(work, piece, &row);
        find_sure_range(work, piece, &row);
        if (i + 1 < n)
            find_crossing(work, piece->line, work->pieces[i + 1].line, &row);
        map->rows[map->n_rows++] = row;
    }
    return ES_OK;
}

static es_status fill(workspace *work, es_errors *errors) {
    const es_cutmap_options *options = work->options;
    es_status status = ES_OK;
    for (size_t cut = 0; cut < work->n_cuts; cut++)
        work->map->n_available += is_offered(work, cut);
    if (work->map->n_available == 0)
        return es_errors_add(errors, ES_INVALID, work->device.profile->path, 0,
                             "no cut to choose from has both a head time here and a tail time in "
                             "%s",
                             work->server.profile->path);
    for (size_t b = 0; b < options->cost.n_batches && status == ES_OK; b++) {
        int64_t batch = options->cost.batches[b];
        for (size_t level = 0; level < N_LEVELS; level++)
            work->tables[level] = es_cost_find(work->costs[level], batch);
        for (size_t l = 0; l < options->n_loads && status == ES_OK; l++) {
            work->slowdown = 1 / (1 - options->loads[l]);
            status = add_rows(work, batch, options->loads[l], errors);
        }
    }
    return status;
}

es_status es_cutmap_create(const es_model *model, const es_profile *device,
                           const es_profile *server, const es_cutmap_options *options,
                           es_cutmap **map, es_errors *errors) {
    size_t n = model->n_cuts[options->cost.granularity];
    ES_REQUIRE(!options->cost.whole_correction);
    workspace work = {.options = options,
                      .n_cuts = n,
                      .device = side_of(device, ES_PROFILE_HEAD),
                      .server = side_of(server, ES_PROFILE_TAIL),
                      .lines = es_alloc(n, sizeof *work.lines),
                      .others = es_alloc(n, sizeof *work.others),
                      .pieces = es_alloc(n, sizeof *work.pieces),
                      .other_pieces = es_alloc(n, sizeof *work.other_pieces),
                      .map = es_alloc(1, sizeof *work.map)};
    es_status status = ES_OK;
    if (work.lines == NULL || work.others == NULL || work.pieces == NULL ||
        work.other_pieces == NULL || work.map == NULL)
        status = es_errors_no_memory(errors, NULL);
    else
        *work.map = (es_cutmap){.bounds_known = true};
    for (int level = 0; level < N_LEVELS && status == ES_OK; level++)
        status = cost_at_level(model, device, server, &options->cost, level, &work.costs[level],
                               &work.map->bounds_known, errors);
    if (status == ES_OK)
        status = fill(&work, errors);
    if (status == ES_OK) {
        *map = work.map;
        work.map = NULL;
    }
    for (size_t level = 0; level < N_LEVELS; level++)
        es_cost_destroy(work.costs[level]);
    es_cutmap_destroy(work.map);
    free(work.lines);
    free(work.others);
    free(work.pieces);
    free(work.other_pieces);
    return status;
}

void es_cutmap_destroy(es_cutmap *map) {
    if (map == NULL)
        return;
    free(map->rows);
    free(map);
}
