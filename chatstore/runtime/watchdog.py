"""A thread that breaks off what takes too long."""

import logging
import math
import threading
import time
from collections.abc import Callable

from chatstore.runtime.forks import call_in_child

_log = logging.getLogger("chatstore.deadline")


class Watch:
    """Something that must end in time."""

    __slots__ = ("_interrupt", "_lock", "_watches", "ends")

    def __init__(self, ends: float, interrupt: Callable[[], object], watches: set["Watch"]) -> None:
        self.ends = ends
        self._interrupt: Callable[[], object] | None = interrupt
        self._watches = watches
        self._lock = threading.Lock()

    def end(self) -> None:
        """It has ended: from here on it is not broken off any more."""
        with self._lock:
            self._interrupt = None
        self._watches.discard(self)

    def break_off(self) -> None:
        """It has not ended in time."""
        with self._lock:
            interrupt, self._interrupt = self._interrupt, None
            if interrupt is not None:
                try:
                    interrupt()
                except Exception:  # noqa: BLE001  the thread must live on: others wait for it
                    _log.exception("a call that is late could not be broken off")
        self._watches.discard(self)


class Watchdog:
    """Watches, and one thread that looks at them when the first of them is due.

    The first watch starts the thread. A further one wakes it only if it is due before the thread
    would look again, which is rare where all calls have about the same time: a watch costs a
    microsecond, and no switch of threads.
    """

    def __init__(self) -> None:
        self._forget()
        call_in_child(self._forget)

    def watch(self, ends: float, interrupt: Callable[[], object]) -> Watch:
        """Have `interrupt` called at `ends`, by `time.monotonic`, unless `Watch.end` came first."""
        watch = Watch(ends, interrupt, self._watches)
        self._watches.add(watch)
        if ends < self._looks_at:
            self._wake()
        return watch

    def _forget(self) -> None:
        """Begin anew: a child has neither the parent's thread nor anything to break off."""
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._looks_at = math.inf
        self._is_running = False

    def _wake(self) -> None:
        self._woken.set()
        if not self._is_running:
            with self._lock:
                if not self._is_running:
                    self._is_running = True
                    threading.Thread(
                        target=self._run, name="chatstore-deadline", daemon=True
                    ).start()

    def _run(self) -> None:
        while True:
            # Whoever comes while the watches are looked at wakes this thread once more.
            self._looks_at = math.inf
            self._woken.clear()
            watches = list(self._watches)
            now = time.monotonic()
            for watch in watches:
                if watch.ends <= now:
                    watch.break_off()
            self._looks_at = min(
                (watch.ends for watch in watches if watch.ends > now), default=math.inf
            )
            wait = None if self._looks_at == math.inf else self._looks_at - now
            self._woken.wait(wait)
