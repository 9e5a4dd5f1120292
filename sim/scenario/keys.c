#include "keys.h"

#include <string.h>

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const granularities[] = {"leaf", "fused", "block", NULL};
static const char *const cut_points[] = {"all", "residual-blocks", NULL};
static const char *const extrapolations[] = {"none", "linear", NULL};
static const char *const services[] = {"deterministic", "exponential", NULL};
static const char *const at_ends[] = {"loop", "hold", "stop", "as-trace", NULL};
static const char *const holds[] = {"as-trace", "forward", "backward", NULL};
static const char *const fills[] = {"hold", "zero", "error", NULL};
static const char *const disciplines[] = {"fifo", "ps", NULL};
static const char *const sharings[] = {"own", "group", "all", NULL};
static const char *const loads[] = {"utilisation", "jobs", NULL};
static const char *const modes[] = {"isolated", "open", "closed", NULL};
static const char *const states[] = {"trace", "grid", NULL};
static const char *const arrivals[] = {"periodic", "poisson", "trace", NULL};
static const char *const on_deadline[] = {"finish", "drop", NULL};
static const char *const candidates[] = {"compressive", "natural", "single-tensor", "all", NULL};
static const char *const knowledge[] = {
#define ES_KNOWLEDGE(name, text, meaning) text,
#include "edgesplit/knowledge.def"
#undef ES_KNOWLEDGE
    NULL};
static const char *const compressions[] = {"deflate", "none", NULL};

#define AT(field) offsetof(es_scenario, field)
#define OF(field) offsetof(es_policy_section, field)
#define TINY      1e-12

#define TEXT(section, name, offset, fallback, required, meaning)                                   \
    { section, name, KEY_TEXT, offset, ES_DIM_COUNT, 0, 0, NULL, fallback, required, meaning }
#define QUANTITY(section, name, offset, dimension, least, most, fallback, meaning)                 \
    {                                                                                              \
        section, name, KEY_QUANTITY, offset, ES_DIM_##dimension, least, most, NULL, fallback,      \
            false, meaning                                                                         \
    }
#define COUNT(section, name, offset, least, most, fallback, meaning)                               \
    { section, name, KEY_COUNT, offset, ES_DIM_COUNT, least, most, NULL, fallback, false, meaning }
#define LIST(section, name, offset, dimension, least, most, fallback, meaning)                     \
    {                                                                                              \
        section, name, KEY_LIST, offset, ES_DIM_##dimension, least, most, NULL, fallback, false,   \
            meaning                                                                                \
    }
#define CHOICE(section, name, offset, choices, fallback, meaning)                                  \
    { section, name, KEY_CHOICE, offset, ES_DIM_COUNT, 0, 0, choices, fallback, false, meaning }

/* What the traces of an uplink and of a server have in common. A prefix that is joined with a text
 * cannot stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define TRACE_KEYS(section, prefix, field)                                                         \
    TEXT(section, prefix "options", AT(field.options), NULL, false,                                \
         "of its format: name=value, name=value (edgesplit list traces)"),                         \
        CHOICE(section, prefix "hold", AT(field.hold), holds, "as-trace",                          \
               "a sample holds from its time to the next one (forward), or from the one before "   \
               "(backward)"),                                                                      \
        CHOICE(section, prefix "fill_gaps", AT(field.fill_gaps), fills, "hold",                    \
               "what was not measured: as before, 0, or a mistake"),                               \
        QUANTITY(                                                                                  \
            section, prefix "gap", AT(field.gap_s), TIME, 0, LONGEST_S, "0s",                      \
            "a step longer than this is a gap, and a marked one that is shorter is none; 0s: "     \
            "only what the file marks as missing or idle"),                                        \
        QUANTITY(section, prefix "slice_start", AT(field.slice_start_s), TIME, 0, LONGEST_S, "0s", \
                 "leaves out what lies before"),                                                   \
        QUANTITY(section, prefix "slice_end", AT(field.slice_end_s), TIME, 0, LONGEST_S, "0s",     \
                 "leaves out what lies behind; 0s: nothing"),                                      \
        QUANTITY(section, prefix "resample", AT(field.resample_s), TIME, 0, LONGEST_S, "0s",       \
                 "means over intervals of this length; 0s: never")

/* What server and cloud have in common. */
#define LOAD_KEYS(section, field)                                                                  \
    TEXT(section, "load_trace", AT(field.trace), NULL, false,                                      \
         "trace file of the utilisation, instead"),                                                \
        TEXT(section, "load_format", AT(field.format), NULL, false,                                \
             "its format (edgesplit list traces); default: recognised from the content"),          \
        QUANTITY(section, "load_scale", AT(field.scale), RATIO, TINY, 1e6, "1",                    \
                 "factor on the trace; capped at 1"),                                              \
        QUANTITY(section, "load_offset", AT(field.offset_s), TIME, 0, LONGEST_S, "0s",             \
                 "start this far into the trace"),                                                 \
        CHOICE(section, "load_at_end", AT(field.at_end), at_ends, "as-trace",                      \
               "behind the trace's end"),                                                          \
        CHOICE(section, "load_as", AT(field.as), loads, "utilisation",                             \
               "what the trace counts: the share of the server that is taken, or jobs of others, " \
               "with each of which a tail shares it equally"),                                     \
        TRACE_KEYS(section, "load_", field.trace_keys)

/* What uplink, downlink and backhaul have in common, behind their rates; and what only the first
 * two. */
#define RATE_KEYS(section, field)                                                                  \
    TEXT(section, "trace", AT(field.trace), NULL, false, "trace file of the data rate, instead"),  \
        TEXT(section, "format", AT(field.format), NULL, false,                                     \
             "its format (edgesplit list traces); default: recognised from the content"),          \
        QUANTITY(section, "window", AT(field.window_s), TIME, 0, LONGEST_S, "1ms",                 \
                 "mahimahi: opportunities are counted in windows of this length (whole ms); 0s: "  \
                 "each by itself"),                                                                \
        QUANTITY(section, "scale", AT(field.scale), RATIO, TINY, 1e9, "1", "factor on the trace"), \
        QUANTITY(section, "offset", AT(field.offset_s), TIME, 0, LONGEST_S, "0s",                  \
                 "start this far into the trace"),                                                 \
        CHOICE(section, "at_end", AT(field.at_end), at_ends, "as-trace",                           \
               "behind the trace's end"),                                                          \
        QUANTITY(section, "min_rate", AT(field.min_rate_bps), DATA_RATE, 0, 1e15, "0bit/s",        \
                 "lowest data rate, after scaling"),                                               \
        TRACE_KEYS(section, "", field.trace_keys),                                                 \
        CHOICE(                                                                                    \
            section, "discipline", AT(field.discipline), disciplines, "fifo",                      \
            "fifo: one message after the other; ps (processor sharing): all at once, each of n "   \
            "with 1/n of the rate")
#define LINK_KEYS(section, field)                                                                  \
    RATE_KEYS(section, field),                                                                     \
        CHOICE(                                                                                    \
            section, "sharing", AT(field.sharing), sharings, "own",                                \
            "whose the link is: each device has its own, the devices of a group share one, or "    \
            "all devices do (such a link is the same for all groups, but for its propagation)"),   \
        QUANTITY(section, "stagger", AT(field.stagger_s), TIME, 0, LONGEST_S, "0s",                \
                 "own links: device 1 of the group sees the trace so much ahead of device 0, "     \
                 "device 2 twice as much, ..."),                                                   \
        QUANTITY(section, "propagation", AT(field.propagation_s), TIME, 0, LONGEST_S, "0s",        \
                 "one-way delay, during which the link is free"),                                  \
        TEXT(section, "propagation_trace", AT(field.propagation_trace), NULL, false,               \
             "trace file of that delay (latencies), instead; nothing overtakes on the way"),       \
        TEXT(section, "propagation_format", AT(field.propagation_format), NULL, false,             \
             "its format; default: recognised from the content")
/* NOLINTEND(bugprone-macro-parentheses) */

const struct key keys[] = {
    TEXT("scenario", "title", AT(scenario.title), "", false, "one line for tables and figures"),
    QUANTITY("scenario", "duration", AT(scenario.duration_s), TIME, TINY, LONGEST_S, NULL,
             "requests arrive before this time; those in the system then are finished"),
    COUNT("scenario", "steps", AT(scenario.steps), 0, 1e12, "0",
          "number of requests, of all devices; 0: as many as arrive within `duration`, or as the "
          "grid "
          "has states"),
    COUNT("scenario", "seed", AT(scenario.seed), 0, 0x1p53, "1", "seed of every random stream"),
    {"scenario", "warmup", KEY_AUTO, AT(scenario.warmup_s), ES_DIM_TIME, 0, LONGEST_S, NULL, "0s",
     false,
     "requests that arrive earlier are recorded but left out of the summary; auto: up to where the "
     "latencies have settled, by MSER-5, for each policy and replication"},
    COUNT("scenario", "replications", AT(scenario.replications), 1, 65535, "1",
          "independent runs of each policy with other random numbers; the summary has their means "
          "and 95 % intervals"),
    TEXT("scenario", "stop_when", AT(scenario.stop_when), NULL, false,
         "replications are enough, and no more are run, when this holds for every policy: "
         "ci(FIGURE) < SHARE, the half width of the 95 % interval of a figure of the summary as a "
         "share of it, such as ci(latency) < 1%"),

    TEXT("model", "name", AT(model.name), NULL, false, "network of the zoo (edgesplit model list)"),
    TEXT("model", "file", AT(model.file), NULL, false,
         "file of a network instead: FILE.model or FILE.onnx"),
    COUNT("model", "resolution", AT(model.resolution), 0, 4096, "0",
          "input height and width in pixels; 0: the published one"),
    CHOICE("model", "granularity", AT(model.granularity), granularities, "block",
           "where cuts may lie"),
    CHOICE("model", "cut_points", AT(model.cut_points), cut_points, "all",
           "cuts offered to policies: all of that granularity, or behind residual blocks only, as "
           "the paper counts"),
    CHOICE("model", "batch_extrapolation", AT(model.extrapolate), extrapolations, "none",
           "batch sizes outside the measured ones: an error, or linear from the two nearest"),
    CHOICE("model", "whole_correction", AT(model.whole_correction), no_yes, "no",
           "multiply sums of layer times by the profile's whole / sum"),
    TEXT("model", "exit_after", AT(model.exit_after), NULL, false,
         "early exits: the cuts that they lie behind, by name or number, ascending (block3, "
         "block7)"),
    LIST("model", "exit_probability", AT(model.exit_probability), RATIO, 0, 1, NULL,
         "share of all requests that leave at each exit; what is left of 1 goes to the end"),
    LIST("model", "exit_accuracy", AT(model.exit_accuracy), RATIO, 0, 1, NULL,
         "accuracy of the requests that leave at each exit"),
    QUANTITY("model", "accuracy", AT(model.accuracy), RATIO, 0, 1, NULL,
             "accuracy at the end of a network with exits"),
    LIST("model", "exit_device_time", AT(model.exit_device_s), TIME, 0, LONGEST_S, NULL,
         "what the classifier of each exit adds on the device to every request that comes by; "
         "absent: nothing"),
    LIST("model", "exit_server_time", AT(model.exit_server_s), TIME, 0, LONGEST_S, NULL,
         "likewise on the unloaded server"),

    TEXT("device", "profile", AT(device.profile), NULL, true, "profile file of the device"),
    COUNT("device", "count", AT(device.count), 1, 1e6, "1",
          "devices of this kind; each has a queue and requests of its own"),
    CHOICE("device", "service", AT(device.service), services, "deterministic",
           "head times: the measured median, or exponential with that mean (queueing studies)"),
    QUANTITY("device", "switch_cost", AT(device.switch_cost_s), TIME, 0, LONGEST_S, "0s",
             "added to the head of a request whose cut is not that of the one before"),

    TEXT("server", "profile", AT(server.profile), NULL, true, "profile file of the server"),
    CHOICE("server", "service", AT(server.service), services, "deterministic",
           "tail times, likewise"),
    LIST("server", "load", AT(server.load_ratio), RATIO, 0, 1, "0",
         "utilisation by others; several: states = grid"),
    LOAD_KEYS("server", server.load),
    CHOICE("server", "discipline", AT(server.discipline), disciplines, "fifo",
           "fifo: tails in the order they come; ps (processor sharing): all at once, each of n "
           "with 1/n of the server"),
    COUNT("server", "servers", AT(server.servers), 1, 65535, "1",
          "fifo: so many in parallel, each with what `load` leaves of it"),
    COUNT("server", "max_batch", AT(server.max_batch), 0, 1024, "0",
          "fifo: tails of the same cut and group that wait for a server are run together, up to so "
          "many images, in the profile's time for that many; 0: each request by itself"),
    QUANTITY("server", "max_wait", AT(server.max_wait_s), TIME, 0, LONGEST_S, "0s",
             "a free server waits for more of them until the first has waited so long"),
    QUANTITY("server", "background_rate", AT(server.background_rate_hz), FREQUENCY, 1 / LONGEST_S,
             1e9, NULL,
             "jobs of others, a Poisson process, which queue with the tails (`load` slows the "
             "server down instead)"),
    TEXT("server", "background_trace", AT(server.background_trace), NULL, false,
         "trace file of the arrivals of such jobs, instead"),
    TEXT("server", "background_format", AT(server.background_format), NULL, false,
         "its format; default: recognised from the content"),
    QUANTITY("server", "background_time", AT(server.background_time_s), TIME, 1e-9, LONGEST_S, NULL,
             "what such a job takes on the unloaded server, in the mean (required with them)"),
    CHOICE("server", "background_service", AT(server.background_service), services, "deterministic",
           "all of them alike, or exponential with that mean"),

    LIST("uplink", "rate", AT(uplink.rate_bps), DATA_RATE, 1, 1e15, NULL,
         "constant data rate; several: states = grid"),
    LINK_KEYS("uplink", uplink.link),

    QUANTITY("downlink", "rate", AT(downlink.rate_bps), DATA_RATE, 1, 1e15, NULL,
             "constant data rate; absent, and no trace: results take no time to send"),
    LINK_KEYS("downlink", downlink.link),

    TEXT("cloud", "profile", AT(cloud.profile), NULL, false,
         "profile file of a third tier behind the server, which makes every cut a pair (required "
         "there)"),
    CHOICE("cloud", "service", AT(cloud.service), services, "deterministic",
           "times in the cloud, likewise"),
    QUANTITY("cloud", "load", AT(cloud.load_ratio), RATIO, 0, 1, "0", "utilisation by others"),
    LOAD_KEYS("cloud", cloud.load),
    CHOICE("cloud", "discipline", AT(cloud.discipline), disciplines, "fifo",
           "fifo: requests in the order they come; ps (processor sharing): all at once, each of n "
           "with 1/n of the cloud"),
    COUNT("cloud", "servers", AT(cloud.servers), 1, 65535, "1",
          "fifo: so many in parallel, each with what `load` leaves of it"),

    QUANTITY(
        "backhaul", "rate", AT(backhaul.rate_bps), DATA_RATE, 1, 1e15, NULL,
        "constant data rate of the link from the server to the cloud, which all requests share; "
        "results come back over it in its propagation alone"),
    RATE_KEYS("backhaul", backhaul.link),
    QUANTITY("backhaul", "propagation", AT(backhaul.link.propagation_s), TIME, 0, LONGEST_S, "0s",
             "one-way delay, during which the link is free; results pay it too"),

    CHOICE("workload", "mode", AT(workload.mode), modes, "open",
           "isolated: each step alone, state frozen (the paper); open: requests arrive and queue; "
           "closed: the next one comes when the last is done"),
    CHOICE("workload", "states", AT(workload.states), states, "trace",
           "isolated mode: state at each arrival, or every combination of uplink.rate, server.load "
           "and batch"),
    CHOICE("workload", "arrivals", AT(workload.arrivals), arrivals, "periodic",
           "periodic (device i of n begins i/n of a period late), a Poisson process, or a trace"),
    QUANTITY("workload", "rate", AT(workload.rate_hz), FREQUENCY, 1 / LONGEST_S, 1e9, "1/s",
             "arrivals per time, of each device"),
    TEXT("workload", "trace", AT(workload.trace), NULL, false,
         "arrivals = trace: file of the requests, with their batch sizes and deadlines if it has "
         "them; the devices of a group take turns"),
    TEXT("workload", "format", AT(workload.format), NULL, false,
         "its format; default: recognised from the content"),
    TEXT("workload", "options", AT(workload.trace_keys.options), NULL, false,
         "of its format: name=value, name=value (edgesplit list traces)"),
    QUANTITY("workload", "slice_start", AT(workload.trace_keys.slice_start_s), TIME, 0, LONGEST_S,
             "0s", "leaves out the requests before"),
    QUANTITY("workload", "slice_end", AT(workload.trace_keys.slice_end_s), TIME, 0, LONGEST_S, "0s",
             "leaves out the requests behind; 0s: none"),
    QUANTITY("workload", "time_scale", AT(workload.time_scale), RATIO, TINY, 1e9, "1",
             "factor on the times of the trace: with 0.5 requests come twice as often"),
    QUANTITY("workload", "offset", AT(workload.offset_s), TIME, 0, LONGEST_S, "0s",
             "start this far into the trace, as scaled"),
    CHOICE("workload", "at_end", AT(workload.at_end), at_ends, "as-trace",
           "behind the trace's end: the same requests again (loop), or none (stop)"),
    COUNT("workload", "population", AT(workload.population), 1, 65535, "1",
          "closed mode: sources of requests on each device, each with one at a time"),
    QUANTITY("workload", "think_time", AT(workload.think_time_s), TIME, 0, LONGEST_S, "0s",
             "closed mode: between a result and the next request of its source"),
    CHOICE("workload", "think", AT(workload.think), services, "deterministic",
           "closed mode: think times are all alike, or exponential with that mean"),
    LIST("workload", "batch", AT(workload.batch), COUNT, 1, 1e6, "1",
         "images per request; several: one after the other, again and again; not with a trace that "
         "has "
         "batches"),
    QUANTITY("workload", "deadline", AT(workload.deadline_s), TIME, TINY, LONGEST_S, NULL,
             "a request that takes longer is late; of a trace, where it has none of its own"),
    CHOICE("workload", "on_deadline", AT(workload.on_deadline), on_deadline, "finish",
           "late requests finish, or are dropped where they next start service"),
    COUNT(
        "workload", "max_backlog", AT(workload.max_backlog), 2, 1 << 24, "65536",
        "a policy is stopped as saturated when its oldest unfinished request is this many behind"),

    QUANTITY("transfer", "input_bytes", AT(transfer.input_bytes), DATA, TINY, 1e6, "1B",
             "per element of the input (8-bit image: 1B)"),
    QUANTITY("transfer", "feature_bytes", AT(transfer.feature_bytes), DATA, TINY, 1e6, "4B",
             "per element of a feature map (float32: 4B)"),
    QUANTITY("transfer", "header", AT(transfer.header_bytes), DATA, 0, 1e9, "0B", "per message"),
    QUANTITY("transfer", "result", AT(transfer.result_bytes), DATA, 0, 1e12, "0B",
             "sent back per image"),
    QUANTITY("transfer", "ratio", AT(transfer.ratio), RATIO, TINY, 100, "1",
             "of the bytes of a feature map after coding to those before; the input is not coded"),
    QUANTITY("transfer", "encode_rate", AT(transfer.encode_rate_bps), DATA_RATE, 1, 1e15, NULL,
             "how fast the device codes the bytes of a feature map, as part of the head; absent: "
             "in no time"),
    QUANTITY("transfer", "decode_rate", AT(transfer.decode_rate_bps), DATA_RATE, 1, 1e15, NULL,
             "how fast the unloaded server decodes them again, as part of the tail; absent: in no "
             "time"),

    QUANTITY("energy", "active", AT(energy.active_w), POWER, 0, 1e9, NULL,
             "device power while it computes a head"),
    QUANTITY("energy", "transmit", AT(energy.transmit_w), POWER, 0, 1e9, NULL, "while it sends"),
    QUANTITY("energy", "receive", AT(energy.receive_w), POWER, 0, 1e9, NULL, "while it receives"),
    QUANTITY("energy", "idle", AT(energy.idle_w), POWER, 0, 1e9, NULL, "while it waits"),

    QUANTITY("output", "period", AT(output.period_s), TIME, 1e-3, LONGEST_S, "1s",
             "length of the intervals of /series, at most ten million; changes no other number"),
    CHOICE("output", "compression", AT(output.compression), compressions, "deflate",
           "of the result file"),
    CHOICE(
        "output", "regret", AT(output.regret), no_yes, "yes",
        "record the oracle's latency and the regret of every step. What requests would have met is "
        "known in isolated mode, and with two tiers of one device, first in, first out everywhere, "
        "one server without batches and jobs of others, and constant propagation; else both are "
        "absent, "
        "and `yes` is a mistake"),

    TEXT("policy", "type", OF(type), NULL, false,
         "the policy (edgesplit list policies); default: the section's own name"),
    TEXT("policy", "split", OF(split), NULL, false,
         "static-split: a cut's number or name, best-mean, best-hindsight, or each"),
    CHOICE("policy", "candidates", OF(candidates), candidates, "compressive",
           "cuts to choose from, besides full offload and no offload"),
    CHOICE("policy", "privacy", OF(privacy), no_yes, "no",
           "yes: the input never leaves the device"),
    CHOICE("policy", "knowledge", OF(knowledge), knowledge, "true",
           "of rate and load: as they are, or made of the samples that transfers and tails yield"),
    QUANTITY("policy", "half_life", OF(half_life_s), TIME, TINY, LONGEST_S, "2s",
             "ewma, dual-ewma: after this time a sample weighs half"),
    QUANTITY("policy", "slow_half_life", OF(slow_half_life_s), TIME, TINY, LONGEST_S, "5s",
             "dual-ewma: of the slower mean"),
    COUNT("policy", "samples", OF(samples), 1, 64, "5", "harmonic: how many of the last count"),
    QUANTITY("policy", "initial_rate", OF(initial_rate_bps), DATA_RATE, 1, 1e15, NULL,
             "knowledge from samples: what is assumed before the first transfer (required there)"),
    QUANTITY("policy", "staleness", OF(staleness_s), TIME, 0, LONGEST_S, "0s",
             "knowledge = true: what is known is this old"),
    QUANTITY("policy", "noise", OF(noise), RATIO, 0, 10, "0",
             "standard deviation of the logarithm of what is known over what is so"),
    QUANTITY(
        "policy", "probe_every", OF(probe_every_s), TIME, 0, LONGEST_S, "0s",
        "knowledge from samples: a probe is sent over an idle uplink when nothing was learnt for "
        "so long; 0s: never"),
    QUANTITY("policy", "probe_bytes", OF(probe_bytes), DATA, 1, 1e9, "10kB",
             "size of a probe; its answer, with the server's load, has none"),
    CHOICE("policy", "load_aware", OF(load_aware), no_yes, "no",
           "knowledge from samples, yes: the wait in the server's queue counts as load"),
    CHOICE("policy", "queue_aware", OF(queue_aware), no_yes, "no",
           "open mode, yes: predictions count the heads that wait and the bytes to be sent"),
    QUANTITY("policy", "hysteresis", OF(hysteresis), RATIO, 0, 1e6, "0",
             "dynamic-split: share of the present latency that changing the cut has to gain"),
    COUNT("policy", "min_dwell", OF(min_dwell), 0, 1e15, "0",
          "dynamic-split: requests that a cut is kept for at least"),
    QUANTITY("policy", "expected_dwell", OF(expected_dwell), COUNT, 1, 1e15, "1",
             "dynamic-split: requests that [device] switch_cost is spread over"),
    QUANTITY("policy", "energy_weight", OF(energy_weight), RATIO, 0, 1, "0.5",
             "energy-aware: of energy against latency, each relative to no offload"),
    QUANTITY("policy", "exploration", OF(exploration), RATIO, 0, 1e6, "1",
             "mu-lin-ucb: how much it hopes for from cuts it has not tried; 1: as published"),
    QUANTITY("policy", "discount", OF(discount), RATIO, 0, 1, "1",
             "mu-lin-ucb: what each later result leaves of the weight of a result; 1: nothing is "
             "forgotten"),
    COUNT("policy", "load_bins", OF(load_bins), 1, 1000, "20",
          "threshold-table: it holds the loads 0, 1 / load_bins, ..., 1"),
};
const size_t n_keys = sizeof keys / sizeof keys[0];

const struct key *key_find(const char *section, const char *name) {
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* The sections of a rule below: "link" is any link, "server" the cloud too. */
static bool is_section(const char *section, const char *rule) {
    return strcmp(section, rule) == 0 ||
           (strcmp(rule, "server") == 0 && strcmp(section, "cloud") == 0) ||
           (strcmp(rule, "link") == 0 &&
            (strcmp(section, "uplink") == 0 || strcmp(section, "downlink") == 0 ||
             strcmp(section, "backhaul") == 0));
}

const char *key_needs(const struct key *key) {
    static const struct {
        const char *section, *name, *needs;
    } needs[] = {
        {"model", "resolution", "name"},
        {"model", "exit_probability", "exit_after"},
        {"model", "exit_accuracy", "exit_after"},
        {"model", "accuracy", "exit_after"},
        {"model", "exit_device_time", "exit_after"},
        {"model", "exit_server_time", "exit_after"},
        {"workload", "format", "trace"},
        {"workload", "options", "trace"},
        {"workload", "slice_start", "trace"},
        {"workload", "slice_end", "trace"},
        {"workload", "time_scale", "trace"},
        {"workload", "offset", "trace"},
        {"workload", "at_end", "trace"},
        {"link", "format", "trace"},
        {"link", "window", "trace"},
        {"link", "scale", "trace"},
        {"link", "offset", "trace"},
        {"link", "at_end", "trace"},
        {"link", "min_rate", "trace"},
        {"link", "options", "trace"},
        {"link", "hold", "trace"},
        {"link", "fill_gaps", "trace"},
        {"link", "gap", "trace"},
        {"link", "slice_start", "trace"},
        {"link", "slice_end", "trace"},
        {"link", "resample", "trace"},
        {"link", "stagger", "trace"},
        {"link", "propagation_format", "propagation_trace"},
        {"server", "load_format", "load_trace"},
        {"server", "load_scale", "load_trace"},
        {"server", "load_offset", "load_trace"},
        {"server", "load_at_end", "load_trace"},
        {"server", "load_as", "load_trace"},
        {"server", "load_options", "load_trace"},
        {"server", "load_hold", "load_trace"},
        {"server", "load_fill_gaps", "load_trace"},
        {"server", "load_gap", "load_trace"},
        {"server", "load_slice_start", "load_trace"},
        {"server", "load_slice_end", "load_trace"},
        {"server", "load_resample", "load_trace"},
        {"server", "max_wait", "max_batch"},
        {"server", "background_format", "background_trace"},
        {"server", "background_service", "background_time"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (is_section(key->section, needs[i].section) && strcmp(key->name, needs[i].name) == 0)
            return needs[i].needs;
    return NULL;
}

const char *key_replaced_by(const struct key *key) {
    static const struct {
        const char *section, *name, *by;
    } replaced[] = {
        {"model", "name", "file"},
        {"model", "file", "name"},
        {"link", "rate", "trace"},
        {"link", "trace", "rate"},
        {"link", "propagation", "propagation_trace"},
        {"link", "propagation_trace", "propagation"},
        {"workload", "trace", "arrivals"},
    };
    for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
        if (is_section(key->section, replaced[i].section) &&
            strcmp(key->name, replaced[i].name) == 0)
            return replaced[i].by;
    return NULL;
}

es_ini_label kind_label(const char *kind) {
    if (strcmp(kind, "policy") == 0)
        return ES_INI_LABEL;
    bool of_all = strcmp(kind, "scenario") == 0 || strcmp(kind, "output") == 0 ||
                  strcmp(kind, "backhaul") == 0;
    return of_all ? ES_INI_NO_LABEL : ES_INI_ANY_LABEL;
}

bool key_is_of_group(const struct key *key) {
    if (kind_label(key->section) != ES_INI_ANY_LABEL)
        return false;
    if (is_section(key->section, "server"))
        return strcmp(key->name, "profile") == 0;
    return strcmp(key->section, "workload") != 0 ||
           (strcmp(key->name, "states") != 0 && strcmp(key->name, "max_backlog") != 0);
}

bool key_is_of_cloud(const struct key *key) {
    return strcmp(key->section, "cloud") == 0 || strcmp(key->section, "backhaul") == 0;
}

bool key_is_file(const struct key *key) {
    static const char *const names[] = {"file",       "profile",          "trace",
                                        "load_trace", "background_trace", "propagation_trace"};
    if (strcmp(key->section, "policy") == 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(key->name, names[i]) == 0)
            return true;
    return false;
}

bool key_has_modes(const struct key *key) {
    return key_is_of_mode(key, ES_OPEN) != key_is_of_mode(key, ES_CLOSED);
}

bool key_is_of_mode(const struct key *key, int mode) {
    static const struct {
        const char *name;
        bool closed;
    } of_mode[] = {{"population", true}, {"think_time", true}, {"think", true},
                   {"arrivals", false},  {"rate", false},      {"trace", false}};
    if (strcmp(key->section, "workload") != 0)
        return true;
    for (size_t i = 0; i < sizeof of_mode / sizeof of_mode[0]; i++)
        if (strcmp(key->name, of_mode[i].name) == 0)
            return of_mode[i].closed == (mode == ES_CLOSED);
    return true;
}
