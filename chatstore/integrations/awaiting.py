"""Calls of a synchronous store, awaited under asyncio."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from chatstore.aio.store import MAX_WORKERS
from chatstore.aio.threads import Threads
from chatstore.protocol import SessionStore

Result = TypeVar("Result")

_lock = threading.Lock()
_threads: "WeakKeyDictionary[SessionStore, Threads]" = WeakKeyDictionary()


def threads_over(store: SessionStore) -> Threads:
    """The threads that all adapters over one store object share, as long as that lives: an adapter
    may be made for each request, and the order of a session's calls is kept nevertheless."""
    with _lock:
        threads = _threads.get(store)
        if threads is None:
            threads = _threads[store] = Threads(MAX_WORKERS)
        return threads


async def settled(threads: Threads, session_id: str, write: Callable[[], Result]) -> Result:
    """The result of a write, which is waited for however often the caller is cancelled: after that
    it is done, or it is not."""
    running = asyncio.ensure_future(threads.run(write, session_id=session_id))
    cancellation: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            cancellation = cancellation or error
    if cancellation is None:
        return running.result()
    if not running.cancelled():
        # An error that nobody sees must not be reported as forgotten.
        running.exception()
    raise cancellation
