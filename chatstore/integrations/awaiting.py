"""Calls of a synchronous store, awaited under asyncio: what all adapters over one store object
share, and writes that are waited for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary, proxy

from chatstore.aio.store import MAX_WORKERS
from chatstore.aio.threads import Threads
from chatstore.integrations.conversations import Conversations
from chatstore.protocol import SessionStore, require_store

Result = TypeVar("Result")

_shared: WeakKeyDictionary[SessionStore, tuple[Conversations, Threads]] = WeakKeyDictionary()
_lock = threading.Lock()


def shared_over(store: SessionStore) -> tuple[Conversations, Threads]:
    """The conversations of a store and the threads to await them from, the same ones as long as the
    store object lives: an adapter may be made for each request, and what is asked of one session
    keeps its order, whichever adapter asks. Whoever has them keeps the store."""
    require_store("store", store, SessionStore)
    with _lock:
        shared = _shared.get(store)
        if shared is None:
            # A strong reference from here would keep the store alive for ever.
            shared = _shared[store] = Conversations(proxy(store)), Threads(MAX_WORKERS)
        return shared


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
