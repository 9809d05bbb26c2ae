"""Other people's sessions, corrupt records, and those of other services."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatstore import (
    CorruptSessionError,
    JsonObject,
    MemorySessionStore,
    Session,
)
from chatstore.clock import Moment
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write, is_visible
from chatstore.record.stored import Body, Record, StoredMessage, StoredSession

from .mutant import caught_by
from .writing import Appended, Appending


@caught_by("test_anothers_session_is_not_found")
class UpdatesAnothers(MemorySessionStore):
    """`update` takes a user id and does not look at it."""

    def _update(self, write: Write, patch: Patch) -> Body:
        return super()._update(replace(write, user_id=None), patch)


@caught_by("test_a_stranger_deletes_nothing")
class DeletesAnothers(MemorySessionStore):
    """`delete` takes a user id and does not look at it."""

    def _delete(self, write: Write) -> bool:
        return super()._delete(replace(write, user_id=None))


@caught_by("test_get_many_leaves_out_anothers")
class GetsManyOfEverybody(MemorySessionStore):
    """`get_many` takes a user id and does not look at it."""

    def _visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        return super()._visible(record, session_id, now, None)


@caught_by("test_the_owner_comes_before_the_result")
class TellsAStrangerOfARetry(MemorySessionStore):
    """A stranger who sends a stored message learns that it is there."""

    def _append(
        self, write: Write, messages: Sequence[StoredMessage], *, with_window: bool
    ) -> Body:
        stored = self._storage.documents.get(write.session_id, {})
        there = {message["messageId"] for message in stored.get("messages", [])}
        if messages[-1].message_id in there:
            write = replace(write, user_id=None)
        return super()._append(write, messages, with_window=with_window)


@caught_by("test_the_owner_comes_before_the_version")
class TellsAStrangerTheVersion(MemorySessionStore):
    """A stranger's conditional delete tells whether the version is right."""

    def _delete(self, write: Write) -> bool:
        stored = self._storage.documents.get(write.session_id)
        if stored is not None:
            write.require_version(stored["version"])
        return super()._delete(write)


@caught_by("test_a_view_needs_a_user")
class TakesAnEmptyUserForNone(MemorySessionStore):
    """An empty user id means "no ownership check"."""

    def get(self, session_id: str, *, user_id: str | None = None) -> Session:
        return super().get(session_id, user_id=user_id or None)


@caught_by("test_delete_removes_it")
class ReadsBeforeItDeletes(MemorySessionStore):
    """`delete` reads the record first, and so can't remove one that it can't read."""

    def _delete(self, write: Write) -> bool:
        self._find(write.session_id, write.now, write.user_id)
        return super()._delete(write)


@caught_by("test_reads_name_the_corrupt_record")
class SkipsTheCorruptInLists(MemorySessionStore):
    """Listings leave out what can't be read."""

    def _page(self, query: PageQuery) -> Any:
        found = super()._page(query)
        return [each for each in found if isinstance(each[1], dict) and _readable(each[1])]


def _readable(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("userPreferences", {}), dict)


@caught_by("test_a_strangers_corrupt_record_does_not_exist")
class DecodesBeforeItChecks(MemorySessionStore):
    """A stranger learns that there is a corrupt record."""

    def _visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        session = self._decode(Session, record.body, session_id)
        visible = is_visible(now, user_id, owner=record.user_id, ttl=record.ttl)
        return session if visible else None


@caught_by("test_a_corrupt_id_is_taken")
class CreatesOverTheCorrupt(MemorySessionStore):
    """`create` replaces a record that it can't read."""

    def _insert(self, session: StoredSession, now: Moment) -> bool:
        stored = self._storage.documents.get(session.session_id, {})
        return self._restore(session, overwrite=not _readable(stored), now=now)


@caught_by("test_purge_removes_it")
class IsStoppedByTheCorrupt(MemorySessionStore):
    """`purge_expired` fails at the first record that it can't read."""

    def _purge(self, now: Moment) -> int:
        for session_id, stored in self._storage.documents.items():
            if not _readable(stored):
                raise CorruptSessionError(self.backend, session_id)
        return super()._purge(now)


@caught_by("test_delete_user_removes_it")
class ErasesWhatItCanRead(MemorySessionStore):
    """`delete_user` leaves records that it can't read."""

    def _delete_user(self, user_id: str, now: Moment) -> int:
        documents = self._storage.documents
        corrupt = {key: stored for key, stored in documents.items() if not _readable(stored)}
        count = super()._delete_user(user_id, now)
        documents.update(corrupt)
        return count


@caught_by("test_the_others_stay_readable")
class FailsForAll(MemorySessionStore):
    """One record that can't be read makes every listing fail."""

    def _page(self, query: PageQuery) -> Any:
        for session_id, stored in self._storage.documents.items():
            if not _readable(stored):
                raise CorruptSessionError(self.backend, session_id)
        return super()._page(query)


@caught_by("test_it_is_read")
class ReadsItsOwnNamesAlone(MemorySessionStore):
    """A session's unknown attributes are not read."""

    def _load(self, session_id: str) -> Record | None:
        record = super()._load(session_id)
        if record is None or not isinstance(record.body, dict):
            return record
        known = {name: each for name, each in record.body.items() if name != "experiment"}
        return record._replace(body=known)


@caught_by("test_it_is_updated")
class ReplacesTheForeignMap(MemorySessionStore):
    """Preferences of a record that another service wrote start empty."""

    def _update(self, write: Write, patch: Patch) -> Body:
        stored = self._live(write)
        if "creationId" not in stored:
            stored["userPreferences"] = {}
        return super()._update(write, patch)


@caught_by("test_what_is_missing_is_completed")
class NeedsAWholeRecord(MemorySessionStore):
    """An append to a record without messages starts no window."""

    def _live(self, write: Write) -> JsonObject:
        bare = "messages" not in self._storage.documents.get(write.session_id, {"messages": []})
        stored = super()._live(write)
        if bare:
            stored["version"] = 7
        return stored


@caught_by("test_it_is_trimmed")
class TrimsOneForOne(Appending):
    """An append drops as many messages as it adds, however many too many there are."""

    def _spoil(self, done: Appended) -> None:
        window = done.before["messages"] + [message.document for message in done.messages]
        most = max(len(done.before["messages"]), done.write.policy.max_messages or len(window))
        done.stored["messages"] = window[-most:]
