"""Values that nobody should give, and some that look as if they were right."""

import asyncio
import math
from collections import UserDict, UserString
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

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


class Raising:
    """An object that answers no question."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")


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
)

hostile = st.one_of(
    st.sampled_from(NAMED),
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
