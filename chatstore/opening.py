"""From URLs to a store, through the entry points of groups `chatstore.backends` and
`chatstore.caches`."""

import os
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, overload

from chatstore.cache.protocol import MAX_STALENESS, SessionCache, require_max_staleness
from chatstore.cache.store import CachedSessionStore
from chatstore.clock import Clock, utc_now
from chatstore.environment import (
    URL_VARIABLE,
    cache_url_from,
    max_staleness_from,
    policy_from,
    url_from,
)
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore.runtime.distribution import NAME, needs
from chatstore.runtime.options import require_clock, require_policy, require_url
from chatstore.values.plain import shown

ENTRY_POINT_GROUP = "chatstore.backends"
CACHE_ENTRY_POINT_GROUP = "chatstore.caches"


class Opener(Protocol):
    """What an entry point names: opens a URL of its scheme. It raises `ConfigurationError` for a
    URL that it can't read."""

    def __call__(
        self, url: str, *, policy: RetentionPolicy, clock: Clock
    ) -> MaintainedSessionStore: ...


class CacheOpener(Protocol):
    """The same for a cache. A server that is down is no error: the store goes on without it."""

    def __call__(self, url: str) -> SessionCache: ...


@overload
def open_store(  # type: ignore[overload-overlap]  # "" is a str, and no cache
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: Literal[""] | None = None,
    max_staleness: float | None = None,
) -> MaintainedSessionStore: ...


@overload
def open_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: str,
    max_staleness: float | None = None,
) -> CachedSessionStore: ...


@overload
def open_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: str | None = None,
    max_staleness: float | None = None,
) -> MaintainedSessionStore: ...


def open_store(
    url: str | None = None,
    *,
    policy: RetentionPolicy | None = None,
    clock: Clock = utc_now,
    cache: str | None = None,
    max_staleness: float | None = None,
) -> MaintainedSessionStore:
    """Open the store that `url` names, such as `sqlite:///chat.db` or `memory://`.

    `cache` is the URL of a cache in front of it, such as `redis://localhost`, and "" is none;
    `max_staleness` is then `CachedSessionStore`'s, in seconds. What is not given comes from the
    environment: the URLs from `CHATSTORE_URL` and `CHATSTORE_CACHE_URL`, `max_staleness` from
    `CHATSTORE_MAX_STALENESS_SECONDS`, the policy from `CHATSTORE_MAX_MESSAGES` and its siblings
    (`chatstore.environment`), and then from the defaults. Only the backends of the URLs' schemes
    are imported. Raises `ConfigurationError` for a missing or bad URL, an unknown scheme, a missing
    extra, or a policy or clock that is none, and `InvalidInputError` for a `max_staleness` out of
    range.
    """
    chosen = None if url is None else require_url("url", url)
    chosen = chosen or url_from(os.environ)
    if not chosen:
        raise ConfigurationError(
            f"no URL: give one, such as sqlite:///chat.db, or set {URL_VARIABLE}"
        )
    clock = require_clock(clock)
    policy = policy_from(os.environ) if policy is None else require_policy(policy)
    chosen_cache = cache_url_from(os.environ) if cache is None else require_url("cache", cache)
    if max_staleness is not None:
        require_max_staleness(max_staleness)
    opener: Opener = _opener(_scheme(chosen))
    if not chosen_cache:
        return opener(chosen, policy=policy, clock=clock)
    if max_staleness is None:
        max_staleness = max_staleness_from(os.environ) or MAX_STALENESS
    cache_opener: CacheOpener = _opener(_scheme(chosen_cache), CACHE_ENTRY_POINT_GROUP, "cache")
    opened_cache = cache_opener(chosen_cache)
    try:
        primary = opener(chosen, policy=policy, clock=clock)
    except BaseException:
        opened_cache.close()
        raise
    return _OpenedCachedStore(primary, opened_cache, max_staleness=max_staleness, clock=clock)


class _OpenedCachedStore(CachedSessionStore):
    """A cached store that owns its primary and its cache."""

    def close(self) -> None:
        super().close()
        self.cache.close()
        self.primary.close()


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ConfigurationError(
            "the URL has no scheme; one looks like sqlite:///chat.db or memory://"
        )
    return scheme.lower()


def _opener(scheme: str, group: str = ENTRY_POINT_GROUP, kind: str = "backend") -> Any:
    found = entry_points(group=group, name=scheme)
    if not found:
        known = ", ".join(sorted({each.name for each in entry_points(group=group)}))
        name = scheme if scheme.isascii() and scheme.isprintable() else shown(scheme)
        raise ConfigurationError(f"no {kind} for {name}://; installed are: {known or 'none'}")
    entry_point: EntryPoint = next(iter(found))
    try:
        opener = entry_point.load()
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{scheme}:// {_missing(entry_point, error)}") from error
    # Whatever an extension's module does when it is imported.
    except Exception as error:
        raise ConfigurationError(
            f"{scheme}:// can't be opened: {entry_point.value} of {_brought_by(entry_point)} fails "
            f"with {type(error).__name__} when it is loaded"
        ) from error
    if not callable(opener):
        raise ConfigurationError(
            f"{scheme}:// can't be opened: {entry_point.value} of {_brought_by(entry_point)} is no "
            "function"
        )
    return opener


def _missing(entry_point: EntryPoint, error: ModuleNotFoundError) -> str:
    """What to install for a scheme whose module is missing: our extra, or what another's
    distribution says."""
    brought_by = _brought_by(entry_point)
    if brought_by == NAME:
        return needs(error.name)
    return (
        f"needs the module {error.name}, which is not installed; the scheme comes with "
        f"{brought_by}, whose documentation says how to install it whole"
    )


def _brought_by(entry_point: EntryPoint) -> str:
    """The name of the distribution that an entry point comes with."""
    return NAME if entry_point.dist is None else entry_point.dist.name
