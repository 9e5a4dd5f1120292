#include "setting.h"

#include "edgesplit/text.h"

#include <string.h>

enum { LONGEST_ENTRY = 64, LONGEST_LIST = 256 };

static const char *key_at(const void *context, size_t i) {
    return ((const es_setting_key *)context)[i].name;
}

static es_status complain(es_slice entry, const char *nearest, size_t n, const es_setting_key *keys,
                          es_errors *errors) {
    char list[LONGEST_LIST] = "";
    for (size_t k = 0, at = 0; k < n && at < sizeof list; k++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                               k == 0       ? ""
                               : k + 1 == n ? " or "
                                            : ", ",
                               keys[k].form);
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: \"%.*s\"; expected %s, with commas between%s", (int)entry.length,
                         entry.data, list, es_did_you_mean(nearest, "", ":", "").text);
}

static es_status parse_entry(es_slice entry, size_t n, const es_setting_key *keys, bool *seen,
                             void *setting, es_errors *errors) {
    char text[LONGEST_ENTRY];
    snprintf(text, sizeof text, "%.*s", (int)entry.length, entry.data);
    char *colon = strchr(text, ':');
    if (colon == NULL || entry.length >= sizeof text)
        return complain(entry, NULL, n, keys, errors);
    *colon = '\0';
    for (size_t k = 0; k < n; k++) {
        if (strcmp(text, keys[k].name) != 0)
            continue;
        if (seen[k])
            return es_errors_add(errors, ES_USAGE, NULL, 0, "setting: %s is there twice",
                                 keys[k].name);
        seen[k] = true;
        return keys[k].parse(colon + 1, setting, errors);
    }
    return complain(entry, es_nearest_name(text, n, key_at, keys), n, keys, errors);
}

es_status es_setting_parse(const char *text, size_t n, const es_setting_key *keys, void *setting,
                           es_errors *errors) {
    bool seen[ES_MOST_SETTING_KEYS] = {false};
    es_slice rest = es_slice_of(text), entry;
    es_status first = ES_OK;
    ES_REQUIRE(n <= ES_MOST_SETTING_KEYS);
    while (text[0] != '\0' && es_next_field(&rest, ',', &entry)) {
        es_status status = parse_entry(entry, n, keys, seen, setting, errors);
        first = first == ES_OK ? status : first;
    }
    return first;
}
