"""The cache's protocol as a small world in which every order of events can be tried.

One session id; a store of record; a cache that obeys `caching.met`; clients that remember by the
rules of `last_returned`. A call is a generator that yields before each request, as `cached_calls`
sends them. There is no clock: nothing lapses within an exploration, and nothing is ordered by time,
so clocks that stand still or differ are the same as none.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

from chatstore import last_returned
from chatstore.caching import Entry, Marker, Snapshot, Tombstone, met
from chatstore.last_returned import Standing, Version

Verb = Literal["get", "append", "update", "delete", "create", "restore"]
VERBS: tuple[Verb, ...] = ("get", "append", "update", "delete", "create", "restore")
Fate = Literal["delivered", "lost", "answer lost", "after a restart"]

FATES: tuple[Fate, ...] = ("delivered", "lost", "answer lost", "after a restart")


@dataclass(frozen=True)
class Rules:
    """What of the protocol is in force: all of it, unless a test turns something off."""

    puts_if_newer: bool = True
    has_tombstones: bool = True
    minds_failures: bool = True


@dataclass(frozen=True)
class Call:
    """A call that a client makes."""

    client: int
    verb: Verb


@dataclass
class World:
    """The state of everything, and what was observed so far."""

    rules: Rules
    clients: int
    stored: Version | None = field(default_factory=lambda: Version("A", 1))
    entry: Entry | None = field(default_factory=lambda: Snapshot("A", 1, b""))
    ticket: int = 0
    forgot: bool = False
    """Whether the cache restarted, or missed the tombstone of a restored session: then others may
    see what is over, until it lapses."""
    standings: list[Standing | None] = field(default_factory=list[Standing | None])
    history: list[Version | None] = field(default_factory=list[Version | None])
    """Each version that was committed, in their order; None: removed."""
    lives: int = 1
    """How many lives the session has had."""
    faults: list[str] = field(default_factory=list[str])
    own: list[int] = field(default_factory=list[int])
    """For each client, how much of the history its finished calls have shown or made."""
    told: int = 0
    """How much of the history the cache was told of by messages that all arrived."""

    def __post_init__(self) -> None:
        self.standings = [None] * self.clients
        self.history = [self.stored]
        self.own = [0] * self.clients

    def draw(self) -> int:
        """A ticket."""
        self.ticket += 1
        return self.ticket

    def commit(self, version: Version | None) -> int:
        """Change the store of record; the place in history."""
        self.stored = version
        self.history.append(version)
        return len(self.history) - 1

    def place(self, version: Version | None, earliest: int) -> int | None:
        """The newest place in history, from `earliest` on, that had this version."""
        for index in range(len(self.history) - 1, earliest - 1, -1):
            if self.history[index] == version:
                return index
        return None

    def arrive(self, arriving: Snapshot | Marker) -> None:
        """A put or a marker reaches the cache."""
        stored = self.entry
        known = isinstance(stored, Snapshot | Marker) and stored.life == arriving.life
        any_order = known and not self.rules.puts_if_newer
        self.entry = arriving if any_order else met(stored, arriving)

    def bury(self) -> None:
        """A tombstone reaches the cache."""
        self.entry = Tombstone() if self.rules.has_tombstones else None


Steps = Generator[str, Fate, None]


def call_steps(world: World, call: Call) -> Steps:
    """The requests of a call, one by one; each is carried out when the generator is resumed."""
    return _get(world, call.client) if call.verb == "get" else _write(world, call)


def _get(world: World, client: int) -> Steps:
    # What was over before this call began must not be seen any more.
    floor, told = world.own[client], world.told
    began = world.draw()
    fate = yield "cache get"
    found = world.entry if fate == "delivered" else None
    if isinstance(found, Snapshot):
        version = Version(found.life, found.version)
        standing = world.standings[client]
        if last_returned.counts(standing, version, began):
            world.standings[client] = last_returned.after_hit(standing, version, world.draw())
            _check(world, client, version, floor=floor, told=told)
            return
    began = world.draw()
    yield "primary get"
    answer = world.stored
    place = len(world.history) - 1
    if answer is None:
        _doubt(world, client)
    else:
        yield from _put(world, client, answer, began, wrote=False)
    _check(world, client, answer, floor=floor, told=told, place=place)


def _write(world: World, call: Call) -> Steps:
    client = call.client
    began = world.draw()
    yield f"primary {call.verb}"
    stored = world.stored
    if call.verb in ("append", "update"):
        if stored is None:
            _doubt(world, client)
            return
        version = Version(stored.life, stored.number + 1)
        place = world.commit(version)
        if call.verb == "append":
            arrived = yield from _put(world, client, version, began)
        else:
            arrived = yield from _tell(world, client, version, began, Marker)
        _finish(world, client, place, arrived=arrived)
    elif call.verb == "create":
        if stored is not None:
            _doubt(world, client)
            return
        world.lives += 1
        version = Version(f"life {world.lives}", 1)
        place = world.commit(version)
        arrived = yield from _put(world, client, version, began)
        _finish(world, client, place, arrived=arrived)
    else:
        if call.verb == "delete" and stored is None:
            _doubt(world, client)
            return
        # A backup of the first life, from before its second version.
        place = world.commit(None if call.verb == "delete" else Version("A", 1))
        arrived = yield from _bury(world, client)
        world.forgot |= call.verb == "restore" and not arrived
        _finish(world, client, place, arrived=arrived)


def _put(
    world: World, client: int, version: Version, began: int, *, wrote: bool = True
) -> Generator[str, Fate, bool]:
    def snapshot(life: str, number: int) -> Snapshot:
        return Snapshot(life, number, b"")

    return (yield from _tell(world, client, version, began, snapshot, wrote=wrote))


def _tell(
    world: World,
    client: int,
    version: Version,
    began: int,
    make: Callable[[str, int], Snapshot | Marker],
    *,
    wrote: bool = True,
) -> Generator[str, Fate, bool]:
    standing, is_last_word = last_returned.after_answer(
        world.standings[client], version, began, world.draw()
    )
    world.standings[client] = standing
    if not (wrote or is_last_word):
        return True
    if standing.owes is not None:
        return (yield from _bury(world, client))
    fate = yield "cache put"
    if fate != "lost":
        world.arrive(make(version.life, version.number))
    if fate == "lost" and not world.rules.minds_failures:
        world.standings[client] = None
    return fate != "lost"


def _bury(world: World, client: int) -> Generator[str, Fate, bool]:
    ticket = world.draw()
    world.standings[client] = last_returned.buried(ticket)
    fate = yield "cache bury"
    if fate != "lost":
        world.bury()
    if fate == "delivered" or not world.rules.minds_failures:
        world.standings[client] = last_returned.settled(world.standings[client], ticket)
    if not world.rules.minds_failures:
        world.standings[client] = None
    return fate != "lost"


def _doubt(world: World, client: int) -> None:
    world.standings[client] = last_returned.doubted(world.standings[client], world.draw())


def _finish(world: World, client: int, place: int, *, arrived: bool) -> None:
    world.own[client] = max(world.own[client], place)
    if arrived:
        world.told = max(world.told, place)


def _check(
    world: World,
    client: int,
    version: Version | None,
    *,
    floor: int,
    told: int,
    place: int | None = None,
) -> None:
    """What a read returned must have been so at some moment since: the newest that this client's
    calls, finished before it began, had shown; and, as long as no message was lost, the newest that
    anybody's finished call had written."""
    if world.place(version, floor) is None:
        world.faults.append(f"client {client} went back to {version}")
    if not world.forgot and world.place(version, told) is None:
        world.faults.append(f"client {client} saw {version}, which was over")
    # Of the places at which the version stood, the earliest that it can have been.
    seen = place if place is not None else _earliest(world, version, floor)
    if seen is not None:
        world.own[client] = max(world.own[client], seen)


def _earliest(world: World, version: Version | None, floor: int) -> int | None:
    places: Iterator[int] = (
        index for index, each in enumerate(world.history) if each == version and index >= floor
    )
    return next(places, None)
