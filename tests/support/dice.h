/* Random numbers for tests, the same in every run. */
#ifndef TESTS_SUPPORT_DICE_H
#define TESTS_SUPPORT_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* A sequence of 64-bit numbers (SplitMix64: Steele, Lea, Flood, OOPSLA 2014). */
struct dice {
    uint64_t state;
};
uint64_t roll(struct dice *dice);
int64_t roll_between(struct dice *dice, int64_t least, int64_t most); /* both included */
double roll_real(struct dice *dice);                                  /* 0 .. 1 */
bool roll_chance(struct dice *dice, int percent);

#endif
