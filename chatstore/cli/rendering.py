"""How a record looks: as a document for programs, as a card for people."""

import json
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chatstore.cli.printable import printable, printable_lines
from chatstore.models import JsonObject, Message, Page, Session, SessionInfo
from chatstore.record.encode import raw_document
from chatstore.values.json_values import normal_form

_SHOWN_IN_THE_HEAD = frozenset({"messageId", "type", "content", "timestamp"})


def session_document(session: SessionInfo) -> JsonObject:
    """The record in its stored shape: camelCase names, what is None left out."""
    document = raw_document(session, without=frozenset({"messages"}))
    if isinstance(session, Session):
        document["messages"] = [raw_document(message) for message in session.messages]
    normal: JsonObject = normal_form(document)
    return normal


def page_document(page: Page[SessionInfo]) -> JsonObject:
    """A page of a listing; `nextCursor` is null on the last."""
    return {
        "items": [session_document(session) for session in page.items],
        "nextCursor": page.next_cursor,
    }


def messages_document(page: Page[Message]) -> JsonObject:
    """A page of messages, with the session's version; `nextCursor` is null on the last."""
    return {
        "items": [normal_form(raw_document(message)) for message in page.items],
        "nextCursor": page.next_cursor,
        "version": page.version,
    }


def time_text(moment: datetime) -> str:
    """A time as people read it, in UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def expiry_text(session: SessionInfo) -> str:
    """When the session expires."""
    if session.ttl is None:
        return "never"
    try:
        return time_text(session.expires_at or session.created_at)
    # A ttl that another service wrote may lie beyond any datetime.
    except (OverflowError, ValueError, OSError):
        return f"at Unix second {session.ttl}"


def session_card(session: SessionInfo) -> RenderableType:
    """Everything of one session but its messages."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("session", session.session_id),
        ("user", session.user_id),
        ("status", session.session_status),
        ("created", time_text(session.created_at)),
        ("updated", time_text(session.updated_at)),
        ("expires", expiry_text(session)),
        ("version", str(session.version)),
        ("messages", _count_text(session)),
    ]
    if session.history is not None:
        rows.append(("history", f"kept whole; the window holds {session.history}"))
    if session.user_preferences:
        rows.append(("preferences", _json_text(session.user_preferences)))
    if session.metadata:
        rows.append(("metadata", _json_text(session.metadata)))
    if session.model_extra:
        rows.append(("other", _json_text(session.model_extra)))
    for name, value in rows:
        table.add_row(name, Text(printable(value)))
    return table


def message_block(message: Message) -> RenderableType:
    """One message: its time, type and id, and below, indented, what it says, and then the rest as
    JSON, tool calls for one. No line of a content can pass for one of ours."""
    head = Text(
        f"{message.timestamp:%Y-%m-%d %H:%M:%S}  {printable(message.type)}  "
        f"{printable(message.message_id)}",
        style="bold",
    )
    body = [Text(line) for line in _content_lines(message.content)]
    document = normal_form(raw_document(message))
    more = {name: value for name, value in document.items() if name not in _SHOWN_IN_THE_HEAD}
    if more:
        body.append(Text(printable(_json_text(more)), style="dim"))
    return Group(head, *(Padding(line, (0, 0, 0, 4)) for line in body))


def _content_lines(content: str | list[JsonObject] | None) -> list[str]:
    """What a message says: text as it is; of several parts those that are text alone likewise, and
    the others as JSON."""
    if content is None:
        return []
    if isinstance(content, str):
        return printable_lines(content)
    lines: list[str] = []
    for part in content:
        text = part.get("text")
        if part == {"type": "text", "text": text} and isinstance(text, str):
            lines += printable_lines(text)
        else:
            lines.append(printable(_json_text(part)))
    return lines


def _count_text(session: SessionInfo) -> str:
    if session.keeps_history:
        return f"{session.message_count} kept"
    if isinstance(session, Session):
        return f"{len(session.messages)} kept, {session.message_count} counted"
    return f"{session.message_count} counted"


def _json_text(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=False)
