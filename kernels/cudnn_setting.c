/* The setting of the backend cudnn. */
#include "cudnn_parts.h"

#include "edgesplit/units.h"

#include <math.h>
#include <string.h>

static es_status parse_precision(const char *value, gpu_setting *setting, es_errors *errors) {
    static const char *const names[] = {
        [GPU_FP32] = "fp32", [GPU_TF32] = "tf32", [GPU_FP16] = "fp16"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            setting->precision = (gpu_precision)i;
            return ES_OK;
        }
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: precision:%s; expected fp32, tf32 or fp16", value);
}

static es_status parse_stamps(const char *value, gpu_setting *setting, es_errors *errors) {
    static const char *const names[] = {[GPU_STAMPS_AUTO] = "auto",
                                        [GPU_STAMPS_CUPTI] = "cupti",
                                        [GPU_STAMPS_PREFIX] = "prefix",
                                        [GPU_STAMPS_EVENTS] = "events"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            setting->stamps = (gpu_stamps)i;
            return ES_OK;
        }
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: stamps:%s; expected auto, cupti, prefix or events", value);
}

static es_status parse_count(const char *key, const char *value, int64_t least, int64_t most,
                             int64_t *count, es_errors *errors) {
    if (es_parse_int64((es_slice){value, strlen(value)}, count) == ES_OK && *count >= least &&
        *count <= most)
        return ES_OK;
    return es_errors_add(errors, ES_USAGE, NULL, 0, "setting: %s:%s; expected %lld to %lld", key,
                         value, (long long)least, (long long)most);
}

static es_status parse_sms(const char *value, gpu_setting *setting, es_errors *errors) {
    return parse_count("sm", value, 1, 1024, &setting->sms, errors);
}

static es_status parse_candidates(const char *value, gpu_setting *setting, es_errors *errors) {
    return parse_count("plans", value, 1, 16, &setting->candidates, errors);
}

static es_status parse_device(const char *value, gpu_setting *setting, es_errors *errors) {
    return parse_count("gpu", value, 0, 255, &setting->device, errors);
}

static es_status parse_clock(const char *value, gpu_setting *setting, es_errors *errors) {
    const char *expected;
    if (strcmp(value, "max") == 0) {
        setting->clock_hz = HUGE_VAL;
        return ES_OK;
    }
    if (es_parse_quantity((es_slice){value, strlen(value)}, ES_DIM_FREQUENCY, &setting->clock_hz,
                          &expected) == ES_OK &&
        setting->clock_hz > 0)
        return ES_OK;
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: clock:%s; expected max or a clock such as 300MHz", value);
}

static const struct {
    const char *key;
    es_status (*parse)(const char *value, gpu_setting *setting, es_errors *errors);
} keys[] = {{"precision", parse_precision}, {"sm", parse_sms},     {"clock", parse_clock},
            {"stamps", parse_stamps},       {"gpu", parse_device}, {"plans", parse_candidates}};
enum { N_KEYS = sizeof keys / sizeof keys[0], LONGEST_ENTRY = 64 };

static const char *key_at(const void *context, size_t i) {
    (void)context;
    return keys[i].key;
}

static es_status parse_entry(es_slice entry, bool seen[N_KEYS], gpu_setting *setting,
                             es_errors *errors) {
    char buffer[LONGEST_ENTRY];
    snprintf(buffer, sizeof buffer, "%.*s", (int)entry.length, entry.data);
    char *colon = strchr(buffer, ':');
    if (colon != NULL)
        *colon = '\0';
    for (size_t k = 0; colon != NULL && entry.length < sizeof buffer && k < N_KEYS; k++) {
        if (strcmp(buffer, keys[k].key) != 0)
            continue;
        if (seen[k])
            return es_errors_add(errors, ES_USAGE, NULL, 0, "setting: %s is there twice",
                                 keys[k].key);
        seen[k] = true;
        return keys[k].parse(colon + 1, setting, errors);
    }
    const char *nearest = colon != NULL ? es_nearest_name(buffer, N_KEYS, key_at, NULL) : NULL;
    return es_errors_add(
        errors, ES_USAGE, NULL, 0,
        "setting: \"%.*s\"; expected precision:fp32|tf32|fp16, sm:N, "
        "clock:300MHz|max, stamps:auto|cupti|prefix|events, plans:N or gpu:N, with "
        "commas between%s",
        (int)entry.length, entry.data, es_did_you_mean(nearest, "", ":", "").text);
}

es_status gpu_parse_setting(const char *text, gpu_setting *setting, es_errors *errors) {
    bool seen[N_KEYS] = {false};
    es_slice rest = {text, strlen(text)}, entry;
    es_status first = ES_OK;
    *setting = (gpu_setting){.precision = GPU_FP32, .candidates = 8};
    while (text[0] != '\0' && es_next_field(&rest, ',', &entry)) {
        es_status status = parse_entry(entry, seen, setting, errors);
        first = first == ES_OK ? status : first;
    }
    if (first == ES_OK && setting->clock_hz > 0 && setting->sms > 0)
        first = es_errors_add(errors, ES_USAGE, NULL, 0,
                              "setting: sm and clock exclude each other: a slice is for a GPU "
                              "whose clocks may not be touched");
    return first;
}

bool gpu_setting_changes_clocks(const char *text) {
    es_errors ignored; /* opening the device complains */
    gpu_setting setting;
    es_errors_init(&ignored);
    (void)gpu_parse_setting(text, &setting, &ignored);
    return setting.clock_hz > 0;
}
