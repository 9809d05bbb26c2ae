"""Callers that do not give up: cancelled or failed, they make the same call again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chatstore import ChatStoreError

Result = TypeVar("Result")

_LONGEST_WAIT = 0.004
_MOST_ATTEMPTS = 60


async def persistently(
    call: Callable[[], Awaitable[Result]], dice: random.Random, *, cancel: float = 0.05
) -> Result:
    """The result of `call()`, which is made again after it was cancelled, as a share of the
    attempts is at a moment of chance, and after an error that says that it may be made again."""
    for _ in range(_MOST_ATTEMPTS):
        task = asyncio.ensure_future(call())
        if dice.random() < cancel:
            await asyncio.wait([task], timeout=dice.random() * _LONGEST_WAIT)
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            continue
        except Exception as error:
            if not may_be_made_again(error):
                raise
    raise AssertionError(f"{_MOST_ATTEMPTS} attempts in a row did not succeed")


def persistently_sync(call: Callable[[], Result]) -> Result:
    """The result of a call, which is made again after an error that says that it may be."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            return call()
        except Exception as error:
            if not may_be_made_again(error):
                raise
    raise AssertionError(f"{_MOST_ATTEMPTS} attempts in a row did not succeed")


def may_be_made_again(error: BaseException) -> bool:
    """Whether the error, or the one that a framework wrapped in it, is a store's that says so."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ChatStoreError):
            return cause.retryable
        cause = cause.__cause__
    return False
