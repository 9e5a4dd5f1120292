/* Worlds whose requests are sent ahead (private): where nothing that comes later changes what a
 * request meets, that is told at once instead of event by event, with the same results to the bit.
 *
 * What a request meets on its device and its own uplink is known when it arrives, and what it meets
 * from the server on when it gets there: the requests of all devices come to the server one by one
 * in the order of these events, the only ones but arrivals; a single device needs no more than
 * arrivals. Stations follow steps.h, and k servers the recursion of J. Kiefer and J. Wolfowitz ("On
 * the theory of queues with many servers", 1955): a request begins at the earliest time that one of
 * them is free. */
#ifndef SIM_WORLD_EXPRESS_H
#define SIM_WORLD_EXPRESS_H

#include "system.h"

/* Whether all of a world's requests can be sent ahead: each device has a link of its own, stations
 * take one after the other, delays are constant, nobody comes but requests from outside, and nobody
 * decides by what queues up or is learnt. */
bool express_may(const es_world *world);

/* ES_NO_MEMORY. */
es_status express_create(es_world *world);
void express_destroy(struct express *express);

/* Numbers the slots from 0 on: those of the requests that are on their way to the server, in the
 * order in which they get there at the same time. Returns how many there are. */
size_t express_slots(const es_world *world);

/* The device of such a slot. */
size_t express_device(const es_world *world, size_t slot);

/* Sends a request whose cut is chosen on its way. */
void express_send(es_world *world, uint32_t index);

es_status express_run(es_world *world);

#endif
