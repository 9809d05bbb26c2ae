"""Tests that await, under asyncio and under trio, whichever plug-ins for such tests there are."""

import inspect
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any

import anyio


def under_both(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test as one that does not await, and asks for the fixture `anyio_backend`."""

    @wraps(test)
    def run(*, anyio_backend: str, **fixtures: Any) -> None:
        anyio.run(partial(test, **fixtures), backend=anyio_backend)

    signature = inspect.signature(test)
    asked = inspect.Parameter("anyio_backend", inspect.Parameter.KEYWORD_ONLY)
    parameters = [*signature.parameters.values(), asked]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # as inspect reads it
    return run
