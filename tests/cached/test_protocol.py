"""The protocol between clients, cache and store of record, in every order of events."""

import math
from collections.abc import Mapping, Sequence

import pytest

from chatstore.cache.machine import Machine
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import Marker, Snapshot, Tombstone, met

from .explorer import Program, explore, replay, wander
from .world import VERBS, Call, Rules, Verb


def programs(*threads: str) -> list[Program]:
    """Threads, each written as the calls it makes: "0append 1get" is client 0's, then client
    1's."""
    return [[Call(int(call[0]), _verb(call[1:])) for call in each.split()] for each in threads]


def _verb(text: str) -> Verb:
    verbs: dict[str, Verb] = {verb: verb for verb in VERBS}
    return verbs[text]


SIX = programs("0append 0get", "1update", "0get 0get", "1get 1get", "2delete", "3create 3get")
"""Two writers, two readers, a deleter and a re-creator; the first reader shares its client with a
writer, and so does the second."""


@pytest.mark.parametrize(
    ("threads", "mishaps"),
    [
        (programs("0append", "1get 1get"), 1),
        (programs("0append 0get", "1update 1get"), 1),
        (programs("0append", "0update", "0get"), 0),
        (programs("0delete 0get", "1get 1get"), 1),
        (programs("0append", "0delete", "1get 1get"), 0),
        (programs("0update", "1delete", "1create 0get"), 1),
        (programs("0delete", "1create", "2get 2get"), 0),
        (programs("0restore 0get 0get"), 2),
        (programs("0append 0restore 0get 0get"), 2),
        (programs("0append 0delete 0create 0get 0get"), 2),
        (programs("0append 0append 0get", "0restore 0get"), 0),
        (programs("0restore 0get", "1get 1get"), 0),
    ],
)
def test_no_order_of_events_shows_what_is_over(threads: Sequence[Program], mishaps: int) -> None:
    """Whatever the order of requests, and whatever of them the cache misses: no client goes back,
    and nobody sees what was over before its call began."""
    states, finding = explore(threads, mishaps=mishaps)
    assert finding is None
    assert states > 40


@pytest.mark.long
@pytest.mark.parametrize(
    "threads",
    [
        programs("0append", "1update", "0get", "2delete", "3create"),
        programs("0append", "0get", "1get", "2delete", "3create"),
        programs("0append", "1update", "0get", "1get", "3create"),
        programs("0append", "1update", "0get", "1get", "2delete"),
    ],
    ids=["one reader", "one writer", "no deleter", "no re-creator"],
)
def test_no_order_of_five_shows_what_is_over(threads: Sequence[Program]) -> None:
    """The same for all roles but one at once: two writers, two readers, a deleter and a
    re-creator, on four clients."""
    states, finding = explore(threads)
    assert finding is None
    assert states > 10_000


def test_six_threads_of_four_clients_by_chance() -> None:
    """The same for all roles at once, whose every order no memory can hold."""
    assert wander(SIX, seed=6, walks=1_500, mishaps=2) is None


@pytest.mark.long
def test_six_threads_of_four_clients_by_chance_for_long() -> None:
    """The same with other seeds and more walks."""
    for seed in range(40):
        assert wander(SIX, seed=seed, walks=20_000, mishaps=seed % 4) is None


def timed(*cases: tuple[list[Program], int, int]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("threads", "mishaps", "time"), cases)


TIME_PASSES = """However long requests, answers and messages are on their way, and whatever lapses
meanwhile: no client goes back, nobody sees what was over before its call began while all messages
arrive in their calls, and nobody ever sees what was over for `max_staleness`."""


@timed(
    (programs("0append", "0get"), 1, 2),
    (programs("0get", "0append 0get"), 0, 2),
    (programs("0get", "1append 2get"), 0, 2),
    (programs("0delete 1create", "2get"), 0, 2),
    (programs("0restore 0get", "1get"), 0, 2),
    (programs("0delete 0create 1update 2get", "3get"), 0, 1),
)
def test_no_lapse_of_time_shows_what_is_over(
    threads: Sequence[Program], mishaps: int, time: int
) -> None:
    states, finding = explore(threads, mishaps=mishaps, time=time)
    assert finding is None, TIME_PASSES
    assert states > 400


@pytest.mark.long
@timed(
    (programs("0append", "0get"), 2, 6),
    (programs("0get", "0append 0get"), 1, 3),
    (programs("0get", "1append", "2get"), 1, 3),
    (programs("0get", "1update", "2get"), 1, 3),
    (programs("0delete", "1create", "2get"), 1, 3),
    (programs("0restore 0get", "1get"), 1, 3),
    (programs("0append", "0delete", "1get"), 1, 3),
    (programs("0delete 0create", "1update", "2get", "2get"), 0, 2),
)
def test_no_long_lapse_of_time_shows_what_is_over(
    threads: Sequence[Program], mishaps: int, time: int
) -> None:
    """The same for more time, and more mishaps."""
    states, finding = explore(threads, mishaps=mishaps, time=time)
    assert finding is None, TIME_PASSES
    assert states > 10_000


def test_six_threads_in_time_by_chance() -> None:
    """The same for all roles at once, with finer time: a message may come within some units of it,
    and be in time."""
    for lapse, seed in ((2, 19), (4, 20), (6, 21)):
        finding = wander(SIX, seed=seed, walks=400, mishaps=2, time=12, rules=Rules(lapse=lapse))
        assert finding is None, TIME_PASSES


@pytest.mark.long
def test_six_threads_in_time_by_chance_for_long() -> None:
    """The same with other seeds and more walks."""
    for seed in range(30):
        broken = Rules(lapse=2 + seed % 7)
        assert wander(SIX, seed=seed, walks=8_000, mishaps=seed % 4, time=16, rules=broken) is None


class EarlierRules(MemorySessionCache):
    """A snapshot's lapse is what was left when it was sent, however long it is on its way, and it
    may come at any time; a tombstone keeps everything out."""

    sent_at = 0

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        left = lapse - (self.sent_at - asked_at)
        for session_id, snapshot in snapshots.items():
            now, stored = self._monotonic(), self._entry(session_id)
            entry = met(stored, snapshot, now=now, wrote=False)
            if entry is not stored and left > 0:
                until = now + (left if entry is snapshot else lapse)
                self._entries[session_id] = (entry, until)
        return 0


class AnyOrder(MemorySessionCache):
    """A snapshot takes the place of whatever is there."""

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        for session_id, snapshot in snapshots.items():
            if not isinstance(self._entry(session_id), Tombstone):
                self._entries[session_id] = (snapshot, asked_at + lapse)
        return 0


class NoTombstones(MemorySessionCache):
    """What is removed leaves nothing."""

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        for session_id in session_ids:
            self.forget(session_id)


class AnyTime(MemorySessionCache):
    """A snapshot may come at any time of its life."""

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        for session_id, snapshot in snapshots.items():
            now, stored = self._monotonic(), self._entry(session_id)
            entry = met(stored, snapshot, now=now, asked=asked_at, wrote=wrote)
            if entry is not stored:
                until = (asked_at if entry is snapshot else now) + lapse
                self._entries[session_id] = (entry, until)
        return 0


class DeafTombstones(MemorySessionCache):
    """What a write says to a tombstone is not remembered."""

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        return super().put(snapshots, asked_at=asked_at, lapse=lapse, wrote=False)

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        if not isinstance(self._entry(session_id), Tombstone):
            super().mark(session_id, marker, lapse=lapse)


def rules(
    cache: type[MemorySessionCache] = MemorySessionCache,
    *,
    kept: float = 2,
    latest: float = 1 / 2,
    minds_failures: bool = True,
) -> Rules:
    """All rules but those that are given; `kept` and `latest` in lapses."""

    def machine(lapse: float) -> Machine:
        made = Machine(lapse, remembered=9)
        made.knowledge.kept, made.latest = kept * lapse, latest * lapse
        return made

    return Rules(lambda time: cache(monotonic=time), machine, minds_failures)


@pytest.mark.parametrize(
    ("broken", "threads", "words"),
    [
        (rules(AnyOrder), programs("0append", "1get", "2get"), "was over"),
        (rules(NoTombstones), programs("0delete", "1get", "2get"), "was over"),
        (rules(kept=0), programs("0append 0get"), "went back"),
        (rules(minds_failures=False), programs("0append 0restore 0get 0get"), "went back"),
    ],
    ids=["put if newer", "tombstones", "memory", "owed tombstones"],
)
def test_each_rule_is_needed(broken: Rules, threads: Sequence[Program], words: str) -> None:
    """Without a rule the search finds the fault that the rule prevents, by chance as well; with the
    rules as they are nothing comes of the same events."""
    _, finding = explore(threads, rules=broken, mishaps=1, words=words)
    assert finding is not None
    assert replay(threads, finding.choices) == []
    assert wander(threads, seed=6, walks=4_000, mishaps=1, rules=broken) is not None


@pytest.mark.parametrize(
    ("broken", "threads", "words", "mishaps", "time"),
    [
        (rules(EarlierRules), programs("0get", "1append 2get"), "for too long", 1, 4),
        (rules(AnyTime), programs("1get", "0append 2get"), "was over", 0, 4),
        (
            rules(DeafTombstones),
            programs("0delete 0create 1update 2get", "3get"),
            "was over",
            0,
            1,
        ),
        (rules(EarlierRules, kept=1), programs("0get", "0append 0get"), "went back", 1, 5),
        (rules(kept=1), programs("0append", "0get"), "went back", 1, 5),
        (rules(latest=math.inf), programs("0append", "0get"), "went back", 1, 5),
    ],
    ids=["another's bound", "late puts", "tombstones", "one's own bound", "memory", "late answers"],
)
def test_each_rule_about_time_is_needed(
    broken: Rules, threads: Sequence[Program], words: str, mishaps: int, time: int
) -> None:
    """Without a rule about time the search finds the fault that the rule prevents: with the lapse
    counted from the sending, a message that flies for less than `max_staleness` breaks both
    bounds. With the rules as they are nothing comes of the same events."""
    _, finding = explore(threads, rules=broken, mishaps=mishaps, time=time, words=words)
    assert finding is not None
    assert replay(threads, finding.choices) == []
