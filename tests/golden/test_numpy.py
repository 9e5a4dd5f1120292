#!/usr/bin/env python3
"""Mean, deviation, quantiles, Student's interval, batch means and MSER-5 are those of NumPy and SciPy, to 1e-12.

Usage: test_numpy.py BIN. Skipped (exit 77) where this Python has no NumPy or no SciPy.
"""
import pathlib
import subprocess
import sys

try:
    import numpy
    from scipy import stats
except ImportError:
    sys.exit(77)

TOLERANCE = 1e-12
PROBABILITIES = (0, 0.1, 0.5, 0.9, 0.95, 0.99, 1)


def ours(program, values):
    text = "\n".join(repr(float(value)) for value in values)
    printed = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout
    return {name: float(value) for name, value in (line.split() for line in printed.splitlines())}


def mser(values):
    """White's statistic of every cut up to the middle, from the means of each five."""
    means = numpy.asarray(values)[:len(values) // 5 * 5].reshape(-1, 5).mean(axis=1)
    n = len(means)
    errors = [means[d:].var() / (n - d) for d in range(n // 2 + 1)]
    return 5 * int(numpy.argmin(errors))


def batch_means(values):
    """32 batches of whole power-of-two groups, the correlation of neighbours corrected for as stats.h says."""
    length = 1
    while len(values) // length > 1024:
        length *= 2
    per_batch = len(values) // length // 32 * length
    means = numpy.asarray(values)[:32 * per_batch].reshape(32, per_batch).mean(axis=1)
    deviations = means - means.mean()
    correlation = (deviations[1:] * deviations[:-1]).sum() / (deviations ** 2).sum() + 1 / 32
    correlation = min(max(correlation, 0), 0.9)
    variance = means.var(ddof=1) * (1 + correlation) / (1 - correlation) * per_batch / len(values)
    half = stats.t.ppf(0.975, 31) * variance ** 0.5
    return numpy.mean(values) - half, numpy.mean(values) + half


def expected(values):
    n, mean, std = len(values), numpy.mean(values), numpy.std(values, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * std / n ** 0.5
    low, high = batch_means(values)
    return {"n": n, "mean": mean, "std": std, "low": mean - half, "high": mean + half, "mser": mser(values),
            "batches_low": low, "batches_high": high,
            **{f"q{p:g}": numpy.quantile(values, p) for p in PROBABILITIES}}


def series():
    random = numpy.random.default_rng(6)
    yield "uniform", random.random(997)
    yield "exponential", random.exponential(0.02, 20000)
    yield "settling", 3 + 40 * numpy.exp(-numpy.arange(5000) / 150) + random.normal(size=5000)
    walk = numpy.zeros(30000)
    for i, step in enumerate(random.normal(size=29999)):
        walk[i + 1] = max(0, walk[i] + step - 0.1)
    yield "reflected walk", 1 + walk
    yield "far from zero", 1e6 + random.random(4096)


def main():
    program = pathlib.Path(sys.argv[1], "stats_of_lines")
    failed = 0
    for name, values in series():
        found, wanted = ours(program, values), expected(values)
        for figure, value in wanted.items():
            if not abs(found[figure] - value) <= TOLERANCE * max(abs(value), 1):
                print(f"{name}: {figure} is {found[figure]!r}; expected {value!r}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
