"""The threads that an `AsyncSessionStore` runs its calls in: whose turn it is, and the end."""

import asyncio
import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from chatstore.errors import ConfigurationError
from chatstore.runtime import deadline
from chatstore.runtime.forks import Origin
from chatstore.runtime.options import require_count

_SPARE = 3
"""How many more threads than its turns a pool may have, as a multiple of them: for calls that
nobody waits for any more."""

Result = TypeVar("Result")


class _Job:
    """A call, and the session that it writes to, if that is one."""

    __slots__ = ("call", "future", "has_turn", "session_id")

    def __init__(self, call: Callable[[], Any], session_id: str | None) -> None:
        began = time.monotonic()
        context = copy_context()
        self.session_id = session_id
        self.future: Future[Any] = Future()
        self.has_turn = False

        def in_thread() -> Any:
            # The time that it waits for its turn is part of the call's.
            with deadline.counted_from(began):
                return context.run(call)

        self.call = in_thread


class Threads:
    """A pool of threads that calls are awaited from.

    `max_workers` calls have their turn at once; further ones wait. Calls that name one session have
    theirs one after the other, in the order in which they came, cancelled ones included: the next
    begins when the one before has ended. A call that is cancelled in its course gives its turn
    back, and its thread goes on to the call's end.
    """

    def __init__(self, max_workers: int) -> None:
        max_workers = require_count("max_workers", max_workers)
        self._origin = Origin()
        self._pool = ThreadPoolExecutor(max_workers * (1 + _SPARE), thread_name_prefix="chatstore")
        # What follows is changed under this lock only, by whichever loop's thread.
        self._lock = threading.Lock()
        self._turns = max_workers
        self._ready: deque[_Job] = deque()
        self._lines: dict[str, deque[_Job]] = {}
        self._unfinished = 0
        self._all_finished = threading.Condition(self._lock)
        self._end: Future[None] | None = None

    async def run(self, call: Callable[[], Result], *, session_id: str | None = None) -> Result:
        """Run `call` in a thread, in the caller's context. When the waiting task is cancelled, a
        call that has not begun never does, and one that has runs to its end."""
        self._origin.require_here("asynchronous store")
        job = _Job(call, session_id)
        with self._lock:
            if self._end is not None:
                raise ConfigurationError("this store is closed; open another")
            self._unfinished += 1
            self._line_up(job)
        try:
            result: Result = await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise
        return result

    async def close(self, finish: Callable[[], None]) -> None:
        """Wait for the calls that were begun, then run `finish`, once. It goes on to its end even
        if the task that waits here is cancelled. What a parent process opened is left alone."""
        if not self._origin.is_here:
            return
        with self._lock:
            if self._end is None:
                # The pool can't wait for itself, and no loop must.
                self._end = in_thread(functools.partial(self._finish, finish))
            end = self._end
        await asyncio.shield(asyncio.wrap_future(end))

    def _finish(self, finish: Callable[[], None]) -> None:
        with self._all_finished:
            self._all_finished.wait_for(lambda: self._unfinished == 0)
        self._pool.shutdown(wait=True)
        finish()

    def _line_up(self, job: _Job) -> None:
        if job.session_id is not None:
            line = self._lines.setdefault(job.session_id, deque())
            line.append(job)
            if len(line) > 1:
                return
        self._ready.append(job)
        self._give_turns()

    def _give_turns(self) -> None:
        while self._ready and self._turns:
            job = self._ready.popleft()
            job.has_turn = True
            self._turns -= 1
            self._pool.submit(self._run, job)

    def _take_turn_back(self, job: _Job) -> None:
        if job.has_turn:
            job.has_turn = False
            self._turns += 1

    def _run(self, job: _Job) -> None:
        result, error = None, None
        is_wanted = job.future.set_running_or_notify_cancel()
        if is_wanted:
            try:
                result = job.call()
            except BaseException as raised:  # noqa: BLE001  it is the waiting task's
                error = raised
        with self._lock:
            self._take_turn_back(job)
            if job.session_id is not None:
                line = self._lines[job.session_id]
                line.popleft()
                if line:
                    self._ready.append(line[0])
                else:
                    del self._lines[job.session_id]
            self._give_turns()
            self._unfinished -= 1
            if self._unfinished == 0:
                self._all_finished.notify_all()
        if not is_wanted:
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    def _abandon(self, job: _Job) -> None:
        """Nobody waits for the job any more."""
        if not job.future.cancel():
            with self._lock:
                self._take_turn_back(job)
                self._give_turns()


def in_thread(call: Callable[[], Result]) -> Future[Result]:
    """Run `call` in a thread of its own."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="chatstore")
    running = thread.submit(call)
    thread.shutdown(wait=False)
    return running
