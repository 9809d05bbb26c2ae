"""What every behaviour's test class stands on: fixtures, and the tools its tests share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chatstore import (
    ChatStoreError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    Session,
    SessionNotFoundError,
)
from chatstore_contract_tests.harness import Harness

START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""When every test begins: a quarter past a whole second, so that rounding shows."""

BACKEND_PROPERTY = "chatstore_backend"
"""The property of a test's report that names the backend it ran on."""


class Behaviour:
    """The base of each behaviour's class; a backend's test class overrides `harness`."""

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        """A fresh harness; it is the one thing that a backend's test class must give."""
        raise NotImplementedError("override the fixture `harness`")

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of `store`; it moves only by hand."""
        return ManualClock(START)

    @pytest.fixture
    def store(self, harness: Harness, clock: ManualClock) -> Iterator[MaintainedSessionStore]:
        """A store with the default policy."""
        with harness.open(clock=clock) as store:
            yield store

    @pytest.fixture(autouse=True)
    def reported(self, request: pytest.FixtureRequest, harness: Harness) -> None:
        """Note the backend in the test's report, and skip what its emulator can't show."""
        request.node.user_properties.append((BACKEND_PROPERTY, harness.name))
        if fault := harness.faults.get(request.node.originalname):
            pytest.skip(f"{harness.name}: {fault}")


def message(content: Any = "Something with superheroes?", **fields: Any) -> Message:
    """A user's message; any field may be given."""
    return Message.model_validate({"type": "user_query", "content": content, **fields})


def batch(count: int, prefix: str = "message") -> list[Message]:
    """Messages whose contents are numbered from 0."""
    return [message(f"{prefix} {number}") for number in range(count)]


def contents(session: Session) -> list[Any]:
    """The contents of the window, oldest first."""
    return [each.content for each in session.messages]


@contextmanager
def unchanged(harness: Harness, *session_ids: str) -> Iterator[None]:
    """Assert that what is stored under the ids is the same to the byte before and after."""
    before = [harness.raw_read(session_id) for session_id in session_ids]
    yield
    after = [harness.raw_read(session_id) for session_id in session_ids]
    assert after == before, "a call that must not write has written"


@contextmanager
def refused(
    error: type[ChatStoreError], harness: Harness, session_id: str
) -> Iterator[pytest.ExceptionInfo[ChatStoreError]]:
    """Assert that the call raises `error` itself and writes nothing under the id."""
    with unchanged(harness, session_id), raises_itself(error) as raised:
        yield raised


@contextmanager
def raises_itself(error: type[ChatStoreError]) -> Iterator[pytest.ExceptionInfo[ChatStoreError]]:
    """Assert that the call raises `error`, and none that derives from it."""
    with pytest.raises(error) as raised:
        yield raised
    assert type(raised.value) is error


def is_gone(store: MaintainedSessionStore, session_id: str) -> bool:
    """Whether `get` finds no such session."""
    try:
        store.get(session_id)
    except SessionNotFoundError:
        return True
    return False
