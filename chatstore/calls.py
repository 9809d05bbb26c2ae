"""How the public methods reach the hooks: one reading of the clock, typed errors, decoded and
visible results."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from chatstore import envelope
from chatstore.clock import Clock, Moment, utc_now
from chatstore.errors import ChatStoreError, ConfigurationError, CorruptSessionError
from chatstore.hooks import BackendHooks
from chatstore.models import Session
from chatstore.policy import RetentionPolicy
from chatstore.records import (
    Body,
    InfoType,
    Record,
    read_session,
    shown_of,
    unreadable_reason,
)
from chatstore.writes import is_visible

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class HookCalls(BackendHooks):
    """The policy, the clock, and what every public method does with a hook and its answer."""

    def __init__(self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now) -> None:
        self.policy = policy or RetentionPolicy()
        self.clock = clock
        self._closed = False

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._close()

    def _now(self) -> Moment:
        """The one reading of the clock in a call."""
        self._require_open()
        return Moment.read(self.clock)

    def _require_open(self) -> None:
        if self._closed:
            raise ConfigurationError(f"this {self.backend} store is closed; open another")

    def _call(
        self,
        hook: Callable[Arguments, Result],
        session_id: str | None,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a hook; a driver's exception becomes the typed error's cause."""
        try:
            return hook(*arguments, **options)
        except ChatStoreError:
            raise
        except Exception as error:
            translated = self._translate(error, session_id)
            if translated is None:
                raise
            raise translated from error

    def _decode(self, model: type[InfoType], body: Body, session_id: str) -> InfoType:
        try:
            return read_session(model, body)
        except ValueError as error:
            reason = unreadable_reason(error)
            raise CorruptSessionError(self.backend, session_id, reason) from error

    def _find(self, session_id: str, now: Moment, user_id: str | None) -> Session | None:
        """The stored session, if it is visible: with all its messages."""
        envelope.require_id("session_id", session_id)
        envelope.require_owner(user_id)
        record = self._call(self._load, session_id, session_id)
        return None if record is None else self._visible(record, session_id, now, user_id)

    def _visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        if not is_visible(now, user_id, owner=record.user_id, ttl=record.ttl):
            return None
        return self._decode(Session, record.body, session_id)

    def _shown(self, session: Session) -> Session:
        """The session, freshly decoded, cut to the reader's window."""
        messages = session.messages
        del messages[: len(messages) - shown_of(messages, self.policy)]
        return session
