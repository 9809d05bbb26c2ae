"""Stores for these tests: SQLite always, and each server that the environment names."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from chatstore.policy import MAX_HISTORY_WINDOW, RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore_contract_tests.namespaces import find_namespace

sys.path.insert(0, str(Path(__file__).parent))

POLICY = RetentionPolicy(max_messages=MAX_HISTORY_WINDOW, ttl=timedelta(hours=1), keep_history=True)
SERVERS = ("REDIS", "REDIS_CLUSTER", "DYNAMODB", "POSTGRESQL", "PGBOUNCER")
OpenStore = Callable[[], MaintainedSessionStore]


def _engines() -> Iterator[str]:
    yield "sqlite"
    for server in SERVERS:
        if f"CHATSTORE_TEST_{server}_URL" in os.environ:
            yield server


@pytest.fixture(scope="module", params=_engines())
def open_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenStore]:
    """Opens a store in one place, a new object each time, as another process would."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('chat')}/chat.db"
    else:
        url = os.environ[f"CHATSTORE_TEST_{request.param}_URL"]
    opened: list[MaintainedSessionStore] = []
    with find_namespace(url)(url, f"frameworks-{uuid4().hex[:12]}") as fresh:
        harness = fresh()

        def opening() -> MaintainedSessionStore:
            opened.append(harness.open(policy=POLICY))
            return opened[-1]

        yield opening
        for store in opened:
            store.close()
        harness.close()
