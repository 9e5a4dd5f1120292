"""The system of edgesplit once more, in SimPy: written from what its documents say it computes, not from its sources.

Times are whole nanoseconds, work is counted in units times nanoseconds with Python's exact numbers, and a piece of work ends
at the first nanosecond by which it is done. Nothing is random.
"""
import collections
from dataclasses import dataclass, field
from fractions import Fraction

import simpy
from piecewise import SECOND, Rate, constant

AFTERMATH = 30 * SECOND  # jobs of others go on coming so long after the last arrival
MOST_DEVICES = 1000
COMPLETED, LATE, DROPPED, UNFINISHED = range(4)


@dataclass
class Link:
    rate: Rate  # bit/s; None: what is sent takes no time
    discipline: str = "fifo"
    sharing: str = "own"
    stagger: int = 0
    propagation: int = 0
    delay: Rate = None  # ns, instead of propagation


@dataclass
class Group:
    name: str
    n_devices: int
    heads: dict  # batch -> [ns] per cut, coding included
    tails: dict
    sent: dict  # batch -> [bytes] per cut
    uplink: Link
    downlink: Link
    result: int = 0  # bytes per image
    batches: tuple = (1,)
    period: Fraction = None  # ns between the arrivals of a device
    arrivals: tuple = None  # instead: (time, batch or None, deadline or None), the devices taking turns
    arrivals_repeat: int = 0  # that list again after so long; 0: once
    population: int = 0  # closed: sources per device
    think: int = 0
    switch_cost: int = 0
    deadline: int = None
    drop_late: bool = False
    # Three tiers: a cut is a pair of boundaries; what the server computes of it is in `tails`.
    pairs: tuple = None  # (first, second) per cut
    clouds: dict = None  # batch -> [ns] per cut
    forwarded: dict = None  # batch -> [bytes] per cut, from the server to the cloud
    exits: tuple = ()  # of Exit, in the order of their cuts
    end_accuracy: float = None
    coding: list = None  # with exits: (ns to encode, to decode) per cut, of which heads and tails have none

    def short_head(self, cut, last):
        """(head, whether it leaves there) of a request that leaves at exit number `last`; the end is number len(exits)."""
        leaves = last < len(self.exits) and self.exits[last].cut <= cut
        ran = self.exits[last].cut if leaves else cut
        by = sum(exit.device_time for exit in self.exits[:last + 1] if exit.cut <= cut)
        at_end = cut == len(self.heads[1]) - 1
        return self.heads[1][ran] + by + (0 if leaves else self.coding[cut][0]), leaves or at_end

    def short_tail(self, cut, last):
        left_out = self.tails[1][self.exits[last].cut] if last < len(self.exits) else 0
        by = sum(exit.server_time for exit in self.exits[:last + 1] if exit.cut > cut)
        return self.tails[1][cut] - left_out + by + self.coding[cut][1]

    def shares(self, last):
        """The share of the requests that leave at each exit if all do at number `last` at the latest."""
        shares = [exit.share for exit in self.exits[:last]]
        return shares + [1 - sum(shares)]

    def accuracy_up_to(self, last):
        accuracies = [exit.accuracy for exit in self.exits] + [self.end_accuracy]
        return sum(share * accuracy for share, accuracy in zip(self.shares(last), accuracies))


@dataclass
class Exit:
    cut: int
    share: Fraction
    accuracy: Fraction
    device_time: int
    server_time: int


@dataclass
class Server:
    capacity: Rate = field(default_factory=lambda: constant(SECOND))
    discipline: str = "fifo"
    n: int = 1
    max_batch: int = 0
    max_wait: int = 0
    background: tuple = ()  # times at which jobs of others come
    background_repeat: int = 0
    background_time: int = 0


@dataclass
class System:
    groups: list
    server: Server
    duration: int = None  # requests arrive before it
    steps: int = None  # and so many at most
    cloud: Server = None  # three tiers: behind
    backhaul: Link = None


@dataclass
class Policy:
    name: str
    kind: str  # "device", "offload", "static", "dynamic", "early"
    cut: int = 0
    queue_aware: bool = False


class Dropped(Exception):
    pass


class Request:
    """What is known of a request; `status` UNFINISHED until it leaves."""

    def __init__(self, group, arrival, batch, deadline):
        self.group, self.arrival, self.batch, self.deadline = group, arrival, batch, deadline
        self.cut, self.status, self.latency, self.bytes = 0, UNFINISHED, None, 0
        self.head = self.device_wait = self.uplink_wait = self.uplink = 0
        self.server_wait = self.tail = self.downlink = 0
        self.backhaul_wait = self.backhaul = self.backhaul_bytes = self.cloud_wait = self.cloud = 0

    def is_called(self, now):
        """It would start service now."""
        if self.group.drop_late and self.is_late(now):
            raise Dropped

    def is_late(self, now):
        return self.deadline is not None and now - self.arrival > self.deadline


class Job(Request):
    """One of others, at the server."""

    def __init__(self, work):
        self.work, self.group, self.cut, self.batch, self.number = work, None, None, 1, -1

    def is_called(self, now):
        pass


# What happens at the same time: first what goes on within an event, then completions at the stations along the path, at the
# ends of delays, a batch that waits no longer, arrivals; of each by device.
AT_ONCE = simpy.events.URGENT
(DEVICE, UPLINK, SERVER, BACKHAUL, CLOUD, DOWNLINK, UPLINK_DELAY, BACKHAUL_DELAY, BACKHAUL_RETURN, DOWNLINK_DELAY, BATCHES,
 ARRIVALS) = range(1, 13)


def occur(env, at, priority, device=0):
    """The event that something happens then; SimPy's own calls leave no choice of the priority."""
    event = env.event()
    event._ok, event._value = True, None
    env.schedule(event, priority + device / MOST_DEVICES, at - env.now)
    return event


def until(env, end, priority, device=0):
    """Waits for the end of something, or for ever. What takes no time is over before anything else happens."""
    if end != env.now:
        yield env.never if end is None else occur(env, end, priority, device)


def wake(event):
    """Whoever waits for it goes on next, as part of what woke it."""
    event._ok, event._value = True, None
    event.env.schedule(event, AT_ONCE)


class Fifo:
    """`n` servers before one queue, each working at the whole rate."""

    def __init__(self, env, rate, priority, device=0, n=1):
        self.env, self.rate, self.priority, self.device = env, rate, priority, device
        self.idle, self.queue = n, collections.deque()
        self.begun = None  # with one server: since when it serves

    def serve(self, request, work, wait):
        """Returns the time of service; the time before it becomes the request's `wait`, the name of a field."""
        joined = self.env.now
        if self.idle == 0:
            turn = self.env.event()
            self.queue.append(turn)
            yield turn
        else:
            self.idle -= 1
        try:
            request.is_called(self.env.now)
            begun = self.begun = self.env.now
            setattr(request, wait, begun - joined)
            yield from until(self.env, self.rate.finish(begun, work), self.priority, self.device)
            return self.env.now - begun
        finally:
            self.begun = None
            if self.queue:
                wake(self.queue.popleft())
            else:
                self.idle += 1


class Sharing:
    """Processor sharing. `given` is the work that a job has got which was there from the beginning; a job leaves when it
    has grown by the work of the job; of several at once, in the order in which they arrived at their devices."""

    def __init__(self, env, rate, priority, device=0):
        self.env, self.rate, self.priority, self.device = env, rate, priority, device
        self.given, self.since, self.jobs, self.plan = Fraction(0), 0, [], 0

    def serve(self, request, work, wait):
        joined = self.env.now
        request.is_called(joined)
        self.advance()
        done = self.env.event()
        self.jobs.append((self.given + work, request.number, done))
        self.look_ahead()
        yield done
        return self.env.now - joined

    def advance(self):
        if self.jobs:
            self.given += Fraction(self.rate.done_between(self.since, self.env.now), len(self.jobs))
        self.since = self.env.now

    def look_ahead(self):
        self.plan += 1
        if self.jobs:
            least = min(job[0] for job in self.jobs)
            self.env.process(self.end(self.plan, self.rate.finish(self.env.now, (least - self.given) * len(self.jobs))))

    def end(self, plan, at):
        yield from until(self.env, at, self.priority, self.device)
        if plan != self.plan:  # somebody has come or gone
            return
        self.advance()
        for _, _, done in sorted((job for job in self.jobs if job[0] <= self.given), key=lambda job: job[1]):
            wake(done)
        self.jobs = [job for job in self.jobs if job[0] > self.given]
        self.look_ahead()


@dataclass(eq=False)
class Waiting:
    request: Request
    joined: int
    work: int
    wait: str
    done: simpy.Event
    begun: int = None


class Batching:
    """Fifo servers that merge what waits: requests of the first one's group and cut, in the order of the queue, as long as
    they fit; up to `max_wait` is waited for more."""

    def __init__(self, env, server):
        self.env, self.server, self.idle, self.queue, self.plan = env, server, server.n, [], 0

    def serve(self, request, work, wait):
        entry = Waiting(request, self.env.now, work, wait, self.env.event())
        self.queue.append(entry)
        self.dispatch()
        yield entry.done
        if entry.begun is None:
            raise Dropped
        return self.env.now - entry.begun

    def begins(self, entry):
        """Whether a request that is called is not too late; if it is, it leaves."""
        try:
            entry.request.is_called(self.env.now)
            return True
        except Dropped:
            self.queue.remove(entry)
            wake(entry.done)
            return False

    def gather(self):
        """The first one and those that join it, with their images; None if nobody waits."""
        while self.queue and not self.begins(self.queue[0]):
            pass
        if not self.queue:
            return None, 0
        first = self.queue[0].request
        batch, images = [self.queue[0]], first.batch
        for entry in self.queue[1:]:
            other = entry.request
            if (first.group is not None and other.group is first.group and other.cut == first.cut
                    and images + other.batch <= self.server.max_batch and self.begins(entry)):
                batch.append(entry)
                images += other.batch
        return batch, images

    def dispatch(self):
        self.plan += 1
        while self.queue and self.idle > 0:
            batch, images = self.gather()
            if batch is None:
                return
            first = batch[0].request
            full_at = batch[0].joined + self.server.max_wait
            if first.group is not None and images < self.server.max_batch and self.env.now < full_at:
                self.env.process(self.look_again(self.plan, full_at))
                return
            self.queue = [entry for entry in self.queue if entry not in batch]
            self.idle -= 1
            work = batch[0].work if first.group is None else first.group.tails[images][first.cut] * SECOND
            self.env.process(self.run(batch, work))

    def look_again(self, plan, at):
        yield from until(self.env, at, BATCHES)
        if plan == self.plan:
            self.dispatch()

    def run(self, batch, work):
        for entry in batch:
            entry.begun = self.env.now
            setattr(entry.request, entry.wait, entry.begun - entry.joined)
        yield from until(self.env, self.server.capacity.finish(self.env.now, work), SERVER)
        for entry in batch:
            wake(entry.done)
        self.idle += 1
        self.dispatch()


class Path:
    """A link and the delay behind it, in which nothing overtakes."""

    def __init__(self, env, way, link, index, number):
        self.env, self.link, self.last, self.number = env, link, 0, number
        priority, self.delay_priority = {"uplink": (UPLINK, UPLINK_DELAY), "downlink": (DOWNLINK, DOWNLINK_DELAY),
                                         "backhaul": (BACKHAUL, BACKHAUL_DELAY)}[way]
        self.rate = link.rate
        if link.rate is not None:
            if link.stagger:
                self.rate = Rate(link.rate.starts, link.rate.values, link.rate.span, link.rate.at_end,
                                 link.rate.ahead + index * link.stagger)
            self.station = (Sharing if link.discipline == "ps" else Fifo)(env, self.rate, priority, number)
        self.in_hand = 0  # transfers under way
        self.accepted_bits = 0  # of requests that were promised to the link and are not sent yet

    def send(self, request, n_bytes, wait):
        """Returns the time of the transfer."""
        if self.rate is None:
            return 0
        self.in_hand += 1
        try:
            return (yield from self.station.serve(request, n_bytes * 8 * SECOND, wait))
        finally:
            self.in_hand -= 1

    def not_sent(self):
        """Bits that the fifo link has still to send of all that it was promised."""
        begun, now = self.station.begun, self.env.now
        return self.accepted_bits - (Fraction(self.rate.done_between(begun, now), SECOND) if begun is not None else 0)

    def cross(self, propagation):
        start = self.env.now
        if self.link.delay is not None:
            propagation = self.link.delay.at(start)
            self.last = max(self.last, start + propagation)
            propagation = self.last - start
        yield from until(self.env, start + propagation, self.delay_priority, self.number)
        return propagation


class Device:
    def __init__(self, world, group, index, number):
        env = world.env
        self.world, self.group, self.index, self.number = world, group, index, number
        self.processor = Fifo(env, constant(SECOND), DEVICE, number)
        self.uplink, self.downlink = (world.path(way, group, index, number) for way in ("uplink", "downlink"))
        self.rows, self.previous, self.free_at = [], None, 0
        self.drawn = world.drawn[number] if world.drawn is not None else None

    # What arrives

    def start(self):
        env = self.world.env
        if self.group.population:
            for _ in range(self.group.population):
                env.process(self.source())
        else:
            env.process(self.arrivals())

    def arrival_times(self):
        group, n = self.group, self.group.n_devices
        if group.arrivals is None:
            k = 0
            while True:
                yield round((k + Fraction(self.index, n)) * group.period), None, None
                k += 1
        k = self.index
        while True:
            turn, i = divmod(k, len(group.arrivals))
            if turn > 0 and not group.arrivals_repeat:
                return
            at, batch, deadline = group.arrivals[i]
            yield at + turn * group.arrivals_repeat, batch, deadline
            k += n

    def arrival(self, at):
        return occur(self.world.env, at, ARRIVALS, self.number)

    def arrivals(self):
        for at, batch, deadline in self.arrival_times():
            yield self.arrival(at)
            if not self.world.admits():
                return
            self.world.env.process(self.life(batch, deadline))

    def source(self):
        yield self.arrival(0)
        while self.world.admits():
            yield from self.life(None, None)
            yield self.arrival(self.world.env.now + self.group.think)

    # A request

    def life(self, batch, deadline):
        now = self.world.env.now
        if batch is None:
            batch = self.group.batches[len(self.rows) % len(self.group.batches)]
        request = Request(self.group, now, batch, self.group.deadline if deadline is None else deadline)
        self.rows.append(request)
        request.number = self.world.n_admitted
        self.choose(request)
        try:
            yield from self.pass_stations(request)
            now = self.world.env.now
            request.latency = now - request.arrival
            request.status = LATE if request.is_late(now) else COMPLETED
        except Dropped:
            request.status = DROPPED
            self.take_back(request)

    def choose(self, request):
        group = self.group
        request.cut = self.world.choose(self, request)
        request.head_work = group.heads[request.batch][request.cut]
        request.stays = request.cut == len(group.heads[request.batch]) - 1
        request.tail_work = group.tails[request.batch][request.cut]
        if group.exits:
            exit = self.drawn[len(self.rows) - 1]
            request.head_work, request.stays = group.short_head(request.cut, exit)
            request.tail_work = 0 if request.stays else group.short_tail(request.cut, exit)
        if self.previous not in (None, request.cut):
            request.head_work += self.group.switch_cost
        self.previous = request.cut
        self.free_at = max(self.free_at, request.arrival) + request.head_work
        request.promised_bits = 8 * group.sent[request.batch][request.cut]  # 0 at the last cut
        self.uplink.accepted_bits += request.promised_bits

    def take_back(self, request):
        """What a dropped request will not ask of device and uplink any more."""
        self.free_at -= request.head_work
        self.uplink.accepted_bits -= request.promised_bits

    def pass_stations(self, request):
        group, batch, cut = self.group, request.batch, request.cut
        request.head = yield from self.processor.serve(request, request.head_work * SECOND, "device_wait")
        request.head_work = 0
        if request.stays:
            return
        n_bytes, env = group.sent[batch][cut], self.world.env
        request.uplink = yield from self.uplink.send(request, n_bytes, "uplink_wait")
        self.uplink.accepted_bits -= request.promised_bits
        request.bytes, request.promised_bits = n_bytes, 0
        request.uplink += yield from self.uplink.cross(group.uplink.propagation)
        if group.pairs is None or group.pairs[cut][0] < group.pairs[cut][1]:
            request.tail = yield from self.world.server.serve(request, request.tail_work * SECOND, "server_wait")
        if group.pairs is not None and group.pairs[cut][1] < group.pairs[-1][1]:
            yield from self.go_beyond(request)
            request.downlink = yield from self.come_back()
        start = env.now
        yield from self.downlink.send(request, group.result * batch, "downlink_wait")
        yield from self.downlink.cross(group.downlink.propagation)
        request.downlink += env.now - start


    def go_beyond(self, request):
        """Over the backhaul to the cloud."""
        group, world, n_bytes = self.group, self.world, self.group.forwarded[request.batch][request.cut]
        propagation = world.system.backhaul.propagation
        request.backhaul = yield from world.backhaul.send(request, n_bytes, "backhaul_wait")
        request.backhaul_bytes = n_bytes
        request.backhaul += yield from world.backhaul.cross(propagation)
        work = group.clouds[request.batch][request.cut] * SECOND
        request.cloud = yield from world.cloud.serve(request, work, "cloud_wait")

    def come_back(self):
        env, propagation = self.world.env, self.world.system.backhaul.propagation
        yield from until(env, env.now + propagation, BACKHAUL_RETURN)
        return propagation


class World:
    """One policy on one system. `drawn` [device][request]: the exits, which edgesplit has drawn."""

    def __init__(self, system, policy, drawn=None):
        self.drawn = drawn
        self.env, self.system, self.policy = simpy.Environment(), system, policy
        self.n_admitted, self.paths = 0, {}
        self.env.never = self.env.event()
        server = system.server
        if server.discipline == "ps":
            self.server = Sharing(self.env, server.capacity, SERVER)
        elif server.max_batch:
            self.server = Batching(self.env, server)
        else:
            self.server = Fifo(self.env, server.capacity, SERVER, n=server.n)
        if system.cloud is not None:
            self.backhaul = Path(self.env, "backhaul", system.backhaul, 0, 0)
            self.cloud = (Sharing(self.env, system.cloud.capacity, CLOUD) if system.cloud.discipline == "ps"
                          else Fifo(self.env, system.cloud.capacity, CLOUD, n=system.cloud.n))
        self.devices = []
        for group in system.groups:
            for i in range(group.n_devices):
                self.devices.append(Device(self, group, i, len(self.devices)))

    def path(self, way, group, index, number):
        link = getattr(group, way)
        key = {"own": (way, group.name, index), "group": (way, group.name), "all": way}[link.sharing]
        if key not in self.paths:
            own = link.sharing == "own"
            self.paths[key] = Path(self.env, way, link, index if own else 0, number)
        return self.paths[key]

    def admits(self):
        """Whether a request that comes now is one."""
        system = self.system
        if system.duration is not None and self.env.now >= system.duration:
            return False
        if system.steps is not None and self.n_admitted >= system.steps:
            return False
        self.n_admitted += 1
        return True

    def background(self):
        server, turn = self.system.server, 0
        while server.background:
            for at in server.background:
                yield from until(self.env, at + turn * server.background_repeat, ARRIVALS, MOST_DEVICES - 1)
                if self.env.now >= self.system.duration + AFTERMATH:
                    return
                work = server.background_time * SECOND
                self.env.process(self.server.serve(Job(work), work, ""))
            turn += 1
            if not server.background_repeat:
                return

    def choose(self, device, request):
        last = len(device.group.heads[request.batch]) - 1
        kind = self.policy.kind
        if kind == "early":
            return self.most_accurate(device, request)
        if kind != "dynamic":
            return {"device": last, "offload": 0, "static": self.policy.cut}[kind]
        predicted = self.predict(device, request)
        best = min(range(last + 1), key=lambda cut: (predicted[cut], -cut))
        before = device.previous
        if before is not None and predicted[before] - predicted[best] < device.group.switch_cost:
            return before
        return best

    def most_accurate(self, device, request):
        """The cut that is expected to be the most accurate in time, with the exit that is then the last one; the fastest
        where none is."""
        group, found = device.group, []
        for last in range(len(group.exits) + 1):
            for cut, latency in enumerate(self.predict(device, request, last)):
                meets = request.deadline is None or latency <= request.deadline
                found.append((meets, group.accuracy_up_to(last) if meets else 0, -latency, last, cut))
        *_, last, cut = max(found)
        if device.drawn[len(device.rows) - 1] > last:
            raise ValueError(f"a request leaves behind exit {last}")
        return cut

    def predict(self, device, request, last=None):
        """Latency by each cut, ns, as SEMANTICS 3 has it, the way back and delays at their means; infinite where the rate or
        the server's capacity is 0."""
        group, now = device.group, self.env.now
        heads, tails = group.heads[request.batch], group.tails[request.batch]
        rate, capacity = device.uplink.rate.at(now), self.system.server.capacity.at(now)
        wait = backlog = 0
        if self.policy.queue_aware:
            wait = max(device.free_at - now, 0)
            if group.uplink.discipline == "fifo":
                backlog = device.uplink.not_sent()
            else:
                rate = Fraction(rate, device.uplink.in_hand + 1)
        delay = sum(link.delay.mean() if link.delay is not None else link.propagation
                    for link in (group.uplink, group.downlink))
        if device.downlink.rate is not None:
            delay += Fraction(8 * group.result * request.batch * SECOND) / device.downlink.rate.mean()
        if group.exits:
            return [self.expect(device, request, cut, len(group.exits) if last is None else last, rate, capacity, delay)
                    for cut in range(len(heads))]
        latencies = []
        for cut, (head, tail, n_bytes) in enumerate(zip(heads, tails, group.sent[request.batch])):
            if cut == len(heads) - 1:
                latencies.append(wait + head)
            elif rate == 0 or (capacity == 0 and (tail > 0 or group.pairs is None)):
                latencies.append(float("inf"))
            else:
                sent = max(wait + head, Fraction(backlog * SECOND) / rate)
                served = Fraction(tail * SECOND, capacity) if tail > 0 else 0
                latencies.append(sent + delay + Fraction(8 * n_bytes * SECOND) / rate + served + self.predict_beyond(request, cut))
        return latencies

    def predict_beyond(self, request, cut):
        """What a cut takes behind the server, ns."""
        group, system, now = request.group, self.system, self.env.now
        if group.pairs is None or group.pairs[cut][1] == group.pairs[-1][1]:
            return 0
        rate, capacity = system.backhaul.rate.at(now), system.cloud.capacity.at(now)
        cloud = group.clouds[request.batch][cut]
        if rate == 0 or (capacity == 0 and cloud > 0):
            return float("inf")
        return (2 * system.backhaul.propagation + Fraction(8 * group.forwarded[request.batch][cut] * SECOND) / rate
                + (Fraction(cloud * SECOND, capacity) if cloud > 0 else 0))

    def expect(self, device, request, cut, last, rate, capacity, delay):
        """The mean over the exits that requests take which leave at exit `last` at the latest."""
        group, latency = device.group, 0
        for exit, share in enumerate(group.shares(last)):
            head, stays = group.short_head(cut, exit)
            latency += share * head
            if share == 0 or stays:
                continue
            if rate == 0 or capacity == 0:
                return float("inf")
            latency += share * (delay + Fraction(8 * group.sent[1][cut] * SECOND) / rate
                                + Fraction(group.short_tail(cut, exit) * SECOND, capacity))
        return latency

    def run(self):
        """[device][request] in the order of their arrival."""
        for device in self.devices:
            device.start()
        self.env.process(self.background())
        self.env.run()
        return [device.rows for device in self.devices]
