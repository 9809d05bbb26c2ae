"""Every call of a store on one session, and what it raises."""

from collections.abc import Callable

import pytest
import redis

from chatstore import BackendError, ChatStoreError, Message, Session, utc_now
from chatstore_redis import RedisSessionStore
from loopback import LOOPBACK

Call = Callable[[RedisSessionStore], object]


def message() -> Message:
    return Message(type="user_query", content="x" * 200)


SESSION = Session(
    session_id="chat", user_id="ana", created_at=utc_now(), version=1, messages=[message()]
)
AMENDED = SESSION.messages[0].model_copy(update={"content": "y"})

WRITES: dict[str, Call] = {
    "create": lambda store: store.create("ana"),
    "append": lambda store: store.append("chat", message()),
    "append_and_get": lambda store: store.append_and_get("chat", message()),
    "append of state": lambda store: store.append("chat", message(), metadata={"a": 1}),
    "rewrite": lambda store: store.rewrite("chat", [message()], if_version=1),
    "whole rewrite": lambda store: store.rewrite("chat", [message()], if_version=1, whole=True),
    "amend": lambda store: store.amend("chat", AMENDED),
    "update": lambda store: store.update("chat", metadata={"a": 1}),
    "delete": lambda store: store.delete("chat"),
    "restore": lambda store: store.restore(SESSION, overwrite=True),
}
READS: dict[str, Call] = {
    "get": lambda store: store.get("chat"),
    "get of the last": lambda store: store.get("chat", last=1),
    "list_messages": lambda store: store.list_messages("chat"),
    "get_many": lambda store: store.get_many(["chat"]),
    "list_sessions": lambda store: store.list_sessions("ana"),
    "scan": lambda store: store.scan(),
    "ping": lambda store: store.ping(),
}
MAINTENANCE: dict[str, Call] = {
    "delete_user": lambda store: store.delete_user("ana"),
    "purge_expired": lambda store: store.purge_expired(),
}
CALLS = READS | WRITES | MAINTENANCE


def raised(port: int, call: Call, **options: float) -> ChatStoreError:
    """What a call raises through a client that does not retry."""
    with (
        redis.Redis.from_url(f"redis://{LOOPBACK}:{port}", **options) as client,
        pytest.raises(ChatStoreError) as caught,
    ):
        call(RedisSessionStore(client))
    error = caught.value
    if isinstance(error, BackendError):
        assert error.__cause__ is not None
    return error
