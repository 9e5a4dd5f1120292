#include "numbers.h"

#include <stdlib.h>
#include <string.h>

es_status parse_number(const es_arguments *arguments, const char *option, es_dimension dimension,
                       double least, double *value, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL), *expected = "more";
    double found;
    if (text == NULL)
        return ES_OK;
    if (es_parse_quantity((es_slice){text, strlen(text)}, dimension, &found, &expected) == ES_OK &&
        found >= least) {
        *value = found;
        return ES_OK;
    }
    return es_arguments_mistake(arguments, errors, "--%s %s: expected %s", option, text, expected);
}

es_status parse_list(const es_arguments *arguments, const char *option, es_dimension dimension,
                     double least, double most, double **values, size_t *n, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL), *expected = NULL;
    if (text == NULL)
        return ES_OK;
    es_status status =
        es_parse_quantities((es_slice){text, strlen(text)}, dimension, values, n, &expected);
    bool good = status == ES_OK;
    for (size_t i = 0; i < *n && good; i++)
        good = (*values)[i] >= least && (*values)[i] <= most &&
               (i == 0 || (*values)[i] > (*values)[i - 1]);
    if (status == ES_NO_MEMORY)
        return es_errors_no_memory(errors, NULL);
    return good ? ES_OK
                : es_arguments_mistake(arguments, errors,
                                       "--%s %s: expected rising numbers from %g to %g", option,
                                       text, least, most);
}
