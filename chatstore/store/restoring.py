"""What `restore` is given: a record as it was, and the history that comes before its window."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

from chatstore.clock import in_utc, utc_text
from chatstore.errors import ChatStoreError, InvalidInputError
from chatstore.models import JsonObject, Message, Session
from chatstore.policy import MAX_HISTORY_WINDOW, MAX_WINDOW_BYTES
from chatstore.record import limits, state
from chatstore.record.encode import raw_document
from chatstore.record.messages import prepared_message, prepared_messages
from chatstore.record.stored import StoredMessage, StoredSession
from chatstore.values.plain import class_name, is_kind, kind_of, shown, whole


def record(session: object) -> StoredSession:
    """A whole record in its stored form, exactly as it was."""
    if not is_kind(session, Session):
        raise InvalidInputError("session", "a Session", kind_of(session))
    assert isinstance(session, Session)
    # A frozen session may have been built around its validation: nothing in it is taken on trust.
    given = vars(session)
    times = {
        stored_name: in_utc(f"session.{name}", given.get(name))
        for name, stored_name in (("created_at", "createdAt"), ("updated_at", "updatedAt"))
    }
    ttl, creation_id, window = (given.get(name) for name in ("ttl", "creation_id", "history"))
    known: JsonObject = {
        "sessionId": limits.require_id("session.session_id", given.get("session_id")),
        "userId": limits.require_id("session.user_id", given.get("user_id")),
        **{name: utc_text(time) for name, time in times.items()},
        **({} if ttl is None else {"ttl": limits.require_counter("session.ttl", ttl)}),
        **_checked(given, "user_preferences", "userPreferences", state.require_map),
        **_checked(given, "metadata", "metadata", state.require_map),
        **_checked(given, "message_count", "messageCount", limits.require_counter),
        **_checked(given, "session_status", "sessionStatus", limits.require_label),
        **_checked(given, "version", "version", limits.require_counter),
    }
    if creation_id is not None:
        known["creationId"] = limits.require_id("session.creation_id", creation_id)
    if window is not None:
        known["history"] = _require_history_window(window)
    raw = raw_document(session, without=frozenset({"messages"}), place="session")
    unknown = {name: value for name, value in raw.items() if name not in known}
    normal = limits.require_unknown_attributes("the session's unknown attributes", unknown)
    limits.require_session_info("session", known, times)
    messages = prepared_messages(
        given.get("messages"),
        field="session.messages",
        most=limits.MAX_MESSAGES,
        message_bytes=MAX_WINDOW_BYTES,
        window_bytes=MAX_WINDOW_BYTES,
    )
    limits.require_window_bytes(sum(message.weight for message in messages))
    return StoredSession(known | normal, messages)


def history(restored: StoredSession, messages: object) -> Iterator[StoredMessage]:
    """The messages that come before those of a restored session, each checked as it is asked for.

    Raises `InvalidInputError` if a session keeps no history, at once; and, when it becomes known,
    for a message that is none, if they are not as many as the session's count says, and for an
    iterable that fails: it is the caller's own code. An error of chatstore's passes: whoever copies
    reads them from another store.
    """
    if restored.history is None:
        if type(messages) not in (tuple, list) or messages:
            raise InvalidInputError(
                "history", "left out for a session without history", kind_of(messages)
            )
        return iter(())
    missing = restored.info["messageCount"] - len(restored.messages)
    if missing < 0:
        raise InvalidInputError(
            "session.message_count",
            f"at least {len(restored.messages)}, the number of its messages",
            f"{restored.info['messageCount']}",
        )
    if is_kind(messages, Message, str, bytes, bytearray, memoryview, Mapping):
        raise InvalidInputError("history", _ITERABLE, kind_of(messages))
    try:
        given = iter(cast("Iterable[object]", messages))
    except Exception:  # noqa: BLE001 - __iter__ is the caller's own code
        raise InvalidInputError("history", _ITERABLE, kind_of(messages)) from None
    return _counted(_walked(given, kind_of(messages)), missing)


_ITERABLE = "an iterable of messages"


def _walked(messages: Iterator[object], kind: str) -> Iterator[object]:
    while True:
        try:
            message = next(messages)
        except StopIteration:
            return
        except ChatStoreError:
            raise
        except Exception as error:
            raise InvalidInputError(
                "history",
                _ITERABLE,
                f"{kind} that fails with {class_name(type(error))} when it is walked over",
            ) from error
        yield message


def _counted(messages: Iterator[object], most: int) -> Iterator[StoredMessage]:
    limit = f"the {most:,} messages before the session's own, oldest first"
    count = 0
    for count, message in enumerate(messages, 1):
        if count > most:
            raise InvalidInputError("history", limit, "more")
        yield prepared_message(f"history[{count - 1}]", message, MAX_WINDOW_BYTES, MAX_WINDOW_BYTES)
    if count < most:
        raise InvalidInputError("history", limit, f"{count:,}")


def _require_history_window(value: object) -> int:
    number = whole(value)
    if number is None or not 1 <= number <= MAX_HISTORY_WINDOW:
        raise InvalidInputError(
            "session.history", f"a whole number from 1 to {MAX_HISTORY_WINDOW}", shown(value)
        )
    return number


def _checked(
    given: Mapping[str, object], name: str, stored_name: str, check: Callable[[str, object], object]
) -> JsonObject:
    return {stored_name: check(f"session.{name}", given.get(name))}
