"""From errors to the one line, or the JSON document, that reports them."""

from typing import Any

import typer

from chatstore.cli.causes import name_of, text_of
from chatstore.cli.exit_codes import ExitCode, exit_code
from chatstore.cli.printable import printable
from chatstore.errors import ChatStoreError
from chatstore.models import JsonObject

__all__ = ["ExitCode", "UsageError", "error_document", "error_line", "store_error_document"]

UsageError: Any = typer.BadParameter.__bases__[0]
"""What typer raises for arguments that it can't parse: by version, click's class or its own."""

_DETAILS = ("field", "limit", "size", "session_id", "message_id", "if_version", "backend")


def error_line(message: str) -> str:
    """One line for people."""
    return f"chatstore: {printable(message)}\n"


def error_document(
    kind: str, message: str, code: int, *, retryable: bool = False, **details: object
) -> JsonObject:
    """The document for programs; `details` that are None are left out."""
    known = {name: value for name, value in details.items() if value is not None}
    head = {"type": kind, "message": message, "exitCode": int(code), "retryable": retryable}
    return {"error": {**head, **known}}


def store_error_message(error: ChatStoreError) -> str:
    """What went wrong, and the advice that a command added as notes."""
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


def store_error_document(error: ChatStoreError) -> JsonObject:
    """The document of a store's error, with the attributes that it carries."""
    details = {_camel(name): getattr(error, name, None) for name in _DETAILS}
    return error_document(
        type(error).__name__,
        store_error_message(error),
        exit_code(error),
        retryable=error.retryable,
        **{name: _plain(value) for name, value in details.items()},
    )


def cause_documents(causes: list[BaseException]) -> list[JsonObject]:
    """The exceptions behind an error, for programs."""
    return [{"type": name_of(each), "message": text_of(each)} for each in causes]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | str) else str(value)
