"""The reference store: the simplest code that keeps the promises, the oracle of the contract, and a
test double for users. It keeps its sessions in memory, and is safe to share between threads."""

import copy
import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.batch import new_part
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write, is_visible, merge_patch
from chatstore.errors import ChatStoreError, ConfigurationError, SessionNotFoundError
from chatstore.models import JsonObject
from chatstore.policy import RetentionPolicy
from chatstore.record.stored import (
    Body,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    document_weights,
    without_messages,
)
from chatstore.runtime.deadline import DEFAULT_DEADLINE, read_deadline
from chatstore.runtime.forks import Origin
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import kind_of, passes_for


class MemoryStorage:
    """What several stores may share, as clients share a database: stored documents by id."""

    def __init__(self) -> None:
        self.origin = Origin()
        self.lock = threading.RLock()
        self.documents: dict[str, JsonObject] = {}


class MemorySessionStore(BaseSessionStore):
    """Sessions in a dict. Give several stores one `MemoryStorage` to let them share it.

    Nothing here waits, so the `deadline` of a call counts only behind an `AsyncSessionStore` or a
    cache.
    """

    engine: "MemoryEngine"  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        storage: "MemoryStorage | MemoryEngine | None" = None,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        own = storage if passes_for(storage, MemoryEngine) else MemoryEngine(cast("Any", storage))
        super().__init__(own, policy=policy, clock=clock, deadline=deadline)


class MemoryEngine(Engine):
    """The reference engine: the simplest code that keeps the contract."""

    backend = "memory"

    def __init__(self, storage: MemoryStorage | None = None) -> None:
        if storage is None:
            storage = MemoryStorage()
        elif not passes_for(storage, MemoryStorage):
            raise ConfigurationError(
                f"storage must be a MemoryStorage or None, not {kind_of(storage)}"
            )
        # Its lock may be held by a thread that is not in this process.
        storage.origin.require_here("storage in memory")
        self.storage = storage

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, overwrite=False, now=now)

    def load(self, session_id: str, *, latest: bool = False) -> Record | None:
        with self.storage.lock:
            stored = self.storage.documents.get(session_id)
            return None if stored is None else _record(stored)

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        with self.storage.lock:
            documents = self.storage.documents
            return {key: _record(documents[key]) for key in session_ids if key in documents}

    def append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Stored:
        with self.storage.lock:
            stored = self._visible_document(write)
            window: list[JsonObject] = stored.get("messages", [])
            ids = [message["messageId"] for message in window]
            added = new_part(messages, ids, stored.get("messageCount"), window.__getitem__)
            if added:
                window = _complete(stored)["messages"]
                write.require_version(stored["version"])
                window += copy.deepcopy([message.document for message in added])
                kept = write.policy.window(len(window), lambda: document_weights(window))
                del window[: len(window) - kept]
                stored["messageCount"] += len(added)
                _stamp(stored, write)
            return Stored(_copy(stored, with_window=with_window))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], given: int) -> Body:
        with self.storage.lock:
            stored = self._live(write)
            write.require_version(stored["version"])
            window: list[JsonObject] = stored["messages"]
            stored["messageCount"] += given - write.policy.window(
                len(window), lambda: document_weights(window)
            )
            stored["messages"] = copy.deepcopy([message.document for message in messages])
            _stamp(stored, write)
            return _copy(stored)

    def update(self, write: Write, patch: Patch) -> Body:
        with self.storage.lock:
            stored = self._live(write)
            write.require_version(stored["version"])
            merged = {
                "userPreferences": merge_patch(
                    "user_preferences", stored["userPreferences"], patch.user_preferences
                ),
                "metadata": merge_patch("metadata", stored["metadata"], patch.metadata),
            }
            stored.update(copy.deepcopy(merged))
            if patch.session_status is not None:
                stored["sessionStatus"] = patch.session_status
            _stamp(stored, write)
            return _copy(stored, with_window=False)

    def delete(self, write: Write) -> bool:
        with self.storage.lock:
            try:
                stored = self._live(write)
            except SessionNotFoundError:
                return False
            write.require_version(stored.get("version"))
            del self.storage.documents[write.session_id]
            return True

    def delete_user(self, user_id: str, now: Moment) -> int:
        with self.storage.lock:
            documents = self.storage.documents
            owned = [key for key, stored in documents.items() if stored.get("userId") == user_id]
            removed = [documents.pop(key) for key in owned]
            return sum(_is_live(stored, now) for stored in removed)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        with self.storage.lock:
            matching = sorted(
                (
                    (Position(stored["createdAt"], stored["sessionId"]), stored)
                    for stored in self.storage.documents.values()
                    if query.matches(stored)
                ),
                key=lambda found: found[0],
                reverse=query.newest_first,
            )
            return [
                (position, _copy(stored, with_window=False))
                for position, stored in matching
                if query.after is None
                or (position < query.after if query.newest_first else position > query.after)
            ][: query.limit]

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        with self.storage.lock:
            live = sorted(
                key
                for key, stored in self.storage.documents.items()
                if _is_live(stored, now) and (after is None or key > after)
            )
            found = [(key, _record(self.storage.documents[key])) for key in live[:limit]]
            return found, live[limit - 1] if len(live) > limit else None

    def restore(self, session: StoredSession, *, overwrite: bool, now: Moment) -> bool:
        with self.storage.lock:
            stored = self.storage.documents.get(session.session_id)
            if stored is not None and not overwrite and _is_live(stored, now):
                return False
            self.storage.documents[session.session_id] = copy.deepcopy(session.document)
            return True

    def purge(self, now: Moment) -> int:
        with self.storage.lock:
            documents = self.storage.documents
            expired = [key for key, stored in documents.items() if not _is_live(stored, now)]
            for key in expired:
                del documents[key]
            return len(expired)

    def ping(self) -> None:
        pass

    def close(self) -> None:
        pass

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        return None

    def _live(self, write: Write) -> JsonObject:
        return _complete(self._visible_document(write))

    def _visible_document(self, write: Write) -> JsonObject:
        stored = self.storage.documents.get(write.session_id)
        if stored is None:
            raise SessionNotFoundError(write.session_id)
        write.require_visible(owner=stored.get("userId"), ttl=stored.get("ttl"))
        return stored


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> MemorySessionStore:
    """A fresh, empty store for `memory://`, with `?deadline=` in seconds if that is given."""
    place, _, query = url.partition("?")
    name, _, seconds = query.partition("=")
    if place != "memory://" or name not in ("", "deadline"):
        raise ConfigurationError(
            "the URL of a store in memory is memory:// alone, or memory://?deadline=10"
        )
    chosen = read_deadline(seconds) if name else DEFAULT_DEADLINE
    return MemorySessionStore(policy=policy, clock=clock, deadline=chosen)


def _record(stored: JsonObject) -> Record:
    return Record(stored.get("userId"), stored.get("ttl"), _copy(stored))


def _complete(stored: JsonObject) -> JsonObject:
    """What another service left out, filled in where a write needs it."""
    stored.setdefault("messages", [])
    stored.setdefault("messageCount", len(stored["messages"]))
    stored.setdefault("version", 0)
    stored.setdefault("userPreferences", {})
    stored.setdefault("metadata", {})
    return stored


def _copy(stored: JsonObject, *, with_window: bool = True) -> JsonObject:
    return copy.deepcopy(stored if with_window else without_messages(stored))


def _stamp(stored: JsonObject, write: Write) -> None:
    stored["version"] += 1
    stored["updatedAt"] = write.now.text
    if write.renews:
        stored.pop("ttl", None)
        if write.ttl is not None:
            stored["ttl"] = write.ttl


def _is_live(stored: JsonObject, now: Moment) -> bool:
    return is_visible(now, None, owner=None, ttl=stored.get("ttl"))
