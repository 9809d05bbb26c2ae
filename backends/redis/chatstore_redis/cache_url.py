"""From a URL to a cache: the same URLs as a store's."""

from collections.abc import Mapping
from typing import Any

from redis.exceptions import ConnectionError as LostConnectionError

from chatstore_redis.address import read_url
from chatstore_redis.cache import DEFAULT_DEADLINE, RedisSessionCache
from chatstore_redis.retries import Retries
from chatstore_redis.url import settings_at

_DEFAULTS: Mapping[str, Any] = {"deadline": DEFAULT_DEADLINE, "socket_keepalive": True}
# Once more on a connection that was lost, since a pool's may have been closed long ago; never after
# a time-out, which would double it.
_RETRIES = Retries(1, errors=(LostConnectionError,))


def open_url(url: str) -> RedisSessionCache:
    """A cache with connections of its own.

    A request takes 0.25 seconds at most, unless the URL gives another deadline: the primary can
    answer too. Raises `ConfigurationError` for a URL that can't be read; a server or cluster that
    is down is no error here.
    """
    address = read_url(url, _DEFAULTS)
    return RedisSessionCache(
        settings_at(address, _RETRIES), prefix=address.prefix, deadline=address.deadline
    )
