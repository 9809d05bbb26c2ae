"""Bounds what can't be broken off: looking up a name, a program that prints credentials, a lock of
the driver's."""

import threading
from collections.abc import Callable
from typing import TypeVar

from chatstore.runtime import deadline

Result = TypeVar("Result")


def in_time(call: Callable[[], Result]) -> Result:
    """The call's result, if it comes before this thread's deadline; else `DeadlineError`, and the
    call is left to end by itself, in a thread of its own."""
    left = deadline.seconds_left()
    if left is None:
        return call()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  it is raised by the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run, name="chatstore-in-time", daemon=True)
    thread.start()
    thread.join(left)
    if errors:
        raise errors[0]
    if not results:
        raise deadline.DeadlineError
    return results[0]
