/* The setting of the backend cudnn. */
#include "cudnn_parts.h"

#include "setting.h"

#include "edgesplit/units.h"

#include <math.h>
#include <string.h>

static es_status parse_precision(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
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

static es_status parse_stamps(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
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
    if (es_parse_int64(es_slice_of(value), count) == ES_OK && *count >= least && *count <= most)
        return ES_OK;
    return es_errors_add(errors, ES_USAGE, NULL, 0, "setting: %s:%s; expected %lld to %lld", key,
                         value, (long long)least, (long long)most);
}

static es_status parse_sms(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
    return parse_count("sm", value, 1, 1024, &setting->sms, errors);
}

static es_status parse_candidates(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
    return parse_count("plans", value, 1, 16, &setting->candidates, errors);
}

static es_status parse_device(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
    return parse_count("gpu", value, 0, 255, &setting->device, errors);
}

static es_status parse_clock(const char *value, void *parsed, es_errors *errors) {
    gpu_setting *setting = parsed;
    const char *expected;
    if (strcmp(value, "max") == 0) {
        setting->clock_hz = HUGE_VAL;
        return ES_OK;
    }
    if (es_parse_quantity(es_slice_of(value), ES_DIM_FREQUENCY, &setting->clock_hz, &expected) ==
            ES_OK &&
        setting->clock_hz > 0)
        return ES_OK;
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: clock:%s; expected max or a clock such as 300MHz", value);
}

static const es_setting_key keys[] = {
    {"precision", "precision:fp32|tf32|fp16", parse_precision},
    {"sm", "sm:N", parse_sms},
    {"clock", "clock:300MHz|max", parse_clock},
    {"stamps", "stamps:auto|cupti|prefix|events", parse_stamps},
    {"plans", "plans:N", parse_candidates},
    {"gpu", "gpu:N", parse_device},
};

es_status gpu_parse_setting(const char *text, gpu_setting *setting, es_errors *errors) {
    *setting = (gpu_setting){.precision = GPU_FP32, .candidates = 8};
    es_status status = es_setting_parse(text, sizeof keys / sizeof keys[0], keys, setting, errors);
    if (status == ES_OK && setting->clock_hz > 0 && setting->sms > 0)
        status = es_errors_add(errors, ES_USAGE, NULL, 0,
                               "setting: sm and clock exclude each other: a slice is for a GPU "
                               "whose clocks may not be touched");
    return status;
}

bool gpu_setting_changes_clocks(const char *text) {
    es_errors ignored; /* opening the device complains */
    gpu_setting setting;
    es_errors_init(&ignored);
    (void)gpu_parse_setting(text, &setting, &ignored);
    return setting.clock_hz > 0;
}
