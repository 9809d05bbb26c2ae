"""One session with history, small enough to look at every order of what happens to it."""

import itertools

from chatstore import Message
from chatstore.record.encode import stored_message
from chatstore.record.stored import StoredSession
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.conditional_write import OutdatedError
from chatstore_dynamodb.expressions import kept
from chatstore_dynamodb.history.chunks import Life, chunk_item, chunks_of
from chatstore_dynamodb.items import new_history_item

from .dynamodb_harness import TableHarness
from .stepping import Actor

WINDOW = 2
ARCHIVED = 4
TOTAL = 10
"""Messages 0 to 3 are in two chunks, 4 to 9 in the item, and 8 and 9 are the window."""

numbers = itertools.count()


def message(name: str) -> Message:
    return Message(message_id=name, type="user_query", content=name)


class Scene:
    """One session with history, and those who act on it."""

    def __init__(self, table: TableHarness, store: DynamoDBSessionStore) -> None:
        self.session_id = f"s{next(numbers)}"
        self.store = store
        self._table = table
        self.states: list[list[str]] = [[str(number) for number in range(TOTAL)]]
        """What the session held, one after the other, as its only writer knows."""
        messages = [stored_message(message(name)) for name in self.states[0]]
        now = "2026-01-01T00:00:00.000000Z"
        info = {
            "sessionId": self.session_id,
            "userId": "ana",
            "createdAt": now,
            "updatedAt": now,
            "userPreferences": {},
            "metadata": {},
            "messageCount": TOTAL,
            "sessionStatus": "active",
            "version": 7,
            "creationId": f"life of {self.session_id}",
            "history": WINDOW,
        }
        life = Life(f"history of {self.session_id}", self.session_id, "ana")
        item = new_history_item(
            StoredSession(info, []), messages[ARCHIVED:], life.history_id, ARCHIVED
        )
        table.client.put_item(TableName=table.table_name, Item=item)
        for first in (0, 2):
            some = [(each.document, each.weight) for each in messages[first : first + 2]]
            [chunk] = chunks_of(first, 0, some)
            table.client.put_item(TableName=table.history.table_name, Item=chunk_item(life, chunk))

    def archives(self, count: int) -> Actor:
        """An archiver that has read the item already."""
        engine = self.store.engine
        stored = engine.table.stored(self.session_id)
        assert stored is not None

        def archive() -> None:
            try:
                dropped = engine.histories.archive.put_oldest(stored, count)
            except OutdatedError:
                return
            engine.table.change(self.session_id, kept.drop(stored, dropped))

        return archive

    def archives_anew(self) -> None:
        """An archiver that reads the item first, and takes all that is beyond the window."""
        stored = self.store.engine.table.stored(self.session_id)
        assert stored is not None
        if len(stored.messages) > WINDOW:
            self.archives(len(stored.messages) - WINDOW)()

    def appends(self, *names: str) -> None:
        self.store.append(self.session_id, *map(message, names))
        self.states.append([*self.states[-1], *names])

    def amends(self, name: str) -> None:
        amended = Message(message_id=name, type="user_query", content=f"{name}!")
        self.store.amend(self.session_id, amended)
        self.states.append([f"{each}!" if each == name else each for each in self.states[-1]])

    def rewrites(self, *names: str, whole: bool = False) -> None:
        session = self.store.get(self.session_id)
        given = [message(name) for name in names]
        self.store.rewrite(self.session_id, given, if_version=session.version, whole=whole)
        before = [] if whole else self.states[-1][: len(self.states[-1]) - len(session.messages)]
        self.states.append([*before, *names])

    def reads(self, *, newest_first: bool) -> list[str]:
        items = self.store.list_messages(
            self.session_id, newest_first=newest_first, limit=100
        ).items
        contents = [str(each.content) for each in items]
        return contents[::-1] if newest_first else contents

    def require_whole(self) -> None:
        """All is there that the last write left, in the order of arrival, and the item is as it
        must be."""
        expected = self.states[-1]
        for newest_first in (True, False):
            assert self.reads(newest_first=newest_first) == expected
        session = self.store.get(self.session_id)
        assert [each.content for each in session.messages] == expected[-WINDOW:]
        assert session.message_count == len(expected)
        stored = self.store.engine.table.stored(self.session_id)
        assert stored is not None
        assert stored.archived + len(stored.messages) == len(expected)
        assert len(stored.messages) >= min(WINDOW, len(expected))
        assert stored.exact_bytes == sum(stored.weights)
