"""Values that pass for others: subclasses with methods of their own, what lies about itself, what
fails when it is looked at. A store makes them plain, or refuses them, before it writes."""

import enum
from collections import OrderedDict, UserDict, UserList, UserString, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import Mock


def fail(*_: object, **__: object) -> NoReturn:
    """A method that nobody may call."""
    raise LookupError("an impostor was asked")


class Label(str, enum.Enum):  # noqa: UP042 - its text is its name, as StrEnum's is not
    """Texts by names: `str()` of one is `Label.CLOSED`."""

    CLOSED = "closed"
    ANA = "ana"
    KEY = "key"


class Count(enum.IntEnum):
    """Numbers by names."""

    ONE = 1
    FIVE = 5


class Loud(str):
    """A text that says something else of itself wherever it may."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return "LOUD"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return False

    def __format__(self, spec: str) -> str:
        return "LOUD"

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        return iter("LOUD")

    def __contains__(self, part: object) -> bool:
        return False

    def encode(self, *_: object, **__: object) -> bytes:
        return b"LOUD"

    def isascii(self) -> bool:
        return True


class Refusing(str):
    """A text whose every method fails."""

    __slots__ = ()
    __str__ = __repr__ = __format__ = encode = isascii = __len__ = __eq__ = fail
    __hash__ = str.__hash__


class Number(int):
    """A number that says something else of itself."""

    def __repr__(self) -> str:
        return "seven"

    __str__ = __repr__

    def __index__(self) -> int:
        return 7

    __int__ = __index__

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__


class Part(float):
    """A fraction that says something else of itself."""

    def __repr__(self) -> str:
        return "a half"

    __str__ = __repr__

    def is_integer(self) -> bool:
        return True


class Entries(dict[Any, Any]):
    """A dict that shows others what it does not hold."""

    def items(self) -> Any:
        return {"shown": "instead"}.items()

    def keys(self) -> Any:
        return {"shown": "instead"}.keys()

    def __iter__(self) -> Iterator[Any]:
        return iter(["shown"])

    def __getitem__(self, name: object) -> Any:
        return "instead"

    def __len__(self) -> int:
        return 10**9


class Listed(list[Any]):
    """A list that shows others what it does not hold."""

    def __iter__(self) -> Iterator[Any]:
        return iter(["shown instead"])

    def __len__(self) -> int:
        return 10**9


class Scalar:
    """A number of another library: it can be made an int or a float."""

    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0

    def __bool__(self) -> bool:
        raise ValueError("which of them?")


class FailingMapping(Mapping[str, Any]):
    """A mapping that can't be read."""

    __getitem__ = fail
    __len__ = fail

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "b"])


class Unending(Mapping[str, Any]):
    """A mapping without an end."""

    def __getitem__(self, name: str) -> Any:
        return 1

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            yield f"{number}"
            number += 1


class Liar:
    """It says that it is a str, and fails at everything else."""

    __class__ = str  # type: ignore[assignment]  # that is the lie
    __repr__ = __str__ = __len__ = __iter__ = fail


def looping() -> dict[str, Any]:
    """A dict that holds itself."""
    loop: dict[str, Any] = {}
    loop["loop"] = [loop]
    return loop


def breaking() -> Iterator[Any]:
    """Gives something and then fails."""
    yield "ana"
    raise LookupError("an impostor was asked")


PLAIN: Mapping[str, tuple[Any, Any]] = {
    "a str enumeration": (Label.CLOSED, "closed"),
    "a loud text": (Loud("closed"), "closed"),
    "a refusing text": (Refusing("closed"), "closed"),
    "an int enumeration": (Count.FIVE, 5),
    "an odd number": (Number(5), 5),
    "an odd fraction": (Part(0.5), 0.5),
    "an odd dict": (Entries({"a": Loud("b")}), {"a": "b"}),
    "an odd list": (Listed([Loud("a"), Count.ONE]), ["a", 1]),
    "a default dict": (defaultdict(int, a=1), {"a": 1}),
    "an ordered dict": (OrderedDict(a=1.0), {"a": 1}),
    "a named key": ({Label.KEY: 1}, {"key": 1}),
}
"""JSON values of a subclass, and the plain value that is stored."""

IMPOSTORS: Mapping[str, Callable[[], Any]] = {
    "a scalar": Scalar,
    "a liar": Liar,
    "a mock of a text": lambda: Mock(spec=str),
    "a failing mapping": FailingMapping,
    "an unending mapping": Unending,
    "a user's dict": lambda: UserDict(a=1),
    "a user's list": lambda: UserList([1]),
    "a user's text": lambda: UserString("ana"),
    "a proxy": lambda: MappingProxyType({"a": object()}),
    "a namespace": lambda: SimpleNamespace(a=1),
    "bytes": lambda: b"ana",
    "a byte array": lambda: bytearray(b"ana"),
    "a view": lambda: memoryview(b"ana"),
    "a generator": breaking,
    "a loop": looping,
    "a decimal": lambda: Decimal(1),
    "a fraction": lambda: Fraction(1, 2),
    "a complex number": lambda: 1j,
    "a range": lambda: range(3),
    "a set": lambda: {1},
    "an object": object,
    "a type": lambda: int,
    "a function": lambda: breaking,
    "not a number": lambda: float("nan"),
    "a long number": lambda: 10**5_000,
    "a long negative number": lambda: -(10**5_000),
    "two names in one": lambda: {Loud("a"): 1, "a": 2},
    "a surrogate": lambda: "\ud800",
    "a NUL": lambda: "\0",
    "a time": lambda: datetime(2026, 1, 1, tzinfo=UTC),
    "a name that is none": lambda: {None: 1},
}
"""What no argument may be, and no JSON value either."""
