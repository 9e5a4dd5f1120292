/* Scenario files that are wrong: every key, every rule, every message with its place. */
#include "scenario_files.h"

/* One mistake: "PATH:LINE: [section] key = value: <text>...". */
static void reject(const struct entry *wrong, const char *text) {
    struct changes changes = {{*wrong}};
    char expected[ES_ERROR_TEXT];
    es_scenario *scenario = NULL;
    size_t line = write_file(&changes);
    es_errors_init(&errors);
    assert_int_equal(es_scenario_load(path, 0, NULL, &scenario, &errors), ES_INVALID);
    assert_null(scenario);
    snprintf(expected, sizeof expected, "%s:%zu: [%s] %s = %s: %s", path, line, wrong->section,
             wrong->key, wrong->value, text);
    expect_text(0, expected);
    assert_int_equal(errors.n, 1);
}

static const char a_time[] = "expected a time with its unit (s, ms,";
static const char data[] = "expected an amount of data with its unit (B,";
static const char rate[] = "expected a data rate with its unit (bit/s,";
static const char a_power[] = "expected a power with its unit (W, mW, kW)";
static const char ratio[] = "expected a ratio, as a bare number or in %";
static const char whole[] = "expected a whole number";

/* A wrong value of each key that can have one, and what the message says is right. */
static const struct {
    struct entry entry;
    const char *text;
} wrong_values[] = {
    {{"scenario", "duration", "60"}, a_time},
    {{"scenario", "duration", "0s"}, "expected 1e-12s .. 1e+08s"},
    {{"scenario", "duration", "2e8s"}, "expected 1e-12s .. 1e+08s"},
    {{"scenario", "steps", "1.5"}, whole},
    {{"scenario", "steps", "-1"}, "expected 0 .. 1e+12"},
    {{"scenario", "seed", "x"}, whole},
    {{"scenario", "seed", "-1"}, "expected 0 .. 9007199254740992"},
    {{"scenario", "warmup", "1Mbit"}, a_time},
    {{"scenario", "warmup", "-1s"}, "expected 0s .. 1e+08s"},
    {{"scenario", "replications", "0"}, "expected 1 .. 65535"},
    {{"scenario", "replications", "1.5"}, whole},
    {{"model", "resolution", "224px"}, whole},
    {{"model", "resolution", "4097"}, "expected 0 .. 4096"},
    {{"model", "granularity", "blok"}, "expected one of leaf, fused, block; did you mean 'block'?"},
    {{"model", "cut_points", "every"}, "expected one of all, residual-blocks"},
    {{"model", "batch_extrapolation", "lineer"}, "expected one of none, linear; did you mean 'li"},
    {{"model", "whole_correction", "true"}, "expected one of no, yes"},
    {{"model", "exit_probability", "0.5, half"}, ratio},
    {{"model", "exit_probability", "0.5, 1.5"}, "expected 0 .. 1"},
    {{"model", "exit_accuracy", "-0.1"}, "expected 0 .. 1"},
    {{"model", "accuracy", "77"}, "expected 0 .. 1"},
    {{"model", "exit_device_time", "1ms, 2"}, a_time},
    {{"model", "exit_server_time", "-1s"}, "expected 0s .. 1e+08s"},
    {{"device", "count", "0"}, "expected 1 .. 1e+06"},
    {{"device", "count", "many"}, whole},
    {{"device", "service", "Exponential"}, "expected one of deterministic, exponential; did you"},
    {{"server", "service", "poisson"}, "expected one of deterministic, exponential"},
    {{"server", "load", "0.5s"}, ratio},
    {{"server", "load", "110%"}, "expected 0 .. 1"},
    {{"server", "load", "0.5, 1.5"}, "expected 0 .. 1"},
    {{"server", "load_scale", "0"}, "expected 1e-12 .. 1e+06"},
    {{"server", "load_scale", "1W"}, ratio},
    {{"server", "load_offset", "3"}, a_time},
    {{"server", "load_offset", "-3s"}, "expected 0s .. 1e+08s"},
    {{"server", "load_at_end", "repeat"}, "expected one of loop, hold, stop, as-trace"},
    {{"server", "load_as", "job"}, "expected one of utilisation, jobs; did you mean 'jobs'?"},
    {{"server", "load_hold", "back"}, "expected one of as-trace, forward, backward"},
    {{"server", "load_fill_gaps", "0"}, "expected one of hold, zero, error"},
    {{"server", "load_gap", "5"}, a_time},
    {{"server", "load_slice_start", "-1s"}, "expected 0s .. 1e+08s"},
    {{"server", "load_slice_end", "x"}, a_time},
    {{"server", "load_resample", "-1s"}, "expected 0s .. 1e+08s"},
    {{"server", "discipline", "lifo"}, "expected one of fifo, ps; did you mean 'fifo'?"},
    {{"server", "servers", "0"}, "expected 1 .. 65535"},
    {{"server", "max_batch", "-1"}, "expected 0 .. 1024"},
    {{"server", "max_wait", "5"}, a_time},
    {{"server", "background_rate", "5"}, "expected a frequency with its unit"},
    {{"server", "background_rate", "0/s"}, "expected 1e-08/s .. 1e+09/s"},
    {{"server", "background_time", "0s"}, "expected 1e-09s .. 1e+08s"},
    {{"server", "background_service", "normal"}, "expected one of deterministic, exponential"},
    {{"uplink", "rate", "20"}, rate},
    {{"uplink", "rate", "20Mbps"}, rate},
    {{"uplink", "rate", "0.5bit/s"}, "expected 1bit/s .. 1e+15bit/s"},
    {{"uplink", "rate", "1..2 step 0 Mbit/s"}, rate},
    {{"uplink", "window", "5"}, a_time},
    {{"uplink", "window", "-1ms"}, "expected 0s .. 1e+08s"},
    {{"uplink", "min_rate", "1"}, rate},
    {{"uplink", "min_rate", "-1bit/s"}, "expected 0bit/s .. 1e+15bit/s"},
    {{"uplink", "hold", "back"}, "expected one of as-trace, forward, backward"},
    {{"uplink", "fill_gaps", "zeros"}, "expected one of hold, zero, error; did you mean 'zero'?"},
    {{"uplink", "gap", "5"}, a_time},
    {{"uplink", "gap", "-5s"}, "expected 0s .. 1e+08s"},
    {{"uplink", "slice_start", "-1s"}, "expected 0s .. 1e+08s"},
    {{"uplink", "slice_end", "1e9s"}, "expected 0s .. 1e+08s"},
    {{"uplink", "resample", "1Hz"}, a_time},
    {{"uplink", "scale", "0"}, "expected 1e-12 .. 1e+09"},
    {{"uplink", "scale", "double"}, ratio},
    {{"uplink", "offset", "1B"}, a_time},
    {{"uplink", "offset", "-1s"}, "expected 0s .. 1e+08s"},
    {{"uplink", "at_end", "lop"}, "expected one of loop, hold, stop, as-trace; did you mean 'loop"},
    {{"uplink", "propagation", "5 m"}, a_time},
    {{"uplink", "propagation", "-5ms"}, "expected 0s .. 1e+08s"},
    {{"uplink", "discipline", "pss"}, "expected one of fifo, ps; did you mean 'ps'?"},
    {{"uplink", "sharing", "cell"}, "expected one of own, group, all"},
    {{"uplink", "stagger", "5"}, a_time},
    {{"uplink", "stagger", "-5s"}, "expected 0s .. 1e+08s"},
    {{"cloud", "service", "poisson"}, "expected one of deterministic, exponential"},
    {{"cloud", "load", "110%"}, "expected 0 .. 1"},
    {{"cloud", "load_scale", "0"}, "expected 1e-12 .. 1e+06"},
    {{"cloud", "load_offset", "3"}, a_time},
    {{"cloud", "load_at_end", "repeat"}, "expected one of loop, hold, stop, as-trace"},
    {{"cloud", "load_as", "job"}, "expected one of utilisation, jobs; did you mean 'jobs'?"},
    {{"cloud", "load_hold", "back"}, "expected one of as-trace, forward, backward"},
    {{"cloud", "load_fill_gaps", "0"}, "expected one of hold, zero, error"},
    {{"cloud", "load_gap", "5"}, a_time},
    {{"cloud", "load_slice_start", "-1s"}, "expected 0s .. 1e+08s"},
    {{"cloud", "load_slice_end", "x"}, a_time},
    {{"cloud", "load_resample", "-1s"}, "expected 0s .. 1e+08s"},
    {{"cloud", "discipline", "lifo"}, "expected one of fifo, ps; did you mean 'fifo'?"},
    {{"cloud", "servers", "0"}, "expected 1 .. 65535"},
    {{"backhaul", "rate", "20"}, rate},
    {{"backhaul", "window", "5"}, a_time},
    {{"backhaul", "min_rate", "-1bit/s"}, "expected 0bit/s .. 1e+15bit/s"},
    {{"backhaul", "hold", "back"}, "expected one of as-trace, forward, backward"},
    {{"backhaul", "fill_gaps", "zeros"}, "expected one of hold, zero, error"},
    {{"backhaul", "gap", "-5s"}, "expected 0s .. 1e+08s"},
    {{"backhaul", "slice_start", "-1s"}, "expected 0s .. 1e+08s"},
    {{"backhaul", "slice_end", "1"}, a_time},
    {{"backhaul", "resample", "1Hz"}, a_time},
    {{"backhaul", "scale", "0"}, "expected 1e-12 .. 1e+09"},
    {{"backhaul", "offset", "-1s"}, "expected 0s .. 1e+08s"},
    {{"backhaul", "at_end", "lop"}, "expected one of loop, hold, stop, as-trace"},
    {{"backhaul", "discipline", "fair"}, "expected one of fifo, ps"},
    {{"backhaul", "propagation", "fast"}, a_time},
    {{"downlink", "window", "5"}, a_time},
    {{"downlink", "min_rate", "-1bit/s"}, "expected 0bit/s .. 1e+15bit/s"},
    {{"downlink", "hold", "back"}, "expected one of as-trace, forward, backward"},
    {{"downlink", "fill_gaps", "zeros"}, "expected one of hold, zero, error"},
    {{"downlink", "gap", "-5s"}, "expected 0s .. 1e+08s"},
    {{"downlink", "slice_start", "-1s"}, "expected 0s .. 1e+08s"},
    {{"downlink", "slice_end", "1"}, a_time},
    {{"downlink", "resample", "1Hz"}, a_time},
    {{"downlink", "scale", "0"}, "expected 1e-12 .. 1e+09"},
    {{"downlink", "offset", "-1s"}, "expected 0s .. 1e+08s"},
    {{"downlink", "at_end", "lop"}, "expected one of loop, hold, stop, as-trace"},
    {{"downlink", "discipline", "fair"}, "expected one of fifo, ps"},
    {{"downlink", "sharing", "shared"}, "expected one of own, group, all"},
    {{"downlink", "stagger", "x"}, a_time},
    {{"downlink", "rate", "1MB"}, rate},
    {{"downlink", "rate", "0bit/s"}, "expected 1bit/s .. 1e+15bit/s"},
    {{"downlink", "propagation", "fast"}, a_time},
    {{"downlink", "propagation", "1e9s"}, "expected 0s .. 1e+08s"},
    {{"workload", "mode", "close"},
     "expected one of isolated, open, closed; did you mean 'closed'?"},
    {{"workload", "population", "0"}, "expected 1 .. 65535"},
    {{"workload", "population", "2"}, "is only read in closed mode"},
    {{"workload", "think_time", "3"}, a_time},
    {{"workload", "think_time", "3s"}, "is only read in closed mode"},
    {{"workload", "think", "normal"}, "expected one of deterministic, exponential"},
    {{"workload", "states", "gird"}, "expected one of trace, grid; did you mean 'grid'?"},
    {{"workload", "arrivals", "uniform"}, "expected one of periodic, poisson, trace"},
    {{"workload", "rate", "10"},
     "expected a frequency with its unit (/s, /min, /h, Hz, kHz, MHz, GHz)"},
    {{"workload", "rate", "1e-9Hz"}, "expected 1e-08/s .. 1e+09/s"},
    {{"workload", "slice_start", "1"}, a_time},
    {{"workload", "slice_end", "-1s"}, "expected 0s .. 1e+08s"},
    {{"workload", "time_scale", "0"}, "expected 1e-12 .. 1e+09"},
    {{"workload", "time_scale", "2s"}, ratio},
    {{"workload", "offset", "-1s"}, "expected 0s .. 1e+08s"},
    {{"workload", "at_end", "loops"}, "expected one of loop, hold, stop, as-trace; did you mean"},
    {{"workload", "batch", "1.5"}, whole},
    {{"workload", "batch", "1, 0"}, "expected 1 .. 1e+06"},
    {{"workload", "deadline", "0s"}, "expected 1e-12s .. 1e+08s"},
    {{"workload", "deadline", "33"}, a_time},
    {{"workload", "on_deadline", "abort"}, "expected one of finish, drop"},
    {{"workload", "on_deadline", "drop"}, "drop needs a deadline"},
    {{"workload", "max_backlog", "1"}, "expected 2 .. 16777216"},
    {{"workload", "max_backlog", "many"}, whole},
    {{"transfer", "input_bytes", "1"}, data},
    {{"transfer", "input_bytes", "0B"}, "expected 1e-12B .. 1e+06B"},
    {{"transfer", "feature_bytes", "4bits"}, data},
    {{"transfer", "feature_bytes", "2MB"}, "expected 1e-12B .. 1e+06B"},
    {{"transfer", "header", "40"}, data},
    {{"transfer", "header", "-1B"}, "expected 0B .. 1e+09B"},
    {{"transfer", "result", "1s"}, data},
    {{"transfer", "result", "-1B"}, "expected 0B .. 1e+12B"},
    {{"transfer", "ratio", "0"}, "expected 1e-12 .. 100"},
    {{"transfer", "ratio", "half"}, ratio},
    {{"transfer", "encode_rate", "1MB"}, rate},
    {{"transfer", "decode_rate", "0bit/s"}, "expected 1bit/s .. 1e+15bit/s"},
    {{"energy", "active", "5"}, a_power},
    {{"energy", "active", "-5W"}, "expected 0W .. 1e+09W"},
    {{"energy", "transmit", "5J"}, a_power},
    {{"energy", "transmit", "-5W"}, "expected 0W .. 1e+09W"},
    {{"energy", "receive", "watt"}, a_power},
    {{"energy", "receive", "2e9W"}, "expected 0W .. 1e+09W"},
    {{"energy", "idle", "1"}, a_power},
    {{"energy", "idle", "-1mW"}, "expected 0W .. 1e+09W"},
    {{"output", "period", "1"}, a_time},
    {{"output", "period", "1us"}, "expected 0.001s .. 1e+08s"},
    {{"output", "compression", "gzip"}, "expected one of deflate, none"},
    {{"output", "regret", "nope"}, "expected one of no, yes"},
    {{"policy dynamic-split", "candidates", "naturals"},
     "expected one of compressive, natural, single-tensor, all; did you mean 'natural'?"},
    {{"policy dynamic-split", "privacy", "on"}, "expected one of no, yes"},
    {{"device", "switch_cost", "6"}, a_time},
    {{"device", "switch_cost", "-1s"}, "expected 0s .. 1e+08s"},
    {{"policy dynamic-split", "knowledge", "harmonics"},
     "expected one of true, last, ewma, dual-ewma, harmonic, robust-harmonic; did you mean "
     "'harmonic'?"},
    {{"policy dynamic-split", "slow_half_life", "5"}, a_time},
    {{"policy dynamic-split", "samples", "0"}, "expected 1 .. 64"},
    {{"policy dynamic-split", "samples", "65"}, "expected 1 .. 64"},
    {{"policy dynamic-split", "staleness", "-1s"}, "expected 0s .. 1e+08s"},
    {{"policy dynamic-split", "noise", "much"}, ratio},
    {{"policy dynamic-split", "noise", "11"}, "expected 0 .. 10"},
    {{"policy dynamic-split", "probe_every", "10"}, a_time},
    {{"policy dynamic-split", "probe_bytes", "10"}, data},
    {{"policy dynamic-split", "probe_bytes", "0B"}, "expected 1B .. 1e+09B"},
    {{"policy dynamic-split", "load_aware", "true"}, "expected one of no, yes"},
    {{"policy dynamic-split", "queue_aware", "true"}, "expected one of no, yes"},
    {{"policy dynamic-split", "hysteresis", "-0.1"}, "expected 0 .. 1e+06"},
    {{"policy dynamic-split", "min_dwell", "1.5"}, whole},
    {{"policy dynamic-split", "expected_dwell", "0"}, "expected 1 .. 1e+15"},
    {{"policy dynamic-split", "energy_weight", "2"}, "expected 0 .. 1"},
    {{"policy dynamic-split", "exploration", "-1"}, "expected 0 .. 1e+06"},
    {{"policy dynamic-split", "discount", "1.5"}, "expected 0 .. 1"},
    {{"policy dynamic-split", "load_bins", "0"}, "expected 1 .. 1000"},
    {{"policy dynamic-split", "half_life", "2"}, a_time},
    {{"policy dynamic-split", "half_life", "0s"}, "expected 1e-12s .. 1e+08s"},
    {{"policy dynamic-split", "initial_rate", "10"}, rate},
    {{"policy dynamic-split", "initial_rate", "0bit/s"}, "expected 1bit/s .. 1e+15bit/s"},
};
enum { N_WRONG = sizeof wrong_values / sizeof wrong_values[0] };

static void wrong_values_are_rejected(void **state) {
    (void)state;
    for (size_t i = 0; i < N_WRONG; i++)
        reject(&wrong_values[i].entry, wrong_values[i].text);
}

/* Reads the reference of keys, which the table of keys prints, and looks for tests of each. */
static void every_key_has_a_wrong_value(void **state) {
    (void)state;
    es_text reference = {0};
    es_scenario_reference(&reference, false);
    assert_false(reference.failed);
    char section[32] = "";
    size_t n = 0;
    es_slice rest = {reference.data, reference.length}, line;
    while (es_next_line(&rest, &line)) {
        char key[32], type[32];
        sscanf(line.data, "[%31[a-z]", section);
        if (sscanf(line.data, "  %31[a-z_] = %31[a-z ]", key, type) != 2 || line.data[2] == ' ' ||
            strcmp(type, "text") == 0)
            continue;
        bool tested = false;
        for (size_t i = 0; i < N_WRONG; i++)
            tested =
                tested || (strncmp(wrong_values[i].entry.section, section, strlen(section)) == 0 &&
                           strcmp(wrong_values[i].entry.key, key) == 0);
        if (!tested)
            fail_msg("no wrong value of [%s] %s is tested", section, key);
        n++;
    }
    assert_true(n > 40);
    free(reference.data);
}

/* Changes that are wrong together, and all messages, without the path. */
static const struct {
    struct changes changes;
    const char *texts[4];
} wrong_together[] = {
    {{{{"workload", "states", "grid"}}},
     {":15: [workload] states = grid: only isolated mode has a grid of states"}},
    {{{{"workload", "states", "grid"},
       {"workload", "mode", "isolated"},
       {"uplink", "trace", "x"},
       {"uplink", "rate", NULL}}},
     {":15: [workload] states = grid: a grid takes lists of rates and loads, not traces"}},
    {{{{"workload", "states", "grid"},
       {"workload", "mode", "isolated"},
       {"server", "load_trace", "x"}}},
     {":16: [workload] states = grid: a grid takes lists of rates and loads, not traces"}},
    {{{{"uplink", "window", "2.5ms"}, {"uplink", "trace", "x"}, {"uplink", "rate", NULL}}},
     {":10: [uplink] window = 2.5ms: expected whole milliseconds"}},
    {{{{"workload", "arrivals", "trace"}}},
     {":15: [workload] arrivals = trace: arrivals = trace and trace = FILE go together"}},
    {{{{"workload", "trace", "x"}}},
     {":15: [workload] trace = x: arrivals = trace and trace = FILE go together"}},
    {{{{"workload", "arrivals", "trace"}, {"workload", "trace", "x"}, {"workload", "rate", "1/s"}}},
     {":17: [workload] rate = 1/s: is not read with arrivals = trace"}},
    {{{{"workload", "offset", "2s"}, {"workload", "time_scale", "2"}}},
     {":16: [workload] time_scale = 2: is only read with trace",
      ":15: [workload] offset = 2s: is only read with trace"}},
    {{{{"uplink", "scale", "2"}, {"uplink", "at_end", "hold"}}},
     {":10: [uplink] scale = 2: is only read with trace",
      ":11: [uplink] at_end = hold: is only read with trace"}},
    {{{{"server", "load_offset", "2s"}}},
     {":8: [server] load_offset = 2s: is only read with load_trace"}},
    {{{{"uplink", "rate", "1..3 Mbit/s"}}},
     {":10: [uplink] rate = 1..3 Mbit/s: several rates need [workload] states = grid"}},
    {{{{"server", "load", "10%, 20%"}}},
     {":8: [server] load = 10%, 20%: several loads need [workload] states = grid"}},
    {{{{"server", "load", "10%"}, {"server", "load_trace", "x"}}},
     {":8: [server] load = 10%: at most one of load and load_trace can be given"}},
    {{{{"uplink", "trace", "x"}}},
     {":10: [uplink] trace = x: exactly one of rate and trace is needed"}},
    {{{{"uplink", "rate", NULL}}}, {":9: [uplink] rate: exactly one of rate and trace is needed"}},
    {{{{"scenario", "steps", NULL}}},
     {":1: [scenario] duration: one of duration and steps is needed"}},
    {{{{"scenario", "steps", "1000000"}, {"workload", "rate", "0.001/s"}}},
     {":15: [workload] rate = 0.001/s: 1e+06 requests take more than three years at this rate"}},
    {{{{"workload", "mode", "isolated"}, {"device", "service", "exponential"}}},
     {":6: [device] service = exponential: isolated mode has deterministic times"}},
    {{{{"workload", "mode", "isolated"}, {"server", "service", "exponential"}}},
     {":8: [server] service = exponential: isolated mode has deterministic times"}},
    {{{{"workload", "mode", "isolated"},
       {"workload", "deadline", "1s"},
       {"workload", "on_deadline", "drop"}}},
     {":17: [workload] on_deadline = drop: isolated mode drops nothing"}},
    {{{{"energy", "active", "5W"}, {"energy", "idle", "1W"}, {"energy", "receive", "1W"}}},
     {":15: [energy] active = 5W: give all of active, transmit, receive, idle, or none"}},
    {{{{"policy dynamic-split", "initial_rate", NULL}}},
     {":12: [policy dynamic-split] knowledge = last: needs initial_rate: what the policy assumes"}},
    {{{{"model", "name", NULL}}}, {":3: [model] name is missing: network of the zoo"}},
    {{{{"workload", "mode", "closed"},
       {"workload", "population", "70"},
       {"workload", "max_backlog", "60"}}},
     {":16: [workload] population = 70: 70 requests at once are more than max_backlog = 60"}},
    {{{{"model", "exit_after", "block2, block5"},
       {"model", "exit_probability", "0.5"},
       {"model", "exit_accuracy", "0.5, 0.6, 0.7"},
       {"model", "exit_device_time", "1ms"}}},
     {":5: [model] exit_probability = 0.5: expected 2 values, one for each cut of exit_after, not ",
      ":6: [model] exit_accuracy = 0.5, 0.6, 0.7: expected 2 values, one for each cut of",
      ":7: [model] exit_device_time = 1ms: expected 2 values",
      ":3: [model] accuracy: is missing: that of the end of the network"}},
    {{{{"model", "exit_after", "block2"}}},
     {":3: [model] exit_probability: is missing: exit_after needs exit_probability, exit_accuracy",
      ":3: [model] exit_accuracy: is missing", ":3: [model] accuracy: is missing"}},
    {{{{"model", "exit_probability", "0.5"}, {"model", "accuracy", "0.5"}}},
     {":4: [model] exit_probability = 0.5: is only read with exit_after",
      ":5: [model] accuracy = 0.5: is only read with exit_after"}},
    {{{{"model", "exit_after", "block2, block5"},
       {"model", "exit_probability", "0.5, 0.6"},
       {"model", "exit_accuracy", "0.5, 0.6"},
       {"model", "accuracy", "0.7"},
       {"server", "max_batch", "2"}}},
     {":5: [model] exit_probability = 0.5, 0.6: adds up to 1.1; expected at most 1",
      ":12: [server] max_batch = 2: tails that end at different exits are not run together"}},
    {{{{"model", "exit_after", "block2"},
       {"model", "exit_probability", "0.5"},
       {"model", "exit_accuracy", "0.5"},
       {"model", "accuracy", "0.7"},
       {"cloud", "profile", "x"},
       {"backhaul", "rate", "1Mbit/s"}}},
     {":4: [model] exit_after = block2: a network with exits has two tiers: expected no [cloud]"}},
    {{{{"model", "file", "x.model"}}},
     {":4: [model] file = x.model: at most one of name and file can be given"}},
    {{{{"device", "profile", NULL}, {"device", "service", "exponential"}}},
     {":5: [device] profile is missing: profile file of the device"}},
    {{{{"server", "profile", NULL}, {"model", "name", NULL}}},
     {":6: [server] profile is missing: profile file", ":3: [model] name is missing"}},
    {{{{"uplink", "rat", "1"}, {"uplink", "name", "1"}, {"uplinc", "x", "1"}}},
     {":10: unknown key 'rat' in [uplink]; did you mean 'rate'?",
      ":11: unknown key 'name' in [uplink]; it belongs to [model]",
      ":16: unknown section [uplinc]; did you mean [uplink]?"}},
    {{{{"policy", "privacy", "yes"}}}, {":14: section [policy] needs a name: [policy NAME]"}},
    {{{{"output high", "regret", "no"}}},
     {":14: section [output high] takes no name; expected [output]"}},
    {{{{"server", "discipline", "ps"}, {"server", "servers", "2"}, {"server", "max_batch", "4"}}},
     {":9: [server] servers = 2: discipline = ps has one server",
      ":10: [server] max_batch = 4: discipline = ps runs each request by itself"}},
    {{{{"server", "max_wait", "1ms"}}},
     {":8: [server] max_wait = 1ms: is only read with max_batch"}},
    {{{{"server", "background_rate", "1/s"}}},
     {":8: [server] background_rate = 1/s: needs background_time: what such a job takes"}},
    {{{{"server", "background_time", "1s"}}},
     {":8: [server] background_time = 1s: is only read with background_rate or background_trace"}},
    {{{{"server", "background_rate", "1/s"},
       {"server", "background_trace", "x"},
       {"server", "background_time", "1ms"}}},
     {":9: [server] background_trace = x: at most one of background_rate and background_trace"}},
    {{{{"server", "background_service", "exponential"}, {"server", "background_format", "json"}}},
     {":9: [server] background_format = json: is only read with background_trace",
      ":8: [server] background_service = exponential: is only read with background_time"}},
    {{{{"uplink", "stagger", "1s"}}}, {":10: [uplink] stagger = 1s: is only read with trace"}},
    {{{{"uplink", "stagger", "1s"},
       {"uplink", "sharing", "group"},
       {"uplink", "trace", "x"},
       {"uplink", "rate", NULL}}},
     {":10: [uplink] stagger = 1s: is only read with sharing = own"}},
    {{{{"uplink", "stagger", "1000h"},
       {"uplink", "trace", "x"},
       {"uplink", "rate", NULL},
       {"device", "count", "100"}}},
     {":11: [uplink] stagger = 1000h: the last of 100 devices is 3.564e+08 s ahead; expected at"}},
    {{{{"uplink", "propagation", "1ms"}, {"uplink", "propagation_trace", "x"}}},
     {":10: [uplink] propagation = 1ms: at most one of propagation and propagation_trace can"}},
    {{{{"downlink", "propagation_format", "json"}}},
     {":15: [downlink] propagation_format = json: is only read with propagation_trace"}},
    {{{{"downlink", "rate", "1MB/s"}, {"downlink", "trace", "x"}}},
     {":16: [downlink] trace = x: at most one of rate and trace can be given"}},
    {{{{"downlink", "scale", "2"},
       {"downlink", "discipline", "ps"},
       {"downlink", "sharing", "all"}}},
     {":15: [downlink] scale = 2: is only read with trace",
      ":16: [downlink] discipline = ps: is only read with rate or trace",
      ":17: [downlink] sharing = all: is only read with rate or trace"}},
    {{{{"workload", "mode", "isolated"},
       {"device", "count", "2"},
       {"server", "servers", "2"},
       {"server", "max_batch", "2"},
       {"uplink", "discipline", "ps"}}},
     {":13: [uplink] discipline = ps: isolated mode has no queues",
      ":6: [device] count = 2: isolated mode has one device",
      ":9: [server] servers = 2: isolated mode has no queues",
      ":10: [server] max_batch = 2: isolated mode has no queues"}},
    {{{{"workload", "mode", "isolated"},
       {"server", "discipline", "ps"},
       {"server", "background_rate", "1/s"},
       {"server", "background_time", "1s"}}},
     {":8: [server] discipline = ps: isolated mode has no queues",
      ":9: [server] background_rate = 1/s: isolated mode has no queues"}},
    {{{{"workload", "states", "grid"},
       {"workload", "mode", "isolated"},
       {"downlink", "propagation_trace", "x"}}},
     {":15: [workload] states = grid: a grid takes lists of rates and loads, not traces"}},
    {{{{"device", "count", "50"},
       {"workload", "mode", "closed"},
       {"workload", "population", "2"},
       {"workload", "max_backlog", "99"}}},
     {":17: [workload] population = 2: 100 requests at once are more than max_backlog = 99"}},
    {{{{"backhaul", "rate", "1Gbit/s"}}},
     {":15: [backhaul] rate = 1Gbit/s: is only read with [cloud] profile: without there are two"}},
    {{{{"cloud", "servers", "2"}}},
     {":15: [cloud] servers = 2: is only read with [cloud] profile: without there are two tiers"}},
    {{{{"cloud", "profile", "x"}}}, {":14: [cloud] needs a section [backhaul], the link to it"}},
    {{{{"cloud", "profile", "x"}, {"backhaul", "propagation", "1ms"}}},
     {":16: [backhaul] rate: exactly one of rate and trace is needed with [cloud]"}},
    {{{{"cloud", "profile", "x"}, {"backhaul", "rate", "1MB/s"}, {"backhaul", "trace", "x"}}},
     {":18: [backhaul] trace = x: exactly one of rate and trace is needed with [cloud]"}},
    {{{{"cloud", "profile", "x"},
       {"cloud", "load", "1%"},
       {"cloud", "load_trace", "x"},
       {"backhaul", "rate", "1MB/s"},
       {"transfer", "ratio", "0.5"}}},
     {":21: [transfer] ratio = 0.5: with [cloud] feature maps are sent as they are",
      ":16: [cloud] load = 1%: at most one of load and load_trace can be given"}},
    {{{{"cloud", "profile", "x"},
       {"cloud", "discipline", "ps"},
       {"cloud", "servers", "2"},
       {"backhaul", "rate", "1MB/s"},
       {"backhaul", "discipline", "ps"},
       {"workload", "mode", "isolated"}}},
     {":17: [cloud] servers = 2: discipline = ps has one server",
      ":16: [cloud] discipline = ps: isolated mode has no queues",
      ":17: [cloud] servers = 2: isolated mode has no queues",
      ":20: [backhaul] discipline = ps: isolated mode has no queues"}},
    {{{{"cloud", "profile", "x"},
       {"cloud", "service", "exponential"},
       {"backhaul", "trace", "x"},
       {"workload", "mode", "isolated"},
       {"workload", "states", "grid"}}},
     {":21: [workload] states = grid: a grid takes a constant rate of the backhaul",
      ":16: [cloud] service = exponential: isolated mode has deterministic times"}},
    {{{{"backhaul x", "rate", "1Gbit/s"}}},
     {":14: section [backhaul x] takes no name; expected [backhaul]"}},
    /* all mistakes at once */
    {{{{"scenario", "seed", "one"}, {"output", "period", "1"}, {"model", "cut_points", "no"}}},
     {":2: [scenario] seed = one: expected a whole number",
      ":5: [model] cut_points = no: expected one of", ":17: [output] period = 1: expected a time"}},
};

static void pitfall_19_what_does_not_fit_together_is_rejected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong_together / sizeof wrong_together[0]; i++) {
        write_file(&wrong_together[i].changes);
        expect_mistakes(4, wrong_together[i].texts);
    }
}

static void a_scenario_needs_a_policy_and_a_file(void **state) {
    (void)state;
    es_scenario *scenario = NULL;
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs("[scenario]\nsteps = 1\n", stream);
    fclose(stream);
    char expected[128];
    assert_int_equal(es_scenario_load(path, 0, NULL, &scenario, &errors), ES_INVALID);
    assert_int_equal(errors.n, 4);
    snprintf(expected, sizeof expected, "%s: [model] name is missing: ", path);
    expect_text(2, expected);
    snprintf(expected, sizeof expected, "%s: there is no [policy NAME] section: at least", path);
    expect_text(3, expected);
    remove(path);
    es_errors_init(&errors);
    assert_int_equal(es_scenario_load(path, 0, NULL, &scenario, &errors), ES_NO_INPUT);
    assert_int_equal(errors.n, 1);
}

static void wrong_overrides_are_rejected(void **state) {
    (void)state;
    const struct changes none = {0};
    write_file(&none);
    static const struct {
        const char *override;
        es_status status;
        const char *text;
    } wrong[] = {
        {"steps", ES_USAGE, "command line: 'steps': expected section.key=value"},
        {"scenario.seed=", ES_USAGE,
         "command line: 'scenario.seed=': the file has no such key to take away"},
        {"scenario.steps=-5", ES_INVALID,
         "command line: [scenario] steps = -5: expected 0 .. 1e+12"},
        {"scenario.stepz=5", ES_INVALID,
         "command line: unknown key 'stepz' in [scenario]; did you mean 'steps'?"},
        {"speed.x=5", ES_INVALID, "command line: unknown section [speed]"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        es_scenario *scenario = NULL;
        es_errors_init(&errors);
        assert_int_equal(es_scenario_load(path, 1, &wrong[i].override, &scenario, &errors),
                         wrong[i].status);
        assert_null(scenario);
        expect_text(0, wrong[i].text);
        assert_int_equal(errors.n, 1);
    }
}

static void complaints_name_the_place_of_the_key(void **state) {
    (void)state;
    const struct changes none = {0};
    char expected[128];
    es_scenario *s = load_changed(&none);
    assert_int_equal(es_scenario_complain(s, "uplink", "rate", &errors, "too %s", "slow"),
                     ES_INVALID);
    snprintf(expected, sizeof expected, "%s:10: [uplink] rate = 20Mbit/s: too slow", path);
    assert_string_equal(errors.records[0].text, expected);
    es_scenario_complain(s, "uplink", "scale", &errors, "odd"); /* not written: its section */
    snprintf(expected, sizeof expected, "%s:9: [uplink] scale: odd", path);
    assert_string_equal(errors.records[1].text, expected);
    es_scenario_complain(s, "energy", "idle", &errors, "odd"); /* nor is that: the file */
    snprintf(expected, sizeof expected, "%s: [energy] idle: odd", path);
    assert_string_equal(errors.records[2].text, expected);
    es_policy_complain(s, &s->policies[0], "split", &errors, "odd");
    snprintf(expected, sizeof expected, "%s:11: [policy dynamic-split] split: odd", path);
    assert_string_equal(errors.records[3].text, expected);
    es_scenario_destroy(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILE(wrong_values_are_rejected),
        WITH_FILE(every_key_has_a_wrong_value),
        WITH_FILE(pitfall_19_what_does_not_fit_together_is_rejected),
        WITH_FILE(a_scenario_needs_a_policy_and_a_file),
        WITH_FILE(wrong_overrides_are_rejected),
        WITH_FILE(complaints_name_the_place_of_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
