"""From a URL to a store, through the entry points of group `chatstore.backends`."""

import os
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from chatstore.clock import Clock, utc_now
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore.protocol import MaintainedSessionStore
from chatstore.settings import URL_VARIABLE, policy_from, url_from

ENTRY_POINT_GROUP = "chatstore.backends"


class Opener(Protocol):
    """What an entry point names: opens a URL of its scheme. It raises `ConfigurationError` for a
    URL that it can't read."""

    def __call__(
        self, url: str, *, policy: RetentionPolicy, clock: Clock
    ) -> MaintainedSessionStore: ...


def open_store(
    url: str | None = None, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
) -> MaintainedSessionStore:
    """Open the store that `url` names, such as `sqlite:///chat.db` or `memory://`.

    What is not given comes from the environment: the URL from `CHATSTORE_URL`, the policy from
    `CHATSTORE_MAX_MESSAGES` and its siblings (`chatstore.settings`), and then from the defaults.
    Only the backend of the URL's scheme is imported. Raises `ConfigurationError` for a missing or
    bad URL, an unknown scheme or a missing extra.
    """
    chosen = url or url_from(os.environ)
    if not chosen:
        raise ConfigurationError(f"no URL: give one, or set {URL_VARIABLE}")
    scheme, separator, _ = chosen.partition("://")
    if not separator:
        raise ConfigurationError(
            "the URL has no scheme; one looks like sqlite:///chat.db or memory://"
        )
    opener = _opener(scheme.lower())
    return opener(chosen, policy=policy or policy_from(os.environ), clock=clock)


def _opener(scheme: str) -> Opener:
    found = entry_points(group=ENTRY_POINT_GROUP, name=scheme)
    if not found:
        known = ", ".join(sorted({each.name for each in entry_points(group=ENTRY_POINT_GROUP)}))
        raise ConfigurationError(f"no backend for {scheme}://; installed are: {known or 'none'}")
    entry_point: EntryPoint = next(iter(found))
    try:
        opener: Opener = entry_point.load()
    except ModuleNotFoundError as error:
        extra = scheme.partition("+")[0]
        raise ConfigurationError(
            f"{scheme}:// needs {error.name}: pip install 'chatstore[{extra}]'"
        ) from error
    return opener
