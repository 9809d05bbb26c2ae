"""Corners: combined filters, users' views, foreign records, scans and the end of a store."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from chatstore import (
    InvalidInputError,
    JsonObject,
    MemorySessionStore,
    Session,
    UserSessions,
)
from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Record, Stored, StoredMessage
from chatstore.store.engine_calls import EngineCalls

from .mutant import LONG_AGO, caught_by
from .operating import Restoring


@caught_by("test_no_status_forbids_a_write")
class ClosesForGood(MemoryEngine):
    """A closed session takes no more writes."""

    def _live(self, write: Write) -> JsonObject:
        stored = super()._live(write)
        if stored.get("sessionStatus") == "closed":
            raise InvalidInputError("session_status", "active", "closed")
        return stored


@caught_by("test_a_range_and_a_status_together")
class FiltersByOneAlone(MemoryEngine):
    """Where a range is given, the status is not looked at."""

    def page(self, query: PageQuery) -> Any:
        ranged = query.created_from or query.created_before
        return super().page(replace(query, session_status=None) if ranged else query)


@caught_by("test_the_owner_may")
class LocksTheOwnerOut(MemoryEngine):
    """A touch with the owner's own id finds nothing."""

    def update(self, write: Write, patch: Patch) -> Body:
        if patch.is_empty and write.user_id is not None:
            write = replace(write, user_id=f"{write.user_id} ")
        return super().update(write, patch)


class Careless(UserSessions):
    """A view that forgets its user once."""

    def get_many(self, session_ids: Iterable[str]) -> list[Session]:
        return self.store.get_many(session_ids)


@caught_by("test_a_user_view_passes_the_check_always")
class ForgetsTheViewsUser(MemorySessionStore):
    """A user's view passes the ownership check, but not in `get_many`."""

    def for_user(self, user_id: str) -> UserSessions:
        return Careless(self, user_id)


@caught_by("test_any_sequence_of_calls_is_answered_like_the_reference")
class RemembersTheWidestWriter(MemoryEngine):
    """A session that a client without a limit wrote is never again cut by count, by no client: only
    several clients in turn show it."""

    def _live(self, write: Write) -> JsonObject:
        if write.policy.max_messages is None:
            vars(self.storage).setdefault("wide", set()).add(write.session_id)
        return super()._live(write)

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        if write.session_id in vars(self.storage).get("wide", ()):
            write = replace(write, policy=replace(write.policy, max_messages=None))
        return super().append(write, messages, **options)


@caught_by("test_it_is_rewritten_and_deleted")
class CountsAForeignRecordFromOne(MemoryEngine):
    """A rewrite of a record without a version takes it for version 1."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        stored = self.storage.documents[write.session_id]
        if "version" not in stored:
            stored["version"] = write.if_version or 1
            stored["version"] += 1
            write = replace(write, if_version=None)
        return super().rewrite(write, messages, **options)


@caught_by("test_what_nobody_counted_is_counted")
class ListsTheUncountedAsEmpty(MemoryEngine):
    """A listing takes a record without a count for one without messages."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        counted = {key for key, each in self.storage.documents.items() if "messageCount" in each}
        found = super().page(query)
        return [
            (position, body if position.session_id in counted else {**body, "messageCount": 0})
            for position, body in found
            if isinstance(body, dict)
        ]


@caught_by("test_byte_bounds_hold_for_it")
class WeighsOnlyItsOwn(EngineCalls):
    """What another service wrote weighs nothing in a window that is bounded by bytes."""

    def call(
        self, operation: Callable[..., Any], session_id: str | None, *given: Any, **options: Any
    ) -> Any:
        if operation == self.engine.append:
            policy = replace(given[0].policy, max_window_bytes=336_000)
            given = (replace(given[0], policy=policy), *given[1:])
        return super().call(operation, session_id, *given, **options)

    def shown(self, stored: Stored | Record, session_id: str) -> Session:
        return self.decode(Session, stored.body, session_id)


@caught_by("test_a_restored_session_goes_on")
class RestoresAtVersionOne(Restoring):
    """A restored session starts at version 1."""

    def _spoil(self, stored: JsonObject, now: Moment) -> None:
        stored["version"] = 1


@caught_by("test_backup_and_restore_are_the_same")
class ScansWithoutUnknowns(MemoryEngine):
    """A scan leaves out the unknown attributes of messages: a backup loses them."""

    def scan(self, *, limit: int, after: str | None, now: Moment) -> Any:
        found, token = super().scan(limit=limit, after=after, now=now)
        for _, record in found:
            assert isinstance(record.body, dict)
            for message in record.body["messages"]:
                message.pop("extra", None)
        return found, token


@caught_by("test_a_scan_of_nothing_ends")
class ScansForEver(MemoryEngine):
    """A scan always has a cursor."""

    def scan(self, *, limit: int, after: str | None, now: Moment) -> Any:
        found, token = super().scan(limit=limit, after=after, now=now)
        return found, token or ""


@caught_by("test_ping_answers")
class CannotAnswer(MemoryEngine):
    """`ping` fails though the engine is well."""

    def ping(self) -> None:
        raise InvalidInputError("ping", "nothing", "something")


@caught_by("test_a_store_closes_as_a_context")
class StaysOpenAfterItsContext(MemorySessionStore):
    """The end of a `with` block does not close the store."""

    def __exit__(self, *exception: object) -> None:
        pass


@caught_by("test_what_is_stored_outlives_the_client")
class ForgetsAtTheEnd(MemorySessionStore):
    """What a client wrote goes with it."""

    def create(self, user_id: str, **fields: Any) -> Session:
        session = super().create(user_id, **fields)
        vars(self).setdefault("own", []).append(session.session_id)
        return session

    def close(self) -> None:
        for session_id in vars(self).get("own", []):
            self.engine.storage.documents.pop(session_id, None)


@caught_by("test_purge_removes_it")
class LeavesTheCorruptAlone(MemoryEngine):
    """A corrupt record that has expired is listed still."""

    def page(self, query: PageQuery) -> Any:
        corrupt = [
            stored
            for stored in self.storage.documents.values()
            if not isinstance(stored.get("userPreferences", {}), dict)
        ]
        return super().page(replace(query, now=LONG_AGO) if corrupt else query)

    def purge(self, now: Moment) -> int:
        return 0
