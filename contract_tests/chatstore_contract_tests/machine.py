"""A state machine holds a store against the reference, step by step."""

import os
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from chatstore import (
    MaintainedSessionStore,
    Message,
    Page,
    Session,
    SessionInfo,
)
from chatstore_contract_tests.behaviour import Behaviour
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.machine_inputs import (
    BATCHES,
    CLIENTS,
    MAPS,
    MOVES,
    OWNERS,
    POLICIES,
    SESSION_NAMES,
    SESSIONS,
    STATUSES,
    USERS,
    VERSIONS,
)
from chatstore_contract_tests.paired_stores import PairedStores

PROFILE_VARIABLE = "CHATSTORE_CONTRACT_PROFILE"
"""`long` searches for minutes and anew each time; anything else is the same short run always."""


class StoreMachine(PairedStores):
    """Several clients with policies and clocks of their own do the same to both stores."""

    def teardown(self) -> None:
        """Compare all that there is, and clear it away."""
        for client in range(len(POLICIES)):
            for name in SESSION_NAMES:
                self.get(client, name, None)
            self.scan(client)
        for user in ("ana", "ben"):
            self.list_sessions(0, user, True, 20, None, 0)
            self.delete_user(0, user)
        for store in self.subjects:
            store.close()

    @rule(by=MOVES, client=CLIENTS)
    def move_clock(self, by: float, client: int) -> None:
        clock = self.clocks[client]
        # What a purge has reclaimed is gone: no clock goes back behind it.
        clock.now = max(clock.now + timedelta(seconds=by), self.purged_until)

    @rule(client=CLIENTS, name=SESSIONS, user=USERS, messages=st.just([]) | BATCHES, maps=MAPS)
    def create(
        self, client: int, name: str, user: str, messages: list[Message], maps: dict[str, Any]
    ) -> None:
        self.both(
            client,
            lambda store: store.create(
                self.named(user),
                session_id=self.named(name),
                messages=messages,
                metadata=maps,
            ),
        )

    @rule(client=CLIENTS, name=SESSIONS, user=USERS, messages=st.just([]) | BATCHES)
    def get_or_create(self, client: int, name: str, user: str, messages: list[Message]) -> None:
        self.both(
            client,
            lambda store: store.get_or_create(
                self.named(name), user_id=self.named(user), messages=messages
            ),
        )

    @rule(client=CLIENTS, name=SESSIONS, owner=OWNERS)
    def get(self, client: int, name: str, owner: str | None) -> None:
        def call(store: MaintainedSessionStore) -> Session:
            session = store.get(self.named(name), user_id=self.owner(owner))
            if store is self.references[client]:
                self.backups.append(session)
            return session

        self.both(client, call)

    @rule(client=CLIENTS, names=st.lists(SESSIONS, max_size=6), owner=OWNERS)
    def get_many(self, client: int, names: list[str], owner: str | None) -> None:
        ids = [self.named(name) for name in names]
        self.both(client, lambda store: store.get_many(ids, user_id=self.owner(owner)))

    @rule(client=CLIENTS, name=SESSIONS, sent=BATCHES, owner=OWNERS, offset=VERSIONS)
    def append(
        self, client: int, name: str, sent: list[Message], owner: str | None, offset: int | None
    ) -> None:
        version = self.version(name, offset)
        self.both(
            client,
            lambda store: store.append(
                self.named(name), *sent, user_id=self.owner(owner), if_version=version
            ),
        )

    @rule(client=CLIENTS, name=SESSIONS, sent=BATCHES, owner=OWNERS, offset=VERSIONS)
    def append_and_get(
        self, client: int, name: str, sent: list[Message], owner: str | None, offset: int | None
    ) -> None:
        version = self.version(name, offset)
        self.both(
            client,
            lambda store: store.append_and_get(
                self.named(name), *sent, user_id=self.owner(owner), if_version=version
            ),
        )

    @rule(client=CLIENTS, name=SESSIONS, sent=st.just([]) | BATCHES, owner=OWNERS, offset=VERSIONS)
    def rewrite(
        self, client: int, name: str, sent: list[Message], owner: str | None, offset: int | None
    ) -> None:
        version = self.version(name, offset)
        self.both(
            client,
            lambda store: store.rewrite(
                self.named(name), sent, user_id=self.owner(owner), if_version=version
            ),
        )

    @rule(
        client=CLIENTS,
        name=SESSIONS,
        owner=OWNERS,
        preferences=MAPS,
        metadata=MAPS,
        status=st.none() | STATUSES,
        offset=VERSIONS,
    )
    def update(
        self,
        client: int,
        name: str,
        owner: str | None,
        preferences: dict[str, Any],
        metadata: dict[str, Any],
        status: str | None,
        offset: int | None,
    ) -> None:
        version = self.version(name, offset)
        self.both(
            client,
            lambda store: store.update(
                self.named(name),
                user_preferences=preferences,
                metadata=metadata,
                session_status=status,
                user_id=self.owner(owner),
                if_version=version,
            ),
        )

    @rule(client=CLIENTS, name=SESSIONS, owner=OWNERS, offset=VERSIONS)
    def delete(self, client: int, name: str, owner: str | None, offset: int | None) -> None:
        version = self.version(name, offset)
        self.both(
            client,
            lambda store: store.delete(
                self.named(name), user_id=self.owner(owner), if_version=version
            ),
        )

    @rule(
        client=CLIENTS,
        user=USERS,
        newest_first=st.booleans(),
        limit=st.integers(1, 4),
        status=st.none() | STATUSES,
        cursor=st.integers(0, 9),
    )
    def list_sessions(
        self,
        client: int,
        user: str,
        newest_first: bool,
        limit: int,
        status: str | None,
        cursor: int,
    ) -> None:
        self.harness.settle()

        def call(store: MaintainedSessionStore) -> Page[SessionInfo]:
            return store.list_sessions(
                self.named(user),
                newest_first=newest_first,
                limit=limit,
                cursor=self.cursors[cursor % len(self.cursors)],
                session_status=status,
            )

        self.both(client, call)
        self.cursors.append(call(self.references[client]).next_cursor)

    @rule(client=CLIENTS)
    def scan(self, client: int) -> None:
        def call(store: MaintainedSessionStore) -> list[Session]:
            found: dict[str, Session] = {}
            cursor: str | None = None
            while True:
                page = store.scan(limit=3, cursor=cursor)
                found |= {each.session_id: each for each in page.items}
                if (cursor := page.next_cursor) is None:
                    own = (key for key in found if key.endswith(self.run))
                    return [found[key] for key in sorted(own)]

        self.both(client, call)

    @rule(client=CLIENTS, user=USERS)
    def delete_user(self, client: int, user: str) -> None:
        self.harness.settle()
        self.both(client, lambda store: store.delete_user(self.named(user)))

    @rule(client=CLIENTS)
    def purge_expired(self, client: int) -> None:
        now = self.clocks[client].now
        self.purged_until = max(self.purged_until, now)
        for clock in self.clocks:
            clock.now = max(clock.now, now)
        # How many a call removes itself is the engine's own affair.
        self.both(client, lambda store: store.purge_expired() >= 0)

    @rule(client=CLIENTS, number=st.integers(0, 9), overwrite=st.booleans())
    def restore(self, client: int, number: int, overwrite: bool) -> None:
        if self.backups:
            backup = self.backups[number % len(self.backups)]
            self.both(client, lambda store: store.restore(backup, overwrite=overwrite))


class MachineBehaviour(Behaviour):
    """Any sequence of calls."""

    def test_any_sequence_of_calls_is_answered_like_the_reference(self, harness: Harness) -> None:
        """One behaviour: results, order, errors, expiry and numbers are those of the reference,
        whatever several clients do to the same sessions."""
        run_machine(StoreMachine, harness)


def run_machine(kind: type[StoreMachine], harness: Harness) -> None:
    """Run a state machine on the stores of a harness, by the profile that is set."""
    thorough = os.environ.get(PROFILE_VARIABLE) == "long"
    run_state_machine_as_test(
        type("BoundMachine", (kind,), {"harness": harness}),
        settings=settings(
            max_examples=600 if thorough else 40,
            stateful_step_count=80 if thorough else 40,
            derandomize=not thorough,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
