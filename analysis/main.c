/* edgesplit-analysis: reports on result files. `edgesplit` hands its commands `summary` and `plot`
 * over. */
#include "reports.h"

static const es_command *const commands[] = {
#define ES_REPORT(name) &es_report_##name,
#include "report.def"
#undef ES_REPORT
    &es_help_command,
    NULL,
};

static const es_program program = {
    .name = "edgesplit-analysis",
    .front = "edgesplit",
    .summary = "reports on the results of edgesplit",
    .see_also = "edgesplit (1)",
    .commands = commands,
};

int main(int argc, char **argv) {
    return es_program_main(&program, NULL, argc, argv);
}
