"""The callers' half of every store; `SessionStore` and `Maintenance` say what each method does.

What all backends must do alike happens here, once: arguments are checked, ids minted, the clock
read, the policy applied and results built. An engine does the rest.
"""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import NoReturn, Unpack

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.cursor import decode_scan_cursor, encode_cursor, encode_scan_cursor
from chatstore.engine.engine import Engine
from chatstore.engine.write import NO_CHANGES, Write
from chatstore.errors import (
    InvalidInputError,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore.fields import Conditions, Listing, MessageListing, SessionChanges, SessionFields
from chatstore.models import Message, Page, Session, SessionInfo, new_id
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore.record import limits
from chatstore.record.messages import amended_message, checked_batch
from chatstore.record.stored import StoredMessage
from chatstore.runtime.deadline import DEFAULT_DEADLINE, each_step, require_deadline, within
from chatstore.runtime.forks import refuse_pickling
from chatstore.runtime.options import require_function, require_policy
from chatstore.store import arguments, own_results, restoring
from chatstore.store.calls import Opened, public_call, public_walk
from chatstore.store.engine_calls import EngineCalls
from chatstore.store.message_pages import read_page
from chatstore.values.plain import require_flag

_ONE_BY_ONE = "pass messages one by one: append(session_id, *messages)"


class BaseSessionStore(MaintainedSessionStore):
    """A store over an `Engine`. The engine is the store's from here on: it is opened at once, and
    closed with the store, or if it can't be opened. A call takes at most `deadline` seconds."""

    def __init__(
        self,
        engine: Engine,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        self.opened = Opened(f"{engine.backend} store")
        self.engine = engine
        try:
            require_function("clock", clock)
            self.policy = RetentionPolicy() if policy is None else require_policy(policy)
            self.clock = clock
            self.deadline = require_deadline(deadline)
            self._calls = EngineCalls(engine, self.policy, self.deadline)
            with within(self.deadline):
                self._calls.call(engine.open, None, self.policy)
        except BaseException:
            engine.close()
            raise
        self.opened.is_closed = False

    @property
    def place(self) -> str:
        """Where the sessions are, for texts that people read: without credentials."""
        return self.engine.place

    def close(self) -> None:
        if self.opened.close():
            self.engine.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.place}, {self.opened}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling(self.opened.what)

    @public_call
    def create(
        self, user_id: str, *, session_id: str | None = None, **fields: Unpack[SessionFields]
    ) -> Session:
        now = self._now()
        chosen_id = new_id() if session_id is None else session_id
        session = arguments.new_session(now, self.policy, user_id, chosen_id, **fields)
        return own_results.create(self._calls, session, now)

    @public_call
    def get(
        self, session_id: str, *, user_id: str | None = None, last: int | None = None
    ) -> Session:
        key = limits.require_id("session_id", session_id)
        owner = limits.require_owner(user_id)
        most = None if last is None else limits.require_counter("last", last)
        session = self._calls.find(key, self._now(), owner, last=most)
        if session is None:
            raise SessionNotFoundError(key)
        return session

    @public_call
    def get_or_create(
        self, session_id: str, *, user_id: str, **fields: Unpack[SessionFields]
    ) -> Session:
        now = self._now()
        session = arguments.new_session(now, self.policy, user_id, session_id, **fields)
        return own_results.get_or_create(self._calls, session, now)

    @public_call
    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        now = self._now()
        asked = limits.require_ids("session_ids", session_ids)
        owner = limits.require_owner(user_id)
        distinct = list(dict.fromkeys(asked))
        records = self._calls.call(self.engine.load_many, None, distinct) if distinct else {}
        found = {
            session_id: session
            for session_id, record in records.items()
            if (session := self._calls.visible(record, session_id, now, owner)) is not None
        }
        return [found[session_id] for session_id in asked if session_id in found]

    @public_call
    def append(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> SessionInfo:
        write = self._write(session_id, user_id, if_version)
        batch = self._batch(messages)
        patch = arguments.patch(**changes) if changes else NO_CHANGES
        return self._calls.info(self.engine.append, write, batch, patch=patch, with_window=False)

    @public_call
    def append_and_get(
        self,
        session_id: str,
        *messages: Message,
        user_id: str | None = None,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> Session:
        write = self._write(session_id, user_id, if_version)
        batch = self._batch(messages)
        patch = arguments.patch(**changes) if changes else NO_CHANGES
        return self._calls.session(self.engine.append, write, batch, patch=patch, with_window=True)

    @public_call
    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        user_id: str | None = None,
        whole: bool = False,
    ) -> Session:
        write = self._write(session_id, user_id, if_version)
        given = checked_batch(messages, self.policy, most=limits.MAX_MESSAGES)
        all_kept = require_flag("whole", whole)
        return own_results.rewrite(self._calls, write, given, whole=all_kept)

    @public_call
    def amend(self, session_id: str, message: Message, **conditions: Unpack[Conditions]) -> Session:
        write = self._write(session_id, **conditions)
        amended = amended_message(message, self.policy)
        return self._calls.session(self.engine.amend, write, amended)

    @public_call
    def list_messages(
        self, session_id: str, *, user_id: str | None = None, **listing: Unpack[MessageListing]
    ) -> Page[Message]:
        owner = limits.require_owner(user_id)
        return read_page(self._calls, self._now(), owner, session_id, **listing)

    @public_call
    def update(
        self,
        session_id: str,
        *,
        user_id: str | None = None,
        if_version: int | None = None,
        **changes: Unpack[SessionChanges],
    ) -> SessionInfo:
        write = self._write(session_id, user_id, if_version)
        patch = arguments.patch(**changes)
        if patch.is_empty:
            write = replace(write, renews=True)
        return self._calls.info(self.engine.update, write, patch)

    @public_call
    def delete(self, session_id: str, **conditions: Unpack[Conditions]) -> bool:
        write = self._write(session_id, **conditions)
        return self._calls.call(self.engine.delete, write.session_id, write)

    @public_call
    def list_sessions(self, user_id: str, **listing: Unpack[Listing]) -> Page[SessionInfo]:
        query = arguments.page_query(self._now(), user_id, **listing)
        found = self._calls.call(self.engine.page, None, query)
        # One more than asked was looked for, which tells whether anything follows.
        most = query.limit - 1
        items = [
            self._calls.decode(SessionInfo, body, position.session_id)
            for position, body in found[:most]
        ]
        return Page(items, encode_cursor(found[most - 1][0]) if len(found) > most else None)

    @public_call
    def ping(self) -> None:
        self._calls.call(self.engine.ping, None)

    @public_walk
    def delete_user(self, user_id: str) -> int:
        now = self._now()
        owner = limits.require_id("user_id", user_id)
        return self._calls.call(self.engine.delete_user, None, owner, now)

    @public_walk
    def purge_expired(self) -> int:
        return self._calls.call(self.engine.purge, None, self._now())

    @public_call
    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        now = self._now()
        most = limits.require_limit(limit)
        after = None if cursor is None else decode_scan_cursor(cursor)
        found, token = self._calls.call(self.engine.scan, None, limit=most, after=after, now=now)
        items = [self._calls.shown(record, session_id) for session_id, record in found]
        return Page(items, None if token is None else encode_scan_cursor(token))

    @public_walk
    def restore(
        self, session: Session, *, history: Iterable[Message] = (), overwrite: bool = False
    ) -> None:
        now = self._now()
        replaces = require_flag("overwrite", overwrite)
        record = restoring.record(session)
        before = restoring.history(record, history)
        key = record.session_id
        # A history takes as long as it is, and its engine takes it step by step.
        with each_step() if record.history is None else nullcontext():
            is_written = self._calls.call(
                self.engine.restore, key, record, history=before, overwrite=replaces, now=now
            )
        if not is_written:
            raise SessionExistsError(key)

    def stored_ids(self, user_id: str) -> Iterator[str]:
        """The ids of all that is stored of a user: expired or not by whatever clock, readable or
        not. A cache in front of this store must forget them when the user is erased."""
        query = arguments.query_of_all(user_id)
        while True:
            found = self._calls.call(self.engine.page, None, query)
            yield from (position.session_id for position, _ in found)
            if len(found) < query.limit:
                return
            query = replace(query, after=found[-1][0])

    def _now(self) -> Moment:
        """The one reading of the clock in a call."""
        return Moment.read(self.clock)

    def _write(
        self, session_id: str, user_id: str | None = None, if_version: int | None = None
    ) -> Write:
        return Write(
            limits.require_id("session_id", session_id),
            None if user_id is None else limits.require_owner(user_id),
            None if if_version is None else limits.require_version(if_version),
            self._now(),
            self.policy,
            self.policy.renew_on_write,
        )

    def _batch(self, messages: tuple[Message, ...]) -> list[StoredMessage]:
        if not messages:
            raise InvalidInputError("messages", "1 to 100 messages", "none")
        return checked_batch(messages, self.policy, most=limits.MAX_BATCH, advice=_ONE_BY_ONE)
