"""Rates that change over time, for simpy_model: exact, in whole nanoseconds."""
from dataclasses import dataclass
from fractions import Fraction

SECOND = 10**9


@dataclass
class Rate:
    """Piecewise constant: `values[i]` units per second from `starts[i]` (the first is 0) on, up to `span`; then it starts
    again (loop), keeps the last value (hold) or is 0 (stop). `ahead`: so much of it has passed at time 0."""

    starts: list
    values: list
    span: int = 0
    at_end: str = "hold"
    ahead: int = 0

    def pieces_from(self, at):
        """(length, value) of the pieces from time `at` on; the last one, if there is one, has no length."""
        position = at + self.ahead
        while True:
            if self.at_end == "loop":
                position %= self.span
            elif position >= self.span:
                yield None, self.values[-1] if self.at_end == "hold" else 0
                return
            i = max(i for i, start in enumerate(self.starts) if start <= position)
            end = self.starts[i + 1] if i + 1 < len(self.starts) else self.span
            yield end - position, self.values[i]
            position = end

    def at(self, at):
        return next(self.pieces_from(at))[1]

    def done_between(self, start, end):
        work = 0
        for length, value in self.pieces_from(start):
            if length is None or start + length >= end:
                return work + value * (end - start)
            work += value * length
            start += length

    def mean(self):
        """Over one pass."""
        if not self.span:
            return self.values[0]
        return Fraction(sum(v * (end - start) for v, start, end in zip(self.values, self.starts, [*self.starts[1:], self.span])),
                        self.span)

    def finish(self, start, work):
        """The first nanosecond by which `work`, begun at `start`, is done; None: never."""
        if work <= 0:
            return start
        for length, value in self.pieces_from(start):
            if length is None and value == 0:
                return None
            if length is None or value * length >= work:
                return start + -(-work // value)
            work -= value * length
            start += length


def constant(value):
    return Rate([0], [value])
