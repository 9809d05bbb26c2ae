"""How the public methods of a store begin: in the process that opened it, and in time."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from chatstore.errors import BackendUnavailableError, ConfigurationError
from chatstore.runtime import deadline
from chatstore.runtime.forks import Origin

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Opened:
    """Whether a store may be called: it is open, and belongs to this process. It begins closed:
    whoever fails to open it has nothing to close."""

    __slots__ = ("_origin", "is_closed", "what")

    def __init__(self, what: str) -> None:
        self._origin = Origin()
        self.is_closed = True
        self.what = what
        """What is opened, for texts that people read."""

    def require_usable(self) -> None:
        """Raise `ConfigurationError` if the store is closed, or a parent process's."""
        self._origin.require_here(self.what)
        if self.is_closed:
            raise ConfigurationError(f"this {self.what} is closed; open another")

    def close(self) -> bool:
        """Refuse every call from here on; whether there is something to release. What a parent
        process opened is the parent's to close."""
        if self.is_closed or not self._origin.is_here:
            return False
        self.is_closed = True
        return True

    def __str__(self) -> str:
        return "closed" if self.is_closed else "open"


class HasCalls(Protocol):
    """What has public calls: a store."""

    deadline: float
    opened: Opened

    @property
    def place(self) -> str: ...


Store = TypeVar("Store", bound=HasCalls)


def public_call(
    method: Callable[Concatenate[Store, Arguments], Result],
) -> Callable[Concatenate[Store, Arguments], Result]:
    """A public method: refused in a store that is closed or inherited from a parent process, and
    given the store's deadline."""

    @wraps(method)
    def within_deadline(
        store: Store, /, *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        store.opened.require_usable()
        try:
            return deadline.call_within(store.deadline, method, store, *arguments, **options)
        except deadline.DeadlineError as error:
            raise late(store.place, store.deadline) from error

    return within_deadline


def public_walk(
    method: Callable[Concatenate[Store, Arguments], Result],
) -> Callable[Concatenate[Store, Arguments], Result]:
    """A public method that takes as long as there is data: it has no deadline as a whole, and the
    engine gives each of its steps one (`deadline.each_step`)."""

    @wraps(method)
    def step_by_step(
        store: Store, /, *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        store.opened.require_usable()
        with deadline.in_steps(store.deadline):
            return method(store, *arguments, **options)

    return step_by_step


def late(place: str, seconds: float) -> BackendUnavailableError:
    """The error for a call whose time is up."""
    return BackendUnavailableError(
        f"{place}: no answer within {seconds:g} seconds, the deadline of a call; the outcome of a "
        "write is unknown, send the same call again"
    )
