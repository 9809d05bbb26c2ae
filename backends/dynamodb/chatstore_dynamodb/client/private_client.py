"""A store's own copy of a client: what the caller's has, over sockets and retries of its own."""

import inspect
from typing import Any, cast

from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session

from chatstore.errors import ConfigurationError
from chatstore.values.plain import attribute_of, class_path, passes_for
from chatstore_dynamodb.client.credentials import Credentials
from chatstore_dynamodb.client.http_session import PrivateSession
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.client.retries import Retries, RetryRules


class PrivateEndpoint(Endpoint):
    """botocore's endpoint, whose requests end within the deadline.

    botocore's handlers for retries are not asked: they sleep without looking at the time, and hold
    locks that a forked child would wait for.
    """

    retries: Retries

    @classmethod
    def like(cls, endpoint: Endpoint, rules: RetryRules) -> "PrivateEndpoint":
        """An endpoint with another's settings and event handlers, and with sockets of its own."""
        own = object.__new__(cls)
        own.__dict__.update(endpoint.__dict__)
        own.http_session = PrivateSession.like(endpoint.http_session)
        own.retries = Retries(rules)
        return own

    def _send(self, request: Any) -> Any:
        if self.retries.gap:
            self.retries.keep_distance()
        return self.http_session.send(request)

    def _needs_retry(
        self,
        attempts: int,
        operation_model: Any,
        request_dict: Any,
        response: Any = None,
        caught_exception: Any = None,
    ) -> bool:
        if response is not None and "Error" not in response[1] and not self.retries.gap:
            # Most are answered well, and nobody keeps a distance.
            return False
        return self.retries.is_due(attempts, response, caught_exception)


def private_client(client: Client, *, attempts: int | None = None) -> Client:
    """A copy of boto3's DynamoDB client that shares its settings, credentials and event handlers,
    and neither sockets nor locks; the client itself stays as it is.

    It sends a request as often as the client was made to, or `attempts` times. Raises
    `ConfigurationError` for anything but such a client.
    """
    theirs = require_client(client)
    endpoint: Any = theirs._endpoint
    known = isinstance(endpoint, PrivateEndpoint)
    rules: RetryRules = endpoint.retries.rules if known else RetryRules.of(theirs)
    if attempts is not None:
        rules = rules.with_attempts(attempts)
    own = object.__new__(_own_class(type(theirs)))
    own.__dict__.update(theirs.__dict__)
    own.__dict__["_endpoint"] = PrivateEndpoint.like(endpoint, rules)
    own.__dict__["_own_credentials"] = Credentials(theirs)
    return cast("Client", own)


def proxy_urls(client: Client) -> list[str]:
    """The proxies that a private client's requests go through."""
    its: Any = client
    session: PrivateSession = its._endpoint.http_session
    return session.proxy_urls


class _CallsInTime:
    """What a client of botocore's is, where no call waits for credentials beyond its deadline."""

    _own_credentials: Credentials

    def _make_api_call(self, operation_name: str, api_params: Any) -> Any:
        self._own_credentials.be_ready()
        its: Any = super()
        return its._make_api_call(operation_name, api_params)


def _own_class(theirs: type[Any]) -> type[Any]:
    # botocore makes a class for each client.
    if issubclass(theirs, _CallsInTime):
        return theirs
    return type(theirs.__name__, (_CallsInTime, theirs), {})


def require_client(client: object) -> Any:
    """Return a low-level DynamoDB client of boto3's; raise `ConfigurationError` for anything else.
    What is botocore's own about it has no types."""
    advice = "give boto3.client('dynamodb')"
    if not passes_for(client, BaseClient):
        if attribute_of(attribute_of(client, "meta"), "client") is not None:
            advice = "a resource has one: give resource.meta.client"
        raise ConfigurationError(
            "dynamodb: client must be boto3's low-level DynamoDB client, not "
            f"{class_path(type(client))}; {advice}"
        )
    its: Any = client
    service = its.meta.service_model.service_name
    if service != "dynamodb":
        raise ConfigurationError(f"dynamodb: client must be DynamoDB's, not {service}'s; {advice}")
    if inspect.iscoroutinefunction(type(its)._make_api_call):
        raise ConfigurationError(
            f"dynamodb: client must not be an asynchronous one; {advice}, and for asyncio wrap the "
            "store: AsyncSessionStore(store)"
        )
    session = getattr(its._endpoint, "http_session", None)
    if not (isinstance(its._endpoint, Endpoint) and isinstance(session, URLLib3Session)):
        raise ConfigurationError(
            "dynamodb: client must send by botocore's own HTTP session, not by "
            f"{type(session).__qualname__}; {advice}"
        )
    return its
