"""The contract for caches: the rules of `chatstore.cache.protocol`, as a test suite."""

import random
from functools import partial

import pytest

from chatstore.cache.protocol import Snapshot
from chatstore_contract_tests.cache_calls import (
    ANOTHER,
    ID,
    LAPSE,
    CacheCalls,
    Step,
    at_once,
    snapshot,
)
from chatstore_contract_tests.cache_harness import CacheHarness, MemoryCacheHarness


class SessionCacheContract:
    """Every promise that a `SessionCache` makes. Derive from it, and give it a fixture `harness`
    that yields a `CacheHarness`."""

    @pytest.fixture
    def cache(self, harness: CacheHarness) -> CacheCalls:
        """The cache, empty."""
        return CacheCalls(harness)

    @pytest.mark.parametrize("body", [b"", b"\x00\xff\n\n", "ü".encode() * 100_000])
    def test_a_snapshot_comes_back_as_it_went(self, cache: CacheCalls, body: bytes) -> None:
        """What `put` took, `get` returns: life, version and body, byte for byte."""
        given = Snapshot("at 0001-01-01T00:00:00+00:00 ü", 2**53, body)
        assert cache.put(given)
        assert cache.shown() == given

    def test_any_id_is_a_key_of_its_own(self, cache: CacheCalls) -> None:
        """Ids are any text of up to 1,024 bytes, and never meet one another."""
        ids = ["a", "A", " a", "a:b", "a*", "ä", "a\n", "{a}b", "🙂" * 256]
        for number, session_id in enumerate(ids):
            assert cache.put(snapshot(number), session_id=session_id)
        found = cache.raw.get(ids)
        assert {key: entry.version for key, entry in found.items()} == {
            session_id: number for number, session_id in enumerate(ids)
        }

    def test_what_is_not_there_is_left_out(self, cache: CacheCalls) -> None:
        """`get` answers for the ids that have a snapshot, and no others."""
        cache.put(snapshot(1))
        assert cache.raw.get(["unknown", ID]) == {ID: snapshot(1)}
        assert cache.raw.get(["unknown"]) == {}

    def test_all_clients_see_one_cache(self, cache: CacheCalls, harness: CacheHarness) -> None:
        """What one client put another gets, and what one buried is gone for all."""
        other = harness.connect()
        cache.put(snapshot(1))
        assert other.get([ID]) == {ID: snapshot(1)}
        other.bury([ID], lapse=LAPSE)
        assert cache.shown() is None

    def test_a_lower_version_is_refused(self, cache: CacheCalls) -> None:
        """Of one life the highest version stays, whoever sends a lower one; the refusal is
        counted."""
        assert cache.put(snapshot(10))
        assert not cache.put(snapshot(9), wrote=True)
        cache.mark(9)
        assert cache.shown() == snapshot(10)

    def test_a_higher_version_takes_the_place(self, cache: CacheCalls) -> None:
        """A snapshot of a later version stays; versions are numbers, and not texts."""
        assert cache.put(snapshot(9))
        assert cache.put(snapshot(10))
        assert cache.shown() == snapshot(10)

    def test_an_equal_version_takes_the_place(self, cache: CacheCalls) -> None:
        """A snapshot takes the place of one of its own version: it may hold a larger window."""
        cache.put(snapshot(3))
        larger = snapshot(3, body=b"[null, null]\n{}")
        assert cache.put(larger)
        assert cache.shown() == larger

    def test_a_marker_is_a_miss(self, cache: CacheCalls) -> None:
        """A marker of a later version takes the snapshot's place, and keeps lower ones out until a
        snapshot of its version comes."""
        cache.put(snapshot(1))
        cache.mark(2)
        assert cache.shown() is None
        assert not cache.put(snapshot(1))
        assert cache.put(snapshot(2))
        assert cache.shown() == snapshot(2)

    def test_a_marker_says_less_than_a_snapshot(self, cache: CacheCalls) -> None:
        """A marker of the version that is there leaves the snapshot."""
        cache.put(snapshot(2))
        cache.mark(2)
        assert cache.shown() == snapshot(2)

    @pytest.mark.parametrize("is_marker", [False, True])
    def test_where_two_lives_meet_neither_stays(self, cache: CacheCalls, is_marker: bool) -> None:
        """A snapshot or marker of another life leaves a tombstone: nobody can tell which life is
        over."""
        cache.put(snapshot(7))
        if is_marker:
            cache.mark(1, ANOTHER)
        else:
            assert not cache.put(snapshot(1, ANOTHER))
        assert cache.shown() is None
        assert not cache.put(snapshot(8), age=5)
        assert cache.shown() is None

    def test_a_tombstone_keeps_out_what_was_asked_for_before(self, cache: CacheCalls) -> None:
        """A snapshot whose question is older than the tombstone is refused, of any life and
        version."""
        cache.put(snapshot(1))
        cache.bury()
        assert cache.shown() is None
        cache.pass_time(10)
        assert not cache.put(snapshot(9), age=15)
        assert not cache.put(snapshot(9, ANOTHER), age=15)
        assert cache.shown() is None

    def test_a_tombstone_lets_in_what_was_asked_for_since(self, cache: CacheCalls) -> None:
        """A session that was created again is cached at the next read."""
        cache.bury()
        cache.pass_time(10)
        assert cache.put(snapshot(1, ANOTHER), age=5)
        assert cache.shown() == snapshot(1, ANOTHER)

    @pytest.mark.parametrize("is_marker", [False, True])
    def test_a_write_makes_a_tombstone_new(self, cache: CacheCalls, is_marker: bool) -> None:
        """A write that a tombstone refuses moves the tombstone to this moment: older versions than
        that may be on their way, asked for since the tombstone came."""
        cache.bury()
        cache.pass_time(10)
        if is_marker:
            cache.mark(3)
        else:
            assert not cache.put(snapshot(3), age=15, wrote=True)
        assert not cache.put(snapshot(2), age=5)
        assert cache.shown() is None

    def test_a_read_leaves_a_tombstone_as_it_is(self, cache: CacheCalls) -> None:
        """A read that a tombstone refuses says nothing to it."""
        cache.bury()
        cache.pass_time(10)
        assert not cache.put(snapshot(3), age=15)
        assert cache.put(snapshot(2), age=5)

    def test_a_second_tombstone_begins_anew(self, cache: CacheCalls) -> None:
        """A tombstone takes the place of an earlier one."""
        cache.bury()
        cache.pass_time(10)
        cache.bury()
        assert not cache.put(snapshot(1), age=5)

    def test_a_snapshot_lapses_with_its_question(self, cache: CacheCalls) -> None:
        """A snapshot lives for `lapse` after its question was asked, however long it was on its
        way."""
        assert cache.put(snapshot(1), age=400)
        cache.pass_time(590)
        assert cache.shown() == snapshot(1)
        cache.pass_time(20)
        assert cache.shown() is None

    def test_what_is_refused_lengthens_nothing(self, cache: CacheCalls) -> None:
        """A put that is refused leaves what is there its own lapse."""
        cache.put(snapshot(2))
        cache.pass_time(900)
        cache.put(snapshot(1))
        cache.mark(2)
        cache.pass_time(150)
        assert cache.shown() is None

    def test_a_marker_lives_for_a_whole_lapse(self, cache: CacheCalls) -> None:
        """A marker keeps lower versions out for `lapse` after it came, and no longer."""
        cache.mark(5)
        cache.pass_time(990)
        assert not cache.put(snapshot(4))
        cache.pass_time(20)
        assert cache.put(snapshot(4))

    def test_a_tombstone_lives_for_a_whole_lapse(self, cache: CacheCalls) -> None:
        """A tombstone keeps out what was asked for before it, for `lapse` after it came."""
        cache.bury()
        cache.pass_time(990)
        # Such a put is late by any rule but one with a longer lapse.
        assert not cache.put(snapshot(1), age=995, lapse=10_000)

    def test_a_late_answer_is_none(self, cache: CacheCalls) -> None:
        """A snapshot that comes half a lapse after its question, or seems to come from the future,
        is refused."""
        assert not cache.put(snapshot(1), age=510)
        assert not cache.put(snapshot(1), age=-60)
        assert cache.shown() is None
        assert cache.put(snapshot(1), age=490)

    def test_a_late_write_is_a_marker(self, cache: CacheCalls) -> None:
        """A write that comes too late to be an answer keeps lower versions out all the same."""
        cache.put(snapshot(1))
        assert not cache.put(snapshot(2), age=510, wrote=True)
        assert cache.shown() is None
        assert not cache.put(snapshot(1))
        assert cache.put(snapshot(2))

    def test_a_late_read_says_nothing(self, cache: CacheCalls) -> None:
        """A read that comes too late leaves what is there."""
        cache.put(snapshot(1))
        assert not cache.put(snapshot(2), age=510)
        assert cache.shown() == snapshot(1)

    def test_each_session_is_met_for_itself(self, cache: CacheCalls) -> None:
        """Of several snapshots each stays or not by what lies under its own id, and those that did
        not are counted; several are buried at once."""
        cache.put(snapshot(5), session_id="new")
        puts = {"new": snapshot(4), "old": snapshot(1), "other": snapshot(2)}
        asked_at = cache.harness.now()
        assert cache.raw.put(puts, asked_at=asked_at, lapse=LAPSE, wrote=False) == 1
        ids = ["new", "old", "other"]
        wanted = {"new": snapshot(5), "old": snapshot(1), "other": snapshot(2)}
        assert cache.raw.get(ids) == wanted
        cache.raw.bury(["new", "other"], lapse=LAPSE)
        assert cache.raw.get(ids) == {"old": snapshot(1)}

    def test_of_many_at_once_the_highest_stays(
        self, cache: CacheCalls, harness: CacheHarness
    ) -> None:
        """A put is one step: however many clients put at once, no lower version takes a higher
        one's place."""
        clients = [harness.connect() for _ in range(4)]
        for round_ in range(20):
            session_id = f"round {round_}"

            def put(version: int, session_id: str = session_id) -> None:
                clients[version % 4].put(
                    {session_id: snapshot(version)},
                    asked_at=harness.now(),
                    lapse=LAPSE,
                    wrote=True,
                )

            # Threads often go on in the order in which they came.
            at_once([partial(put, version) for version in random.sample(range(8), 8)])
            assert cache.raw.get([session_id]) == {session_id: snapshot(7)}

    def test_closing_twice_does_nothing(self, harness: CacheHarness) -> None:
        """`close` may be called again."""
        cache = harness.connect()
        cache.close()
        cache.close()

    def test_any_messages_do_what_the_rules_say(self, cache: CacheCalls) -> None:
        """Whatever messages come in whatever order, after whatever time, the cache shows and
        refuses what the reference does."""
        for seed in range(30):
            chance = random.Random(seed)  # noqa: S311  chance, not secrecy
            cache.session_id = f"sequence {seed}"
            reference = CacheCalls(MemoryCacheHarness())
            told: list[str] = []
            for _ in range(10):
                step = Step.by(chance)
                told.append(str(step))
                assert step.outcome(cache) == step.outcome(reference), "\n".join(told)
