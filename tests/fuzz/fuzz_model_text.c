/* The text form of networks: any bytes are either mistakes or a network that survives being
 * written. */
#include "fuzz.h"

#include "edgesplit/model.h"

#include <string.h>

/* NULL: mistakes. */
static es_model *parse(const void *data, size_t size) {
    char *bytes = malloc(size > 0 ? size : 1);
    es_model *model = NULL;
    es_errors errors;
    ES_REQUIRE(bytes != NULL);
    memcpy(bytes, data, size);
    es_errors_init(&errors);
    es_status status = es_model_parse("input", bytes, size, &model, &errors);
    ES_REQUIRE((status == ES_OK) == (model != NULL) && (status == ES_OK) == (errors.n == 0));
    free(bytes);
    return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    es_model *model = parse(data, size);
    if (model == NULL)
        return 0;
    es_text first = {0}, second = {0};
    es_model_write(model, &first);
    es_model *again = parse(first.data, first.length);
    ES_REQUIRE(again != NULL);
    es_model_write(again, &second);
    ES_REQUIRE(strcmp(first.data, second.data) == 0);
    es_model_destroy(again);
    es_model_destroy(model);
    free(second.data);
    free(first.data);
    return 0;
}
