"""The store on Redis, as callers make it."""

from typing import cast

from chatstore.clock import Clock, utc_now
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE
from chatstore.store.base import BaseSessionStore
from chatstore.values.plain import passes_for
from chatstore_redis.client_settings import Client
from chatstore_redis.engine import RedisEngine


class RedisSessionStore(BaseSessionStore):
    """Sessions in Redis 6.2 or later, or Valkey: one server or a cluster.

    `client`, a `redis.Redis` or a `redis.cluster.RedisCluster`, says where they are and how to
    connect: the store makes connections of its own like the client's, and leaves the client as it
    is. `prefix` begins every key; stores with other prefixes share nothing. A call ends within
    `deadline` seconds, retries included. Every request is safe to be sent twice, and is sent again
    as the client's own `Retry` says.
    """

    engine: RedisEngine

    def __init__(
        self,
        client: Client | RedisEngine,
        *,
        prefix: str = "chatstore",
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        if not passes_for(client, RedisEngine):
            client = RedisEngine(cast("Client", client), prefix=prefix)
        super().__init__(client, policy=policy, clock=clock, deadline=deadline)
