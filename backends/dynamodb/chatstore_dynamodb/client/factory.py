"""How a client is made. No other module imports boto3."""

import os
from typing import Any

import boto3
from botocore.config import Config

from chatstore.errors import BackendUnavailableError, ConfigurationError
from chatstore.runtime.deadline import DeadlineError
from chatstore.values.plain import plain_text
from chatstore_dynamodb.client.endpoint import require_endpoint_url, require_proxies
from chatstore_dynamodb.client.errors import at_opening, shown
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.client.private_client import private_client, proxy_urls
from chatstore_dynamodb.client.retries import MODES, OWN_ATTEMPTS
from chatstore_dynamodb.client.time_limit import in_time


def new_client(
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    retry_mode: str = "standard",
    max_pool_connections: int = 50,
) -> Client:
    """A client with timeouts that suit a request path: AWS's own are a minute each.

    A region that is not given comes from `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile,
    credentials from boto3's usual places. With `retry_mode` `adaptive` requests keep a distance
    once DynamoDB has asked for fewer; `standard` and `legacy` are alike. Raises
    `ConfigurationError` for an argument, a variable or a file that boto3 can't use, and
    `BackendAuthError` for credentials that can't be had.
    """
    region = _require_text("region", region)
    endpoint_url = _require_text("endpoint_url", endpoint_url)
    mode = plain_text(retry_mode)
    if mode not in MODES:
        raise ConfigurationError(
            f"dynamodb: retry_mode must be one of {', '.join(MODES)}, not {shown(retry_mode)}"
        )
    if endpoint_url is not None:
        require_endpoint_url(endpoint_url)
    # One attempt: what is sent again, the store decides, which knows how much time is left.
    retries: Any = {
        "mode": "adaptive" if mode == "adaptive" else "standard",
        "total_max_attempts": 1,
    }
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

    def make() -> Client:
        client: Client = boto3.session.Session().client(
            "dynamodb",
            # boto3 itself does not read the variable that AWS's other libraries and Lambda use.
            region_name=region or os.environ.get("AWS_REGION") or None,
            endpoint_url=endpoint_url,
            config=config,
        )
        return private_client(client, attempts=OWN_ATTEMPTS)

    try:
        # Credentials may come from a program or a service, which may hang.
        client = in_time(make)
    except DeadlineError as error:
        raise BackendUnavailableError(
            "dynamodb: boto3 found no credentials in time; see where they come from "
            "(credential_process, a metadata service), or give a longer deadline"
        ) from error
    except Exception as error:
        raise at_opening(error) from error
    # It may come from the environment.
    require_endpoint_url(client.meta.endpoint_url)
    require_proxies(proxy_urls(client))
    return client


def _require_text(name: str, value: object) -> str | None:
    text = plain_text(value)
    if value is not None and not text:
        raise ConfigurationError(f"dynamodb: {name} must be a text, not {shown(value)}")
    return text
