"""What one client knows of the sessions that it has returned, and so may no longer contradict.

The cache may have missed a message, come back as it was, or hold what another client put there
late. So each client remembers, for as long as a snapshot can live, what it returned last; the rules
are pure functions on what it knows of one session, and `Knowledge` keeps that of all.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import NamedTuple

from chatstore.cache.protocol import Version


@dataclass(frozen=True, slots=True)
class Standing:
    """What this client knows of a session. Tickets are numbers that count up with every request and
    every change: an answer to a request that began before a change does not undo it."""

    version: Version | None
    """The last one returned here; None: no snapshot counts until the primary was asked."""
    owes: int | None
    """The ticket of a removal whose tombstone the cache has not taken: until it does, no snapshot
    counts."""
    since: int
    """The ticket from which on this life is known here."""
    changed: int
    """The ticket of the last change."""


def counts(standing: Standing | None, found: Version, began: int) -> bool:
    """Whether a snapshot of version `found`, asked for at ticket `began`, is an answer."""
    if standing is None:
        return True
    last = standing.version
    return (
        last is not None
        and standing.owes is None
        and last.life == found.life
        and last.number <= found.number
        and standing.since <= began
    )


def after_hit(standing: Standing | None, found: Version, ticket: int) -> Standing:
    """The standing after a snapshot that counts was returned."""
    since = 0 if standing is None else standing.since
    return Standing(found, None, since, ticket)


def after_answer(
    standing: Standing | None, found: Version, began: int, ticket: int
) -> tuple[Standing, bool]:
    """The standing after the primary answered a call that began at ticket `began`; and whether that
    answer is known to be the last word."""
    if standing is None or standing.changed <= began:
        owes = None if standing is None else standing.owes
        goes_on = (
            standing is not None
            and standing.version is not None
            and standing.version.life == found.life
            # A restored session may have gone back.
            and standing.version.number <= found.number
        )
        since = standing.since if standing is not None and goes_on else ticket
        return Standing(found, owes, since, ticket), True
    last = standing.version
    if last is not None and last.life == found.life and last.number <= found.number:
        return replace(standing, version=found, changed=ticket), True
    # Another call changed this meanwhile, and nobody can tell which of the two is the later one: a
    # lower version may be the elder, or that of a session restored since.
    return doubted(standing, ticket), False


def after_listing(standing: Standing | None, found: Version, ticket: int) -> Standing:
    """The standing after a listing showed `found`. Listings may lag, so they never take back."""
    if standing is None:
        return Standing(found, None, 0, ticket)
    last = standing.version
    if last is None:
        return standing
    if last.life != found.life:
        return doubted(standing, ticket)
    newest = found if found.number > last.number else last
    return replace(standing, version=newest, changed=ticket)


def doubted(standing: Standing | None, ticket: int) -> Standing:
    """The standing after a call that failed, or found nothing: the primary must be asked."""
    return Standing(None, None if standing is None else standing.owes, ticket, ticket)


def buried(ticket: int) -> Standing:
    """The standing after the session was removed or restored, until the cache took the
    tombstone."""
    return Standing(None, ticket, ticket, ticket)


def settled(standing: Standing | None, at: int) -> Standing | None:
    """The standing after the cache took a tombstone that was sent at ticket `at`."""
    if standing is None or standing.owes is None or standing.owes > at:
        return standing
    return replace(standing, owes=None)


class Heard(NamedTuple):
    """What an answer of the primary's is worth."""

    is_last_word: bool
    """Whether it is known to be the latest state; if not, another call overtook it."""
    owes: bool
    """Whether the session's tombstone is still due."""


class Knowledge:
    """The standings of the sessions that a client saw within `kept` seconds: no snapshot is older.

    It holds `most` of them. What has to be forgotten early leaves the same doubt about every
    session that is not remembered, for as long as it would have been remembered itself. It has no
    clock and no lock: whoever uses it sets `now`, by one clock, and does one thing at a time.
    """

    def __init__(self, *, kept: float, most: int) -> None:
        self.kept = kept
        self.most = most
        self.now = 0.0
        self.standings: OrderedDict[str, tuple[Standing, float]] = OrderedDict()
        """By session, with the time at which each may be forgotten, the earliest first."""
        self._ticket = 0
        self._others: tuple[Standing, float] | None = None
        """The standing of every session that is not remembered."""

    def begin(self) -> int:
        """A ticket, to be drawn before a request is sent."""
        self._ticket += 1
        return self._ticket

    def admits(self, session_id: str, found: Version, began: int) -> bool:
        """Whether a snapshot counts; if so, it is now the last that was returned."""
        standing = self._standing(session_id)
        if not counts(standing, found, began):
            return False
        self._keep(session_id, after_hit(standing, found, self.begin()))
        return True

    def answered(self, session_id: str, found: Version, began: int) -> Heard:
        """Take note of the primary's answer."""
        standing, is_last_word = after_answer(
            self._standing(session_id), found, began, self.begin()
        )
        self._keep(session_id, standing)
        return Heard(is_last_word, standing.owes is not None)

    def listed(self, session_id: str, found: Version) -> None:
        """Take note of what a listing showed."""
        self._keep(session_id, after_listing(self._standing(session_id), found, self.begin()))

    def doubt(self, session_id: str) -> None:
        """Let no snapshot count until the primary was asked."""
        self._keep(session_id, doubted(self._standing(session_id), self.begin()))

    def doubt_all(self) -> None:
        """`doubt`, for every session there is."""
        ticket = self.begin()
        for session_id, (standing, until) in self.standings.items():
            self.standings[session_id] = (doubted(standing, ticket), until)
        self._doubt_others(doubted(None, ticket), self.now + self.kept)

    def owe(self, session_id: str) -> int:
        """Let no snapshot count until the cache took a tombstone; a ticket for `settle`."""
        ticket = self.begin()
        self._keep(session_id, buried(ticket))
        return ticket

    def settle(self, session_id: str, ticket: int) -> None:
        """The cache took the tombstone that was sent after `ticket` was drawn."""
        standing = settled(self._standing(session_id), ticket)
        if standing is not None:
            self._keep(session_id, standing)

    def _standing(self, session_id: str) -> Standing | None:
        for kept in (self.standings.get(session_id), self._others):
            if kept is not None and self.now < kept[1]:
                return kept[0]
        return None

    def _keep(self, session_id: str, standing: Standing) -> None:
        self.standings[session_id] = (standing, self.now + self.kept)
        self.standings.move_to_end(session_id)
        while self.standings:
            session_id, (standing, until) = next(iter(self.standings.items()))
            if self.now < until:
                if len(self.standings) <= self.most:
                    return
                self._doubt_others(doubted(standing, self.begin()), until)
            del self.standings[session_id]

    def _doubt_others(self, standing: Standing, until: float) -> None:
        if self._others is not None and self.now < self._others[1]:
            others, others_until = self._others
            standing = replace(standing, owes=standing.owes or others.owes)
            until = max(until, others_until)
        self._others = (standing, until)
