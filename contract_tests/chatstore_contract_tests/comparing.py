"""What of a call must be alike on every backend."""

from collections.abc import Callable

from chatstore import ChatStoreError, MaintainedSessionStore, Message, Page, Session, SessionInfo
from chatstore.engine.cursor import decode_message_cursor
from chatstore.record.encode import raw_document
from chatstore.record.equality import canonical

Call = Callable[[MaintainedSessionStore], object]


def plain(value: object) -> object:
    """A result as far as it must be alike everywhere: types told apart, no `creation_id`."""
    match value:
        case SessionInfo():
            document = raw_document(value)
            document.pop("creationId", None)
            if isinstance(value, Session):
                document["messages"] = [raw_document(message) for message in value.messages]
            return type(value).__name__, canonical([document])
        case Message():
            return canonical([raw_document(value)])
        case Page(version=None):
            return [plain(item) for item in value.items], value.next_cursor
        case Page():
            return [plain(item) for item in value.items], _place(value.next_cursor), value.version
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def _place(cursor: str | None) -> object:
    """Where a page of messages ends: beside it, its cursor tells the session's `creation_id`."""
    if cursor is None:
        return None
    position = decode_message_cursor(cursor)
    return position.session_id, position.place


def outcome(call: Call, store: MaintainedSessionStore) -> object:
    """What a call comes to: its result, or the type of its error."""
    try:
        return plain(call(store))
    except ChatStoreError as error:
        return type(error).__name__
