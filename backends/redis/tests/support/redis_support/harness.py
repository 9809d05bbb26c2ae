"""The contract's view of a Redis, under a prefix of its own that is removed afterwards."""

import os
import uuid
from collections.abc import Callable
from typing import Any

import fakeredis
import pytest
import redis
from redis.cluster import RedisCluster

from chatstore import Clock, JsonObject, RetentionPolicy, utc_now
from chatstore.cursor import Position
from chatstore.portable import stored_size
from chatstore.records import StoredMessage, StoredSession
from chatstore_contract_tests import Harness
from chatstore_redis import RedisSessionStore
from chatstore_redis.connection import Client, Connection
from chatstore_redis.fields import session_fields
from chatstore_redis.index import UserIndex
from chatstore_redis.keys import Keys


class RedisHarness(Harness):
    """Stores whose clients `connect` makes."""

    def __init__(self, name: str, connect: Callable[[], Client]) -> None:
        self.name = name
        self.prefix = f"test-{uuid.uuid4()}"
        self._connect = connect
        self._clients: list[Client] = []
        self.client = self.connect()
        self.keys = Keys(self.prefix)

    def connect(self) -> Client:
        """A further client, closed with the harness."""
        client = self._connect()
        self._clients.append(client)
        return client

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> RedisSessionStore:
        return RedisSessionStore(self.connect(), prefix=self.prefix, policy=policy, clock=clock)

    def send(self, *command: bytes | str | int) -> Any:
        """Send a command behind the stores' back; the answer holds bytes."""
        return Connection(self.client).send(*command)

    def raw_write(self, document: JsonObject) -> None:
        info = {name: value for name, value in document.items() if name != "messages"}
        messages = [
            StoredMessage(message.get("messageId", ""), message, stored_size(message))
            for message in document.get("messages", [])
        ]
        key = self.keys.session(document["sessionId"])
        self.client.delete(key)
        stored = session_fields(StoredSession(info, messages))
        Connection(self.client).send(
            "HSET", key, *(part for pair in stored.items() for part in pair)
        )
        position = Position(document["createdAt"], document["sessionId"])
        UserIndex(Connection(self.client), self.keys).add(document["userId"], position)

    def raw_read(self, session_id: str) -> object:
        return self.send("HGETALL", self.keys.session(session_id)) or None

    def corrupt(self, session_id: str) -> None:
        self.client.hset(self.keys.session(session_id), "userPreferences", "no entries")

    def corrupt_message(self, session_id: str) -> None:
        key = self.keys.session(session_id)
        # The oldest may have been pruned.
        kept = [name for name in self.send("HKEYS", key) if name.startswith(b"m:")]
        self.send("HSET", key, kept[0], "no message")

    def close(self) -> None:
        for key in self.all_keys():
            self.client.delete(key)
        for client in self._clients:
            client.close()

    def all_keys(self) -> list[bytes]:
        """Every key of these stores."""
        return list(self.client.scan_iter(match=f"{self.prefix}:*", count=1000))

    def session_keys(self) -> list[bytes]:
        """Every key of a session."""
        return [key for key in self.all_keys() if self.keys.session_id(key) is not None]


def fake_redis() -> RedisHarness:
    """Redis in this process, Lua included."""
    server = fakeredis.FakeServer()
    return RedisHarness("fakeredis", lambda: fakeredis.FakeRedis(server=server))


def server_url() -> str:
    """The real server's URL; without one the test is skipped, or fails if it was asked for."""
    return _required("redis", "CHATSTORE_TEST_REDIS_URL")


def cluster_url() -> str:
    """The URL of a node of the real cluster; without one the test is skipped, or fails if it was
    asked for."""
    return _required("redis-cluster", "CHATSTORE_TEST_REDIS_CLUSTER_URL")


def real_redis() -> RedisHarness:
    """The real server."""
    url = server_url()
    return RedisHarness("redis", lambda: redis.Redis.from_url(url))


def real_cluster() -> RedisHarness:
    """The real cluster."""
    url = cluster_url().replace("redis+cluster://", "redis://")
    return RedisHarness("redis-cluster", lambda: RedisCluster.from_url(url))


def _required(leg: str, variable: str) -> str:
    if url := os.environ.get(variable):
        return url
    reason = f"no {leg}: {variable} is not set; start one with scripts/servers up {leg}"
    if leg in os.environ.get("CHATSTORE_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)
