"""What comes in: values of odd classes, odd times, rebuilt models, and batches sent again."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from chatstore import (
    CorruptSessionError,
    InvalidInputError,
    JsonObject,
    MemorySessionStore,
    Message,
    Page,
    Session,
    SessionInfo,
)
from chatstore.clock import Moment
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.record.decode import read_session
from chatstore.record.stored import Stored, StoredMessage

from .mutant import caught_by


@caught_by("test_subclasses_become_plain")
class WritesNamesForValues(MemorySessionStore):
    """A preference is stored as its text prints: an enumeration's name, not its value."""

    def update(self, session_id: str, **fields: Any) -> SessionInfo:
        if preferences := fields.get("user_preferences"):
            named = {
                key: f"{each}" if isinstance(each, str) else each
                for key, each in preferences.items()
            }
            fields["user_preferences"] = named
        return super().update(session_id, **fields)


@caught_by("test_arguments_become_plain")
class StoresTheNameOfAStatus(MemorySessionStore):
    """`create` stores a status as it prints."""

    def create(self, user_id: str, *, session_status: str = "active", **fields: Any) -> Session:
        return super().create(user_id, session_status=f"{session_status!s}", **fields)


@caught_by("test_an_impostor_is_no_value")
class TakesWhatIsNearlyANumber(MemorySessionStore):
    """A preference that can be made an int is made one."""

    def update(self, session_id: str, **fields: Any) -> SessionInfo:
        if preferences := fields.get("user_preferences"):
            fields["user_preferences"] = {key: _number(each) for key, each in preferences.items()}
        return super().update(session_id, **fields)


def _number(value: Any) -> Any:
    return value.__index__() if hasattr(value, "__index__") else value


@caught_by("test_every_argument_is_checked")
class WritesBeforeItChecks(MemorySessionStore):
    """An update counts a version before its arguments were looked at."""

    def update(self, session_id: str, **fields: Any) -> SessionInfo:
        for stored in self.engine.storage.documents.values():
            stored["version"] += 1
        return super().update(session_id, **fields)


@caught_by("test_times_lie_in_9999_years")
class LeavesBadBoundsOut(MemorySessionStore):
    """A listing with a bound that is no time is one without bounds."""

    def list_sessions(self, user_id: str, **fields: Any) -> Page[SessionInfo]:
        with suppress(InvalidInputError):
            return super().list_sessions(user_id, **fields)
        unbounded = {key: each for key, each in fields.items() if not key.startswith("created")}
        return super().list_sessions(user_id, **unbounded)


@caught_by("test_odd_times_are_the_same_instant")
class LosesTheOffset(MemorySessionStore):
    """What a clock says is taken for UTC, whatever its zone."""

    def _now(self) -> Moment:
        return Moment.read(lambda: self.clock().replace(tzinfo=UTC))


@caught_by("test_what_fails_is_the_callers")
class TakesWhatCameBeforeTheFailure(MemorySessionStore):
    """A rewrite with messages that fail half-way writes the first half."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **fields: Any) -> Session:
        given: list[Message] = []
        with suppress(LookupError):
            given.extend(messages)
        return super().rewrite(session_id, given, **fields)


@caught_by("test_a_message_can_be_read_again")
class TakesTheKnownFieldsAlone(MemorySessionStore):
    """Unknown attributes of a message with a known one's stored name are dropped in silence."""

    def append(self, session_id: str, *messages: Message, **fields: Any) -> SessionInfo:
        known = (Message.model_construct(**vars(message)) for message in messages)
        return super().append(session_id, *known, **fields)


@caught_by("test_a_session_can_be_read_again")
class RestoresTheKnownFieldsAlone(MemorySessionStore):
    """Unknown attributes of a session with a known one's stored name are dropped in silence."""

    def restore(self, session: Session, **options: Any) -> None:
        known = Session.model_construct(**vars(session)) if vars(session) else session
        super().restore(known, **options)


@caught_by("test_a_stored_time_at_the_edge_is_corrupt")
class LeavesOutWhatItCantRead(MemorySessionStore):
    """`get_many` finds nothing where it can't read."""

    def get_many(self, session_ids: Iterable[str], **fields: Any) -> list[Session]:
        with suppress(CorruptSessionError):
            return super().get_many(session_ids, **fields)
        return []


@caught_by("test_an_odd_record_is_read_or_named")
class ErasesTheLegibleAlone(MemoryEngine):
    """A deletion leaves a record that can't be read."""

    def delete_user(self, user_id: str, now: Moment) -> int:
        documents = self.storage.documents
        unreadable = {key: each for key, each in documents.items() if not _can_be_read(each)}
        erased = super().delete_user(user_id, now)
        documents |= unreadable
        return erased

    def delete(self, write: Write) -> bool:
        stored = self.storage.documents.get(write.session_id)
        return stored is not None and _can_be_read(stored) and super().delete(write)


def _can_be_read(document: JsonObject) -> bool:
    try:
        read_session(Session, document)
    except ValueError:
        return False
    return True


class Resending(MemoryEngine):
    """The reference store, its append in two parts: what to do to a batch, and what then."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        window = self._live(write)["messages"]
        stored = {message["messageId"]: message for message in window}
        if any(message.message_id in stored for message in messages):
            messages = self._changed(messages, stored, self._live(write))
        return super().append(write, messages, **options)

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        raise NotImplementedError


def _without_unknown(
    messages: Sequence[StoredMessage], stored: Mapping[str, JsonObject]
) -> Sequence[StoredMessage]:
    """The batch without what is new and stands before its last stored message."""
    last = max(place for place, each in enumerate(messages) if each.message_id in stored)
    before = [each for each in messages[:last] if each.message_id in stored]
    return [*before, *messages[last:]]


@caught_by("test_a_stored_id_with_other_content_is_refused")
class ComparesIdsAlone(Resending):
    """A message with a stored id is a retry, whatever it says."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        return [
            StoredMessage(each.message_id, stored.get(each.message_id, each.document), each.size)
            for each in messages
        ]


@caught_by("test_what_is_new_comes_after_what_is_stored")
class DropsWhatComesBefore(Resending):
    """A new message before a stored one is dropped in silence."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        return _without_unknown(messages, stored)


@caught_by("test_what_can_not_have_been_pruned_is_new")
class TakesAnythingForPruned(Resending):
    """Once something was pruned, whatever is missing was."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        pruned = document["messageCount"] > len(stored)
        return _without_unknown(messages, stored) if pruned else messages


@caught_by("test_what_is_stored_keeps_its_order")
class KnowsMessagesInAnyOrder(Resending):
    """Stored messages in another order are a retry."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        places = {message_id: place for place, message_id in enumerate(stored)}
        return sorted(messages, key=lambda each: places.get(each.message_id, len(places)))


@caught_by("test_a_retry_may_be_built_anew")
class ComparesTimes(Resending):
    """A message that was built anew, and so has another time, is another message."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        for each in messages:
            there = stored.get(each.message_id, each.document)
            if there["timestamp"] != each.document["timestamp"]:
                raise InvalidInputError("messages", "as they are stored", "of another time")
        return messages


@caught_by("test_equal_content_is_a_retry_in_any_form")
class ComparesWhatLiesThere(Resending):
    """A stored message in another service's form is another message."""

    def _changed(
        self,
        messages: Sequence[StoredMessage],
        stored: Mapping[str, JsonObject],
        document: JsonObject,
    ) -> Sequence[StoredMessage]:
        for each in messages:
            if stored.get(each.message_id, each.document) != each.document:
                raise InvalidInputError("messages", "as they are stored", "others")
        return messages
