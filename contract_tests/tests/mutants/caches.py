"""Caches, each the reference cache with one defect, and the test of `SessionCacheContract` that
catches it."""

import threading
import time
from collections.abc import Mapping, Sequence

from chatstore.cache.protocol import Entry, Marker, Snapshot, Tombstone

from .cache_mutant import Opened, When, caught_by


@caught_by("test_a_snapshot_comes_back_as_it_went")
class StoresText(Opened):
    """Bodies are taken for text: what is none is replaced."""

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        return {
            key: Snapshot(each.life, each.version, each.body.decode(errors="replace").encode())
            for key, each in super().get(session_ids).items()
        }


@caught_by("test_any_id_is_a_key_of_its_own")
class FoldsIds(Opened):
    """Ids are keys without regard to case and outer blanks."""

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        keys = {session_id: session_id.strip().lower() for session_id in session_ids}
        found = super().get(list(keys.values()))
        return {each: found[key] for each, key in keys.items() if key in found}

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        folded = {key.strip().lower(): each for key, each in snapshots.items()}
        return super().put(folded, asked_at=asked_at, lapse=lapse, wrote=wrote)


@caught_by("test_what_is_not_there_is_left_out")
class AllOrNothing(Opened):
    """`get` answers nothing unless it has all that is asked for."""

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        found = super().get(session_ids)
        return found if len(found) == len(session_ids) else {}


@caught_by("test_all_clients_see_one_cache")
class BuriesNothing(Opened):
    """A tombstone is thrown away, and what lies there stays."""

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        pass


@caught_by("test_a_lower_version_is_refused")
class LastComesFirst(Opened):
    """Whatever comes last wins, be it an older version."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        is_older = isinstance(stored, Snapshot | Marker) and stored.version > arriving.version
        return super().met(None if is_older else stored, arriving, when)


@caught_by("test_a_higher_version_takes_the_place")
class ComparesTexts(Opened):
    """Versions are compared as texts: 10 comes before 9."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        if isinstance(stored, Snapshot | Marker) and str(stored.version) > str(arriving.version):
            return stored
        return super().met(stored, arriving, when)


@caught_by("test_an_equal_version_takes_the_place")
class KeepsEquals(Opened):
    """A snapshot of the version that is there is refused."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        if isinstance(stored, Snapshot) and stored.version == arriving.version:
            return stored
        return super().met(stored, arriving, when)


@caught_by("test_a_marker_is_a_miss")
class IgnoresMarkers(Opened):
    """A marker is thrown away."""

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        pass


@caught_by("test_a_marker_says_less_than_a_snapshot")
class MarkersDelete(Opened):
    """A marker takes the place of whatever is there."""

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        self._entries[session_id] = (marker, self._monotonic() + lapse)


@caught_by("test_where_two_lives_meet_neither_stays")
class TrustsTheLater(Opened):
    """Of two lives the one that comes later stays."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        is_other = isinstance(stored, Snapshot | Marker) and stored.life != arriving.life
        return super().met(None if is_other else stored, arriving, when)


@caught_by("test_a_tombstone_keeps_out_what_was_asked_for_before")
class IgnoresQuestions(Opened):
    """A tombstone lets in whatever comes after it, whenever that was asked for."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        return super().met(stored, arriving, when._replace(asked=when.now))


@caught_by("test_a_tombstone_lets_in_what_was_asked_for_since")
class NeverLetsIn(Opened):
    """Where a tombstone lies nothing comes in until it lapses."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        if isinstance(stored, Tombstone):
            return stored
        return super().met(stored, arriving, when)


@caught_by("test_a_write_makes_a_tombstone_new")
class DeafTombstones(Opened):
    """What a write says to a tombstone is forgotten."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        if isinstance(stored, Tombstone):
            when = when._replace(wrote=False)
        return super().met(stored, arriving, when)


@caught_by("test_a_read_leaves_a_tombstone_as_it_is")
class NervousTombstones(Opened):
    """Whatever a tombstone refuses makes it new, a read's put as well."""

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        return super().met(stored, arriving, when._replace(wrote=True))


@caught_by("test_a_second_tombstone_begins_anew")
class BuriesOnce(Opened):
    """Where a tombstone lies already, a second one is thrown away."""

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        new = [each for each in session_ids if not isinstance(self._entry(each), Tombstone)]
        super().bury(new, lapse=lapse)


@caught_by("test_a_snapshot_lapses_with_its_question")
class CountsFromArrival(Opened):
    """A snapshot lives for a whole lapse from when it comes, however old its question is."""

    def until(self, when: When, lapse: float) -> float:
        return when.now + lapse


@caught_by("test_what_is_refused_lengthens_nothing")
class KeepsAlive(Opened):
    """Whatever comes begins the lapse anew, even if it is refused."""

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        super().mark(session_id, marker, lapse=lapse)
        entry = self._entry(session_id)
        if entry is not None:
            self._entries[session_id] = (entry, self._monotonic() + lapse)


@caught_by("test_a_marker_lives_for_a_whole_lapse")
class ForgetsMarkers(Opened):
    """A marker lives for half a lapse."""

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        super().mark(session_id, marker, lapse=lapse / 2)


@caught_by("test_a_tombstone_lives_for_a_whole_lapse")
class ForgetsTombstones(Opened):
    """A tombstone lives for half a lapse."""

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        super().bury(session_ids, lapse=lapse / 2)


@caught_by("test_a_late_answer_is_none")
class TakesLateAnswers(Opened):
    """A snapshot is an answer as long as it lives, and whenever its question seems to have been."""

    def arrived(self, snapshot: Snapshot, lapse: float, when: When) -> Snapshot | Marker | None:
        return snapshot


@caught_by("test_a_late_write_is_a_marker")
class DropsLateWrites(Opened):
    """What comes too late is thrown away, though it was a write."""

    def arrived(self, snapshot: Snapshot, lapse: float, when: When) -> Snapshot | Marker | None:
        left = super().arrived(snapshot, lapse, when)
        return left if isinstance(left, Snapshot) else None


@caught_by("test_a_late_read_says_nothing")
class MarksLateReads(Opened):
    """What a read puts too late is taken for a marker."""

    def arrived(self, snapshot: Snapshot, lapse: float, when: When) -> Snapshot | Marker | None:
        return super().arrived(snapshot, lapse, when._replace(wrote=True))


@caught_by("test_each_session_is_met_for_itself")
class OneForAll(Opened):
    """Of several snapshots all are refused where one is."""

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        before = dict(self._entries)
        refused = super().put(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote)
        if refused:
            self._entries = before
        return len(snapshots) if refused else 0


@caught_by("test_of_many_at_once_the_highest_stays")
class ReadsThenWrites(Opened):
    """A put looks first and writes then, and somebody else may come in between."""

    def _held(self) -> threading.Lock:
        return threading.Lock()

    def met(self, stored: Entry | None, arriving: Snapshot | Marker, when: When) -> Entry:
        time.sleep(0.0005)
        return super().met(stored, arriving, when)


@caught_by("test_closing_twice_does_nothing")
class ClosesOnce(Opened):
    """A second `close` fails."""

    def close(self) -> None:
        del self._monotonic


@caught_by("test_any_messages_do_what_the_rules_say")
class ShortLives(Opened):
    """A snapshot that takes a marker's place lapses at once when half of its life is over."""

    def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
        found = super().get(session_ids)
        now = self._monotonic()
        return {key: each for key, each in found.items() if self._entries[key][1] - now > 600}
