/* Backend `cudnn`: an NVIDIA GPU through cuDNN 9's graphs. */
#include "cudnn_parts.h"

#include "host.h"

static es_status open_device(const char *text, es_device **device, es_errors *errors) {
    gpu_setting setting;
    es_status status = gpu_parse_setting(text, &setting, errors);
    return status == ES_OK ? gpu_open(&setting, device, errors) : status;
}

static int64_t now_ns(const es_device *device) {
    (void)device;
    return es_host_now_ns();
}

static int64_t lost_ns(const es_device *device) {
    return device->lost_ns;
}

static const char *lost_to(const es_device *device) {
    return device->lost_to;
}

const es_backend es_backend_cudnn = {
    .name = "cudnn",
    .open = open_device,
    .close = gpu_close,
    .changes_clocks = gpu_setting_changes_clocks,
    .describe = gpu_describe,
    .observe = gpu_observe,
    .prepare = gpu_prepare,
    .release = gpu_release,
    .run = gpu_run,
    .run_part = gpu_run_part,
    .now_ns = now_ns,
    .lost_ns = lost_ns,
    .disturbances = "another clock or incomplete records of CUPTI",
    .lost_to = lost_to,
    .output = gpu_output,
};
