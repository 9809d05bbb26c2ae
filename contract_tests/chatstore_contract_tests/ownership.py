"""Ownership: somebody else's session does not exist."""

from collections.abc import Callable

import pytest

from chatstore import (
    InvalidInputError,
    MaintainedSessionStore,
    SessionExistsError,
    SessionNotFoundError,
)
from chatstore_contract_tests.behaviour import Behaviour, batch, contents, message, refused
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.operations import CALLS, KNOWN


class OwnershipBehaviour(Behaviour):
    """user_id= on each call, and UserSessions."""

    def test_anothers_session_is_not_found(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A session of somebody else is `SessionNotFoundError`, with the very words for a missing
        one, and nothing is written."""
        words: dict[tuple[str, str], str] = {}
        with every_case() as case:
            for state in ("hers", "missing"):
                if state == "hers":
                    store.create("ana", session_id="there", messages=batch(2))
                else:
                    store.delete("there")
                for name, call in CALLS.items():
                    for stranger in ("ben", "Ana", "ana ", "an", "anaa"):
                        with case(state, name, stranger):
                            with refused(SessionNotFoundError, harness, "there") as raised:
                                call(store, "there", stranger)
                            told = words.setdefault((name, stranger), str(raised.value))
                            assert str(raised.value) == told

    def test_the_owner_may(self, store: MaintainedSessionStore) -> None:
        """With the owner's id each call does what it does without the check."""
        with every_case() as case:
            for name, call in CALLS.items():
                with case(name):
                    session = store.create("ana", messages=[KNOWN])
                    call(store, session.session_id, "ana")

    def test_the_owner_comes_before_the_version(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Life and owner are checked before the version: a stranger learns no version."""
        store.create("ana", session_id="hers")
        for version in (1, 9):
            with refused(SessionNotFoundError, harness, "hers"):
                store.append("hers", message(), user_id="ben", if_version=version)
            with refused(SessionNotFoundError, harness, "hers"):
                store.rewrite("hers", [], user_id="ben", if_version=version)
            with refused(SessionNotFoundError, harness, "hers"):
                store.amend("hers", message(), user_id="ben", if_version=version)
            with refused(SessionNotFoundError, harness, "hers"):
                store.update("hers", user_id="ben", if_version=version)
            assert store.delete("hers", user_id="ben", if_version=version) is False

    def test_a_stranger_deletes_nothing(self, store: MaintainedSessionStore) -> None:
        """`delete` on somebody else's session is False, and it stays."""
        session = store.create("ana", session_id="hers", messages=batch(2))
        assert store.delete("hers", user_id="ben") is False
        assert store.get("hers") == session
        assert store.delete("hers", user_id="ana") is True

    def test_get_many_leaves_out_anothers(self, store: MaintainedSessionStore) -> None:
        """`get_many` leaves out what `get` would not find."""
        store.create("ana", session_id="hers")
        store.create("ben", session_id="his")
        found = store.get_many(["hers", "his"], user_id="ben")
        assert [session.session_id for session in found] == ["his"]

    def test_a_user_view_passes_the_check_always(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`for_user` gives a view that sees one user's sessions only."""
        ana, ben = store.for_user("ana"), store.for_user("ben")
        session_id = ana.create(messages=batch(2), metadata={"title": "Friday"}).session_id
        assert ana.append(session_id, message("more")).message_count == 3
        assert len(ana.append_and_get(session_id, message("most")).messages) == 4
        assert ana.append(session_id, message("state"), metadata={"a": 1}).metadata["a"] == 1
        last = ana.get(session_id, last=1).messages[-1]
        amended = ana.amend(session_id, last.model_copy(update={"content": "amended"}))
        assert contents(amended)[-1] == "amended"
        assert len(ana.list_messages(session_id, limit=2).items) == 2
        assert len(list(ana.iter_messages(session_id, page_size=2))) == 5
        assert ana.get(session_id).user_id == "ana"
        assert ana.update(session_id, session_status="closed").session_status == "closed"
        assert contents(ana.rewrite(session_id, batch(1), if_version=None)) == ["message 0"]
        whole = ana.rewrite(session_id, batch(2), if_version=None, whole=True)
        assert len(whole.messages) == 2
        harness.settle()
        assert [each.session_id for each in ana.list_sessions().items] == [session_id]
        assert [each.session_id for each in ana.iter_sessions()] == [session_id]
        assert [each.session_id for each in ana.get_many([session_id])] == [session_id]
        assert ana.get_or_create(session_id).session_id == session_id
        attempts: list[Callable[[], object]] = [
            lambda: ben.get(session_id),
            lambda: ben.append(session_id, message()),
            lambda: ben.append_and_get(session_id, message()),
            lambda: ben.update(session_id),
            lambda: ben.rewrite(session_id, [], if_version=None),
            lambda: ben.amend(session_id, message()),
            lambda: ben.list_messages(session_id),
            lambda: list(ben.iter_messages(session_id)),
        ]
        for attempt in attempts:
            with refused(SessionNotFoundError, harness, session_id):
                attempt()
        with refused(SessionExistsError, harness, session_id):
            ben.get_or_create(session_id)
        assert ben.delete(session_id) is False
        assert ben.get_many([session_id]) == ben.list_sessions().items == []
        assert list(ben.iter_sessions()) == []
        assert ana.delete(session_id) is True

    def test_a_view_needs_a_user(self, store: MaintainedSessionStore) -> None:
        """An empty user id is refused, never taken for "no check"."""
        session_id = store.create("ana").session_id
        with pytest.raises(InvalidInputError):
            store.for_user("")
        with pytest.raises(InvalidInputError):
            store.get(session_id, user_id="")
