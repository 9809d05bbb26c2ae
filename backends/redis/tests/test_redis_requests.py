"""How many requests each call takes, counted at the socket."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from chatstore import ManualClock, Message, RetentionPolicy, SessionExistsError
from chatstore_redis import RedisSessionStore
from loopback import LOOPBACK
from redis_support.harness import RedisHarness, real_redis, server_url
from redis_support.proxy import Proxy, address
from redis_support.servers import running

UNLIMITED = RetentionPolicy(max_messages=None)


@pytest.fixture
def harness() -> Iterator[RedisHarness]:
    harness = real_redis()
    yield harness
    harness.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(address(server_url())) as proxy:
        yield proxy


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(harness: RedisHarness, proxy: Proxy, clock: ManualClock) -> Iterator[RedisSessionStore]:
    """A store whose one connection is open, and whose scripts the server holds."""
    client = redis.Redis(host="127.0.0.1", port=proxy.port)
    store = RedisSessionStore(client, prefix=harness.prefix, clock=clock)
    session = store.create("warm")
    store.append(session.session_id, message())
    store.rewrite(session.session_id, [], if_version=None)
    store.update(session.session_id)
    store.delete(session.session_id)
    yield store
    client.close()


def message() -> Message:
    return Message(type="user_query", content="x" * 200)


def turns(proxy: Proxy, call: Callable[[], object]) -> int:
    """How many round trips a call takes."""
    proxy.turns.clear()
    call()
    return len(proxy.turns)


def test_a_call_on_one_session_is_one_request(store: RedisSessionStore, proxy: Proxy) -> None:
    """Every call on one session costs one request; `create` and `restore` cost 2, `rewrite`
    without a version 2, `get_or_create` one more than `create`."""
    session = store.create("ana", session_id="chat", messages=[message() for _ in range(10)])
    large = [message() for _ in range(100)]
    for call in (
        lambda: store.get("chat"),
        lambda: store.get("chat", user_id="ana"),
        lambda: store.get_or_create("chat", user_id="ana"),
        lambda: store.append("chat", message()),
        lambda: store.append("chat", *large, user_id="ana"),
        lambda: store.append("chat", *large),
        lambda: store.append_and_get("chat", message()),
        lambda: store.update("chat", metadata={"title": "x"}, user_preferences={"a": None}),
        lambda: store.update("chat"),
    ):
        assert turns(proxy, call) == 1
    version = store.get("chat").version
    assert turns(proxy, lambda: store.rewrite("chat", large, if_version=version)) == 1
    assert turns(proxy, lambda: store.rewrite("chat", large, if_version=None)) == 2
    assert turns(proxy, lambda: store.create("ana")) == 2
    assert turns(proxy, lambda: store.get_or_create("other", user_id="ana")) == 3
    assert turns(proxy, lambda: store.restore(session, overwrite=True)) == 2
    assert turns(proxy, lambda: store.delete("chat")) == 1
    assert turns(proxy, lambda: store.delete("chat")) == 1
    assert turns(proxy, store.ping) == 1


@pytest.mark.parametrize("keep_history", [False, True])
def test_a_call_on_a_conversation_is_one_request(
    harness: RedisHarness, proxy: Proxy, store: RedisSessionStore, *, keep_history: bool
) -> None:
    """So are a page of messages, an amended message that is longer or shorter, an append with
    state, and a rewrite of all that is kept. An amended message as long as before takes 2: whether
    it says the same, no script can tell."""
    store.close()
    policy = RetentionPolicy(keep_history=keep_history)
    with redis.Redis(port=proxy.port) as client:
        chat = RedisSessionStore(client, prefix=harness.prefix, policy=policy)
        first, *others = [message() for _ in range(10)]
        chat.create("ana", session_id="chat", messages=[message() for _ in range(3)])
        chat.append("chat", *others)
        chat.append("chat", first, metadata={"title": "x"})
        chat.amend("chat", first)
        chat.rewrite("chat", [], if_version=None, whole=True)
        cursor = chat.list_messages("chat").next_cursor
        for expected, call in (
            (1, lambda: chat.append("chat", *others, first, metadata={"title": "y"})),
            (1, lambda: chat.append_and_get("chat", message(), user_preferences={"a": 1})),
            (1, lambda: chat.get("chat", last=3)),
            (1, lambda: chat.list_messages("chat")),
            (1, lambda: chat.list_messages("chat", limit=5, cursor=cursor, newest_first=False)),
            (1, lambda: chat.amend("chat", first.model_copy(update={"content": "longer" * 99}))),
            (2, lambda: chat.amend("chat", first.model_copy(update={"content": "Longer" * 99}))),
            (1, lambda: chat.amend("chat", first.model_copy(update={"content": "Longer" * 99}))),
            (2, lambda: chat.rewrite("chat", others, if_version=None, whole=True)),
            (2, lambda: chat.rewrite("chat", others, if_version=None)),
        ):
            assert turns(proxy, call) == expected


def test_a_large_window_is_one_request(
    store: RedisSessionStore, proxy: Proxy, harness: RedisHarness
) -> None:
    """A window of thousands is appended to, read and rewritten in one request each."""
    store.close()
    with redis.Redis(port=proxy.port) as client:
        unlimited = RedisSessionStore(client, prefix=harness.prefix, policy=UNLIMITED)
        session = unlimited.create("ana", messages=[tiny(number) for number in range(2_500)])
        one = session.session_id
        assert turns(proxy, lambda: unlimited.append(one, message())) == 1
        assert turns(proxy, lambda: unlimited.append_and_get(one, message())) == 1
        version = unlimited.get(one).version
        given = [tiny(number) for number in range(2_000)]
        assert turns(proxy, lambda: unlimited.rewrite(one, given, if_version=version)) == 1
        assert turns(proxy, lambda: unlimited.delete(one)) == 1


def tiny(number: int) -> Message:
    return Message(message_id=str(number), type="u", content="")


def test_several_sessions_are_one_request(store: RedisSessionStore, proxy: Proxy) -> None:
    """`get_many` is one pipeline."""
    # redis-py sends a pipeline in pieces of 6,000 bytes; a longer one could be seen as several.
    ids = [store.create("ana", messages=[message()]).session_id for _ in range(25)]
    assert turns(proxy, lambda: store.get_many(ids)) == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_page_is_two_requests(store: RedisSessionStore, proxy: Proxy, newest_first: bool) -> None:
    """A page of 20 from an index without dead members costs at most 2 requests, whether or not
    anything follows it; from an empty one 1."""
    for _ in range(45):
        store.create("ana", messages=[message() for _ in range(10)], metadata={"title": "x"})
    cursor = None
    for expected in (20, 20, 5):
        proxy.turns.clear()
        page = store.list_sessions("ana", cursor=cursor, newest_first=newest_first)
        assert len(page.items) == expected
        assert len(proxy.turns) <= 2
        cursor = page.next_cursor
    assert turns(proxy, lambda: store.list_sessions("nobody")) == 1


def test_a_filter_looks_at_many_at_once(store: RedisSessionStore, proxy: Proxy) -> None:
    """A page that a filter keeps short looks at 100 sessions or more in each further round."""
    for number in range(250):
        status = "closed" if number % 100 == 50 else "active"
        store.create("ana", session_status=status)
    for wanted in ("closed", "archived"):
        proxy.turns.clear()
        store.list_sessions("ana", session_status=wanted, limit=2)
        assert proxy.names.count("ZRANGE") == 3


def test_a_forgotten_script_costs_one_more(tmp_path: Path) -> None:
    """A server that does not hold a script is given it, in one more request, once."""
    server_url()
    # A server of its own: the tests beside this one count requests, too.
    with (
        running(tmp_path) as server,
        Proxy((LOOPBACK, server.port)) as proxy,
        redis.Redis(host=LOOPBACK, port=proxy.port) as client,
    ):
        store = RedisSessionStore(client)
        session_id = store.create("ana").session_id
        store.append(session_id, message())
        client.script_flush()
        assert turns(proxy, lambda: store.append(session_id, message())) == 2
        assert turns(proxy, lambda: store.append(session_id, message())) == 1


def test_nothing_walks_all_keys(store: RedisSessionStore, proxy: Proxy, clock: ManualClock) -> None:
    """No call sends KEYS or FLUSH; none but `scan` and `purge_expired` sends SCAN."""
    proxy.turns.clear()
    session = store.create("ana", session_id="chat", messages=[message()])
    store.get_or_create("chat", user_id="ana")
    store.get_or_create("new", user_id="ana")
    store.append("chat", message())
    store.append_and_get("chat", message())
    store.update("chat", session_status="closed")
    store.rewrite("chat", [message()], if_version=None)
    store.get_many(["chat", "new", "none"])
    store.restore(session, overwrite=True)
    with pytest.raises(SessionExistsError):
        store.create("ana", session_id="chat")
    clock.advance(timedelta(hours=2))
    store.delete("new")
    list(store.iter_sessions("ana", session_status="closed"))
    store.delete_user("ana")
    store.ping()
    assert set(proxy.names) == {"ZADD", "ZREM", "ZRANGE", "EVALSHA", "EVAL"}
    proxy.turns.clear()
    store.scan()
    store.purge_expired()
    assert set(proxy.names) <= {"ZADD", "ZREM", "ZRANGE", "SCAN", "EVALSHA", "EVAL"}
