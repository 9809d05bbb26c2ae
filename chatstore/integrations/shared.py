"""What all adapters over one store object share."""

import threading
from weakref import WeakKeyDictionary, proxy

from chatstore.aio.store import MAX_WORKERS
from chatstore.aio.threads import Threads
from chatstore.integrations.conversations import Conversations
from chatstore.protocol import SessionStore, require_store

_shared: WeakKeyDictionary[SessionStore, tuple[Conversations, Threads]] = WeakKeyDictionary()
_lock = threading.Lock()


def shared_over(store: SessionStore) -> tuple[Conversations, Threads]:
    """The conversations of a store and the threads to await them from, the same ones as long as the
    store object lives: what is asked of one session then keeps its order, whichever adapter asks.
    Whoever has them keeps the store."""
    require_store("store", store, SessionStore)
    with _lock:
        shared = _shared.get(store)
        if shared is None:
            # A strong reference from here would keep the store alive for ever.
            shared = _shared[store] = Conversations(proxy(store)), Threads(MAX_WORKERS)
        return shared
