"""Tries every order of the requests of some calls, and every fate of the messages to the cache."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from chatstore.last_returned import Standing

from .protocol_model import FATES, Call, Fate, Rules, Steps, World, call_steps

Program = Sequence[Call]
"""Calls that one thread makes, one after the other."""

Choice = tuple[int, Fate]
"""Which thread goes on, and what becomes of the request that it stands before."""


@dataclass(frozen=True)
class Finding:
    """A fault, and the choices that lead to it."""

    fault: str
    choices: tuple[Choice, ...]


class _Run:
    """One execution, as far as its choices go."""

    def __init__(self, programs: Sequence[Program], rules: Rules, choices: Sequence[Choice]):
        clients = 1 + max(call.client for program in programs for call in program)
        self.world = World(rules, clients)
        self._left = [list(program) for program in programs]
        self._steps: list[Steps | None] = [None] * len(programs)
        self.request: list[str | None] = [None] * len(programs)
        for thread in range(len(programs)):
            self.request[thread] = "begin"
        for thread, fate in choices:
            self.go(thread, fate)

    def go(self, thread: int, fate: Fate) -> None:
        """Carry out the request that a thread stands before; or begin its next call."""
        if fate == "after a restart":
            self.world.entry = None
            self.world.forgot = True
        try:
            steps = self._steps[thread]
            if steps is None:
                steps = call_steps(self.world, self._left[thread].pop(0))
                self._steps[thread] = steps
                self.request[thread] = next(steps)
            else:
                self.request[thread] = steps.send(fate)
        except StopIteration:
            self._steps[thread] = None
            self.request[thread] = "begin" if self._left[thread] else None

    def state(self) -> object:
        """All that decides what may still happen. Of tickets only the order matters."""
        world = self.world
        tickets: list[int] = []
        frames = [_locals(steps) for steps in self._steps]
        for standing in world.standings:
            if standing is not None:
                tickets += [standing.since, standing.changed, standing.owes or 0]
        for values in frames:
            tickets += [value for name, value in values if name.endswith(_TICKETS)]
        rank = {ticket: index for index, ticket in enumerate(sorted({0, *tickets}))}
        return (
            world.stored,
            world.entry,
            world.forgot,
            world.told,
            tuple(world.own),
            tuple(world.history),
            tuple(_ranked(standing, rank) for standing in world.standings),
            tuple(len(left) for left in self._left),
            tuple(self.request),
            tuple(
                tuple((n, rank[v] if n.endswith(_TICKETS) else v) for n, v in values)
                for values in frames
            ),
        )


_TICKETS = ("began", "ticket")
_SHARED = {"world", "call", "make", "snapshot", "fate", "standing", "steps"}


def _ranked(standing: Standing | None, rank: dict[int, int]) -> object:
    if standing is None:
        return None
    owes = None if standing.owes is None else rank[standing.owes]
    return standing.version, owes, rank[standing.since], rank[standing.changed]


def _locals(steps: Any) -> list[tuple[str, Any]]:
    """The variables of a call under way, in all its frames."""
    found: list[tuple[str, Any]] = []
    while steps is not None:
        frame: FrameType | None = steps.gi_frame
        if frame is not None:
            found.append(("at", frame.f_lasti))
            found += [(n, v) for n, v in frame.f_locals.items() if n not in _SHARED]
        steps = steps.gi_yieldfrom
    return found


def explore(
    programs: Sequence[Program], *, rules: Rules | None = None, mishaps: int = 0
) -> tuple[int, Finding | None]:
    """Try everything, with at most `mishaps` messages that are not simply delivered. The number of
    states, and the first fault that is found."""
    rules = rules or Rules()
    seen: set[object] = set()
    open_choices: list[tuple[Choice, ...]] = [()]
    while open_choices:
        choices = open_choices.pop()
        run = _Run(programs, rules, choices)
        if run.world.faults:
            return len(seen), Finding(run.world.faults[0], choices)
        left = mishaps - sum(fate != "delivered" for _, fate in choices)
        state = (run.state(), left)
        if state in seen:
            continue
        seen.add(state)
        open_choices += [(*choices, choice) for choice in _next(run.request, left)]
    return len(seen), None


def wander(
    programs: Sequence[Program], *, seed: int, walks: int, mishaps: int, rules: Rules | None = None
) -> Finding | None:
    """Try so many orders by chance, for what is too large to be tried out; the first fault."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    for _ in range(walks):
        run = _Run(programs, rules or Rules(), ())
        choices: list[Choice] = []
        left = mishaps
        while following := list(_next(run.request, left)):
            # A mishap is one choice of many: it should not come in the first steps alone.
            usual = [choice for choice in following if choice[1] == "delivered"]
            choices.append(chance.choice(following if chance.random() < 0.2 else usual))
            left -= choices[-1][1] != "delivered"
            run.go(*choices[-1])
            if run.world.faults:
                return Finding(run.world.faults[0], tuple(choices))
    return None


def _next(requests: Sequence[str | None], mishaps: int) -> Iterator[Choice]:
    for thread, request in enumerate(requests):
        if request is not None:
            yield thread, "delivered"
            if mishaps and request.startswith("cache"):
                for fate in FATES[1:]:
                    yield thread, fate
