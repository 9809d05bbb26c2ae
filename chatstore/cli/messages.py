"""`chatstore sessions messages`: all that is kept of a session, page by page."""

from typing import Annotated

import typer

from chatstore.cli import options, output, rendering
from chatstore.cli.failures import UsageError
from chatstore.cli.printable import printable
from chatstore.models import Message, Page

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
    found: list[Message] = []
    shown = 0
    with options.opened(url, cache) as store:
        start, is_first = cursor, True
        while is_first or (everything and start is not None):
            page = store.list_messages(
                session_id, user_id=user, newest_first=not oldest_first, limit=size, cursor=start
            )
            start, is_first = page.next_cursor, False
            if as_json:
                found += page.items
                continue
            # A page is shown before the next is read: there may be more than memory holds.
            for message in page.items:
                output.show(*([""] if shown else []), rendering.message_block(message))
                shown += 1
    if as_json:
        whole = Page(found, page.next_cursor, page.version)
        output.write(output.json_line(rendering.messages_document(whole)))
    elif not shown:
        output.write(f"no messages in {printable(session_id)}\n")
    elif start is not None:
        output.show(f"\nmore follow: --cursor {start}", wrapped=False)
