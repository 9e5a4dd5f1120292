#include "exits.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

/* Probabilities that leave less than this for what is behind leave nothing. */
static const double NOTHING = 1e-9;

struct es_exit_tables {
    es_exit_network network;
    size_t *cuts;
    double *probability, *accuracy;
    es_exit_costs *expected; /* [n_exits + 1] of `upto` */
    es_cut_costs *taken, *upto;
    int64_t *integers; /* storage behind the tables: of `taken`, then of `upto` */
    double *doubles;
};

enum { INTEGERS_OF_TABLE = 3, DOUBLES_OF_TABLE = 6 };

void exits_destroy(struct es_exit_tables *exits) {
    if (exits == NULL)
        return;
    free(exits->cuts);
    free(exits->probability);
    free(exits->accuracy);
    free(exits->expected);
    free(exits->taken);
    free(exits->upto);
    free(exits->integers);
    free(exits->doubles);
    free(exits);
}

static struct es_exit_tables *create_empty(size_t n_exits, size_t n_cuts) {
    size_t n = n_exits + 1;
    struct es_exit_tables *exits = es_alloc(1, sizeof *exits);
    if (exits == NULL)
        return NULL;
    exits->cuts = es_alloc(n_exits, sizeof *exits->cuts);
    exits->probability = es_alloc(n, sizeof *exits->probability);
    exits->accuracy = es_alloc(n, sizeof *exits->accuracy);
    exits->expected = es_alloc(n, sizeof *exits->expected);
    exits->taken = es_alloc(n, sizeof *exits->taken);
    exits->upto = es_alloc(n, sizeof *exits->upto);
    exits->integers = es_alloc(2 * n * INTEGERS_OF_TABLE * n_cuts, sizeof *exits->integers);
    exits->doubles = es_alloc(2 * n * DOUBLES_OF_TABLE * n_cuts, sizeof *exits->doubles);
    if (exits->cuts == NULL || exits->probability == NULL || exits->accuracy == NULL ||
        exits->expected == NULL || exits->taken == NULL || exits->upto == NULL ||
        exits->integers == NULL || exits->doubles == NULL) {
        exits_destroy(exits);
        return NULL;
    }
    return exits;
}

/* Where table i, of `taken` and then of `upto`, has its arrays [n_cuts]: first of integers, and of
 * doubles. */
static int64_t *integers_of(const struct es_exit_tables *exits, size_t i, size_t n_cuts) {
    return exits->integers + i * INTEGERS_OF_TABLE * n_cuts;
}
static double *doubles_of(const struct es_exit_tables *exits, size_t i, size_t n_cuts) {
    return exits->doubles + i * DOUBLES_OF_TABLE * n_cuts;
}

/* The table that has these arrays. */
static es_cut_costs table_of(const struct es_exit_tables *exits, size_t i, size_t n_cuts) {
    const int64_t *integers = integers_of(exits, i, n_cuts);
    const double *doubles = doubles_of(exits, i, n_cuts);
    return (es_cut_costs){
        .n_cuts = n_cuts,
        .head_ns = integers,
        .tail_ns = integers + n_cuts,
        .bytes = integers + 2 * n_cuts,
        .head_s = doubles,
        .tail_s = doubles + n_cuts,
        .bits = doubles + 2 * n_cuts,
    };
}

static int64_t ns_of(double seconds) {
    return llround(seconds * 1e9);
}

/* Whether a request that leaves at `exit` does so on the device. */
static bool stays(const es_cost_options *options, size_t n_cuts, size_t exit, size_t cut) {
    return cut + 1 == n_cuts || (exit < options->n_exits && cut >= options->exits[exit].cut);
}

/* What the classifiers add that a request comes by which leaves at `exit`: on the device those up
 * to `cut`, or else on the server those behind it. */
static int64_t classifiers_ns(const es_cost_options *options, size_t exit, size_t cut,
                              bool on_device) {
    int64_t sum_ns = 0;
    for (size_t e = 0; e < options->n_exits && e <= exit; e++)
        if ((options->exits[e].cut <= cut) == on_device)
            sum_ns += ns_of(on_device ? options->exits[e].device_s : options->exits[e].server_s);
    return sum_ns;
}

/* The tail of a cut, whose table is `plain`, up to the exit's cut. */
static int64_t short_tail_ns(const es_cut_costs *plain, const double *tails_s, size_t cut,
                             size_t exit_cut) {
    int64_t tail_ns = ns_of(tails_s[cut]), left_out_ns = ns_of(tails_s[exit_cut]);
    int64_t decode_ns = plain->tail_ns[cut] - tail_ns;
    return decode_ns + (tail_ns > left_out_ns ? tail_ns - left_out_ns : 0);
}

static void fill_taken(const es_cost *cost, const es_cost_options *options, const double *heads_s,
                       const double *tails_s, size_t exit, struct es_exit_tables *exits) {
    size_t n = cost->n_cuts, n_exits = options->n_exits;
    const es_cut_costs *plain = &cost->tables[0];
    int64_t *head_ns = integers_of(exits, exit, n), *tail_ns = head_ns + n, *bytes = tail_ns + n;
    double *head_s = doubles_of(exits, exit, n), *tail_s = head_s + n, *bits = tail_s + n;
    for (size_t cut = 0; cut < n; cut++) {
        bool leaves = exit < n_exits && stays(options, n, exit, cut);
        if (!cost->available[cut])
            continue;
        head_ns[cut] = (leaves ? ns_of(heads_s[options->exits[exit].cut]) : plain->head_ns[cut]) +
                       classifiers_ns(options, exit, cut, true);
        if (!stays(options, n, exit, cut)) {
            tail_ns[cut] =
                (exit < n_exits ? short_tail_ns(plain, tails_s, cut, options->exits[exit].cut)
                                : plain->tail_ns[cut]) +
                classifiers_ns(options, exit, cut, false);
            bytes[cut] = plain->bytes[cut];
        }
        head_s[cut] = (double)head_ns[cut] / 1e9;
        tail_s[cut] = (double)tail_ns[cut] / 1e9;
        bits[cut] = 8.0 * (double)bytes[cut];
    }
    exits->taken[exit] = table_of(exits, exit, n);
    exits->taken[exit].n_leaving = exit < n_exits ? n - 1 - options->exits[exit].cut : 0;
}

/* What is left of all requests in front of an exit. */
static double rest_at(const es_cost_options *options, size_t exit) {
    double rest = 1;
    for (size_t e = 0; e < exit; e++)
        rest -= options->exits[e].probability;
    return rest > NOTHING ? rest : 0;
}

/* The exit at which everybody that is left has to leave, or the end: its expected costs by a cut.
 */
static void fill_expected(const es_cost_options *options, struct es_exit_tables *exits, size_t last,
                          size_t cut, size_t n_cuts) {
    size_t i = options->n_exits + 1 + last;
    int64_t *head_ns = integers_of(exits, i, n_cuts), *tail_ns = head_ns + n_cuts;
    int64_t *bytes = tail_ns + n_cuts;
    double *head_s = doubles_of(exits, i, n_cuts), *tail_s = head_s + n_cuts;
    double *bits = tail_s + n_cuts, *left_s = bits + n_cuts, *sent_head_s = left_s + n_cuts;
    double *sent_ratio = sent_head_s + n_cuts;
    size_t first_sent = 0; /* exit */
    for (size_t e = 0; e <= last; e++) {
        double share = e < last ? options->exits[e].probability : rest_at(options, last);
        if (stays(options, n_cuts, e, cut)) {
            left_s[cut] += share * exits->taken[e].head_s[cut];
            first_sent = e + 1;
        } else
            tail_s[cut] += share * exits->taken[e].tail_s[cut];
    }
    sent_head_s[cut] = exits->taken[options->n_exits].head_s[cut];
    sent_ratio[cut] = first_sent <= last ? rest_at(options, first_sent) : 0;
    head_s[cut] = left_s[cut] + sent_ratio[cut] * sent_head_s[cut];
    bits[cut] = sent_ratio[cut] * exits->taken[options->n_exits].bits[cut];
    head_ns[cut] = ns_of(head_s[cut]);
    tail_ns[cut] = ns_of(tail_s[cut]);
    bytes[cut] = llround(bits[cut] / 8);
}

static void fill_upto(const es_cost *cost, const es_cost_options *options, size_t last,
                      struct es_exit_tables *exits) {
    size_t n = cost->n_cuts, i = options->n_exits + 1 + last;
    es_exit_costs *expected = &exits->expected[last];
    es_cut_costs *table = &exits->upto[last];
    *table = table_of(exits, i, n);
    *expected = (es_exit_costs){.left_s = table->bits + n,
                                .sent_head_s = table->bits + 2 * n,
                                .sent_ratio = table->bits + 3 * n,
                                .last = last,
                                .network = &exits->network};
    table->exits = expected;
    for (size_t cut = 0; cut < n; cut++)
        fill_expected(options, exits, last, cut, n);
    while (table->n_leaving + 1 < n && expected->sent_ratio[n - 2 - table->n_leaving] == 0)
        table->n_leaving++;
    for (size_t e = 0; e < last; e++)
        expected->accuracy += exits->probability[e] * exits->accuracy[e];
    expected->accuracy += rest_at(options, last) * exits->accuracy[last];
}

static es_status check_times(const es_cost *cost, const es_cost_options *options,
                             es_errors *errors) {
    for (size_t e = 0; e < options->n_exits; e++)
        if (!cost->available[options->exits[e].cut])
            return es_errors_add(
                errors, ES_INVALID, NULL, 0,
                "the profiles hold no times for cut %zu, which exit %zu lies behind",
                options->exits[e].cut, e + 1);
    return ES_OK;
}

es_status exits_create(es_cost *cost, const es_cost_options *options, const double *heads_s,
                       const double *tails_s, es_errors *errors) {
    size_t n_exits = options->n_exits;
    ES_REQUIRE(cost->n_batches == 1 && cost->batches[0] == 1 && options->max_merged == 0);
    es_status status = check_times(cost, options, errors);
    if (status != ES_OK)
        return status;
    struct es_exit_tables *exits = create_empty(n_exits, cost->n_cuts);
    if (exits == NULL)
        return es_errors_no_memory(errors, NULL);
    cost->exit_tables = exits;
    exits->network = (es_exit_network){n_exits,         exits->cuts,  exits->probability,
                                       exits->accuracy, exits->taken, exits->upto};
    for (size_t e = 0; e < n_exits; e++) {
        exits->cuts[e] = options->exits[e].cut;
        exits->probability[e] = options->exits[e].probability;
        exits->accuracy[e] = options->exits[e].accuracy;
    }
    exits->probability[n_exits] = rest_at(options, n_exits);
    exits->accuracy[n_exits] = options->end_accuracy;
    for (size_t e = 0; e <= n_exits; e++)
        fill_taken(cost, options, heads_s, tails_s, e, exits);
    for (size_t e = 0; e <= n_exits; e++)
        fill_upto(cost, options, e, exits);
    cost->tables[0] = exits->upto[n_exits];
    return ES_OK;
}
