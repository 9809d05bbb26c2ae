"""From errors to exit codes and to the one line, or the JSON document, that reports them."""

import traceback
from enum import IntEnum
from typing import Any

import typer

from chatstore.cli.printable import printable, printable_lines
from chatstore.errors import (
    ChatStoreError,
    InvalidInputError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.models import JsonObject

UsageError: Any = typer.BadParameter.__bases__[0]
"""What typer raises for arguments that it can't parse: by version, click's class or its own."""


class ExitCode(IntEnum):
    """What a script can tell from the exit code alone."""

    FINE = 0
    NOT_FOUND = 1
    USAGE = 2
    CONFLICT = 3
    RETRY = 4
    FAILED = 5
    DEFECT = 70


MEANINGS = {
    ExitCode.FINE: "done",
    ExitCode.NOT_FOUND: "no such session, or nothing was deleted",
    ExitCode.USAGE: "wrong usage or invalid input; nothing was written",
    ExitCode.CONFLICT: "the session exists already, or is at another version",
    ExitCode.RETRY: "the backend is unavailable or throttles; run it again",
    ExitCode.FAILED: "another failure: backend, schema, configuration, corrupt record",
    ExitCode.DEFECT: "a defect in chatstore; please report it",
}

_DETAILS = ("field", "limit", "size", "session_id", "if_version", "backend")


def exit_code(error: ChatStoreError) -> ExitCode:
    """The exit code of a store's error."""
    if isinstance(error, SessionNotFoundError):
        return ExitCode.NOT_FOUND
    if isinstance(error, InvalidInputError):
        return ExitCode.USAGE
    if isinstance(error, SessionExistsError | VersionConflictError):
        return ExitCode.CONFLICT
    return ExitCode.RETRY if error.retryable else ExitCode.FAILED


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


def defect_text(error: Exception) -> str:
    """The traceback of an exception that no store should raise, printable."""
    lines = printable_lines("".join(traceback.format_exception(error)))
    return "\n".join([*lines, ""])


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | str) else str(value)
