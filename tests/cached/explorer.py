"""Tries every order of the requests of some calls, and every fate of the messages to the cache."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .call import CallUnderWay
from .state import entry_of, plain, ranked, tickets_of, variables_of
from .world import FATES, ID, VERBS, Call, Fate, Rules, Verb, World

Program = Sequence[Call]
"""Calls that one thread makes, one after the other."""


def programs(*threads: str) -> list[Program]:
    """Threads, each written as the calls it makes: "0append 1get" is client 0's, then client
    1's."""
    verbs: dict[str, Verb] = {verb: verb for verb in VERBS}
    return [[Call(int(call[0]), verbs[call[1:]]) for call in each.split()] for each in threads]


Choice = tuple[int, Fate]
"""Which thread goes on, and what becomes of the request that it stands before; or `_TIME`, which
passes; or, below that, which late message arrives."""

_TIME = -1


@dataclass(frozen=True)
class Finding:
    """A fault, and the choices that lead to it."""

    fault: str
    choices: tuple[Choice, ...]


class _Run:
    """One execution, as far as its choices go."""

    def __init__(
        self,
        programs: Sequence[Program],
        rules: Rules,
        choices: Sequence[Choice],
        *,
        has_time: bool,
    ) -> None:
        clients = 1 + max(call.client for program in programs for call in program)
        self.world = World(rules, clients, has_time)
        self._left = [list(program) for program in programs]
        self._calls: list[CallUnderWay | None] = [None] * len(programs)
        self.before: list[str | None] = ["begin"] * len(programs)
        """What each thread stands before."""
        for who, fate in choices:
            self.go(who, fate)

    def go(self, who: int, fate: Fate) -> None:
        """Carry out the request that a thread stands before; or begin its next call; or let time
        pass, or a late message arrive."""
        if who == _TIME:
            self.world.pass_time()
        elif who < _TIME:
            self.world.arrive(self.world.flying.pop(_TIME - 1 - who))
        else:
            self._go_on(who, fate)

    def _go_on(self, thread: int, fate: Fate) -> None:
        if fate == "after a restart":
            self.world.restart_cache()
        call = self._calls[thread]
        if call is None:
            call = CallUnderWay(self.world, self._left[thread].pop(0))
            self._calls[thread] = call
        else:
            call.go(fate)
        self.before[thread] = call.before
        if call.before is None:
            self._calls[thread] = None
            self.before[thread] = "begin" if self._left[thread] else None

    def following(self, mishaps: int, time: int) -> Iterator[Choice]:
        """The choices that there are, with so many mishaps and so much time left."""
        for thread, before in enumerate(self.before):
            if before is not None:
                yield thread, "delivered"
                if mishaps and before.startswith("cache"):
                    for fate in FATES[1:]:
                        yield thread, fate
                    if self.world.has_time and before != "cache get":
                        yield thread, "late"
        if any(self.before):
            for index in range(len(self.world.flying)):
                yield _TIME - 1 - index, "delivered"
            if time:
                yield _TIME, "delivered"

    def state(self) -> object:
        """All that decides what may still happen: of tickets the order, of times the distance, of
        history what a call may yet ask for, of clients those with calls to make."""
        world = self.world
        under_way = [call for call in self._calls if call is not None]
        frames = [variables_of(call) for call in under_way]
        waiting = {call.client for left in self._left for call in left}
        waiting |= {call.client for call in under_way}
        kept = [world.machines[client].knowledge.standings.get(ID) for client in sorted(waiting)]
        own = [world.own[client] for client in sorted(waiting)]
        tickets = set(tickets_of(frames))
        for each in kept:
            if each is not None:
                tickets |= {each[0].since, each[0].changed, each[0].owes or 0}
        rank = {ticket: index for index, ticket in enumerate(sorted(tickets))}
        places = [place for call in under_way for place in call.places]
        floor = min([*own, world.told, world.due, *places])
        return (
            world.stored,
            entry_of(world),
            world.forgot,
            world.lives,
            world.told - floor,
            world.due - floor,
            frozenset((place - floor, when - world.now) for place, when in world.acknowledged),
            tuple(sorted(repr(plain(each, {}, world.now)) for each in world.flying)),
            tuple(place - floor for place in own),
            tuple(world.history[floor:]),
            tuple(ranked(each, rank, world.now) for each in kept),
            tuple(len(left) for left in self._left),
            tuple(self.before),
            tuple(tuple(place - floor for place in call.places) for call in under_way),
            tuple(call.kind for call in under_way),
            tuple(plain(each, rank, world.now) for each in frames),
        )


def explore(
    programs: Sequence[Program],
    *,
    rules: Rules | None = None,
    mishaps: int = 0,
    time: int = 0,
    words: str = "",
) -> tuple[int, Finding | None]:
    """Try everything, with at most `mishaps` messages that are not simply delivered, while up to
    `time` units of time pass. The number of states, and the first fault that is found, of those
    whose text holds these words."""
    rules = rules or Rules()
    seen: set[object] = set()
    open_choices: list[tuple[Choice, ...]] = [()]
    while open_choices:
        choices = open_choices.pop()
        run = _Run(programs, rules, choices, has_time=time > 0)
        # One way on is gone from here; only the others are begun anew.
        while not run.world.faults:
            left = _left(choices, mishaps, time)
            state = (run.state(), left)
            following = list(run.following(*left))
            if state in seen or not following:
                break
            seen.add(state)
            open_choices += [(*choices, choice) for choice in following[1:]]
            choices = (*choices, following[0])
            run.go(*following[0])
        for fault in run.world.faults:
            if words in fault:
                return len(seen), Finding(fault, choices)
    return len(seen), None


def replay(programs: Sequence[Program], choices: Sequence[Choice]) -> list[str]:
    """The faults that so many choices lead to where all rules are in force."""
    return _Run(programs, Rules(), choices, has_time=True).world.faults


def wander(
    programs: Sequence[Program],
    *,
    seed: int,
    walks: int,
    mishaps: int,
    rules: Rules | None = None,
    time: int = 0,
) -> Finding | None:
    """Try so many orders by chance, for what is too large to be tried out; the first fault."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    for _ in range(walks):
        run = _Run(programs, rules or Rules(), (), has_time=time > 0)
        choices: list[Choice] = []
        while following := list(run.following(*_left(choices, mishaps, time))):
            # A mishap is one choice of many: it should not come in the first steps alone.
            usual = [choice for choice in following if choice[0] >= 0 and choice[1] == "delivered"]
            choices.append(chance.choice(following if chance.random() < 0.2 else usual))
            run.go(*choices[-1])
            if run.world.faults:
                return Finding(run.world.faults[0], tuple(choices))
    return None


def _left(choices: Sequence[Choice], mishaps: int, time: int) -> tuple[int, int]:
    return (
        mishaps - sum(fate != "delivered" for _, fate in choices),
        time - sum(who == _TIME for who, _ in choices),
    )
