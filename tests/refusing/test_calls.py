"""Whatever is given to a call of the layers over a store: a `ChatStoreError`, or it works."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatstore import (
    AsyncSessionStore,
    CachedSessionStore,
    ChatStoreError,
    MemorySessionCache,
    MemorySessionStore,
)
from chatstore.values.plain import class_name, kind_of
from chatstore_contract_tests.arguments import arguments, called
from chatstore_contract_tests.through_async import LoopThread, SyncView

from .values import NAMED


@pytest.fixture(params=["memory", "cached", "awaited"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A store, or one of the layers over it."""
    primary = MemorySessionStore()
    if request.param == "memory":
        yield primary
    elif request.param == "cached":
        yield CachedSessionStore(primary, MemorySessionCache())
    else:
        loop = LoopThread()
        yield SyncView(AsyncSessionStore(primary), loop)
        loop.stop()


def test_no_call_is_answered_raw(store: Any) -> None:
    """Each value of the table as each argument of each call."""
    raw: list[str] = []
    for call, argument in arguments():
        for place, value in enumerate(NAMED):
            store.get_or_create("there", user_id="ana")
            try:
                called(store, call, argument, value)
            except ChatStoreError:
                continue
            except Exception as error:  # noqa: BLE001 - all of them are told together
                what = f"NAMED[{place}], {kind_of(value)}"
                raw.append(f"{call}({argument}={what}): {class_name(type(error))}")
    assert raw == []
