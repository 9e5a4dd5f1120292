/* The special numbers as doubles: those of <math.h> are floats. */
#ifndef EDGESPLIT_NUMBER_H
#define EDGESPLIT_NUMBER_H

#include <math.h>

#define ES_NAN      ((double)NAN)      /* not known, or does not apply */
#define ES_INFINITY ((double)INFINITY) /* never */

#endif
