import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatstore import Message, RetentionPolicy, open_store
from chatstore_sql.harness import is_whole

WRITER = Path(__file__).with_name("writer.py")
EVERYTHING = RetentionPolicy(max_messages=None)


@contextmanager
def writers(
    path: Path, *, names: list[str], threads: int, appends: int, keeping: str
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Programs that append to the session "busy", each with its store open, waiting for a line."""
    running = [
        subprocess.Popen(
            [
                *(sys.executable, str(WRITER), f"sqlite:///{path}", "busy"),
                *(name, str(threads), str(appends), keeping),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def let_go(process: "subprocess.Popen[str]", line: str = "") -> None:
    """Send a process the line that it waits for."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def stored_ids(path: Path) -> list[str]:
    """The ids of all messages that the session keeps, oldest first."""
    with open_store(f"sqlite:///{path}") as store:
        found = store.iter_messages("busy", newest_first=False)
        return [message.message_id for message in found]


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    with closing(sqlite3.connect(path)) as connection:
        found: list[tuple[str]] = connection.execute("PRAGMA integrity_check").fetchall()
    return found == [("ok",)] and is_whole(path)


@pytest.mark.parametrize(("keeping", "threads"), [("all", 16), ("newest", 16), ("history", 4)])
def test_many_threads_of_many_processes_lose_nothing(
    tmp_path: Path, keeping: str, threads: int
) -> None:
    """The threads of each of 4 processes append 800 messages to one session: each is there once,
    each thread's in its own order; by the default policy exactly the newest 10 are, unless the
    session keeps its history, and 800 are counted."""
    path = tmp_path / "chat.db"
    policy = RetentionPolicy(keep_history=keeping == "history")
    with open_store(f"sqlite:///{path}", policy=policy) as store:
        store.create("ana", session_id="busy")
    names = [f"p{number}" for number in range(4)]
    with writers(path, names=names, threads=threads, appends=200, keeping=keeping) as running:
        for process in running:
            let_go(process)
        acknowledged = [process.communicate()[0].split() for process in running]
        assert [process.returncode for process in running] == [0] * 4
    ids = stored_ids(path)
    with open_store(f"sqlite:///{path}") as store:
        assert store.get("busy").message_count == 800
        assert store.get("busy").version == 801
    everything = {identity for of_one in acknowledged for identity in of_one}
    assert len(everything) == 800
    assert len(ids) == len(set(ids)) == (10 if keeping == "newest" else 800)
    assert set(ids) <= everything
    assert is_sound(path)
    numbers: dict[str, list[int]] = {}
    for identity in ids:
        thread, _, number = identity.rpartition("-")
        numbers.setdefault(thread, []).append(int(number))
    for thread, sequence in numbers.items():
        last = sum(identity.startswith(f"{thread}-") for identity in everything)
        # What is kept of a thread is the end of what it sent, in the order in which it did.
        assert sequence == list(range(last - len(sequence), last))


def kill_a_writer(path: Path, name: str, *, after: int) -> None:
    """Kill a writer after it has seen `after` of its 2,000 appends acknowledged, and prove that
    nothing is lost."""
    before = stored_ids(path)
    with writers(path, names=[name], threads=1, appends=2_000, keeping="all") as (process,):
        let_go(process)
        assert process.stdout is not None
        acknowledged = [line_of(process) for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.read().split()
        process.wait()
        assert process.returncode == -signal.SIGKILL
    # A writer that waits for a dead one would time out.
    with open_store(f"sqlite:///{path}?timeout=1", policy=EVERYTHING) as store:
        store.append("busy", Message(message_id=f"{name}-next", type="user", content="x"))
    *ids, following = stored_ids(path)
    assert following == f"{name}-next"
    written = ids[len(before) :]
    assert ids[: len(before)] == before
    assert written[: len(acknowledged)] == acknowledged
    # One append may have been written while its answer was lost.
    assert len(written) <= len(acknowledged) + 1 < 2_000
    assert is_sound(path)


def test_a_killed_writer_loses_nothing(tmp_path: Path) -> None:
    """Kill -9 of a writer amid its appends: every acknowledged message is there, the file is
    sound, and the next writer goes on within a second."""
    kill_writers(tmp_path / "chat.db", rounds=2, latest=300)


@pytest.mark.long
def test_killed_writers_lose_nothing(tmp_path: Path) -> None:
    """Kill -9 of a writer amid 2,000 appends, ten times over, anywhere among them."""
    kill_writers(tmp_path / "chat.db", rounds=10, latest=1_900)


def kill_writers(path: Path, *, rounds: int, latest: int) -> None:
    """Kill one writer after the other, on a session of its own each time."""
    for number in range(rounds):
        with open_store(f"sqlite:///{path}") as store:
            store.delete("busy")
            store.create("ana", session_id="busy")
        kill_a_writer(path, f"w{number}", after=1 + secrets.randbelow(latest))


OPEN_EACH = """
import sys
import chatstore_sql
from chatstore import open_store
print("ready", flush=True)
for line in sys.stdin:
    with open_store(line.strip()) as store:
        store.create("ana", session_id=sys.argv[1])
    print("done", flush=True)
"""


def test_many_processes_open_one_new_file_at_once(tmp_path: Path) -> None:
    """Whoever opens a new file together with others finds its tables, in WAL mode."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_EACH, f"chat-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(5)
    ]
    try:
        assert [line_of(process) for process in running] == ["ready"] * 5
        for attempt in range(10):
            path = tmp_path / f"{attempt}.db"
            for process in running:
                let_go(process, f"sqlite:///{path}")
            assert [line_of(process) for process in running] == ["done"] * 5
            with open_store(f"sqlite:///{path}") as store:
                assert len(store.list_sessions("ana").items) == 5
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        for process in running:
            process.kill()
            process.communicate()


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line that a process prints; empty if it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_many_threads_open_one_new_file_at_once(tmp_path: Path) -> None:
    """Threads that each open a store of their own on one new file do as well as processes."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(12)

    def open_one(number: int) -> None:
        try:
            barrier.wait()
            with open_store(f"sqlite:///{tmp_path / 'chat.db'}") as store:
                store.create("ana", session_id=f"chat-{number}")
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=open_one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(f"sqlite:///{tmp_path / 'chat.db'}") as store:
        assert len(store.list_sessions("ana").items) == 12


FORK = """
import os, sys
from chatstore import ConfigurationError, open_store
store = open_store(sys.argv[1])
store.create("ana", session_id="ours")
child = os.fork()
if child == 0:
    try:
        store.get("ours")
    except ConfigurationError as error:
        sys.stdout.write(str(error))
        sys.stdout.flush()
        os._exit(0)
    os._exit(1)
_, status = os.waitpid(child, 0)
assert store.get("ours").user_id == "ana"
store.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_opens_its_own_store(tmp_path: Path) -> None:
    """A store that was opened before a fork refuses to work in the child, and goes on working in
    the parent."""
    outcome = subprocess.run(
        [sys.executable, "-c", FORK, f"sqlite:///{tmp_path / 'chat.db'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "open another in each process" in outcome.stdout
