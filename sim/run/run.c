#include "edgesplit/run.h"

#include "crew.h"
#include "record.h"

/* Replications from one look at a rule for stopping to the next: a quarter more, at least as many
 * as the first time. It must not depend on the number of threads. */
static size_t next_round(size_t n_done, size_t n_most) {
    size_t more = n_done / 4 > ES_LEAST_REPLICATIONS ? n_done / 4 : (size_t)ES_LEAST_REPLICATIONS;
    return n_most - n_done > more ? n_done + more : n_most;
}

/* Runs replications until there are enough. */
static es_status run_all(struct crew *crew) {
    const struct stop_rule *rule = &crew->setting.plan->stop;
    size_t n_most = crew->results.n_most, n_done = 0;
    es_status status = ES_OK;
    do {
        n_done = rule->wanted ? next_round(n_done, n_most) : n_most;
        status = crew_run(crew, n_done);
        if (status == ES_OK)
            results_summarise(&crew->results, n_done, crew->batches);
    } while (status == ES_OK && n_done < n_most && !results_suffice(&crew->results, rule));
    return status;
}

static void fill_report(const struct crew *crew, es_run_report *report) {
    report->n_replications = crew->results.summary.n_replications;
    for (size_t p = 0; p < crew->results.n_policies; p++)
        report->n_saturated += crew->results.summary.figures[p][ES_SUMMARY_saturated] > 0;
}

es_status es_plan_run(const es_plan *plan, const es_run_options *options, es_run_report *report,
                      es_errors *errors) {
    struct crew crew;
    struct record_storage storage = {0};
    es_run_record record;
    bool opened = false, manned = false;
    *report = (es_run_report){.n_policies = plan->n_policies};
    es_status status = record_plan(plan, &storage, &record, errors);
    if (status == ES_OK) {
        status = crew_init(&crew, plan, options, &record, report, errors);
        manned = true;
    }
    if (status == ES_OK) {
        status = options->sink->open(&record, options->output, options->replace, &crew.setting.sink,
                                     errors);
        opened = status == ES_OK;
    }
    if (status == ES_OK)
        status = run_all(&crew);
    if (status == ES_OK)
        fill_report(&crew, report);
    if (status == ES_OK && options->summarised != NULL)
        status = options->summarised(options->context, &record, &crew.results.summary, errors);
    if (status == ES_OK)
        status = options->sink->publish(crew.setting.sink, &crew.results.summary, errors);
    if (opened)
        options->sink->close(crew.setting.sink);
    if (manned)
        crew_fini(&crew);
    record_fini(&storage);
    return status;
}
