"""The demonstration's steps: each does something to a store, shows what the store answered, and
checks it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chatstore.cli import demo_script
from chatstore.cli.rendering import time_text
from chatstore.clock import ManualClock
from chatstore.errors import SessionNotFoundError
from chatstore.models import Message, Page, Session, SessionInfo, new_id
from chatstore.protocol import MaintainedSessionStore

_PAGE = 3
_LOOKS = 50
_BETWEEN_LOOKS = 0.1


class Stage(Protocol):
    """Where the demonstration is shown."""

    def heading(self, title: str, meaning: str) -> None:
        """Begin a step."""
        ...

    def line(self, text: str) -> None:
        """Show one line of what the store answered."""
        ...

    def check(self, claim: str, *, holds: bool) -> None:
        """Show a claim and whether it holds."""
        ...


class Demonstration:
    """Five steps with two users of its own on a store that goes by `clock`."""

    def __init__(self, store: MaintainedSessionStore, clock: ManualClock, stage: Stage) -> None:
        self._store = store
        self._clock = clock
        self._stage = stage
        self._start = clock.now
        self._user = f"demo-{new_id()}"
        self._stranger = f"demo-{new_id()}"
        self._made: list[str] = []

    def run(self) -> None:
        """Take all steps, in their order."""
        session = self._create(demo_script.TITLES[0])
        newest = self._keep_the_newest(session)
        self._send_again(session, newest)
        for title in demo_script.TITLES[1:]:
            self._clock.advance(timedelta(minutes=1))
            self._create(title)
        self._list_newest_first()
        self._keep_strangers_out(session)
        self._expire(session)

    def clean_up(self) -> None:
        """Delete all that was made, expired or not."""
        # Back to when all was alive: what has expired can't be deleted by its id.
        self._clock.now = self._start
        for session_id in self._made:
            self._store.delete(session_id)

    def _create(self, title: str) -> Session:
        session_id = new_id()
        # Noted first: a call that fails may have written all the same.
        self._made.append(session_id)
        return self._store.create(
            self._user,
            session_id=session_id,
            metadata={"title": title},
            user_preferences=demo_script.PREFERENCES,
        )

    def _keep_the_newest(self, session: Session) -> Message:
        self._stage.heading(
            "The window", "13 messages are appended, one by one; the newest 10 stay."
        )
        sent = demo_script.conversation()
        for message in sent:
            self._clock.advance(timedelta(seconds=20))
            self._store.append(session.session_id, message)
        read = self._store.get(session.session_id)
        for place, message in enumerate(read.messages, start=1):
            self._stage.line(f"{place:2}  {message.type:14}  {message.content}")
        kept = [message.message_id for message in read.messages]
        self._stage.check(
            f"{len(read.messages)} messages kept, the newest, in the order sent",
            holds=kept == [message.message_id for message in sent[-10:]],
        )
        self._stage.check(
            f"messageCount is {read.message_count}", holds=read.message_count == len(sent) == 13
        )
        return sent[-1]

    def _send_again(self, session: Session, message: Message) -> None:
        self._stage.heading(
            "Exactly once", "The last message is sent again, as after a lost answer."
        )
        before = self._store.get(session.session_id)
        self._store.append(session.session_id, message)
        after = self._store.get(session.session_id)
        copies = sum(kept.message_id == message.message_id for kept in after.messages)
        self._stage.line(f"before: count {before.message_count}, version {before.version}")
        self._stage.line(f"after:  count {after.message_count}, version {after.version}")
        self._stage.check(
            f"the message is stored {copies} time, and nothing changed",
            holds=copies == 1 and after == before,
        )

    def _list_newest_first(self) -> None:
        self._stage.heading(
            "A user's sessions",
            f"There are {len(self._made)} now. They are listed newest first, {_PAGE} to a page.",
        )
        newest_first = self._made[::-1]
        first = self._settled_page(None, newest_first[:_PAGE])
        self._show_page("page 1", first)
        self._stage.check(
            "the newest 3, and a cursor to the next page",
            holds=_ids(first) == newest_first[:_PAGE] and first.next_cursor is not None,
        )
        # Without a cursor there is no second page to ask for.
        second: Page[SessionInfo] = Page([])
        if first.next_cursor is not None:
            second = self._settled_page(first.next_cursor, newest_first[_PAGE:])
        self._show_page("page 2", second)
        self._stage.check(
            "the other 2, none twice, none left out, and no cursor",
            holds=_ids(second) == newest_first[_PAGE:] and second.next_cursor is None,
        )

    def _settled_page(self, cursor: str | None, expected: list[str]) -> Page[SessionInfo]:
        """A page, asked for again while the index of users lags: DynamoDB's may, by a little."""
        looks = 0
        while True:
            page = self._store.list_sessions(self._user, limit=_PAGE, cursor=cursor)
            looks += 1
            if _ids(page) == expected or looks == _LOOKS:
                return page
            time.sleep(_BETWEEN_LOOKS)

    def _show_page(self, name: str, page: Page[SessionInfo]) -> None:
        for info in page.items:
            title = str(info.metadata.get("title"))
            self._stage.line(f"{name}  {time_text(info.created_at)}  {title}")
        self._stage.line(f"{name}  next cursor: {_shortened(page.next_cursor)}")

    def _keep_strangers_out(self, session: Session) -> None:
        self._stage.heading(
            "Somebody else", "Another user asks for the session, and for one that never was."
        )
        theirs = self._refusal(lambda: self._store.get(session.session_id, user_id=self._stranger))
        nowhere = new_id()
        missing = self._refusal(lambda: self._store.get(nowhere, user_id=self._stranger))
        self._stage.line(f"this session:    {theirs or 'was shown'}")
        self._stage.line(f"one of no one's: {missing or 'was shown'}")
        same = theirs.replace(session.session_id, nowhere) == missing
        self._stage.check(
            "the session is answered as not found, as if it did not exist",
            holds=theirs != "" and same,
        )
        owned = self._store.get(session.session_id, user_id=self._user)
        self._stage.check("its owner still reads it", holds=owned.user_id == self._user)

    def _expire(self, session: Session) -> None:
        self._stage.heading(
            "Expired is gone", "The store's clock is moved to where the session expires."
        )
        read = self._store.get(session.session_id)
        end = datetime.fromtimestamp(read.ttl or 0, UTC)
        self._stage.line(f"last written {time_text(read.updated_at)}")
        self._clock.now = end - timedelta(seconds=1)
        there = self._refusal(lambda: self._store.get(session.session_id))
        self._stage.line(f"at {time_text(self._clock.now)}: {there or 'there'}")
        self._clock.now = end
        gone = self._refusal(lambda: self._store.get(session.session_id))
        self._stage.line(f"at {time_text(self._clock.now)}: {gone or 'there'}")
        self._stage.check(
            "it is there one second before, and gone at the instant",
            holds=there == "" and gone != "",
        )

    def _refusal(self, read: Callable[[], object]) -> str:
        """How the store said "not found"; empty if it answered."""
        try:
            read()
        except SessionNotFoundError as error:
            return f"{type(error).__name__}: {error}"
        return ""


def _ids(page: Page[SessionInfo]) -> list[str]:
    return [info.session_id for info in page.items]


def _shortened(cursor: str | None) -> str:
    if cursor is None:
        return "none"
    return cursor if len(cursor) <= 30 else f"{cursor[:30]}..."
