import os
from collections.abc import Iterator

import pytest

from chatstore_dynamodb.client import Client

from .dynamodb_harness import URL_VARIABLE, local_url, moto_client

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


@pytest.fixture(scope="class")
def moto() -> Iterator[Client]:
    """A client of moto, for the tests of one class."""
    with moto_client() as client:
        yield client
