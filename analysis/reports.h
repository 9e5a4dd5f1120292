/* Reports: something to read, made of one result file. */
#ifndef ANALYSIS_REPORTS_H
#define ANALYSIS_REPORTS_H

#include "edgesplit/options.h"

#define ES_REPORT(name) extern const es_command es_report_##name;
#include "report.def"
#undef ES_REPORT

#endif
