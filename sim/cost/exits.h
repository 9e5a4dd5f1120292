/* What requests cost that leave a network before its end (private). */
#ifndef SIM_COST_EXITS_H
#define SIM_COST_EXITS_H

#include "edgesplit/cost.h"

/* Makes the one table of `cost`, which is that of the network without exits, the expected one of
 * the network with them. `heads_s` and `tails_s` [n_cuts] are as profiled, without coding.
 * ES_INVALID: no times at an exit; ES_NO_MEMORY. O(n_exits^2 n_cuts). */
ES_NODISCARD es_status exits_create(es_cost *cost, const es_cost_options *options,
                                    const double *heads_s, const double *tails_s,
                                    es_errors *errors);
void exits_destroy(struct es_exit_tables *exits);

#endif
