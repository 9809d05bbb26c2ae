"""The engine: a folder of JSON files, as chatstore asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chatstore import (
    BackendError,
    ChatStoreError,
    JsonObject,
    SchemaError,
    SessionNotFoundError,
)
from chatstore.engine import (
    Body,
    Engine,
    MessageQuery,
    MessagesFound,
    Moment,
    PageQuery,
    Patch,
    Position,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    Write,
    document_weights,
    first_position,
    history_of,
    is_same,
    is_visible,
    new_part,
    newest,
    place_to_amend,
    require_amended_fit,
    require_batch_weight,
    require_window,
    shown_count,
    without_messages,
)
from json_files_store.documents import completed, merge, record, shown, window
from json_files_store.folder import Folder


class JsonFilesEngine(Engine):
    """The files of one folder."""

    backend = "json-files"

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise SchemaError(f"json-files: there is no folder {path}; make it")
        self._folder = Folder(path)

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, history=iter(()), overwrite=False, now=now)

    def restore(
        self,
        session: StoredSession,
        *,
        history: Iterator[StoredMessage],
        overwrite: bool,
        now: Moment,
    ) -> bool:
        # They may come from this very folder: nobody is kept out while they are read.
        before = [message.document for message in history]
        document = session.document
        document["messages"] = before + document["messages"]
        with self._folder.writing():
            stored = self._folder.read(session.session_id)
            if stored is not None and not overwrite and _is_live(stored, now):
                return False
            self._folder.write(session.session_id, document)
            return True

    def load(
        self, session_id: str, *, latest: bool = False, last: int | None = None
    ) -> Record | None:
        stored = self._folder.read(session_id)
        return None if stored is None else record(stored, last)

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        records = ((session_id, self.load(session_id)) for session_id in session_ids)
        return {session_id: record for session_id, record in records if record is not None}

    def append(
        self,
        write: Write,
        messages: Sequence[StoredMessage],
        *,
        patch: Patch,
        with_window: bool,
    ) -> Stored:
        with self._folder.writing():
            stored = self._live(write)
            seen = window(stored)
            ids = [message["messageId"] for message in seen]
            added = new_part(messages, ids, stored["messageCount"], seen.__getitem__)
            if added:
                write.require_version(stored["version"])
                kept: list[JsonObject] = stored["messages"]
                if history_of(stored) is not None:
                    require_batch_weight(added)
                merge(stored, patch)
                kept += [message.document for message in added]
                if history_of(stored) is None:
                    number = write.policy.window(len(kept), lambda: document_weights(kept))
                    del kept[: len(kept) - number]
                stored["messageCount"] += len(added)
                self._stamp(stored, write)
        return Stored(shown(stored) if with_window else without_messages(stored))

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        with self._folder.writing():
            stored = self._live(write)
            write.require_version(stored["version"])
            kept: list[JsonObject] = stored["messages"]
            history = history_of(stored)
            replaced = len(kept)
            if not whole:
                weights = document_weights(kept)
                replaced = shown_count(write.policy, history, len(kept), lambda: weights)
            chosen, before = newest(messages, write.policy), kept[:0]
            if history is not None:
                if not whole:
                    require_window(messages, history)
                chosen, before = messages, kept[: len(kept) - replaced]
            stored["messages"] = [*before, *(message.document for message in chosen)]
            stored["messageCount"] += len(messages) - replaced
            self._stamp(stored, write)
        return shown(stored)

    def amend(self, write: Write, message: StoredMessage) -> Body:
        with self._folder.writing():
            stored = self._live(write)
            seen = window(stored)
            ids = [each["messageId"] for each in seen]
            place = place_to_amend(write.session_id, message.message_id, ids)
            if not is_same(message, seen[place]):
                write.require_version(stored["version"])
                weights = document_weights(seen)
                require_amended_fit(
                    write.policy,
                    history_of(stored),
                    total=sum(weights),
                    old=weights[place],
                    new=message.weight,
                )
                stored["messages"][place - len(seen)] = message.document
                self._stamp(stored, write)
        return shown(stored)

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        stored = self._folder.read(query.session_id)
        if stored is None:
            return None
        kept = stored.get("messages", [])
        first = first_position(stored.get("messageCount"), len(kept))
        positions = query.positions(first, first + len(kept))
        found = [(position, kept[position - first]) for position in positions]
        return MessagesFound(record(stored, last=0), found)

    def update(self, write: Write, patch: Patch) -> Body:
        with self._folder.writing():
            stored = self._live(write)
            write.require_version(stored["version"])
            merge(stored, patch)
            self._stamp(stored, write)
        return without_messages(stored)

    def delete(self, write: Write) -> bool:
        with self._folder.writing():
            try:
                stored = self._live(write)
            except SessionNotFoundError:
                return False
            write.require_version(stored["version"])
            self._folder.remove(write.session_id)
            return True

    def delete_user(self, user_id: str, now: Moment) -> int:
        with self._folder.writing():
            owned = [each for each in self._folder.read_all() if each.get("userId") == user_id]
            for stored in owned:
                self._folder.remove(stored["sessionId"])
            return sum(_is_live(stored, now) for stored in owned)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = [
            (Position(stored["createdAt"], stored["sessionId"]), without_messages(stored))
            for stored in self._folder.read_all()
            if query.matches(stored)
        ]
        found.sort(key=lambda each: each[0], reverse=query.newest_first)
        if query.after is not None:
            after = query.after
            found = [
                each
                for each in found
                if (each[0] < after if query.newest_first else each[0] > after)
            ]
        return found[: query.limit]

    def scan(
        self, *, limit: int, after: str | None, now: Moment
    ) -> tuple[Sequence[tuple[str, Record]], str | None]:
        live = sorted(
            (
                (stored["sessionId"], record(stored))
                for stored in self._folder.read_all()
                if _is_live(stored, now) and (after is None or stored["sessionId"] > after)
            ),
            key=lambda found: found[0],
        )
        return live[:limit], live[limit - 1][0] if len(live) > limit else None

    def purge(self, now: Moment) -> int:
        with self._folder.writing():
            expired = [each for each in self._folder.read_all() if not _is_live(each, now)]
            for stored in expired:
                self._folder.remove(stored["sessionId"])
            return len(expired)

    def ping(self) -> None:
        with self._folder.writing():
            pass

    def close(self) -> None:
        pass

    def translate_error(self, error: Exception, session_id: str | None) -> ChatStoreError | None:
        # A FileNotFoundError too: the folder was removed under the store.
        return BackendError(f"json-files: {error}") if isinstance(error, OSError) else None

    def _live(self, write: Write) -> JsonObject:
        """The document that a write is about, with what another service left out filled in."""
        stored: JsonObject | None = self._folder.read(write.session_id)
        if stored is None:
            raise SessionNotFoundError(write.session_id)
        write.require_visible(owner=stored.get("userId"), ttl=stored.get("ttl"))
        return completed(stored)

    def _stamp(self, stored: JsonObject, write: Write) -> None:
        """Note that a write took place, and store it."""
        stored["version"] += 1
        stored["updatedAt"] = write.now.text
        if write.renews:
            stored.pop("ttl", None)
            if write.ttl is not None:
                stored["ttl"] = write.ttl
        self._folder.write(write.session_id, stored)


def _is_live(stored: JsonObject, now: Moment) -> bool:
    return is_visible(now, None, owner=None, ttl=stored.get("ttl"))
