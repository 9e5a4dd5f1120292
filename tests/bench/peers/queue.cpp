// The models with the event list of the C++ library.
#include "tandem.h"

#include <queue>
#include <vector>

namespace {
struct event {
    int64_t at_ns;
    uint32_t slot;
    bool operator<(const event &other) const { return at_ns > other.at_ns; }
};
std::priority_queue<event> events;
} // namespace

static void schedule(uint32_t slot, int64_t at_ns) {
    events.push({at_ns, slot});
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    model_create(static_cast<uint32_t>(atol(argv[1])), atoll(argv[2]));
    double start_s = cpu_s();
    model_begin();
    while (!events.empty()) {
        event first = events.top();
        events.pop();
        happen(first.slot, first.at_ns);
    }
    model_report(start_s);
}
