"""Each public call of a store, once."""

from collections.abc import Callable

from chatstore import MaintainedSessionStore, Message

CALLS: dict[str, Callable[[MaintainedSessionStore], object]] = {
    "create": lambda store: store.create("ana", session_id="s"),
    "get": lambda store: store.get("s"),
    "get_or_create": lambda store: store.get_or_create("s", user_id="ana"),
    "get_many": lambda store: store.get_many(["s"]),
    "append": lambda store: store.append("s", Message(type="user_query", content="hello")),
    "append_and_get": lambda store: store.append_and_get(
        "s", Message(type="user_query", content="hello")
    ),
    "rewrite": lambda store: store.rewrite("s", [], if_version=1),
    "rewrite, any": lambda store: store.rewrite("s", [], if_version=None),
    "amend": lambda store: store.amend("s", Message(type="user_query", content="hello")),
    "list_messages": lambda store: store.list_messages("s"),
    "update": lambda store: store.update("s"),
    "delete": lambda store: store.delete("s"),
    "list_sessions": lambda store: store.list_sessions("ana"),
    "delete_user": lambda store: store.delete_user("ana"),
    "scan": lambda store: store.scan(),
    "purge_expired": lambda store: store.purge_expired(),
    "ping": lambda store: store.ping(),
}
