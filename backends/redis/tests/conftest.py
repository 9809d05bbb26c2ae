"""The legs of the Redis backend: fakeredis always; a real server and a real cluster where the
environment names them (`eval "$(scripts/servers env)"`)."""

import os

import pytest

from redis_support.harness import cluster_url, server_url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The real server's URL; without one the test is skipped, or fails if it was asked for."""
    return _required(server_url(), "redis", "CHATSTORE_TEST_REDIS_URL")


@pytest.fixture(scope="session")
def redis_cluster_url() -> str:
    """The real cluster's URL; without one the test is skipped, or fails if it was asked for."""
    return _required(cluster_url(), "redis-cluster", "CHATSTORE_TEST_REDIS_CLUSTER_URL")


def _required(url: str, leg: str, variable: str) -> str:
    if url:
        return url
    reason = f"no {leg}: {variable} is not set; start one with scripts/servers up {leg}"
    if leg in os.environ.get("CHATSTORE_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)
