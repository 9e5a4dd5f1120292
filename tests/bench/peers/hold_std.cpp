// The hold model with the event lists of the C++ library: bench_hold_std queue|map SLOTS.
#include "hold.h"

#include <cstring>
#include <map>
#include <queue>
#include <vector>

namespace {
struct event {
    int64_t at_ns;
    uint32_t slot;
    bool operator<(const event &other) const {
        return at_ns != other.at_ns ? at_ns > other.at_ns : slot > other.slot;
    }
};

void hold_queue(uint32_t n) {
    std::priority_queue<event> events;
    int64_t now_ns = 0;
    for (uint32_t slot = 0; slot < n; slot++)
        events.push({increments_ns[slot % N_INCREMENTS], slot});
    double start_s = cpu_s();
    for (int i = 0; i < N_EVENTS; i++) {
        event first = events.top();
        events.pop();
        now_ns = first.at_ns;
        events.push({now_ns + increments_ns[i % N_INCREMENTS], first.slot});
    }
    report(start_s, now_ns);
}

void hold_map(uint32_t n) {
    std::map<std::pair<int64_t, uint32_t>, uint32_t> events;
    int64_t now_ns = 0;
    for (uint32_t slot = 0; slot < n; slot++)
        events[{increments_ns[slot % N_INCREMENTS], slot}] = slot;
    double start_s = cpu_s();
    for (int i = 0; i < N_EVENTS; i++) {
        uint32_t slot = events.begin()->second;
        now_ns = events.begin()->first.first;
        events.erase(events.begin());
        events[{now_ns + increments_ns[i % N_INCREMENTS], slot}] = slot;
    }
    report(start_s, now_ns);
}
} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    fill_increments();
    uint32_t n = static_cast<uint32_t>(atol(argv[2]));
    if (strcmp(argv[1], "map") == 0)
        hold_map(n);
    else
        hold_queue(n);
}
