"""What chatstore costs on DynamoDB, against a bare boto3 client that sends the same requests.

The floor's requests are made beforehand, and its answers are what boto3 gives: typed values, not
yet a session. Messages are shaped like the brief's, with contents of 200 bytes; windows are full.
Each figure is the median, over shuffled rounds, of the ratio of the rounds' medians. Against AWS
itself, whose requests take some milliseconds more, the ratios are smaller.

    eval "$(scripts/servers env)"
    python benchmarks/dynamodb_floor.py [--rounds 20] [--calls 50]
"""

import argparse
import itertools
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3

from chatstore import ManualClock, RetentionPolicy
from chatstore.clock import Moment, utc_now
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.record.encode import stored_message
from chatstore_dynamodb import DynamoDBSessionStore, expressions
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.items import key
from chatstore_dynamodb.schema.apply import apply
from chatstore_dynamodb.schema.definition import TableDefinition
from chatstore_dynamodb.url import read_url
from messages import new_message
from rounds import Call, Figure, measured, report

URL_VARIABLE = "CHATSTORE_TEST_DYNAMODB_URL"
SESSIONS = [f"chat-{number}" for number in range(20)]


def append_request(store: DynamoDBSessionStore, session_id: str) -> dict[str, Any]:
    """The parameters of the UpdateItem that slides a full window, as the store sends them."""
    write = Write(session_id, None, None, Moment(utc_now()), store.policy, renews=True)
    request = expressions.append(write, [stored_message(new_message())], 10)
    assert request is not None
    return {
        "Key": key(session_id),
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **request,
    }


def fill(client: Client, table: str) -> None:
    """Full sessions to append to, and 1,000 of another user's to list."""
    clock = ManualClock(utc_now())
    store = DynamoDBSessionStore(client, table, clock=clock)
    for session_id in SESSIONS:
        store.create("ana", session_id=session_id, messages=[new_message() for _ in range(10)])
    for _ in range(1_000):
        store.create("ben")
        clock.advance(timedelta(milliseconds=1))


def figures(client: Client, bare: Any, table: str, *, rounds: int, calls: int) -> Iterator[Figure]:
    """append, append_and_get, get and a page, each against the floor on a table it shares; and a
    get by a store whose windows have no limit by count, against one that shows at most 10."""
    store = DynamoDBSessionStore(client, table)
    # Where bytes may decide what is shown, the messages are weighed.
    other = DynamoDBSessionStore(client, table, policy=RetentionPolicy(max_messages=None))
    for session_id in SESSIONS:
        store.get(session_id)
    ids = itertools.cycle(SESSIONS)
    total = (rounds + 1) * calls
    names = ("append", "append_and_get")
    supply = {name: iter([new_message() for _ in range(total)]) for name in names}
    requests = {
        name: iter([append_request(store, next(ids)) for _ in range(total)]) for name in names
    }
    page = expressions.page_request(_first_page())
    listing = {"TableName": table, "IndexName": "userId-index", "Limit": 22, **(page or {})}
    contests: dict[str, tuple[Call, Call]] = {
        "append": (
            lambda: bare.update_item(TableName=table, **next(requests["append"])),
            lambda: store.append(next(ids), next(supply["append"])),
        ),
        "append_and_get": (
            lambda: bare.update_item(TableName=table, **next(requests["append_and_get"])),
            lambda: store.append_and_get(next(ids), next(supply["append_and_get"])),
        ),
        "get": (
            lambda: bare.get_item(TableName=table, Key=key(next(ids)), ConsistentRead=True),
            lambda: store.get(next(ids)),
        ),
        "page of 20 of 1,000": (
            lambda: bare.query(**listing),
            lambda: store.list_sessions("ben"),
        ),
        "get, at most 10 : no limit": (
            lambda: store.get(next(ids)),
            lambda: other.get(next(ids)),
        ),
    }
    yield from measured(contests, rounds=rounds, calls=calls)


def _first_page() -> PageQuery:
    return PageQuery(
        user_id="ben",
        now=Moment(utc_now()),
        newest_first=True,
        limit=21,
        after=None,
        created_from=None,
        created_before=None,
        session_status=None,
    )


def main() -> None:
    """Print every figure, whatever it is."""
    parser = argparse.ArgumentParser(description="What chatstore costs on DynamoDB.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=50)
    options = parser.parse_args()
    url = os.environ.get(URL_VARIABLE)
    if not url:
        sys.exit(f'{URL_VARIABLE} is not set: scripts/servers up; eval "$(scripts/servers env)"')
    address = read_url(url)
    client = new_client(region=address.region, endpoint_url=address.endpoint_url)
    bare = boto3.session.Session().client(
        "dynamodb", region_name=address.region, endpoint_url=address.endpoint_url
    )
    definition = TableDefinition(f"benchmark-{uuid.uuid4()}")
    apply(client, definition)
    try:
        fill(client, definition.table_name)
        sys.stdout.write(f"boto3 {boto3.__version__}, Python {sys.version.split()[0]}\n")
        report(
            address.endpoint_url or "AWS",
            figures(
                client, bare, definition.table_name, rounds=options.rounds, calls=options.calls
            ),
        )
    finally:
        bare.delete_table(TableName=definition.table_name)


if __name__ == "__main__":
    main()
