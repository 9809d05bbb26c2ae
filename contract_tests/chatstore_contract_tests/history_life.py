"""A history lives and dies with its session, and is copied with it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from chatstore import (
    BackendUnavailableError,
    ChatStoreError,
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    MessageTooLargeError,
    RetentionPolicy,
    Session,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    is_gone,
    message,
    raises_itself,
    refused,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import NARROW, all_of, backed_up, keeping, told
from chatstore_contract_tests.maintenance import scanned

HOUR = timedelta(hours=1)

ENDS: Mapping[str, Callable[[MaintainedSessionStore, ManualClock], object]] = {
    "delete": lambda store, _: store.delete("there"),
    "delete of its owner's": lambda store, _: store.for_user("ana").delete("there", if_version=9),
    "delete_user": lambda store, _: store.delete_user("ana"),
    "purge": lambda store, clock: _later(clock, store.purge_expired),
    "delete_user, late": lambda store, clock: _later(clock, lambda: store.delete_user("ana")),
}
"""How a session ends for good. It is at version 9."""


def _later(clock: ManualClock, call: Callable[[], object]) -> None:
    clock.advance(HOUR)
    call()


def lived(store: MaintainedSessionStore) -> list[Message]:
    """A session with all that a life brings: what is kept of it."""
    store.create("ana", session_id="there", messages=batch(7, "old"))
    store.append("there", *batch(45, "older"))
    store.rewrite("there", batch(12, "whole"), if_version=None, whole=True)
    store.append("there", *batch(61, "then"))
    store.rewrite("there", [], if_version=None)
    store.append("there", *batch(33, "last"))
    store.update("there", metadata={"a": 1})
    store.amend("there", store.get("there").messages[0].model_copy(update={"content": "amended"}))
    store.append("there", message("end"))
    assert store.get("there").version == 9
    return all_of(store, "there")


class HistoryLifeBehaviour(Behaviour):
    """The end of a session with history, a new life of its id, and a restored one."""

    def test_nothing_of_a_history_is_left(self, harness: Harness, clock: ManualClock) -> None:
        """After a delete, an erased user and a purge nothing of a history is stored, of what was
        rewritten neither; from its expiry on nothing of it is seen."""
        with (
            harness.open(policy=keeping(4, ttl=HOUR), clock=clock) as store,
            harness.open(policy=NARROW, clock=clock) as other,
            every_case() as case,
        ):
            other.create("ben", session_id="stays", messages=batch(2))
            for name, end in ENDS.items():
                clock.now = START
                with case(name):
                    kept = lived(store)
                    harness.settle()
                    assert len(kept) == 12 + 61 - 4 + 33 + 1
                    assert harness.raw_read("there") is not None
                    end(store, clock)
                    assert harness.raw_read("there") is None
                    assert is_gone(store, "there")
                    with raises_itself(SessionNotFoundError):
                        store.list_messages("there")
            assert contents(other.get("stays")) == ["message 0", "message 1"]

    def test_a_new_life_shows_nothing_of_the_old(
        self, harness: Harness, clock: ManualClock
    ) -> None:
        """Whoever takes an id anew, with history or without, finds nothing of an earlier life, on
        any page, however many messages arrive; and its end leaves nothing."""
        ways: Mapping[str, Callable[[MaintainedSessionStore], object]] = {
            "deleted": lambda store: store.delete("there"),
            "expired": lambda _: clock.advance(HOUR),
        }
        policies = (keeping(4, ttl=HOUR), RetentionPolicy(max_messages=5, ttl=HOUR))
        with every_case() as case:
            for name, end in ways.items():
                for policy in policies:
                    clock.now = START
                    with (
                        case(name, policy),
                        harness.open(policy=policies[0], clock=clock) as first,
                        harness.open(policy=policy, clock=clock) as store,
                    ):
                        lived(first)
                        end(first)
                        new = batch(3, "new")
                        store.get_or_create("there", user_id="ben", messages=new)
                        assert store.get("there").keeps_history is policy.keep_history
                        assert told(all_of(first, "there")) == told(new)
                        new += batch(40, "more")
                        store.append("there", *new[3:])
                        shown = new if policy.keep_history else new[-5:]
                        assert told(all_of(first, "there")) == told(shown)
                        first.delete("there")
                        assert harness.raw_read("there") is None

    def test_a_copy_with_its_history_is_exact(self, harness: Harness, clock: ManualClock) -> None:
        """What a scan or a reader shows, with the messages before it for a history, is restored as
        it was, over a living session too, and goes on; the history may come piece by piece."""
        with (
            harness.open(policy=keeping(4, ttl=None), clock=clock) as store,
            harness.open(policy=RetentionPolicy(max_messages=1), clock=clock) as narrow,
            every_case() as case,
        ):
            kept = lived(store)
            whole = store.get("there")
            (scan,) = scanned(store, 10)
            sources = {
                "get": backed_up(store, "there"),
                "a narrow reader": backed_up(narrow, "there"),
                "scan": (scan, kept[: len(kept) - len(scan.messages)]),
                "all in the history": (whole.model_copy(update={"messages": []}), kept),
            }
            for name, (session, before) in sources.items():
                with case(name, "in its place"):
                    narrow.restore(session, history=iter(before), overwrite=True)
                    _is_exact(store, whole, kept)
                with case(name, "over another"):
                    store.delete("there")
                    with raises_itself(SessionNotFoundError):
                        store.list_messages("there")
                    store.create("ben", session_id="there", messages=batch(50, "another"))
                    with refused(SessionExistsError, harness, "there"):
                        store.restore(session, history=iter(before))
                    store.restore(session, history=(each for each in before), overwrite=True)
                    _is_exact(store, whole, kept)
                with case(name, "goes on"):
                    assert store.append("there", *kept[-3:-1]).version == 9
                    after = narrow.append_and_get("there", kept[-1], message("new"))
                    assert after.message_count == len(kept) + 1
                    popped = store.rewrite("there", [], if_version=10)
                    assert told(popped.messages) == told(kept[-7:-3])
                with case(name, "ends"):
                    store.delete("there")
                    assert harness.raw_read("there") is None
                    store.restore(whole, history=kept[:-4])

    def test_a_wrong_history_restores_nothing(self, harness: Harness, clock: ManualClock) -> None:
        """A history of another number of messages than the count says, endless or failing, or with
        what is no message, is refused: nothing of it is seen, and a living session stays whole."""
        with (
            harness.open(policy=keeping(4), clock=clock) as store,
            harness.open(policy=RetentionPolicy(), clock=clock) as plain,
            every_case() as case,
        ):
            kept = lived(store)
            session, before = backed_up(store, "there")
            none = plain.create("ana", session_id="none", messages=batch(12))
            for is_there in (True, False):
                if not is_there:
                    store.delete("there")
                for name, (error, history) in _wrong(before).items():
                    with case(name, is_there):
                        with raises_itself(error):
                            store.restore(session, history=history(), overwrite=True)
                        if is_there:
                            _is_exact(store, session, kept)
                        else:
                            assert is_gone(store, "there")
                            assert plain.scan().items == [none]
            with case("without history"), refused(InvalidInputError, harness, "none"):
                plain.restore(none, history=batch(2), overwrite=True)
            few = session.model_copy(update={"message_count": 3})
            with case("a count of 3"), refused(InvalidInputError, harness, "there"):
                store.restore(few, history=[])
            store.restore(session, history=before)
            _is_exact(store, session, kept)

    def test_a_long_history_is_copied(self, harness: Harness, clock: ManualClock) -> None:
        """A history longer than any request or page is restored, message by message, and each is
        asked for once."""
        asked = count()

        def history() -> Iterator[Message]:
            for number in range(3_000):
                assert next(asked) == number
                yield message(f"{number}", message_id=f"m{number}", timestamp=START)

        with harness.open(policy=keeping(10), clock=clock) as store:
            made = store.create("ana", session_id="there", messages=batch(5))
            store.delete("there")
            session = made.model_copy(update={"message_count": 3_005})
            store.restore(session, history=history())
            assert store.get("there", last=5) == session
            kept = all_of(store, "there")
            assert [each.content for each in kept[:3_000]] == [f"{n}" for n in range(3_000)]
            assert told(kept[3_000:]) == told(made.messages)
            store.delete("there")
            assert harness.raw_read("there") is None


def _is_exact(store: MaintainedSessionStore, session: Session, kept: list[Message]) -> None:
    """Assert that the session is there, and just so many messages of it."""
    found = store.get("there")
    assert found == session
    assert told(found.messages) == told(kept[-4:])
    assert told(all_of(store, "there")) == told(kept)


def _wrong(
    before: Any,
) -> Mapping[str, tuple[type[ChatStoreError], Callable[[], Any]]]:
    """Histories that are not the one that is asked for, and what each is refused with."""

    def failing(error: Exception) -> Iterator[Any]:
        yield from before[:30]
        raise error

    lost = BackendUnavailableError("where it comes from")
    return {
        "one too few": (InvalidInputError, lambda: before[1:]),
        "none": (InvalidInputError, lambda: ()),
        "one too many": (InvalidInputError, lambda: [*before, message()]),
        "endless": (InvalidInputError, lambda: (message(f"{number}") for number in count())),
        "failing": (InvalidInputError, lambda: failing(LookupError("no more"))),
        "from a store that fails": (BackendUnavailableError, lambda: failing(lost)),
        "a document": (InvalidInputError, lambda: [*before[:-1], {"content": "x"}]),
        "too large a message": (
            MessageTooLargeError,
            lambda: [*before[:20], message("x" * 336_000), *before[21:]],
        ),
        "a message": (InvalidInputError, message),
        "a number": (InvalidInputError, lambda: 7),
    }
