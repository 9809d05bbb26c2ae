"""Where requests go: an endpoint's URL, and the proxies before it. No error repeats a password."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from chatstore.errors import ConfigurationError


def require_proxies(urls: Iterable[str]) -> None:
    """Raise `ConfigurationError` unless each of these is an HTTP server's URL."""
    # The text of one that is not may have a password in it.
    if not all(map(_is_server, urls)):
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
