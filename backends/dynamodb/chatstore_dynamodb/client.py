"""How a client is made: the one module that imports boto3."""

from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError, ProfileNotFound

from chatstore.errors import ConfigurationError


class Client(Protocol):
    """What chatstore needs of boto3's low-level DynamoDB client. One client may be shared by any
    number of threads."""

    def put_item(self, **parameters: Any) -> dict[str, Any]: ...
    def get_item(self, **parameters: Any) -> dict[str, Any]: ...
    def update_item(self, **parameters: Any) -> dict[str, Any]: ...
    def delete_item(self, **parameters: Any) -> dict[str, Any]: ...
    def batch_get_item(self, **parameters: Any) -> dict[str, Any]: ...
    def query(self, **parameters: Any) -> dict[str, Any]: ...
    def scan(self, **parameters: Any) -> dict[str, Any]: ...
    def create_table(self, **parameters: Any) -> dict[str, Any]: ...
    def describe_table(self, **parameters: Any) -> dict[str, Any]: ...
    def update_table(self, **parameters: Any) -> dict[str, Any]: ...
    def delete_table(self, **parameters: Any) -> dict[str, Any]: ...
    def describe_time_to_live(self, **parameters: Any) -> dict[str, Any]: ...
    def update_time_to_live(self, **parameters: Any) -> dict[str, Any]: ...
    def close(self) -> None: ...


def new_client(
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    retry_mode: str = "standard",
    max_pool_connections: int = 50,
) -> Client:
    """A client with timeouts that suit a request path: AWS's own are a minute each.

    Region and credentials that are not given come from boto3's usual places. `retry_mode` is
    botocore's: `standard`, `adaptive` or `legacy`. Raises `ConfigurationError` if no region is
    known anywhere.
    """
    retries: Any = {"mode": retry_mode, "total_max_attempts": 5}
    config = Config(
        retries=retries,
        connect_timeout=2.0,
        read_timeout=5.0,
        max_pool_connections=max_pool_connections,
        tcp_keepalive=True,
        # What is sent is made by chatstore alone; a check of its every value costs as much as
        # making it.
        parameter_validation=False,
    )
    try:
        client: Client = boto3.session.Session().client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=config
        )
    except NoRegionError as error:
        raise ConfigurationError(
            "dynamodb: no region; add ?region=eu-west-1 to the URL, or set AWS_REGION"
        ) from error
    except ProfileNotFound as error:
        raise ConfigurationError(f"dynamodb: {error}; mend AWS_PROFILE") from error
    except ValueError as error:
        raise ConfigurationError(f"dynamodb: {error}") from error
    return client
