"""Calls on a server that says nothing, and the first one after it is back."""

import asyncio
import time
from contextlib import suppress
from itertools import product
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

import legs
from chatstore import (
    ChatStoreError,
    SchemaError,
    SessionNotFoundError,
    open_async_store,
    open_store,
)

from .gated import PATIENCE, SENT
from .relay import Relay, relayed

DEADLINE = 1.0
SLACK = 2.0
"""Seconds that a busy machine may add."""


def server_of(url: str) -> tuple[str, int]:
    """Where a URL's server listens."""
    parts = urlsplit(url)
    if parts.scheme == "dynamodb":
        parts = urlsplit(parse_qs(parts.query)["endpoint_url"][0])
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def through(url: str, relay: Relay, **options: object) -> str:
    """The URL of the same server through a relay."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    given = {name: str(value) for name, value in options.items()}
    if parts.scheme == "dynamodb":
        query["endpoint_url"] = f"http://127.0.0.1:{relay.port}"
        return parts._replace(query=urlencode(query | given)).geturl()
    place = f"127.0.0.1:{relay.port}"
    return parts._replace(netloc=place, query=urlencode(query | given)).geturl()


@pytest.mark.parametrize("kind", ["redis", "dynamodb"])
def test_each_call_on_a_silent_server_ends_in_time(kind: str) -> None:
    """A server that accepts connections and says nothing holds no call beyond its deadline."""
    url = legs.url_of(kind)
    with (
        relayed(*server_of(url)) as relay,
        open_store(through(url, relay, deadline=DEADLINE)) as store,
    ):
        for call in (
            lambda: store.get("one"),
            lambda: store.append("one", SENT),
            lambda: store.create("ana"),
            lambda: store.list_sessions("ana"),
            lambda: store.ping(),
            lambda: store.delete("one"),
        ):
            began = time.monotonic()
            with pytest.raises(ChatStoreError, match="1 seconds, the deadline") as raised:
                call()
            assert raised.value.retryable
            assert time.monotonic() - began < DEADLINE * 1.1 + SLACK


@pytest.mark.parametrize(
    ("kind", "returns"),
    [
        *product(["redis", "dynamodb"], ["thawed", "restarted"]),
        # To close takes as long as the calls that are never answered: one engine shows it.
        ("redis", "replaced"),
    ],
)
def test_cancelled_calls_leave_a_store_that_answers(kind: str, returns: str) -> None:
    """Fifty calls that nobody waits for any more, on a server that says nothing, are in no call's
    way once it is back."""
    url = legs.url_of(kind)

    async def main(relay: Relay) -> None:
        async with await open_async_store(through(url, relay, deadline=4)) as store:

            async def call(number: int) -> None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        if number % 2:
                            await store.get(f"nothing {number}")
                        else:
                            await store.append(f"nothing {number}", SENT)

            await asyncio.gather(*map(call, range(50)))
            back = {"thawed": relay.wake, "restarted": relay.restart, "replaced": relay.replace}
            back[returns]()
            began = time.monotonic()
            async with asyncio.timeout(PATIENCE):
                # There is no such session on Redis, and no such table on DynamoDB.
                with pytest.raises((SessionNotFoundError, SchemaError)):
                    await store.get("nothing")
            assert time.monotonic() - began < 1 + SLACK

    with relayed(*server_of(url)) as relay:
        asyncio.run(main(relay))
