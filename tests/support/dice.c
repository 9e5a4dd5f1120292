#include "dice.h"

uint64_t roll(struct dice *dice) {
    uint64_t z = dice->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

int64_t roll_between(struct dice *dice, int64_t least, int64_t most) {
    return least + (int64_t)(roll(dice) % (uint64_t)(most - least + 1));
}

double roll_real(struct dice *dice) {
    return (double)(roll(dice) >> 11) * 0x1p-53;
}

bool roll_chance(struct dice *dice, int percent) {
    return roll_between(dice, 1, 100) <= percent;
}
