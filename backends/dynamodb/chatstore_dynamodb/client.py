"""How a client is made: the one module that imports boto3."""

import os
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from chatstore.errors import BackendUnavailableError, ConfigurationError
from chatstore.runtime.deadline import DeadlineError
from chatstore.values.plain import plain_text
from chatstore_dynamodb.api import Client
from chatstore_dynamodb.failures import shown
from chatstore_dynamodb.in_time import in_time
from chatstore_dynamodb.own_client import own_client
from chatstore_dynamodb.retrying import MODES, OWN_ATTEMPTS
from chatstore_dynamodb.setup_errors import at_opening

__all__ = ["Client", "new_client"]


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
        return own_client(client, attempts=OWN_ATTEMPTS)

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
    _require_proxies(client)
    return client


def _require_text(name: str, value: object) -> str | None:
    text = plain_text(value)
    if value is not None and not text:
        raise ConfigurationError(f"dynamodb: {name} must be a text, not {shown(value)}")
    return text


def _require_proxies(client: Any) -> None:
    for proxy in client._endpoint.http_session.proxy_urls:
        # Its text may have a password in it.
        if not _is_server(proxy):
            raise ConfigurationError(
                "dynamodb: the proxy in HTTPS_PROXY or HTTP_PROXY must be a server's URL, such as "
                "http://127.0.0.1:3128"
            )


def require_endpoint_url(url: str) -> None:
    """Raise `ConfigurationError`, which never repeats credentials, unless this is an HTTP server's
    URL."""
    if not _is_server(url):
        raise ConfigurationError(
            "dynamodb: endpoint_url must be a server's URL, such as http://127.0.0.1:8000"
        )
    if urlsplit(url).username is not None or urlsplit(url).password is not None:
        raise ConfigurationError(
            "dynamodb: endpoint_url holds no credentials: boto3 finds them in the environment, a "
            "profile or a role"
        )


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and not any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url)
