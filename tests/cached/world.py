"""A small world in which a machine's calls can meet in every order.

One session id; a store of record; the reference cache, with a network in between; and clients,
which are the machines that a store runs. The time of this world is a number that an exploration
moves; each client's clock may begin anywhere, since only differences count. A cache that is left
alone for a while is the same as one whose messages are lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Literal, get_args

from chatstore import (
    Message,
    MessageNotFoundError,
    Page,
    Session,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore.cache.machine import (
    Bury,
    Found,
    Machine,
    Mark,
    Put,
)
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import Snapshot, Version

Verb = Literal[
    "get",
    "glance",
    "leaf",
    "append",
    "again",
    "amend",
    "update",
    "delete",
    "create",
    "restore",
]
VERBS: tuple[Verb, ...] = get_args(Verb)
"""What a client may call. To glance is to get a part of the window, to leaf is to list messages; an
append again finds its messages stored."""

READS: frozenset[Verb] = frozenset({"get", "glance", "leaf"})
Fate = Literal["delivered", "lost", "answer lost", "after a restart", "late"]
FATES: tuple[Fate, ...] = ("delivered", "lost", "answer lost", "after a restart")
"""What may become of a request to the cache. One that is late has failed for its client and is
still on its way: it may arrive at any time, or never."""

ID = "the session"

Told = Put | Mark | Bury
"""What the cache is told."""


@cache
def session(version: Version) -> Session:
    """A version of the session, in one of its lives."""
    return Session(
        session_id=ID,
        user_id="ana",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        version=version.number,
        creation_id=version.life.removeprefix("id "),
    )


def leaf(version: Version) -> Page[Message]:
    """A page of the session's messages."""
    return Page([], None, version.number, session(version).creation_id)


FIRST = Version("id A", 1)
"""What everything begins with, and what a backup holds."""


@dataclass(frozen=True)
class Rules:
    """What of the protocol is in force: all of it, unless a test turns something off."""

    cache: Callable[[Callable[[], float]], MemorySessionCache] = lambda time: MemorySessionCache(
        monotonic=time
    )
    machine: Callable[[float], Machine] = lambda lapse: Machine(lapse, remembered=9)
    minds_failures: bool = True
    """Whether a client is told that the cache did not take a tombstone."""
    lapse: float = 2.0
    """`max_staleness`, in this world's units of time."""


@dataclass(frozen=True)
class Call:
    """A call that a client makes."""

    client: int
    verb: Verb


@dataclass(frozen=True)
class Letter:
    """A message to the cache that changes it, and when it was sent."""

    message: Told
    sent: float


@dataclass
class World:
    """The state of everything, and what was observed so far."""

    rules: Rules
    clients: int
    has_time: bool
    """Whether time passes, answers take some, and messages may be late."""
    now: float = 1_000.0
    stored: Version | None = FIRST
    flying: list[Letter] = field(default_factory=list[Letter])
    """The messages that are late."""
    forgot: bool = False
    """Whether the cache restarted, or missed the tombstone of a restored session: then others may
    see what is over, until it lapses."""
    machines: list[Machine] = field(default_factory=list[Machine])
    history: list[Version | None] = field(default_factory=list[Version | None])
    """Each version that was committed, in their order; None: removed."""
    lives: int = 1
    """How many lives the session has had."""
    faults: list[str] = field(default_factory=list[str])
    own: list[int] = field(default_factory=list[int])
    """For each client, how much of the history its finished calls have shown or made."""
    told: int = 0
    """How much of the history the cache was told of by messages that all arrived."""
    acknowledged: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    """The writes that have returned within a lapse: their places in history, and when."""
    due: int = 0
    """How much of the history was acknowledged so long ago that everybody must see it."""

    def __post_init__(self) -> None:
        self.cache = self.rules.cache(lambda: self.now)
        self.arrive(Letter(Put([(FIRST, session(FIRST))], self.now, True), self.now))
        self.machines = [self.rules.machine(self.rules.lapse) for _ in range(self.clients)]
        self.history = [self.stored]
        self.own = [0] * self.clients

    def pass_time(self) -> None:
        """Let time pass."""
        self.now += 1
        over = [place for place, when in self.acknowledged if self.now - when >= self.rules.lapse]
        self.due = max([self.due, *over])
        self.acknowledged = [
            (place, when) for place, when in self.acknowledged if self.now - when < self.rules.lapse
        ]

    def restart_cache(self) -> None:
        """Let the cache forget all."""
        self.cache.forget()
        self.forgot = True

    def arrive(self, letter: Letter) -> None:
        """A message reaches the cache."""
        self.cache.sent_at = letter.sent  # type: ignore[attr-defined]  # for rules that count so
        lapse = self.rules.lapse
        match letter.message:
            case Put(news, asked_at, wrote):
                for version, _ in news:
                    snapshots = {ID: Snapshot(version.life, version.number, b"")}
                    self.cache.put(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote)
            case Mark(session_id, marker):
                self.cache.mark(session_id, marker, lapse=lapse)
            case Bury(session_ids):
                self.cache.bury(session_ids, lapse=lapse)

    def deliver(self, fate: Fate, message: Told) -> bool:
        """Send a message; whether it arrives in its call."""
        letter = Letter(message, self.now)
        if fate == "late":
            self.flying.append(letter)
        elif fate != "lost":
            self.arrive(letter)
        return fate not in ("late", "lost")

    def found(self) -> Found:
        """What the cache has."""
        known = self.cache.get([ID]).get(ID)
        if known is None:
            return Found([])
        return Found([session(Version(known.life, known.version))])

    def carry_out(self, verb: Verb) -> object:
        """Make a call on the store of record; its answer."""
        if verb == "restore":
            # From before the second version of the first life.
            self._commit(FIRST)
            return True
        if verb == "create":
            if self.stored is not None:
                raise SessionExistsError(ID)
            self.lives += 1
            return [self._commit(Version(f"id {self.lives}", 1))]
        if verb == "delete":
            was_there = self.stored is not None
            if was_there:
                self._commit(None)
            return was_there
        if self.stored is None:
            raise SessionNotFoundError(ID)
        if verb == "leaf":
            return leaf(self.stored)
        if verb in ("get", "glance", "again"):
            return [session(self.stored)]
        if verb == "amend" and self.stored.life != FIRST.life:
            raise MessageNotFoundError(ID, "a message of the first life")
        written = self._commit(Version(self.stored.life, self.stored.number + 1))
        return written if verb == "update" else [written]

    def _commit(self, version: Version | None) -> Session | None:
        self.stored = version
        self.history.append(version)
        return None if version is None else session(version)
