"""The protocol between a client, the cache and the primary: each call, step by step, without I/O.

A call is a generator. It yields what is to be asked or told, and is sent the answer, or has the
primary's error thrown into it; to close it is to give the call up. Whoever runs it makes one step
of one call at a time, and sets `knowledge.now` before each: time stands still within a step.
`chatstore.cache.client` runs calls on a real cache and primary; the test suite runs the same calls
in every order.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from chatstore.cache.knowledge import Knowledge
from chatstore.cache.protocol import Marker, Version
from chatstore.errors import InvalidInputError, SessionExistsError, VersionConflictError
from chatstore.models import Message, Page, Session, SessionInfo

Result = TypeVar("Result")


class AskCache(NamedTuple):
    """What has the cache of these sessions? The answer is `Found`."""

    session_ids: Sequence[str]


class Found(NamedTuple):
    """Of the snapshots that the cache has, those that this reader may be shown."""

    sessions: Sequence[Session]
    unreadable: Sequence[str] = ()
    """The ids of those that can't be read."""


class CallPrimary(NamedTuple):
    """Make the call on the primary, for these sessions where it is for several. The answer is its
    result, and its error is thrown."""

    session_ids: Sequence[str]


News = Sequence[tuple[Version, Session]]
"""Sessions, each with the version that it is."""


class Put(NamedTuple):
    """Put these in the cache: what the primary answered to a question that was asked at `asked_at`,
    and whether it was asked to write."""

    news: News
    asked_at: float
    wrote: bool


class Mark(NamedTuple):
    """Leave a marker in the cache."""

    session_id: str
    marker: Marker


class Bury(NamedTuple):
    """Leave tombstones in the cache. The answer is whether the cache took them."""

    session_ids: Sequence[str]


Request = AskCache | CallPrimary | Put | Mark | Bury
Steps = Generator[Request, Any, Result]


class Machine:
    """One client's calls, with what it knows between them.

    `max_staleness` is how long an entry of the cache lives; `remembered` how many sessions the
    client may keep in mind.
    """

    def __init__(self, max_staleness: float, *, remembered: int) -> None:
        # A snapshot may be read as long as it lives, and its answer is on its way after that.
        self.knowledge = Knowledge(kept=2 * max_staleness, most=remembered)
        self.latest = max_staleness / 2
        """How long an answer of the cache may take. What could contradict a later one may have
        been forgotten meanwhile."""
        self.hits = 0
        self.misses = 0

    def read(
        self, session_ids: Sequence[str], *, writes: bool = False, is_part: bool = False
    ) -> Steps[dict[str, Session]]:
        """Have the cache answer, and for what it can't the primary: sessions by id. The primary's
        call is for those that are missing, and its result is the sessions that it found; it may be
        one that `writes`, or one that `is_part` of them only."""
        shown = yield from self._recall(session_ids)
        self.hits += len(shown)
        if len(shown) < len(session_ids):
            missing = [session_id for session_id in session_ids if session_id not in shown]
            self.misses += len(missing)
            answer = yield from self.ask(missing, wrote=writes, is_part=is_part)
            for session in answer:
                shown[session.session_id] = session
            for session_id in missing:
                if session_id not in shown:
                    self.knowledge.doubt(session_id)
        return shown

    def ask(
        self, session_ids: Sequence[str], *, wrote: bool, is_part: bool = False
    ) -> Steps[Sequence[Session]]:
        """Have the primary answer with sessions, and put them in the cache. It must hear of every
        write; a read that another call overtook has nothing to say, nor has one that `is_part` of
        its sessions only."""
        knowledge = self.knowledge
        began, asked_at = knowledge.begin(), knowledge.now
        sessions: Sequence[Session] = yield from self._answer(session_ids)
        news: list[tuple[Version, Session]] = []
        due: list[str] = []
        for session in sessions:
            session_id, version = session.session_id, Version.of(session)
            heard = knowledge.answered(session_id, version, began)
            if not (wrote or heard.is_last_word):
                continue
            if heard.owes:
                due.append(session_id)
            elif not is_part:
                news.append((version, session))
        if news:
            yield Put(news, asked_at, wrote)
        if due:
            yield from self._bury(due)
        return sessions

    def messages(self, session_id: str) -> Steps[Page[Message]]:
        """Have the primary list messages of a session, which the cache does not hold, and take note
        of the version that they are of."""
        page: Page[Message] = yield from self._answer([session_id])
        version = Version.of_page(page)
        if version is None:
            # Nobody can tell whether what the cache holds is older.
            self.knowledge.doubt(session_id)
        else:
            self.knowledge.listed(session_id, version)
        return page

    def mark(self, session_id: str) -> Steps[SessionInfo]:
        """Have the primary write and answer without a window, and leave a marker."""
        knowledge = self.knowledge
        began = knowledge.begin()
        info: SessionInfo = yield from self._answer([session_id])
        version = Version.of(info)
        if knowledge.answered(session_id, version, began).owes:
            yield from self._bury([session_id])
        else:
            yield Mark(session_id, Marker(version.life, version.number))
        return info

    def remove(self, session_id: str) -> Steps[bool]:
        """Have the primary remove or replace a session, and leave a tombstone. The result is
        whether it did."""
        try:
            removed: bool = yield CallPrimary([session_id])
        except (InvalidInputError, GeneratorExit):
            raise
        except (SessionExistsError, VersionConflictError):
            self.knowledge.doubt(session_id)
            raise
        except BaseException:
            # Nobody knows whether it happened.
            yield from self._bury([session_id])
            raise
        if removed:
            yield from self._bury([session_id])
        else:
            self.knowledge.doubt(session_id)
        return removed

    def erase(self, session_ids: Sequence[str], *, are_all: bool) -> Steps[int]:
        """Have the primary erase a user, and leave tombstones. These are the user's sessions, all
        of them or as far as they could be listed; the result is how many were erased."""
        if not are_all:
            # Erasing goes before: what could not be listed is not read from the cache here.
            self.knowledge.doubt_all()
        try:
            erased: int = yield CallPrimary(())
        except GeneratorExit:
            raise
        except BaseException:
            yield from self._bury(session_ids)
            raise
        yield from self._bury(session_ids)
        if erased > len(session_ids):
            self.knowledge.doubt_all()
        return erased

    def page(self) -> Steps[Any]:
        """Have the primary list sessions, and take note of what its page shows."""
        page: Page[Session] | Page[SessionInfo] = yield CallPrimary(())
        for session in page.items:
            self.knowledge.listed(session.session_id, Version.of(session))
        return page

    def _recall(self, session_ids: Sequence[str]) -> Steps[dict[str, Session]]:
        """What the cache has, and this client may return."""
        knowledge = self.knowledge
        began, asked_at = knowledge.begin(), knowledge.now
        found: Found = yield AskCache(session_ids)
        if knowledge.now - asked_at > self.latest:
            return {}
        for session_id in found.unreadable:
            # It has to go: a put of the same version might not replace it.
            knowledge.owe(session_id)
        shown: dict[str, Session] = {}
        for session in found.sessions:
            if knowledge.admits(session.session_id, Version.of(session), began):
                shown[session.session_id] = session
        return shown

    def _answer(self, session_ids: Sequence[str]) -> Steps[Any]:
        """The primary's answer. After a call that failed the cache does not count until the primary
        was read: it may have been carried out, or have met what the cache does not show."""
        try:
            return (yield CallPrimary(session_ids))
        except (InvalidInputError, GeneratorExit):
            raise
        except BaseException:
            for session_id in session_ids:
                self.knowledge.doubt(session_id)
            raise

    def _bury(self, session_ids: Sequence[str]) -> Steps[None]:
        """Leave tombstones; until the cache took them, they are owed."""
        if not session_ids:
            return
        tickets = {session_id: self.knowledge.owe(session_id) for session_id in session_ids}
        if (yield Bury(session_ids)):
            for session_id, ticket in tickets.items():
                self.knowledge.settle(session_id, ticket)
