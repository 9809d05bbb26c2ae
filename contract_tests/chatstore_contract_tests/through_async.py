"""The contract through the async adapter: any harness, its stores awaited on an event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, cast

from chatstore import (
    AsyncSessionStore,
    AsyncUserSessions,
    Clock,
    JsonObject,
    MaintainedSessionStore,
    RetentionPolicy,
    utc_now,
)
from chatstore_contract_tests.harness import Harness


class LoopThread:
    """An event loop in a thread, where other threads have coroutines awaited."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="contract-loop")
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine comes to, on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def walk(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        """The items of an asynchronous iterator, one step on the loop for each."""

        async def step() -> list[Any]:
            return [item async for item in _first(items)]

        while found := self.run(step()):
            yield from found

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _first(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return


class SyncView:
    """An asynchronous store, or its view of one user, whose methods wait for their coroutines: to
    the contract, a store like any other."""

    def __init__(self, target: AsyncSessionStore | AsyncUserSessions, loop: LoopThread) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            result = value(*arguments, **options)
            if asyncio.iscoroutine(result):
                return self._loop.run(result)
            if isinstance(result, AsyncIterator):
                return self._loop.walk(result)
            return SyncView(result, self._loop) if isinstance(result, AsyncUserSessions) else result

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _AsyncHarness(Harness):
    def __init__(self, harness: Harness) -> None:
        self.name = f"{harness.name}, awaited"
        self._harness = harness
        self._loop = LoopThread()

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MaintainedSessionStore:
        store = AsyncSessionStore(self._harness.open(policy=policy, clock=clock))
        return cast("MaintainedSessionStore", SyncView(store, self._loop))

    def raw_write(self, document: JsonObject) -> None:
        self._harness.raw_write(document)

    def raw_read(self, session_id: str) -> object:
        return self._harness.raw_read(session_id)

    def corrupt(self, session_id: str) -> None:
        self._harness.corrupt(session_id)

    def corrupt_message(self, session_id: str) -> None:
        self._harness.corrupt_message(session_id)

    def settle(self) -> None:
        self._harness.settle()

    def close(self) -> None:
        self._loop.stop()
        self._harness.close()


def through_async(harness: Harness) -> Iterator[Harness]:
    """`harness`, but every call goes through `AsyncSessionStore`. In a fixture:
    `yield from through_async(MyHarness())`; it closes the harness afterwards."""
    # An emulator's faults are those of the harness behind.
    awaited = type("AsyncHarness", (_AsyncHarness,), {"faults": harness.faults})(harness)
    yield awaited
    awaited.close()
