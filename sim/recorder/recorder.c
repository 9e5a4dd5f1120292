#include "edgesplit/recorder.h"

const char *es_station_text(es_station station) {
    static const char *const texts[ES_N_STATIONS] = {"device",   "uplink",   "server",
                                                     "downlink", "backhaul", "cloud"};
    return texts[station];
}
