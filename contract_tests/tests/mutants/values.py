"""Values and results: numbers, texts, and what a call returns."""

import copy
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from chatstore import (
    JsonObject,
    MemorySessionStore,
    Message,
    Session,
    SessionExistsError,
    SessionInfo,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.clock import Moment
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.store.engine_calls import EngineCalls

from .mutant import caught_by
from .writing import Appended, Appending


class Inserting(MemoryEngine):
    """The reference store, its create in two parts: what to do to the record, and what then."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        info = copy.deepcopy(session.info)
        self._spoil(info, session)
        return super().insert(replace(session, info=info), now)

    def _spoil(self, info: JsonObject, session: StoredSession) -> None:
        raise NotImplementedError


@caught_by("test_booleans_are_no_numbers")
class TakesBooleansForNumbers(Inserting):
    """True is stored as 1, as in an engine without booleans."""

    def _spoil(self, info: JsonObject, session: StoredSession) -> None:
        metadata = info["metadata"].items()
        info["metadata"] = {key: int(each) if each is True else each for key, each in metadata}


@caught_by("test_any_text_comes_back")
class TrimsTexts(Inserting):
    """White space at the end of a text is not stored."""

    def _spoil(self, info: JsonObject, session: StoredSession) -> None:
        metadata = info["metadata"].items()
        info["metadata"] = {
            key: each.rstrip() if isinstance(each, str) else each for key, each in metadata
        }


@caught_by("test_an_id_may_be_chosen")
class CountsWhatItKeeps(Inserting):
    """`create` counts the messages that it kept, not those that it was given."""

    def _spoil(self, info: JsonObject, session: StoredSession) -> None:
        info["messageCount"] = len(session.messages)


@caught_by("test_numbers_that_others_wrote_are_normal_too")
class ReadsNumbersAsTheyLie(EngineCalls):
    """Numbers are normalised in writing alone: another service's 7.0 stays a float."""

    def decode(self, model: Any, body: Body, session_id: str) -> Any:
        session = super().decode(model, body, session_id)
        if isinstance(body, dict):
            vars(session)["user_preferences"] = body.get("userPreferences", {})
        return session


@caught_by("test_fields_of_type_float_are_floats")
class NormalisesEveryNumber(EngineCalls):
    """A confidence of 1.0 comes back as the int 1."""

    def shown(self, stored: Stored | Record, session_id: str) -> Session:
        session = super().shown(stored, session_id)
        for message in session.messages:
            if message.confidence == 1:
                vars(message)["confidence"] = 1
        return session


@caught_by("test_none_means_no_such_key")
class KeepsNoneInNewMaps(MemorySessionStore):
    """`create` stores a key whose value is None."""

    def create(self, user_id: str, **fields: Any) -> Session:
        session = super().create(user_id, **fields)
        absent = {key: each for key, each in (fields.get("metadata") or {}).items() if each is None}
        self.engine.storage.documents[session.session_id]["metadata"] |= absent
        return self.get(session.session_id)


_NUMBERS = count(1)


@caught_by("test_ids_are_uuid4_by_default")
class NumbersItsSessions(MemorySessionStore):
    """Ids are numbers in sequence, for everybody to guess."""

    def create(self, user_id: str, *, session_id: str | None = None, **fields: Any) -> Session:
        return super().create(user_id, session_id=session_id or f"{next(_NUMBERS)}", **fields)


@caught_by("test_get_or_create_creates")
class CreatesEmptily(MemorySessionStore):
    """`get_or_create` makes a session without the fields."""

    def get_or_create(self, session_id: str, *, user_id: str, **_: Any) -> Session:
        return super().get_or_create(session_id, user_id=user_id)


@caught_by("test_get_or_create_makes_an_expired_one_anew")
class KeepsTheExpiredForTheirOwners(MemorySessionStore):
    """An expired session's id is free for its former owner alone."""

    def get_or_create(self, session_id: str, *, user_id: str, **fields: Any) -> Session:
        stored = self.engine.storage.documents.get(session_id, {"userId": user_id})
        if stored["userId"] != user_id:
            raise SessionExistsError(session_id)
        return super().get_or_create(session_id, user_id=user_id, **fields)


@caught_by("test_get_or_create_agrees")
class GetsOrFails(MemorySessionStore):
    """`get_or_create` that meets somebody else's create in between fails."""

    def get_or_create(self, session_id: str, **fields: Any) -> Session:
        try:
            return self.get(session_id)
        except SessionNotFoundError:
            time.sleep(0.005)  # the way to a server and back
            return self.create(fields.pop("user_id"), session_id=session_id, **fields)


@caught_by("test_append_returns_the_session_without_messages")
class ReturnsWholeSessions(MemorySessionStore):
    """`append` returns a `Session`."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        return super().append_and_get(session_id, *messages, **options)


@caught_by("test_a_retry_after_others_wrote_is_stored_once")
class KnowsTheLastMessageAlone(Appending):
    """A retry is known only as long as nobody else wrote."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        for message in stored["messages"][:-1]:
            message["messageId"] += "'"
        return super().append(write, messages, **options)

    def _spoil(self, done: Appended) -> None:
        for message in done.stored["messages"]:
            message["messageId"] = message["messageId"].rstrip("'")


@caught_by("test_retries_are_known_in_windows_of_any_size")
class OverlooksTheNewest(Appending):
    """In a window of more than a hundred messages, the newest is not compared with."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        for message in self._live(write)["messages"][100:][-1:]:
            message["messageId"] += "'"
        return super().append(write, messages, **options)

    def _spoil(self, done: Appended) -> None:
        for message in done.stored["messages"]:
            message["messageId"] = message["messageId"].rstrip("'")


@caught_by("test_rewrite_replaces_the_window")
class RewritesOnlyWhatIsThere(MemoryEngine):
    """A rewrite changes messages that are there and adds none."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        there = {message["messageId"] for message in self._live(write)["messages"]}
        kept = [message for message in messages if message.message_id in there]
        return super().rewrite(write, kept, **options)


@caught_by("test_rewrite_can_clear")
class NeverClears(MemoryEngine):
    """An empty rewrite leaves the window as it is."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        window = copy.deepcopy(self._live(write)["messages"])
        super().rewrite(write, messages, **options)
        stored = self._live(write)
        if not messages:
            stored["messages"] = window
        return copy.deepcopy(stored)


@caught_by("test_appends_go_on_after_a_rewrite")
class RemembersWhatWasRemoved(MemoryEngine):
    """A message that a rewrite removed is taken for a retry when it comes again."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        removed = [message["messageId"] for message in self._live(write)["messages"]]
        vars(self.storage)["removed"] = removed
        return super().rewrite(write, messages, **options)

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        removed = vars(self.storage).get("removed", [])
        new = [message for message in messages if message.message_id not in removed]
        return super().append(write, new or messages[:0], **options)


@caught_by("test_the_last_writer_wins_without_a_version")
class NeedsTheFirstVersion(MemorySessionStore):
    """A rewrite without a version means version 1."""

    def rewrite(
        self, session_id: str, messages: Iterable[Message], *, if_version: int | None, **more: Any
    ) -> Session:
        if if_version is None and self.get(session_id).version > 1:
            raise VersionConflictError(session_id, 1)
        return super().rewrite(session_id, messages, if_version=if_version, **more)


@caught_by("test_update_is_a_write")
class UpdatesWithoutAVersion(MemoryEngine):
    """An update leaves `version` as it is."""

    def update(self, write: Write, patch: Patch) -> Body:
        super().update(write, patch)
        stored = self._live(write)
        stored["version"] -= 1
        return {name: value for name, value in stored.items() if name != "messages"}
