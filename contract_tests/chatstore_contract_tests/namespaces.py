"""How a backend lets the contract into a live deployment: entry points of group
`chatstore.harnesses`, one for each scheme of a URL."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Protocol

from chatstore import ConfigurationError, InvalidInputError
from chatstore.runtime.distribution import needs
from chatstore_contract_tests.harness import Harness

ENTRY_POINT_GROUP = "chatstore.harnesses"

FreshHarness = Callable[[], Harness]
"""Makes one test's harness. Its storage is empty, whatever the test before it left behind; tests
run one after the other, and each closes its own."""


class Namespace(Protocol):
    """What an entry point names: takes a namespace called `name` in the deployment that `url`
    names, and keeps it until the context ends.

    A namespace is a part of the deployment that nobody else uses, such as a table, a folder or the
    keys that begin with `name`. Entering makes it, and raises `namespace_is_taken` before it has
    written anything if it holds something already; a URL that can't be read is a
    `ConfigurationError`, a deployment out of reach a `BackendError`. Leaving, however the run
    ended, removes it with all that is in it, and nothing else.
    """

    def __call__(self, url: str, name: str) -> AbstractContextManager[FreshHarness]: ...


def namespace_is_taken(name: str, what: str) -> InvalidInputError:
    """The error for a namespace that is not empty; `what` is there."""
    return InvalidInputError(
        "namespace", "a name under which nothing is stored", f"{name!r}: {what}", "choose another"
    )


def find_namespace(url: str) -> Namespace:
    """The entry point for a URL's scheme, imported now. Raises `ConfigurationError` if there is
    none, or if it needs what is not installed."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ConfigurationError(
            "the URL has no scheme; one looks like sqlite:///chat.db or redis://localhost:6379/0"
        )
    found = entry_points(group=ENTRY_POINT_GROUP, name=scheme.lower())
    if not found:
        known = ", ".join(sorted({each.name for each in entry_points(group=ENTRY_POINT_GROUP)}))
        raise ConfigurationError(
            f"no harness for {scheme}://, so the contract can't run there; installed are: "
            f"{known or 'none'}"
        )
    try:
        namespace: Namespace = next(iter(found)).load()
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{scheme}:// {needs(error.name)}") from error
    return namespace
