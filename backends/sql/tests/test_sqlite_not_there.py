"""A file that is not there yet, and one that is there no more."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatstore import (
    MaintainedSessionStore,
    Message,
    Page,
    SchemaError,
    Session,
    SessionNotFoundError,
    open_store,
)
from chatstore_sql import SQLSessionStore, create_sqlite_engine

MAKING = {"create", "get_or_create", "restore"}
"""The calls that store a session, and so make the file."""
EMPTY: dict[str, object] = {
    "delete": False,
    "delete_user": 0,
    "get_many": [],
    "iter_sessions": [],
    "list_sessions": Page([], None),
    "purge_expired": 0,
    "scan": Page([], None),
}
"""What calls answer where nothing is stored."""
REFUSED = {
    *("amend", "append", "append_and_get", "get", "rewrite", "update"),
    *("iter_messages", "list_messages"),
}
"""The calls that need a session, and find none."""
READS = {"get", "iter_messages", "list_messages"}
"""Those of them that do not look at the log."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


def some_session() -> Session:
    """A session of another store's."""
    with open_store("memory://") as store:
        return store.create("ana", session_id="chat")


def public_calls() -> list[str]:
    """The methods that the protocol lists."""
    return [
        name
        for name, value in inspect.getmembers(MaintainedSessionStore, inspect.isfunction)
        if not name.startswith("_") and name not in ("close", "for_user")
    ]


def call(store: MaintainedSessionStore, name: str) -> object:
    """Call a method with what it must be given."""
    given = {
        "user_id": "ana",
        "session_id": "chat",
        "session_ids": ["chat"],
        "messages": [Message(type="user", content="x")],
        "message": Message(type="user", content="x"),
        "session": some_session(),
        "if_version": None,
    }
    method = getattr(store, name)
    arguments: list[Any] = []
    options: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments += given["messages"]  # type: ignore[arg-type]
        elif parameter.kind is parameter.VAR_KEYWORD:
            continue
        elif parameter.default is parameter.empty:
            if parameter.kind is parameter.KEYWORD_ONLY:
                options[parameter.name] = given[parameter.name]
            else:
                arguments.append(given[parameter.name])
    result = method(*arguments, **options)
    return list(result) if inspect.isgenerator(result) else result


@pytest.mark.parametrize("name", public_calls())
def test_only_what_is_stored_makes_a_file(path: Path, name: str) -> None:
    """Of all calls, on a path where nothing is, those that store a session make the file; the
    others answer as an empty store does, `ping` says that there is no file, and nothing is made."""
    with open_store(f"sqlite:///{path}") as store:
        if name in MAKING:
            call(store, name)
            assert path.exists()
            store.ping()
            return
        if name == "ping":
            with pytest.raises(SchemaError, match=rf"{path}: there is no such file"):
                store.ping()
        elif name in REFUSED:
            with pytest.raises(SessionNotFoundError):
                call(store, name)
        else:
            assert call(store, name) == EMPTY[name]
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("name", public_calls())
def test_in_memory_there_is_always_a_database(name: str) -> None:
    """In memory nothing can be mistyped: `ping` succeeds, and every other call does the same."""
    with open_store("sqlite://") as store:
        if name in REFUSED:
            with pytest.raises(SessionNotFoundError):
                call(store, name)
        else:
            answer = call(store, name)
            assert name not in EMPTY or answer == EMPTY[name]


def test_a_store_finds_the_file_that_another_made(path: Path) -> None:
    """Whoever opened the path before the file was there sees it once it is."""
    with open_store(f"sqlite:///{path}") as early, open_store(f"sqlite:///{path}") as other:
        other.create("ana", session_id="chat")
        assert early.get("chat").user_id == "ana"
        early.ping()


Loss = Callable[[Path], object]


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def rename(path: Path) -> None:
    path.rename(path.with_name("other.db"))


def replace(path: Path) -> None:
    with open_store(f"sqlite:///{path.with_name('new.db')}") as store:
        store.create("ben", session_id="chat")
    path.with_name("new.db").rename(path)


def remove_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def replace_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").rename(path.with_name("log"))
    path.with_name(f"{path.name}-wal").touch()


@pytest.mark.parametrize("lose", [remove, remove_all, rename, replace, remove_log, replace_log])
@pytest.mark.parametrize("by", ["url", "engine"])
def test_a_file_that_was_lost(path: Path, lose: Loss, by: str) -> None:
    """A file, or its log, that is deleted, renamed or replaced while a store has it open: whatever
    writes, and `ping`, is a `SchemaError` that says so, and nothing is said to be stored that is
    nowhere. The path is not made anew; a store that is opened afterwards works."""
    engine = create_sqlite_engine(path)
    store = open_store(f"sqlite:///{path}") if by == "url" else SQLSessionStore(engine)
    store.create("ana", session_id="chat")
    store.append("chat", Message(type="user", content="x"))
    lose(path)
    before = sorted(each.name for each in path.parent.iterdir())
    for _ in range(2):
        for name in sorted({*REFUSED - READS, "create", "delete", "restore", "ping"}):
            with pytest.raises(SchemaError, match=r"is gone|replaced"):
                call(store, name)
    assert sorted(each.name for each in path.parent.iterdir()) == before
    if lose not in (remove_log, replace_log):
        # There is no harm in reading a database whose log is gone.
        for name in ("get", "list_sessions", "scan"):
            with pytest.raises(SchemaError, match=r"is gone|replaced"):
                call(store, name)
    store.close()
    if lose in (remove_log, replace_log):
        engine.dispose()
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    # What is made on the same engine is not served by its connections to the lost file.
    with SQLSessionStore(engine) as later:
        later.create("ana", session_id="later")
        later.ping()
        assert later.get("later").user_id == "ana"
    with open_store(f"sqlite:///{path}") as later:
        assert later.get("later").user_id == "ana"
    engine.dispose()


def test_a_path_that_leads_elsewhere(path: Path) -> None:
    """A symbolic link that is turned to another file while it is in use is a file replaced."""
    one, two = (path.with_name(f"{name}.db") for name in ("one", "two"))
    for each in (one, two):
        with open_store(f"sqlite:///{each}") as store:
            store.create("ana", session_id="chat")
    path.symlink_to(one)
    with open_store(f"sqlite:///{path}") as store:
        store.append("chat", Message(type="user", content="x"))
        path.unlink()
        path.symlink_to(two)
        with pytest.raises(SchemaError, match="replaced"):
            store.append("chat", Message(type="user", content="x"))
