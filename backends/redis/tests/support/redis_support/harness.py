"""The harnesses of the legs: fakeredis, the real server and the real cluster."""

import os

import fakeredis
import pytest
import redis
from redis.cluster import RedisCluster

from chatstore_redis.harness import RedisHarness

__all__ = ["RedisHarness", "cluster_url", "fake_redis", "real_cluster", "real_redis", "server_url"]


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
