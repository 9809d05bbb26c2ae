"""Sessions: created, read, deleted and created anew."""

import copy
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatstore import (
    MemorySessionStore,
    Message,
    Session,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore.clock import Moment
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Record, StoredSession
from chatstore.store.engine_calls import EngineCalls

from .mutant import LONG_AGO, caught_by


@caught_by("test_create_returns_what_get_reads")
class AnswersBeforeItStores(MemoryEngine):
    """`create` returns what was asked for, and metadata are not stored."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        info = {**session.info, "metadata": {}}
        return super().insert(replace(session, info=info), now)


@caught_by("test_a_new_session_has_the_defaults")
class CountsVersionsFromZero(EngineCalls):
    """A new session is at version 0."""

    def call(
        self, operation: Callable[..., Any], session_id: str | None, *given: Any, **options: Any
    ) -> Any:
        if operation == self.engine.insert:
            # The store returns this record as the session that it created.
            given[0].info["version"] = 0
        return super().call(operation, session_id, *given, **options)


@caught_by("test_an_id_is_taken_once")
class CreatesOverALiveSession(MemoryEngine):
    """`create` replaces whatever has the id."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return self.restore(session, history=iter(()), overwrite=True, now=now)


@caught_by("test_create_knows_its_own_result")
class DoesNotKnowItsOwnCreate(EngineCalls):
    """A `create` that the driver sent again meets its own session, and fails."""

    def call(
        self, operation: Callable[..., Any], session_id: str | None, *given: Any, **options: Any
    ) -> Any:
        answer = super().call(operation, session_id, *given, **options)
        if operation == self.engine.insert and not answer:
            raise SessionExistsError(str(session_id))
        return answer


@caught_by("test_create_succeeds_where_an_expired_session_lies")
class IsBlockedByTheExpired(MemoryEngine):
    """An expired session that still lies there keeps its id taken."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        return super().insert(session, LONG_AGO)


@caught_by("test_create_succeeds_where_an_expired_session_lies")
class LetsTheOldLifeShineThrough(MemoryEngine):
    """A new session in an expired one's place takes over its metadata."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        old = self.storage.documents.get(session.session_id, {})
        metadata = {**old.get("metadata", {}), **session.info["metadata"]}
        return super().insert(replace(session, info={**session.info, "metadata": metadata}), now)


@caught_by("test_nothing_shines_through_a_new_life")
class GivesTheTokenToTwoLives(EngineCalls):
    """`creationId` is made of the session's id, and so is the same in every life."""

    def call(
        self, operation: Callable[..., Any], session_id: str | None, *given: Any, **options: Any
    ) -> Any:
        if operation == self.engine.insert:
            given[0].info["creationId"] = f"token of {session_id}"
        return super().call(operation, session_id, *given, **options)


@caught_by("test_get_or_create_reads")
class RenewsWhatItFinds(MemorySessionStore):
    """`get_or_create` on a session that is there touches it."""

    def get_or_create(self, session_id: str, **fields: Any) -> Session:
        found = super().get_or_create(session_id, **fields)
        self.update(session_id)
        return found


@caught_by("test_get_or_create_refuses_anothers_id")
class GetsOrCreatesAnothers(MemorySessionStore):
    """`get_or_create` returns the session that has the id, whoever's it is."""

    def get_or_create(self, session_id: str, **fields: Any) -> Session:
        try:
            return self.get(session_id)
        except SessionNotFoundError:
            return super().get_or_create(session_id, **fields)


@caught_by("test_get_many_keeps_the_order_asked")
class GetsManyInItsOwnOrder(MemorySessionStore):
    """`get_many` returns the sessions as the engine gives them, each once."""

    def get_many(self, session_ids: Iterable[str], **options: Any) -> list[Session]:
        return super().get_many(sorted(set(session_ids)), **options)


@caught_by("test_get_many_takes_more_than_an_engine_does")
class GetsTheFirstHundred(MemoryEngine):
    """`get_many` asks the engine once, which answers for a hundred ids."""

    def load_many(self, session_ids: Sequence[str]) -> Mapping[str, Record]:
        return super().load_many(session_ids[:100])


@caught_by("test_delete_removes")
class MarksAsDeleted(MemoryEngine):
    """`delete` expires the record and leaves it lying there."""

    def delete(self, write: Write) -> bool:
        try:
            self._live(write)["ttl"] = 0
        except SessionNotFoundError:
            return False
        return True


@caught_by("test_no_list_shows_an_expired_session")
class DeletesTheExpired(MemoryEngine):
    """`delete` says True for a session that had expired."""

    def delete(self, write: Write) -> bool:
        return super().delete(replace(write, now=LONG_AGO))


@caught_by("test_a_write_goes_by_the_version")
class DeletesAtAnyVersion(MemoryEngine):
    """`delete` does not look at `if_version`."""

    def delete(self, write: Write) -> bool:
        return super().delete(replace(write, if_version=None))


@caught_by("test_every_attribute_of_a_message_comes_back")
class DropsNulls(MemoryEngine):
    """Unknown attributes that are null are not stored."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        return None if record is None else record._replace(body=_without_nulls(record.body))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


@caught_by("test_empty_values_come_back")
class DropsEmptyValues(MemoryEngine):
    """Empty lists and objects are taken for nothing."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        kept = {name: value for name, value in session.info["metadata"].items() if value != []}
        return super().insert(replace(session, info={**session.info, "metadata": kept}), now)


@caught_by("test_clients_share_what_is_stored")
class RemembersWhatItRead(MemorySessionStore):
    """A client caches what it created and never asks again."""

    def create(self, user_id: str, **fields: Any) -> Session:
        session = super().create(user_id, **fields)
        vars(self).setdefault("remembered", {})[session.session_id] = session
        return session

    def get(self, session_id: str, **options: Any) -> Session:
        remembered: dict[str, Session] = vars(self).get("remembered", {})
        if session_id in remembered:
            return remembered[session_id]
        return super().get(session_id, **options)


@caught_by("test_what_a_caller_changes_later_stays_outside")
class SharesWhatItStores(MemorySessionStore):
    """What is stored is the caller's own object."""

    def create(self, user_id: str, *, messages: Iterable[Message] = (), **fields: Any) -> Session:
        session = super().create(user_id, messages=messages, **fields)
        self.engine.storage.documents[session.session_id]["metadata"] = fields.get("metadata")
        return session


@caught_by("test_like_ids_are_strangers")
class ComposesIds(MemoryEngine):
    """Ids are brought into Unicode's composed form, so that two become one."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        composed = unicodedata.normalize("NFC", session.session_id)
        return super().insert(replace(session, info={**session.info, "sessionId": composed}), now)

    def load(self, session_id: str, **options: Any) -> Record | None:
        return super().load(unicodedata.normalize("NFC", session_id))


@caught_by("test_any_characters_make_an_id")
class StripsIds(MemoryEngine):
    """Blanks around a session's id are taken off."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        stripped = {**session.info, "sessionId": session.session_id.strip()}
        return super().insert(replace(session, info=copy.deepcopy(stripped)), now)
