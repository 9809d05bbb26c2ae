"""The harnesses of the legs: fakeredis, the real server and the real cluster."""

import fakeredis
import redis
from redis.cluster import RedisCluster

import legs
from chatstore_redis.harness import RedisHarness

__all__ = ["RedisHarness", "cluster_url", "fake_redis", "real_cluster", "real_redis", "server_url"]


def fake_redis() -> RedisHarness:
    """Redis in this process, Lua included."""
    server = fakeredis.FakeServer()
    return RedisHarness("fakeredis", lambda: fakeredis.FakeRedis(server=server))


def server_url() -> str:
    """The real server's URL; without one the test is skipped, or fails if it was asked for."""
    return legs.url_of("redis")


def cluster_url() -> str:
    """The URL of a node of the real cluster; without one the test is skipped, or fails if it was
    asked for."""
    return legs.url_of("redis-cluster")


def real_redis() -> RedisHarness:
    """The real server."""
    url = server_url()
    return RedisHarness("redis", lambda: redis.Redis.from_url(url))


def real_cluster() -> RedisHarness:
    """The real cluster."""
    url = cluster_url().replace("redis+cluster://", "redis://")
    return RedisHarness("redis-cluster", lambda: RedisCluster.from_url(url))
