/* The exits of a group's network. */
#include "edgesplit/alloc.h"
#include "plan.h"

#include <string.h>

static const char *cut_name_at(const void *context, size_t cut) {
    const struct planned_group *group = context;
    return group->model->cuts[group->granularity][cut].name;
}

/* The cut behind which an exit lies. */
static es_status find_cut(const struct planned_group *group, const char *name, size_t *cut,
                          es_errors *errors) {
    size_t n_cuts = group->model->n_cuts[group->granularity];
    *cut = es_model_find_cut_name(group->model, group->granularity, name);
    if (*cut == n_cuts)
        *cut = plan_cut_number(name, n_cuts);
    if (*cut == n_cuts) {
        const char *nearest = es_nearest_name(name, n_cuts, cut_name_at, group);
        return es_scenario_complain(group->scenario, "model", "exit_after", errors,
                                    "%s has no cut '%s' per %s%s", group->model->name, name,
                                    es_granularity_text(group->granularity),
                                    es_did_you_mean(nearest, "'", "'", "").text);
    }
    if (*cut == 0 || *cut + 1 == n_cuts)
        return es_scenario_complain(group->scenario, "model", "exit_after", errors,
                                    "'%s' is an end of %s: expected cuts between both", name,
                                    group->model->name);
    return ES_OK;
}

static es_status check_batches(const struct planned_group *group, es_errors *errors) {
    for (size_t i = 0; i < group->n_batches; i++)
        if (group->batches[i] != 1)
            return es_scenario_complain(
                group->scenario, "model", "exit_after", errors,
                "a request leaves at an exit by itself: expected requests of 1 image, and one has "
                "%lld",
                (long long)group->batches[i]);
    return ES_OK;
}

/* Value i of a list that may be absent: then nothing. */
static double value_of(const es_list *list, size_t i) {
    return i < list->n ? list->values[i] : 0;
}

static es_status add_exit(struct planned_group *group, es_slice field, es_errors *errors) {
    const es_scenario *s = group->scenario;
    char name[256];
    size_t i = group->n_exits, cut;
    if (field.length == 0 || field.length >= sizeof name)
        return es_scenario_complain(s, "model", "exit_after", errors,
                                    "expected names of cuts, separated by commas");
    memcpy(name, field.data, field.length);
    name[field.length] = '\0';
    es_status status = find_cut(group, name, &cut, errors);
    if (status != ES_OK)
        return status;
    if (i > 0 && cut <= group->exits[i - 1].cut)
        return es_scenario_complain(s, "model", "exit_after", errors,
                                    "'%s' does not lie behind the exit before it", name);
    group->exits[group->n_exits++] = (es_exit){
        .cut = cut,
        .probability = s->model.exit_probability.values[i],
        .accuracy = s->model.exit_accuracy.values[i],
        .device_s = value_of(&s->model.exit_device_s, i),
        .server_s = value_of(&s->model.exit_server_s, i),
    };
    return ES_OK;
}

es_status plan_exits(struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
    const char *text = s->model.exit_after;
    if (text == NULL)
        return ES_OK;
    group->exits = es_alloc(s->model.exit_probability.n, sizeof *group->exits);
    if (group->exits == NULL)
        return es_errors_no_memory(errors, NULL);
    es_slice rest = {text, strlen(text)}, field;
    es_status status = check_batches(group, errors);
    while (status == ES_OK && es_next_field(&rest, ',', &field))
        status = add_exit(group, field, errors);
    return status;
}
