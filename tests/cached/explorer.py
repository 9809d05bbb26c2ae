"""Tries every order of the requests of some calls, and every fate of the messages to the cache."""

import random
from collections.abc import Iterator, Mapping, Sequence
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
        """All that decides what may still happen: of tickets the order, of history what a call may
        yet ask for, of clients those with calls to make."""
        world = self.world
        frames = [list(_locals(steps)) for steps in self._steps]
        waiting = {call.client for left in self._left for call in left}
        waiting |= set(_found(frames, ("client",)))
        standings = [world.standings[client] for client in sorted(waiting)]
        own = [world.own[client] for client in sorted(waiting)]
        tickets = [0, *_found(frames, _TICKETS)]
        for standing in standings:
            if standing is not None:
                tickets += [standing.since, standing.changed, standing.owes or 0]
        rank = {ticket: index for index, ticket in enumerate(sorted(set(tickets)))}
        floor = min([*own, world.told, *_found(frames, _PLACES)])
        return (
            world.stored,
            world.entry,
            world.forgot,
            world.lives,
            world.told - floor,
            tuple(place - floor for place in own),
            tuple(world.history[floor:]),
            tuple(_ranked(standing, rank) for standing in standings),
            tuple(len(left) for left in self._left),
            tuple(self.request),
            tuple(tuple(_relative(frame, rank, floor)) for frame in frames),
        )


_TICKETS = ("began", "ticket")
_PLACES = ("floor", "told", "place")
_SHARED = {"world", "call", "make", "snapshot", "fate", "standing", "steps"}


_Frame = Sequence[tuple[str, Any]]


def _found(frames: Sequence[_Frame], names: Sequence[str]) -> list[int]:
    return [
        value for frame in frames for name, value in frame if name in names and value is not None
    ]


def _relative(frame: _Frame, rank: Mapping[int, int], floor: int) -> Iterator[tuple[str, Any]]:
    for name, value in frame:
        if name in _TICKETS:
            yield name, rank[value]
        elif name in _PLACES and value is not None:
            yield name, value - floor
        else:
            yield name, value


def _ranked(standing: Standing | None, rank: Mapping[int, int]) -> object:
    if standing is None:
        return None
    owes = None if standing.owes is None else rank[standing.owes]
    return standing.version, owes, rank[standing.since], rank[standing.changed]


def _locals(steps: Any) -> Iterator[tuple[str, Any]]:
    """The variables of a call under way, in all its frames."""
    while steps is not None:
        frame: FrameType | None = steps.gi_frame
        if frame is not None:
            yield "at", frame.f_lasti
            yield from ((n, v) for n, v in frame.f_locals.items() if n not in _SHARED)
        steps = steps.gi_yieldfrom


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
        # One way on is gone from here; only the others are begun anew.
        while not run.world.faults:
            left = mishaps - sum(fate != "delivered" for _, fate in choices)
            state = (run.state(), left)
            following = list(_next(run.request, left))
            if state in seen or not following:
                break
            seen.add(state)
            open_choices += [(*choices, choice) for choice in following[1:]]
            choices = (*choices, following[0])
            run.go(*following[0])
        if run.world.faults:
            return len(seen), Finding(run.world.faults[0], choices)
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
