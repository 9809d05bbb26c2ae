"""An AWS Lambda function behind AppSync, such as `trinity-trini-dev`: a chat bot's two calls.

    type Mutation {
      sendMessage(sessionId: ID, messageId: ID, content: String!): ChatSession!
    }
    type Query {
      chatHistory(limit: Int, cursor: String): ChatHistory!
    }

Both are direct Lambda resolvers. The function's environment has
`CHATSTORE_URL=dynamodb://trinity-chat-sessions-dev` (Lambda itself sets the region), and its role
the application's policy of backends/dynamodb/README.md. The user is the one that Cognito vouches
for, never one that the arguments name.
"""

import uuid
from collections.abc import Sequence
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


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda's
    """Lambda's entry point: answer one field of the GraphQL schema.

    What the caller did wrong comes back as `{"error": ...}` for the resolver to report; anything
    else raises, and Lambda records it.
    """
    sessions = store().for_user(event["identity"]["sub"])
    arguments: dict[str, Any] = event.get("arguments") or {}
    try:
        match event["info"]["fieldName"]:
            case "sendMessage":
                return send_message(
                    sessions, **_given(arguments, "sessionId", "messageId", "content")
                )
            case "chatHistory":
                return chat_history(sessions, **_given(arguments, "limit", "cursor"))
            case field:
                raise ValueError(f"no resolver for the field {field!r}")
    except (InvalidInputError, SessionNotFoundError) as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}}
    except ChatStoreError as error:
        error.add_note(f"retryable: {error.retryable}")
        raise


def send_message(
    sessions: UserSessions,
    *,
    content: str,
    session_id: str | None = None,
    message_id: str | None = None,
) -> dict[str, Any]:
    """Keep the user's message and the bot's answer; the session with its window.

    Without a session id a new session begins. Two requests to the table: the window that the bot
    answers from comes back with the write of the user's message. A client that names its message
    may send it again after a failure: neither it nor its answer is stored twice.
    """
    query = Message(message_id=message_id or str(uuid.uuid4()), type="user_query", content=content)
    if session_id is None:
        session = sessions.create(messages=[query])
    else:
        session = sessions.append_and_get(session_id, query)
    reply = Message(
        message_id=f"{query.message_id}/answer",
        type="trini_response",
        content=answer(session.messages),
        confidence=0.5,
    )
    return _session(sessions.append_and_get(session.session_id, reply))


def chat_history(
    sessions: UserSessions, *, limit: int = 20, cursor: str | None = None
) -> dict[str, Any]:
    """The user's sessions, newest first, and the cursor to go on with."""
    page = sessions.list_sessions(limit=limit, cursor=cursor)
    return {"items": [_info(each) for each in page.items], "nextCursor": page.next_cursor}


def answer(messages: Sequence[Message]) -> str:
    """The bot. Yours reads the window, asks its model, and looks films up."""
    return f"You asked: {messages[-1].content}"


@cache
def store() -> MaintainedSessionStore:
    """The store of this execution environment, opened when the first event comes and kept for all
    that follow."""
    return open_store()


def _given(arguments: dict[str, Any], *names: str) -> dict[str, Any]:
    """The arguments that were given, by their Python names; AppSync sends null for the others."""
    spelled = {"sessionId": "session_id", "messageId": "message_id"}
    return {
        spelled.get(name, name): arguments[name]
        for name in names
        if arguments.get(name) is not None
    }


def _session(session: Session) -> dict[str, Any]:
    document: dict[str, Any] = session.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document


def _info(session: SessionInfo) -> dict[str, Any]:
    document: dict[str, Any] = session.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document
