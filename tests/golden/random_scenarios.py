"""Random scenarios, each as a system for simpy_model and as the files that edgesplit reads; the number says which one.

Times are whole nanoseconds without any pattern, so that what happens at the same time does so for a reason, not by chance.
"""
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from simpy_model import SECOND, Exit, Group, Link, Policy, Rate, Server, System, constant

MS = 10**6
MOST_DEVICES = 20


@dataclass
class Scenario:
    number: int
    system: System
    policies: list
    files: dict  # name -> text

    def __str__(self):
        return f"scenario {self.number}\n" + "".join(f"--- {name}\n{text}" for name, text in self.files.items())


class Draw:
    """What a scenario is made of. `fleets`: several devices, processor sharing and all else that is not one fifo chain.
    `tiers`: a cloud behind the server."""

    def __init__(self, number, fleets, tiers=False, exits=False):
        self.dice = random.Random(number)
        self.fleets, self.tiers, self.exits = fleets, tiers, exits
        self.files = {}

    def chance(self, p):
        return self.dice.random() < p

    def time(self, low_ms, high_ms):
        return self.dice.randint(int(low_ms * MS), int(high_ms * MS))

    # Networks and their profiles

    def network(self, name, batches):
        """A chain of layers: its file, two profiles, and the times and elements by cut."""
        n, dice = self.dice.randint(4, 6) if self.exits else self.dice.randint(1, 4), self.dice
        elems = [dice.randint(500, 6000)] + [dice.randint(20, 6000) for _ in range(n)]
        lines = ["# edgesplit-model: 1", f"# name: {name}", "# source: made up", f"# input: {elems[0]}",
                 "index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,bias,params,macs"]
        lines += [f"{i},l{i},custom,l{i},l{i},0,{i - 1},{elems[i]},,,,,,,0,0" for i in range(1, n + 1)]
        self.files[name + ".model"] = "\n".join(lines) + "\n"
        slow = [self.time(1, 25) for _ in range(n)]
        fast = [self.time(0.2, 8) for _ in range(n)]
        faster = [self.time(0.1, 4) for _ in range(n)] if self.tiers else []
        heads, tails, clouds = {}, {}, {}
        for batch in batches:
            growth = Fraction(1 + dice.randint(30, 100) * (batch - 1), 1) / 100 + Fraction(99, 100)
            heads[batch] = [int(sum(slow[:cut]) * growth) for cut in range(n + 1)]
            tails[batch] = [int(sum(fast[cut:]) * growth) for cut in range(n + 1)]
            clouds[batch] = [int(sum(faster[cut:]) * growth) for cut in range(n + 1)]
        self.profile(name, "head", heads)
        self.profile(name, "tail", tails)
        if self.tiers:
            self.profile(name, "tail", clouds, "cloud")
        return elems, heads, tails, clouds

    def profile(self, name, kind, times, suffix=None):
        lines = [f"# model: {name}", "# kind: modelled", "# granularity: block",
                 "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems"]
        for batch, by_cut in times.items():
            whole = by_cut[-1] if kind == "head" else by_cut[0]
            lines.append(f"whole,0,,,{batch},1,{seconds(whole)},,,,,,")
            inner = range(1, len(by_cut)) if kind == "head" else range(len(by_cut) - 1)
            lines += [f"{kind},{cut},,,{batch},1,{seconds(by_cut[cut])},,,,,," for cut in inner]
        self.files[f"{name}.{suffix or kind}"] = "\n".join(lines) + "\n"

    # Traces

    def rate_trace(self, name, quantity, unit, values, to_rate, at_ends=("loop", "loop", "hold", "stop")):
        """A trace of a few pieces of the given values (texts), as a file and as what it means."""
        n, dice = self.dice.randint(2, 7), self.dice
        starts, position = [], 0
        for _ in range(n):
            starts.append(position)
            position += self.time(20, 500)
        at_end = dice.choice(at_ends)
        while True:
            drawn = [values() for _ in range(n)]
            if any(to_rate(text) > 0 for text in drawn) and (at_end != "hold" or to_rate(drawn[-1]) > 0 or self.chance(0.3)):
                break
        lines = [f"# quantity: {quantity}", f"# unit: {unit}"]
        if self.chance(0.3):
            lines.append("# hold: backward")
            rows = list(zip(starts[1:] + [position], drawn))
        else:
            lines.append(f"# duration: {seconds(position)}s")
            rows = list(zip(starts, drawn))
        lines += [f"# at_end: {at_end}", "time_s,value"] + [f"{seconds(at)},{text}" for at, text in rows]
        self.files[name] = "\n".join(lines) + "\n"
        return Rate(starts, [to_rate(text) for text in drawn], position, at_end)

    def bandwidth_trace(self, name, mean_kbit):
        outage = 0.15 if self.chance(0.5) else 0
        return self.rate_trace(
            name, "bandwidth", "kbit/s",
            lambda: "0" if self.chance(outage) else str(self.dice.randint(mean_kbit // 5, 2 * mean_kbit)),
            lambda text: int(text) * 1000)

    def arrival_trace(self, name, batches, mean_gap, n, may_coincide):
        dice, at, rows = self.dice, 0, []
        with_batches, with_deadlines = self.chance(0.5), self.chance(0.3)
        for _ in range(n):
            at += int(dice.expovariate(1) * mean_gap) if not may_coincide or self.chance(0.9) else 0
            rows.append((at, dice.choice(batches) if with_batches or with_deadlines else None,
                         self.time(20, 300) if with_deadlines and self.chance(0.6) else None))
        loops = self.chance(0.5)
        span = at + self.time(1, 50)
        lines = ["# quantity: arrivals", f"# at_end: {'loop' if loops else 'stop'}", f"# duration: {seconds(span)}s"]
        if with_deadlines:
            lines.append("time_s,batch,deadline_s")
            lines += [f"{seconds(at)},{batch},{seconds(deadline) if deadline else ''}" for at, batch, deadline in rows]
        elif with_batches:
            lines.append("time_s,batch")
            lines += [f"{seconds(at)},{batch}" for at, batch, _ in rows]
        else:
            lines.append("time_s")
            lines += [seconds(at) for at, _, _ in rows]
        self.files[name] = "\n".join(lines) + "\n"
        return tuple(rows), span if loops else 0

    # Parts of a system; each returns what it is and adds its keys to `keys`, {(section, key): text}

    def link(self, way, keys, name, mean_kbit, sharing, discipline):
        link = Link(None, discipline, sharing)
        if way == "uplink" or self.chance(0.5):
            if self.chance(0.6) and (way == "uplink" or self.fleets):
                file = f"{name}.{way}"
                link.rate = self.bandwidth_trace(file, mean_kbit)
                keys[way, "trace"] = file
                if sharing == "own" and self.fleets and self.chance(0.5):
                    link.stagger = self.time(5, 400)
                    keys[way, "stagger"] = f"{link.stagger}ns"
                if link.rate.at_end == "loop" and self.chance(0.3):
                    link.rate.ahead = self.time(1, 3000)
                    keys[way, "offset"] = f"{link.rate.ahead}ns"
            else:
                kbit = self.dice.randint(mean_kbit // 3, 2 * mean_kbit)
                link.rate = constant(kbit * 1000)
                keys[way, "rate"] = f"{kbit}kbit/s"
        if link.rate is None:
            link.discipline, link.sharing = "fifo", "own"
        elif (sharing, discipline) != ("own", "fifo"):
            keys[way, "sharing"], keys[way, "discipline"] = sharing, discipline
        return link

    def delay(self, way, keys, name, link):
        if self.fleets and link.sharing != "all" and self.chance(0.15):
            file = f"{name}.{way}-delay"
            link.delay = self.rate_trace(file, "latency", "ms", lambda: str(self.dice.randint(0, 40)),
                                         lambda text: int(text) * MS, ("loop", "hold"))
            keys[way, "propagation_trace"] = file
        elif self.chance(0.6):
            link.propagation = self.time(0.1, 20)
            keys[way, "propagation"] = f"{link.propagation}ns"

    def cloud(self, keys):
        """Returns the cloud and the backhaul."""
        cloud, backhaul = Server(), Link(None, self.dice.choice(("fifo", "ps")))
        if self.chance(0.4):
            cloud.capacity = self.rate_trace(
                "cloud.load", "load", "1", lambda: f"{self.dice.choice((0, 100, 300, 800, 1000)) / 1000:.3f}",
                lambda text: SECOND - round(float(text) * 1000) * MS)
            keys["cloud", "load_trace"] = "cloud.load"
        elif self.chance(0.5):
            percent = self.dice.randint(1, 80)
            cloud.capacity = constant((100 - percent) * 10 * MS)
            keys["cloud", "load"] = f"{percent}%"
        if self.chance(0.4):
            cloud.discipline = keys["cloud", "discipline"] = "ps"
        elif self.chance(0.5):
            cloud.n = self.dice.randint(2, 4)
            keys["cloud", "servers"] = str(cloud.n)
        if self.chance(0.5):
            backhaul.rate = self.bandwidth_trace("backhaul.rate", self.dice.randint(1000, 20000))
            keys["backhaul", "trace"] = "backhaul.rate"
        else:
            kbit = self.dice.randint(500, 20000)
            backhaul.rate = constant(kbit * 1000)
            keys["backhaul", "rate"] = f"{kbit}kbit/s"
        keys["backhaul", "discipline"] = backhaul.discipline
        if self.chance(0.7):
            backhaul.propagation = self.time(0.1, 20)
            keys["backhaul", "propagation"] = f"{backhaul.propagation}ns"
        return cloud, backhaul

    def server(self, keys):
        server = Server()
        if self.chance(0.4):
            server.capacity = self.rate_trace(
                "server.load", "load", "1", lambda: f"{self.dice.choice((0, 0, 100, 250, 500, 750, 900, 1000)) / 1000:.3f}",
                lambda text: SECOND - round(float(text) * 1000) * MS)
            keys["server", "load_trace"] = "server.load"
        elif self.chance(0.3):
            percent = self.dice.randint(1, 80)
            server.capacity = constant((100 - percent) * 10 * MS)
            keys["server", "load"] = f"{percent}%"
        if not self.fleets:
            return server
        kind = self.dice.choice(("fifo", "several", "ps") if self.exits else ("fifo", "several", "ps", "batching"))
        if kind == "several":
            server.n = self.dice.randint(2, 4)
            keys["server", "servers"] = str(server.n)
        elif kind == "ps":
            server.discipline = keys["server", "discipline"] = "ps"
        elif kind == "batching":
            server.max_batch = self.dice.randint(2, 8)
            keys["server", "max_batch"] = str(server.max_batch)
            if self.chance(0.7):
                server.max_wait = self.time(1, 40)
                keys["server", "max_wait"] = f"{server.max_wait}ns"
        if self.chance(0.25):
            rows, repeat = self.arrival_trace("background.arrivals", (1,), 40 * MS, 12, True)
            server.background, server.background_repeat = tuple(row[0] for row in rows), repeat
            server.background_time = self.time(0.5, 15)
            keys["server", "background_trace"] = "background.arrivals"
            keys["server", "background_time"] = f"{server.background_time}ns"
        return server

    def transfer(self, keys):
        """Returns (bytes per input element, per feature element, header, result, ratio, encode rate, decode rate)."""
        dice = self.dice
        per_input, per_feature = dice.choice((1, 1, 3)), dice.choice((1, 2, 4, 4))
        header, result = dice.choice((0, 40, 333)), dice.choice((0, 0, 200, 2500))
        if per_input != 1:
            keys["transfer", "input_bytes"] = f"{per_input}B"
        if per_feature != 4:
            keys["transfer", "feature_bytes"] = f"{per_feature}B"
        if header:
            keys["transfer", "header"] = f"{header}B"
        if result:
            keys["transfer", "result"] = f"{result}B"
        ratio, encode, decode = Fraction(1), None, None
        if self.fleets and not self.tiers and self.chance(0.3):
            ratio = Fraction(dice.randint(1, 16), 16)
            keys["transfer", "ratio"] = str(float(ratio))
            if self.chance(0.7):
                encode = dice.randint(5, 200)
                keys["transfer", "encode_rate"] = f"{encode}Mbit/s"
            if self.chance(0.7):
                decode = dice.randint(20, 500)
                keys["transfer", "decode_rate"] = f"{decode}Mbit/s"
        return per_input, per_feature, header, result, ratio, encode, decode

    def workload(self, keys, group, name, mean_gap, closed):
        dice = self.dice
        if closed:
            group.population = dice.randint(1, 3)
            keys["workload", "mode"], keys["workload", "population"] = "closed", str(group.population)
            if self.chance(0.8):
                group.think = self.time(1, 2 * mean_gap / MS)
                keys["workload", "think_time"] = f"{group.think}ns"
        elif self.chance(0.5):
            hundredths = max(dice.randint(50 * SECOND // mean_gap, 200 * SECOND // mean_gap), 1)
            group.period = Fraction(100 * SECOND, hundredths)
            keys["workload", "rate"] = f"{hundredths / 100}/s"
        else:
            file = f"{name}.arrivals"
            group.arrivals, group.arrivals_repeat = self.arrival_trace(
                file, group.batches, mean_gap // group.n_devices, dice.randint(1, 30), group.n_devices == 1)
            keys["workload", "arrivals"], keys["workload", "trace"] = "trace", file
        has_batches = group.arrivals is not None and group.arrivals[0][1] is not None
        if not has_batches and group.batches != (1,):
            keys["workload", "batch"] = ", ".join(map(str, group.batches))
        own_deadlines = [row[2] is not None for row in group.arrivals or ()]
        if self.chance(0.5) and not (own_deadlines and all(own_deadlines)):
            group.deadline = self.time(20, 400)
            keys["workload", "deadline"] = f"{group.deadline}ns"
        if (group.deadline or any(own_deadlines)) and self.chance(0.5):
            group.drop_late = True
            keys["workload", "on_deadline"] = "drop"

    def early_exits(self, group, keys):
        """One to three of them; sometimes nobody gets as far as the end, or leaves before."""
        dice, last = self.dice, len(group.heads[1]) - 1
        cuts = sorted(dice.sample(range(1, last), dice.randint(1, 3)))
        shares = [dice.randint(0, 100) for _ in cuts]
        whole = sum(shares) + dice.choice((0, 50, 100)) if self.chance(0.8) else 100 * len(cuts)
        times = [[dice.choice((0, self.time(0.01, 3))) for _ in cuts] for _ in range(2)]
        shares = [round(Fraction(share, max(whole, 1)), 3) for share in shares]
        if sum(shares) > 1:
            shares[-1] -= sum(shares) - 1
        accuracies = [Fraction(dice.randint(500, 900), 1000) for _ in range(len(cuts) + 1)]
        group.exits = tuple(Exit(*exit) for exit in zip(cuts, shares, accuracies, *times))
        group.end_accuracy = accuracies[-1]
        keys["model", "exit_after"] = ", ".join(f"l{cut}" for cut in cuts)
        keys["model", "exit_probability"] = ", ".join(str(float(share)) for share in shares)
        keys["model", "exit_accuracy"] = ", ".join(str(float(accuracy)) for accuracy in accuracies[:-1])
        keys["model", "accuracy"] = str(float(accuracies[-1]))
        for side, values in zip(("device", "server"), times):
            if any(values):
                keys["model", f"exit_{side}_time"] = ", ".join(f"{value}ns" for value in values)

    def group(self, name, n_devices, server, links, closed, keys):
        dice = self.dice
        batches = tuple(dice.sample((1, 2, 3, 4), dice.randint(1, 3))) if not self.exits and self.chance(0.4) else (1,)
        prepared = sorted(set(batches) | set(range(1, server.max_batch + 1)))
        elems, heads, tails, clouds = self.network(name, prepared)
        per_input, per_feature, header, result, ratio, encode, decode = self.transfer(keys)
        keys["model", "file"] = f"{name}.model"
        keys["device", "profile"], keys["server", "profile"] = f"{name}.head", f"{name}.tail"
        sent, last = {}, len(elems) - 1
        coding = [(0, 0)] * (last + 1)
        for batch in prepared:
            sent[batch] = [per_input * batch * elems[0] + header]
            for cut in range(1, last):
                raw = per_feature * batch * elems[cut]
                sent[batch].append(ceil(ratio * raw) + header)
                coding[cut] = (round(Fraction(8 * raw * 1000, encode)) if encode else 0,
                               round(Fraction(8 * raw * 1000, decode)) if decode else 0)
                if not self.exits:
                    heads[batch][cut] += coding[cut][0]
                    tails[batch][cut] += coding[cut][1]
            sent[batch].append(0)
        group = Group(name, n_devices, heads, tails, sent, *links, result=result, batches=batches)
        if self.tiers:
            keys["cloud", "profile"] = f"{name}.cloud"
            self.pair(group, last, clouds)
        if self.exits:
            group.coding = coding
            self.early_exits(group, keys)
        self.workload(keys, group, name, self.time(20, 250), closed)
        if self.chance(0.25):
            group.switch_cost = self.time(1, 30)
            keys["device", "switch_cost"] = f"{group.switch_cost}ns"
        return group

    def pair(self, group, last, clouds):
        """Makes each cut a pair of boundaries."""
        group.pairs = tuple((first, second) for first in range(last + 1) for second in range(first, last + 1))
        tables = {batch: (group.heads[batch], group.tails[batch], group.sent[batch], clouds[batch]) for batch in clouds}
        group.clouds, group.forwarded = {}, {}
        for batch, (heads, tails, sent, beyond) in tables.items():
            group.heads[batch] = [heads[first] for first, _ in group.pairs]
            group.tails[batch] = [tails[first] - tails[second] for first, second in group.pairs]
            group.sent[batch] = [sent[first] for first, _ in group.pairs]
            group.clouds[batch] = [beyond[second] for _, second in group.pairs]
            group.forwarded[batch] = [sent[second] for _, second in group.pairs]

    # All of it

    def system(self, sections):
        dice, fleets = self.dice, self.fleets
        n_groups = dice.choice((1, 1, 2, 3)) if fleets else 1
        counts = [dice.randint(1, MOST_DEVICES // n_groups) if self.chance(0.8) else 1 for _ in range(n_groups)]
        base = {}
        server = self.server(base)
        cloud, backhaul = self.cloud(base) if self.tiers else (None, None)
        if not fleets:
            counts = [1]
        kinds = {way: (dice.choice(("own", "group", "all")), dice.choice(("fifo", "ps"))) if fleets else ("own", "fifo")
                 for way in ("uplink", "downlink")}
        common = {}
        for way, (sharing, discipline) in kinds.items():
            if sharing == "all":
                common[way] = self.link(way, base, "all", self.mean_kbit(sum(counts)), sharing, discipline)
        groups, labelled, closed = [], [], self.chance(0.3)
        for i, count in enumerate(counts):
            keys, links = {}, []
            for way, (sharing, discipline) in kinds.items():
                if way in common:
                    links.append(replace(common[way]))
                else:
                    n = count if sharing == "group" else 1
                    links.append(self.link(way, keys, f"g{i}", self.mean_kbit(n), sharing, discipline))
            for way, link in zip(kinds, links):
                self.delay(way, keys, f"g{i}", link)
            if fleets and self.chance(0.2):
                closed = not closed
            groups.append(self.group(f"g{i}", count, server, links, closed, keys))
            if count > 1 or (fleets and self.chance(0.2)):
                keys["device", "count"] = str(count)
            labelled.append(keys)
        self.lay_out(base, labelled, sections)
        duration = self.time(300, 4000 if sum(counts) < 6 else 1500)
        steps = dice.randint(1, 60) if self.chance(0.2) else None
        sections.setdefault("scenario", {})["duration"] = f"{duration}ns"
        if steps is not None:
            sections["scenario"]["steps"] = str(steps)
        return System(groups, server, duration, steps, cloud, backhaul)

    def mean_kbit(self, n_devices):
        return self.dice.randint(400, 4000) * (1 + n_devices // 2)

    def lay_out(self, base, labelled, sections):
        """Keys of one group stand without a label, those of several under it; what all have in common may stand once."""
        alone = len(labelled) == 1 and (not self.fleets or self.chance(0.5))
        for (section, key), text in base.items():
            sections.setdefault(section, {})[key] = text
        for i, keys in enumerate(labelled):
            if not alone:
                sections[f"device g{i}"] = {}
            kept_together = self.chance(0.8)  # the keys of a workload, some of which need each other
            for (section, key), text in keys.items():
                shared = all(other.get((section, key)) == text for other in labelled)
                stands_once = kept_together and len(labelled) == 1 if section == "workload" else self.chance(0.8)
                label = "" if alone or (shared and stands_once) else f" g{i}"
                sections.setdefault(section + label, {})[key] = text

    def policies(self, system):
        least = min(len(group.heads[1 if 1 in group.heads else group.batches[0]]) for group in system.groups)
        cut = self.dice.randrange(least)
        choice = [Policy("no-offload", "device"), Policy("full-offload", "offload"), Policy("static", "static", cut),
                  Policy("dynamic", "dynamic"), Policy("aware", "dynamic", queue_aware=True)]
        if self.exits:
            choice.pop()  # what is planned of queues is an expectation, too
            if all(group.deadline for group in system.groups):
                choice += 3 * [Policy("early-exit", "early")]
        return self.dice.sample(choice[2:] if self.tiers and self.chance(0.9) else choice, 1)


def seconds(ns):
    return f"{ns // SECOND}.{ns % SECOND:09d}"


def make(number, fleets, tiers=False, exits=False):
    draw = Draw(number, fleets, tiers, exits)
    sections = {}
    system = draw.system(sections)
    policies = draw.policies(system)
    sections["output"] = {"regret": "no", "compression": "none"}
    for policy in policies:
        keys = sections.setdefault(f"policy {policy.name}", {})
        if policy.kind == "static":
            keys["type"], keys["split"] = "static-split", str(policy.cut)
        elif policy.kind == "early":
            keys["candidates"] = "all"
        elif policy.kind == "dynamic":
            keys["type"], keys["candidates"] = "dynamic-split", "all"
            if policy.queue_aware:
                keys["queue_aware"] = "yes"
    draw.files["scenario.ini"] = "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {text}\n" for key, text in keys.items()) for section, keys in sections.items())
    return Scenario(number, system, policies, draw.files)
