import os
from collections.abc import Iterator

import pytest

from chatstore import ManualClock
from chatstore_dynamodb.client import Client

from .dynamodb_harness import (
    URL_VARIABLE,
    MotoHarness,
    TableHarness,
    local_harness,
    local_url,
    moto_client,
)

REQUIRE_VARIABLE = "CHATSTORE_REQUIRE"


@pytest.fixture(scope="session", autouse=True)
def credentials() -> None:
    """Made-up credentials: the emulators take any, and a real account is never reached."""
    os.environ["AWS_ACCESS_KEY_ID"] = "local"
    os.environ["AWS_SECRET_ACCESS_KEY"] = "local"  # noqa: S105
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def dynamodb_local() -> str:
    """The URL of DynamoDB Local. Without one the test is skipped, or, where `CHATSTORE_REQUIRE`
    names `dynamodb`, fails."""
    url = local_url()
    if url is None:
        reason = f'{URL_VARIABLE} is not set: scripts/servers up; eval "$(scripts/servers env)"'
        if "dynamodb" in os.environ.get(REQUIRE_VARIABLE, "").replace(",", " ").split():
            pytest.fail(reason)
        pytest.skip(reason)
    return url


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    """A client of moto, for the tests of one module."""
    with moto_client() as client:
        yield client


@pytest.fixture
def local(dynamodb_local: str) -> Iterator[TableHarness]:
    """A fresh table in DynamoDB Local."""
    harness = local_harness(dynamodb_local)
    yield harness
    harness.close()


@pytest.fixture(params=["moto", "local"])
def table(request: pytest.FixtureRequest) -> Iterator[TableHarness]:
    """A fresh table, in moto and in DynamoDB Local."""
    if request.param == "local":
        yield request.getfixturevalue("local")
    else:
        yield request.getfixturevalue("moto_table")


@pytest.fixture
def moto_table(moto: Client) -> Iterator[TableHarness]:
    """A fresh table in moto."""
    harness = MotoHarness(moto)
    yield harness
    harness.close()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves only by hand."""
    return ManualClock()
