"""Writers of one session with history are killed, at any instant, with others beside them."""

import contextlib
import os
import random
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from chatstore import Message, RetentionPolicy
from chatstore_dynamodb import DynamoDBSessionStore

from .dynamodb_harness import TableHarness

pytestmark = pytest.mark.filterwarnings(
    # Newer Pythons warn of exactly what is proved here to go well.
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"
)

KEEPING = RetentionPolicy(keep_history=True)


def writing(table: TableHarness, name: str, told: Path, *, stop: Path) -> int:
    """A process that appends until it is killed or told to stop, and writes down what was
    acknowledged; its id."""
    if process := os.fork():
        return process
    with contextlib.suppress(BaseException), told.open("a") as acknowledged:
        store = DynamoDBSessionStore(table.client, table.table_name, policy=KEEPING)
        for number in count():
            if stop.exists():
                break
            content = f"{name} {number}"
            store.append("s", Message(type="user_query", content=content))
            acknowledged.write(f"{content}\n")
            acknowledged.flush()
    os._exit(0)


@pytest.mark.parametrize("rounds", [5, pytest.param(300, marks=pytest.mark.long)])
def test_killed_writers_lose_nothing(local: TableHarness, tmp_path: Path, rounds: int) -> None:
    """Whenever a writer is killed: every message that was acknowledged is there once, each writer's
    in order, at most one of each killed writer's beside that, and all chunks are the session's."""
    chance = random.Random(rounds)  # noqa: S311  no secret
    store = local.open(policy=KEEPING)
    store.create("ana", session_id="s")
    told, stop = tmp_path / "told", tmp_path / "stop"
    beside = [writing(local, f"beside{each}", told, stop=stop) for each in range(2)]
    for number in range(rounds):
        victim = writing(local, f"victim{number}", told, stop=stop)
        time.sleep(chance.uniform(0.02, 0.3))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    stop.touch()
    for process in beside:
        os.waitpid(process, 0)
    kept = [str(each.content) for each in store.iter_messages("s", newest_first=False)]
    acknowledged = told.read_text().splitlines()
    assert len(set(kept)) == len(kept) == store.get("s").message_count
    assert set(acknowledged) <= set(kept)
    assert len(kept) - len(acknowledged) <= rounds
    for name in {each.split()[0] for each in kept}:
        own = [int(each.split()[1]) for each in kept if each.split()[0] == name]
        assert own == list(range(len(own)))
    item = store.engine.table.stored("s")
    assert item is not None
    for chunk in local.client.scan(TableName=local.history.table_name)["Items"]:
        assert chunk["historyId"]["S"] == item.history_id
        assert int(chunk["position"]["N"]) <= item.archived
    assert item.archived > 0
