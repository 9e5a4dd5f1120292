#include "samples.h"

#include "edgesplit/alloc.h"
#include "edgesplit/profile.h"

es_status es_samples_add(es_samples *samples, const es_pass *pass, size_t n, size_t step,
                         const int64_t *stamps_ns) {
    es_status status = es_reserve(&samples->passes, &samples->passes_capacity,
                                  samples->n_passes + 1, sizeof *samples->passes);
    if (status == ES_OK)
        status = es_reserve(&samples->times_ns, &samples->times_capacity, samples->n_times + n,
                            sizeof *samples->times_ns);
    if (status != ES_OK)
        return status;
    es_pass *added = &samples->passes[samples->n_passes++];
    *added = *pass;
    added->first_time = samples->n_times;
    added->n_times = n;
    for (size_t i = 0; i < n; i++)
        samples->times_ns[samples->n_times++] = stamps_ns[(i + 1) * step] - stamps_ns[i * step];
    return ES_OK;
}

void es_samples_fini(es_samples *samples) {
    free(samples->passes);
    free(samples->times_ns);
    *samples = (es_samples){0};
}

/* What the profile calls the first time of a pass. */
static es_profile_kind kind_of(const es_pass *pass, size_t *index) {
    bool head = pass->segment.first == 1;
    switch (pass->kind) {
    case ES_PASS_STAMPED: *index = 1; return ES_PROFILE_LAYER;
    case ES_PASS_PLAIN: *index = 0; return ES_PROFILE_WHOLE;
    case ES_PASS_SEGMENT: break;
    }
    *index = head ? pass->segment.last : pass->segment.first - 1;
    return head ? ES_PROFILE_HEAD : ES_PROFILE_TAIL;
}

void es_samples_write(const es_samples *samples, const es_model *model, int64_t batch,
                      es_text *text) {
    for (size_t p = 0; p < samples->n_passes; p++) {
        const es_pass *pass = &samples->passes[p];
        size_t index = 0;
        es_profile_kind kind = kind_of(pass, &index);
        char lost_s[ES_NUMBER_TEXT], time_s[ES_NUMBER_TEXT];
        es_format_double((double)pass->lost_ns / 1e9, lost_s);
        for (size_t i = 0; i < pass->n_times; i++) {
            es_format_double((double)samples->times_ns[pass->first_time + i] / 1e9, time_s);
            es_text_add(
                text, "%s,%zu,%s,%lld,%zu,%s,%s,%s\n", es_profile_kind_text(kind), index + i,
                kind == ES_PROFILE_WHOLE ? model->name : model->cuts[ES_FUSED][index + i].name,
                (long long)batch, p + 1, pass->dropped, lost_s, time_s);
        }
    }
}
