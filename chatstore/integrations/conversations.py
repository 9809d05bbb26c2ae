"""Conversations of items in the sessions of one store: how every adapter writes and reads them."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

from chatstore.errors import ConfigurationError, VersionConflictError
from chatstore.integrations.items import Item, NewItem, items_of, most_weight
from chatstore.integrations.writes import Write, key_of
from chatstore.models import Message, Session, SessionInfo
from chatstore.opening import open_store
from chatstore.policy import MAX_HISTORY_WINDOW, MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.protocol import MaintainedSessionStore, SessionStore, require_store
from chatstore.record.limits import MAX_PAGE

_MOST_KEPT = 1_000


def open_conversation_store(url: str | None = None, *, ttl: timedelta) -> MaintainedSessionStore:
    """The store at a URL, or at CHATSTORE_URL, for use under a framework: it keeps whole
    conversations, each until nobody has written to it for `ttl`."""
    policy = RetentionPolicy(max_messages=MAX_HISTORY_WINDOW, ttl=ttl, keep_history=True)
    return open_store(url, policy=policy)


class Conversations:
    """The sessions of a store, each a conversation of items. Raises `ConfigurationError` for a
    store that is none, and for one that keeps no history: under a framework, a window of a few
    messages would lose what the framework still needs. Safe to share between threads."""

    def __init__(self, store: SessionStore) -> None:
        require_store("store", store, SessionStore)
        if not store.policy.keep_history:
            raise ConfigurationError(
                "a framework needs whole conversations, and this store's policy keeps none; open "
                "it with open_conversation_store, or with RetentionPolicy(keep_history=True, …)"
            )
        self.store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, dict[bytes, Write]] = OrderedDict()

    @contextmanager
    def writing(self, session_id: str, user_id: str, items: Sequence[NewItem]) -> Iterator[Write]:
        """A write of items, to be sent within the context.

        If the context ends by an exception, the caller does not know what was stored. If the same
        items come next, it is the same write: what was stored already is not stored again. The
        first success ends that.
        """
        key = key_of(items)
        with self._lock:
            write = self._kept.get(session_id, {}).pop(key, None)
        write = write or Write(self.store, session_id, user_id, items)
        try:
            yield write
        except BaseException:
            with self._lock:
                self._kept.setdefault(session_id, {})[key] = write
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            raise
        self.forget(session_id)

    def forget(self, session_id: str) -> None:
        """End what `writing` keeps of a session: items were taken out of it, and equal ones that
        come next are new."""
        with self._lock:
            self._kept.pop(session_id, None)

    def add(self, session_id: str, user_id: str, items: Sequence[NewItem]) -> SessionInfo:
        """`writing`, and `send`."""
        with self.writing(session_id, user_id, items) as write:
            return write.send()

    def walk(
        self, session_id: str, user_id: str, *, newest_first: bool = False, page_size: int = 500
    ) -> Iterator[Item]:
        """All items, a page of messages at a time. Raises `SessionNotFoundError`."""
        messages = self.store.iter_messages(
            session_id, user_id=user_id, newest_first=newest_first, page_size=page_size
        )
        return items_of(messages, newest_first=newest_first)

    def newest(self, session_id: str, user_id: str, count: int | None = None) -> list[Item]:
        """The newest `count` items, or all, oldest first. Raises `SessionNotFoundError`."""
        if count is None:
            return list(self.walk(session_id, user_id, page_size=MAX_PAGE))
        if count <= MAX_HISTORY_WINDOW:
            session = self.store.get(session_id, user_id=user_id, last=count)
            items = list(items_of(session.messages))
            if len(items) == count or session.message_count == len(session.messages):
                return items
        # Some of the messages may be parts, or nothing that can be read.
        page_size = min(MAX_PAGE, count + MAX_HISTORY_WINDOW)
        walk = self.walk(session_id, user_id, newest_first=True, page_size=page_size)
        return list(islice(walk, count))[::-1]

    def whole(self, session_id: str, user_id: str) -> tuple[list[Message], SessionInfo]:
        """All messages and the session, as they were at one moment. Raises
        `SessionNotFoundError`, and `VersionConflictError` if somebody writes meanwhile."""
        info = self.store.get(session_id, user_id=user_id)
        if info.message_count == len(info.messages):
            return info.messages, info
        messages: list[Message] = []
        cursor: str | None = None
        while True:
            page = self.store.list_messages(
                session_id, user_id=user_id, newest_first=False, limit=MAX_PAGE, cursor=cursor
            )
            if (page.version, page.creation_id) != (info.version, info.creation_id):
                raise VersionConflictError(session_id, info.version)
            messages += page.items
            if (cursor := page.next_cursor) is None:
                return messages, info


def fits_window(messages: Sequence[Message], session: Session) -> bool:
    """Whether these can take the place of the session's window, which may be larger than what a
    reader with a smaller one sees: as many, and not heavier than a write may be."""
    weight = sum(map(most_weight, messages))
    return len(messages) <= len(session.messages) and weight <= MAX_WINDOW_BYTES
