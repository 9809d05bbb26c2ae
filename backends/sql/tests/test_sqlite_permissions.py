"""Files and directories that permissions close to this process."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatstore import BackendAuthError, Message, open_store
from chatstore_sql import SQLSessionStore, create_sqlite_engine


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that any user may enter: those of pytest's own may be closed to others."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        directory.chmod(0o777)
        yield directory
        directory.chmod(0o777)


@contextmanager
def bound_by_permissions(directory: Path) -> Iterator[None]:
    """Act as a user whom permissions bind: they do not bind root, who acts as nobody."""
    # Whatever opening imports is read while every file may be.
    open_store("sqlite://").close()
    was_root = os.geteuid() == 0
    try:
        if was_root:
            os.seteuid(65534)
    except OSError as error:
        pytest.skip(f"permissions bind no user here: {error}")
    try:
        if not os.access(directory, os.R_OK | os.X_OK, effective_ids=True):
            pytest.skip("the directory for temporary files is closed to other users")
        yield
    finally:
        if was_root:
            os.seteuid(0)


def test_a_directory_that_may_not_be_written(open_directory: Path) -> None:
    """A new file in a read-only directory is a `BackendAuthError`."""
    open_directory.chmod(0o555)
    with (
        bound_by_permissions(open_directory),
        open_store(f"sqlite:///{open_directory}/chat.db") as store,
        pytest.raises(BackendAuthError, match="may not open") as raised,
    ):
        store.create("ana")
    assert isinstance(raised.value.__cause__, sqlite3.Error)


def test_a_file_that_may_not_be_written(open_directory: Path) -> None:
    """On a read-only file, reading works; a write is a `BackendAuthError`, and so is `ping`."""
    path = open_directory / "chat.db"
    with open_store(f"sqlite:///{path}") as store:
        store.create("ana", session_id="chat-0")
    path.chmod(0o444)
    with bound_by_permissions(open_directory), open_store(f"sqlite:///{path}") as store:
        assert store.get("chat-0").user_id == "ana"
        for write in (
            lambda: store.create("ana"),
            lambda: store.append("chat-0", Message(type="user", content="x")),
            lambda: store.delete("chat-0"),
            store.ping,
        ):
            with pytest.raises(BackendAuthError, match="right to write") as raised:
                write()
            assert isinstance(raised.value.__cause__, sqlite3.Error)


def test_a_directory_that_may_not_be_entered(open_directory: Path) -> None:
    """A closed directory is a `BackendAuthError` that names the file, whether it was closed before
    the engine was made or since."""
    closed = open_directory / "closed"
    closed.mkdir()
    early = create_sqlite_engine(closed / "chat.db")
    closed.chmod(0)
    with bound_by_permissions(open_directory):
        with pytest.raises(BackendAuthError, match=r"chat\.db.* may not enter") as raised:
            open_store(f"sqlite:///{closed}/chat.db")
        assert isinstance(raised.value.__cause__, PermissionError)
        with pytest.raises(BackendAuthError, match=r"chat\.db.* may not enter") as raised:
            SQLSessionStore(early)
        assert isinstance(raised.value.__cause__, PermissionError)
    closed.chmod(0o777)
    early.dispose()
