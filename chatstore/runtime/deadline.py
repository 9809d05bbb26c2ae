"""The deadline of a call: how long it may take in all, retries and reconnects included.

A store begins a deadline for each public call (`call_within`), for the thread that it runs in. An
engine that waits asks how long it still may (`seconds_left`), or names what has to be broken off
when the time is up (`broken_off_by`): time-outs of a driver begin anew with each byte, and so bound
nothing by themselves.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from chatstore.errors import ConfigurationError
from chatstore.runtime.options import require_seconds
from chatstore.runtime.watchdog import Watch, Watchdog
from chatstore.values.plain import masked

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

DEFAULT_DEADLINE = 10.0
"""How many seconds a call may take, unless a store says otherwise."""

LONGEST_DEADLINE = 3_600.0
_LITTLE_TIME = 0.01


class DeadlineError(Exception):
    """A call's time is up. Engines raise it to stop; callers get `BackendUnavailableError`."""


class NoTimeError(DeadlineError):
    """So little is left of a call's time that what goes on beside it is not even begun."""


class _Calls(threading.local):
    """What the call of each thread has to keep to."""

    ends: float | None = None
    began: float | None = None
    step: float = DEFAULT_DEADLINE


_calls = _Calls()
_watchdog = Watchdog()


def require_deadline(seconds: object) -> float:
    """Return `seconds` as a float; raise `InvalidInputError` unless it is a number more than 0 and
    at most 3,600."""
    return require_seconds("deadline", seconds, most=LONGEST_DEADLINE)


def read_deadline(text: str) -> float:
    """The deadline that a URL's option `deadline` gives. Raises `ConfigurationError`, which repeats
    no credentials that stand there by mistake."""
    try:
        return require_deadline(float(text))
    except ValueError:
        raise ConfigurationError(
            f"deadline={masked(text)[:40]} in the URL must be a number of seconds, more than 0 and "
            f"at most {LONGEST_DEADLINE:.0f}"
        ) from None


def call_within(
    seconds: float,
    call: Callable[Arguments, Result],
    *arguments: Arguments.args,
    **options: Arguments.kwargs,
) -> Result:
    """What `call` returns, which is given `seconds`, or what is left of an outer deadline if that
    is less. Raises `DeadlineError` if nothing is left: it may have waited for a thread for so
    long."""
    outer, began = _calls.ends, _calls.began
    try:
        if not _begin(seconds):
            raise DeadlineError
        return call(*arguments, **options)
    finally:
        _calls.ends, _calls.began = outer, began


def call_aside(
    call: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """`call_within` a quarter of what is left, for what goes on beside a call and must leave it its
    time. Raises `NoTimeError`, and calls nothing, if hardly any is left."""
    ends = _calls.ends
    left = LONGEST_DEADLINE if ends is None else ends - time.monotonic()
    if left < _LITTLE_TIME:
        raise NoTimeError
    return call_within(left / 4, call, *arguments, **options)


def _begin(seconds: float) -> bool:
    """Let what this thread does next have `seconds`, or what is left of an outer deadline; whether
    that is any time at all."""
    outer, began = _calls.ends, _calls.began
    now = time.monotonic()
    ends = (now if began is None else began) + seconds
    if outer is not None and outer < ends:
        ends = outer
    # What is inside begins when it begins: only the outermost call has waited.
    _calls.ends, _calls.began = ends, None
    return now < ends


class within:  # noqa: N801  it is used as a function is; as a generator it would be slower
    """`call_within`, for a block: even if nothing is left, it is entered."""

    __slots__ = ("_outer", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._outer = _calls.ends, _calls.began
        _begin(self._seconds)

    def __exit__(self, *exception: object) -> None:
        _calls.ends, _calls.began = self._outer


class in_steps:  # noqa: N801  as `within`
    """A call that takes as long as there is data: it has no deadline as a whole, each of its steps
    has `seconds` (`each_step`)."""

    __slots__ = ("_outer", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._outer = _calls.step, _calls.began
        _calls.step, _calls.began = self._seconds, None

    def __exit__(self, *exception: object) -> None:
        _calls.step, _calls.began = self._outer


def each_step() -> within:
    """Give one step of a long call its own deadline."""
    return within(_calls.step)


@contextmanager
def counted_from(began: float) -> Iterator[None]:
    """Let the deadlines of the calls inside count from `began`, by `time.monotonic`: a call that
    waited for a thread has used up some of its time."""
    outer = _calls.began
    _calls.began = began
    try:
        yield
    finally:
        _calls.began = outer


def is_over() -> bool:
    """Whether the time of this thread's call is up."""
    ends = _calls.ends
    return ends is not None and time.monotonic() >= ends


def seconds_left(most: float | None = None) -> float | None:
    """How long this thread's call may still take, `most` at the most; `most` if it has no
    deadline. Raises `DeadlineError` if its time is up."""
    ends = _calls.ends
    if ends is None:
        return most
    left = ends - time.monotonic()
    if left <= 0:
        raise DeadlineError
    return left if most is None else min(left, most)


def pause(seconds: float) -> None:
    """Sleep before another attempt. Raises `DeadlineError` at once if the time would be up then."""
    left = seconds_left()
    if left is not None and left <= seconds:
        raise DeadlineError
    time.sleep(seconds)


class broken_off_by:  # noqa: N801  as `within`
    """Have `interrupt` called, by another thread, if the time is up before the block ends.

    `interrupt` makes whatever the block waits for fail, for example by shutting down its socket. It
    is never called once the block has ended. Raises `DeadlineError` if the time is up already.
    """

    __slots__ = ("_interrupt", "_watch")

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self._watch: Watch | None = None

    def __enter__(self) -> None:
        ends = _calls.ends
        if ends is not None:
            if time.monotonic() >= ends:
                raise DeadlineError
            self._watch = _watchdog.watch(ends, self._interrupt)

    def __exit__(self, *exception: object) -> None:
        if self._watch is not None:
            self._watch.end()
