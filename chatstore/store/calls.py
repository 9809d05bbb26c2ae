"""How the public methods of a store begin: in the process that opened it, and in time."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from chatstore.errors import BackendUnavailableError
from chatstore.runtime import deadline

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class HasCalls(Protocol):
    """What has public calls: a store."""

    deadline: float

    @property
    def place(self) -> str: ...
    def require_usable(self) -> None: ...


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
        store.require_usable()
        with deadline.within(store.deadline) as has_time:
            if not has_time:
                raise late(store.place, store.deadline)
            return method(store, *arguments, **options)

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
        store.require_usable()
        with deadline.in_steps(store.deadline):
            return method(store, *arguments, **options)

    return step_by_step


def late(place: str, seconds: float) -> BackendUnavailableError:
    """The error for a call whose time is up."""
    return BackendUnavailableError(
        f"{place}: no answer within {seconds:g} seconds, the deadline of a call; the outcome of a "
        "write is unknown, send the same call again"
    )
