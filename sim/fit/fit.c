#include "edgesplit/fit.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "fitter.h"

#include <math.h>
#include <string.h>

static const es_fitter *const fitters[] = {
#define ES_FITTER(symbol) &es_fitter_##symbol,
#include "edgesplit/fit.def"
#undef ES_FITTER
};

enum { N_FITTERS = sizeof fitters / sizeof fitters[0] };

const char *es_fit_name(size_t i) {
    return i < N_FITTERS ? fitters[i]->generator : NULL;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return es_fit_name(i);
}

es_dimension es_fit_dimension(es_quantity quantity) {
    if (quantity == ES_BANDWIDTH)
        return ES_DIM_DATA_RATE;
    return quantity == ES_LATENCY ? ES_DIM_TIME : ES_DIM_RATIO;
}

es_status es_fit_add(es_fit *fit, const char *option, es_dimension dimension, double value,
                     double standard_error) {
    es_status status = es_reserve(&fit->parameters, &fit->capacity, fit->n_parameters + 1,
                                  sizeof *fit->parameters);
    if (status == ES_OK)
        fit->parameters[fit->n_parameters++] =
            (es_fit_parameter){option, dimension, value, standard_error};
    return status;
}

static void add_value(es_text *text, const es_fit_parameter *parameter) {
    bool rate = parameter->dimension == ES_DIM_DATA_RATE;
    const char *unit = rate                                       ? "Mbit/s"
                       : parameter->dimension == ES_DIM_TIME      ? "s"
                       : parameter->dimension == ES_DIM_FREQUENCY ? "/s"
                                                                  : "";
    es_text_add(text, "%.6g%s", rate ? parameter->value / 1e6 : parameter->value, unit);
}

/* True if the generator has to be told which quantity it makes. */
static bool makes_any(const es_fitter *fitter) {
    return (fitter->quantities & (fitter->quantities - 1)) != 0;
}

static es_status add_command(const es_fit_data *data, const es_fitter *fitter, es_fit *fit) {
    es_text text = {0};
    es_text_add(&text, "edgesplit trace make %s --seed 1 --duration %.9gs", fit->generator,
                fmin(fmax(data->span_s, 1e-3), 1e6));
    if (makes_any(fitter))
        es_text_add(&text, " --quantity %s", es_quantity_text(data->trace->quantity));
    for (size_t i = 0; i < fit->n_parameters; i++) {
        const es_fit_parameter *parameter = &fit->parameters[i];
        bool goes_on = i > 0 && strcmp(parameter[-1].option, parameter->option) == 0;
        if (goes_on)
            es_text_add(&text, ",");
        else
            es_text_add(&text, " --%s ", parameter->option);
        add_value(&text, parameter);
    }
    fit->command = text.data;
    return text.failed ? ES_NO_MEMORY : ES_OK;
}

static es_status fit_one(const es_fit_data *data, const es_fitter *fitter, es_fit *fit) {
    *fit =
        (es_fit){.generator = fitter->generator, .method = fitter->method, .ks_distance = ES_NAN};
    es_status status = fitter->estimate(data, fit);
    if (status != ES_OK || fit->refusal != NULL)
        return status;
    es_fit_judge(data, fitter, fit);
    return add_command(data, fitter, fit);
}

/* Whether a fitter is asked for and makes the quantity. */
static bool is_wanted(const es_fitter *fitter, const char *as, es_quantity quantity) {
    return (as == NULL || strcmp(as, fitter->generator) == 0) &&
           (fitter->quantities >> quantity & 1) != 0;
}

static es_status complain_name(const es_trace *trace, const char *as, es_errors *errors) {
    char names[256] = "";
    bool is_known = false;
    for (size_t i = 0, length = 0; i < N_FITTERS; i++) {
        is_known = is_known || strcmp(as, fitters[i]->generator) == 0;
        if (is_wanted(fitters[i], NULL, trace->quantity) && length < sizeof names)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                       length > 0 ? ", " : "", fitters[i]->generator);
    }
    if (is_known)
        return es_errors_add(errors, ES_USAGE, trace->path, 0,
                             "'%s' makes no %s; expected one of: %s", as,
                             es_quantity_text(trace->quantity), names);
    const char *nearest = es_nearest_name(as, N_FITTERS, name_at, NULL);
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "no generator '%.40s' can be fitted; expected one of: %s%s", as, names,
                         es_did_you_mean(nearest, "'", "'", "").text);
}

es_status es_fit_trace(const es_trace *trace, const char *as, size_t n_states, es_fits *fits,
                       es_errors *errors) {
    *fits = (es_fits){0};
    ES_REQUIRE(n_states >= 2 && n_states <= ES_FIT_MAX_STATES);
    bool any = false;
    for (size_t i = 0; i < N_FITTERS; i++)
        any = any || is_wanted(fitters[i], as, trace->quantity);
    if (!any)
        return complain_name(trace, as, errors);
    es_fit_data data;
    es_status status = es_fit_data_init(&data, trace, n_states);
    fits->fits = es_alloc(N_FITTERS, sizeof *fits->fits);
    if (fits->fits == NULL)
        status = ES_NO_MEMORY;
    for (size_t i = 0; status == ES_OK && i < N_FITTERS; i++)
        if (is_wanted(fitters[i], as, trace->quantity))
            status = fit_one(&data, fitters[i], &fits->fits[fits->n++]);
    es_fit_data_fini(&data);
    if (status == ES_INVALID)
        es_errors_add(errors, status, trace->path, 0, "nothing can be fitted to it; expected %s",
                      trace->quantity == ES_ARRIVALS ? "requests at more than one time"
                                                     : "samples that are not missing");
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, trace->path) : status;
}

void es_fits_fini(es_fits *fits) {
    for (size_t i = 0; i < fits->n; i++) {
        free(fits->fits[i].parameters);
        free(fits->fits[i].shares);
        free(fits->fits[i].command);
    }
    free(fits->fits);
    *fits = (es_fits){0};
}

double es_fit_autocorrelation_error(const es_fit *fit, double *lag_s) {
    double largest = ES_NAN;
    *lag_s = ES_NAN;
    for (size_t i = 0; i < fit->n_lags; i++) {
        double error = fabs(fit->of_trace[i] - fit->of_process[i]);
        if (!(error <= largest)) {
            largest = error;
            *lag_s = fit->lags_s[i];
        }
    }
    return largest;
}
