"""The cache's protocol as a small world in which every order of events can be tried.

One session id; a store of record; the reference cache; clients that remember by `LastReturned`. A
call is a generator that yields before each request, and before each answer where answers take time,
as `cached_calls` sends them. The time of this world is a number that an exploration moves; each
client's clock may begin anywhere, since only differences count. A cache that is left alone for a
while is the same as one whose messages are lost.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Literal

from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.own_reads import LastReturned, Version
from chatstore.cache.protocol import Marker, Snapshot

Verb = Literal["get", "append", "update", "delete", "create", "restore"]
VERBS: tuple[Verb, ...] = ("get", "append", "update", "delete", "create", "restore")
Fate = Literal["delivered", "lost", "answer lost", "after a restart", "late"]
FATES: tuple[Fate, ...] = ("delivered", "lost", "answer lost", "after a restart")
"""What may become of a request to the cache. One that is late has failed for its client and is
still on its way: it may arrive at any time, or never."""

ID = "the session"


@dataclass(frozen=True)
class Rules:
    """What of the protocol is in force: all of it, unless a test turns something off."""

    cache: Callable[[Callable[[], float]], MemorySessionCache] = lambda time: MemorySessionCache(
        monotonic=time
    )
    minds_failures: bool = True
    minds_late_answers: bool = True
    lapse: int = 2
    """`max_staleness`, in this world's units of time."""
    kept: int = 2
    """How long a client remembers, in lapses."""


@dataclass(frozen=True)
class Call:
    """A call that a client makes."""

    client: int
    verb: Verb


@dataclass(frozen=True)
class Letter:
    """A message to the cache that changes it; None is a tombstone."""

    arriving: Snapshot | Marker | None
    asked: int = 0
    wrote: bool = True
    sent: int = 0


@dataclass
class World:
    """The state of everything, and what was observed so far."""

    rules: Rules
    clients: int
    has_time: bool
    """Whether time passes, answers take some, and messages may be late."""
    now: int = 1_000
    stored: Version | None = field(default_factory=lambda: Version("A", 1))
    flying: list[Letter] = field(default_factory=list[Letter])
    """The messages that are late."""
    forgot: bool = False
    """Whether the cache restarted, or missed the tombstone of a restored session: then others may
    see what is over, until it lapses."""
    last: list[LastReturned] = field(default_factory=list[LastReturned])
    history: list[Version | None] = field(default_factory=list[Version | None])
    """Each version that was committed, in their order; None: removed."""
    lives: int = 1
    """How many lives the session has had."""
    faults: list[str] = field(default_factory=list[str])
    own: list[int] = field(default_factory=list[int])
    """For each client, how much of the history its finished calls have shown or made."""
    told: int = 0
    """How much of the history the cache was told of by messages that all arrived."""
    acknowledged: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """The writes that have returned within a lapse: their places in history, and when."""
    due: int = 0
    """How much of the history was acknowledged so long ago that everybody must see it."""
    sent: int = 0
    """When the message that arrives was sent."""

    def __post_init__(self) -> None:
        self.cache = self.rules.cache(lambda: self.now)
        self.cache.put(
            {ID: Snapshot("A", 1, b"")}, asked_at=self.now, lapse=self.rules.lapse, wrote=True
        )
        self.last = [
            LastReturned(
                kept=self.rules.kept * self.rules.lapse, most=9, monotonic=lambda: self.now
            )
            for _ in range(self.clients)
        ]
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

    def commit(self, version: Version | None) -> int:
        """Change the store of record; the place in history."""
        self.stored = version
        self.history.append(version)
        return len(self.history) - 1

    def shown(self, version: Version | None, earliest: int) -> bool:
        """Whether this version stood at some place in history, from `earliest` on."""
        return version in self.history[earliest:]

    def arrive(self, letter: Letter) -> None:
        """A message reaches the cache."""
        arriving = letter.arriving
        self.cache.sent_at = letter.sent  # type: ignore[attr-defined]  # for rules that count so
        if isinstance(arriving, Snapshot):
            self.cache.put(
                {ID: arriving}, asked_at=letter.asked, lapse=self.rules.lapse, wrote=letter.wrote
            )
        elif arriving is not None:
            self.cache.mark(ID, arriving, lapse=self.rules.lapse)
        else:
            self.cache.bury([ID], lapse=self.rules.lapse)


Steps = Generator[str, Fate, None]


def call_steps(world: World, call: Call) -> Steps:
    """The requests of a call, one by one; each is carried out when the generator is resumed."""
    return _get(world, call.client) if call.verb == "get" else _write(world, call)


def _get(world: World, client: int) -> Steps:
    # What was over before this call began must not be seen any more.
    floor, told, due = world.own[client], world.told, world.due
    last = world.last[client]
    began, asked = last.begin(), world.now
    fate = yield "cache get"
    found = world.cache.get([ID]).get(ID) if fate == "delivered" else None
    if world.has_time and found is not None:
        yield "answer"
    if world.rules.minds_late_answers and world.now - asked > world.rules.lapse / 2:
        found = None
    if found is not None:
        version = Version(found.life, found.version)
        if last.admits(ID, version, began):
            _check(world, client, version, floor=floor, told=told, due=due)
            return
    found = None
    began, asked = last.begin(), world.now
    yield "primary get"
    answer = world.stored
    place = len(world.history) - 1
    if world.has_time:
        yield "answer"
    if answer is None:
        last.doubt(ID)
    else:
        yield from _put(world, client, answer, began, asked, wrote=False)
    _check(world, client, answer, floor=floor, told=told, due=due, place=place)


def _write(world: World, call: Call) -> Steps:
    client, last = call.client, world.last[call.client]
    began, asked = last.begin(), world.now
    yield f"primary {call.verb}"
    place = _committed(world, call.verb)
    written = world.stored
    if world.has_time:
        yield "answer"
    if place is None:
        last.doubt(ID)
        return
    if call.verb == "update" and written is not None:
        marker = Letter(Marker(written.life, written.number))
        arrived = yield from _tell(world, client, written, began, marker)
    elif call.verb in ("append", "create") and written is not None:
        arrived = yield from _put(world, client, written, began, asked, wrote=True)
    else:
        arrived = yield from _bury(world, client)
        world.forgot |= call.verb == "restore" and not arrived
    world.own[client] = max(world.own[client], place)
    world.acknowledged.append((place, world.now))
    if arrived:
        world.told = max(world.told, place)


def _committed(world: World, verb: Verb) -> int | None:
    """Carry a write out; its place in history, or None if it failed."""
    stored = world.stored
    if verb == "restore":
        # A backup of the first life, from before its second version.
        return world.commit(Version("A", 1))
    if (stored is None) != (verb == "create"):
        return None
    if stored is None:
        world.lives += 1
        return world.commit(Version(f"life {world.lives}", 1))
    if verb == "delete":
        return world.commit(None)
    return world.commit(Version(stored.life, stored.number + 1))


def _put(
    world: World, client: int, version: Version, began: int, asked: int, *, wrote: bool
) -> Generator[str, Fate, bool]:
    snapshot = Snapshot(version.life, version.number, b"")
    letter = Letter(snapshot, asked, wrote, world.now)
    return (yield from _tell(world, client, version, began, letter))


def _tell(
    world: World, client: int, version: Version, began: int, letter: Letter
) -> Generator[str, Fate, bool]:
    is_last_word = world.last[client].answered(ID, version, began)
    if not (letter.wrote or is_last_word):
        return True
    if world.last[client].owes(ID):
        return (yield from _bury(world, client))
    fate = yield "cache put"
    arrived = _deliver(world, fate, letter)
    if not arrived and not world.rules.minds_failures:
        world.last[client]._standings.clear()
    return arrived


def _bury(world: World, client: int) -> Generator[str, Fate, bool]:
    ticket = world.last[client].owe(ID)
    fate = yield "cache bury"
    arrived = _deliver(world, fate, Letter(None))
    if fate in ("delivered", "after a restart"):
        world.last[client].settle(ID, ticket)
    if not world.rules.minds_failures:
        world.last[client]._standings.clear()
    return arrived


def _deliver(world: World, fate: Fate, letter: Letter) -> bool:
    """Whether the message arrives."""
    if fate == "late":
        world.flying.append(letter)
    elif fate != "lost":
        world.arrive(letter)
    return fate not in ("late", "lost")


def _check(
    world: World,
    client: int,
    version: Version | None,
    *,
    floor: int,
    told: int,
    due: int,
    place: int | None = None,
) -> None:
    """What a read returned must have been so at some moment since: the newest that this client's
    calls, finished before it began, had shown; the newest that anybody's call had written and
    returned a lapse before it began; and, as long as no message was lost, the newest that anybody's
    finished call had written."""
    if not world.shown(version, floor):
        world.faults.append(f"client {client} went back to {version}")
    if not world.shown(version, due):
        world.faults.append(f"client {client} saw {version}, which was over for too long")
    if not world.forgot and not world.shown(version, told):
        world.faults.append(f"client {client} saw {version}, which was over")
    if place is None and version in world.history[floor:]:
        # Of the places at which the version stood, the earliest that it can have been.
        place = world.history.index(version, floor)
    if place is not None:
        world.own[client] = max(world.own[client], place)
