"""One client of a cache and its primary, for any number of threads: it carries out what the calls
of its `Machine` request."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, Unpack

from chatstore.cache.breaker import Breaker, CacheStats
from chatstore.cache.machine import (
    AskCache,
    Bury,
    CallPrimary,
    Found,
    Machine,
    Mark,
    Put,
    Request,
    Steps,
)
from chatstore.cache.protocol import SessionCache, require_max_staleness
from chatstore.cache.snapshot import SnapshotCodec
from chatstore.clock import Moment
from chatstore.engine.write import is_visible
from chatstore.fields import Appending
from chatstore.models import Message, Page, Session, SessionInfo
from chatstore.policy import RetentionPolicy
from chatstore.protocol import SessionStore
from chatstore.runtime.options import require_count, require_function, require_seconds

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
InfoType = TypeVar("InfoType", bound=SessionInfo)

_LONGEST_PAUSE = 86_400.0

Reader = tuple[Moment, str | None, int | None]
"""When somebody reads; whose sessions, None: anybody's; and how many of the newest messages at
most, None: the window."""


class Client:
    """The machine's calls, each with the primary's call that belongs to it."""

    def __init__(
        self,
        cache: SessionCache,
        policy: RetentionPolicy,
        *,
        max_staleness: float,
        remembered: int,
        pause: float,
        monotonic: Callable[[], float],
    ) -> None:
        max_staleness = require_max_staleness(max_staleness)
        require_function("monotonic", monotonic)
        pause = require_seconds("pause", pause, most=_LONGEST_PAUSE, may_be_zero=True)
        self._machine = Machine(max_staleness, remembered=require_count("remembered", remembered))
        self._breaker = Breaker(cache, lapse=max_staleness, pause=pause, monotonic=monotonic)
        self._codec = SnapshotCodec(policy)
        self._monotonic = monotonic
        self._lock = threading.Lock()

    def stats(self) -> CacheStats:
        """What was counted so far."""
        machine, breaker = self._machine, self._breaker
        return CacheStats(
            hits=machine.hits,
            misses=machine.misses,
            stale_puts=breaker.stale_puts,
            errors=breaker.errors,
            left_alone=breaker.left_alone,
        )

    def read(
        self,
        session_ids: Sequence[str],
        call: Callable[[Sequence[str]], Sequence[Session]],
        *,
        reader: Reader,
        writes: bool = False,
    ) -> dict[str, Session]:
        """Sessions by id: of the cache's those that are alive and the reader's own, and what `call`
        finds of the others, or makes."""
        steps = self._machine.read(session_ids, writes=writes, is_part=reader[2] is not None)
        return self._run(steps, call, reader)

    def create(self, session_id: str | None, call: Callable[[], Session]) -> Session:
        """A new session."""
        session_ids = [] if session_id is None else [session_id]
        (session,) = self._run(self._machine.ask(session_ids, wrote=True), lambda _: [call()])
        return session

    def append(
        self,
        primary: SessionStore,
        session_id: str,
        *messages: Message,
        **options: Unpack[Appending],
    ) -> SessionInfo:
        """The session, without its window, as an append left it."""
        if self._breaker.failures and self._breaker.is_left_alone:
            # There is nothing that would take the window.
            return self.mark(primary.append, session_id, *messages, **options)
        return info_of(self.write(primary.append_and_get, session_id, *messages, **options))

    def write(
        self,
        call: Callable[Concatenate[str, Arguments], Session],
        session_id: str,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Session:
        """The session as a write left it."""
        return self.create(session_id, lambda: call(session_id, *arguments, **options))

    def mark(
        self,
        call: Callable[Concatenate[str, Arguments], SessionInfo],
        session_id: str,
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> SessionInfo:
        """The session, without its window, as a write left it."""
        steps = self._machine.mark(session_id)
        return self._run(steps, lambda _: call(session_id, *arguments, **options))

    def remove(self, session_id: str, call: Callable[[], bool]) -> bool:
        """Whether a session was removed, or replaced by another state."""
        return self._run(self._machine.remove(session_id), lambda _: call())

    def erase(self, session_ids: Sequence[str], call: Callable[[], int], *, are_all: bool) -> int:
        """How many sessions of a user were erased."""
        return self._run(self._machine.erase(session_ids, are_all=are_all), lambda _: call())

    def messages(self, session_id: str, call: Callable[[], Page[Message]]) -> Page[Message]:
        """A page of a session's messages."""
        return self._run(self._machine.messages(session_id), lambda _: call())

    def page(self, call: Callable[[], Page[InfoType]]) -> Page[InfoType]:
        """A page of a listing."""
        page: Page[InfoType] = self._run(self._machine.page(), lambda _: call())
        return page

    def _run(
        self,
        steps: Steps[Result],
        call: Callable[[Sequence[str]], object],
        reader: Reader | None = None,
    ) -> Result:
        try:
            request = self._step(steps.send, None)
            while True:
                try:
                    answer = self._carry_out(request, call, reader)
                # It goes to the machine, which lets it out again.
                except BaseException as error:  # noqa: BLE001
                    request = self._step(steps.throw, error)
                else:
                    request = self._step(steps.send, answer)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _step(self, go_on: Callable[[Any], Request], answer: object) -> Request:
        with self._lock:
            self._machine.knowledge.now = self._monotonic()
            return go_on(answer)

    def _carry_out(
        self, request: Request, call: Callable[[Sequence[str]], object], reader: Reader | None
    ) -> object:
        match request:
            case CallPrimary(session_ids):
                return call(session_ids)
            case AskCache(session_ids):
                # Only a read asks.
                assert reader is not None
                return self._found(session_ids, reader)
            case Put(news, asked_at, wrote):
                write = partial(self._codec.encode_all, news)
                self._breaker.put(write, asked_at=asked_at, wrote=wrote)
                return None
            case Mark(session_id, marker):
                self._breaker.mark(session_id, marker)
                return None
            case Bury(session_ids):
                return self._breaker.bury(session_ids)

    def _found(self, session_ids: Sequence[str], reader: Reader) -> Found:
        now, owner, last = reader
        sessions: list[Session] = []
        unreadable: list[str] = []
        for session_id, snapshot in self._breaker.get(session_ids).items():
            try:
                session = self._codec.decode(snapshot, last)
            except ValueError:
                unreadable.append(session_id)
                continue
            # Of somebody else's or an expired one the primary says what that means.
            if (
                session is not None
                and session.session_id == session_id
                and is_visible(now, owner, owner=session.user_id, ttl=session.ttl)
            ):
                sessions.append(session)
        return Found(sessions, unreadable)


def info_of(session: Session) -> SessionInfo:
    """The session without its messages."""
    document = session.model_dump(by_alias=True, exclude={"messages"}, warnings=False)
    return SessionInfo.model_validate(document, by_alias=True, by_name=False)
