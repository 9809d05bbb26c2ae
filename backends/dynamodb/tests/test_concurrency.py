"""Many processes write one session, on the real engine."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import pytest

from chatstore import RetentionPolicy
from chatstore_dynamodb.url import read_url

from .dynamodb_harness import TableHarness

PROCESSES, THREADS, APPENDS = 4, 4, 50
TOTAL = PROCESSES * THREADS * APPENDS
SCRIPT = Path(__file__).with_name("appending_process.py")


def url_of(table: TableHarness, dynamodb_local: str) -> str:
    """The URL by which another process opens the table."""
    endpoint = quote(read_url(dynamodb_local).endpoint_url or "", safe="")
    return f"dynamodb://{table.table_name}?region=eu-west-1&endpoint_url={endpoint}"


def append_at_once(url: str, session_id: str, max_messages: int | None) -> int:
    """Let all processes append at once; the number of requests that it took them."""
    limit = "none" if max_messages is None else str(max_messages)
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, url, session_id, limit, f"{name}", f"{THREADS}", f"{APPENDS}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in range(PROCESSES)
    ]
    answers = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    return sum(map(int, answers))


@pytest.mark.parametrize("max_messages", [10, 20, 99, 150, None])
def test_concurrent_appends_all_count(
    local: TableHarness, dynamodb_local: str, max_messages: int | None
) -> None:
    """800 appends of 16 writers in 4 processes: all acknowledged, all counted, the window exactly
    the newest, each writer's messages in order; and hardly a request more than one each."""
    url = url_of(local, dynamodb_local)
    policy = RetentionPolicy(max_messages=max_messages)
    store = local.open(policy=policy)
    session_id = store.create("ana").session_id
    requests = append_at_once(url, session_id, max_messages)
    session = store.get(session_id)
    assert session.message_count == TOTAL
    assert session.version == TOTAL + 1
    assert len(session.messages) == (max_messages or TOTAL)
    kept = sorted(str(each.content).split() for each in session.messages)
    for _, written in groupby(kept, key=lambda parts: parts[0]):
        numbers = [int(number) for _, number in written]
        assert numbers == list(range(APPENDS - len(numbers), APPENDS))
    in_order = [str(each.content).split() for each in session.messages]
    for writer in {parts[0] for parts in in_order}:
        own = [number for name, number in in_order if name == writer]
        assert own == sorted(own)
    assert requests <= 1_000


def test_concurrent_appends_to_a_history(local: TableHarness, dynamodb_local: str) -> None:
    """800 appends of 16 writers in 4 processes, whose policy keeps no history, to a session that
    does: all are there, each once, each writer's in order."""
    store = local.open(policy=RetentionPolicy(keep_history=True))
    session_id = store.create("ana").session_id
    append_at_once(url_of(local, dynamodb_local), session_id, 3)
    kept = [str(each.content).split() for each in store.iter_messages(session_id)][::-1]
    assert len(kept) == TOTAL == store.get(session_id).message_count
    for writer in {name for name, _ in kept}:
        assert [int(number) for name, number in kept if name == writer] == list(range(APPENDS))
