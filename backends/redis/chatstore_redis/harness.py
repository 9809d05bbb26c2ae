"""The contract's view of a Redis: under a prefix of its own, which is removed afterwards."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from chatstore import Clock, JsonObject, RetentionPolicy, utc_now
from chatstore.engine import Position, StoredMessage, StoredSession
from chatstore.values.json_values import stored_size
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import FreshHarness, namespace_is_taken
from chatstore_redis.deployment import Client, Deployment
from chatstore_redis.errors import translate
from chatstore_redis.fields import session_fields
from chatstore_redis.index import UserIndex
from chatstore_redis.keys import Keys, literal_glob
from chatstore_redis.store import RedisSessionStore
from chatstore_redis.url import connect


class RedisHarness(Harness):
    """Stores whose clients `connect` makes."""

    def __init__(
        self, name: str, connect: Callable[[], Client], *, prefix: str | None = None
    ) -> None:
        self.name = name
        self.prefix = prefix or f"test-{uuid.uuid4()}"
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

    def send(self, name: str, key: bytes | str, *arguments: bytes | str | int) -> Any:
        """Send a command behind the stores' back; the answer holds bytes."""
        return Deployment(self.client).send(name, key, *arguments)

    def raw_write(self, document: JsonObject) -> None:
        info = {name: value for name, value in document.items() if name != "messages"}
        messages = [
            StoredMessage(message.get("messageId", ""), message, stored_size(message))
            for message in document.get("messages", [])
        ]
        key = self.keys.session(document["sessionId"])
        self.client.delete(key)
        stored = session_fields(StoredSession(info, messages))
        Deployment(self.client).send(
            "HSET", key, *(part for pair in stored.items() for part in pair)
        )
        position = Position(document["createdAt"], document["sessionId"])
        UserIndex(Deployment(self.client), self.keys).add(document["userId"], position)

    def raw_read(self, session_id: str) -> object:
        return self.send("HGETALL", self.keys.session(session_id)) or None

    def corrupt(self, session_id: str) -> None:
        self.client.hset(self.keys.session(session_id), "userPreferences", "no entries")

    def corrupt_message(self, session_id: str) -> None:
        key = self.keys.session(session_id)
        following = int(self.send("HGET", key, "next") or 1)
        self.client.hset(key, f"m:{following - 1}", "no message")

    def close(self) -> None:
        for key in self.all_keys():
            self.client.delete(key)
        self.close_clients()

    def close_clients(self) -> None:
        """Close every client that was made here."""
        for client in self._clients:
            close_client(client)

    def all_keys(self) -> list[bytes]:
        """Every key of these stores."""
        return list(self.client.scan_iter(match=f"{self.prefix}:*", count=1000))

    def session_keys(self) -> list[bytes]:
        """Every key of a session."""
        return [key for key in self.all_keys() if self.keys.session_id(key) is not None]


class _RedisPart(RedisHarness):
    """A harness whose keys the namespace removes: looking for them means a walk over every key of
    the deployment, which is better made once than after each test."""

    def close(self) -> None:
        self.close_clients()


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:
    """For `chatstore contract`: the keys that begin with `name` and a colon. The URL's own prefix
    is not used."""
    kind = "redis-cluster" if "+cluster" in url.partition("://")[0] else "redis"
    client, _ = connect(url)
    numbers = count()
    try:
        if next(_keys_under(client, name), None) is not None:
            raise namespace_is_taken(name, f"there are keys that begin with '{name}:'")
        try:
            yield lambda: _RedisPart(
                kind, lambda: connect(url)[0], prefix=f"{name}:{next(numbers)}"
            )
        finally:
            for key in _keys_under(client, name):
                client.unlink(key)
    except (RedisError, RedisClusterException) as error:
        raise translate(error) or error from error
    finally:
        close_client(client)


def close_client(client: Client) -> None:
    """Close a client and its connections."""
    client.close()
    if isinstance(client, RedisCluster):
        # A cluster's client leaves its nodes' connections open, until it is collected.
        client.disconnect_connection_pools()  # type: ignore[no-untyped-call]


def _keys_under(client: Client, name: str) -> Iterator[bytes]:
    """The keys of a namespace, of whatever type."""
    start = f"{name}:".encode()
    for key in client.scan_iter(match=f"{literal_glob(name)}:*", count=1_000):
        # What is going to be removed is looked at twice.
        if key.startswith(start):
            yield key
