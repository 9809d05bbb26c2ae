from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from chatstore import (
    BackendUnavailableError,
    MemorySessionStore,
    Page,
    Session,
    SessionNotFoundError,
)
from chatstore.cli import demonstration

from .conftest import Terminal


def test_the_demo_shows_every_promise(terminal: Terminal) -> None:
    """`demo` exits 0 and shows the newest 10 of 13 in order, the count, a page with a cursor and
    the next, a stranger's attempt as not found, and the instant of expiry."""
    answer = terminal.run("demo", "--url", "memory://")
    assert (answer.code, answer.err) == (0, "")
    expected = (
        " 1  trini_response  Then try Solaris",
        "10  user_query      Then Arrival it is",
        "messageCount is 13",
        "the message is stored 1 time",
        "page 1  next cursor: WyJ",
        "page 2  next cursor: none",
        "SessionNotFoundError",
        "there one second before, and gone at the instant",
        "5 steps: 8 checks held, 0 failed",
    )
    places = [answer.out.find(text) for text in expected]
    assert -1 not in places
    assert places == sorted(places)


def test_the_demo_fits_80_columns_without_colour(terminal: Terminal) -> None:
    """Its output needs neither a wide terminal nor a colourful one."""
    out = terminal.run("demo", "--url", "memory://").out
    assert max(map(len, out.splitlines())) <= 80
    assert out.replace("\n", "").isprintable()


def test_the_demo_leaves_nothing_behind(terminal: Terminal) -> None:
    """On a store that is in use it makes its own users, deletes what it made, and touches nothing
    else."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    before = dict(terminal.storage.documents["s1"])
    assert terminal.run("demo", "--url", "memory://").code == 0
    assert terminal.storage.documents == {"s1": before}


class ForgetsThePolicy(MemorySessionStore):
    """Keeps too short a window."""

    def get(self, *arguments: Any, **options: Any) -> Session:
        session = super().get(*arguments, **options)
        return session.model_copy(update={"messages": session.messages[-9:]})


class Miscounts(MemorySessionStore):
    """Counts what it keeps."""

    def get(self, *arguments: Any, **options: Any) -> Session:
        session = super().get(*arguments, **options)
        return session.model_copy(update={"message_count": len(session.messages)})


class StoresTwice(MemorySessionStore):
    """Takes a message that is sent again for another."""

    def append(self, session_id: str, *messages: Any, **options: Any) -> Any:
        if super().get(session_id).message_count == 13:
            messages = tuple(each.model_copy(update={"message_id": "new"}) for each in messages)
        return super().append(session_id, *messages, **options)


class ListsOldestFirst(MemorySessionStore):
    """Lists in the wrong order."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[Any]:
        return super().list_sessions(user_id, **options, newest_first=False)


class LosesTheCursor(MemorySessionStore):
    """Ends after the first page."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[Any]:
        return Page(super().list_sessions(user_id, **options).items)


class AsksNobody(MemorySessionStore):
    """Ignores the ownership check."""

    def get(self, session_id: str, **options: Any) -> Session:
        return super().get(session_id)


class TellsStrangersApart(MemorySessionStore):
    """Refuses a stranger in words that give the session away."""

    def get(self, session_id: str, **options: Any) -> Session:
        session = super().get(session_id)
        if options.get("user_id") not in (None, session.user_id):
            error = SessionNotFoundError(session_id)
            error.args = ("not yours",)
            raise error
        return session


class NeverForgets(MemorySessionStore):
    """Shows what has expired."""

    def get(self, session_id: str, **options: Any) -> Session:
        now, self.clock = self.clock, lambda: datetime(2026, 1, 1, tzinfo=UTC)
        try:
            return super().get(session_id, **options)
        finally:
            self.clock = now


@pytest.mark.parametrize(
    "broken",
    [
        ForgetsThePolicy,
        Miscounts,
        StoresTwice,
        ListsOldestFirst,
        LosesTheCursor,
        AsksNobody,
        TellsStrangersApart,
        NeverForgets,
    ],
)
def test_the_demo_fails_on_a_store_that_breaks_a_promise(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, broken: Callable[..., MemorySessionStore]
) -> None:
    """It checks what it shows: exit code 5, and which claim does not hold; and cleans up."""
    monkeypatch.setattr(demonstration, "_BETWEEN_LOOKS", 0)
    terminal.store_class = broken
    answer = terminal.run("demo", "--url", "memory://")
    assert answer.code == 5
    assert "DOES NOT HOLD" in answer.out
    assert terminal.storage.documents == {}


def test_the_demo_cleans_up_after_a_failure(terminal: Terminal) -> None:
    """An error in the middle is reported as any other, and what was made is deleted."""

    class BreaksOff(MemorySessionStore):
        def list_sessions(self, *arguments: Any, **options: Any) -> Page[Any]:
            raise BackendUnavailableError("out of reach")

    terminal.store_class = BreaksOff
    answer = terminal.run("demo", "--url", "memory://")
    assert (answer.code, answer.err) == (4, "chatstore: out of reach\n")
    assert terminal.storage.documents == {}
