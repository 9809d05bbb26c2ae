"""Defects that stores of chat sessions were really shipped with."""

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatstore import JsonObject, MemorySessionStore, Session, SessionNotFoundError
from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.models import Page, SessionInfo
from chatstore.record.stored import Body, Record, Stored, StoredMessage
from chatstore.store.engine_calls import EngineCalls

from .mutant import LONG_AGO, caught_by


@caught_by("test_a_session_lives_until_its_ttl")
class ReadsTheExpired(EngineCalls):
    """`get` shows an expired session until the engine gets round to removing it."""

    def find(
        self, session_id: str, now: Moment, user_id: str | None, **options: Any
    ) -> Session | None:
        return super().find(session_id, LONG_AGO, user_id, **options)


@caught_by("test_no_list_shows_an_expired_session")
class ListsTheExpired(MemoryEngine):
    """Listings show expired sessions."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        return super().page(replace(query, now=LONG_AGO))


@caught_by("test_a_limit_is_1_to_1000")
class TakesAnyLimit(MemorySessionStore):
    """`limit=-1` means "all"."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        if options.get("limit") == -1:
            options["limit"] = 1_000
        return super().list_sessions(user_id, **options)


@caught_by("test_expired_sessions_take_no_place")
class FillsPagesWithTheExpired(MemoryEngine):
    """A page is cut first and the expired are left out afterwards: pages come short."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        cut = super().page(replace(query, now=LONG_AGO))
        alive = {position for position, _ in super().page(replace(query, limit=1_001))}
        return [found for found in cut if found[0] in alive]


@caught_by("test_filtered_sessions_take_no_place")
class FiltersAfterTheLimit(MemoryEngine):
    """A page is cut first and filtered by status afterwards."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        cut = super().page(replace(query, session_status=None))
        return [found for found in cut if query.session_status in (None, _status(found[1]))]


def _status(body: Body) -> object:
    assert isinstance(body, Mapping)
    return body["sessionStatus"]


@caught_by("test_deleted_sessions_are_not_listed")
class TurnsRoundAfterADelete(MemoryEngine):
    """Once a session was deleted, listings come in the other order."""

    def delete(self, write: Write) -> bool:
        vars(self.storage)["turned"] = True
        return super().delete(write)

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        found = super().page(query)
        return found[::-1] if "turned" in vars(self.storage) else found


@caught_by("test_no_append_is_lost")
class LosesConcurrentAppends(MemoryEngine):
    """Append reads the session, changes it and puts it back, with nothing in between to guard it:
    of two at once, one is lost."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        documents = self.storage.documents
        private = MemoryEngine()
        if write.session_id not in documents:
            raise SessionNotFoundError(write.session_id)
        private.storage.documents[write.session_id] = copy.deepcopy(documents[write.session_id])
        stored = private.append(write, messages, **options)
        time.sleep(0.0005)  # the way to a server and back
        documents.update(private.storage.documents)
        return stored


@caught_by("test_a_message_sent_again_is_stored_once")
class StoresARetryTwice(MemoryEngine):
    """Append never looks whether the message is there already."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        with self.storage.lock:
            window: list[JsonObject] = self._live(write)["messages"]
            # Hidden from the comparison, and back under their own names afterwards.
            for message in window:
                message["messageId"] += " hidden"
            stored = super().append(write, messages, **options)
            for message in window:
                message["messageId"] = message["messageId"].removesuffix(" hidden")
            return stored


@caught_by("test_each_write_renews")
class LosesTheTtlOnRewrite(MemoryEngine):
    """A rewrite puts a record without a ttl in the place of one that had it."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        super().rewrite(write, messages, **options)
        self.storage.documents[write.session_id].pop("ttl", None)
        return copy.deepcopy(self.storage.documents[write.session_id])


@caught_by("test_no_call_sees_an_expired_session")
class RevivesACorpse(MemoryEngine):
    """An append to an expired session that still lies there brings it back."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self.storage.documents.get(write.session_id, {})
        if stored.get("ttl", write.now.seconds + 1) <= write.now.seconds:
            stored["ttl"] = write.ttl
        return super().append(write, messages, **options)


@caught_by("test_anothers_session_is_not_found")
class ShowsAnothersSession(EngineCalls):
    """`get` takes a user id and does not look at it."""

    def find(
        self, session_id: str, now: Moment, user_id: str | None, **options: Any
    ) -> Session | None:
        return super().find(session_id, now, None, **options)


@caught_by("test_a_number_has_one_form")
class TurnsIntsIntoFloats(MemoryEngine):
    """Numbers come back as floats, as from an engine that knows no others."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        return None if record is None else record._replace(body=_with_floats(record.body))


def _with_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_floats(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_with_floats(entry) for entry in value]
    return float(value) if type(value) is int else value


@caught_by("test_reads_name_the_corrupt_record")
class TakesCorruptionForAbsence(MemoryEngine):
    """A record that can't be read is as good as none."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        if record is None or not isinstance(record.body, Mapping):
            return record
        readable = isinstance(record.body.get("userPreferences", {}), dict)
        return record if readable else None


@caught_by("test_a_corrupt_message_is_no_absence")
class SkipsCorruptMessages(MemoryEngine):
    """A message that can't be read is left out of the window."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        if record is None or not isinstance(record.body, Mapping):
            return record
        window = record.body.get("messages", [])
        readable = [message for message in window if isinstance(message["content"], str)]
        return record._replace(body={**record.body, "messages": readable})


@caught_by("test_a_lower_limit_trims_at_the_next_write")
class KeepsEverything(MemoryEngine):
    """The window is cut when it is read, never when it is written: the record grows for ever."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        endless = replace(write.policy, max_messages=None)
        return super().append(replace(write, policy=endless), messages, **options)
