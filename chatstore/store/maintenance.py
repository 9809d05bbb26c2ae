"""The operators' half of every store; `Maintenance` says what each method does."""

from collections.abc import Iterator
from datetime import UTC, datetime

from chatstore.clock import Moment
from chatstore.engine.cursor import decode_scan_cursor, encode_scan_cursor
from chatstore.engine.query import PageQuery
from chatstore.errors import SessionExistsError
from chatstore.models import Page, Session
from chatstore.protocol import Maintenance
from chatstore.record import limits
from chatstore.store import arguments
from chatstore.store.calls import HookCalls, public_call, public_walk
from chatstore.values.plain import require_flag

_BEFORE_ALL = Moment(datetime(1970, 1, 1, tzinfo=UTC))


class MaintenanceCalls(HookCalls, Maintenance):
    """`Maintenance` over the hooks."""

    @public_call
    def ping(self) -> None:
        self._call(self._ping, None)

    @public_walk
    def delete_user(self, user_id: str) -> int:
        now = self._now()
        owner = limits.require_id("user_id", user_id)
        return self._call(self._delete_user, None, owner, now)

    @public_walk
    def purge_expired(self) -> int:
        return self._call(self._purge, None, self._now())

    @public_call
    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        now = self._now()
        most = limits.require_limit(limit)
        after = None if cursor is None else decode_scan_cursor(cursor)
        found, token = self._call(self._scan, None, limit=most, after=after, now=now)
        items = [self._shown(self._decode(Session, body, session_id)) for session_id, body in found]
        return Page(items, None if token is None else encode_scan_cursor(token))

    @public_call
    def restore(self, session: Session, *, overwrite: bool = False) -> None:
        now = self._now()
        replaces = require_flag("overwrite", overwrite)
        record = arguments.restored(session)
        if not self._call(self._restore, record.session_id, record, overwrite=replaces, now=now):
            raise SessionExistsError(record.session_id)

    def stored_ids(self, user_id: str) -> Iterator[str]:
        """The ids of all that is stored of a user: expired or not by whatever clock, readable or
        not. A cache in front of this store must forget them when the user is erased."""
        after = None
        while True:
            query = PageQuery(
                user_id=user_id,
                now=_BEFORE_ALL,
                newest_first=False,
                limit=limits.MAX_PAGE,
                after=after,
                created_from=None,
                created_before=None,
                session_status=None,
            )
            found = self._call(self._page, None, query)
            yield from (position.session_id for position, _ in found)
            if len(found) < query.limit:
                return
            after = found[-1][0]
