/* The requests of a group: when they come, and what each brings. */
#include "edgesplit/alloc.h"
#include "plan.h"

#include <math.h>
#include <string.h>

/* Times in a run are as short as those in a scenario: three years. */
static const double longest_s = 1e8;

/* Of /series: more are hardly meant, but they would fill a disk. */
enum { MOST_INTERVALS = 10000000 };

static es_status take_batches_of_scenario(struct planned_group *group, es_errors *errors) {
    es_list list = group->scenario->workload.batch;
    group->n_batches = list.n;
    group->batches = es_alloc(list.n, sizeof *group->batches);
    if (group->batches == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < list.n; i++)
        group->batches[i] = (int64_t)list.values[i];
    return ES_OK;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The distinct batches of the trace, ascending, and how often each comes. */
static es_status count_batches(struct planned_group *group, const es_trace *trace,
                               es_errors *errors) {
    group->batches = es_alloc(trace->n, sizeof *group->batches);
    group->batch_weights = es_alloc(trace->n, sizeof *group->batch_weights);
    if (group->batches == NULL || group->batch_weights == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < trace->n; i++)
        group->batches[i] = (int64_t)trace->values[i];
    qsort(group->batches, trace->n, sizeof *group->batches, ascending);
    for (size_t i = 0; i < trace->n; i++) {
        size_t n = group->n_batches;
        if (n == 0 || group->batches[i] != group->batches[n - 1])
            group->batches[group->n_batches++] = group->batches[i];
        group->batch_weights[group->n_batches - 1]++;
    }
    return ES_OK;
}

static es_status take_batches_of_trace(struct planned_group *group, es_errors *errors) {
    const es_trace *trace = group->arrivals_trace;
    es_status status = count_batches(group, trace, errors);
    if (status != ES_OK)
        return status;
    group->batch_index = es_alloc(trace->n, sizeof *group->batch_index);
    if (group->batch_index == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < trace->n; i++) {
        int64_t batch = (int64_t)trace->values[i];
        const int64_t *found =
            bsearch(&batch, group->batches, group->n_batches, sizeof batch, ascending);
        group->batch_index[i] = (uint32_t)(found - group->batches);
    }
    group->arrivals.batch_index = group->batch_index;
    return ES_OK;
}

/* The deadlines of the trace; a request without one has that of the scenario, if that has one. */
static es_status take_deadlines(struct planned_group *group, es_errors *errors) {
    const es_trace *trace = group->arrivals_trace;
    double otherwise_s = group->scenario->workload.deadline_s;
    if (trace->deadlines_s == NULL)
        return ES_OK;
    group->deadlines_ns = es_alloc(trace->n, sizeof *group->deadlines_ns);
    if (group->deadlines_ns == NULL)
        return es_errors_no_memory(errors, NULL);
    bool all = true;
    for (size_t i = 0; i < trace->n; i++) {
        bool own = !isnan(trace->deadlines_s[i]);
        double deadline_s = own ? trace->deadlines_s[i] : otherwise_s;
        if (deadline_s > longest_s)
            return es_scenario_complain(group->scenario, "workload", "trace", errors,
                                        "a deadline of %.9g s; expected at most %g s", deadline_s,
                                        longest_s);
        group->deadlines_ns[i] = isnan(deadline_s) ? ES_TIME_NEVER : plan_time(deadline_s);
        group->has_deadlines = group->has_deadlines || own;
        all = all && own;
    }
    group->arrivals.deadlines_ns = group->deadlines_ns;
    if (all && es_scenario_writes(group->scenario, "workload", "deadline"))
        return es_scenario_complain(group->scenario, "workload", "deadline", errors,
                                    "is not read: every request of the trace has its own");
    return ES_OK;
}

/* When the last request of a list comes, unless the duration ends it before. */
static double last_of_list_s(const struct planned_group *group) {
    const es_arrival_list *list = &group->arrivals;
    int64_t steps = group->scenario->scenario.steps;
    double n_steps = steps > 0 ? (double)steps : (double)list->n;
    double last_s =
        es_time_s(list->times[n_steps < (double)list->n ? (size_t)n_steps - 1 : list->n - 1]);
    if (list->period_ns > 0)
        last_s += floor(n_steps / (double)list->n) * es_time_s(list->period_ns);
    return last_s;
}

/* How long a group's requests come, about, as far as that is known beforehand; else 0. */
static double coming_s(const es_plan *plan, const struct planned_group *group) {
    const es_scenario *s = group->scenario;
    double duration_s = s->scenario.duration_s, n_steps = (double)s->scenario.steps;
    if (n_steps > 0 && (plan->n_groups > 1 || s->workload.mode == ES_CLOSED))
        return 0;
    if (group->arrivals.n > 0 && (n_steps > 0 || group->arrivals.period_ns == 0))
        return fmin(last_of_list_s(group), duration_s);
    if (n_steps > 0)
        return fmin(n_steps / (s->workload.rate_hz * (double)group->n_devices), duration_s);
    return duration_s;
}

static es_status check_period(const es_plan *plan, const struct planned_group *group,
                              es_errors *errors) {
    const es_scenario *s = group->scenario;
    double n = coming_s(plan, group) / s->output.period_s;
    if (s->workload.mode == ES_ISOLATED || !(n > MOST_INTERVALS))
        return ES_OK;
    return es_scenario_complain(s, "output", "period", errors,
                                "makes %.3g intervals of the run, which /series would hold; "
                                "expected at most %d: a period of %g s or more",
                                n, (int)MOST_INTERVALS,
                                ceil(n / MOST_INTERVALS * s->output.period_s));
}

/* What can only be told once the trace has been read. */
static es_status check_list(const es_plan *plan, const struct planned_group *group,
                            es_errors *errors) {
    const es_scenario *s = group->scenario;
    const es_arrival_list *list = &group->arrivals;
    bool endless = isnan(s->scenario.duration_s) && s->scenario.steps == 0;
    if (list->period_ns > 0 && endless)
        return es_scenario_complain(s, "scenario", "duration", errors,
                                    "the arrivals trace starts again and again: one of duration "
                                    "and steps is needed");
    if (list->period_ns > 0 && plan->n_groups > 1 && isnan(s->scenario.duration_s))
        return es_scenario_complain(s, "scenario", "duration", errors,
                                    "is needed: there are several groups, and the arrivals trace "
                                    "of one starts again and again");
    double last_s = last_of_list_s(group);
    if (isnan(s->scenario.duration_s) && last_s > longest_s)
        return es_scenario_complain(s, "workload", "trace", errors,
                                    "the last request comes at %g s; expected at most %g s, by "
                                    "[scenario] duration or slice_end",
                                    last_s, longest_s);
    if (s->workload.on_deadline == ES_DEADLINE_DROP && !group->has_deadlines)
        return es_scenario_complain(s, "workload", "on_deadline", errors,
                                    "drop needs a deadline: here, or in the trace");
    return ES_OK;
}

static es_status take_arrivals(const es_plan *plan, struct planned_group *group,
                               es_errors *errors) {
    const es_scenario *s = group->scenario;
    group->has_deadlines = !isnan(s->workload.deadline_s);
    if (s->workload.trace == NULL)
        return take_batches_of_scenario(group, errors);
    es_status status = plan_arrivals_trace(plan, group, errors);
    if (status != ES_OK)
        return status;
    const es_trace *trace = group->arrivals_trace;
    group->arrivals.n = trace->n;
    group->arrivals.times = trace->times;
    group->arrivals.period_ns = trace->at_end == ES_AT_END_LOOP ? trace->times[trace->n] : 0;
    if (trace->has_batches && es_scenario_writes(s, "workload", "batch"))
        status = es_scenario_complain(s, "workload", "batch", errors,
                                      "is not read: the trace has batches");
    else if (trace->has_batches)
        status = take_batches_of_trace(group, errors);
    else
        status = take_batches_of_scenario(group, errors);
    if (status == ES_OK)
        status = take_deadlines(group, errors);
    return status == ES_OK ? check_list(plan, group, errors) : status;
}

es_status plan_arrivals(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    es_status status = take_arrivals(plan, group, errors);
    return status == ES_OK ? check_period(plan, group, errors) : status;
}
