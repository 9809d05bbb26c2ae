from datetime import timedelta

import pytest

from chatstore.cli import asking

from .conftest import Terminal


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal."""
    monkeypatch.setattr(asking, "somebody_can_answer", lambda: True)


def test_erase_refuses_where_nobody_can_answer(terminal: Terminal) -> None:
    """Without --yes and without a terminal, `users erase` is exit code 2 and erases nothing."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    answer = terminal.run("users", "erase", "ana", typed="y\n")
    assert answer.code == 2
    assert "--yes" in answer.err
    assert list(terminal.storage.documents) == ["s1"]


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_erase_asks_first(terminal: Terminal, typed: str) -> None:
    """Anything but yes erases nothing and is exit code 1."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    answer = terminal.run("users", "erase", "ana", typed=typed)
    assert (answer.code, answer.out) == (1, "")
    assert list(terminal.storage.documents) == ["s1"]


@pytest.mark.usefixtures("attended")
def test_erase_after_a_yes(terminal: Terminal) -> None:
    """An answer of y erases, and the question goes to standard error, not among the output."""
    terminal.run("sessions", "new", "ana", "--id", "s1")
    answer = terminal.run("users", "erase", "ana", "--json", typed="y\n")
    assert answer.code == 0
    assert answer.document == {"userId": "ana", "erased": 1}
    assert "Erase every session of ana" in answer.err
    assert terminal.storage.documents == {}


def test_erase_takes_one_users_sessions_alone(terminal: Terminal) -> None:
    """With --yes everything of the user goes, expired sessions too, and nobody else's; live ones
    are counted."""
    terminal.run("sessions", "new", "ana", "--id", "expired")
    terminal.clock.advance(timedelta(days=30))
    terminal.run("sessions", "new", "ana", "--id", "live")
    terminal.run("sessions", "new", "eve", "--id", "hers")
    answer = terminal.run("users", "erase", "ana", "--yes")
    assert (answer.code, answer.out) == (0, "erased 1 live sessions of ana\n")
    assert list(terminal.storage.documents) == ["hers"]


def test_purge_reclaims_what_has_expired(terminal: Terminal) -> None:
    """`purge` says how many records it removed, and leaves the living."""
    terminal.run("sessions", "new", "ana", "--id", "old")
    terminal.clock.advance(timedelta(days=30))
    terminal.run("sessions", "new", "ana", "--id", "young")
    assert terminal.run("purge", "--json").document == {"removed": 1}
    assert terminal.run("purge").out == "removed 0 expired sessions\n"
    assert list(terminal.storage.documents) == ["young"]


def test_ping_tells_that_the_store_answers(terminal: Terminal) -> None:
    """`ping` is exit code 0 for a store that answers."""
    assert terminal.run("ping").out == "the store answers: memory\n"
    assert terminal.run("ping", "--json").document == {"ok": True, "place": "memory"}
