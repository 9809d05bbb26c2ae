"""Times at the edge of what a store can keep, and what passes for a time and is none."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from unittest.mock import Mock

from chatstore_contract_tests.impostors import fail


class FailingZone(tzinfo):
    """A time zone that fails."""

    utcoffset = tzname = dst = fail


class OddZone(tzinfo):
    """A time zone that knows no offset of its kind."""

    tzname = dst = fail

    def __init__(self, offset: Any) -> None:
        self._offset = offset

    def utcoffset(self, moment: datetime | None, /) -> Any:
        return self._offset


class Stamp(datetime):
    """A datetime with methods of its own, as other libraries have them."""

    def isoformat(self, *_: object, **__: object) -> str:
        return "2026"

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        raise LookupError("an impostor was asked")

    def __sub__(self, other: object) -> Any:
        raise LookupError("an impostor was asked")

    def __repr__(self) -> str:
        return "Stamp"


class Span(timedelta):
    """A timedelta with methods of its own."""

    def total_seconds(self) -> float:
        return -1.0

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


FAR = timezone(timedelta(hours=1))
NEAR = timezone(-timedelta(hours=1))

TIMES: Mapping[str, Any] = {
    "before the first year": datetime.min.replace(tzinfo=FAR),
    "after the last year": datetime.max.replace(tzinfo=NEAR),
    "naive": datetime(2026, 1, 1),
    "a failing zone": datetime(2026, 1, 1, tzinfo=FailingZone()),
    "a zone without an offset": datetime(2026, 1, 1, tzinfo=OddZone(None)),
    "a zone with a number": datetime(2026, 1, 1, tzinfo=OddZone(7)),
    "a zone of two days": datetime(2026, 1, 1, tzinfo=OddZone(timedelta(days=2))),
    "a text": "2026-01-01T00:00:00Z",
    "a number": 0,
    "a mock": Mock(spec=datetime),
}
"""What is no time that can be stored."""

ODD_TIMES: Mapping[str, tuple[datetime, str]] = {
    "the first": (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00+00:00"),
    "the last": (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999+00:00"),
    "the first elsewhere": (datetime.min.replace(tzinfo=NEAR), "0001-01-01T01:00:00+00:00"),
    "a subclass": (Stamp(2026, 3, 1, 12, tzinfo=FAR), "2026-03-01T11:00:00+00:00"),
    "a zone with an odd span": (
        datetime(2026, 3, 1, 12, tzinfo=OddZone(Span(hours=1))),
        "2026-03-01T11:00:00+00:00",
    ),
    "the second of two": (
        datetime(2026, 10, 25, 2, 30, tzinfo=FAR, fold=1),
        "2026-10-25T01:30:00+00:00",
    ),
}
"""Times that are odd, and good; and the instant that they are."""
