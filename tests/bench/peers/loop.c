/* The models with an event list made for them: a tree of winners with a leaf for each slot; a key
 * is time and slot in one. */
#include "tandem.h"

static int64_t *tree;
static uint32_t n_leaves, slot_bits;
#define EMPTY INT64_MAX

static void set(uint32_t slot, int64_t key) {
    size_t i = n_leaves + slot;
    tree[i] = key;
    while (i > 1) {
        int64_t a = tree[i], b = tree[i ^ 1];
        i /= 2;
        tree[i] = a < b ? a : b;
    }
}

static void schedule(uint32_t slot, int64_t at_ns) {
    set(slot, at_ns << slot_bits | slot);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    uint32_t n_slots = model_create((uint32_t)atol(argv[1]), atoll(argv[2]));
    while ((UINT32_C(1) << slot_bits) < n_slots)
        slot_bits++;
    n_leaves = UINT32_C(1) << slot_bits;
    tree = array(2 * (size_t)n_leaves, sizeof *tree);
    for (size_t i = 0; i < 2 * (size_t)n_leaves; i++)
        tree[i] = EMPTY;
    double start_s = cpu_s();
    model_begin();
    while (tree[1] != EMPTY) {
        int64_t first = tree[1];
        uint32_t slot = (uint32_t)first & (n_leaves - 1);
        int64_t *leaf = &tree[n_leaves + slot];
        *leaf = EMPTY;
        happen(slot, first >> slot_bits);
        if (*leaf == EMPTY)
            set(slot, EMPTY);
    }
    model_report(start_s);
    return 0;
}
