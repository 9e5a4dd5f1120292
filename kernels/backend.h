/* What a profiler backend is: something that runs a network and knows the time. The core
 * (profiler.h) decides when to run what and what to make of the times.
 *
 * A backend is one file ending in a const es_backend and one line in backend.def. */
#ifndef KERNELS_BACKEND_H
#define KERNELS_BACKEND_H

#include "facts.h"
#include "plan.h"

/* Each backend defines its own. */
typedef struct es_device es_device;
typedef struct es_network es_network;

typedef struct es_backend {
    const char *name;

    /* Creates the device in the state that `setting` asks for ("key:value,key:value"; an empty
     * text is the backend's default), and verifies that it is in it. ES_USAGE: a setting that is
     * not known or not possible here; ES_NO_MEMORY, ES_INTERNAL. */
    es_status (*open)(const char *setting, es_device **device, es_errors *errors);
    void (*close)(es_device *device);

    /* OPTIONAL. Whether a setting changes clocks, which could outlive the process: asked before
     * `open`, so that nobody does it unawares. */
    bool (*changes_clocks)(const char *setting);

    /* Adds what is measured on: `device`, `library`, the setting as verified, `precision`, and
     * `clock` ("300MHz") if it holds still. The same from open to close: a measurement is resumed
     * only where all of it is as it was. */
    void (*describe)(const es_device *device, es_facts *facts);

    /* OPTIONAL. Adds what was seen while it measured and may be otherwise next time: clocks
     * observed, kernels chosen, ... */
    void (*observe)(const es_device *device, es_facts *facts);

    /* Creates the network of `plan` (borrowed) at `batch` images per pass, ready to run. */
    es_status (*prepare)(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors);
    void (*release)(es_network *network);

    /* Runs one pass. stamps_ns [n_units + 1]: [0] is the time before the first unit and [n_units]
     * that at the end; those between are the end of each unit if `stamped`, else untouched. */
    es_status (*run)(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors);

    /* OPTIONAL. Runs units `first` to `last` alone, on what an earlier pass has left of the others;
     * stamps_ns [2]: the times before and behind. */
    es_status (*run_part)(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                          es_errors *errors);

    /* The clock of the stamps. */
    int64_t (*now_ns)(const es_device *device);

    /* Time lost to disturbances so far: how long what should have run did not, because something
     * else did. A pass that loses too much of its time is dropped. */
    int64_t (*lost_ns)(const es_device *device);

    /* What that is, for provenance ("other processes"), and what the latest disturbance was, in a
     * word without a comma, for raw samples; both constants. */
    const char *disturbances;
    const char *(*lost_to)(const es_device *device);

    /* OPTIONAL. Copies the output of a unit after a pass to values [batch][c][h][w]. The plan must
     * keep outputs. */
    es_status (*output)(es_network *network, size_t unit, float *values, es_errors *errors);
} es_backend;

typedef struct es_backend_entry {
    const char *name, *summary;
    const es_backend *backend; /* NULL: left out of this build */
} es_backend_entry;

/* The i-th line of backend.def; NULL behind the last. */
const es_backend_entry *es_backend_at(size_t i);

/* Finds a backend. ES_USAGE: not known (the record says the nearest name); ES_UNAVAILABLE: built
 * without it. */
ES_NODISCARD es_status es_backend_find(const char *name, const es_backend **backend,
                                       es_errors *errors);

#endif
