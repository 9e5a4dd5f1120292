/* Passes: the network, or a part of it, replayed as one CUDA graph.
 *
 * The whole is timed by two events around such a replay. The ends of units are seen in one of three
 * ways. CUPTI: a replay of the same graph during which the beginning and the end of each node are
 * recorded. Prefixes: a graph of units 1 to l for every l, each timed like the whole; nothing
 * stands between the kernels, but a stamped pass costs n/2 whole ones. Events: one graph with an
 * event behind each unit, which takes about a microsecond each. CUPTI is used where it can be had
 * and hardly slows a pass down, else prefixes unless such a pass takes longer than is bearable;
 * then units are long, and a microsecond is little.
 *
 * Before what is timed, the clock probe is queued. It tells the clock, and keeps the GPU busy until
 * the host has queued the rest, so that no launch is waited for. */
#include "cudnn_parts.h"

#include "choices.h"
#include "host.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <time.h>

bool gpu_runs(const gpu_unit *unit, const gpu_step *step) {
    return step->way == 0 || step->way == unit->way;
}

/* ---- Steps */

enum { THREADS = 256, MOST_BLOCKS = 65536 };

es_status gpu_launch_step(const es_network *network, const gpu_step *step, es_errors *errors) {
    const es_device *device = network->device;
    CUdeviceptr addresses[4] = {0};
    if (step->kind == GPU_GRAPH)
        return gpu_check_dnn(
            device, device->api.cudnnBackendExecute(device->handle, step->plan, step->pack),
            "execution of a plan", errors);
    for (size_t i = 0; i < step->n_operands; i++)
        addresses[i] = network->buffers[step->operands[i]].address;
    unsigned n = (unsigned)step->n_rows, blocks = (n + THREADS - 1) / THREADS;
    long long row_elems = step->row_elems;
    float epsilon = (float)ES_LAYER_NORM_EPSILON;
    gpu_view to = step->to, from = step->from;
    void *move[] = {&addresses[0], &addresses[1], &to, &from, &n};
    void *softmax[] = {&addresses[0], &addresses[1], &row_elems};
    void *norm[] = {&addresses[0], &addresses[1], &addresses[2],
                    &addresses[3], &row_elems,    &epsilon};
    CUresult result = CUDA_SUCCESS;
    if (step->kind == GPU_MOVE)
        result = gpu_launch(device, GPU_KERNEL_MOVE, blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS,
                            THREADS, move);
    else if (step->kind == GPU_SOFTMAX)
        result = gpu_launch(device, GPU_KERNEL_SOFTMAX, n, THREADS, softmax);
    else
        result = gpu_launch(device, GPU_KERNEL_LAYER_NORM, n, THREADS, norm);
    return gpu_check(device, result, "launch of a kernel", errors);
}

static es_status launch_unit(const es_network *network, size_t number, es_errors *errors) {
    const gpu_unit *unit = &network->units[number];
    es_status status = ES_OK;
    for (size_t i = unit->first_step; status == ES_OK && i < unit->first_step + unit->n_steps; i++)
        if (gpu_runs(unit, &network->steps[i]))
            status = gpu_launch_step(network, &network->steps[i], errors);
    return status;
}

/* ---- Graphs */

/* Captures units `first` to `last`; `with_events`: those behind units, that of unit 0 in front.
 * Creates `*graph`, also where it fails. */
static es_status capture(const es_network *network, size_t first, size_t last, bool with_events,
                         CUgraph *graph, es_errors *errors) {
    const es_device *device = network->device;
    const gpu_api *api = &device->api;
    *graph = NULL;
    CUresult result =
        api->cuStreamBeginCapture(device->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    if (result != CUDA_SUCCESS)
        return gpu_check(device, result, "capture of a graph", errors);
    if (with_events)
        result = api->cuEventRecordWithFlags(network->events[0], device->stream,
                                             CU_EVENT_RECORD_EXTERNAL);
    es_status status = ES_OK;
    for (size_t u = first; status == ES_OK && result == CUDA_SUCCESS && u <= last; u++) {
        status = launch_unit(network, u, errors);
        if (with_events)
            result = api->cuEventRecordWithFlags(network->events[u], device->stream,
                                                 CU_EVENT_RECORD_EXTERNAL);
    }
    CUresult ended = api->cuStreamEndCapture(device->stream, graph);
    if (status == ES_OK)
        status = gpu_check(device, result != CUDA_SUCCESS ? result : ended, "capture of a graph",
                           errors);
    return status;
}

/* Takes `graph`, which may be NULL if `status` is a failure. */
static es_status instantiate(const es_device *device, es_status status, CUgraph graph,
                             CUgraphExec *executable, es_errors *errors) {
    if (status == ES_OK)
        status = gpu_check(device, device->api.cuGraphInstantiateWithFlags(executable, graph, 0),
                           "instantiation of a graph", errors);
    if (graph != NULL)
        (void)device->api.cuGraphDestroy(graph);
    return status;
}

/* Finds or captures the graph of a part. */
static es_status find_replay(es_network *network, size_t first, size_t last, CUgraphExec *graph,
                             es_errors *errors) {
    for (size_t i = 0; i < network->n_replays; i++)
        if (network->replays[i].first == first && network->replays[i].last == last) {
            *graph = network->replays[i].graph;
            return ES_OK;
        }
    if (es_reserve(&network->replays, &network->replays_capacity, network->n_replays + 1,
                   sizeof *network->replays) != ES_OK)
        return es_errors_no_memory(errors, NULL);
    CUgraph captured;
    es_status status = capture(network, first, last, false, &captured, errors);
    status = instantiate(network->device, status, captured, graph, errors);
    if (status == ES_OK)
        network->replays[network->n_replays++] = (gpu_replay){first, last, *graph};
    return status;
}

/* ---- Passes */

/* How far the clock may be off, and what is waited then, in the hope that it recovers. */
static const double clock_tolerance_ratio = 0.02;
static const struct timespec recovery = {0, 50000000};

/* What has been queued is done: looks at the clock that the probe has seen. A pass at another one
 * counts as lost. */
static es_status check_clock(es_device *device, int64_t pass_ns, es_errors *errors) {
    double mhz = 0;
    es_status status = gpu_check(device, gpu_read_probe(device, &mhz), "clock probe", errors);
    if (status != ES_OK)
        return status;
    if (device->guard != NULL && !es_clock_guard_is_alive(device->guard))
        return es_errors_add(errors, ES_INTERNAL, NULL, 0,
                             "the process that guards the clocks has ended; the clocks are reset "
                             "now, and what was measured is not kept");
    device->last_mhz = mhz;
    device->least_mhz = device->n_probes == 0 ? mhz : fmin(device->least_mhz, mhz);
    device->greatest_mhz = fmax(device->greatest_mhz, mhz);
    device->n_probes++;
    if (device->wanted_mhz > 0 && fabs(mhz / device->wanted_mhz - 1) > clock_tolerance_ratio) {
        device->n_off++;
        device->lost_ns += pass_ns;
        device->lost_to = "clock";
        (void)nanosleep(&recovery, NULL);
    }
    return ES_OK;
}

static CUresult elapsed_ns(const es_device *device, CUevent before, CUevent after, int64_t *ns) {
    float ms = 0;
    CUresult result = device->api.cuEventElapsedTime(&ms, before, after);
    *ns = (int64_t)llround((double)ms * 1e6);
    return result;
}

static es_status run_graph(es_network *network, CUgraphExec graph, int64_t *start_ns,
                           int64_t *end_ns, es_errors *errors) {
    es_device *device = network->device;
    const gpu_api *api = &device->api;
    int64_t ns = 0;
    *start_ns = es_host_now_ns();
    CUresult result = gpu_queue_probe(device);
    if (result == CUDA_SUCCESS)
        result = api->cuEventRecord(device->before, device->stream);
    if (result == CUDA_SUCCESS)
        result = api->cuGraphLaunch(graph, device->stream);
    if (result == CUDA_SUCCESS)
        result = api->cuEventRecord(device->after, device->stream);
    if (result == CUDA_SUCCESS)
        result = api->cuStreamSynchronize(device->stream);
    if (result == CUDA_SUCCESS)
        result = elapsed_ns(device, device->before, device->after, &ns);
    *end_ns = *start_ns + ns;
    es_status status = gpu_check(device, result, "pass", errors);
    return status == ES_OK ? check_clock(device, ns, errors) : status;
}

/* The events of units are those of their prefixes: before and after each. */
static es_status run_prefixes(es_network *network, int64_t *stamps_ns, es_errors *errors) {
    es_device *device = network->device;
    const gpu_api *api = &device->api;
    size_t n_units = network->plan->n_units;
    CUresult result = gpu_queue_probe(device);
    stamps_ns[0] = es_host_now_ns();
    for (size_t u = 1; result == CUDA_SUCCESS && u <= n_units; u++) {
        CUgraphExec graph = NULL;
        es_status status = find_replay(network, 1, u, &graph, errors);
        if (status != ES_OK)
            return status;
        result = api->cuEventRecord(network->events[2 * u], device->stream);
        if (result == CUDA_SUCCESS)
            result = api->cuGraphLaunch(graph, device->stream);
        if (result == CUDA_SUCCESS)
            result = api->cuEventRecord(network->events[2 * u + 1], device->stream);
    }
    if (result == CUDA_SUCCESS)
        result = api->cuStreamSynchronize(device->stream);
    int64_t longest_ns = 0;
    for (size_t u = 1; result == CUDA_SUCCESS && u <= n_units; u++) {
        int64_t ns = 0;
        result = elapsed_ns(device, network->events[2 * u], network->events[2 * u + 1], &ns);
        /* A prefix may by chance take less than a shorter one; its last unit then takes nothing. */
        longest_ns = ns > longest_ns ? ns : longest_ns;
        stamps_ns[u] = stamps_ns[0] + longest_ns;
    }
    es_status status = gpu_check(device, result, "pass", errors);
    return status == ES_OK ? check_clock(device, longest_ns, errors) : status;
}

static es_status run_with_events(es_network *network, int64_t *stamps_ns, es_errors *errors) {
    es_device *device = network->device;
    const gpu_api *api = &device->api;
    size_t n_units = network->plan->n_units;
    CUresult result = gpu_queue_probe(device);
    stamps_ns[0] = es_host_now_ns();
    if (result == CUDA_SUCCESS)
        result = api->cuGraphLaunch(network->stamped, device->stream);
    if (result == CUDA_SUCCESS)
        result = api->cuStreamSynchronize(device->stream);
    for (size_t u = 1; result == CUDA_SUCCESS && u <= n_units; u++) {
        int64_t ns = 0;
        result = elapsed_ns(device, network->events[0], network->events[u], &ns);
        stamps_ns[u] = stamps_ns[0] + ns;
        if (stamps_ns[u] < stamps_ns[u - 1])
            stamps_ns[u] = stamps_ns[u - 1];
    }
    es_status status = gpu_check(device, result, "pass", errors);
    return status == ES_OK ? check_clock(device, stamps_ns[n_units] - stamps_ns[0], errors)
                           : status;
}

static es_status replay_untimed(const es_network *network, CUgraphExec graph, es_errors *errors) {
    const es_device *device = network->device;
    CUresult result = device->api.cuGraphLaunch(graph, device->stream);
    if (result == CUDA_SUCCESS)
        result = device->api.cuStreamSynchronize(device->stream);
    return gpu_check(device, result, "pass", errors);
}

/* A pass that is recorded; neither it nor the next one is the first behind a switch of CUPTI. */
static es_status trace_pass(es_network *network, int64_t *start_ns, int64_t *end_ns,
                            gpu_ends_fault *fault, es_errors *errors) {
    gpu_tracer *tracer = network->device->tracer;
    gpu_interval *intervals = NULL;
    size_t n = 0, n_units = network->plan->n_units;
    CUgraphExec plain = NULL;
    es_status status = gpu_tracer_start(tracer, errors);
    if (status != ES_OK)
        return status;
    status = replay_untimed(network, network->stamped, errors);
    if (status == ES_OK)
        status = gpu_tracer_take(tracer, network->n_all_nodes, &intervals, &n, errors);
    if (status == ES_OK)
        status = run_graph(network, network->stamped, start_ns, end_ns, errors);
    if (status == ES_OK)
        status = gpu_tracer_take(tracer, network->n_all_nodes, &intervals, &n, errors);
    gpu_tracer_stop(tracer);
    if (status == ES_OK)
        status = find_replay(network, 1, n_units, &plain, errors);
    if (status == ES_OK)
        status = replay_untimed(network, plain, errors);
    if (status == ES_OK)
        *fault = gpu_find_ends(n, intervals, n_units, network->n_nodes, network->node_numbers,
                               network->ends_ns, &network->busy_ns);
    return status;
}

/* So many incomplete passes in a row are no accident. */
enum { MOST_INCOMPLETE = 20 };

/* A pass of which not all is recorded counts as lost. */
static es_status run_traced(es_network *network, int64_t *stamps_ns, es_errors *errors) {
    es_device *device = network->device;
    int64_t end_ns = 0;
    gpu_ends_fault fault = GPU_ENDS_COMPLETE;
    es_status status = trace_pass(network, &stamps_ns[0], &end_ns, &fault, errors);
    if (status != ES_OK)
        return status;
    bool complete = fault == GPU_ENDS_COMPLETE;
    for (size_t u = 1; u <= network->plan->n_units; u++)
        stamps_ns[u] = complete ? stamps_ns[0] + network->ends_ns[u - 1] : end_ns;
    device->n_traces++;
    device->n_incomplete += !complete;
    device->n_incomplete_in_a_row = complete ? 0 : device->n_incomplete_in_a_row + 1;
    if (complete)
        return ES_OK;
    device->lost_ns += end_ns - stamps_ns[0];
    device->lost_to = "records";
    if (device->n_incomplete_in_a_row < MOST_INCOMPLETE)
        return ES_OK;
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                         "CUPTI's records of %d passes in a row cannot be used: %s; the setting "
                         "stamps:prefix does without it",
                         MOST_INCOMPLETE, gpu_ends_text(fault));
}

es_status gpu_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors) {
    size_t n_units = network->plan->n_units;
    CUgraphExec graph = NULL;
    if (stamped)
        return network->stamps == GPU_STAMPS_CUPTI    ? run_traced(network, stamps_ns, errors)
               : network->stamps == GPU_STAMPS_EVENTS ? run_with_events(network, stamps_ns, errors)
                                                      : run_prefixes(network, stamps_ns, errors);
    es_status status = find_replay(network, 1, n_units, &graph, errors);
    return status == ES_OK ? run_graph(network, graph, &stamps_ns[0], &stamps_ns[n_units], errors)
                           : status;
}

es_status gpu_run_part(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                       es_errors *errors) {
    CUgraphExec graph = NULL;
    es_status status = find_replay(network, first, last, &graph, errors);
    return status == ES_OK ? run_graph(network, graph, &stamps_ns[0], &stamps_ns[1], errors)
                           : status;
}

/* ---- Preparation */

/* A stamped pass by prefixes may take this long. */
static const int64_t most_prefix_ns = 100000000;

/* The least of a few passes by plain launches of every kernel: what a program takes that does not
 * replay a graph. */
static es_status time_launches(es_network *network, int64_t *least_ns, es_errors *errors) {
    enum { PASSES = 5 };
    const es_device *device = network->device;
    es_status status = ES_OK;
    *least_ns = INT64_MAX;
    for (int pass = 0; status == ES_OK && pass < PASSES; pass++) {
        int64_t start_ns = es_host_now_ns();
        for (size_t u = 1; status == ES_OK && u <= network->plan->n_units; u++)
            status = launch_unit(network, u, errors);
        if (status == ES_OK)
            status =
                gpu_check(device, device->api.cuStreamSynchronize(device->stream), "pass", errors);
        int64_t ns = es_host_now_ns() - start_ns;
        *least_ns = ns < *least_ns ? ns : *least_ns;
    }
    return status;
}

/* Adds the nodes of a graph that CUPTI records to `*n`. */
static es_status count_nodes(const es_device *device, CUgraph graph, size_t *n, es_errors *errors) {
    size_t n_all = 0;
    CUresult result = device->api.cuGraphGetNodes(graph, NULL, &n_all);
    CUgraphNode *nodes = es_alloc(n_all, sizeof(CUgraphNode));
    if (nodes == NULL)
        return es_errors_no_memory(errors, NULL);
    if (result == CUDA_SUCCESS)
        result = device->api.cuGraphGetNodes(graph, nodes, &n_all);
    for (size_t i = 0; result == CUDA_SUCCESS && i < n_all; i++) {
        CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
        result = device->api.cuGraphNodeGetType(nodes[i], &type);
        *n += type == CU_GRAPH_NODE_TYPE_KERNEL || type == CU_GRAPH_NODE_TYPE_MEMSET ||
              type == CU_GRAPH_NODE_TYPE_MEMCPY;
    }
    free(nodes);
    return gpu_check(device, result, "nodes of a graph", errors);
}

/* Finds how many nodes each unit has, by capturing it alone. */
static es_status count_all_nodes(es_network *network, es_errors *errors) {
    const es_device *device = network->device;
    size_t n_units = network->plan->n_units;
    network->n_nodes = es_alloc(n_units, sizeof *network->n_nodes);
    network->ends_ns = es_alloc(n_units, sizeof *network->ends_ns);
    if (network->n_nodes == NULL || network->ends_ns == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status = ES_OK;
    for (size_t u = 1; status == ES_OK && u <= n_units; u++) {
        CUgraph graph;
        status = capture(network, u, u, false, &graph, errors);
        if (status == ES_OK)
            status = count_nodes(device, graph, &network->n_nodes[u - 1], errors);
        if (graph != NULL)
            (void)device->api.cuGraphDestroy(graph);
        network->n_all_nodes += network->n_nodes[u - 1];
    }
    network->node_numbers = es_alloc(network->n_all_nodes, sizeof *network->node_numbers);
    return status == ES_OK && network->node_numbers == NULL ? es_errors_no_memory(errors, NULL)
                                                            : status;
}

/* How much longer or shorter a traced pass may be than one that is not. */
static const double trace_tolerance_ratio = 0.03;
enum { TRIAL_PASSES = 3 };

/* Captures the graph to be traced, while CUPTI records, and tries it out. ES_UNAVAILABLE: CUPTI
 * refuses, its records cannot be used or, if the setting leaves the choice, it changes the time of
 * a pass. */
static es_status prepare_traces(es_network *network, int64_t plain_ns, es_errors *errors) {
    es_device *device = network->device;
    size_t n_units = network->plan->n_units;
    int64_t start_ns, end_ns, least_ns = INT64_MAX;
    es_status status = count_all_nodes(network, errors);
    if (status == ES_OK)
        status = gpu_tracer_start(device->tracer, errors);
    if (status != ES_OK)
        return status;
    CUgraph captured;
    status = capture(network, 1, n_units, false, &captured, errors);
    status = instantiate(device, status, captured, &network->stamped, errors);
    gpu_tracer_stop(device->tracer);
    for (int pass = 0; status == ES_OK && pass < TRIAL_PASSES; pass++) {
        gpu_ends_fault fault = GPU_ENDS_COMPLETE;
        status = trace_pass(network, &start_ns, &end_ns, &fault, errors);
        if (status == ES_OK && fault != GPU_ENDS_COMPLETE)
            status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                                   "CUPTI's records cannot be used: %s", gpu_ends_text(fault));
        int64_t ns = network->ends_ns[n_units - 1];
        least_ns = ns < least_ns ? ns : least_ns;
    }
    double ratio = (double)least_ns / (double)plain_ns;
    if (status == ES_OK && device->setting.stamps == GPU_STAMPS_AUTO &&
        !(fabs(ratio - 1) <= trace_tolerance_ratio))
        status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                               "with CUPTI a pass takes %.3f of its time", ratio);
    return status;
}

/* Chooses how ends of units are seen: what the setting says, else the best there is. `reason`: why
 * not by CUPTI. */
static es_status choose_stamps(es_network *network, int64_t plain_ns, char reason[GPU_PATH],
                               es_errors *errors) {
    const es_device *device = network->device;
    gpu_stamps wanted = device->setting.stamps;
    bool bearable = plain_ns <= most_prefix_ns / (int64_t)(network->plan->n_units / 2 + 1);
    es_errors found;
    es_errors_init(&found);
    snprintf(reason, GPU_PATH, "%s", device->cupti_reason);
    if (device->tracer != NULL) {
        es_status status = prepare_traces(network, plain_ns, &found);
        if (status == ES_OK)
            wanted = GPU_STAMPS_CUPTI;
        else if (status != ES_UNAVAILABLE || wanted == GPU_STAMPS_CUPTI)
            return es_errors_add(errors, status, NULL, 0, "%s", found.records[0].text);
        else
            snprintf(reason, GPU_PATH, "%.*s", GPU_PATH - 1, found.records[0].text);
    }
    if (wanted == GPU_STAMPS_AUTO)
        wanted = bearable ? GPU_STAMPS_PREFIX : GPU_STAMPS_EVENTS;
    if (wanted != GPU_STAMPS_CUPTI && network->stamped != NULL) {
        (void)device->api.cuGraphExecDestroy(network->stamped);
        network->stamped = NULL;
    }
    network->stamps = wanted;
    return ES_OK;
}

/* Provenance: how it is measured, and what a pass takes. */
static es_status note_stamps(const es_network *network, int64_t plain_ns, int64_t launches_ns,
                             const char *reason, es_errors *errors) {
    es_device *device = network->device;
    es_text *text = &device->stamps;
    es_text_add(text, "%sbatch %lld: ", text->length > 0 ? "; " : "", (long long)network->batch);
    if (network->stamps == GPU_STAMPS_CUPTI) {
        int64_t traced_ns = network->ends_ns[network->plan->n_units - 1];
        uint32_t version = 0;
        (void)device->api.cuptiGetVersion(&version);
        es_text_add(text, "CUPTI %u, nodes %.1f us and gaps %.1f us of %.1f us recorded", version,
                    (double)network->busy_ns / 1e3, (double)(traced_ns - network->busy_ns) / 1e3,
                    (double)traced_ns / 1e3);
    } else {
        es_text_add(text, "%s", network->stamps == GPU_STAMPS_PREFIX ? "prefixes" : "events");
        if (reason[0] != '\0')
            es_text_add(text, " (%s)", reason);
    }
    es_text_add(text, ", %.1f us as a graph, %.1f us kernel by kernel", (double)plain_ns / 1e3,
                (double)launches_ns / 1e3);
    return text->failed ? es_errors_no_memory(errors, NULL) : ES_OK;
}

es_status gpu_capture(es_network *network, es_errors *errors) {
    es_device *device = network->device;
    size_t n_units = network->plan->n_units;
    int64_t stamps_ns[2], plain_ns = INT64_MAX, launches_ns = 0;
    char reason[GPU_PATH] = "";
    CUgraphExec whole = NULL;
    if (device->guard == NULL)
        device->wanted_mhz = 0;
    es_status status = time_launches(network, &launches_ns, errors);
    if (status == ES_OK)
        status = find_replay(network, 1, n_units, &whole, errors);
    for (int pass = 0; status == ES_OK && pass < TRIAL_PASSES; pass++) {
        status = run_graph(network, whole, &stamps_ns[0], &stamps_ns[1], errors);
        plain_ns = stamps_ns[1] - stamps_ns[0] < plain_ns ? stamps_ns[1] - stamps_ns[0] : plain_ns;
    }
    /* A clock that nobody has locked should stay what it is under this load. */
    if (device->guard == NULL)
        device->wanted_mhz = device->last_mhz;
    for (size_t i = 0; status == ES_OK && i < 2 * (n_units + 1); i++)
        status =
            gpu_check(device, device->api.cuEventCreate(&network->events[i], 0), "event", errors);
    if (status == ES_OK)
        status = choose_stamps(network, plain_ns, reason, errors);
    if (status == ES_OK)
        status = note_stamps(network, plain_ns, launches_ns, reason, errors);
    if (status == ES_OK && network->stamps == GPU_STAMPS_EVENTS) {
        CUgraph captured;
        status = capture(network, 1, n_units, true, &captured, errors);
        status = instantiate(device, status, captured, &network->stamped, errors);
    }
    for (size_t u = 1; status == ES_OK && network->stamps == GPU_STAMPS_PREFIX && u <= n_units; u++)
        status = find_replay(network, 1, u, &whole, errors); /* now, not between passes */
    return status;
}

es_status gpu_output(es_network *network, size_t unit, float *values, es_errors *errors) {
    const gpu_unit *made = &network->units[unit];
    es_shape shape = es_plan_out(network->plan, unit);
    gpu_view lies = gpu_view_of(network->batch, shape, made->last);
    int64_t n = network->batch * es_shape_elems(shape);
    float *laid = es_alloc((size_t)n, sizeof *laid);
    if (laid == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status =
        gpu_download(network, network->buffers[made->buffer].address, n, laid, errors);
    for (int64_t i = 0; status == ES_OK && i < n; i++)
        values[i] = laid[gpu_place(&lies, shape, i)];
    free(laid);
    return status;
}
