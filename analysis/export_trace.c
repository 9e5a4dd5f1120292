/* The trace event format of Chrome (Google, "Trace Event Format"), which Perfetto opens: a process
 * per policy, a thread per station, a complete event per request and station. Slices of one thread
 * must not overlap in part, and requests do overlap in propagation: a station has as many threads
 * as it needs at once. */
#include "export.h"

#include <math.h>

static const char *const stations[EXPORT_N_STATIONS] = {"device",   "uplink",   "server",
                                                        "downlink", "backhaul", "cloud"};
/* Their order on the path of a request. */
enum { BACKHAUL = 4 };
static const size_t path[EXPORT_N_STATIONS] = {0, 1, 2, BACKHAUL, 5, 3};

void es_export_trace_begin(const es_result *result, es_text *text) {
    es_text_add(
        text,
        "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
        "{\"ph\": \"M\", \"pid\": 0, \"name\": \"process_name\", \"args\": {\"name\": \"state\"}}");
    for (size_t p = 0; p < result->n_policies; p++) {
        es_text_add(
            text,
            ",\n{\"ph\": \"M\", \"pid\": %zu, \"name\": \"process_name\", \"args\": {\"name\": ",
            p + 1);
        es_text_add_json(text, result->policies[p]);
        es_text_add(
            text,
            "}},\n{\"ph\": \"M\", \"pid\": %zu, \"name\": \"process_sort_index\", \"args\": "
            "{\"sort_index\": %zu}}",
            p + 1, p + 1);
    }
}

void es_export_trace_end(es_text *text) {
    es_text_add(text, "\n]}\n");
}

static int64_t to_ns(double seconds) {
    return (int64_t)llround(seconds * 1e9);
}

static void add_us(es_text *text, const char *name, int64_t ns) {
    es_text_add(text, "\"%s\": %lld.%03d", name, (long long)(ns / 1000), (int)(ns % 1000));
}

/* The first thread of a station that is free; named at its first use. */
static size_t find_lane(size_t policy, size_t station, int64_t start_ns, es_export_lanes *lanes,
                        es_text *text) {
    size_t lane = 0;
    while (lane < lanes->n[station] && lanes->free_ns[station][lane] > start_ns)
        lane++;
    if (lane == EXPORT_MOST_LANES)
        return lane - 1;
    if (lane == lanes->n[station]) {
        lanes->n[station]++;
        es_text_add(
            text,
            ",\n{\"ph\": \"M\", \"pid\": %zu, \"tid\": %zu, \"name\": \"thread_name\", \"args\": "
            "{\"name\": \"%s",
            policy + 1, station * EXPORT_MOST_LANES + lane + 1, stations[station]);
        es_text_add(text, lane > 0 ? " %zu\"}}" : "\"}}", lane + 1);
    }
    return lane;
}

static void add_slice(const es_result *result, size_t policy, size_t step, size_t station,
                      double start_s, double length_s, const double *row, es_export_lanes *lanes,
                      es_text *text) {
    int64_t start_ns = to_ns(start_s), end_ns = to_ns(start_s + length_s);
    if (!(length_s > 0) || end_ns <= start_ns)
        return;
    size_t lane = find_lane(policy, station, start_ns, lanes, text);
    size_t cut = (size_t)row[EXPORT_CUT];
    lanes->free_ns[station][lane] = end_ns;
    es_text_add(
        text, ",\n{\"ph\": \"X\", \"pid\": %zu, \"tid\": %zu, \"name\": \"%zu\", \"cat\": \"%s\", ",
        policy + 1, station * EXPORT_MOST_LANES + lane + 1, step, stations[station]);
    add_us(text, "ts", start_ns);
    es_text_add(text, ", ");
    add_us(text, "dur", end_ns - start_ns);
    es_text_add(text, ", \"args\": {\"batch\": %.0f, \"cut\": %zu, \"name\": ", row[EXPORT_BATCH],
                cut);
    es_text_add_json(text, result->cuts[cut]);
    es_text_add(text, ", \"bytes\": %.0f, \"status\": \"%s\"}}",
                row[station == BACKHAUL ? EXPORT_BACKHAUL_BYTES : EXPORT_BYTES],
                es_export_status(row[EXPORT_STATUS]));
}

static void add_counter(const char *name, int64_t at_ns, double value, es_text *text) {
    char number[ES_NUMBER_TEXT];
    es_format_double(value, number);
    es_text_add(text, ",\n{\"ph\": \"C\", \"pid\": 0, \"name\": \"%s\", ", name);
    add_us(text, "ts", at_ns);
    es_text_add(text, ", \"args\": {\"value\": %s}}", number);
}

void es_export_trace_step(const es_result *result, size_t policy, size_t step, const double *row,
                          bool with_state, es_export_lanes *lanes, es_text *text) {
    static const int waits[EXPORT_N_STATIONS] = {EXPORT_DEVICE_QUEUE,   EXPORT_UPLINK_QUEUE,
                                                 EXPORT_SERVER_QUEUE,   -1,
                                                 EXPORT_BACKHAUL_QUEUE, EXPORT_CLOUD_QUEUE};
    static const int times[EXPORT_N_STATIONS] = {EXPORT_HEAD,     EXPORT_UPLINK,   EXPORT_TAIL,
                                                 EXPORT_DOWNLINK, EXPORT_BACKHAUL, EXPORT_CLOUD};
    if (!(row[EXPORT_CUT] >= 0 && row[EXPORT_CUT] < (double)result->n_cuts))
        return;
    double at_s = row[EXPORT_ARRIVAL];
    if (with_state) {
        add_counter("uplink rate (Mbit/s)", to_ns(at_s), row[EXPORT_RATE_TRUE] / 1e6, text);
        add_counter("server load", to_ns(at_s), row[EXPORT_LOAD_TRUE], text);
    }
    for (size_t i = 0; i < EXPORT_N_STATIONS && !isnan(at_s); i++) {
        size_t s = path[i];
        at_s += waits[s] >= 0 ? row[waits[s]] : 0;
        add_slice(result, policy, step, s, at_s, row[times[s]], row, lanes, text);
        at_s += row[times[s]];
    }
}
