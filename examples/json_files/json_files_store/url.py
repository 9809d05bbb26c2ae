"""From a URL to a store: `json-files:///absolute/folder`."""

from pathlib import Path
from urllib.parse import unquote

from chatstore import Clock, ConfigurationError, RetentionPolicy
from json_files_store.store import JsonFilesStore


def folder_of(url: str) -> Path:
    """The folder that a URL names. Raises `ConfigurationError`."""
    path = unquote(url.partition("://")[2])
    if not path.startswith("/"):
        # The URL itself is not shown: somebody may have put a password into it.
        raise ConfigurationError("a json-files URL looks like json-files:///absolute/folder")
    return Path(path)


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> JsonFilesStore:
    """What `open_store` calls."""
    return JsonFilesStore(folder_of(url), policy=policy, clock=clock)
