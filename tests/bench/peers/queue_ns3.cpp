// The models with the event list of ns-3, its priority queue (the faster one of its schedulers
// here).
#include "tandem.h"

#include <ns3/core-module.h>

static void occur(uint32_t slot) {
    happen(slot, ns3::Simulator::Now().GetNanoSeconds());
}

static void schedule(uint32_t slot, int64_t at_ns) {
    ns3::Simulator::Schedule(ns3::NanoSeconds(at_ns) - ns3::Simulator::Now(), &occur, slot);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    ns3::ObjectFactory scheduler("ns3::PriorityQueueScheduler");
    ns3::Simulator::SetScheduler(scheduler);
    model_create(static_cast<uint32_t>(atol(argv[1])), atoll(argv[2]));
    double start_s = cpu_s();
    model_begin();
    ns3::Simulator::Run();
    model_report(start_s);
    ns3::Simulator::Destroy();
}
