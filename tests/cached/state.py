"""What of a run decides how it can go on, in a form that can be compared with another run's."""

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from chatstore.cache.knowledge import Knowledge, Standing
from chatstore.cache.machine import Machine
from chatstore.cache.protocol import Marker, Tombstone, Version
from chatstore.models import Page, SessionInfo

from .call import CallUnderWay, version_of
from .world import ID, Letter, World

_SHARED = (Machine, Knowledge)


def entry_of(world: World) -> object:
    """What the cache holds."""
    entry, until = world.cache._entries.get(ID, (None, 0.0))
    if until <= world.now:
        return None
    if isinstance(entry, Tombstone):
        return "tombstone", entry.since - world.now, until - world.now
    return entry, until - world.now


def ranked(kept: tuple[Standing, float] | None, rank: Mapping[int, int], now: float) -> object:
    """What a client knows, with its tickets by their order."""
    if kept is None or kept[1] <= now:
        return None
    standing, until = kept
    owes = None if standing.owes is None else rank[standing.owes]
    return standing.version, owes, rank[standing.since], rank[standing.changed], until - now


def variables_of(call: CallUnderWay) -> list[object]:
    """The variables of a machine's call under way, in all its frames, and the answer that it is
    yet to be given."""
    found: list[object] = [None if call.held is None else call.held[1]]
    steps: Any = call.steps
    while steps is not None:
        frame: FrameType | None = steps.gi_frame
        if frame is not None:
            # A place in the code, and no ticket.
            found.append(str(frame.f_lasti))
            found += [each for each in frame.f_locals.values() if not isinstance(each, _SHARED)]
        steps = steps.gi_yieldfrom
    return found


def tickets_of(value: object) -> Iterator[int]:
    """What is a whole number in the machine's variables is a ticket."""
    match value:
        case bool() | Version() | Marker() | SessionInfo():
            return
        case int():
            yield value
        case dict():
            for each in value.values():
                yield from tickets_of(each)
        case list() | tuple():
            for each in value:
                yield from tickets_of(each)
        case _:
            return


def plain(value: object, rank: Mapping[int, int], now: float) -> object:
    """A value of the machine's, as it may be compared with that of another run: what is a whole
    number is a ticket, and what is a float is a time."""
    match value:
        case None | bool() | str() | Version() | Marker():
            return value
        case int():
            return rank[value]
        case float():
            return value - now
        case SessionInfo():
            return Version.of(value)
        case Page():
            return version_of(value)
        case Letter(message, sent):
            return plain(message, rank, now), sent - now
        case dict():
            return tuple((key, plain(each, rank, now)) for key, each in value.items())
        case list() | tuple():
            return type(value), tuple(plain(each, rank, now) for each in value)
        case Exception():
            return type(value)
        case _:
            raise TypeError(f"the explorer does not know how to compare a {type(value)}")
