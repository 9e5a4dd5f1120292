/* The table of scenario keys (private): what each is called, how it is read, where it goes. */
#ifndef SIM_SCENARIO_KEYS_H
#define SIM_SCENARIO_KEYS_H

#include "edgesplit/scenario.h"

/* Longest time in a scenario: three years, far inside the range of es_time. */
#define LONGEST_S 1e8

enum key_type {
    KEY_TEXT,     /* const char * */
    KEY_QUANTITY, /* double, NaN if absent */
    KEY_AUTO,     /* the same that is never absent; NaN: "auto" */
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

/* The key that, written in a section of a group, takes the place of this one in the section without
 * a label: "trace" for "rate"; NULL if there is none. */
const char *key_replaced_by(const struct key *key);

/* The key of that name in sections of that kind; NULL if there is none. */
const struct key *key_find(const char *section, const char *name);

/* Whether sections of that kind have labels. */
es_ini_label kind_label(const char *kind);

/* Whether groups may have different values of the key. */
bool key_is_of_group(const struct key *key);

/* Whether the key is read in that mode of the workload, an es_mode; and whether it matters which.
 */
bool key_is_of_mode(const struct key *key, int mode);
bool key_has_modes(const struct key *key);

/* Whether the key is of the third tier. */
bool key_is_of_cloud(const struct key *key);

/* Whether the key is read with arrivals = trace only: what the section without a label says of it
 * is for the groups that have those. */
bool key_is_of_arrivals(const struct key *key);

/* Whether the value names a file that goes into the run. */
bool key_is_file(const struct key *key);

/* The section of a kind that a group has of its own, or, of the scenario itself, the one without a
 * label; n_sections if the file has none. */
size_t scenario_section(const es_scenario *scenario, const char *kind);

/* Where a scenario, or a group, has the value of a key from; NULL: it is the default. */
const es_ini_entry *scenario_entry(const es_scenario *scenario, const char *section,
                                   const char *key);

/* Adds a record about a section of that kind, at its line, or at the file where there is none.
 * Returns ES_INVALID. */
es_status scenario_complain_of_section(const es_scenario *scenario, const char *kind,
                                       es_errors *errors, const char *format, ...) ES_PRINTF(4, 5);

/* How many requests there will be where no duration limits them; 0: unknown. */
double scenario_n_requests(const es_scenario *scenario);

/* Checks that sections are those of groups, and hold what groups may differ in; and what no single
 * key can tell. ES_INVALID. */
es_status scenario_check_labels(const es_scenario *scenario, es_errors *errors);
es_status scenario_check(const es_scenario *scenario, es_errors *errors);

#endif
