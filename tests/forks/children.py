"""Children by `os.fork`, which end whatever happens, and tell what came of their work."""

import os
import pickle
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 30
"""How many seconds a child lives at the most: one that hangs is killed by its alarm."""


class Child:
    """A child at work, and the pipes that it is spoken to by."""

    def __init__(self, work: Callable[["Child"], object]) -> None:
        results, self._answers = os.pipe()
        self._words, words = os.pipe()
        with warnings.catch_warnings():
            # Newer Pythons warn of forks amid threads, which these tests are about.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process = os.fork()
        if self.process == 0:
            os.close(results)
            os.close(words)
            self._run(work)
        os.close(self._answers)
        os.close(self._words)
        self._results, self._to_child = results, words

    def heard(self) -> None:
        """In the child: wait until the parent says something."""
        os.read(self._words, 1)

    def say(self) -> None:
        """In the child: let the parent go on. In the parent: let the child."""
        os.write(self._answers if self.process == 0 else self._to_child, b".")

    def wait(self) -> None:
        """In the parent: wait until the child says something."""
        assert os.read(self._results, 1) == b".", "the child ended before it said anything"

    def result(self) -> Any:
        """In the parent: what the work came to. Fails if the child raised, hung or crashed."""
        with os.fdopen(self._results, "rb") as results:
            told = results.read()
        os.close(self._to_child)
        _, status = os.waitpid(self.process, 0)
        assert os.waitstatus_to_exitcode(status) != -signal.SIGALRM, "the child hung"
        assert os.waitstatus_to_exitcode(status) == 0
        is_done, outcome = pickle.loads(told)  # noqa: S301  our own child's
        assert is_done, outcome
        return outcome

    def _run(self, work: Callable[["Child"], object]) -> None:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST)
            try:
                told = pickle.dumps((True, work(self)))
            except BaseException:  # noqa: BLE001  the parent's test shows it
                told = pickle.dumps((False, traceback.format_exc()))
            with os.fdopen(self._answers, "wb") as answers:
                answers.write(told)
        finally:
            os._exit(0)


@contextmanager
def busy(work: Callable[[int], object], *, threads: int = 4) -> Iterator[list[BaseException]]:
    """Threads that do `work(0)`, `work(1)` and so on, each with numbers of its own, over and over
    while the block lasts; what any of them raised. The block begins when each has done some."""
    stop = threading.Event()
    begun = threading.Barrier(threads + 1)
    raised: list[BaseException] = []

    def run(thread: int) -> None:
        number = thread
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  shown by the test's own thread
            raised.append(error)
        begun.wait()
        while not stop.is_set() and not raised:
            number += threads
            try:
                work(number)
            except BaseException as error:  # noqa: BLE001  likewise
                raised.append(error)

    running = [threading.Thread(target=run, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    begun.wait()
    try:
        yield raised
    finally:
        stop.set()
        for thread in running:
            thread.join()
