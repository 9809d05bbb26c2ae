"""How a synchronous method becomes a coroutine of the same name, arguments, result and errors."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from chatstore.aio.threads import Threads
from chatstore.record.limits import MAX_PAGE
from chatstore.values.plain import attribute_of, plain_json, whole

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

SessionOf = Callable[[Sequence[object], Mapping[str, object]], object]
"""From a call's arguments to the id of the session that it writes to."""


def first(arguments: Sequence[object], options: Mapping[str, object]) -> object:
    """The id that is the first argument."""
    return arguments[0] if arguments else options.get("session_id")


def named(_arguments: Sequence[object], options: Mapping[str, object]) -> object:
    """The id that is given by name, if one is."""
    return options.get("session_id")


def restored(arguments: Sequence[object], options: Mapping[str, object]) -> object:
    """The id of the session that is the first argument."""
    session = arguments[0] if arguments else options.get("session")
    return attribute_of(session, "session_id")


class Awaited:
    """What the store and a user's view of it have in common: a synchronous twin, and threads."""

    def __init__(self, twin: Any, threads: Threads) -> None:
        self._twin = twin
        self._threads = threads


class Call(Generic[Arguments, Result]):
    """A method that is a coroutine here: same name, same arguments, same result."""

    def __init__(
        self,
        method: Callable[Concatenate[Any, Arguments], Result],
        *,
        writes_to: SessionOf | None = None,
    ) -> None:
        self._name = method.__name__
        self._writes_to = writes_to
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, instance: Awaited, owner: type
    ) -> Callable[Arguments, Coroutine[Any, Any, Result]]: ...

    def __get__(self, instance: Awaited | None, owner: type) -> Any:
        if instance is None:
            return self
        method: Callable[Arguments, Result] = getattr(instance._twin, self._name)
        writes_to = self._writes_to

        @functools.wraps(method)
        async def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
            session_id = writes_to(arguments, options) if writes_to is not None else None
            plain_id = plain_json(session_id)
            return await instance._threads.run(
                functools.partial(method, *arguments, **options),
                # What is no id is for the store to refuse.
                session_id=plain_id if type(plain_id) is str else None,
            )

        return call


class Walk(Generic[Arguments, Result]):
    """An iterator's method that is asynchronous here: one call in a thread for each page."""

    def __init__(self, method: Callable[Concatenate[Any, Arguments], Iterator[Result]]) -> None:
        self._name = method.__name__
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, instance: Awaited, owner: type
    ) -> Callable[Arguments, AsyncIterator[Result]]: ...

    def __get__(self, instance: Awaited | None, owner: type) -> Any:
        if instance is None:
            return self
        method: Callable[Arguments, Iterator[Result]] = getattr(instance._twin, self._name)

        @functools.wraps(method)
        async def walk(
            *arguments: Arguments.args, **options: Arguments.kwargs
        ) -> AsyncIterator[Result]:
            items = method(*arguments, **options)
            size = whole(options.get("page_size", 100))
            # A size that is none is for the store to refuse, at the first step.
            page_size = size if size is not None and 0 < size <= MAX_PAGE else 1
            while found := await instance._threads.run(lambda: list(islice(items, page_size))):
                for item in found:
                    yield item

        return walk
