/* Networks that requests leave before their end: costs by hand, worlds request by request, and what
 * policies are told. */
#include "run_files.h"

#include "dice.h"

#include "edgesplit/number.h"

#include <math.h>

/* Unit i takes i * 10 us on the device and i * 1 us on the server. */
static int64_t head_ns(size_t cut) {
    return (int64_t)(cut * (cut + 1) / 2) * 10 * US;
}
static int64_t tail_ns(size_t cut) {
    return (int64_t)(N_UNITS * (N_UNITS + 1) / 2 - cut * (cut + 1) / 2) * US;
}

/* A network with exits, or none, and what it costs. */
struct network {
    es_model *model;
    es_profile *device, *server;
    es_cost *cost;
};

static const int64_t one_image[] = {1};

/* Two exits behind cuts 3 and 12, with a quarter and a half of the requests. */
static const es_exit two_exits[] = {
    {.cut = 3, .probability = 0.25, .accuracy = 0.6, .device_s = 70e-6, .server_s = 5e-6},
    {.cut = 12, .probability = 0.5, .accuracy = 0.7, .device_s = 30e-6, .server_s = 2e-6},
};

static es_cost_options options_of(size_t n_exits, const es_exit *exits) {
    return (es_cost_options){.granularity = ES_BLOCK,
                             .input_bytes_per_elem = 1,
                             .feature_bytes_per_elem = 4,
                             .n_batches = 1,
                             .batches = one_image,
                             .n_exits = n_exits,
                             .exits = exits,
                             .end_accuracy = 0.8};
}

static es_status try_network(const es_cost_options *options, struct network *network) {
    *network = (struct network){0};
    es_status status = es_model_create("efficientnet-b0", 0, &network->model, &errors);
    if (status == ES_OK)
        status = es_profile_load("slow.csv", &network->device, &errors);
    if (status == ES_OK)
        status = es_profile_load("fast.csv", &network->server, &errors);
    if (status == ES_OK)
        status = es_cost_create(network->model, network->device, network->server, options,
                                &network->cost, &errors);
    return status;
}

static void network_fini(struct network *network) {
    es_cost_destroy(network->cost);
    es_profile_destroy(network->server);
    es_profile_destroy(network->device);
    es_model_destroy(network->model);
}

static struct network make_network(const es_cost_options *options) {
    struct network network;
    es_status status = try_network(options, &network);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return network;
}

static struct network with_exits(size_t n, const es_exit *exits) {
    es_cost_options options = options_of(n, exits);
    return make_network(&options);
}

static const es_exit_network *exits_of(const struct network *network) {
    return network->cost->tables[0].exits->network;
}

/* ---- Costs */

static void what_each_exit_costs(void **state) {
    (void)state;
    struct network network = with_exits(2, two_exits);
    const es_exit_network *exits = exits_of(&network);
    assert_int_equal(exits->n_exits, 2);
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        int64_t first_ns = cut >= 3 ? 70 * US : 0, second_ns = cut >= 12 ? 30 * US : 0;
        const es_cut_costs *first = &exits->taken[0], *second = &exits->taken[1];
        const es_cut_costs *end = &exits->taken[2];
        assert_int_equal(first->head_ns[cut], cut >= 3 ? head_ns(3) + 70 * US : head_ns(cut));
        assert_int_equal(first->tail_ns[cut], cut >= 3 ? 0 : tail_ns(cut) - tail_ns(3) + 5 * US);
        assert_int_equal(second->head_ns[cut],
                         cut >= 12 ? head_ns(12) + 100 * US : head_ns(cut) + first_ns);
        assert_int_equal(second->tail_ns[cut],
                         cut >= 12 ? 0 : tail_ns(cut) - tail_ns(12) + (cut < 3 ? 7 : 2) * US);
        assert_int_equal(end->head_ns[cut], head_ns(cut) + first_ns + second_ns);
        assert_int_equal(end->tail_ns[cut], tail_ns(cut) + (cut < 3 ? 7 : cut < 12 ? 2 : 0) * US);
        assert_int_equal(first->bytes[cut], cut < 3 ? bytes_of_cut[cut] : 0);
        assert_int_equal(second->bytes[cut], cut < 12 ? bytes_of_cut[cut] : 0);
        assert_int_equal(end->bytes[cut], bytes_of_cut[cut]);
        assert_true(es_cut_stays(first, cut) == (cut >= 3));
        assert_true(es_cut_stays(second, cut) == (cut >= 12));
        assert_true(es_cut_stays(end, cut) == (cut == N_CUTS - 1));
        for (size_t e = 0; e < 3; e++) {
            assert_true(exits->taken[e].head_s[cut] == es_time_s(exits->taken[e].head_ns[cut]));
            assert_true(exits->taken[e].tail_s[cut] == es_time_s(exits->taken[e].tail_ns[cut]));
            assert_true(exits->taken[e].bits[cut] == 8 * (double)exits->taken[e].bytes[cut]);
        }
    }
    assert_true(fabs(exits->upto[0].exits->accuracy - 0.6) < 1e-15);
    assert_true(fabs(exits->upto[1].exits->accuracy - (0.25 * 0.6 + 0.75 * 0.7)) < 1e-15);
    assert_true(fabs(exits->upto[2].exits->accuracy - (0.15 + 0.35 + 0.2)) < 1e-15);
    network_fini(&network);
}

/* Who leaves on the device codes nothing; a tail that ends early decodes all the same. */
static void coding_is_for_what_is_sent(void **state) {
    (void)state;
    es_cost_options options = options_of(2, two_exits);
    options.encode_bps = 1e9;
    options.decode_bps = 2e9;
    struct network network = make_network(&options);
    const es_exit_network *exits = exits_of(&network);
    for (size_t cut = 1; cut + 1 < N_CUTS; cut++) {
        int64_t encode_ns = 8 * bytes_of_cut[cut], decode_ns = 4 * bytes_of_cut[cut];
        for (size_t e = 0; e < 3; e++) {
            int64_t device_ns = (cut >= 3 ? 70 : 0) + (cut >= 12 ? 30 : 0);
            bool sent = e == 2 || cut < two_exits[e].cut;
            if (!sent)
                continue;
            assert_int_equal(exits->taken[e].head_ns[cut],
                             head_ns(cut) + device_ns * US + encode_ns);
            int64_t server_ns = e == 0 ? 5 : cut < 3 ? 7 : cut < 12 ? 2 : 0;
            int64_t left_out_ns = e == 2 ? 0 : tail_ns(two_exits[e].cut);
            assert_int_equal(exits->taken[e].tail_ns[cut],
                             tail_ns(cut) - left_out_ns + server_ns * US + decode_ns);
        }
        assert_true(cut < 3 || exits->taken[0].head_ns[cut] == head_ns(3) + 70 * US);
    }
    network_fini(&network);
}

/* ---- Expectations */

/* Latency of a request that leaves at `exit`, SEMANTICS 3 with the waits of a view. */
static double latency_of(const es_policy_view *view, const es_cut_costs *taken, size_t cut) {
    double computed_s = view->device_wait_s + taken->head_s[cut];
    if (taken->bytes[cut] == 0)
        return computed_s;
    return fmax(computed_s, view->uplink_wait_bits / view->rate_bps) + view->delay_s +
           taken->bits[cut] / view->rate_bps + taken->tail_s[cut] / (1 - view->load);
}

static void predictions_are_means_over_the_exits(void **state) {
    (void)state;
    struct dice dice = {1};
    for (size_t i = 0; i < 300; i++) {
        es_exit exits[3];
        double rest = 1;
        size_t n = (size_t)roll_between(&dice, 1, 3);
        for (size_t e = 0; e < n; e++) {
            exits[e] = (es_exit){
                .cut = 1 + 6 * e + (size_t)roll_between(&dice, 0, 5),
                .probability = roll_chance(&dice, 20) ? rest : rest * roll_real(&dice),
                .accuracy = roll_real(&dice),
                .device_s = 1e-4 * roll_real(&dice),
                .server_s = 1e-5 * roll_real(&dice),
            };
            rest -= exits[e].probability;
        }
        struct network network = with_exits(n, exits);
        const es_exit_network *made = exits_of(&network);
        es_policy_view view = {.rate_bps = exp(10 + 12 * roll_real(&dice)),
                               .load = 0.99 * roll_real(&dice),
                               .delay_s = 0.01 * roll_real(&dice),
                               .device_wait_s =
                                   roll_chance(&dice, 50) ? 0.01 * roll_real(&dice) : 0,
                               .uplink_wait_bits = roll_chance(&dice, 50) ? 1e5 : 0};
        for (size_t last = 0; last <= n; last++)
            for (size_t cut = 0; cut < N_CUTS; cut++) {
                double mean_s = 0, sent = 0, share_left = 1;
                for (size_t e = 0; e <= last; e++) {
                    double share = e < last ? exits[e].probability : share_left;
                    share_left -= share;
                    mean_s += share * latency_of(&view, &made->taken[e], cut);
                    sent += made->taken[e].bytes[cut] > 0 ? share : 0;
                }
                view.costs = &made->upto[last];
                double predicted_s =
                    es_policy_predict_s(&view, cut, 1 / view.rate_bps, 1 / (1 - view.load));
                assert_true(fabs(predicted_s - mean_s) < 1e-12 * (1 + mean_s));
                assert_true(fabs(view.costs->exits->sent_ratio[cut] - sent) < 1e-9);
                assert_true(es_cut_stays(view.costs, cut) == (sent < 1e-9));
            }
        network_fini(&network);
    }
}

/* Nobody leaves: the same as without exits, to the last bit. */
static void exits_that_nobody_takes_cost_nothing(void **state) {
    (void)state;
    static const es_exit nobody[] = {{.cut = 3, .accuracy = 0.1}, {.cut = 12, .accuracy = 0.2}};
    struct network plain = with_exits(0, NULL), network = with_exits(2, nobody);
    const es_cut_costs *a = &plain.cost->tables[0], *b = &network.cost->tables[0];
    es_policy_view view = {.rate_bps = 12345678,
                           .load = 0.3,
                           .delay_s = 0.01,
                           .device_wait_s = 0.001,
                           .uplink_wait_bits = 1e5};
    for (size_t cut = 0; cut < N_CUTS; cut++) {
        assert_true(a->head_s[cut] == b->head_s[cut] && a->tail_s[cut] == b->tail_s[cut]);
        assert_true(a->bits[cut] == b->bits[cut] && a->bytes[cut] == b->bytes[cut]);
        assert_true(a->head_ns[cut] == b->head_ns[cut] && a->tail_ns[cut] == b->tail_ns[cut]);
        assert_true(es_cut_stays(a, cut) == es_cut_stays(b, cut));
        view.costs = a;
        double without_s = es_policy_predict_s(&view, cut, 1e-7, 1.5);
        view.costs = b;
        assert_true(es_policy_predict_s(&view, cut, 1e-7, 1.5) == without_s);
    }
    network_fini(&plain);
    network_fini(&network);
}

/* ---- Worlds */

enum { N_STEPS = 4000 };

/* An open world of one device, 10 Mbit/s, with 1 ms of propagation each way and a quarter of the
 * server taken. */
static es_world_config world_of(const struct network *network, const es_policy *policy,
                                const es_rate *uplink, const es_rate *server) {
    es_world_config config = one_request(network->cost, policy, uplink, server);
    static uint32_t offered[N_CUTS];
    for (uint32_t cut = 0; cut < N_CUTS; cut++)
        offered[cut] = cut;
    config.groups[0].n_offered = N_CUTS;
    config.groups[0].offered = offered;
    config.groups[0].uplink.propagation_ns = config.groups[0].downlink.propagation_ns = MS;
    config.groups[0].poisson = true;
    config.groups[0].arrival_rate_hz = 200;
    config.n_steps = N_STEPS;
    config.max_backlog = N_STEPS;
    return config;
}

static es_rate *three_quarters(void) {
    return constant_rate(ES_FULL_CAPACITY / 4 * 3);
}

/* Every request, in either mode, takes what its exit costs, to within 1 ns a station. */
static void requests_cost_what_their_exit_does(void **state) {
    (void)state;
    static const uint32_t cuts[] = {0, 1, 2, 3, 5, 11, 12, 13, 19, 20};
    struct network network = with_exits(2, two_exits);
    const es_exit_network *exits = exits_of(&network);
    es_rate *uplink = constant_rate(10000000), *server = three_quarters();
    for (size_t i = 0; i < 2 * sizeof cuts / sizeof cuts[0]; i++) {
        uint32_t cut = cuts[i / 2];
        es_policy policy = policy_with("static-split", 1, &cut);
        es_world_config config = world_of(&network, &policy, uplink, server);
        config.isolated = i % 2 == 1;
        struct run run = run_world(config);
        double sum_s = 0, square = 0;
        size_t n_taken[3] = {0};
        for (size_t r = 0; r < run.n; r++) {
            const struct row *row = &run.rows[r];
            const es_cut_costs *taken = &exits->taken[row->exit - 1];
            bool sent = taken->bytes[cut] > 0;
            double tail_s = taken->tail_s[cut] / 0.75;
            double waits_s =
                row->device_queue_time + row->uplink_queue_time + row->server_queue_time;
            double alone_s =
                taken->head_s[cut] + (sent ? 0.002 + taken->bits[cut] / 1e7 + tail_s : 0);
            assert_in_range(row->exit, 1, 3);
            assert_true(row->accuracy == exits->accuracy[row->exit - 1]);
            assert_true(fabs(row->head_time - taken->head_s[cut]) <= 1e-9);
            assert_true(fabs(row->tail_time - (sent ? tail_s : 0)) <= 1.5e-9);
            assert_int_equal(row->uplink_bytes, taken->bytes[cut]);
            assert_true(fabs(row->latency - waits_s - alone_s) <= 3e-9);
            assert_true(row->regret >= -3e-9);
            n_taken[row->exit - 1]++;
            sum_s += alone_s;
            square += alone_s * alone_s;
        }
        /* The mean of the requests is near to what is predicted: 4 standard errors. */
        es_policy_view view = {
            .costs = &network.cost->tables[0], .rate_bps = 1e7, .load = 0.25, .delay_s = 0.002};
        double mean_s = sum_s / N_STEPS, variance = square / N_STEPS - mean_s * mean_s;
        double predicted_s = es_policy_predict_s(&view, cut, 1e-7, 1 / 0.75);
        assert_true(fabs(mean_s - predicted_s) < 4 * sqrt(fmax(variance, 0) / N_STEPS) + 1e-12);
        for (size_t e = 0; e < 3; e++) {
            double p = exits->probability[e];
            assert_true(fabs((double)n_taken[e] - p * N_STEPS) < 4 * sqrt(p * (1 - p) * N_STEPS));
        }
        run_fini(&run);
    }
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&network);
}

/* The draws are of the device and the request alone. */
static void all_policies_meet_the_same_exits(void **state) {
    (void)state;
    struct network network = with_exits(2, two_exits);
    es_rate *uplink = constant_rate(10000000), *server = three_quarters();
    uint32_t cuts[] = {0, 20};
    es_policy stay = policy_with("no-offload", 1, &cuts[1]),
              send = policy_with("full-offload", 1, cuts);
    es_world_config config = world_of(&network, &stay, uplink, server);
    struct run alone = run_world(config);
    config.groups[0].policy = &send;
    struct run sent = run_world(config);
    config.groups[0].n_devices = 3;
    config.outcomes = false;
    config.n_steps = config.max_backlog = 3 * (size_t)N_STEPS;
    struct run fleet = run_world(config);
    size_t first = 0, n_differ = 0, others[3] = {0};
    for (size_t i = 0; i < fleet.n; i++) {
        size_t k = others[fleet.rows[i].device]++;
        if (fleet.rows[i].device == 0 && first < N_STEPS)
            assert_int_equal(fleet.rows[i].exit, alone.rows[first++].exit);
        else if (k < N_STEPS)
            n_differ += fleet.rows[i].exit != alone.rows[k].exit;
    }
    for (size_t i = 0; i < N_STEPS; i++)
        assert_int_equal(alone.rows[i].exit, sent.rows[i].exit);
    assert_true(n_differ > N_STEPS / 2);
    run_fini(&alone);
    run_fini(&sent);
    run_fini(&fleet);
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&network);
}

/* Nobody leaves: every row is that of the network without exits. Everybody leaves at the first
 * exit: nothing behind it is run, and nothing is sent from there on. */
static void the_ends_of_the_scale(void **state) {
    (void)state;
    static const es_exit nobody[] = {{.cut = 3}, {.cut = 12}};
    static const es_exit everybody[] = {{.cut = 3, .probability = 1}, {.cut = 12}};
    struct network plain = with_exits(0, NULL), none = with_exits(2, nobody);
    struct network all = with_exits(2, everybody);
    es_rate *uplink = constant_rate(10000000), *server = three_quarters();
    for (size_t i = 0; i < 2; i++) {
        es_policy policy = policy_with("dynamic-split", MAX_CUTS, every_cut);
        policy.settings.queue_aware = i == 1;
        struct run without = run_world(world_of(&plain, &policy, uplink, server));
        struct run with = run_world(world_of(&none, &policy, uplink, server));
        for (size_t r = 0; r < with.n; r++) {
            assert_int_equal(with.rows[r].exit, 3);
            assert_int_equal(without.rows[r].exit, 0); /* is not written */
            with.rows[r].exit = without.rows[r].exit;
            with.rows[r].accuracy = without.rows[r].accuracy;
        }
        assert_same_rows(&without, &with);
        run_fini(&without);
        run_fini(&with);
    }
    for (uint32_t cut = 0; cut < N_CUTS; cut++) {
        es_policy policy = policy_with("static-split", 1, &cut);
        struct run run = run_world(world_of(&all, &policy, uplink, server));
        for (size_t r = 0; r < run.n; r++) {
            int64_t tail = cut < 3 ? tail_ns(cut) - tail_ns(3) : 0;
            assert_int_equal(run.rows[r].exit, 1);
            assert_int_equal(ns_of(run.rows[r].head_time), head_ns(cut < 3 ? cut : 3));
            assert_int_equal(ns_of(run.rows[r].tail_time), (tail * 4 + 2) / 3);
            assert_int_equal(run.rows[r].uplink_bytes, cut < 3 ? bytes_of_cut[cut] : 0);
        }
        run_fini(&run);
    }
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&plain);
    network_fini(&none);
    network_fini(&all);
}

/* What a policy was shown that takes every cut and every last exit in turn. */
static struct { size_t n, n_idle, n_waiting; } looks;
static size_t look(const es_policy *policy, const es_policy_view *view) {
    (void)policy;
    assert_true(view->device_wait_s >= 0 && view->uplink_wait_bits >= 0);
    looks.n_idle += view->device_wait_s == 0 && view->uplink_wait_bits == 0;
    looks.n_waiting += view->uplink_wait_bits > 0;
    size_t i = looks.n++;
    return es_policy_limited(view->costs, i % N_CUTS, i / N_CUTS % 3);
}

/* What was planned of queues is taken back as it comes true, to the last bit, and no request leaves
 * behind the last exit that was chosen for it. */
static void queues_are_planned_by_expectation(void **state) {
    (void)state;
    static const es_policy_ops ops = {.name = "looks", .choose = look};
    struct network network = with_exits(2, two_exits);
    const es_exit_network *exits = exits_of(&network);
    es_rate *uplink = constant_rate(1000000000), *fast = constant_rate(10000000000);
    es_rate *server = three_quarters();
    es_policy policy = {.ops = &ops,
                        .n_candidates = MAX_CUTS,
                        .candidates = every_cut,
                        .settings = {.queue_aware = true}};
    for (int drops = 0; drops < 2; drops++) {
        /* What is dropped is so at the device, whose queue is the longer one then. */
        es_world_config config = world_of(&network, &policy, drops ? fast : uplink, server);
        config.outcomes = false;
        memset(&looks, 0, sizeof looks);
        config.groups[0].arrival_rate_hz = drops ? 1500 : 100;
        config.groups[0].deadline_ns = drops ? MS : ES_TIME_NEVER;
        config.groups[0].drop_late = drops == 1;
        struct run run = run_world(config);
        size_t n_dropped = 0, n_limited = 0;
        for (size_t i = 0; i < run.n; i++) {
            size_t last = i / N_CUTS % 3;
            const struct row *row = &run.rows[i];
            assert_int_equal(row->split_index, i % N_CUTS);
            assert_true((size_t)row->exit <= last + 1);
            n_limited += (size_t)row->exit == last + 1 && last < 2;
            n_dropped += row->status == ES_STEP_DROPPED;
            if (row->status != ES_STEP_DROPPED)
                assert_int_equal(row->uplink_bytes,
                                 exits->taken[row->exit - 1].bytes[row->split_index]);
            assert_true(isnan(row->accuracy) == (row->status == ES_STEP_DROPPED));
        }
        assert_true(n_limited > N_STEPS / 4 && (n_dropped > 50) == (drops == 1));
        assert_true(looks.n_idle > N_STEPS / 10 && looks.n_waiting > N_STEPS / 20);
        run_fini(&run);
    }
    es_rate_destroy(fast);
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&network);
}

/* ---- Policies */

/* A quarter of the requests is sent by cut 12, and pays 1.01 ms of propagation: in the mean that is
 * 15 us faster than to stay, and would be slower if the constant part of the delay were all of
 * theirs. */
static void a_policy_that_learns_counts_who_is_sent(void **state) {
    (void)state;
    static const uint32_t cuts[] = {12, N_UNITS};
    struct network network = with_exits(2, two_exits);
    es_rate *uplink = constant_rate(10000000000), *server = three_quarters();
    es_policy policy = policy_with("mu-lin-ucb", 2, cuts);
    policy.settings.exploration = 0;
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = world_of(&network, &policy, uplink, server);
        config.isolated = isolated == 1;
        config.groups[0].arrival_rate_hz = 10;
        config.groups[0].uplink.propagation_ns = config.groups[0].downlink.propagation_ns =
            505 * US;
        struct run run = run_world(config);
        size_t n_sent = 0;
        for (size_t i = N_STEPS / 2; i < run.n; i++)
            n_sent += run.rows[i].split_index == 12;
        assert_true((double)n_sent > 0.95 * N_STEPS / 2);
        run_fini(&run);
    }
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&network);
}

static void early_exit_is_the_most_accurate_in_time(void **state) {
    (void)state;
    struct dice dice = {3};
    uint32_t candidates[N_CUTS];
    for (uint32_t cut = 0; cut < N_CUTS; cut++)
        candidates[cut] = cut;
    struct network network = with_exits(2, two_exits);
    const es_exit_network *exits = exits_of(&network);
    es_policy policy = policy_with("early-exit", N_CUTS, candidates);
    size_t n_by_exit[3] = {0}, n_late = 0;
    for (size_t i = 0; i < 5000; i++) {
        es_policy_view view = {.costs = &network.cost->tables[0],
                               .rate_bps = exp(14 + 6 * roll_real(&dice)),
                               .load = roll_chance(&dice, 5) ? 1 : 0.9 * roll_real(&dice),
                               .delay_s = 0.001 * roll_real(&dice),
                               .deadline_s = 0.003 * roll_real(&dice)};
        double least_s = ES_INFINITY, best = -1;
        for (size_t last = 0; last < 3; last++)
            for (size_t c = 0; c < N_CUTS; c++) {
                es_policy_view limited = view;
                limited.costs = &exits->upto[last];
                double latency_s =
                    es_policy_predict_s(&limited, c, 1 / view.rate_bps, 1 / (1 - view.load));
                least_s = fmin(least_s, latency_s);
                if (latency_s <= view.deadline_s)
                    best = fmax(best, limited.costs->exits->accuracy);
            }
        size_t choice = policy.ops->choose(&policy, &view), last = 2 - choice / N_CUTS;
        view.costs = &exits->upto[last];
        double chosen_s =
            es_policy_predict_s(&view, choice % N_CUTS, 1 / view.rate_bps, 1 / (1 - view.load));
        if (best < 0) {
            assert_true(chosen_s == least_s);
            n_late++;
        } else {
            assert_true(chosen_s <= view.deadline_s && view.costs->exits->accuracy == best);
            n_by_exit[last]++;
        }
    }
    assert_true(n_late > 200 && n_by_exit[0] > 50 && n_by_exit[1] > 50 && n_by_exit[2] > 1000);
    network_fini(&network);
}

/* ---- Scenarios */

#define EXITS                                                                                      \
    "[scenario]\nsteps = 20\n[model]\nexit_after = block2, block11\nexit_probability = 0.25, "     \
    "0.5\nexit_accuracy = 0.6, 0.7\naccuracy = 0.8\n" LINK
#define STAY        "[policy no-offload]\n"
#define WITH(entry) "[scenario]\nsteps = 20\n[model]\n" entry LINK STAY

static void scenarios_with_exits(void **state) {
    (void)state;
    run_text(EXITS STAY);
    const struct row *rows = memory.policies[0].rows;
    double sum = 0;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(ns_of(rows[i].head_time), head_ns(rows[i].exit == 1   ? 3
                                                           : rows[i].exit == 2 ? 12
                                                                               : N_UNITS));
        sum += rows[i].accuracy;
    }
    assert_int_equal(memory.record.n_exits, 2);
    assert_true(fabs(memory.figures[0][ES_SUMMARY_accuracy_mean] - sum / 20) < 1e-15);
    run_text("[scenario]\nsteps = 1\n" LINK STAY);
    assert_int_equal(memory.record.n_exits, 0);
    assert_true(isnan(memory.figures[0][ES_SUMMARY_accuracy_mean]));
}

static void mistakes_have_their_key(void **state) {
    (void)state;
    const char rest[] = "exit_probability = 0.5\nexit_accuracy = 0.5\naccuracy = 0.9\n";
    char text[1024];
    const struct {
        const char *after, *message;
    } names[] = {
        {"blok3", "exit_after = blok3: efficientnet-b0 has no cut 'blok3' per block; did you"},
        {"99", "has no cut '99' per block"},
        {"input", "'input' is an end of efficientnet-b0: expected cuts between both"},
        {"classifier", "'classifier' is an end of efficientnet-b0"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text, "[scenario]\nsteps = 1\n[model]\nexit_after = %s\n%s" LINK STAY,
                 names[i].after, rest);
        assert_refused(text, names[i].message);
    }
    assert_refused(WITH("exit_after = block3, block3\nexit_probability = 0, 0\nexit_accuracy = "
                        "0, 0\naccuracy = 0\n"),
                   "'block3' does not lie behind the exit before it");
    assert_refused(WITH("exit_after = block3, \nexit_probability = 0, 0\nexit_accuracy = 0, "
                        "0\naccuracy = 0\n"),
                   "expected names of cuts, separated by commas");
    assert_refused(EXITS "[workload]\nbatch = 2\n" STAY, "requests of 1 image, and one has 2");
    write_text(load_path, "# quantity: arrivals\n# duration: 9s\n", "time_s,batch\n1,1\n2,2\n");
    assert_refused(EXITS "[workload]\narrivals = trace\ntrace = " LOAD "\n" STAY,
                   "requests of 1 image, and one has 2");
    assert_refused(EXITS "[policy early-exit]\n", "early-exit needs [workload] deadline");
    assert_refused("[scenario]\nsteps = 1\n[workload]\ndeadline = 1s\n" LINK
                   "[policy early-exit]\n",
                   "type: early-exit needs [model] exit_after");
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    write_scenario(EXITS "[workload]\ndeadline = 1ms\n[policy early-exit]\n");
    struct network network = with_exits(2, two_exits);
    es_rate *uplink = constant_rate(10000000), *server = three_quarters();
    es_policy policy = policy_with("early-exit", MAX_CUTS, every_cut);
    es_world_config config = world_of(&network, &policy, uplink, server);
    for (int of_world = 0; of_world < 2; of_world++) {
        size_t n = 1;
        for (bool struck = true; struck; n++) {
            es_plan *plan = NULL;
            es_world *world = NULL;
            es_errors_init(&errors);
            fault_alloc_fail_at(n);
            es_status status = of_world ? es_world_create(&config, &world)
                                        : es_plan_create(ini_path, 0, NULL, &plan, &errors);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            es_plan_destroy(plan);
            es_world_destroy(world);
        }
        assert_true(n > (of_world ? 20 : 100));
    }
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    network_fini(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILES(what_each_exit_costs),
        WITH_FILES(coding_is_for_what_is_sent),
        WITH_FILES(predictions_are_means_over_the_exits),
        WITH_FILES(exits_that_nobody_takes_cost_nothing),
        WITH_FILES(requests_cost_what_their_exit_does),
        WITH_FILES(all_policies_meet_the_same_exits),
        WITH_FILES(the_ends_of_the_scale),
        WITH_FILES(queues_are_planned_by_expectation),
        WITH_FILES(a_policy_that_learns_counts_who_is_sent),
        WITH_FILES(early_exit_is_the_most_accurate_in_time),
        WITH_FILES(scenarios_with_exits),
        WITH_FILES(mistakes_have_their_key),
        WITH_FILES(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
