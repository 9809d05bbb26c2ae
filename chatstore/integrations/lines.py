"""Lines of items in a session: each item names the one that it follows, and several may follow one.

A session's messages are a log of such items. A line is read from its last item on, against the
log's order: each item names the one to look for next. Mostly that one stands right before it. Where
it does not, because the line branched off there, the item also says after how many messages of the
log that one ends, and the walk goes on from there: what lies between is never read.

A log is closed: the item that another one follows stands before it in the same log.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatstore.engine.cursor import MessagePosition, encode_message_cursor
from chatstore.errors import CorruptSessionError
from chatstore.integrations.items import Item, NewItem, items_of
from chatstore.models import Message, SessionInfo
from chatstore.protocol import SessionStore
from chatstore.record.limits import MAX_PAGE

_LEAST_PAGE = 40
"""More than the items that are asked for, as one may lie in several messages; and fewer than the 50
that a session's window may have, which every engine has at hand."""


class Place(NamedTuple):
    """Where a line's last item is: in which session, in which of that id's lives, and after how
    many messages of it the item ends. None: near the end of the log."""

    session_id: str
    life: str | None = None
    end: int | None = None

    @classmethod
    def of(cls, info: SessionInfo, end: int | None = None) -> "Place":
        """A place in a session."""
        return cls(info.session_id, info.creation_id, end)

    def cursor(self) -> str | None:
        """Where to read from, newest first."""
        if self.life is None or self.end is None:
            return None
        return encode_message_cursor(MessagePosition(self.session_id, self.life, self.end))


@dataclass(frozen=True, slots=True)
class Link:
    """An item of a line, and the id of the one that it follows, if that is not the first."""

    item_id: str
    parent_id: str | None
    value: Any
    label: str


class Lines:
    """The lines in the sessions of one user."""

    def __init__(self, store: SessionStore, user_id: str) -> None:
        self._store = store
        self._user_id = user_id

    def newest(self, place: Place, item_id: str, most: int | None = None) -> list[Link]:
        """The line that ends with an item, or the newest `most` of its items, oldest first. Raises
        `LookupError` if the session, or an item of the line, is not there."""
        links: list[Link] = []
        wanted = item_id
        while True:
            end: int | None = None
            for item in self._newest_first(place, None if most is None else most - len(links)):
                if item.item_id == wanted:
                    links.append(link := _link(item, place.session_id))
                    if link.parent_id is None or len(links) == most:
                        return links[::-1]
                    wanted, end = link.parent_id, item.value.get("parentEnd")
                elif end is not None:
                    break
            if end is None:
                raise LookupError(f"session {place.session_id!r} holds no item {wanted!r}")
            place = place._replace(end=end)

    def ends(self, session_id: str) -> dict[str, int]:
        """Each item of a session's log, and after how many messages of the log it ends."""
        numbers: dict[str, int] = {}

        def counted() -> Iterator[Message]:
            messages = self._store.iter_messages(
                session_id, user_id=self._user_id, newest_first=False, page_size=MAX_PAGE
            )
            for number, message in enumerate(messages, start=1):
                numbers[message.message_id] = number
                yield message

        return {
            item.item_id: numbers[item.messages[-1].message_id]
            for item in items_of(counted())
            if _is_link(item)
        }

    def _newest_first(self, place: Place, most: int | None) -> Iterator[Item]:
        limit = MAX_PAGE if most is None else min(MAX_PAGE, max(_LEAST_PAGE, most))

        def messages() -> Iterator[Message]:
            cursor = place.cursor()
            while True:
                page = self._store.list_messages(
                    place.session_id, user_id=self._user_id, limit=limit, cursor=cursor
                )
                yield from page.items
                if (cursor := page.next_cursor) is None:
                    return

        return items_of(messages(), newest_first=True)


def items_of_links(links: Iterable[Link], ends: Mapping[str, int | None]) -> Iterator[NewItem]:
    """Links as items to be appended; `ends` tells where those end that they follow in the log."""
    previous: str | None = None
    for link in links:
        value = {"parent": link.parent_id, "value": link.value}
        end = None if link.parent_id in (None, previous) else ends.get(link.parent_id)
        if end is not None:
            value["parentEnd"] = end
        yield NewItem(value, link.label, link.item_id)
        previous = link.item_id


def _is_link(item: Item) -> bool:
    return isinstance(item.value, dict) and {"parent", "value"} <= item.value.keys()


def _link(item: Item, session_id: str) -> Link:
    if not _is_link(item):
        raise CorruptSessionError("the store", session_id, "an item says not what it follows")
    value = item.value
    return Link(item.item_id, value["parent"], value["value"], item.messages[0].type)
