"""Who closes which client."""

from typing import Any

import pytest

from chatstore import BackendError
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client, new_client

from .dynamodb_harness import REGION


class Closes:
    """A client, and how often it was closed; its copies have sockets of their own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client: Client = new_client(region=REGION)
        self.count = 0
        its: Any = self.client
        monkeypatch.setattr(its._endpoint.http_session, "close", self._count)

    def _count(self) -> None:
        self.count += 1


@pytest.fixture
def closes(monkeypatch: pytest.MonkeyPatch) -> Closes:
    made = Closes(monkeypatch)
    monkeypatch.setattr("chatstore_dynamodb.store.new_client", lambda **_: made.client)
    return made


def test_a_caller_s_client_stays_open(closes: Closes) -> None:
    """A store that is closed leaves open what it was given."""
    DynamoDBSessionStore(closes.client, "table").close()
    assert closes.count == 0


def test_a_client_of_the_store_s_own_is_closed_with_it(closes: Closes) -> None:
    """A store that made its client closes it once, however often it is closed itself."""
    store = DynamoDBSessionStore.connect("table", region=REGION)
    assert closes.count == 0
    store.close()
    store.close()
    assert closes.count == 1


def test_a_store_that_can_t_be_opened_leaves_nothing_open(
    closes: Closes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made for a store is closed if it can't be opened after all."""

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("chatstore_dynamodb.engine.DynamoDBEngine.open", fail)
    with pytest.raises(BackendError):
        DynamoDBSessionStore.connect("table", region=REGION)
    assert closes.count == 1
