"""An AWS Lambda function behind AppSync, such as `trinity-trini-dev`: a chat bot's three calls.

    type Mutation {
      sendMessage(sessionId: ID, messageId: ID, content: String!): ChatSession!
    }
    type Query {
      chatHistory(limit: Int, cursor: String): ChatHistory!
      chatMessages(sessionId: ID!, limit: Int, cursor: String): ChatMessages!
    }

All are direct Lambda resolvers. The function's environment has
`CHATSTORE_URL=dynamodb://trinity-chat-sessions-dev`, and `CHATSTORE_KEEP_HISTORY=true` if
conversations are kept whole. Without that, `chatMessages` shows the newest ten messages. Lambda
itself sets the region. The function's role has the application's policy from
backends/dynamodb/README.md. The user is the one whom Cognito has identified. The arguments never
name the user.

A client gives each message an id of its own. Then it may send the message again after any failure.
The function finds what an earlier attempt has left, and stores nothing twice.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from chatstore import (
    ChatStoreError,
    InvalidInputError,
    MaintainedSessionStore,
    Message,
    Session,
    SessionInfo,
    SessionNotFoundError,
    UserSessions,
    open_store,
)

# Ids that are derived from a message's id are the same in every attempt.
_DERIVED = uuid.UUID("0d1f6e2c-3f0b-4f5e-9d5b-8f3a52f0a9d1")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point: answer one field of the GraphQL schema.

    If the caller did something wrong, the answer is `{"error": ...}`, for the resolver to report.
    Nothing was written then. Any other failure raises, and Lambda records it.
    """
    try:
        sessions = store().for_user(_text(_part(event, "identity"), "sub"))
        arguments = _part(event, "arguments")
        match _text(_part(event, "info"), "fieldName"):
            case "sendMessage":
                return send_message(
                    sessions,
                    content=_text(arguments, "content"),
                    session_id=_text_or_none(arguments, "sessionId"),
                    message_id=_text_or_none(arguments, "messageId") or _request_id(context),
                )
            case "chatHistory":
                return chat_history(
                    sessions,
                    limit=_limit(arguments, 20),
                    cursor=_text_or_none(arguments, "cursor"),
                )
            case "chatMessages":
                return chat_messages(
                    sessions,
                    _text(arguments, "sessionId"),
                    limit=_limit(arguments, 50),
                    cursor=_text_or_none(arguments, "cursor"),
                )
            case field:
                # GraphQL lets nothing through that the schema does not have. So this is no mistake
                # of the caller's, but of whoever deployed: Lambda counts it, and alarms go off.
                raise ValueError(
                    f"no code for the field {field!r}: take this function away from the field's "
                    "resolver, or deploy the version that has it"
                )
    except (InvalidInputError, SessionNotFoundError) as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}}
    except ChatStoreError as error:
        error.add_note(f"retryable: {error.retryable}")
        raise


def send_message(
    sessions: UserSessions, *, content: str, message_id: str, session_id: str | None = None
) -> dict[str, Any]:
    """Keep the user's message and the bot's answer; return the session with its window.

    This takes two requests to the table. The first writes the user's message, and brings back the
    window from which the bot answers. Without a session id a new session begins. Its id comes from
    the ids of the user and the message. So the same message, sent again, finds the same session.
    """
    question = Message(message_id=message_id, type="user_query", content=content)
    if session_id is None:
        session_id = _derived("session", sessions.user_id, message_id)
        session = sessions.get_or_create(session_id, messages=[question])
    else:
        session = _kept(sessions, session_id, question)
    asked = _up_to(session, message_id)
    if not asked:  # an earlier attempt kept it, so long ago that the window has moved on
        return _document(session)
    if asked[-1].content != content:
        raise InvalidInputError("messageId", "new for each message", "one that is taken")
    answer_id = _derived("answer", message_id)
    if not _up_to(session, answer_id):
        reply = Message(
            message_id=answer_id, type="trini_response", content=answer(asked), confidence=0.5
        )
        session = _kept(sessions, session_id, reply)
    return _document(session)


def chat_history(
    sessions: UserSessions, *, limit: int = 20, cursor: str | None = None
) -> dict[str, Any]:
    """The user's sessions, newest first, and the cursor to go on with."""
    page = sessions.list_sessions(limit=limit, cursor=cursor)
    return {"items": [_document(each) for each in page.items], "nextCursor": page.next_cursor}


def chat_messages(
    sessions: UserSessions, session_id: str, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """A page of a conversation, newest first, and the cursor to older messages.

    A client that shows the page the other way round puts each further page before what it has. The
    cursor stays good while the two of them go on talking.
    """
    page = sessions.list_messages(session_id, limit=limit, cursor=cursor)
    return {"items": [_document(each) for each in page.items], "nextCursor": page.next_cursor}


def answer(messages: Sequence[Message]) -> str:
    """The bot. Yours reads the window, asks its model, and looks up films. Its answer must not be
    longer than a message may be."""
    said = messages[-1].content
    return f"You asked: {said[:200] if isinstance(said, str) else 'something'}"


@cache
def store() -> MaintainedSessionStore:
    """The store of this execution environment, opened when the first event comes and kept for all
    that follow."""
    return open_store()


def _kept(sessions: UserSessions, session_id: str, message: Message) -> Session:
    """The session with the message, whichever attempt has put it there."""
    try:
        return sessions.append_and_get(session_id, message)
    except InvalidInputError:
        # Another attempt's may differ in its time, or in what the bot said.
        session = sessions.get(session_id)
        if not _up_to(session, message.message_id):
            raise
        return session


def _up_to(session: Session, message_id: str) -> list[Message]:
    """The window as far as that message; empty if it is not there."""
    ids = [each.message_id for each in session.messages]
    return session.messages[: ids.index(message_id) + 1] if message_id in ids else []


def _derived(*parts: str) -> str:
    return str(uuid.uuid5(_DERIVED, json.dumps(parts)))


def _request_id(context: object) -> str:
    """An id for a message that has none: the request's, which Lambda keeps when it tries again."""
    return str(getattr(context, "aws_request_id", None) or uuid.uuid4())


def _part(event: object, name: str) -> Mapping[str, Any]:
    """A part of an AppSync event; empty if it is missing or null."""
    part = event.get(name) if isinstance(event, Mapping) else None
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise InvalidInputError(name, "an object", _kind(part))
    return part


def _text_or_none(part: Mapping[str, Any], name: str) -> str | None:
    """A text, or None where AppSync sends null or nothing."""
    return None if part.get(name) is None else _text(part, name)


def _text(part: Mapping[str, Any], name: str) -> str:
    text = part.get(name)
    if not isinstance(text, str):
        raise InvalidInputError(name, "a string", _kind(text))
    if not text or any("\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInputError(name, "Unicode text", "half a character" if text else "empty")
    return text


def _limit(arguments: Mapping[str, Any], usual: int) -> int:
    limit = arguments.get("limit")
    if limit is None:
        return usual
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise InvalidInputError("limit", "a whole number", _kind(limit))
    return limit


def _kind(value: object) -> str:
    return "absent" if value is None else f"of the type {type(value).__name__}"


def _document(record: SessionInfo | Message) -> dict[str, Any]:
    document: dict[str, Any] = record.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document
