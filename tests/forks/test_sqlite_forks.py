"""SQLite's locks are the process's, and a child inherits none: no handle may cross a fork."""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chatstore import RetentionPolicy, open_store
from chatstore_sql import SQLSessionStore

from .calling import message
from .children import Child, busy

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

ALL = RetentionPolicy(max_messages=None)


def stored_ids(path: Path, session_id: str) -> list[str]:
    """The ids of a session's messages, read by a process that has forked nothing."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            identity
            for (identity,) in connection.execute(
                "SELECT message_id FROM chat_messages JOIN chat_sessions USING (life) "
                "WHERE session_id = ? ORDER BY seq",
                [session_id],
            )
        ]


@pytest.mark.parametrize("way", ["by its URL", "by the parent's engine"])
def test_a_childs_writes_outlive_the_parents_store(path: Path, engine: Engine, way: str) -> None:
    """The parent has the store open when it forks, and closes it while the child has its own: what
    the child is told is stored is in the file, not in a log that was deleted under it."""
    store = SQLSessionStore(engine)
    store.create("ana", session_id="chat")

    def work(child: Child) -> list[str]:
        own = open_store(f"sqlite:///{path}") if way == "by its URL" else SQLSessionStore(engine)
        own.append("chat", message("first"))
        child.say()
        child.heard()
        own.append("chat", message("second"))
        return [each.message_id for each in own.get("chat").messages]

    child = Child(work)
    child.wait()
    store.append("chat", message("parent's"))
    store.close()
    engine.dispose()
    child.say()
    expected = ["first", "parent's", "second"]
    assert child.result() == expected
    assert stored_ids(path, "chat") == expected


def test_what_parent_and_child_write_excludes_each_other(path: Path) -> None:
    """A child in a transaction keeps the parent's writes waiting, and the other way round: each
    has locks of its own."""
    store = open_store(f"sqlite:///{path}?timeout=0.1")
    store.create("ana", session_id="chat")

    def work(child: Child) -> None:
        own = open_store(f"sqlite:///{path}")
        assert isinstance(own, SQLSessionStore)
        with own.engine.database.write():
            child.say()
            child.heard()

    child = Child(work)
    child.wait()
    with pytest.raises(Exception, match="another process has held the file"):
        store.append("chat", message("too early"))
    child.say()
    child.result()
    assert store.append("chat", message("in time")).message_count == 1
    store.close()


@pytest.mark.parametrize(
    ("forks", "threads"), [(10, 4), pytest.param(100, 4, marks=pytest.mark.long)]
)
def test_forks_amid_writes(path: Path, forks: int, threads: int) -> None:
    """Threads of the parent write all the time; each child opens a store of its own on the same
    file and writes 20 messages. All of them are there, all of the parent's too, and no call of the
    parent's fails."""
    url = f"sqlite:///{path}?synchronous=normal"
    store = open_store(url, policy=ALL)
    written: list[str] = []
    for thread in range(threads):
        store.create("ana", session_id=f"parent-{thread}")

    def append(number: int) -> None:
        store.append(f"parent-{number % threads}", message(f"p-{number}"))
        written.append(f"p-{number}")

    def write_twenty(name: str) -> Callable[[Child], object]:
        def work(_child: Child) -> None:
            with open_store(url, policy=ALL) as own:
                own.create("ben", session_id=name)
                for number in range(20):
                    own.append(name, message(f"{name}-{number}"))

        return work

    names = [f"child-{number}" for number in range(forks)]
    with busy(append, threads=threads) as raised:
        for begin in range(0, forks, 5):
            children = [Child(write_twenty(name)) for name in names[begin : begin + 5]]
            for child in children:
                child.result()
    assert raised == []
    store.close()
    found = [identity for n in range(threads) for identity in stored_ids(path, f"parent-{n}")]
    assert sorted(found) == sorted(written)
    for name in names:
        assert stored_ids(path, name) == [f"{name}-{number}" for number in range(20)]


def test_a_writer_at_the_fork_does_not_stop_the_child(path: Path) -> None:
    """A thread of the parent that waits for its turn to write is not in the child, which writes at
    once: it does not wait for a lock that nobody there holds."""
    store = open_store(f"sqlite:///{path}")
    assert isinstance(store, SQLSessionStore)
    store.create("ana", session_id="chat")
    lock = store.engine.database.turns.writer
    lock.acquire()
    waiting = threading.Thread(target=lambda: store.append("chat", message("parent's")))
    waiting.start()

    def work(_child: Child) -> int:
        with open_store(f"sqlite:///{path}?timeout=0") as own:
            return own.append("chat", message("child's")).message_count

    try:
        assert Child(work).result() == 1
    finally:
        lock.release()
        waiting.join()
    assert {each.message_id for each in store.get("chat").messages} == {"child's", "parent's"}
    store.close()
