"""Writes to one session through one adapter: in the order in which they were called."""

import asyncio
import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatstore import (
    AsyncSessionStore,
    MemorySessionStore,
    Message,
    RetentionPolicy,
    SessionInfo,
)

from .gated import PATIENCE


@pytest.fixture(scope="module", autouse=True)
def busy_threads() -> Iterator[None]:
    """Threads that take turns as often as they can, so that what may overlap does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def message(content: str) -> Message:
    return Message(type="user", content=content)


class HeldStore(MemorySessionStore):
    """The first append waits at a gate, before anything is stored; further ones pass it by."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.arrived = threading.Event()
        self.went_on = False

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        if not self.arrived.is_set():
            self.arrived.set()
            is_open = self.gate.wait(PATIENCE)
            self.went_on = True
            assert is_open
        return super().append(session_id, *messages, **options)


async def held_and_cancelled(behind: HeldStore, store: AsyncSessionStore) -> None:
    """Make a session, and leave an append to it at the gate that nobody waits for any more."""
    await store.create("ana", session_id="one")
    held = asyncio.create_task(store.append("one", message("first")))
    assert await asyncio.to_thread(behind.arrived.wait, PATIENCE)
    held.cancel()
    await asyncio.wait([held])


def test_a_cancelled_append_is_not_overtaken() -> None:
    """The next append waits until the cancelled one has ended, whatever that took: it is not
    stored even when a thread is free for it."""

    async def main() -> None:
        behind = HeldStore()
        async with AsyncSessionStore(behind, max_workers=2) as store:
            await held_and_cancelled(behind, store)
            second = asyncio.create_task(store.append("one", message("second")))
            await asyncio.sleep(0)  # It is called before the read.
            # The only free thread takes what waits in turn: when it has read, it has done, or has
            # passed over, the second append.
            assert (await store.get("one")).messages == []
            behind.gate.set()
            await second
            window = (await store.get("one")).messages
        assert [each.content for each in window] == ["first", "second"]

    asyncio.run(main())


def test_a_cancelled_call_gives_its_turn_back() -> None:
    """Calls that nobody waits for any more keep no other session waiting: with one thread, another
    call is answered while the cancelled one is still on its way."""

    async def main() -> None:
        behind = HeldStore()
        async with AsyncSessionStore(behind, max_workers=1) as store:
            await held_and_cancelled(behind, store)
            assert (await store.create("ana", session_id="other")).session_id == "other"
            assert not behind.went_on
            behind.gate.set()

    asyncio.run(main())


KINDS = ("append", "append_and_get", "update", "rewrite", "delete", "get_or_create", "restore")


class Recording(MemorySessionStore):
    """A store whose writes take odd times, and that notes which began and ended."""

    def __init__(self, durations: list[int]) -> None:
        super().__init__()
        self._durations = itertools.cycle(durations)
        self.began: list[str] = []
        self.ended: list[str] = []
        self.running = 0
        self.most = 0

    def taken(self, label: str) -> None:
        """One write: from its beginning to its end."""
        self.began.append(label)
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(next(self._durations)):
            pass
        self.running -= 1
        self.ended.append(label)


class Write(Recording):
    """Each write is its label alone: the adapter is what is looked at."""

    def append(self, session_id: str, *messages: Any, **options: Any) -> Any:
        self.taken(messages[0])

    append_and_get = append

    def update(self, session_id: str, **options: Any) -> Any:
        self.taken(options["session_status"])

    def rewrite(self, session_id: str, messages: Any, **options: Any) -> Any:
        self.taken(messages)

    def delete(self, session_id: str, **options: Any) -> Any:
        self.taken(options["user_id"])

    def get_or_create(self, session_id: str, **options: Any) -> Any:
        self.taken(options["user_id"])

    def restore(self, session: Any, **options: Any) -> Any:
        self.taken(session.label)


class Restored:
    session_id = "one"

    def __init__(self, label: str) -> None:
        self.label = label


def called(store: Any, kind: str, label: str) -> Coroutine[Any, Any, Any]:
    """A write on the one session, whose only argument of note is its label."""
    calls: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "append": lambda: store.append("one", label),
        "append_and_get": lambda: store.append_and_get("one", label),
        "update": lambda: store.update("one", session_status=label),
        "rewrite": lambda: store.rewrite("one", label, if_version=None),
        "delete": lambda: store.delete("one", user_id=label),
        "get_or_create": lambda: store.get_or_create(session_id="one", user_id=label),
        "restore": lambda: store.restore(Restored(label)),
    }
    return calls[kind]()


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), min_size=2, max_size=12),
    workers=st.integers(1, 4),
    durations=st.lists(st.integers(0, 2_000), min_size=1, max_size=5),
)
def test_writes_begin_in_the_order_of_their_calls(
    calls: list[tuple[str, int]], workers: int, durations: list[int]
) -> None:
    """Whatever kinds of write they are and whichever are cancelled at whatever moment: the writes
    to one session begin in the order in which they were called, one after the other."""

    async def main() -> None:
        behind = Write(durations)
        async with AsyncSessionStore(behind, max_workers=workers) as store:
            tasks: list[tuple[asyncio.Task[Any], int]] = []
            for number, (kind, patience) in enumerate(calls):
                task = asyncio.ensure_future(called(store, kind, f"{number:02}"))
                tasks.append((task, patience))
                await asyncio.sleep(0)
            for task, patience in tasks:
                for _ in range(patience):
                    await asyncio.sleep(0)
                if patience:
                    task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        assert behind.began == sorted(behind.began) == behind.ended
        assert behind.most <= 1
        waited_for = {f"{number:02}" for number, (_, patience) in enumerate(calls) if not patience}
        assert waited_for <= set(behind.began)

    asyncio.run(main())


@pytest.mark.parametrize("through_view", [False, True])
def test_gathered_appends_keep_their_order(through_view: bool) -> None:
    """Appends that are gathered are stored in the order in which they are listed, through a user's
    view as well."""

    async def main() -> None:
        behind = MemorySessionStore(policy=RetentionPolicy(max_messages=None))
        async with AsyncSessionStore(behind) as store:
            await store.create("ana", session_id="one")
            view: Any = store.for_user("ana") if through_view else store
            await asyncio.gather(*(view.append("one", message(f"{n}")) for n in range(50)))
            window = (await store.get("one")).messages
        assert [each.content for each in window] == [f"{n}" for n in range(50)]

    asyncio.run(main())
