"""Calls that are made again: after a failure, or because another writer was faster."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from chatstore.errors import ChatStoreError, VersionConflictError

Result = TypeVar("Result")

_SENDINGS = 3
_ATTEMPTS = 12
_LONGEST_PAUSE = 1.0


def resent(call: Callable[[], Result]) -> Result:
    """The result of a call that may be made again after a failure, which it is, twice at most."""
    for sending in range(1, _SENDINGS):
        try:
            return call()
        except ChatStoreError as error:
            if not error.retryable:
                raise
        _pause(sending)
    return call()


def compare_and_set(attempt: Callable[[], Result]) -> Result:
    """The result of an attempt to read, decide and write under `if_version`, made anew whenever
    another writer was faster. Raises `VersionConflictError` if that goes on for some seconds."""
    for number in range(1, _ATTEMPTS):
        try:
            return resent(attempt)
        except VersionConflictError:
            _pause(number)
    return resent(attempt)


def _pause(number: int) -> None:
    """Longer each time, and by chance: two that met don't meet again."""
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.005 * 2**number)))  # noqa: S311  no secret
