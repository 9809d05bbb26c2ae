"""How often a call goes to the server and back, counted at the socket."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

import legs
from chatstore import (
    BackendUnavailableError,
    MaintainedSessionStore,
    Message,
    RetentionPolicy,
    Session,
    utc_now,
)
from chatstore_sql.postgresql.harness import PostgreSQLHarness
from chatstore_sql.postgresql.url import open_address
from loopback import LOOPBACK
from postgresql_proxy import PostgreSQLProxy
from postgresql_support import real_postgresql

LEGS = ("postgresql", "pgbouncer")


class Proxied:
    """A store whose every byte goes by a proxy."""

    def __init__(self, harness: PostgreSQLHarness, stack: ExitStack) -> None:
        self.harness = harness
        address = harness.address
        self.proxy = stack.enter_context(
            PostgreSQLProxy((address.host or LOOPBACK, address.port or 5432))
        )
        through = replace(address, host=LOOPBACK, port=self.proxy.port)
        self.store: MaintainedSessionStore = open_address(
            through, policy=RetentionPolicy(), clock=utc_now
        )
        self.kept = open_address(through, policy=RetentionPolicy(keep_history=True), clock=utc_now)
        stack.callback(self.kept.close)
        stack.callback(self.store.close)

    def turns(self, call: object, *arguments: object, **options: object) -> int:
        """How many round trips a call takes, once the connection is there and what is said often is
        prepared."""
        assert callable(call)
        before = self.proxy.turns
        call(*arguments, **options)
        return self.proxy.turns - before


@pytest.fixture(params=LEGS)
def proxied(request: pytest.FixtureRequest) -> Iterator[Proxied]:
    with ExitStack() as stack:
        harness = real_postgresql(request.param)
        stack.callback(harness.close)
        yield Proxied(harness, stack)


def say(text: str = "hello") -> Message:
    return Message(type="user", content=text)


def test_every_call_on_one_session_is_one_round_trip(proxied: Proxied) -> None:
    """One round trip: whatever is asked of one session, and a page of sessions or of messages."""
    store = proxied.store
    store.get_or_create("warm", user_id="ana")
    first = say()
    turns = proxied.turns
    assert turns(store.create, "ana", session_id="s", messages=[first]) == 1
    assert turns(store.get, "s") == 1
    assert turns(store.get, "s", last=0) == 1
    assert turns(store.get_many, ["s", "warm", "nobody"]) == 1
    assert turns(store.append, "s", say(), say(), metadata={"a": 1}) == 1
    assert turns(store.append, "s", first) == 1
    assert turns(store.append_and_get, "s", say()) == 1
    assert turns(store.rewrite, "s", [first], if_version=store.get("s").version) == 1
    amended = first.model_copy(update={"content": "better"})
    assert turns(store.amend, "s", amended) == 1
    assert turns(store.amend, "s", amended) == 1
    assert turns(store.update, "s", metadata={"b": 2}) == 1
    assert turns(store.list_sessions, "ana") == 1
    assert turns(store.list_messages, "s") == 1
    assert turns(store.scan) == 1
    assert turns(store.ping) == 1
    assert turns(store.delete, "s") == 1


def test_a_session_with_history_takes_no_more(proxied: Proxied) -> None:
    """The same of a session that keeps all its messages."""
    store = proxied.kept
    store.create("ana", session_id="h", messages=[say(str(index)) for index in range(60)])
    turns = proxied.turns
    assert turns(store.get, "h") == 1
    assert turns(store.append, "h", say()) == 1
    assert turns(store.list_messages, "h", limit=20) == 1
    assert turns(store.rewrite, "h", [], if_version=store.get("h").version) == 1


@legs.on("postgresql")
class TestPrepared:
    """What is said often."""

    def test_it_is_prepared_once(self) -> None:
        """On a server of its own, a statement that is sent often costs two round trips more in
        all: to see that no pooler is between, and to prepare it."""
        with ExitStack() as stack:
            harness = real_postgresql()
            stack.callback(harness.close)
            proxied = Proxied(harness, stack)
            proxied.store.create("ana", session_id="s")
            assert proxied.turns(lambda: [proxied.store.get("s") for _ in range(50)]) == 52


def test_a_lost_answer_counts_once(proxied: Proxied) -> None:
    """Exactly once: an append whose answer is lost after the commit, sent again by the caller with
    the same message, is there once; 200 of 200."""
    store = proxied.store
    session = store.create("ana", session_id="s")
    proxied.proxy.loses = lambda said: b"chat_write" in said
    sent = [say(str(index)) for index in range(200)]
    for message in sent:
        with pytest.raises(BackendUnavailableError):
            store.append(session.session_id, message)
        proxied.proxy.loses = lambda _: False
        store.append(session.session_id, message)
        proxied.proxy.loses = lambda said: b"chat_write" in said
    found: Session = store.get("s")
    assert proxied.proxy.lost == 200
    assert found.message_count == 200
    assert [message.content for message in found.messages] == [str(n) for n in range(190, 200)]


def test_a_lost_answer_of_a_state_counts_once(proxied: Proxied) -> None:
    """A retry that finds its message there changes no state either."""
    store = proxied.store
    store.create("ana", session_id="s", metadata={"n": 0})
    message = say()
    proxied.proxy.loses = lambda said: b"chat_write" in said
    with pytest.raises(BackendUnavailableError):
        store.append("s", message, metadata={"n": 1})
    proxied.proxy.loses = lambda _: False
    store.update("s", metadata={"n": 2})
    store.append("s", message, metadata={"n": 1})
    assert store.get("s").metadata == {"n": 2}


def test_a_call_ends_at_its_deadline(proxied: Proxied) -> None:
    """Deadline: a call that waits for another's lock is given up in time, by the server too, and
    has written nothing."""
    store = proxied.store
    store.create("ana", session_id="s")
    harness = proxied.harness
    address = replace(harness.address, deadline=0.5)
    with open_address(
        address, policy=RetentionPolicy(ttl=timedelta(days=1)), clock=utc_now
    ) as fast:
        harness.run("BEGIN")
        harness.run(
            f"SELECT 1 FROM {harness.schema}.chat_sessions WHERE session_id = 's' FOR UPDATE"  # noqa: S608  the harness's own
        )
        try:
            with pytest.raises(BackendUnavailableError):
                fast.append("s", say())
        finally:
            harness.run("ROLLBACK")
        fast.append("s", say())
    assert store.get("s").message_count == 1
