"""Expired is gone: from the instant a ttl is reached, no call sees the session."""

from datetime import timedelta

from chatstore import (
    ManualClock,
    RetentionPolicy,
    SessionNotFoundError,
)
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    is_gone,
    message,
    refused,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.operations import CALLS, KNOWN, READS, WRITES

MINUTE = RetentionPolicy(ttl=timedelta(minutes=1))
NEVER = RetentionPolicy(ttl=None)
FIXED = RetentionPolicy(ttl=timedelta(minutes=1), renew_on_write=False)


class ExpiryBehaviour(Behaviour):
    """Time to live, by the caller's clock alone."""

    def test_a_session_lives_until_its_ttl(self, harness: Harness, clock: ManualClock) -> None:
        """Alive if and only if floor(now) < ttl, where ttl = floor(now) + retention."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            session = store.create("ana")
            end = START.replace(microsecond=0) + timedelta(minutes=1)
            assert session.ttl == int(end.timestamp())
            assert session.expires_at == end
            clock.now = end - timedelta(microseconds=1)
            assert store.get(session.session_id) == session
            clock.now = end
            assert is_gone(store, session.session_id)

    def test_no_call_sees_an_expired_session(self, harness: Harness, clock: ManualClock) -> None:
        """From that instant every call answers as if it did not exist; a write never revives."""
        with harness.open(policy=MINUTE, clock=clock) as store, every_case() as case:
            store.create("ana", session_id="expired", messages=batch(2))
            clock.advance(timedelta(minutes=1))
            for name, call in CALLS.items():
                for user_id in (None, "ana"):
                    with case(name, user_id), refused(SessionNotFoundError, harness, "expired"):
                        call(store, "expired", user_id)

    def test_no_list_shows_an_expired_session(self, harness: Harness, clock: ManualClock) -> None:
        """get_many, list_sessions and scan leave it out, delete says False."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            expired = store.create("ana").session_id
            clock.advance(timedelta(seconds=59))
            alive = store.create("ana").session_id
            clock.advance(timedelta(seconds=1))
            harness.settle()
            assert [each.session_id for each in store.get_many([expired, alive])] == [alive]
            assert [each.session_id for each in store.list_sessions("ana").items] == [alive]
            assert [each.session_id for each in store.scan().items] == [alive]
            assert store.delete(expired) is False

    def test_create_succeeds_where_an_expired_session_lies(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """On an expired session `create` succeeds; nothing of the old one shines through."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            old = store.create("ana", session_id="again", messages=batch(3), metadata={"old": 1})
            clock.advance(timedelta(minutes=1))
            new = store.create("ben", session_id="again", messages=batch(1, "new"))
            assert contents(new) == ["new 0"]
            assert (new.metadata, new.version, new.message_count) == ({}, 1, 1)
            assert new.creation_id != old.creation_id
            assert store.get("again") == new
            harness.settle()
            assert store.list_sessions("ana").items == []
            assert [each.session_id for each in store.list_sessions("ben").items] == ["again"]

    def test_get_or_create_makes_an_expired_one_anew(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """`get_or_create` takes an expired session for a missing one, whoever's it was."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            store.create("ana", session_id="again", messages=batch(3))
            clock.advance(timedelta(minutes=1))
            assert store.get_or_create("again", user_id="ben").message_count == 0

    def test_each_write_renews(self, harness: Harness, clock: ManualClock) -> None:
        """With `renew_on_write`, each write starts the ttl anew."""
        with harness.open(policy=MINUTE, clock=clock) as store, every_case() as case:
            for name, write in WRITES.items():
                with case(name):
                    clock.now = START
                    session_id = store.create("ana", messages=[KNOWN]).session_id
                    clock.advance(timedelta(seconds=30))
                    write(store, session_id, None)
                    clock.advance(timedelta(seconds=59))
                    found = store.get(session_id)
                    assert found.ttl == int(START.timestamp()) + 90
                    clock.advance(timedelta(seconds=1))
                    assert is_gone(store, session_id)

    def test_a_fixed_ttl_stays(self, harness: Harness, clock: ManualClock) -> None:
        """Without `renew_on_write`, only `create` sets the ttl."""
        with harness.open(policy=FIXED, clock=clock) as store, every_case() as case:
            # A touch is the write that renews all the same.
            for name in [each for each in WRITES if each != "touch"]:
                with case(name):
                    session = store.create("ana", messages=[KNOWN])
                    clock.advance(timedelta(seconds=30))
                    WRITES[name](store, session.session_id, None)
                    assert store.get(session.session_id).ttl == session.ttl

    def test_reads_renew_nothing(self, harness: Harness, clock: ManualClock) -> None:
        """No read moves a ttl."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            session_id = store.create("ana").session_id
            clock.advance(timedelta(seconds=59))
            for read in READS.values():
                read(store, session_id, None)
            store.get_or_create(session_id, user_id="ana")
            store.list_sessions("ana")
            store.get_many([session_id])
            clock.advance(timedelta(seconds=1))
            assert is_gone(store, session_id)

    def test_a_write_sets_what_the_writers_policy_gives(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """The writer's policy sets the ttl, absence included, and takes it up again."""
        with (
            harness.open(policy=MINUTE, clock=clock) as minute,
            harness.open(policy=NEVER, clock=clock) as never,
            every_case() as case,
        ):
            for name, write in WRITES.items():
                with case(name):
                    clock.now = START
                    session_id = minute.create("ana", messages=[KNOWN]).session_id
                    write(never, session_id, None)
                    found = never.get(session_id)
                    assert (found.ttl, found.expires_at) == (None, None)
                    clock.advance(timedelta(days=36_525))
                    info = minute.update(session_id, metadata={"a": 1})
                    assert info.ttl == int(clock.now.timestamp()) + 60

    def test_a_session_may_live_for_ever(self, harness: Harness, clock: ManualClock) -> None:
        """`ttl=None`: the session never expires, in lists too."""
        with harness.open(policy=NEVER, clock=clock) as store:
            session_id = store.create("ana").session_id
            clock.advance(timedelta(days=300_000))
            assert store.get(session_id).ttl is None
            harness.settle()
            assert len(store.list_sessions("ana").items) == 1
            assert store.purge_expired() == 0

    def test_a_clock_may_go_back(self, harness: Harness, clock: ManualClock) -> None:
        """The caller's clock alone decides what is visible: nothing is refused when it goes
        back, and a wrong clock costs no data."""
        with harness.open(policy=MINUTE, clock=clock) as store:
            session = store.create("ana", messages=batch(1))
            clock.advance(timedelta(days=400))
            assert is_gone(store, session.session_id)
            harness.settle()
            assert store.list_sessions("ana").items == []
            clock.now = START - timedelta(days=1)
            assert store.get(session.session_id) == session
            info = store.append(session.session_id, message())
            assert info.updated_at == START - timedelta(days=1)
            assert info.ttl == (session.ttl or 0) - 86_400
            assert [each.session_id for each in store.list_sessions("ana").items] == [
                session.session_id
            ]

    def test_each_client_goes_by_its_own_clock(self, harness: Harness, clock: ManualClock) -> None:
        """A client whose clock is ahead takes nothing from the others."""
        ahead = ManualClock(START + timedelta(days=2))
        with (
            harness.open(policy=MINUTE, clock=clock) as store,
            harness.open(policy=MINUTE, clock=ahead) as hasty,
        ):
            session = store.create("ana")
            assert is_gone(hasty, session.session_id)
            harness.settle()
            assert hasty.list_sessions("ana").items == []
            assert store.get(session.session_id) == session
            assert len(store.list_sessions("ana").items) == 1
