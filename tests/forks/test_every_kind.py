"""The rule for every store, cache and adapter: what was opened before a fork is the parent's, and
what a child opens itself works."""

import asyncio
import inspect
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from chatstore import AsyncSessionStore, CachedSessionStore, MaintainedSessionStore, Message
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import SessionCache

from .calling import call, outcome, public_methods
from .children import Child, busy
from .kinds import CACHES, KINDS, Opened, redis_cache

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

FORKS = 2
"""How many children there are amid the calls of other threads; where nothing else happens, one
tells as much as many."""


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up credentials: the emulators take any, and a real account is never reached."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    with KINDS[request.param](tmp_path) as opened:
        yield opened


Subject = Any
Wrapping = Callable[[MaintainedSessionStore], Subject]
WRAPPINGS: dict[str, Wrapping] = {
    "itself": lambda store: store,
    "of one user": lambda store: store.for_user("ana"),
    "cached in memory": lambda store: CachedSessionStore(store, MemorySessionCache()),
    "cached in redis": lambda store: CachedSessionStore(store, redis_cache()),
    "awaited": AsyncSessionStore,
    "awaited and cached": lambda store: AsyncSessionStore(
        CachedSessionStore(store, MemorySessionCache())
    ),
}


def message() -> Message:
    return Message(type="user", content="x")


def given_to(subject: Subject) -> tuple[str, ...]:
    """What `create` is given first: a view knows its user."""
    return ("ana",) if "user_id" in inspect.signature(subject.create).parameters else ()


def done(result: Any) -> Any:
    """The result of a call that may have to be awaited."""

    async def awaited() -> Any:
        return await result

    return asyncio.run(awaited()) if inspect.isawaitable(result) else result


def use(subject: Subject, session_id: str) -> None:
    """Write and read a session, and find what was written."""
    done(subject.create(*given_to(subject), session_id=session_id))
    done(subject.append(session_id, message()))
    assert len(done(subject.get(session_id)).messages) == 1
    assert done(subject.delete(session_id)) is True


@contextmanager
def in_use(subject: Subject, opened: Opened) -> Iterator[None]:
    """Threads that use the subject all the time; none of their calls may fail."""
    threads = 3 if opened.takes_threads else 1
    with busy(lambda _: use(subject, uuid.uuid4().hex), threads=threads) as raised:
        yield
    assert raised == []


def used(subject: Subject, _opened: Opened) -> AbstractContextManager[None]:
    use(subject, "before")
    return nullcontext()


def unused(_subject: Subject, _opened: Opened) -> AbstractContextManager[None]:
    return nullcontext()


MOMENTS = {unused: 1, used: 1, in_use: FORKS}
"""In which a fork happens, in this order, and how many children it has."""


def close(subject: Subject) -> None:
    """Close a subject that can be closed; a view of one user can't."""
    if hasattr(subject, "close"):
        done(subject.close())


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_what_a_child_inherits(opened: Opened, wrapping: str) -> None:
    """Before its first use, after it and amid the calls of other threads: each public method of
    what the parent opened is refused in the child; it never hangs and never fails in another way.
    Closing it there takes nothing from the parent, whose calls go on during the fork and after
    it."""
    subject = WRAPPINGS[wrapping](opened.store)

    def work(_child: Child) -> dict[str, str]:
        told = {
            name: outcome(subject, name) for name in public_methods(subject, MaintainedSessionStore)
        }
        close(subject)
        return told

    for moment, forks in MOMENTS.items():
        with moment(subject, opened):
            for _ in range(forks):
                told = Child(work).result()
                assert {"create", "get", "append"} <= told.keys()
                assert set(told.values()) == {"refused"}, told
        use(subject, "after")


def test_what_a_child_opens_itself(opened: Opened) -> None:
    """A store that the child opens, by a URL or on what it inherited of the parent's, works at
    once, whatever the parent's threads were doing at the fork; the parent finds what was written
    there."""
    if not opened.own:
        pytest.skip("an emulator in the parent can't serve a child")

    def work(_child: Child) -> list[str]:
        names = []
        for open_own in opened.own:
            with open_own() as own:
                use(own, uuid.uuid4().hex)
                names.append(own.create("ben").session_id)
        return names

    for moment, forks in MOMENTS.items():
        with moment(opened.store, opened):
            for _ in range(forks):
                names = Child(work).result()
                assert len(names) == len(opened.own)
                if opened.is_shared:
                    assert len(opened.store.get_many(names)) == len(names)
        use(opened.store, "after")


def test_children_beside_each_other(opened: Opened) -> None:
    """Eight children that read at once, each with a store of its own, and the parent with them, get
    what they ask for and never another one's answer."""
    if not (opened.own and opened.is_shared):
        pytest.skip("the child would have data of its own")
    names = [f"chat-{number}" for number in range(9)]
    for name in names:
        opened.store.create(f"user of {name}", session_id=name)

    def read(store: MaintainedSessionStore, name: str) -> set[str]:
        return {store.get(name).user_id for _ in range(20)}

    def work_of(name: str) -> Callable[[Child], object]:
        def work(child: Child) -> set[str]:
            with opened.own[0]() as own:
                child.say()
                child.heard()
                return read(own, name)

        return work

    children = [Child(work_of(name)) for name in names[1:]]
    for child in children:
        child.wait()
    for child in children:
        child.say()
    assert read(opened.store, names[0]) == {f"user of {names[0]}"}
    for child, name in zip(children, names[1:], strict=True):
        assert child.result() == {f"user of {name}"}


@pytest.mark.parametrize("is_in_use", [False, True])
@pytest.mark.parametrize("kind", CACHES)
def test_an_inherited_cache(kind: str, is_in_use: bool) -> None:
    """A cache from before the fork is refused in each of its methods, or answers, and never hangs,
    though threads of the parent used it at the fork; the parent's goes on. One that the child opens
    works."""
    cache: SessionCache = CACHES[kind]()

    def use_cache(_number: int) -> None:
        call(cache, "put")
        call(cache, "get")

    def work(_child: Child) -> dict[str, str]:
        told = {name: outcome(cache, name) for name in public_methods(cache, SessionCache)}
        cache.close()
        own = CACHES[kind]()
        call(own, "put")
        assert list(own.get(["chat"])) == ["chat"]
        own.close()
        return told

    use_cache(0)
    using: AbstractContextManager[list[BaseException]] = (
        busy(use_cache) if is_in_use else nullcontext([])
    )
    with using as raised:
        for _ in range(FORKS):
            told = Child(work).result()
            assert {"get", "put", "mark", "bury"} <= told.keys()
            assert set(told.values()) <= {"refused", "answered"}, told
    assert raised == []
    use_cache(0)
    cache.close()
