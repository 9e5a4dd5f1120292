/* Backend `onednn`: a CPU through oneDNN 2.6 with its OpenMP runtime.
 *
 * Two settings make a fast and a slow device of one CPU, without any privilege: the instruction set
 * that kernels may use, and the number of threads. Both hold for the whole process, and the
 * instruction set can be set once only: one setting per process. */
#include "onednn.h"

#include "host.h"
#include "setting.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* OpenMP API 3.0 and later, sections 3.2.1, 3.2.3 and 3.2.5. Declared here because the library that
 * oneDNN was linked with is the one to ask, not the one the compiler would choose. */
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);
int omp_get_num_procs(void);

static const struct {
    const char *name;
    dnnl_cpu_isa_t isa;
} isas[] = {
    {"sse41", dnnl_cpu_isa_sse41},
    {"avx", dnnl_cpu_isa_avx},
    {"avx2", dnnl_cpu_isa_avx2},
    {"avx2_vnni", dnnl_cpu_isa_avx2_vnni},
    {"avx512_core", dnnl_cpu_isa_avx512_core},
    {"avx512_core_vnni", dnnl_cpu_isa_avx512_core_vnni},
    {"avx512_core_bf16", dnnl_cpu_isa_avx512_core_bf16},
    {"avx512_core_amx", dnnl_cpu_isa_avx512_core_amx},
    {"best", dnnl_cpu_isa_all},
};
enum { N_ISAS = sizeof isas / sizeof isas[0] };

static const char *isa_name(const void *context, size_t i) {
    (void)context;
    return isas[i].name;
}

static const char *name_of_isa(dnnl_cpu_isa_t isa) {
    for (size_t i = 0; i < N_ISAS; i++)
        if (isas[i].isa == isa)
            return isas[i].name;
    return "unnamed";
}

typedef struct cpu_setting {
    dnnl_cpu_isa_t isa;
    int threads;
} cpu_setting;

static es_status parse_isa(const char *value, void *parsed, es_errors *errors) {
    cpu_setting *setting = parsed;
    for (size_t i = 0; i < N_ISAS; i++)
        if (strcmp(value, isas[i].name) == 0) {
            setting->isa = isas[i].isa;
            return ES_OK;
        }
    const char *nearest = es_nearest_name(value, N_ISAS, isa_name, NULL);
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: isa:%s; expected sse41, avx, avx2, avx2_vnni, "
                         "avx512_core[_vnni, _bf16, _amx] or best (the default)%s",
                         value, es_did_you_mean(nearest, "isa:", "", "").text);
}

static es_status parse_threads(const char *value, void *parsed, es_errors *errors) {
    cpu_setting *setting = parsed;
    int64_t threads;
    int most = omp_get_num_procs();
    if (strcmp(value, "all") == 0) {
        setting->threads = most;
        return ES_OK;
    }
    if (es_parse_int64(es_slice_of(value), &threads) != ES_OK || threads < 1 || threads > most)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: threads:%s; expected 1 to %d (the processors that this "
                             "process may use) or all",
                             value, most);
    setting->threads = (int)threads;
    return ES_OK;
}

static const es_setting_key keys[] = {{"isa", "isa:NAME", parse_isa},
                                      {"threads", "threads:N", parse_threads}};

/* Caps the instruction set and verifies what is then in effect. */
static es_status apply_isa(dnnl_cpu_isa_t isa, const char **in_effect, es_errors *errors) {
    dnnl_status_t result = dnnl_set_max_cpu_isa(isa);
    dnnl_cpu_isa_t effective = dnnl_get_effective_cpu_isa();
    *in_effect = name_of_isa(effective);
    if (isa == dnnl_cpu_isa_all ? result == dnnl_success : effective == isa)
        return ES_OK;
    if (result != dnnl_success)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: isa:%s cannot be had, oneDNN already uses %s in this "
                             "process; one process per setting",
                             name_of_isa(isa), *in_effect);
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "setting: isa:%s cannot be had, oneDNN uses at most %s on this CPU",
                         name_of_isa(isa), *in_effect);
}

static es_status apply_threads(int threads, es_errors *errors) {
    if (dnnl_version()->cpu_runtime != DNNL_RUNTIME_OMP)
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "this oneDNN was built without OpenMP; its threads cannot be set");
    omp_set_num_threads(threads);
    if (omp_get_max_threads() != threads)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: threads:%d cannot be had, OpenMP gives %d", threads,
                             omp_get_max_threads());
    return ES_OK;
}

static void close_device(es_device *device) {
    if (device == NULL)
        return;
    dnnl_stream_destroy(device->stream);
    dnnl_engine_destroy(device->engine);
    free(device);
}

static es_status open_device(const char *text, es_device **device, es_errors *errors) {
    cpu_setting wanted = {dnnl_cpu_isa_all, omp_get_num_procs()};
    es_status status = es_setting_parse(text, sizeof keys / sizeof keys[0], keys, &wanted, errors);
    if (status != ES_OK)
        return status;
    es_device *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    status = apply_isa(wanted.isa, &made->isa, errors);
    if (status == ES_OK)
        status = apply_threads(wanted.threads, errors);
    if (status == ES_OK) {
        made->threads = omp_get_max_threads();
        status =
            onednn_check(dnnl_engine_create(&made->engine, dnnl_cpu, 0), "engine", NULL, errors);
    }
    if (status == ES_OK)
        status =
            onednn_check(dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags),
                         "stream", NULL, errors);
    if (status == ES_OK) {
        *device = made;
        made = NULL;
    }
    close_device(made);
    return status;
}

static void describe(const es_device *device, es_facts *facts) {
    const dnnl_version_t *version = dnnl_version();
    es_host_describe(facts);
    es_facts_add(facts, "isa", "%s", device->isa);
    es_facts_add(facts, "threads", "%d", device->threads);
    es_facts_add(facts, "library", "oneDNN %d.%d.%d", version->major, version->minor,
                 version->patch);
    es_facts_add(facts, "precision", "fp32");
    es_facts_add(facts, "layout",
                 "as oneDNN chooses for each kernel; a reorder counts to the unit that needs it");
    es_facts_add(
        facts, "fusion",
        "batch norm in the weights; bias, activation and residual in the kernel where oneDNN has "
        "fast code for that, else as further kernels of the same unit");
}

static int64_t now_ns(const es_device *device) {
    (void)device;
    return es_host_now_ns();
}

static int64_t lost_ns(const es_device *device) {
    (void)device;
    return es_host_lost_ns();
}

static const char *lost_to(const es_device *device) {
    (void)device;
    return "preempted";
}

const es_backend es_backend_onednn = {
    .name = "onednn",
    .open = open_device,
    .close = close_device,
    .describe = describe,
    .prepare = onednn_prepare,
    .release = onednn_release,
    .run = onednn_run,
    .run_part = onednn_run_part,
    .now_ns = now_ns,
    .lost_ns = lost_ns,
    .disturbances = "other processes",
    .lost_to = lost_to,
    .output = onednn_output,
};
