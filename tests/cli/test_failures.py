from typing import Any, NoReturn

import pytest

from chatstore import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    CorruptSessionError,
    InvalidCursorError,
    InvalidInputError,
    MemorySessionStore,
    MessageTooLargeError,
    SchemaError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.memory import MemoryEngine

from .conftest import Terminal

ERRORS = [
    (SessionNotFoundError("s"), 1),
    (InvalidInputError("field", "limit", "size"), 2),
    (MessageTooLargeError("field", "limit", "size"), 2),
    (InvalidCursorError(), 2),
    (SessionExistsError("s"), 3),
    (VersionConflictError("s", 4), 3),
    (BackendUnavailableError("out of reach"), 4),
    (BackendThrottledError("slow down"), 4),
    (BackendError("broken"), 5),
    (BackendAuthError("not allowed"), 5),
    (SchemaError("no table"), 5),
    (ConfigurationError("bad URL"), 5),
    (CorruptSessionError("memory", "s", "bad JSON"), 5),
]


def failing(error: Exception) -> type[MemoryEngine]:
    """A store whose engine answers every call with `error`."""

    class FailingEngine(MemoryEngine):
        def _fail(self, *arguments: object, **options: object) -> NoReturn:
            raise error

        insert = load = append = update = delete = ping = _fail

    return FailingEngine


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda case: type(case).__name__)
def test_each_error_has_its_exit_code_and_one_line(
    terminal: Terminal, error: ChatStoreError, code: int
) -> None:
    """Any error of a store is one line on standard error, without a traceback, and the exit code
    that the documentation gives it."""
    terminal.engine_class = failing(error)
    answer = terminal.run("sessions", "show", "s")
    assert (answer.code, answer.out) == (code, "")
    assert answer.err == f"chatstore: {error}\n"


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda case: type(case).__name__)
def test_with_json_each_error_is_a_document(
    terminal: Terminal, error: ChatStoreError, code: int
) -> None:
    """With --json the error is one document on standard error, that says whether to try again."""
    terminal.engine_class = failing(error)
    answer = terminal.run("sessions", "show", "s", "--json")
    assert (answer.code, answer.out) == (code, "")
    assert answer.error["type"] == type(error).__name__
    assert answer.error["message"] == str(error)
    assert answer.error["exitCode"] == code
    assert answer.error["retryable"] is error.retryable


def test_an_error_document_carries_the_errors_own_attributes(terminal: Terminal) -> None:
    """A program need not take messages apart to learn the field, the limit and the size."""
    error = terminal.run("sessions", "list", "ana", "--limit", "0", "--json").error
    assert (error["field"], error["limit"], error["size"]) == (
        "limit",
        "a whole number from 1 to 1,000",
        "0",
    )


@pytest.mark.parametrize(
    "arguments", [("sessions", "show"), ("nonsense",), ("ping", "--nonsense"), ("sessions", "nope")]
)
def test_wrong_usage_is_exit_code_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """A command line that can't be parsed is exit code 2 and one line, or a document if it asks
    for JSON."""
    answer = terminal.run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    document = terminal.run(*arguments, "--json")
    assert (document.code, document.out) == (2, "")
    assert document.error["type"] == "UsageError"


def test_after_double_dashes_json_is_text(terminal: Terminal) -> None:
    """What follows `--` is an argument and asks for nothing."""
    answer = terminal.run("sessions", "append", "s1", "--", "--json")
    assert answer.code == 1
    assert answer.err.startswith("chatstore: ")


def test_a_defect_is_never_taken_for_not_found(terminal: Terminal) -> None:
    """An exception that is not a store's has an exit code of its own and shows its traceback."""

    class DefectiveStore(MemorySessionStore):
        def get(self, *arguments: object, **options: object) -> NoReturn:
            raise RuntimeError("\x1b[2Jwiped")

    terminal.store_class = DefectiveStore
    answer = terminal.run("sessions", "show", "s")
    assert answer.code == 70
    assert "Traceback" in answer.err
    assert "\x1b" not in answer.err
    document = terminal.run("sessions", "show", "s", "--json")
    assert (document.code, document.error["type"]) == (70, "RuntimeError")


def test_a_lost_append_says_how_to_send_it_again(terminal: Terminal) -> None:
    """The outcome of a failed append may be unknown: the error names the id with which the same
    command is stored once."""
    terminal.run("sessions", "new", "ana", "--id", "s1")

    class LostAnswer(MemorySessionStore):
        def append_and_get(self, *arguments: object, **options: object) -> NoReturn:
            super().append_and_get(*arguments, **options)  # type: ignore[arg-type]
            raise BackendUnavailableError("the answer was lost")

    terminal.store_class = LostAnswer
    lost = terminal.run("sessions", "append", "s1", "Hello")
    assert lost.code == 4
    minted = lost.err.partition("--message-id ")[2].partition(":")[0]
    terminal.store_class = MemorySessionStore
    again = terminal.run("sessions", "append", "s1", "Hello", "--message-id", minted, "--json")
    assert again.document["messageCount"] == 1


@pytest.mark.parametrize(
    ("method", "command"),
    [("append_and_get", ("append", "s1", "Hello")), ("create", ("new", "ana"))],
)
def test_a_refused_write_is_not_to_be_sent_again(
    terminal: Terminal, method: str, command: tuple[str, ...]
) -> None:
    """A failure that the same command would meet again comes without that advice."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise BackendAuthError("not allowed")

    refusing: Any = type("Refusing", (MemorySessionStore,), {method: refuse})
    terminal.store_class = refusing
    refused = terminal.run("sessions", *command)
    assert refused.code != 0
    assert "not allowed" in refused.err
    assert "run it again" not in refused.err


def test_a_lost_new_says_how_to_run_it_again(terminal: Terminal) -> None:
    """The error of a failed `new` names the id with which a second run makes no second session."""

    class LostAnswer(MemorySessionStore):
        def create(self, *arguments: object, **options: object) -> NoReturn:
            super().create(*arguments, **options)  # type: ignore[arg-type]
            raise BackendUnavailableError("the answer was lost")

    terminal.store_class = LostAnswer
    lost = terminal.run("sessions", "new", "ana")
    assert lost.code == 4
    minted = lost.err.partition("--id ")[2].partition(":")[0]
    terminal.store_class = MemorySessionStore
    assert terminal.run("sessions", "new", "ana", "--id", minted).code == 3
    assert list(terminal.storage.documents) == [minted]
