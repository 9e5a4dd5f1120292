#include "graph.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/text.h"

#include <math.h>
#include <string.h>

/* Units that a name lists at most. */
enum { NAMED = 3 };

/* What single units take for a batch size, [units + 1]. */
struct unit_times {
    double *device_s, *server_s;
    es_mincut_costs costs; /* at 1 bit/s, without load */
};

static size_t count_units(const es_model *model, const es_cost_options *options) {
    return model->n_cuts[options->granularity] - 1;
}

static void unit_times_fini(struct unit_times *times) {
    free(times->device_s);
    free(times->server_s);
}

static es_status unit_times_init(struct unit_times *times, const es_model *model,
                                 const es_cost_options *options, int64_t batch,
                                 const double *heads_s, const double *tails_s) {
    size_t n = count_units(model, options) + 1;
    double elems = (double)es_shape_elems(model->layers[0].out);
    *times = (struct unit_times){es_alloc(n, sizeof(double)), es_alloc(n, sizeof(double)), {0}};
    if (times->device_s == NULL || times->server_s == NULL) {
        unit_times_fini(times);
        return ES_NO_MEMORY;
    }
    for (size_t u = 1; u < n; u++) {
        times->device_s[u] = heads_s != NULL ? heads_s[u] - heads_s[u - 1] : 0;
        times->server_s[u] = tails_s[u - 1] - tails_s[u];
    }
    times->costs = (es_mincut_costs){
        .granularity = options->granularity,
        .device_s = times->device_s,
        .server_s = times->server_s,
        .input_s = 8 * (double)batch * elems * options->input_bytes_per_elem,
        .s_per_elem = 8 * (double)batch * options->feature_bytes_per_elem,
    };
    return ES_OK;
}

/* Times of single units are differences of sums, at least 0 but for rounding. */
static es_status check_unit_times(double *times_s, size_t n_units, const double *sums_s,
                                  const es_profile *profile, es_errors *errors) {
    for (size_t u = 1; u <= n_units; u++) {
        if (!(times_s[u] >= -1e-12 * (sums_s[u] + sums_s[u - 1])))
            return es_errors_add(errors, ES_INVALID, profile->path, 0,
                                 "does not tell what unit %zu takes by itself; cuts through the "
                                 "network's graph need layers, not heads and tails timed whole",
                                 u);
        times_s[u] = fmax(0, times_s[u]);
    }
    return ES_OK;
}

/* Adds those of `found` that are new and no first units. */
static es_status join(es_mincut_sets *sets, const es_mincut_sets *found, size_t *capacity) {
    size_t width = sets->n_units + 1;
    for (size_t i = 0; i < found->n; i++) {
        const bool *set = es_mincut_set(found, i);
        if (found->sums[i].is_prefix || es_mincut_has(sets, set))
            continue;
        if (es_reserve(&sets->on_device, capacity, (sets->n + 1) * width,
                       sizeof *sets->on_device) != ES_OK)
            return ES_NO_MEMORY;
        memcpy(sets->on_device + sets->n++ * width, set, width * sizeof *set);
    }
    return ES_OK;
}

/* Adds the sets that are ever the best with certain costs, the input sent or kept. */
static es_status list(const es_model *model, const es_mincut_costs *costs, es_mincut_sets *sets,
                      size_t *capacity) {
    es_mincut_costs tried = *costs;
    es_status status = ES_OK;
    for (int keeps = 0; keeps < 2 && status == ES_OK; keeps++) {
        es_mincut_sets found;
        tried.input_s = keeps ? ES_INFINITY : costs->input_s;
        status = es_mincut_list(model, &tried, &found);
        if (status == ES_OK) {
            status = join(sets, &found, capacity);
            es_mincut_sets_fini(&found);
        }
    }
    return status;
}

/* "LAST without A, B, C and 2 more": the last unit on the device, and those before it that are not.
 */
static char *create_name(const es_cut *units, const bool *set, size_t last) {
    size_t n_named = 0, n_more = 0;
    es_text name = {0};
    es_text_add(&name, "%s without", units[last].name);
    for (size_t u = 1; u < last; u++) {
        if (set[u])
            continue;
        if (n_named < NAMED)
            es_text_add(&name, "%s %s", n_named++ > 0 ? "," : "", units[u].name);
        else
            n_more++;
    }
    if (n_more > 0)
        es_text_add(&name, " and %zu more", n_more);
    if (!name.failed)
        return name.data;
    free(name.data);
    return NULL;
}

static es_status describe(const es_model *model, const es_cost_options *options, const bool *set,
                          const es_mincut_costs *costs, struct graph_set *about) {
    es_partition sum;
    size_t last = count_units(model, options);
    while (!set[last])
        last--;
    about->last_unit = last;
    about->name = create_name(model->cuts[options->granularity], set, last);
    if (about->name == NULL || es_mincut_evaluate(model, costs, set, &sum) != ES_OK)
        return ES_NO_MEMORY;
    about->sends_input = sum.sends_input;
    about->n_tensors = sum.n_tensors;
    about->elems = sum.elems + (sum.sends_input ? es_shape_elems(model->layers[0].out) : 0);
    return ES_OK;
}

/* Says what each set is; costs of any batch size tell that. */
static es_status describe_all(const es_model *model, const es_cost_options *options,
                              const double *heads_s, const double *tails_s, struct graph *graph) {
    struct unit_times times;
    es_status status =
        unit_times_init(&times, model, options, options->batches[0], heads_s, tails_s);
    if (status != ES_OK)
        return status;
    graph->about = es_alloc(graph->sets.n, sizeof *graph->about);
    status = graph->about != NULL ? ES_OK : ES_NO_MEMORY;
    for (size_t i = 0; i < graph->sets.n && status == ES_OK; i++)
        status = describe(model, options, es_mincut_set(&graph->sets, i), &times.costs,
                          &graph->about[i]);
    unit_times_fini(&times);
    return status;
}

es_status graph_create(const es_model *model, const es_cost_options *options, const double *heads_s,
                       const double *tails_s, const es_profile *device, const es_profile *server,
                       struct graph *graph, es_errors *errors) {
    size_t n_units = count_units(model, options), width = n_units + 1, capacity = 0;
    es_status status = ES_OK;
    *graph = (struct graph){.sets = {.n_units = n_units}};
    for (size_t b = 0; b < options->n_batches && status == ES_OK; b++) {
        struct unit_times times;
        const double *heads = heads_s + b * width, *tails = tails_s + b * width;
        status = unit_times_init(&times, model, options, options->batches[b], heads, tails);
        if (status != ES_OK)
            break;
        status = check_unit_times(times.device_s, n_units, heads, device, errors);
        if (status == ES_OK)
            status = check_unit_times(times.server_s, n_units, tails, server, errors);
        if (status == ES_OK)
            status = list(model, &times.costs, &graph->sets, &capacity);
        unit_times_fini(&times);
    }
    if (status == ES_OK)
        status = describe_all(model, options, heads_s, tails_s, graph);
    if (status != ES_OK)
        graph_fini(graph);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : status;
}

void graph_fini(struct graph *graph) {
    for (size_t i = 0; graph->about != NULL && i < graph->sets.n; i++)
        free(graph->about[i].name);
    free(graph->about);
    es_mincut_sets_fini(&graph->sets);
    *graph = (struct graph){0};
}

es_status graph_evaluate(const struct graph *graph, size_t i, const es_model *model,
                         const es_cost_options *options, int64_t batch, const double *heads_s,
                         const double *tails_s, es_partition *sum) {
    struct unit_times times;
    es_status status = unit_times_init(&times, model, options, batch, heads_s, tails_s);
    if (status != ES_OK)
        return status;
    status = es_mincut_evaluate(model, &times.costs, es_mincut_set(&graph->sets, i), sum);
    unit_times_fini(&times);
    return status;
}
