"""Time as a store sees it: a clock that the caller may replace, read once per call."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chatstore.errors import InvalidInputError
from chatstore.values.plain import is_kind, kind_of, plain_span, shown

Clock = Callable[[], datetime]
"""Anything that returns the present as a timezone-aware datetime."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = datetime.min.replace(tzinfo=UTC)
_GREATEST = datetime.max.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """The system's clock, in UTC: the default of every store."""
    return datetime.now(UTC)


def in_utc(field: str, moment: object) -> datetime:
    """A moment as a plain datetime in UTC.

    Raises `InvalidInputError` if it is no datetime, has no time zone, or lies outside the years
    1 to 9999 in UTC.
    """
    if type(moment) is datetime and moment.tzinfo is UTC:
        return moment
    if not is_kind(moment, datetime):
        raise InvalidInputError(field, "a timezone-aware datetime", kind_of(moment))
    assert isinstance(moment, datetime)
    # A subclass, or a time zone, may be anybody's code: only datetime's own methods are called.
    local = datetime.combine(datetime.date(moment), datetime.time(moment))
    try:
        offset = datetime.utcoffset(moment)
        # A timedelta of its own kind adds up in its own way.
        away = (
            None if offset is None else timedelta(offset.days, offset.seconds, offset.microseconds)
        )
    except Exception as error:
        raise InvalidInputError(
            field,
            "a datetime whose time zone tells its offset",
            f"one whose time zone fails with {type(error).__name__}",
        ) from error
    if away is None:
        raise InvalidInputError(
            field,
            "a timezone-aware datetime",
            f"{local}, which has no time zone",
            "use datetime.now(UTC)",
        )
    try:
        return (local - away).replace(tzinfo=UTC, fold=0)
    except OverflowError:
        raise InvalidInputError(
            field, "within the years 1 to 9999 in UTC", f"{local} at offset {away}"
        ) from None


def utc_text(moment: datetime, field: str = "time") -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`: fixed width, so that text order is time order. Raises what
    `in_utc` does."""
    if type(moment) is not datetime or moment.tzinfo is not UTC:
        moment = in_utc(field, moment)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def moment_at(seconds: int) -> datetime:
    """The datetime at so many Unix seconds; the first or the last that there is, for what lies
    beyond."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return _LEAST if seconds < 0 else _GREATEST


class Moment:
    """The one reading of the clock that a call goes by."""

    __slots__ = ("seconds", "time")

    def __init__(self, time: datetime) -> None:
        self.time = time
        since = time - _EPOCH
        self.seconds = since.days * 86_400 + since.seconds
        """Unix seconds, rounded down: what a `ttl` is compared with."""

    @classmethod
    def read(cls, clock: Clock) -> "Moment":
        """Read `clock`; raise `InvalidInputError` if it fails, or returns no timezone-aware
        datetime."""
        try:
            time = clock()
        except Exception as error:
            raise InvalidInputError(
                "clock",
                "a function that returns a timezone-aware datetime",
                f"one that fails with {type(error).__name__}",
            ) from error
        return cls(in_utc("clock()", time))

    @property
    def text(self) -> str:
        """The stored form, as in `createdAt`."""
        return utc_text(self.time)

    def earlier(self, by: timedelta) -> "Moment":
        """The moment that lies `by` before this one; the first that there is, for what lies
        beyond."""
        try:
            return Moment(self.time - by)
        except OverflowError:
            return Moment(_LEAST)


class ManualClock:
    """A clock that stands still until it is moved: for tests and demonstrations.

    It raises `InvalidInputError` for a time that a store would refuse.
    """

    def __init__(self, now: datetime | None = None) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC) if now is None else in_utc("now", now)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative `by` moves it back."""
        span = plain_span(by)
        try:
            if span is None:
                raise TypeError
            self.now += span
        except (TypeError, OverflowError):
            raise InvalidInputError(
                "by", "a timedelta that leads to the years 1 to 9999", shown(by)
            ) from None
