"""Whoever passes a store's calls on takes the same arguments as the protocol names."""

import inspect
from collections.abc import Callable, Iterator, Mapping
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
    Message,
    Page,
    RetentionPolicy,
    Session,
    SessionInfo,
    UserSessions,
    utc_now,
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


class Recorder:
    """A store that does nothing, and notes what it is given, by the protocol's names."""

    policy = RetentionPolicy()

    def __init__(self) -> None:
        self.given: list[Mapping[str, object]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise AttributeError(name)
        signature = inspect.signature(getattr(MaintainedSessionStore, name))

        def call(*arguments: object, **options: object) -> Any:
            bound = signature.bind(self, *arguments, **options).arguments
            self.given.append({key: value for key, value in bound.items() if key != "self"})
            answer = answers()[signature.return_annotation]
            return iter(answer) if name.startswith("iter_") else answer

        return call


SESSION = Session(session_id="one", user_id="ana", created_at=utc_now(), version=3)
SENT = Message(type="user", content="x")


def answers() -> Mapping[object, Any]:
    """What each kind of call may be answered with."""
    page: Page[Any] = Page([], None, 3, "life")
    return {
        **dict.fromkeys([Session, SessionInfo], SESSION),
        **dict.fromkeys([Page[Session], Page[SessionInfo], Page[Message]], page),
        **dict.fromkeys([Iterator[SessionInfo], Iterator[Message], list[Session]], ()),
        bool: True,
        int: 0,
        None: None,
    }


GIVEN: Mapping[str, Any] = {
    "session_id": "one",
    "user_id": "ana",
    "session_ids": ["one"],
    "messages": (SENT,),
    "message": SENT,
    "session": SESSION,
    "history": (SENT,),
    "user_preferences": {"a": 1},
    "metadata": {"b": 2},
    "session_status": "done",
    "if_version": 2,
    "whole": True,
    "overwrite": True,
    "last": 5,
    "limit": 6,
    "page_size": 6,
    "newest_first": False,
    "cursor": "next",
    "created_from": utc_now(),
    "created_before": utc_now(),
}
"""For each parameter a value that is no default."""


@pytest.mark.parametrize("way", ["a cache", "one user"])
@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("close", "for_user")])
def test_whatever_is_given_arrives(name: str, way: str) -> None:
    """A cached store and a user's view pass each argument on that they take."""
    recorder = Recorder()
    primary: Any = recorder
    given = {key: GIVEN[key] for key in parameters(getattr(MaintainedSessionStore, name))}
    subject: Any = CachedSessionStore(primary, MemorySessionCache())
    if way == "one user":
        if name not in OF_A_USER:
            return
        subject = UserSessions(primary, "ana")
    method = getattr(subject, name)
    takes = inspect.signature(getattr(MaintainedSessionStore, name)).parameters
    passed = {key: given[key] for key in parameters(method)}
    by_place: list[object] = []
    if "messages" in passed and takes["messages"].kind is inspect.Parameter.VAR_POSITIONAL:
        by_place = [passed.pop("session_id"), *passed.pop("messages")]
    result = method(*by_place, **passed)
    if name.startswith("iter_"):
        list(result)
    assert _without_page_size(given) in map(_without_page_size, recorder.given)


def _without_page_size(given: Mapping[str, object]) -> Mapping[str, object]:
    """A cached store walks its own pages: what is a page's size there is a page's limit here."""
    plain = {key: value for key, value in given.items() if key not in ("page_size", "cursor")}
    return plain | ({"limit": given["page_size"]} if "page_size" in given else {})


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
