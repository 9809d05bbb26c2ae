"""Time as a store sees it: a clock that the caller may replace, read once per call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chatstore.errors import InvalidInputError

Clock = Callable[[], datetime]
"""Anything that returns the present as a timezone-aware datetime."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """The system's clock, in UTC: the default of every store."""
    return datetime.now(UTC)


def require_aware(field: str, moment: datetime) -> datetime:
    """Return `moment`; raise `InvalidInputError` if it is no datetime or has no time zone."""
    if not isinstance(moment, datetime):
        raise InvalidInputError(field, "a timezone-aware datetime", type(moment).__name__)
    if moment.utcoffset() is None:
        raise InvalidInputError(
            field,
            "a timezone-aware datetime",
            f"{moment!r} has no time zone",
            "use datetime.now(UTC)",
        )
    return moment


def utc_text(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`: fixed width, so that text order is time order."""
    if type(moment) is not datetime or moment.tzinfo is not UTC:
        moment = require_aware("time", moment).astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True)
class Moment:
    """The one reading of the clock that a call goes by."""

    time: datetime

    @classmethod
    def read(cls, clock: Clock) -> "Moment":
        """Read `clock`; raise `InvalidInputError` if its time is naive."""
        return cls(require_aware("clock", clock()))

    @property
    def text(self) -> str:
        """The stored form, as in `createdAt`."""
        return utc_text(self.time)

    @property
    def seconds(self) -> int:
        """Unix seconds, rounded down: what a `ttl` is compared with."""
        since = self.time - _EPOCH
        return since.days * 86_400 + since.seconds

    def is_past(self, ttl: int | None) -> bool:
        """Whether a session with this `ttl` has expired. None never does."""
        return ttl is not None and ttl <= self.seconds


class ManualClock:
    """A clock that stands still until it is moved: for tests and demonstrations."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = require_aware("now", now or datetime(2026, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative `by` moves it back."""
        self.now += by
