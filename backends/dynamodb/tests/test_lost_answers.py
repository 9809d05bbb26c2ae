"""Writes that were applied and whose answers were lost: botocore sends them again by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatstore import Message, RetentionPolicy
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.url import read_url

from .dynamodb_harness import REGION, TableHarness
from .lossy_proxy import LossyProxy, lossy_proxy

RETRY_MODES = ["legacy", "standard", "adaptive"]
WRITERS = 8


def message(content: str) -> Message:
    return Message(type="user_query", content=content)


@pytest.fixture
def proxy(dynamodb_local: str) -> Iterator[tuple[LossyProxy, str]]:
    with lossy_proxy(read_url(dynamodb_local).endpoint_url or "") as running:
        yield running


def through(
    proxy: tuple[LossyProxy, str],
    table: TableHarness,
    retry_mode: str,
    policy: RetentionPolicy | None = None,
) -> DynamoDBSessionStore:
    return DynamoDBSessionStore.connect(
        table.table_name,
        region=REGION,
        endpoint_url=proxy[1],
        retry_mode=retry_mode,
        policy=policy,
    )


@pytest.mark.parametrize("retry_mode", RETRY_MODES)
@pytest.mark.parametrize("max_messages", [10, 20, None])
def test_200_appends_are_stored_once_each(
    local: TableHarness, proxy: tuple[LossyProxy, str], retry_mode: str, max_messages: int | None
) -> None:
    """200 appends, the answer to each lost: 200 stored, none twice, none lost. That is more than
    the resends that botocore's standard mode allows itself."""
    policy = RetentionPolicy(max_messages=max_messages)
    per_writer = 200 // WRITERS
    with through(proxy, local, retry_mode, policy) as store:
        for writer in range(WRITERS):
            store.create("ana", session_id=f"{writer}")
        proxy[0].losing = {"UpdateItem"}

        def append(writer: int) -> None:
            for number in range(per_writer):
                store.append(f"{writer}", message(f"{number}"))

        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(append, range(WRITERS)))
    assert proxy[0].lost == 200
    for session in local.open(policy=policy).get_many(f"{writer}" for writer in range(WRITERS)):
        assert session.message_count == per_writer
        assert session.version == per_writer + 1
        expected = [f"{number}" for number in range(per_writer)]
        kept = expected if max_messages is None else expected[-max_messages:]
        assert [each.content for each in session.messages] == kept


@pytest.mark.parametrize("retry_mode", RETRY_MODES)
def test_creates_and_rewrites_know_their_own_results(
    local: TableHarness, proxy: tuple[LossyProxy, str], retry_mode: str
) -> None:
    """A `create` and a `rewrite` that are sent again meet their own results, and return them."""
    proxy[0].losing = {"PutItem", "UpdateItem"}

    def write(number: int) -> None:
        with through(proxy, local, retry_mode) as store:
            created = store.create("ana", session_id=f"{number}", messages=[message("first")])
            assert created.version == 1
            after = store.rewrite(f"{number}", [message("mine")], if_version=1)
            assert (after.version, after.message_count) == (2, 1)
            again = store.rewrite(f"{number}", [message("last")], if_version=None)
            assert (again.version, again.message_count) == (3, 1)

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(20)))
    assert proxy[0].lost == 60
    store = local.open()
    for session in store.get_many(f"{number}" for number in range(20)):
        assert [each.content for each in session.messages] == ["last"]


@pytest.mark.parametrize("retry_mode", RETRY_MODES)
def test_other_writes_end_in_the_same_state(
    local: TableHarness, proxy: tuple[LossyProxy, str], retry_mode: str
) -> None:
    """`update` and `delete` sent again end in the same state."""
    proxy[0].losing = {"DeleteItem", "UpdateItem"}
    with through(proxy, local, retry_mode) as store:
        store.create("ana", session_id="s")
        assert store.update("s", metadata={"a": 1}).metadata == {"a": 1}
        store.delete("s")
    assert proxy[0].lost == 2
    assert local.raw_read("s") is None
