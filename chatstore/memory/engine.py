"""The reference engine: the simplest code that keeps the contract."""

import threading
from collections.abc import Iterator, Mapping, Sequence

from chatstore.clock import Moment
from chatstore.engine.batch import new_part
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.history import (
    history_of,
    place_to_amend,
    require_amended_fit,
    require_batch_weight,
    require_window,
)
from chatstore.engine.query import MessageQuery, MessagesFound, PageQuery, first_position
from chatstore.engine.write import Patch, Write
from chatstore.errors import ChatStoreError, ConfigurationError, SessionNotFoundError
from chatstore.memory.documents import (
    completed,
    copied,
    info_of,
    is_live,
    merge,
    record_of,
    shown_of,
    stamp,
    window_of,
)
from chatstore.models import JsonObject
from chatstore.record.equality import is_same
from chatstore.record.stored import (
    Body,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    document_weights,
)
from chatstore.record.window import newest, shown_count
from chatstore.runtime.forks import Origin
from chatstore.values.plain import kind_of, passes_for


class MemoryStorage:
    """What several stores may share, as clients share a database: stored documents by id."""

    def __init__(self) -> None:
        self.origin = Origin()
        self.lock = threading.RLock()
        self.documents: dict[str, JsonObject] = {}


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
        return self.restore(session, history=iter(()), overwrite=False, now=now)

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        with self.storage.lock:
            stored = self.storage.documents.get(session_id)
            return None if stored is None else record_of(stored, last)

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        with self.storage.lock:
            documents = self.storage.documents
            return {key: record_of(documents[key]) for key in session_ids if key in documents}

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        with self.storage.lock:
            stored = self._visible_document(write)
            window = window_of(stored)
            ids = [message["messageId"] for message in window]
            added = new_part(messages, ids, stored.get("messageCount"), window.__getitem__)
            if added:
                kept: list[JsonObject] = completed(stored)["messages"]
                write.require_version(stored["version"])
                if history_of(stored) is not None:
                    require_batch_weight(added)
                merge(stored, patch)
                kept += copied([message.document for message in added])
                if history_of(stored) is None:
                    number = write.policy.window(len(kept), lambda: document_weights(kept))
                    del kept[: len(kept) - number]
                stored["messageCount"] += len(added)
                stamp(stored, write)
            return Stored(shown_of(stored) if with_window else info_of(stored))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        with self.storage.lock:
            stored = self._live(write)
            write.require_version(stored["version"])
            kept: list[JsonObject] = stored["messages"]
            history = history_of(stored)
            replaced = len(kept)
            if not whole:
                replaced = shown_count(
                    write.policy, history, len(kept), lambda: document_weights(kept)
                )
                if history is not None:
                    require_window(messages, history)
            chosen = newest(messages, write.policy) if history is None else messages
            before = [] if history is None else kept[: len(kept) - replaced]
            stored["messages"] = before + copied([message.document for message in chosen])
            stored["messageCount"] += len(messages) - replaced
            stamp(stored, write)
            return shown_of(stored)

    def amend(self, write: Write, message: StoredMessage) -> Body:
        with self.storage.lock:
            stored = self._visible_document(write)
            window = window_of(stored)
            ids = [known["messageId"] for known in window]
            place = place_to_amend(write.session_id, message.message_id, ids)
            if not is_same(message, window[place]):
                stored = completed(stored)
                write.require_version(stored["version"])
                weights = document_weights(window)
                require_amended_fit(
                    write.policy,
                    history_of(stored),
                    total=sum(weights),
                    old=weights[place],
                    new=message.weight,
                )
                kept = stored["messages"]
                kept[len(kept) - len(window) + place] = copied(message.document)
                stamp(stored, write)
            return shown_of(stored)

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        with self.storage.lock:
            stored = self.storage.documents.get(query.session_id)
            if stored is None:
                return None
            kept: list[JsonObject] = stored.get("messages", [])
            first = first_position(stored.get("messageCount"), len(kept))
            found = [
                (position, copied(kept[position - first]))
                for position in query.positions(first, first + len(kept))
            ]
            record = Record(stored.get("userId"), stored.get("ttl"), info_of(stored))
            return MessagesFound(record, found)

    def update(self, write: Write, patch: Patch) -> Body:
        with self.storage.lock:
            stored = self._live(write)
            write.require_version(stored["version"])
            merge(stored, patch)
            stamp(stored, write)
            return info_of(stored)

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
            return sum(is_live(stored, now) for stored in removed)

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
                (position, info_of(stored))
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
                if is_live(stored, now) and (after is None or key > after)
            )
            found = [(key, record_of(self.storage.documents[key])) for key in live[:limit]]
            return found, live[limit - 1] if len(live) > limit else None

    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        # What the caller hands over may take its time, and may call this store.
        before = [message.document for message in history]
        document = copied(session.document)
        document["messages"] = copied(before) + document["messages"]
        with self.storage.lock:
            stored = self.storage.documents.get(session.session_id)
            if stored is not None and not overwrite and is_live(stored, now):
                return False
            self.storage.documents[session.session_id] = document
            return True

    def purge(self, now: Moment) -> int:
        with self.storage.lock:
            documents = self.storage.documents
            expired = [key for key, stored in documents.items() if not is_live(stored, now)]
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
        return completed(self._visible_document(write))

    def _visible_document(self, write: Write) -> JsonObject:
        stored = self.storage.documents.get(write.session_id)
        if stored is None:
            raise SessionNotFoundError(write.session_id)
        write.require_visible(owner=stored.get("userId"), ttl=stored.get("ttl"))
        return stored
