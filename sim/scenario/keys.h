/* The table of scenario keys (private): what each is called, how it is read, where it goes. */
#ifndef SIM_SCENARIO_KEYS_H
#define SIM_SCENARIO_KEYS_H

#include "edgesplit/scenario.h"

/* Longest time in a scenario: three years, far inside the range of es_time. */
#define LONGEST_S 1e8

enum key_type {
    KEY_TEXT,     /* const char * */
    KEY_QUANTITY, /* double, NaN if absent */
    KEY_COUNT,    /* int64_t */
    KEY_LIST,     /* es_list, n = 0 if absent */
    KEY_CHOICE,   /* int: index of the name */
};

struct key {
    const char *section, *name;
    enum key_type type;
    size_t offset;              /* in es_scenario, or in es_policy_section */
    es_dimension dimension;     /* quantities, counts, lists */
    double least, most;         /* the same: what is allowed, both ends included */
    const char *const *choices; /* choices: names, NULL-terminated */
    const char *fallback;       /* the default, as it would be written; NULL: absent */
    bool required;
    const char *meaning;
};

extern const struct key keys[];
extern const size_t n_keys;

/* The key without which this one, in the same section, would not be read: "trace" for "window";
 * NULL if it is always read. */
const char *key_needs(const struct key *key);

/* Whether the key is read in that mode of the workload, an es_mode. */
bool key_is_of_mode(const struct key *key, int mode);

/* Whether the value names a file that goes into the run. */
bool key_is_file(const struct key *key);

#endif
