"""Whoever passes a store's calls on takes the same arguments as the protocol names."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args

import pytest

from chatstore import (
    AsyncSessionStore,
    AsyncUserSessions,
    BaseSessionStore,
    CachedSessionStore,
    MaintainedSessionStore,
    MemorySessionCache,
    MemorySessionStore,
    UserSessions,
)

METHODS = sorted(
    name
    for name in dir(MaintainedSessionStore)
    if not name.startswith("_") and callable(getattr(MaintainedSessionStore, name))
)
OF_A_USER = [name for name in METHODS if hasattr(UserSessions, name)]


def parameters(method: Callable[..., Any]) -> Mapping[str, object]:
    """A method's parameters with their kinds and types; those that stand in a `TypedDict` as if
    they were written out."""
    found: dict[str, object] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            for each, annotation in _keys(get_args(parameter.annotation)[0]).items():
                found[each] = parameter.KEYWORD_ONLY, annotation
        elif name != "self":
            found[name] = parameter.kind, parameter.annotation
    return found


def _keys(fields: type) -> Mapping[str, object]:
    return inspect.get_annotations(fields)


@pytest.mark.parametrize("kind", [BaseSessionStore, CachedSessionStore])
@pytest.mark.parametrize("name", METHODS)
def test_a_store_takes_what_the_protocol_names(kind: type, name: str) -> None:
    """Each method of every store, and of a cached one, has the protocol's parameters."""
    assert parameters(getattr(kind, name)) == parameters(getattr(MaintainedSessionStore, name))


@pytest.mark.parametrize("name", OF_A_USER)
def test_a_users_view_takes_all_but_the_user(name: str) -> None:
    """Each method of `UserSessions` has the protocol's parameters but the user's id."""
    expected = dict(parameters(getattr(MaintainedSessionStore, name)))
    expected.pop("user_id")
    assert parameters(getattr(UserSessions, name)) == expected


def test_a_users_view_has_every_call_about_sessions() -> None:
    """Whatever the protocol asks a user's id for can be called for that user."""
    named = {
        name for name in METHODS if "user_id" in parameters(getattr(MaintainedSessionStore, name))
    }
    assert named - set(OF_A_USER) == {"for_user", "delete_user"}


@pytest.mark.parametrize("behind", ["a store", "a cache"])
@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("close", "for_user")])
def test_an_awaited_call_takes_what_is_taken_behind_it(name: str, behind: str) -> None:
    """Each coroutine has the signature of the method that it runs, and its name."""
    twin: Any = MemorySessionStore()
    if behind == "a cache":
        twin = CachedSessionStore(twin, MemorySessionCache())
    store = AsyncSessionStore(twin)
    method = getattr(store, name)
    assert inspect.signature(method) == inspect.signature(getattr(twin, name))
    assert method.__name__ == name
    if name in OF_A_USER:
        view: AsyncUserSessions = store.for_user("ana")
        mine = getattr(twin.for_user("ana"), name)
        assert inspect.signature(getattr(view, name)) == inspect.signature(mine)
