"""`chatstore sessions messages`: all that is kept of a session, page by page."""

from collections.abc import Sequence
from typing import Annotated

import typer

from chatstore.cli import options, output, rendering
from chatstore.cli.failures import UsageError
from chatstore.cli.printable import printable
from chatstore.models import Message, Page
from chatstore.protocol import MaintainedSessionStore

_USUAL_PAGE = 50


def messages(
    session_id: options.SessionId,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            help=f"Messages on a page, 1 to 1000. Default: {_USUAL_PAGE}.",
            show_default=False,
        ),
    ] = None,
    cursor: options.Cursor = None,
    oldest_first: options.OldestFirst = False,
    everything: options.Everything = False,
    user: options.Owner = None,
    url: options.Url = None,
    cache: options.Cache = None,
    as_json: options.AsJson = False,
) -> None:
    """List the messages that are kept of a session, the newest first.

    Of a session with history that is every message; of another one its window. Exit code 1 if
    there is no such session.
    """
    if everything and limit is not None:
        raise UsageError("give --all or --limit, not both")
    size = options.LARGEST_PAGE if everything else _USUAL_PAGE if limit is None else limit

    def page_from(store: MaintainedSessionStore, start: str | None) -> Page[Message]:
        return store.list_messages(
            session_id, user_id=user, newest_first=not oldest_first, limit=size, cursor=start
        )

    with options.opened(url, cache) as store:
        page = page_from(store, cursor)
        found = page.items
        if not as_json:
            _print_messages(found)
        while everything and page.next_cursor is not None:
            page = page_from(store, page.next_cursor)
            if as_json:
                found += page.items
            else:
                # Page by page: there may be more than memory holds.
                output.show("")
                _print_messages(page.items)
    if as_json:
        whole = Page(found, page.next_cursor, page.version)
        output.write(output.json_line(rendering.messages_document(whole)))
    elif not found:
        output.write(f"no messages in {printable(session_id)}\n")
    elif page.next_cursor is not None:
        output.show(f"\nmore follow: --cursor {page.next_cursor}", wrapped=False)


def _print_messages(found: Sequence[Message]) -> None:
    for index, message in enumerate(found):
        output.show(*([""] if index else []), rendering.message_block(message))
