"""The models of tandem.h as one writes them in SimPy: a process for each station, a Store before each."""
import random
import sys
import time

import simpy

RATES_BPS = (100e6, 50e6, 20e6, 80e6, 40e6, 120e6, 60e6, 30e6, 90e6, 70e6)


def sent_s(ahead_s, now):
    position = now + ahead_s
    second = int(position)
    left_s, bits, at = second + 1 - position, 800000.0, now
    rate = RATES_BPS[second % 10]
    while bits > rate * left_s:
        bits -= rate * left_s
        at += left_s
        left_s = 1.0
        second += 1
        rate = RATES_BPS[second % 10]
    return at + bits / rate - now


class Model:
    def __init__(self, n_devices, n_requests):
        self.env, self.left, self.n_done, self.sojourns_s = simpy.Environment(), n_requests, 0, 0.0
        self.dice = random.Random(1)
        waiting = simpy.Store(self.env)
        for i in range(n_devices):
            computing, sending = simpy.Store(self.env), simpy.Store(self.env)
            self.env.process(self.arrivals(computing, 60.0))
            self.env.process(self.station(computing, lambda now: 0.01, sending.put))
            self.env.process(self.station(sending, lambda now, ahead_s=0.137 * i: sent_s(ahead_s, now), waiting.put))
        if n_devices == 0:
            self.env.process(self.arrivals(waiting, 0.9))
        rate = 1 / 0.003 if n_devices else 1.0
        for _ in range(n_devices // 4 + 1):
            self.env.process(self.station(waiting, lambda now: self.dice.expovariate(rate), self.leave))

    def arrivals(self, to, rate):
        while True:
            yield self.env.timeout(self.dice.expovariate(rate))
            if self.left == 0:
                return
            self.left -= 1
            to.put(self.env.now)

    def station(self, queue, service_s, done):
        while True:
            arrival = yield queue.get()
            yield self.env.timeout(service_s(self.env.now))
            done(arrival)

    def leave(self, arrival):
        self.n_done += 1
        self.sojourns_s += self.env.now - arrival


if __name__ == "__main__":
    model = Model(int(sys.argv[1]), int(sys.argv[2]))
    start_s = time.process_time()
    model.env.run()
    print(model.n_done, f"{time.process_time() - start_s:.9f} {model.sojourns_s / model.n_done:.9g}")
