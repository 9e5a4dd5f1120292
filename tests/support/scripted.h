/* A backend whose clock and disturbances are a script. What a pass does is a function of its
 * number, counted from 0; stamped and plain passes take turns, the stamped one first. */
#ifndef TESTS_SCRIPTED_H
#define TESTS_SCRIPTED_H

#include "profiler.h"

enum { US = 1000, MS = 1000000 };

typedef struct script_pass {
    int64_t unit_ns; /* of every unit */
    int64_t lost_ns;
    es_status status;
} script_pass;

typedef struct script_state {
    script_pass (*at)(size_t number);
    size_t n_opened, n_closed, n_prepared, n_released, n_passes;
    int64_t clock_ns, lost_ns;
    const char *library;                        /* as described; NULL: none */
    size_t interrupted_at, interrupted_at_part; /* during that one, counted from 1; 0: never */
    volatile sig_atomic_t interrupted;
    size_t n_ahead, n_parts, fails_at_part; /* of run_part; fails_at_part 0: never */
} script_state;

extern script_state the_script;

struct es_device {
    script_state *script;
};

struct es_network {
    script_state *script;
    size_t n_units;
};

extern const es_backend scripted_backend;

#endif
