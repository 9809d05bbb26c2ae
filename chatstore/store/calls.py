"""How the public methods reach the hooks: in this process and in time, by one reading of the clock,
with typed errors, decoded and visible results."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NoReturn, ParamSpec, Protocol, TypeVar

from chatstore.clock import Clock, Moment, utc_now
from chatstore.engine.interface import BackendHooks
from chatstore.engine.write import is_visible
from chatstore.errors import (
    BackendError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    CorruptSessionError,
)
from chatstore.models import Session
from chatstore.policy import RetentionPolicy
from chatstore.record.decode import InfoType, read_session, unreadable_reason
from chatstore.record.stored import Body, Record
from chatstore.record.window import shown_of
from chatstore.runtime import deadline
from chatstore.runtime.deadline import DEFAULT_DEADLINE, DeadlineError, require_deadline
from chatstore.runtime.forks import Origin, refuse_pickling
from chatstore.runtime.options import require_function, require_policy

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class HasCalls(Protocol):
    """What has public calls: a store."""

    deadline: float

    def _require_usable(self) -> None: ...
    def _place(self) -> str: ...


Store = TypeVar("Store", bound=HasCalls)


def public_call(
    method: Callable[Concatenate[Store, Arguments], Result],
) -> Callable[Concatenate[Store, Arguments], Result]:
    """A public method: refused in a store that is closed or inherited from a parent process, and
    given the store's deadline."""

    @wraps(method)
    def within_deadline(
        store: Store, /, *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        store._require_usable()
        with deadline.within(store.deadline):
            if deadline.is_over():
                # It waited for a thread for so long.
                raise _late(store)
            return method(store, *arguments, **options)

    return within_deadline


def public_walk(
    method: Callable[Concatenate[Store, Arguments], Result],
) -> Callable[Concatenate[Store, Arguments], Result]:
    """A public method that takes as long as there is data: it has no deadline as a whole, and the
    engine gives each of its steps one (`deadline.each_step`)."""

    @wraps(method)
    def step_by_step(
        store: Store, /, *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        store._require_usable()
        with deadline.counted_from(None):
            return method(store, *arguments, **options)

    return step_by_step


def _late(store: HasCalls) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{store._place()}: no answer within {store.deadline:g} seconds, the deadline of a call; "
        "the outcome of a write is unknown, send the same call again"
    )


class HookCalls(BackendHooks):
    """The policy, the clock, and what every public method does with a hook and its answer."""

    def __init__(
        self,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        self._closed = True
        self._origin = Origin()
        require_function("clock", clock)
        self.policy = RetentionPolicy() if policy is None else require_policy(policy)
        self.clock = clock
        self.deadline = require_deadline(deadline)
        self._closed = False

    def close(self) -> None:
        # What a parent process opened is the parent's to close.
        if not self._closed and self._origin.is_here:
            self._closed = True
            self._close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__.lstrip('_')} {self._place()}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise refuse_pickling(f"{self.backend} store")

    def _now(self) -> Moment:
        """The one reading of the clock in a call."""
        return Moment.read(self.clock)

    def _require_usable(self) -> None:
        self._origin.require_here(f"{self.backend} store")
        if self._closed:
            raise ConfigurationError(f"this {self.backend} store is closed; open another")

    def _call(
        self,
        hook: Callable[Arguments, Result],
        session_id: str | None,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """Call a hook. A driver's exception becomes the typed error's cause, whatever it is; after
        the deadline, what failed failed for lack of time."""
        try:
            return hook(*arguments, **options)
        except ChatStoreError:
            raise
        except Exception as error:
            if deadline.is_over() or isinstance(error, DeadlineError):
                raise _late(self) from error
            translated = self._translate(error, session_id)
            raise translated or self._unforeseen(error) from error

    def _unforeseen(self, error: Exception) -> BackendError:
        # Its text may quote what was stored.
        return BackendError(
            f"{self._place()}: {type(error).__name__}, which {self.backend}'s driver is not known "
            "to raise; the cause says more"
        )

    def _decode(self, model: type[InfoType], body: Body, session_id: str) -> InfoType:
        try:
            return read_session(model, body)
        except ValueError as error:
            reason = unreadable_reason(error)
        # pydantic's error knows the contents: it does not go along.
        raise CorruptSessionError(self.backend, session_id, reason)

    def _find(
        self, session_id: str, now: Moment, user_id: str | None, *, latest: bool = False
    ) -> Session | None:
        """The stored session, if it is visible: with all its messages. Whoever looks for the result
        of a write needs what was written `latest`."""
        load = self._load_latest if latest else self._load
        record = self._call(load, session_id, session_id)
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
