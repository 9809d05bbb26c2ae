"""How benchmarks measure: two sides of one contest, in shuffled rounds, told as a ratio.

A machine that others use as well is slow for moments at a time. Each round measures every side
once, in another order, by the median of its calls; the figure is the median of the rounds' ratios.
"""

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

Call = Callable[[], object]


class Figure(NamedTuple):
    """One line of the report."""

    name: str
    floor: float
    """Microseconds a call, the median of the rounds' medians."""
    store: float
    ratio: float


def median_of(call: Call, calls: int) -> float:
    """The median time of a call, in microseconds."""
    taken: list[float] = []
    for _ in range(calls):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e6


def measured(
    contests: dict[str, tuple[Call, Call]], *, rounds: int, calls: int
) -> Iterator[Figure]:
    """Each contest's two sides, in shuffled rounds."""
    # What was made ready for the calls is not theirs to be walked over by the garbage collector.
    gc.collect()
    gc.freeze()
    times: dict[tuple[str, int], list[float]] = {}
    turns = [(name, side) for name in contests for side in (0, 1)]
    for name, side in turns:
        median_of(contests[name][side], calls)
    for _ in range(rounds):
        random.shuffle(turns)
        for name, side in turns:
            times.setdefault((name, side), []).append(median_of(contests[name][side], calls))
    for name in contests:
        floor, store = times[name, 0], times[name, 1]
        ratios = [high / low for low, high in zip(floor, store, strict=True)]
        yield Figure(
            name, statistics.median(floor), statistics.median(store), statistics.median(ratios)
        )


def report(title: str, figures: Iterator[Figure]) -> None:
    """Print a table of figures."""
    sys.stdout.write(f"\n{title:32}{'floor us':>10}{'store us':>10}{'ratio':>8}\n")
    for figure in figures:
        sys.stdout.write(
            f"{figure.name:32}{figure.floor:10.1f}{figure.store:10.1f}{figure.ratio:8.2f}\n"
        )
        sys.stdout.flush()
