/* The requests of a plan: when they come, and what each brings. */
#include "edgesplit/alloc.h"
#include "plan.h"

#include <math.h>
#include <string.h>

/* Times in a run are as short as those in a scenario: three years. */
static const double longest_s = 1e8;

static es_status take_batches_of_scenario(es_plan *plan, es_errors *errors) {
    es_list list = plan->scenario->workload.batch;
    plan->n_batches = list.n;
    plan->batches = es_alloc(list.n, sizeof *plan->batches);
    if (plan->batches == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < list.n; i++)
        plan->batches[i] = (int64_t)list.values[i];
    return ES_OK;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The distinct batches of the trace, ascending, and how often each comes. */
static es_status count_batches(es_plan *plan, const es_trace *trace, es_errors *errors) {
    plan->batches = es_alloc(trace->n, sizeof *plan->batches);
    plan->batch_weights = es_alloc(trace->n, sizeof *plan->batch_weights);
    if (plan->batches == NULL || plan->batch_weights == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < trace->n; i++)
        plan->batches[i] = (int64_t)trace->values[i];
    qsort(plan->batches, trace->n, sizeof *plan->batches, ascending);
    for (size_t i = 0; i < trace->n; i++) {
        size_t n = plan->n_batches;
        if (n == 0 || plan->batches[i] != plan->batches[n - 1])
            plan->batches[plan->n_batches++] = plan->batches[i];
        plan->batch_weights[plan->n_batches - 1]++;
    }
    return ES_OK;
}

static es_status take_batches_of_trace(es_plan *plan, es_errors *errors) {
    const es_trace *trace = plan->arrivals_trace;
    es_status status = count_batches(plan, trace, errors);
    if (status != ES_OK)
        return status;
    plan->batch_index = es_alloc(trace->n, sizeof *plan->batch_index);
    if (plan->batch_index == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < trace->n; i++) {
        int64_t batch = (int64_t)trace->values[i];
        const int64_t *found =
            bsearch(&batch, plan->batches, plan->n_batches, sizeof batch, ascending);
        plan->batch_index[i] = (uint32_t)(found - plan->batches);
    }
    plan->arrivals.batch_index = plan->batch_index;
    return ES_OK;
}

/* The deadlines of the trace; a request without one has that of the scenario, if that has one. */
static es_status take_deadlines(es_plan *plan, es_errors *errors) {
    const es_trace *trace = plan->arrivals_trace;
    double otherwise_s = plan->scenario->workload.deadline_s;
    if (trace->deadlines_s == NULL)
        return ES_OK;
    plan->deadlines_ns = es_alloc(trace->n, sizeof *plan->deadlines_ns);
    if (plan->deadlines_ns == NULL)
        return es_errors_no_memory(errors, NULL);
    bool all = true;
    for (size_t i = 0; i < trace->n; i++) {
        bool own = !isnan(trace->deadlines_s[i]);
        double deadline_s = own ? trace->deadlines_s[i] : otherwise_s;
        if (deadline_s > longest_s)
            return es_scenario_complain(plan->scenario, "workload", "trace", errors,
                                        "a deadline of %.9g s; expected at most %g s", deadline_s,
                                        longest_s);
        plan->deadlines_ns[i] = isnan(deadline_s) ? ES_TIME_NEVER : plan_time(deadline_s);
        plan->has_deadlines = plan->has_deadlines || own;
        all = all && own;
    }
    plan->arrivals.deadlines_ns = plan->deadlines_ns;
    if (all && !isnan(otherwise_s))
        return es_scenario_complain(plan->scenario, "workload", "deadline", errors,
                                    "is not read: every request of the trace has its own");
    return ES_OK;
}

/* What can only be told once the trace has been read. */
static es_status check_list(const es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    const es_arrival_list *list = &plan->arrivals;
    bool endless = isnan(s->scenario.duration_s) && s->scenario.steps == 0;
    double n_steps = s->scenario.steps > 0 ? (double)s->scenario.steps : (double)list->n;
    double last_s =
        es_time_s(list->times[n_steps < (double)list->n ? (size_t)n_steps - 1 : list->n - 1]);
    if (list->period_ns > 0 && endless)
        return es_scenario_complain(s, "scenario", "duration", errors,
                                    "the arrivals trace starts again and again: one of duration "
                                    "and steps is needed");
    if (list->period_ns > 0)
        last_s += floor(n_steps / (double)list->n) * es_time_s(list->period_ns);
    if (isnan(s->scenario.duration_s) && last_s > longest_s)
        return es_scenario_complain(s, "workload", "trace", errors,
                                    "the last request comes at %g s; expected at most %g s, by "
                                    "[scenario] duration or slice_end",
                                    last_s, longest_s);
    if (s->workload.on_deadline == ES_DEADLINE_DROP && !plan->has_deadlines)
        return es_scenario_complain(s, "workload", "on_deadline", errors,
                                    "drop needs a deadline: here, or in the trace");
    return ES_OK;
}

es_status plan_arrivals(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    plan->has_deadlines = !isnan(s->workload.deadline_s);
    if (s->workload.trace == NULL)
        return take_batches_of_scenario(plan, errors);
    es_status status = plan_arrivals_trace(plan, errors);
    if (status != ES_OK)
        return status;
    const es_trace *trace = plan->arrivals_trace;
    plan->arrivals.n = trace->n;
    plan->arrivals.times = trace->times;
    plan->arrivals.period_ns = trace->at_end == ES_AT_END_LOOP ? trace->times[trace->n] : 0;
    size_t section = es_ini_find_section(s->ini, "workload", 0);
    if (trace->has_batches && es_ini_find(s->ini, section, "batch") != NULL)
        status = es_scenario_complain(s, "workload", "batch", errors,
                                      "is not read: the trace has batches");
    else if (trace->has_batches)
        status = take_batches_of_trace(plan, errors);
    else
        status = take_batches_of_scenario(plan, errors);
    if (status == ES_OK)
        status = take_deadlines(plan, errors);
    return status == ES_OK ? check_list(plan, errors) : status;
}
