"""Options that several commands share, and how their values are read."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from chatstore.cli import output
from chatstore.cli.failures import UsageError
from chatstore.cli.printable import printable
from chatstore.cli.secrecy import shown_url
from chatstore.environment import CACHE_URL_VARIABLE, URL_VARIABLE, url_from
from chatstore.errors import (
    ChatStoreError,
    ConfigurationError,
    SchemaError,
    SessionNotFoundError,
)
from chatstore.models import JsonObject, Message
from chatstore.opening import open_store
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.protocol import MaintainedSessionStore
from chatstore.values.json_values import require_text

DEFAULT_URL = "sqlite:///chatstore.db"

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"The store. Default: ${URL_VARIABLE}, or else {DEFAULT_URL}.",
        show_default=False,
    ),
]
Cache = Annotated[
    str | None,
    typer.Option(
        "--cache",
        metavar="URL",
        help=f"A cache in front of the store. Default: ${CACHE_URL_VARIABLE}, or else none.",
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document instead of text, errors as well.")
]
UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's id.", show_default=False)]
SessionId = Annotated[
    str, typer.Argument(metavar="ID", help="The session's id.", show_default=False)
]
Owner = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="USER", help="Only if the session is this user's.", show_default=False
    ),
]
IfVersion = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        metavar="N",
        help="Only if the session is at this version.",
        show_default=False,
    ),
]
Preferences = Annotated[
    list[str] | None,
    typer.Option(
        "--preference",
        metavar="KEY=JSON",
        help="A preference, as 'genre=\"drama\"'. Repeatable.",
        show_default=False,
    ),
]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata",
        metavar="KEY=JSON",
        help="An entry of the metadata. Repeatable.",
        show_default=False,
    ),
]
LARGEST_PAGE = 1_000
Cursor = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="CURSOR", help="Go on where a page ended.", show_default=False
    ),
]
OldestFirst = Annotated[bool, typer.Option("--oldest-first")]
Everything = Annotated[bool, typer.Option("--all", help="All pages at once.")]
MessageType = Annotated[str, typer.Option("--type", metavar="TYPE", help="The messages' type.")]


@contextmanager
def opened(url: str | None, cache: str | None) -> Iterator[MaintainedSessionStore]:
    """The store that the command is about. That it has no such session is believed only of a store
    that is there (`require_there`)."""
    chosen = given_url(url) or DEFAULT_URL
    try:
        store = open_store(chosen, cache=cache)
    except ConfigurationError as error:
        if url is None and chosen != DEFAULT_URL:
            error.add_note(f"the URL is that of {URL_VARIABLE}")
        raise
    with store:
        try:
            yield store
        except SessionNotFoundError:
            require_there(store)
            raise


def require_there(store: MaintainedSessionStore) -> None:
    """Raise `SchemaError` if there is nothing at the store's place, a file whose name was mistyped
    for one: finding nothing there would mislead, after an erasure above all."""
    try:
        store.ping()
    except SchemaError:
        raise
    except ChatStoreError:
        # Who may not ask, or can't now, has an answer all the same.
        return


def given_url(url: str | None) -> str | None:
    """The URL of the option, or else of the environment, or else None. Raises `UsageError` for an
    empty option: a variable that a script forgot to set is no wish for the default."""
    if url == "":
        raise UsageError("--url is empty; leave it out to use the default")
    return url or url_from(os.environ)


def place_of(store: MaintainedSessionStore) -> str:
    """Where the store's sessions are, for people, without credentials."""
    # A cache stands before the store that has them.
    inner: Any = getattr(store, "primary", store)
    place: str = getattr(inner, "place", type(inner).__name__)
    return printable(shown_url(place))


def entries(option: str, given: list[str] | None) -> JsonObject:
    """The object that repeated `KEY=JSON` options make. Raises `UsageError` for what is not of that
    form and for a key given twice."""
    found: JsonObject = {}
    for text in given or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"{option}: {text!r} is not KEY=JSON")
        if name in found:
            raise UsageError(f"{option}: the key {name!r} is given twice")
        found[name] = _json_value(option, name, value)
    return found


def moment(option: str, text: str | None) -> datetime | None:
    """A date or time in ISO 8601; without a time zone it is UTC. Raises `UsageError`."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    # OverflowError: year 1 or 9999, moved over the edge by its time zone.
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option}: {text!r} is no time in ISO 8601, such as 2026-01-31 or "
            "2026-01-31T18:00:00+01:00"
        ) from None


def message(content: str, *, message_type: str, message_id: str | None = None) -> Message:
    """A message with the present time. Raises `InvalidInputError` for text that can't be
    stored."""
    given: dict[str, Any] = {"content": content, "type": message_type}
    if message_id is not None:
        given["message_id"] = message_id
    for field, text in given.items():
        # The model would refuse bytes that are not UTF-8 with an error of its own.
        require_text(field, text)
    return Message(**given)


def text_or_standard_input(text: str) -> str:
    """`text`, or for `-` what stands in standard input, less one newline at its end. Raises
    `UsageError` if that is not UTF-8 or more than any message can hold."""
    if text != "-":
        return text
    if sys.stdin is None:
        raise UsageError("standard input is closed, and - would read it")
    if sys.stdin.isatty():
        output.write_error("reading the message; end it with Ctrl-D on a line of its own\n")
    read = sys.stdin.buffer.read(MAX_WINDOW_BYTES + 1)
    if len(read) > MAX_WINDOW_BYTES:
        raise UsageError(f"standard input: more than {MAX_WINDOW_BYTES} bytes fit no message")
    try:
        return read.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"standard input: not UTF-8 text; the byte at offset {error.start} can't be read"
        ) from None


def _json_value(option: str, name: str, text: str) -> object:
    try:
        return json.loads(text)
    # RecursionError: brackets nested so deep that the decoder gives up.
    except (ValueError, RecursionError):
        raise UsageError(
            f"{option}: the value {text!r} of {name!r} is not JSON; text needs its double quotes, "
            "as in 'genre=\"drama\"'"
        ) from None
