"""A user's index: a sorted set of the sessions' positions, in another slot than the sessions.

It is a projection, and may hold a member too many: of a session that is gone, or that its `create`
has yet to write. So a listing looks at the sessions themselves, and a member is removed only when
no `create` can be waiting for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from chatstore.clock import Moment
from chatstore.engine import Body, PageQuery, Position, is_visible
from chatstore_redis import answers
from chatstore_redis.commands import Command, command
from chatstore_redis.deployment import Deployment
from chatstore_redis.keys import Keys, lexical_range, member, position
from chatstore_redis.scripts import INFO

_YOUTH = timedelta(hours=1)
"""How old a member must be before it may be removed: far more than any `create` takes."""

_CHUNK = 1_000
_ROUND = 100
"""The least number of members that a further round of a listing looks at."""


class UserIndex:
    """The indexes of all users."""

    def __init__(self, deployment: Deployment, keys: Keys) -> None:
        self.deployment = deployment
        self.keys = keys

    def add(self, user_id: str, *positions: Position) -> int:
        """Add members; those that are there stay. How many were not."""
        return int(self.deployment.send_all([self._addition(user_id, positions)])[0])

    def add_all(self, by_user: Mapping[str, Sequence[Position]]) -> None:
        """Add members of several users."""
        self.deployment.send_all([self._addition(*each) for each in by_user.items()])

    def remove(self, user_id: str, positions: Sequence[Position]) -> None:
        """Remove members, one at least, whose sessions were gone, and put back those whose sessions
        have come since."""
        self.deployment.send("ZREM", self.keys.index(user_id), *map(member, positions))
        back = [
            each
            for each, info in zip(positions, self._infos(positions), strict=True)
            if _is_of(info, user_id, each)
        ]
        if back:
            self.add(user_id, *back)

    def forget(
        self, user_id: str, positions: Sequence[Position], erased: Sequence[bool], now: Moment
    ) -> None:
        """Remove members whose sessions were erased, and the dead ones that are old. A young one
        may belong to a `create` in progress, whose session no list would show without it."""
        oldest_young = now.earlier(_YOUTH).text
        gone = [
            each
            for each, was_there in zip(positions, erased, strict=True)
            if was_there or each.created_at < oldest_young
        ]
        if gone:
            self.remove(user_id, gone)

    def page(self, query: PageQuery) -> list[tuple[Position, Body]]:
        """What `_page` returns. It removes the dead members that it meets."""
        found: list[tuple[Position, Body]] = []
        after = query.after
        count = query.limit if query.session_status is None else max(query.limit, _ROUND)
        while True:
            positions = self._positions(query, after, count)
            dead: list[Position] = []
            for each, info in zip(positions, self._infos(positions), strict=True):
                if not _is_of(info, query.user_id, each):
                    dead.append(each)
                elif _matches(info, query):
                    found.append((each, answers.session_json(info, None)))
            self._bury(query.user_id, dead, query.now)
            if len(found) >= query.limit or len(positions) < count:
                return found[: query.limit]
            after = positions[-1]
            count = max(query.limit - len(found), _ROUND)

    def walk(self, user_id: str, now: Moment) -> Iterator[list[Position]]:
        """All members of a user, in chunks. Members may be removed on the way."""
        everything = PageQuery(user_id, now, False, _CHUNK, None, None, None, None)
        after: Position | None = None
        while positions := self._positions(everything, after, _CHUNK):
            yield positions
            if len(positions) < _CHUNK:
                return
            after = positions[-1]

    def clean(self, user_id: str, now: Moment) -> Iterator[None]:
        """Remove the dead members of a user, in chunks."""
        for positions in self.walk(user_id, now):
            dead = [
                each
                for each, info in zip(positions, self._infos(positions), strict=True)
                if not _is_of(info, user_id, each)
            ]
            self._bury(user_id, dead, now)
            yield

    def _addition(self, user_id: str, positions: Sequence[Position]) -> Command:
        scored = [part for each in positions for part in (0, member(each))]
        return command("ZADD", self.keys.index(user_id), *scored)

    def _bury(self, user_id: str, dead: Sequence[Position], now: Moment) -> None:
        oldest_young = now.earlier(_YOUTH).text
        old = [each for each in dead if each.created_at < oldest_young]
        for start in range(0, len(old), _CHUNK):
            self.remove(user_id, old[start : start + _CHUNK])

    def _positions(self, query: PageQuery, after: Position | None, count: int) -> list[Position]:
        low, high = lexical_range(
            after=after,
            newest_first=query.newest_first,
            created_from=query.created_from,
            created_before=query.created_before,
        )
        ends = (high, low, "BYLEX", "REV") if query.newest_first else (low, high, "BYLEX")
        members = self.deployment.send(
            "ZRANGE", self.keys.index(query.user_id), *ends, "LIMIT", 0, count
        )
        return [position(found) for found in members]

    def _infos(self, positions: Sequence[Position]) -> list[answers.Info]:
        keys = [self.keys.session(each.session_id) for each in positions]
        found = self.deployment.run_over(INFO, keys)
        return [answers.info_and_messages(answer)[0] for answer in found]


def _is_of(info: answers.Info, user_id: str, member_position: Position) -> bool:
    """Whether the session that a member names is there, expired or not."""
    return answers.owner(info) == user_id and answers.created_at(info) == member_position.created_at


def _matches(info: answers.Info, query: PageQuery) -> bool:
    return is_visible(
        query.now, query.user_id, owner=answers.owner(info), ttl=answers.ttl(info)
    ) and query.session_status in (None, answers.status(info))
