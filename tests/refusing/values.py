"""Values that nobody should give, and some that look as if they were right."""

import asyncio
import math
from collections import UserDict, UserString
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import strategies as st

from chatstore import MemorySessionCache, MemorySessionStore, MemoryStorage, RetentionPolicy


class Colour(str, Enum):  # noqa: UP042  a StrEnum prints as its value
    """A `str` that does not print as its value."""

    RED = "red"


class Count(IntEnum):
    """An `int` that does not print as its value."""

    TEN = 10


class Lying(str):
    """A `str` whose methods say something else."""

    def __str__(self) -> str:
        raise RuntimeError("text")

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def encode(self, *_: object, **__: object) -> bytes:
        raise RuntimeError("bytes")


def fail(*_: object, **__: object) -> NoReturn:
    """A method that nobody may call."""
    raise RuntimeError("it was asked")


class LyingCount(int):
    """An `int` whose methods fail."""

    __int__ = __index__ = __float__ = __bool__ = __str__ = __repr__ = __format__ = fail
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = fail
    __hash__ = int.__hash__


class LyingNumber(float):
    """A `float` whose methods fail."""

    __int__ = __float__ = __bool__ = __str__ = __repr__ = __format__ = fail
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = fail
    __hash__ = float.__hash__


class LyingSpan(timedelta):
    """A `timedelta` whose methods fail."""

    __bool__ = __str__ = __repr__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = fail
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = total_seconds = fail
    __hash__ = timedelta.__hash__


class LyingMoment(datetime):
    """A `datetime` whose methods fail."""

    __str__ = __repr__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __sub__ = __add__ = fail
    astimezone = replace = isoformat = utcoffset = fail
    __hash__ = datetime.__hash__


class LyingList(list[Any]):
    """A `list` whose methods fail."""

    __iter__ = __len__ = __bool__ = __repr__ = __eq__ = __getitem__ = fail


class LyingDict(dict[Any, Any]):
    """A `dict` whose methods fail."""

    __iter__ = __len__ = __bool__ = __repr__ = __eq__ = __getitem__ = items = keys = fail


class LyingBytes(bytes):
    """`bytes` whose methods fail."""

    __iter__ = __len__ = __bool__ = __repr__ = __eq__ = decode = fail
    __hash__ = bytes.__hash__


class LyingPath(PathLike[str]):
    """A path that says none."""

    __fspath__ = __str__ = __repr__ = fail


class LyingZone(tzinfo):
    """A time zone without an offset."""

    utcoffset = dst = tzname = fail


class Raising:
    """An object that answers no question."""

    __getattr__ = __repr__ = __str__ = __bool__ = __eq__ = __len__ = __iter__ = fail
    __hash__ = object.__hash__


class Faceless:
    """An object that answers no question, not even of what class it is."""

    __getattribute__ = __repr__ = __str__ = __bool__ = __eq__ = __len__ = __iter__ = fail
    __hash__ = object.__hash__


class Uncertain(Faceless):
    """Such an object that can be called."""

    __call__ = fail


class _Nameless(type):
    __getattribute__ = fail
    __repr__ = fail


class Nameless(metaclass=_Nameless):
    """A class that says nothing of itself."""


async def awaited(*_: object, **__: object) -> None:
    """What should not have been asynchronous."""


def naive() -> datetime:
    """A clock without a time zone."""
    return datetime(2026, 1, 1)


def broken() -> datetime:
    """A clock that fails."""
    raise OSError("no clock")


NAMED: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.0, 0.5, -1.0, 1e308, math.nan),
    *(math.inf, -math.inf, 1j, Decimal(3), Decimal("NaN"), Count.TEN, Colour.RED, Lying("red")),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "a" * 5_000,
        "10",
        "1_0",
        "١٢",
        "none",
        "true",
        "a b",
        "/",
        "é" * 600,
    ),
    *(b"", b"memory://", bytearray(b"x"), UserString("x"), UserDict(), Path("x.db"), Path()),
    *([], [1], (), {}, {"a": 1}, {1: 2}, set(), frozenset({1}), range(3), object(), Raising()),
    *(len, awaited, naive, broken, print, int, str, dict, asyncio.Lock, MemorySessionStore),
    *(timedelta(), timedelta(days=-1), timedelta.max, timedelta(microseconds=1), timedelta(days=1)),
    *(
        datetime.min,
        datetime.max,
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    *(RetentionPolicy(), MemoryStorage(), MemorySessionStore(), MemorySessionCache()),
    *(LyingCount(0), LyingCount(7), LyingCount(-1), LyingNumber(2.5), LyingNumber(math.nan)),
    *(LyingSpan(days=1), LyingSpan(microseconds=1), LyingList([1]), LyingDict(a=1)),
    *(LyingBytes(b"x"), LyingPath(), Faceless(), Uncertain(), Nameless, Nameless()),
    *(LyingMoment(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=LyingZone())),
    *(Raising, Faceless, lambda: Raising(), lambda: Faceless(), lambda: Lying("now")),
    lambda: LyingMoment(2026, 1, 1, tzinfo=UTC),
    lambda: datetime(2026, 1, 1, tzinfo=LyingZone()),
    *(Lying(""), Lying("memory://"), Lying("standard"), Lying("full"), Lying("a" * 5_000)),
)

hostile = st.one_of(
    # Chosen by number: Hypothesis looks at what it chooses from.
    st.integers(0, len(NAMED) - 1).map(NAMED.__getitem__),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.binary(max_size=10),
    st.datetimes(),
    st.timedeltas(),
)

option_text = st.one_of(
    st.sampled_from([value for value in NAMED if type(value) is str]),
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        [
            "http://a b",
            "http://[",
            "//",
            "http://127.0.0.1:99999",
            "%zz",
            "%00",
            "a..b",
            "-1",
            "1e400",
        ]
    ),
)
"""What may stand behind `?option=`, or in an environment variable."""
