"""`chatstore sessions`: make, find, read, extend, change and delete sessions."""

from typing import Annotated

import typer

from chatstore.cli import options, output, rendering
from chatstore.cli.failures import UsageError
from chatstore.cli.listing import SessionsList
from chatstore.cli.messages import messages
from chatstore.cli.printable import printable
from chatstore.errors import BackendError, SessionNotFoundError
from chatstore.models import Page, SessionInfo, new_id
from chatstore.protocol import MaintainedSessionStore

sessions = typer.Typer(
    help="Make, list, show, extend, change and delete sessions.", rich_markup_mode=None
)


@sessions.command("new")
def new(
    user: options.UserId,
    session_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="The session's id. Default: a new UUID.", show_default=False
        ),
    ] = None,
    status: Annotated[str, typer.Option("--status", metavar="STATUS")] = "active",
    preference: options.Preferences = None,
    metadata: options.Metadata = None,
    message: Annotated[
        list[str] | None,
        typer.Option(
            "--message", metavar="TEXT", help="A first message. Repeatable.", show_default=False
        ),
    ] = None,
    message_type: options.MessageType = "user_query",
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Create a session.

    Prints the session. Exit code 3 if the id is taken.
    """
    # Minted here and not by the store, so that a failure can name it.
    chosen_id = new_id() if session_id is None else session_id
    user_preferences = options.entries("--preference", preference)
    own_metadata = options.entries("--metadata", metadata)
    first = [options.message(text, message_type=message_type) for text in message or ()]
    with options.opened(url, cache) as store:
        try:
            session = store.create(
                user,
                session_id=chosen_id,
                messages=first,
                user_preferences=user_preferences,
                metadata=own_metadata,
                session_status=status,
            )
        except BackendError as error:
            if error.retryable:
                error.add_note(f"run it again with --id {chosen_id}: exit code 3 says it was made")
            raise
    _print_session(session, as_json=as_json)


@sessions.command("list")
def list_(
    user: options.UserId,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            help="Sessions on a page, 1 to 1000. Default: 20.",
            show_default=False,
        ),
    ] = None,
    cursor: options.Cursor = None,
    oldest_first: options.OldestFirst = False,
    created_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Created then or later (ISO 8601, UTC unless it says).",
            show_default=False,
        ),
    ] = None,
    created_before: Annotated[
        str | None,
        typer.Option("--before", metavar="TIME", help="Created before then.", show_default=False),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="STATUS", help="Only of this status.", show_default=False),
    ] = None,
    everything: options.Everything = False,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """List a user's sessions, the newest first."""
    if everything and limit is not None:
        raise UsageError("give --all or --limit, not both")

    def page_from(store: MaintainedSessionStore, start: str | None, size: int) -> Page[SessionInfo]:
        return store.list_sessions(
            user,
            newest_first=not oldest_first,
            limit=size,
            cursor=start,
            created_from=options.moment("--from", created_from),
            created_before=options.moment("--before", created_before),
            session_status=status,
        )

    with options.opened(url, cache) as store:
        size = options.LARGEST_PAGE if everything else 20 if limit is None else limit
        page = page_from(store, cursor, size)
        found = page.items
        while everything and page.next_cursor is not None:
            page = page_from(store, page.next_cursor, size)
            found += page.items
        if not found:
            options.require_there(store)
    _print_page(Page(found, page.next_cursor), user, as_json=as_json)


@sessions.command("show")
def show(
    session_id: options.SessionId,
    user: options.Owner = None,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Show a session and the messages in its window.

    Exit code 1 if there is none.
    """
    with options.opened(url, cache) as store:
        session = store.get(session_id, user_id=user)
    if as_json:
        output.write(output.json_line(rendering.session_document(session)))
        return
    output.show(rendering.session_card(session))
    for message in session.messages:
        output.show("", rendering.message_block(message))


sessions.command("messages")(messages)


@sessions.command("append")
def append(
    session_id: options.SessionId,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help="What it says; - reads standard input.", show_default=False
        ),
    ],
    message_type: options.MessageType = "user_query",
    message_id: Annotated[
        str | None,
        typer.Option(
            "--message-id",
            metavar="ID",
            help="The message's id: sent again, it is stored once. Default: a new UUID.",
            show_default=False,
        ),
    ] = None,
    user: options.Owner = None,
    if_version: options.IfVersion = None,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Append a message.

    With --json it prints the session as that very write left it.
    """
    content = options.text_or_standard_input(text)
    message = options.message(content, message_type=message_type, message_id=message_id)
    with options.opened(url, cache) as store:
        try:
            session = store.append_and_get(session_id, message, user_id=user, if_version=if_version)
        except BackendError as error:
            if error.retryable:
                error.add_note(
                    f"run it again with --message-id {message.message_id}: it is stored once"
                )
            raise
    if as_json:
        output.write(output.json_line(rendering.session_document(session)))
        return
    kept = session.message_count if session.keeps_history else len(session.messages)
    output.write(
        f"message {printable(message.message_id)} is in: {session.message_count} counted, "
        f"{kept} kept, version {session.version}\n"
    )


@sessions.command("set")
def set_(
    session_id: options.SessionId,
    preference: options.Preferences = None,
    metadata: options.Metadata = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", show_default=False)
    ] = None,
    user: options.Owner = None,
    if_version: options.IfVersion = None,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Set preferences, metadata and the status.

    Keys are merged one by one; KEY=null removes one. With nothing to set, it renews the time to
    live.
    """
    user_preferences = options.entries("--preference", preference)
    own_metadata = options.entries("--metadata", metadata)
    with options.opened(url, cache) as store:
        session = store.update(
            session_id,
            user_preferences=user_preferences,
            metadata=own_metadata,
            session_status=status,
            user_id=user,
            if_version=if_version,
        )
    _print_session(session, as_json=as_json)


@sessions.command("delete")
def delete(
    session_id: options.SessionId,
    user: options.Owner = None,
    if_version: options.IfVersion = None,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """Delete a session, without asking.

    Exit code 1 if there was none.
    """
    with options.opened(url, cache) as store:
        if not store.delete(session_id, user_id=user, if_version=if_version):
            raise SessionNotFoundError(session_id)
    if as_json:
        output.write(output.json_line({"sessionId": session_id, "deleted": True}))
    else:
        output.write(f"deleted {printable(session_id)}\n")


def _print_session(session: SessionInfo, *, as_json: bool) -> None:
    if as_json:
        output.write(output.json_line(rendering.session_document(session)))
    else:
        output.show(rendering.session_card(session))


def _print_page(page: Page[SessionInfo], user: str, *, as_json: bool) -> None:
    if as_json:
        output.write(output.json_line(rendering.page_document(page)))
    elif not page.items:
        output.write(f"no sessions of {printable(user)}\n")
    else:
        output.show(SessionsList(page.items))
        if page.next_cursor is not None:
            output.show(f"\nmore follow: --cursor {page.next_cursor}", wrapped=False)
