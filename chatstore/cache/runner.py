"""Runs the calls of a `Machine` on a real cache and a real primary, in any number of threads."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from chatstore.cache.breaker import Breaker
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
from chatstore.cache.protocol import Snapshot
from chatstore.cache.snapshot import SnapshotCodec
from chatstore.models import Session

Result = TypeVar("Result")

PrimaryCall = Callable[[Sequence[str]], object]
"""A call of the primary, with the sessions that `CallPrimary` names."""

ReaderMaySee = Callable[[Session], bool]
"""Whether a session is there for whoever reads: alive by the reader's clock, and nobody else's."""


class Runner:
    """Carries out what the calls of a machine request."""

    def __init__(
        self,
        machine: Machine,
        breaker: Breaker,
        codec: SnapshotCodec,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._machine = machine
        self._breaker = breaker
        self._codec = codec
        self._monotonic = monotonic
        self._lock = threading.Lock()

    def run(
        self,
        steps: Steps[Result],
        call: PrimaryCall,
        *,
        may_see: ReaderMaySee = lambda _session: True,
    ) -> Result:
        """The result of a call of the machine, which makes `call` where it calls the primary. Of
        the cache's sessions those count that the reader `may_see`."""
        try:
            request = self._step(steps.send, None)
            while True:
                try:
                    answer = self._carry_out(request, call, may_see)
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

    def _carry_out(self, request: Request, call: PrimaryCall, may_see: ReaderMaySee) -> object:
        match request:
            case CallPrimary(session_ids):
                return call(session_ids)
            case AskCache(session_ids):
                return self._found(session_ids, may_see)
            case Put(sessions, asked_at, wrote):
                # Writing a snapshot costs more than anything else here.
                if not self._breaker.is_left_alone and (snapshots := self._snapshots(sessions)):
                    self._breaker.put(snapshots, asked_at=asked_at, wrote=wrote)
                return None
            case Mark(session_id, marker):
                self._breaker.mark(session_id, marker)
                return None
            case Bury(session_ids):
                return self._breaker.bury(session_ids)

    def _found(self, session_ids: Sequence[str], may_see: ReaderMaySee) -> Found:
        sessions: list[Session] = []
        unreadable: list[str] = []
        for session_id, snapshot in self._breaker.get(session_ids).items():
            try:
                session = self._codec.decode(snapshot)
            except ValueError:
                unreadable.append(session_id)
                continue
            # Of somebody else's or an expired one the primary says what that means.
            if session is not None and session.session_id == session_id and may_see(session):
                sessions.append(session)
        return Found(sessions, unreadable)

    def _snapshots(self, sessions: Iterable[Session]) -> dict[str, Snapshot]:
        snapshots: dict[str, Snapshot] = {}
        for session in sessions:
            try:
                snapshots[session.session_id] = self._codec.encode(session)
            except (TypeError, ValueError):
                # Another service stored what JSON can't hold: this session is not cached.
                continue
        return snapshots
