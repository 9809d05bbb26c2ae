"""The columns of a session that another service wrote: what the contract's harnesses write."""

from collections.abc import Mapping
from typing import Any

from chatstore.engine import document_weights, json_text
from chatstore_sql.columns import COLUMN_OF

_KNOWN = {*COLUMN_OF, "messages"}


def foreign_columns(document: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a record in its stored shape. The tables have defaults of their own for what
    is not in it."""
    messages = document.get("messages", [])
    session = {
        "updatedAt": document["createdAt"],
        "messageCount": len(messages),
        **{name: value for name, value in document.items() if name in COLUMN_OF},
    }
    columns = {COLUMN_OF[name]: value for name, value in session.items()}
    for name in ("user_preferences", "metadata"):
        if name in columns:
            columns[name] = json_text(columns[name])
    unknown = {name: value for name, value in document.items() if name not in _KNOWN}
    if unknown:
        columns["extra"] = json_text(unknown)
    columns["next_seq"] = columns["kept"] = len(messages)
    columns["kept_weight"] = sum(document_weights(messages))
    return columns
