"""The kinds of server that `scripts/servers` knows: one module each."""

from collections.abc import Callable

from server_kinds.dynamodb import DynamoDBLocal
from server_kinds.kind import ServerKind
from server_kinds.postgresql import PgBouncer, PostgreSQLServer
from server_kinds.redis import RedisCluster, RedisServer

KINDS: dict[str, Callable[[], ServerKind]] = {
    kind.name: kind
    for kind in (DynamoDBLocal, RedisServer, RedisCluster, PostgreSQLServer, PgBouncer)
}
