/* The event engine: a clock and a fixed set of slots, each holding at most one pending event.
 *
 * An entity that waits for something owns a slot; what waits behind it (a queue) is the entity's
 * own business, so that scheduling, re-timing and cancelling are one and the same operation and
 * nothing is ever allocated. Events come in the total order (time, slot). The model numbers its
 * slots by (event class, entity); with each entity's own first-in-first-out count that is the order
 * of SEMANTICS 4, and the order in which events were scheduled can never show in a result.
 *
 * A tournament tree over the slots: schedule, cancel and pop take O(log n_slots) without a
 * data-dependent branch per event kind. Memory: 24 bytes a slot. */
#ifndef EDGESPLIT_ENGINE_H
#define EDGESPLIT_ENGINE_H

#include "edgesplit/time.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct es_engine es_engine;

/* Creates an engine whose clock stands at 0, with slots 0 .. n_slots - 1, all idle. ES_NO_MEMORY.
 */
ES_NODISCARD es_status es_engine_create(size_t n_slots, es_engine **engine);
void es_engine_destroy(es_engine *engine);

/* The time of the event in hand. */
es_time es_engine_now(const es_engine *engine);

/* The number of events popped so far. */
uint64_t es_engine_n_events(const es_engine *engine);

/* Times the slot's event, replacing what was pending there, whose time it returns (ES_TIME_NEVER:
 * nothing). `at` must not lie before the clock; ES_TIME_NEVER cancels. */
es_time es_engine_schedule(es_engine *engine, size_t slot, es_time at);

/* The time the slot's event is pending for; ES_TIME_NEVER if it is idle. */
es_time es_engine_pending(const es_engine *engine, size_t slot);

/* Takes the earliest event: advances the clock to it, makes its slot idle and stores the slot.
 * False when no event is pending; the clock then stays. */
bool es_engine_pop(es_engine *engine, size_t *slot);

/* A guess, while an event is in hand, whose slot is popped next: for those who would have what
 * belongs to it fetched from memory in good time. Right but for about 64 in n_slots of all events,
 * and for what is yet to be scheduled. O(log n_slots). */
size_t es_engine_foresee(const es_engine *engine);

#endif
