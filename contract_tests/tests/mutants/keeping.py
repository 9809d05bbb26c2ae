"""What is kept and for how long: the window, the ttl and the clock."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chatstore import (
    Clock,
    InvalidInputError,
    MemorySessionStore,
    MessageTooLargeError,
    RetentionPolicy,
    Session,
    utc_now,
)
from chatstore.clock import Moment
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.models import SessionInfo
from chatstore.record.stored import Body, Record, Stored, StoredMessage, StoredSession
from chatstore.store.engine_calls import EngineCalls

from .mutant import EngineWithPolicy, caught_by
from .writing import Appended, Appending


@caught_by("test_the_newest_ten_stay")
class KeepsOneFewer(Appending):
    """A full window loses one message too many."""

    def _spoil(self, done: Appended) -> None:
        if len(done.stored["messages"]) == done.write.policy.max_messages:
            del done.stored["messages"][0]


@caught_by("test_batches_of_any_size_fill_the_window")
class DropsTheNewest(MemoryEngine):
    """Of a batch larger than the window, the first messages are kept."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        kept = messages[: write.policy.max_messages]
        body = super().append(write, kept, **options)
        self._live(write)["messageCount"] += len(messages) - len(kept)
        return body


@caught_by("test_no_limit_keeps_all")
class HasALimitOfItsOwn(Appending):
    """`max_messages=None` is taken for the engine's own limit, 200."""

    def _spoil(self, done: Appended) -> None:
        del done.stored["messages"][:-200]


@caught_by("test_bytes_bound_a_window")
class BoundsByCountAlone(EngineCalls):
    """`max_window_bytes` is not looked at, in writing or in reading."""

    def call(
        self, operation: Callable[..., Any], session_id: str | None, *given: Any, **options: Any
    ) -> Any:
        if operation == self.engine.append:
            policy = replace(given[0].policy, max_message_bytes=1, max_window_bytes=336_000)
            given = (replace(given[0], policy=policy), *given[1:])
        return super().call(operation, session_id, *given, **options)

    def shown(self, stored: Stored | Record, session_id: str) -> Session:
        return self.decode(Session, stored.body, session_id)


@caught_by("test_a_window_is_filled_to_the_byte")
class LeavesAByteFree(MemoryEngine):
    """A window of exactly `max_window_bytes` is taken for too large."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        less = replace(write.policy, max_message_bytes=1)
        tight = replace(less, max_window_bytes=write.policy.max_window_bytes - 1)
        return super().append(replace(write, policy=tight), messages, **options)


@caught_by("test_a_read_shows_the_readers_window")
class ShowsTheWholeWindow(EngineCalls):
    """A read shows what is stored, whatever the reader's policy says."""

    def shown(self, stored: Stored | Record, session_id: str) -> Session:
        return self.decode(Session, stored.body, session_id)


@caught_by("test_a_read_shows_the_readers_window")
class TrimsWhatItReads(EngineWithPolicy):
    """A read under a smaller policy cuts the stored window."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        if session_id in self.storage.documents:
            window = self.storage.documents[session_id]["messages"]
            del window[: -(self.policy.max_messages or len(window))]
        return super().load(session_id, **options)


@caught_by("test_nothing_new_trims_nothing")
class TrimsOnUpdate(EngineWithPolicy):
    """An update trims the window to the writer's policy."""

    def update(self, write: Write, patch: Patch) -> Body:
        window = self._live(write)["messages"]
        del window[: -(self.policy.max_messages or len(window))]
        return super().update(write, patch)


@caught_by("test_the_largest_session_fits")
class HasASmallerItemLimit(Appending):
    """A session of more than 300,000 bytes is refused, though the policy allows it."""

    def _spoil(self, done: Appended) -> None:
        if len(repr(done.stored).encode()) > 300_000:
            self.storage.documents[done.stored["sessionId"]] = done.before
            raise MessageTooLargeError("messages", "300000 bytes", "more")


@caught_by("test_a_session_lives_until_its_ttl")
class LivesASecondTooLong(EngineCalls):
    """A session is still seen in the second that its ttl names."""

    def visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        return super().visible(record, session_id, now.earlier(timedelta(seconds=1)), user_id)


@caught_by("test_a_session_lives_until_its_ttl")
class RoundsTheTtlUp(MemoryEngine):
    """The ttl counts from the next whole second."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        up = {**session.info, "ttl": session.info["ttl"] + 1} if "ttl" in session.info else {}
        return super().insert(replace(session, info={**session.info, **up}), now)


@caught_by("test_each_write_renews")
class RenewsOnlyOnAppend(MemoryEngine):
    """An update leaves the ttl as it is."""

    def update(self, write: Write, patch: Patch) -> Body:
        return super().update(replace(write, renews=False), patch)


@caught_by("test_a_fixed_ttl_stays")
class AlwaysRenews(MemorySessionStore):
    """`renew_on_write=False` is not looked at."""

    def _write(
        self, session_id: str, user_id: str | None = None, if_version: int | None = None
    ) -> Write:
        return replace(super()._write(session_id, user_id, if_version), renews=True)


@caught_by("test_reads_renew_nothing")
class RenewsOnRead(MemorySessionStore):
    """`get` renews the ttl: the session slides on as long as somebody looks."""

    def get(self, session_id: str, **options: Any) -> Session:
        session = super().get(session_id, **options)
        stored = self.engine.storage.documents[session_id]
        stored["ttl"] = Moment.read(self.clock).seconds + (self.policy.ttl_seconds or 0)
        return session


@caught_by("test_a_write_sets_what_the_writers_policy_gives")
class KeepsTheTtlOfAnother(MemorySessionStore):
    """A writer without a ttl leaves the one that is there."""

    def _write(
        self, session_id: str, user_id: str | None = None, if_version: int | None = None
    ) -> Write:
        write = super()._write(session_id, user_id, if_version)
        return replace(write, renews=write.renews and write.ttl is not None)


@caught_by("test_a_session_may_live_for_ever")
class TakesNoTtlForExpired(MemoryEngine):
    """A session without a ttl is left out of listings."""

    def page(self, query: PageQuery) -> Any:
        found = super().page(query)
        return [each for each in found if isinstance(each[1], dict) and "ttl" in each[1]]


@caught_by("test_a_clock_may_go_back")
class NeverGoesBack(MemoryEngine):
    """`updated_at` keeps the latest time that was ever written."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        before = self._live(write)["updatedAt"]
        super().append(write, messages, **options)
        stored = self._live(write)
        stored["updatedAt"] = max(before, stored["updatedAt"])
        return Stored({name: each for name, each in stored.items() if name != "messages"})


@caught_by("test_a_clock_may_go_back")
class RefusesAnEarlierClock(MemorySessionStore):
    """A write before the last one's time is refused."""

    def _write(
        self, session_id: str, user_id: str | None = None, if_version: int | None = None
    ) -> Write:
        write = super()._write(session_id, user_id, if_version)
        stored = self.engine.storage.documents.get(session_id)
        if stored and stored["updatedAt"] > write.now.text:
            raise InvalidInputError("clock", "no earlier than the last write", write.now.text)
        return write


@caught_by("test_append_adds_at_the_end")
class ReadsTheSystemsClock(MemorySessionStore):
    """Writes are stamped with the system's time, whatever clock the store was given."""

    def _write(
        self, session_id: str, user_id: str | None = None, if_version: int | None = None
    ) -> Write:
        write = super()._write(session_id, user_id, if_version)
        return replace(write, now=Moment.read(utc_now))


@caught_by("test_each_client_goes_by_its_own_clock")
class RemovesWhatItFindsExpired(EngineCalls):
    """A read that meets an expired record removes it: a client with a wrong clock destroys data."""

    def find(
        self, session_id: str, now: Moment, user_id: str | None, **options: Any
    ) -> Session | None:
        found = super().find(session_id, now, user_id, **options)
        if found is None:
            assert isinstance(self.engine, MemoryEngine)
            self.engine.storage.documents.pop(session_id, None)
        return found


@caught_by("test_a_store_shows_its_policy")
class HasAPolicyOfItsOwn(MemorySessionStore):
    """The default ttl is a day."""

    def __init__(
        self, storage: Any = None, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> None:
        brief = RetentionPolicy(ttl=timedelta(days=1))
        super().__init__(storage, policy=policy or brief, clock=clock)


@caught_by("test_a_message_has_a_limit")
class MeasuresByCharacters(MemorySessionStore):
    """A message is as large as its text is long: what stands around it is not counted."""

    def append(self, session_id: str, *messages: Any, **options: Any) -> SessionInfo:
        lenient = MemorySessionStore(
            self.engine.storage,
            policy=replace(self.policy, max_messages=10, max_message_bytes=33_000),
            clock=self.clock,
        )
        return lenient.append(session_id, *messages, **options)


@caught_by("test_a_higher_limit_grows_again")
class FixesTheLimitAtCreation(Appending, EngineWithPolicy):
    """A window never grows beyond the limit of the policy that created the session."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        info = {**session.info, "limit": self.policy.max_messages}
        return super().insert(replace(session, info=info), now)

    def _spoil(self, done: Appended) -> None:
        del done.stored["messages"][: -done.stored.get("limit", 10)]


@caught_by("test_a_batch_longer_than_the_window_is_known_again")
class KnowsABatchByItsWhole(MemoryEngine):
    """A batch is known again only if all of its messages are still there."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        there = {message["messageId"] for message in stored["messages"]}
        if not {message.message_id for message in messages} <= there:
            hidden = copy.deepcopy(stored["messages"])
            stored["messages"] = []
            super().append(write, messages, **options)
            window = hidden + stored["messages"]
            stored["messages"] = window[-(write.policy.max_messages or len(window)) :]
        return super().append(write, messages, **options)
