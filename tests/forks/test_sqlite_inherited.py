"""Forks on SQLite that are not as they should be: handles that are inherited nonetheless, forks of
forks and amid a call, databases in memory."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chatstore import ConfigurationError, open_store
from chatstore_sql import SQLSessionStore, create_sqlite_engine
from chatstore_sql.sqlite import forks

from .calling import message
from .children import Child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def test_a_call_that_does_not_end_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork waits for a call in progress, but not for ever. Where its connection is inherited, a
    store of the child's own on that file is a `ConfigurationError` that says what to do; on another
    file it works."""
    monkeypatch.setattr(forks, "LONGEST_WAIT", 0.05)
    store = open_store(f"sqlite:///{path}")
    assert isinstance(store, SQLSessionStore)
    store.create("ana", session_id="chat")
    inside, end = threading.Event(), threading.Event()

    def write() -> None:
        with store.engine.database.write():
            inside.set()
            end.wait()

    writer = threading.Thread(target=write)
    writer.start()
    inside.wait()

    def work(_child: Child) -> None:
        with pytest.raises(ConfigurationError, match="spawn or forkserver"):
            open_store(f"sqlite:///{path}")
        with open_store(f"sqlite:///{path.with_name('other.db')}") as other:
            other.create("ana")

    try:
        Child(work).result()
    finally:
        end.set()
        writer.join()
    assert store.append("chat", message("after")).message_count == 1
    store.close()


def test_another_handle_on_the_file(path: Path) -> None:
    """Whoever else in the parent has the file open, a plain `open` too, hands it on to the child:
    closing it there would drop the child's locks. The child's own store is refused, and works once
    the handle is closed."""
    with open_store(f"sqlite:///{path}") as store:
        store.create("ana", session_id="chat")
    handle = path.open("rb")

    def work(_child: Child) -> int:
        with pytest.raises(ConfigurationError, match="its parent was using the file"):
            open_store(f"sqlite:///{path}")
        handle.close()
        with open_store(f"sqlite:///{path}") as own:
            return own.append("chat", message("child's")).message_count

    with handle:
        assert Child(work).result() == 1


def test_a_file_that_only_the_child_makes(path: Path) -> None:
    """A store that the parent opened where no file was finds the one that its child made."""
    with open_store(f"sqlite:///{path}") as store:

        def work(_child: Child) -> None:
            with open_store(f"sqlite:///{path}") as own:
                own.create("ana", session_id="chat")

        Child(work).result()
        assert store.append("chat", message("parent's")).message_count == 1


def test_an_application_that_reads_the_file_itself(engine: Engine) -> None:
    """Connections that the application has taken from the engine and given back are closed at a
    fork too; one that it keeps is the child's to refuse."""
    with SQLSessionStore(engine) as store:
        store.create("ana", session_id="chat")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM chat_sessions").fetchall()

    def work(_child: Child) -> int:
        with SQLSessionStore(engine) as own:
            return own.append("chat", message(f"{os.getpid()}")).message_count

    assert Child(work).result() == 1

    def be_refused(_child: Child) -> None:
        with pytest.raises(ConfigurationError, match="its parent was using the file"):
            SQLSessionStore(engine)

    with engine.connect():
        Child(be_refused).result()
    assert Child(work).result() == 2


def test_a_childs_child(path: Path) -> None:
    """The same holds for the child of a child."""
    store = open_store(f"sqlite:///{path}")
    store.create("ana", session_id="chat")

    def work_as_child(_child: Child) -> object:
        own = open_store(f"sqlite:///{path}")
        own.append("chat", message("child's"))

        def work_as_grandchild(_child: Child) -> None:
            with pytest.raises(ConfigurationError, match="before the process was forked"):
                own.get("chat")
            with open_store(f"sqlite:///{path}") as third:
                third.append("chat", message("grandchild's"))

        Child(work_as_grandchild).result()
        return own.append("chat", message("child's again")).message_count

    assert Child(work_as_child).result() == 3
    assert store.append("chat", message("parent's")).message_count == 4
    store.close()


def test_a_fork_from_a_call_of_its_own(path: Path) -> None:
    """A thread that forks in the middle of its own call, as a handler of a signal may, does not
    wait for itself, and its call goes on."""
    store = open_store(f"sqlite:///{path}")
    assert isinstance(store, SQLSessionStore)
    store.create("ana", session_id="chat")
    with store.engine.database.write() as cursor:
        assert Child(lambda _child: "lives").result() == "lives"
        cursor.execute("UPDATE chat_sessions SET metadata = '{}'")
    assert store.append("chat", message("after")).message_count == 1
    store.close()


def test_memory_is_each_processes_own() -> None:
    """A child can't use an inherited store in memory; one that it opens, on the inherited engine
    too, is empty and works, and the parent's stays as it is."""
    engine = create_sqlite_engine(":memory:")
    store = SQLSessionStore(engine)
    store.create("ana", session_id="chat")

    def work(_child: Child) -> None:
        with pytest.raises(ConfigurationError, match="before the process was forked"):
            store.get("chat")
        for own in (SQLSessionStore(engine), open_store("sqlite://")):
            assert own.list_sessions("ana").items == []
            own.create("ana", session_id="chat")
            own.close()

    Child(work).result()
    assert store.append("chat", message("parent's")).message_count == 1
    store.close()
    engine.dispose()
