"""What of a call must be alike on every backend."""

from collections.abc import Callable

from chatstore import ChatStoreError, MaintainedSessionStore, Page, Session, SessionInfo
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
        case Page():
            return [plain(item) for item in value.items], value.next_cursor
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def outcome(call: Call, store: MaintainedSessionStore) -> object:
    """What a call comes to: its result, or the type of its error."""
    try:
        return plain(call(store))
    except ChatStoreError as error:
        return type(error).__name__
