"""HTTP of a store's own: sockets that no other process has, and requests that end in time.

botocore's session keeps its sockets in a pool, which a forked child shares with its parent, and
its time-outs begin anew with each byte. This one is made by the store that uses it, gives each
request the time that its call has left, and breaks it off when that is over.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ChecksumError, ConnectionClosedError, HTTPClientError
from botocore.httpsession import URLLib3Session

from chatstore_dynamodb.client.connections import POOLS, in_time_or_broken


class NoAnswerError(HTTPClientError):
    """What came back is not an answer of DynamoDB's."""

    fmt = "what came back is not an answer of DynamoDB's"


class PrivateSession(URLLib3Session):
    """A pool of sockets that one store has to itself."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        its: Any = self
        its._pool_classes_by_scheme = POOLS
        its._manager.pool_classes_by_scheme = POOLS
        self._settings = settings

    @classmethod
    def like(cls, session: URLLib3Session) -> "PrivateSession":
        """A new session with another's settings, and nothing else of it."""
        if isinstance(session, cls):
            return cls(**session._settings)
        its: Any = session
        certificate = its._cert_file
        return cls(
            verify=its._verify,
            proxies=its._proxy_config._proxies,
            proxies_config=its._proxy_config.settings,
            timeout=(its._timeout.connect_timeout, its._timeout.read_timeout)
            if hasattr(its._timeout, "connect_timeout")
            else its._timeout,
            max_pool_connections=its._max_pool_connections,
            socket_options=list(its._socket_options),
            client_cert=(certificate, its._key_file) if its._key_file else certificate,
        )

    @property
    def proxy_urls(self) -> list[str]:
        """The proxies that it goes through, for one scheme or the other."""
        its: Any = self
        found = [its._proxy_config.proxy_url_for(f"{scheme}://host/") for scheme in POOLS]
        return [proxy for proxy in found if proxy]

    def send(self, request: Any) -> AWSResponse:
        """Send a request; what comes back is whole. Raises `DeadlineError` when the call's time is
        up, whatever broke then, and before a request that would begin too late."""
        response: AWSResponse = in_time_or_broken(super().send, request)
        _require_whole(request, response)
        return response


def _require_whole(request: Any, response: AWSResponse) -> None:
    """Refuse what is not the whole of DynamoDB's own answer: botocore would take a body that was
    cut off, or a page of some other server's, for an empty answer, and a write for done."""
    content: bytes = response.content
    headers: Mapping[str, str] = response.headers
    expected = headers.get("x-amz-crc32")
    if expected is not None and headers.get("content-encoding") is None:
        actual = zlib.crc32(content)
        if str(expected) != str(actual):
            raise ChecksumError(
                checksum_type="crc32", expected_checksum=expected, actual_checksum=str(actual)
            )
    length = headers.get("content-length")
    if length is not None and length.isdecimal() and len(content) < int(length):
        raise ConnectionClosedError(request=request, endpoint_url=request.url)
    if response.status_code < 300 and not (content[:1] == b"{" and content.rstrip()[-1:] == b"}"):
        raise NoAnswerError
