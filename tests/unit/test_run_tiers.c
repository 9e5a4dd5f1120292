/* Plans of three tiers: what [cloud] and [backhaul] of a scenario become in a run. The network is a
 * chain of three layers with all of its times written down; numbers are summed by hand. */
#include "run_files.h"

#include <math.h>

#define MODEL                                                                                      \
    "[model]\nfile = chain.model\n[device]\nprofile = device.csv\n[server]\nprofile = "            \
    "server.csv\n"
#define CLOUD "[cloud]\nprofile = cloud.csv\n[backhaul]\nrate = 8Mbit/s\npropagation = 5ms\n"
#define TIERS MODEL CLOUD "[uplink]\nrate = 8Mbit/s\n"
#define ONE   "[scenario]\nsteps = 1\n"

enum { N_PAIRS = 10 };

/* 10000 elements of the input; behind the layers `n_first`, 500 and 100. */
static void write_chain(int n_first) {
    char layers[256];
    snprintf(layers, sizeof layers,
             "1,a,custom,a,a,0,0,%d,,,,,,,0,0\n2,b,custom,b,b,0,1,500,,,,,,,0,0\n"
             "3,c,custom,c,c,0,2,100,,,,,,,0,0\n",
             n_first);
    write_text("chain.model",
               "# edgesplit-model: 1\n# name: chain\n# source: made up\n# input: 10000\n"
               "index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,"
               "groups,bias,params,macs\n",
               layers);
}

static void write_times(const char *path, const char *model, double scale_s) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream,
            "# model: %s\n# kind: modelled\n# granularity: block\n"
            "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n",
            model);
    for (int i = 1; i <= 3; i++)
        fprintf(stream, "layer,%d,x,,1,1,%.17g,,,,,,\n", i, i * scale_s);
    assert_int_equal(fclose(stream), 0);
}

static const char *const own_files[] = {"chain.model", "device.csv", "server.csv", "cloud.csv",
                                        "other.csv"};

static int set_up_chain(void **state) {
    int status = set_up(state);
    write_chain(9000);
    write_times("device.csv", "chain", 0.020);
    write_times("server.csv", "chain", 0.004);
    write_times("cloud.csv", "chain", 0.001);
    write_times("other.csv", "efficientnet-b0", 0.001);
    return status;
}

static int tear_down_chain(void **state) {
    for (size_t i = 0; i < sizeof own_files / sizeof own_files[0]; i++)
        remove(own_files[i]);
    return tear_down(state);
}

static void run_as_it_is(const char *text) {
    write_text(ini_path, text, "");
    run_file();
}

static void assert_refused_by(es_status status, const char *text, const char *message) {
    es_plan *plan = NULL;
    write_text(ini_path, text, "");
    es_errors_init(&errors);
    assert_int_equal(es_plan_create(ini_path, 0, NULL, &plan, &errors), status);
    if (errors.n != 1 || strstr(errors.records[0].text, message) == NULL) {
        es_errors_print(&errors, stderr);
        fail_msg("expected: %s", message);
    }
    es_errors_init(&errors);
}

static void assert_refused_with(const char *text, const char *message) {
    assert_refused_by(ES_INVALID, text, message);
}

static const struct row *first_row(size_t policy) {
    assert_true(memory.n_steps_seen[policy] >= 1);
    return &memory.policies[policy].rows[0];
}

static void splits_are_pairs_by_name_or_number(void **state) {
    (void)state;
    run_as_it_is(ONE TIERS "[policy mine]\ntype = static-split\nsplit = a+b\n"
                           "[policy same]\ntype = static-split\nsplit = 5\n"
                           "[policy edge]\ntype = static-split\nsplit = input+c\n"
                           "[policy full-offload]\n[policy no-offload]\n");
    assert_int_equal(memory.record.n_cuts, N_PAIRS);
    assert_true(memory.record.has_cloud);
    static const int expected[] = {5, 5, 3, 0, 9};
    for (size_t p = 0; p < 5; p++)
        assert_int_equal(first_row(p)->split_index, expected[p]);
    const struct row *mine = first_row(0), *edge = first_row(2), *cloud = first_row(3);
    /* 36000 B over the uplink and 2000 B over the backhaul, 1 us for each byte. */
    assert_int_equal(ns_of(mine->latency), (20000 + 36000 + 8000 + 2000 + 10000 + 3000) * 1000);
    assert_int_equal(mine->uplink_bytes, 36000);
    assert_int_equal(mine->backhaul_bytes, 2000);
    assert_int_equal(ns_of(edge->latency), (10000 + 24000) * 1000);
    assert_int_equal(ns_of(cloud->latency), (10000 + 10000 + 10000 + 6000) * 1000);
    assert_int_equal(cloud->backhaul_bytes, 10000);
    assert_int_equal(ns_of(first_row(4)->latency), 120 * INT64_C(1000000));
}

static void summaries_have_the_cloud(void **state) {
    (void)state;
    run_as_it_is("[scenario]\nsteps = 2\n" TIERS "[workload]\nrate = 100/s\n"
                 "[policy mine]\ntype = static-split\nsplit = a+b\n"
                 "[policy no-offload]\n");
    const double *mine = memory.figures[0], *stays = memory.figures[1];
    assert_true(fabs(mine[ES_SUMMARY_backhaul_time_mean] - 0.007) < 1e-12);
    assert_true(fabs(mine[ES_SUMMARY_cloud_time_mean] - 0.003) < 1e-12);
    assert_true(mine[ES_SUMMARY_backhaul_bytes_mean] == 2000);
    assert_true(mine[ES_SUMMARY_backhaul_queue_time_mean] == 0);
    assert_true(mine[ES_SUMMARY_component_residual] < 1e-12);
    assert_true(stays[ES_SUMMARY_backhaul_time_mean] == 0);
    assert_true(stays[ES_SUMMARY_cloud_time_mean] == 0);
    assert_true(memory.utilisation[0][ES_BACKHAUL] > 0 && memory.utilisation[0][ES_CLOUD] > 0);
    assert_true(memory.utilisation[1][ES_BACKHAUL] == 0 && memory.utilisation[1][ES_CLOUD] == 0);
}

/* The columns of a policy with `split = each` are called NAME@FIRST+SECOND. */
static void assert_each(const char *keys, const char *expected) {
    char text[1024], names[512] = "";
    snprintf(text, sizeof text, ONE TIERS "[policy p]\ntype = static-split\nsplit = each\n%s",
             keys);
    run_as_it_is(text);
    for (size_t p = 0; p < memory.n_policies; p++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", p > 0 ? " " : "",
                 memory.policies[p].name + strlen("p@"));
    }
    assert_string_equal(names, expected);
}

static void candidates_are_asked_of_both_boundaries(void **state) {
    (void)state;
    assert_each("candidates = all\n", "input+a input+b input+c a+a a+b a+c b+b b+c");
    assert_each("candidates = all\nprivacy = yes\n", "a+a a+b a+c b+b b+c");
    /* Natural and compressive by elements: both a and b are. */
    assert_each("", "input+a input+b input+c a+a a+b a+c b+b b+c");
    write_chain(20000); /* a is none any more */
    assert_each("", "input+b input+c b+b b+c");
}

/* Predicted latencies in ms, the input 10, a 36, b 2 ms on either link, 10 ms of propagation behind
 * the server: edge only 10 + 24 = 34, all in the cloud 36, b+b 60 + ..., a+a ... */
static void the_best_for_the_mean_state_is_a_pair(void **state) {
    (void)state;
    const char *text = ONE TIERS "[policy mean]\ntype = static-split\nsplit = best-mean\n"
                                 "[policy hindsight]\ntype = static-split\nsplit = best-hindsight\n"
                                 "[policy dynamic-split]\n";
    run_as_it_is(text);
    for (size_t p = 0; p < 3; p++)
        assert_int_equal(first_row(p)->split_index, 3); /* input+c */
    es_plan *plan = NULL;
    static const char *const quicker[] = {"backhaul.propagation=1ms"}; /* 10 + 2 + 10 + 6 */
    assert_int_equal(es_plan_create(ini_path, 1, quicker, &plan, &errors), ES_OK);
    es_run_options options = memory_options();
    assert_int_equal(es_plan_run(plan, &options, &memory.report, &errors), ES_OK);
    es_plan_destroy(plan);
    /* input+b: 10 sent, 12 on the server, 2 + 2 behind it, 3 in the cloud: 29; all there 28 */
    for (size_t p = 0; p < 3; p++)
        assert_int_equal(first_row(p)->split_index, 0);
}

static void isolated_mode_knows_the_regret(void **state) {
    (void)state;
    run_as_it_is(ONE TIERS "[workload]\nmode = isolated\n[policy full-offload]\n[policy oracle]\n"
                           "[policy oracle-dp]\n");
    assert_int_equal(ns_of(first_row(0)->latency), 36000000);
    assert_int_equal(ns_of(first_row(0)->oracle_latency), 34000000);
    assert_int_equal(ns_of(first_row(0)->regret), 2000000);
    assert_int_equal(first_row(1)->split_index, 3);
    assert_int_equal(first_row(2)->split_index, 3);
}

static void what_does_not_fit_three_tiers_is_refused(void **state) {
    (void)state;
    assert_refused_with(ONE TIERS "[policy threshold-table]\n",
                        ":16: [policy threshold-table] type: threshold-table knows of two tiers");
    assert_refused_with(ONE TIERS "[policy mu-lin-ucb]\n", "mu-lin-ucb knows of two tiers");
    assert_refused_with(ONE TIERS "[policy oracle]\n", "oracle needs two tiers, one device");
    assert_refused_with(ONE TIERS "[output]\nregret = yes\n[policy no-offload]\n",
                        ":17: [output] regret = yes: what requests would have met cannot be told");
    assert_refused_with(
        ONE TIERS "[policy p]\ntype = static-split\nsplit = b+a\n",
        ":18: [policy p] split = b+a: chain has no such cut: expected 0 .. 9, a name "
        "such as 'input+a'");
    assert_refused_with(ONE TIERS
                        "[policy p]\ntype = static-split\nsplit = input+b\nprivacy = yes\n",
                        "privacy forbids cut 2");
    assert_refused_with(ONE MODEL "[cloud]\nprofile = other.csv\n[backhaul]\nrate = 1MB/s\n"
                                  "[uplink]\nrate = 1MB/s\n[policy no-offload]\n",
                        "[cloud] profile = other.csv");
    assert_refused_by(ES_NO_INPUT,
                      ONE MODEL "[cloud]\nprofile = absent.csv\n[backhaul]\nrate = 1MB/s\n"
                                "[uplink]\nrate = 1MB/s\n[policy no-offload]\n",
                      ":10: [cloud] profile = absent.csv");
}

/* 400 layers would be 80601 pairs. */
static void too_many_pairs_are_refused(void **state) {
    (void)state;
    FILE *stream = fopen("chain.model", "w");
    assert_non_null(stream);
    fputs(
        "# edgesplit-model: 1\n# name: chain\n# source: made up\n# input: 10\nindex,name,op,unit,"
        "block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,bias,params,macs\n",
        stream);
    for (int i = 1; i <= 400; i++)
        fprintf(stream, "%d,l%d,custom,l%d,b%d,0,%d,10,,,,,,,0,0\n", i, i, i, (i + 199) / 200,
                i - 1);
    assert_int_equal(fclose(stream), 0);
    assert_refused_with(ONE "[model]\ngranularity = leaf\nfile = chain.model\n[device]\n"
                            "profile = device.csv\n[server]\nprofile = server.csv\n" CLOUD
                            "[uplink]\nrate = 1MB/s\n[policy no-offload]\n",
                        ":4: [model] granularity = leaf: chain has 401 places to cut, which are "
                        "80601 pairs; expected at most 65535 pairs");
}

/* Two groups with clouds of their own, one link to them. */
static void groups_have_their_own_profiles_in_the_cloud(void **state) {
    (void)state;
    write_times("other.csv", "chain", 0.002);
    run_as_it_is("[scenario]\nsteps = 2\n" TIERS "[workload]\nrate = 1/s\n[device one]\n"
                 "[device two]\n[cloud two]\nprofile = other.csv\n[policy full-offload]\n");
    const struct row *rows = memory.policies[0].rows;
    assert_int_equal(memory.n_steps_seen[0], 2);
    assert_int_equal(ns_of(rows[0].cloud_time), 6000000);
    assert_int_equal(ns_of(rows[1].cloud_time), 12000000);
    assert_int_equal(ns_of(rows[1].backhaul_queue_time), 10000000); /* both came at once */
    assert_refused_with("[scenario]\nsteps = 2\n" MODEL
                        "[backhaul]\nrate = 1MB/s\n[uplink]\nrate = 1MB/s\n[device one]\n"
                        "[device two]\n[cloud two]\nprofile = other.csv\n[policy full-offload]\n",
                        "profile is missing for devices one: all groups have a cloud, or none");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up_chain, tear_down_chain)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(splits_are_pairs_by_name_or_number),
        WITH(summaries_have_the_cloud),
        WITH(candidates_are_asked_of_both_boundaries),
        WITH(the_best_for_the_mean_state_is_a_pair),
        WITH(isolated_mode_knows_the_regret),
        WITH(what_does_not_fit_three_tiers_is_refused),
        WITH(too_many_pairs_are_refused),
        WITH(groups_have_their_own_profiles_in_the_cloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
