"""The exit codes: what a script can tell from the number alone. Page and help are made of these."""

from enum import IntEnum

from chatstore.errors import (
    ChatStoreError,
    InvalidInputError,
    MessageNotFoundError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)


class ExitCode(IntEnum):
    """Every code that the command line ends with of its own accord."""

    FINE = 0
    NOT_FOUND = 1
    USAGE = 2
    CONFLICT = 3
    RETRY = 4
    FAILED = 5
    DEFECT = 70
    UNWRITTEN = 74
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS = {
    ExitCode.FINE: "done",
    ExitCode.NOT_FOUND: "no such session or message, nothing was deleted, or the answer was no",
    ExitCode.USAGE: "wrong usage or invalid input; nothing was written",
    ExitCode.CONFLICT: "the session exists already, or is at another version",
    ExitCode.RETRY: "the backend is unavailable, throttles or is too late; run it again",
    ExitCode.FAILED: "another failure: backend, rights, schema, configuration, corrupt record",
    ExitCode.DEFECT: "a defect in chatstore; please report it",
    ExitCode.UNWRITTEN: "the output could not be written: the disk is full, or it was closed",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
    ExitCode.BROKEN_PIPE: "whoever read the output closed the pipe",
}


def exit_code(error: ChatStoreError) -> ExitCode:
    """The exit code of a store's error."""
    if isinstance(error, SessionNotFoundError | MessageNotFoundError):
        return ExitCode.NOT_FOUND
    if isinstance(error, InvalidInputError):
        return ExitCode.USAGE
    if isinstance(error, SessionExistsError | VersionConflictError):
        return ExitCode.CONFLICT
    return ExitCode.RETRY if error.retryable else ExitCode.FAILED
