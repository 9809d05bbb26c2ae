"""A store's way to its engine and back: typed errors, decoded records, the reader's window."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from chatstore.clock import Moment
from chatstore.engine.engine import Engine
from chatstore.engine.write import Write, is_visible
from chatstore.errors import BackendError, ChatStoreError, CorruptSessionError
from chatstore.models import Message, Session, SessionInfo
from chatstore.policy import RetentionPolicy
from chatstore.record.decode import InfoType, read_message, read_session, unreadable_reason
from chatstore.record.stored import Body, Record, Stored
from chatstore.record.window import shown_of
from chatstore.runtime import deadline
from chatstore.store.calls import late

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class EngineCalls:
    """An engine as a store calls it, `seconds` being the store's deadline."""

    def __init__(self, engine: Engine, policy: RetentionPolicy, seconds: float) -> None:
        self.engine = engine
        self._policy = policy
        self._seconds = seconds

    def call(
        self,
        operation: Callable[Arguments, Result],
        session_id: str | None,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """What an operation of the engine returns. A driver's exception becomes the typed error's
        cause, whatever it is; after the deadline, what failed failed for lack of time."""
        try:
            return operation(*arguments, **options)
        except ChatStoreError:
            raise
        except Exception as error:
            if deadline.is_over() or isinstance(error, deadline.DeadlineError):
                raise late(self.engine.place, self._seconds) from error
            known = self.engine.translate_error(error, session_id)
            raise known or self._unforeseen(error) from error

    def info(
        self,
        operation: Callable[Concatenate[Write, Arguments], Stored | Body],
        write: Write,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> SessionInfo:
        """What a write returns, as a session without its messages."""
        answer = self.call(operation, write.session_id, write, *arguments, **options)
        return self.decode(SessionInfo, _stored(answer).body, write.session_id)

    def session(
        self,
        operation: Callable[Concatenate[Write, Arguments], Stored | Body],
        write: Write,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Session:
        """What a write returns, as a session with the reader's window."""
        answer = self.call(operation, write.session_id, write, *arguments, **options)
        return self.shown(_stored(answer), write.session_id)

    def find(
        self,
        session_id: str,
        now: Moment,
        user_id: str | None,
        *,
        latest: bool = False,
        last: int | None = None,
    ) -> Session | None:
        """The stored session as a reader sees it, if it is visible, with at most its `last`
        messages. Whoever looks for the result of a write needs what was written `latest`."""
        record = self.call(self.engine.load, session_id, session_id, latest=latest, last=last)
        if record is None:
            return None
        session = self.visible(record, session_id, now, user_id)
        if session is not None and last is not None:
            del session.messages[: max(len(session.messages) - last, 0)]
        return session

    def visible(
        self, record: Record, session_id: str, now: Moment, user_id: str | None
    ) -> Session | None:
        """The session of a record as a reader sees it; None if it has expired or is another
        user's."""
        if not is_visible(now, user_id, owner=record.user_id, ttl=record.ttl):
            return None
        return self.shown(record, session_id)

    def shown(self, stored: Stored | Record, session_id: str) -> Session:
        """The session of what the engine handed over, cut to the reader's window."""
        session = self.decode(Session, stored.body, session_id)
        messages = session.messages
        kept = shown_of(
            messages, self._policy, session.history, body=stored.body, weights=stored.weights
        )
        # Freshly decoded, it is nobody else's yet.
        del messages[: len(messages) - kept]
        return session

    def decode(self, model: type[InfoType], body: Body, session_id: str) -> InfoType:
        """The record as this model. Raises `CorruptSessionError` if it can't be read."""
        try:
            return read_session(model, body)
        except ValueError as error:
            reason = unreadable_reason(error)
        # pydantic's error knows the contents: it does not go along.
        raise CorruptSessionError(self.engine.backend, session_id, reason)

    def decode_message(self, body: Body, session_id: str) -> Message:
        """A message of a page. Raises `CorruptSessionError` if it can't be read."""
        try:
            return read_message(body)
        except ValueError as error:
            reason = unreadable_reason(error)
        raise CorruptSessionError(self.engine.backend, session_id, reason)

    def _unforeseen(self, error: Exception) -> BackendError:
        # Its text may quote what was stored.
        return BackendError(
            f"{self.engine.place}: {type(error).__name__}, which {self.engine.backend}'s driver is "
            "not known to raise; the cause says more"
        )


def _stored(answer: Stored | Body) -> Stored:
    return answer if isinstance(answer, Stored) else Stored(answer)
