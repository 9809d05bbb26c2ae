"""Each rule of the protocol is needed: without it the explorer finds the fault that it prevents."""

import math
from collections.abc import Mapping, Sequence

import pytest

from chatstore import Message, Page
from chatstore.cache.machine import CallPrimary, Machine, Steps
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import Marker, Snapshot, Tombstone, met

from .explorer import Program, explore, programs, replay, wander
from .world import Rules


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


class Heedless(Machine):
    """What a page of messages showed is not remembered."""

    def messages(self, session_id: str) -> Steps[Page[Message]]:
        page: Page[Message] = yield CallPrimary([session_id])
        return page


def rules(
    cache: type[MemorySessionCache] = MemorySessionCache,
    *,
    kind: type[Machine] = Machine,
    kept: float = 2,
    latest: float = 1 / 2,
    minds_failures: bool = True,
) -> Rules:
    """All rules but those that are given; `kept` and `latest` in lapses."""

    def machine(lapse: float) -> Machine:
        made = kind(lapse, remembered=9)
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
        (rules(kind=Heedless), programs("1amend 0leaf 0get"), "went back"),
    ],
    ids=["put if newer", "tombstones", "memory", "owed tombstones", "pages"],
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
