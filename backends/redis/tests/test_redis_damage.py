"""Records whose fields hold anything: each call ends soon, and works or says what is damaged.

On a server of the test's own, which reports a script that runs for long: such a one is stopped.
"""

import contextlib
from collections.abc import Callable, Iterator

import pytest
import redis
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from chatstore import (
    ChatStoreError,
    CorruptSessionError,
    Message,
    MessageNotFoundError,
    MessageTooLargeError,
    RetentionPolicy,
    SchemaError,
    Session,
    SessionNotFoundError,
    VersionConflictError,
    utc_now,
)
from chatstore_redis import RedisSessionStore
from loopback import LOOPBACK
from redis_support.harness import server_url
from redis_support.servers import running

KEY = "chatstore:s:chat"

POLICIES = {
    "few": RetentionPolicy(max_messages=10),
    "all": RetentionPolicy(max_messages=None),
    "history": RetentionPolicy(max_messages=5, keep_history=True),
    "bytes": RetentionPolicy(max_messages=50, max_window_bytes=3_000, max_message_bytes=1_000),
}
FIELDS = (
    *("sessionId", "userId", "createdAt", "updatedAt", "sessionStatus", "creationId", "ttl"),
    *("messageCount", "version", "userPreferences", "metadata", "unknown"),
    *("history", "first", "next", "weight", "m:0", "m:4", "m:9", "i:4", "i:new"),
)
NUMBERS = (
    *("", "-1", "0", "1", "5", "999", "1001", "1000000", "100000000", "999999999999999"),
    *("9007199254740992", "9007199254740993", "1000000000000000000", "9223372036854775807"),
    *("-9223372036854775808", "18446744073709551616", "1e3", "1e300", "inf", "-inf", "nan", "0x10"),
    *("2:", "2:1", "2:5000", "2:inf", "3:7", "99999999999:1", "2:-1", ":", "2:2:2"),
    *(" 7", "7 ", "+7", "007", "7.5", "-0", "\0", "٣", "9" * 4_000),
)
TEXTS = ("a" * 300_000, "\0" * 3_000, "a\0" * 3_000, "1\0", "9" * 300_000, "\ud7ff", "{}", "null")

values = st.one_of(
    st.sampled_from([text.encode() for text in (*NUMBERS, *TEXTS)]),
    st.sampled_from([b"\xff", b"\xfe" * 5, b"9" * 30 + b"\0a\0{}"]),
    st.integers(-(2**70), 2**70).map(lambda number: b"%d" % number),
    st.binary(max_size=40),
)
damages = st.dictionaries(st.sampled_from(FIELDS), st.one_of(st.none(), values), min_size=1)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    server_url()
    folder = tmp_path_factory.mktemp("server")
    # A script that would run for ever is stopped with the server.
    with running(folder, ("--busy-reply-threshold", "1000")) as server:
        client = redis.Redis(LOOPBACK, server.port)
        yield client
        client.close()


def message(message_id: str = "new") -> Message:
    return Message(message_id=message_id, type="user_query", content="x" * 200)


def longer(message_id: str) -> Message:
    return message(message_id).model_copy(update={"content": "y" * 300})


SESSION = Session(session_id="chat", user_id="ana", created_at=utc_now(), version=1)

CALLS: dict[str, Callable[[RedisSessionStore], object]] = {
    "get": lambda store: store.get("chat"),
    "get_many": lambda store: store.get_many(["chat"]),
    "append": lambda store: store.append("chat", message()),
    "append of a known one": lambda store: store.append("chat", message("4")),
    "append_and_get": lambda store: store.append_and_get("chat", message()),
    "append_and_get of a known one": lambda store: store.append_and_get("chat", message("4")),
    "append of state": lambda store: store.append("chat", message(), metadata={"a": 1}),
    "get of the last": lambda store: store.get("chat", last=2),
    "list_messages": lambda store: store.list_messages("chat"),
    "list_messages, oldest first": lambda store: store.list_messages(
        "chat", newest_first=False, limit=3
    ),
    "amend": lambda store: store.amend("chat", message("9")),
    "amend of a longer one": lambda store: store.amend("chat", longer("9")),
    "whole rewrite": lambda store: store.rewrite("chat", [message()], if_version=1, whole=True),
    "rewrite": lambda store: store.rewrite("chat", [message()], if_version=1),
    "update": lambda store: store.update(
        "chat", session_status="closed", metadata={"a": 1}, user_preferences={"b": None}
    ),
    "list_sessions": lambda store: store.list_sessions("ana"),
    "scan": lambda store: store.scan(),
    "restore": lambda store: store.restore(SESSION, overwrite=True),
    "purge_expired": lambda store: store.purge_expired(),
    "delete": lambda store: store.delete("chat", if_version=1),
    "delete_user": lambda store: store.delete_user("ana"),
}
EXPECTED: tuple[type[ChatStoreError], ...] = (
    *(CorruptSessionError, SessionNotFoundError, VersionConflictError),
    # No message under an id; a form that is not known; no room beside what seems to be so heavy.
    *(MessageNotFoundError, SchemaError, MessageTooLargeError),
)


def commands(client: redis.Redis) -> int:
    """How many commands the server has carried out, those of scripts among them."""
    stats = client.info("commandstats")
    return sum(each["calls"] for each in stats.values())


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", CALLS)
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damage=damages)
@example({"next": b"1000000"})
@example({"first": b"inf", "next": b"inf"})
@example({"first": b"9007199254740992", "next": b"9007199254740994"})
@example({"first": b"1000000000000000000", "next": b"1000000000000000128"})
@example({"first": b"-100000000"})
@example({"first": b"7", "next": b"3"})
@example({"weight": b"1000000000"})
@example({"weight": b"nan"})
@example({"weight": b"2:1000000000"})
@example({"history": b"5"})
@example({"history": None})
@example({"history": b"9223372036854775807", "next": b"999999999999999"})
@example({"m:0": b"9" * 300 + b"\0a\0{}"})
@example({"userPreferences": b"a" * 300_000})
@example({"messageCount": None, "next": b"inf"})
def test_a_damaged_field(
    client: redis.Redis, name: str, policy: str, damage: dict[str, bytes | None]
) -> None:
    """Whatever lies in whatever fields, a call ends after no more commands than the record has
    fields, and works or raises `CorruptSessionError` (or finds no such session, or version)."""
    client.flushdb()
    store = RedisSessionStore(client, policy=POLICIES[policy], deadline=5)
    with store:
        store.create("ana", session_id="chat", messages=[message(f"{n}") for n in range(10)])
        for field, value in damage.items():
            if value is None:
                client.hdel(KEY, field)
            else:
                client.hset(KEY, field, value)
        before = commands(client)
        with contextlib.suppress(*EXPECTED):
            CALLS[name](store)
        assert commands(client) - before < 60
