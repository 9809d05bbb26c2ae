"""How long an awaited call may take: its wait for a thread is part of its deadline."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import pytest

from chatstore import (
    AsyncSessionStore,
    BackendUnavailableError,
    MemorySessionStore,
    Message,
    Session,
    SessionInfo,
)
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Stored
from chatstore.runtime import deadline

from .gated import PATIENCE, SENT

SOON = 0.2


class Silent(MemoryEngine):
    """A store whose engine takes appends and never answers one: it gives up when time is over, and
    keeps its thread for as long as it is told."""

    def __init__(self, *, lingers: float = 0.0) -> None:
        super().__init__()
        self.begun = 0
        self.lingers = lingers

    def append(self, *arguments: Any, **options: Any) -> Stored:
        self.begun += 1
        over = threading.Event()
        with deadline.broken_off_by(over.set):
            assert over.wait(2 * PATIENCE)
            threading.Event().wait(self.lingers)
            deadline.seconds_left()
        return super().append(*arguments, **options)


def test_a_call_that_waits_for_a_thread_ends_in_time() -> None:
    """It is refused when its turn comes too late: nothing of it is sent."""

    async def main() -> None:
        # The others' time, which began a little later, is over as well when the thread comes free.
        behind = Silent(lingers=SOON)
        patient = MemorySessionStore(behind)
        for number in range(3):
            patient.create("ana", session_id=f"{number}")
        silent = MemorySessionStore(behind, deadline=SOON)
        async with AsyncSessionStore(silent, max_workers=1) as store:
            calls = [store.append(f"{number}", SENT) for number in range(3)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(outcome, BackendUnavailableError) for outcome in outcomes)
        assert behind.begun == 1

    asyncio.run(main())


def test_cancelled_calls_leave_a_store_that_answers() -> None:
    """Fifty calls whose time is up hold no turn: the next call is answered at once."""

    class Held(MemorySessionStore):
        """Whose appends wait for longer than anybody who called them."""

        def __init__(self) -> None:
            super().__init__()
            self.is_back = threading.Event()
            self.ended = 0

        def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
            self.is_back.wait(PATIENCE)
            self.ended += 1
            return super().append(session_id, *messages, **options)

    async def main() -> None:
        behind = Held()
        async with AsyncSessionStore(behind) as store:
            for number in range(50):
                await store.create("ana", session_id=f"{number}")

            async def append(session_id: str) -> None:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(SOON):
                        await store.append(session_id, SENT)

            await asyncio.gather(*(append(f"{number}") for number in range(50)))
            assert (await store.get("0")).message_count == 0
            assert behind.ended == 0
            behind.is_back.set()

    asyncio.run(main())


async def answered(store: AsyncSessionStore, session_id: str) -> Session:
    """The session. On a busy machine any call may take longer than the deadline: it is asked for
    again, as the error says."""
    while True:
        with suppress(BackendUnavailableError):
            return await store.get(session_id)


@pytest.mark.parametrize("max_workers", [1, 4])
def test_threads_come_free_when_time_is_over(max_workers: int) -> None:
    """After the deadline of the calls that hold all threads, others run."""

    async def main() -> None:
        behind = Silent()
        MemorySessionStore(behind).create("ana", session_id="one")
        silent = MemorySessionStore(behind, deadline=SOON)
        async with AsyncSessionStore(silent, max_workers=max_workers) as store:
            held = [store.append("one", SENT) for _ in range(max_workers)]
            async with asyncio.timeout(PATIENCE):
                outcomes = await asyncio.gather(*held, return_exceptions=True)
                assert (await answered(store, "one")).message_count == 0
            assert all(isinstance(outcome, BackendUnavailableError) for outcome in outcomes)

    asyncio.run(main())
