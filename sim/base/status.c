#include "edgesplit/status.h"

static const struct {
    int exit_code;
    const char *text;
} statuses[] = {
#define ES_STATUS(name, exit_code, text) {exit_code, text},
#include "edgesplit/status.def"
#undef ES_STATUS
};

const char *es_status_text(es_status status) {
    return statuses[status].text;
}

int es_status_exit_code(es_status status) {
    return statuses[status].exit_code;
}
