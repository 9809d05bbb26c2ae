"""A store's own life: opened, closed, several at once."""

import pytest

from chatstore import ConfigurationError, MaintainedSessionStore, RetentionPolicy
from chatstore_contract_tests.behaviour import Behaviour, batch, message
from chatstore_contract_tests.harness import Harness


class LifecycleBehaviour(Behaviour):
    """open and close."""

    def test_close_twice_is_fine(self, store: MaintainedSessionStore) -> None:
        """A second `close` does nothing."""
        store.close()
        store.close()

    def test_a_store_closes_as_a_context(self, harness: Harness) -> None:
        """A store is a context manager that closes."""
        with harness.open() as store:
            session_id = store.create("ana").session_id
        with pytest.raises(ConfigurationError):
            store.get(session_id)

    def test_a_closed_store_refuses_every_call(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Calls after `close` are `ConfigurationError`, and write nothing."""
        session = store.create("ana", messages=batch(1))
        before = harness.raw_read(session.session_id)
        store.close()
        for call in (
            lambda: store.create("ana"),
            lambda: store.get(session.session_id),
            lambda: store.get_or_create("new", user_id="ana"),
            lambda: store.get_many([session.session_id]),
            lambda: store.append(session.session_id, message()),
            lambda: store.append_and_get(session.session_id, message()),
            lambda: store.rewrite(session.session_id, [], if_version=None),
            lambda: store.update(session.session_id),
            lambda: store.delete(session.session_id),
            lambda: store.list_sessions("ana"),
            store.ping,
            lambda: store.delete_user("ana"),
            store.purge_expired,
            store.scan,
            lambda: store.restore(session, overwrite=True),
        ):
            with pytest.raises(ConfigurationError, match="closed"):
                call()
        assert harness.raw_read(session.session_id) == before

    def test_closing_one_client_leaves_the_others(self, harness: Harness) -> None:
        """Clients are independent."""
        first, second = harness.open(), harness.open()
        session_id = first.create("ana").session_id
        first.close()
        assert second.append(session_id, message()).message_count == 1
        second.close()

    def test_what_is_stored_outlives_the_client(self, harness: Harness) -> None:
        """A session is there for the next client that opens."""
        with harness.open() as first:
            session = first.create("ana", messages=batch(2))
        with harness.open() as second:
            assert second.get(session.session_id) == session

    def test_a_store_shows_its_policy(self, harness: Harness) -> None:
        """`policy` is the caller's, and the default is 10 messages and 30 days."""
        policy = RetentionPolicy(max_messages=3)
        with harness.open(policy=policy) as store, harness.open() as default:
            assert store.policy == policy
            assert default.policy == RetentionPolicy()
