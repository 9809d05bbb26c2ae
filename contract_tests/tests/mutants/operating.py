"""Operators: erase, purge, scan and restore; and a store's own life."""

from typing import Any

from chatstore import (
    JsonObject,
    MemorySessionStore,
    Page,
    Session,
    SessionExistsError,
)
from chatstore.clock import Moment
from chatstore.engine.write import is_visible
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Record, StoredSession

from .mutant import LONG_AGO, EngineWithPolicy, caught_by


@caught_by("test_a_user_is_erased")
class ErasesTheLivingAlone(MemoryEngine):
    """`delete_user` leaves expired records."""

    def delete_user(self, user_id: str, now: Moment) -> int:
        documents = self.storage.documents
        kept = {
            key: stored
            for key, stored in documents.items()
            if not is_visible(now, None, owner=None, ttl=stored.get("ttl"))
        }
        count = super().delete_user(user_id, now)
        documents.update(kept)
        return count


@caught_by("test_a_user_is_erased")
class CountsTheDead(MemoryEngine):
    """`delete_user` counts expired records too."""

    def delete_user(self, user_id: str, now: Moment) -> int:
        return super().delete_user(user_id, LONG_AGO)


@caught_by("test_purge_takes_only_the_expired")
class PurgesOneAhead(MemoryEngine):
    """`purge_expired` takes what will expire within a month as well."""

    def purge(self, now: Moment) -> int:
        return super().purge(Moment(now.time.replace(year=now.time.year + 1)))


@caught_by("test_purge_takes_only_the_expired")
class PurgesNothing(MemoryEngine):
    """`purge_expired` leaves everything to the engine."""

    def purge(self, now: Moment) -> int:
        return 0


@caught_by("test_a_scan_shows_each_live_session")
class ScansOnePage(MemorySessionStore):
    """A scan ends with its first page."""

    def scan(self, *, limit: int = 100, cursor: str | None = None) -> Page[Session]:
        return Page(super().scan(limit=limit, cursor=cursor).items, None)


@caught_by("test_no_list_shows_an_expired_session")
class ScansTheExpired(MemoryEngine):
    """A scan shows expired sessions."""

    def scan(self, *, limit: int, after: str | None, now: Moment) -> Any:
        return super().scan(limit=limit, after=after, now=LONG_AGO)


class Restoring(EngineWithPolicy):
    """The reference store, its restore in two parts: what to do to the record, and what then."""

    def restore(self, session: StoredSession, **options: Any) -> bool:
        restored = super().restore(session, **options)
        if restored and session.session_id == "kept":
            self._spoil(self.storage.documents["kept"], options["now"])
        return restored

    def _spoil(self, stored: JsonObject, now: Moment) -> None:
        raise NotImplementedError


@caught_by("test_restore_writes_the_record_as_it_was")
class StampsWhatItRestores(Restoring):
    """`restore` sets `updated_at`."""

    def _spoil(self, stored: JsonObject, now: Moment) -> None:
        stored["updatedAt"] = now.text


@caught_by("test_an_expired_record_restores_invisible")
class RenewsWhatItRestores(Restoring):
    """`restore` starts the ttl anew."""

    def _spoil(self, stored: JsonObject, now: Moment) -> None:
        stored["ttl"] = now.seconds + (self.policy.ttl_seconds or 0)


@caught_by("test_restore_does_not_trim")
class TrimsWhatItRestores(Restoring):
    """`restore` trims to the restoring store's policy."""

    def _spoil(self, stored: JsonObject, now: Moment) -> None:
        del stored["messages"][: -(self.policy.max_messages or 1)]


@caught_by("test_restore_spares_the_living")
class RestoresOverTheLiving(MemorySessionStore):
    """`restore` overwrites without being told to."""

    def restore(self, session: Session, **options: Any) -> None:
        super().restore(session, **{**options, "overwrite": True})


@caught_by("test_restore_spares_the_living")
class NeverOverwrites(MemorySessionStore):
    """`restore` refuses a live session's id, even if told to overwrite."""

    def restore(self, session: Session, **options: Any) -> None:
        super().restore(session)


@caught_by("test_restore_replaces_the_expired")
class SparesTheExpired(MemorySessionStore):
    """`restore` is hindered by an expired session."""

    def restore(self, session: Session, **options: Any) -> None:
        if session.session_id in self.engine.storage.documents and not options.get("overwrite"):
            raise SessionExistsError(session.session_id)
        super().restore(session, **options)


@caught_by("test_a_closed_store_refuses_every_call")
class WorksAfterClose(MemorySessionStore):
    """A closed store goes on."""

    def close(self) -> None:
        pass


@caught_by("test_close_twice_is_fine")
class ClosesOnce(MemorySessionStore):
    """A second `close` fails."""

    def close(self) -> None:
        self.opened.require_usable()
        super().close()


@caught_by("test_closing_one_client_leaves_the_others")
class ClosesForAll(MemoryEngine):
    """Closing one client empties what the others share."""

    def close(self) -> None:
        self.storage.documents.clear()


class DriverError(Exception):
    """What a driver raises."""


@caught_by("test_a_missing_session_is_not_found")
class LetsErrorsThrough(MemoryEngine):
    """A missing session is the driver's own error."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        if session_id not in self.storage.documents:
            raise DriverError(session_id)
        return super().load(session_id, **options)
