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
from chatstore.memory import MemoryEngine
from chatstore.record.decode import read_session
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.store.engine_calls import EngineCalls

from .mutant import caught_by
from .writing import Appended, Appending


@caught_by("test_anothers_session_is_not_found")
class UpdatesAnothers(MemoryEngine):
    """`update` takes a user id and does not look at it."""

    def update(self, write: Write, patch: Patch) -> Body:
        return super().update(replace(write, user_id=None), patch)


@caught_by("test_a_stranger_deletes_nothing")
class DeletesAnothers(MemoryEngine):
    """`delete` takes a user id and does not look at it."""

    def delete(self, write: Write) -> bool:
        return super().delete(replace(write, user_id=None))


@caught_by("test_get_many_leaves_out_anothers")
class GetsManyOfEverybody(EngineCalls):
    """`get_many` takes a user id and does not look at it."""

    def visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        return super().visible(record, session_id, now, None)


@caught_by("test_the_owner_comes_before_the_result")
class TellsAStrangerOfARetry(MemoryEngine):
    """A stranger who sends a stored message learns that it is there."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self.storage.documents.get(write.session_id, {})
        there = {message["messageId"] for message in stored.get("messages", [])}
        if messages[-1].message_id in there:
            write = replace(write, user_id=None)
        return super().append(write, messages, **options)


@caught_by("test_the_owner_comes_before_the_version")
class TellsAStrangerTheVersion(MemoryEngine):
    """A stranger's conditional delete tells whether the version is right."""

    def delete(self, write: Write) -> bool:
        stored = self.storage.documents.get(write.session_id)
        if stored is not None:
            write.require_version(stored["version"])
        return super().delete(write)


@caught_by("test_a_view_needs_a_user")
class TakesAnEmptyUserForNone(MemorySessionStore):
    """An empty user id means "no ownership check"."""

    def get(self, session_id: str, **options: Any) -> Session:
        return super().get(session_id, **{**options, "user_id": options.get("user_id") or None})


@caught_by("test_delete_removes_it")
class ReadsBeforeItDeletes(MemoryEngine):
    """`delete` reads the record first, and so can't remove one that it can't read."""

    def delete(self, write: Write) -> bool:
        record = self.load(write.session_id)
        if record is not None:
            read_session(Session, record.body)
        return super().delete(write)


@caught_by("test_reads_name_the_corrupt_record")
class SkipsTheCorruptInLists(MemoryEngine):
    """Listings leave out what can't be read."""

    def page(self, query: PageQuery) -> Any:
        found = super().page(query)
        return [each for each in found if isinstance(each[1], dict) and _readable(each[1])]


def _readable(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("userPreferences", {}), dict)


@caught_by("test_a_strangers_corrupt_record_does_not_exist")
class DecodesBeforeItChecks(EngineCalls):
    """A stranger learns that there is a corrupt record."""

    def visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        session = self.decode(Session, record.body, session_id)
        visible = is_visible(now, user_id, owner=record.user_id, ttl=record.ttl)
        return session if visible else None


@caught_by("test_a_corrupt_id_is_taken")
class CreatesOverTheCorrupt(MemoryEngine):
    """`create` replaces a record that it can't read."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        stored = self.storage.documents.get(session.session_id, {})
        return self.restore(session, history=iter(()), overwrite=not _readable(stored), now=now)


@caught_by("test_purge_removes_it")
class IsStoppedByTheCorrupt(MemoryEngine):
    """`purge_expired` fails at the first record that it can't read."""

    def purge(self, now: Moment) -> int:
        for session_id, stored in self.storage.documents.items():
            if not _readable(stored):
                raise CorruptSessionError(self.backend, session_id)
        return super().purge(now)


@caught_by("test_delete_user_removes_it")
class ErasesWhatItCanRead(MemoryEngine):
    """`delete_user` leaves records that it can't read."""

    def delete_user(self, user_id: str, now: Moment) -> int:
        documents = self.storage.documents
        corrupt = {key: stored for key, stored in documents.items() if not _readable(stored)}
        count = super().delete_user(user_id, now)
        documents.update(corrupt)
        return count


@caught_by("test_the_others_stay_readable")
class FailsForAll(MemoryEngine):
    """One record that can't be read makes every listing fail."""

    def page(self, query: PageQuery) -> Any:
        for session_id, stored in self.storage.documents.items():
            if not _readable(stored):
                raise CorruptSessionError(self.backend, session_id)
        return super().page(query)


@caught_by("test_it_is_read")
class ReadsItsOwnNamesAlone(MemoryEngine):
    """A session's unknown attributes are not read."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        if record is None or not isinstance(record.body, dict):
            return record
        known = {name: each for name, each in record.body.items() if name != "experiment"}
        return record._replace(body=known)


@caught_by("test_it_is_updated")
class ReplacesTheForeignMap(MemoryEngine):
    """Preferences of a record that another service wrote start empty."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self._live(write)
        if "creationId" not in stored:
            stored["userPreferences"] = {}
        return super().update(write, patch)


@caught_by("test_what_is_missing_is_completed")
class NeedsAWholeRecord(MemoryEngine):
    """An append to a record without messages starts no window."""

    def _live(self, write: Write) -> JsonObject:
        bare = "messages" not in self.storage.documents.get(write.session_id, {"messages": []})
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
