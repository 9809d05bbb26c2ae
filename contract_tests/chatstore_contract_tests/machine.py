"""A state machine holds a store against the reference, step by step."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from chatstore import (
    MaintainedSessionStore,
    Message,
    Page,
    Session,
)
from chatstore_contract_tests.machine_inputs import (
    BAD_MAPS,
    BATCHES,
    CLIENTS,
    MAPS,
    MOVES,
    OWNERS,
    POLICIES,
    SESSION_NAMES,
    SESSIONS,
    STATUSES,
    USER_NAMES,
    USERS,
    VERSIONS,
)
from chatstore_contract_tests.paired_stores import PairedStores
from chatstore_contract_tests.program import Written


class StoreMachine(PairedStores):
    """Several clients with policies and clocks of their own do the same to both stores.

    Writes to a corrupt record are outside parity: once a record is corrupted, it is only read and
    removed.
    """

    def teardown(self) -> None:
        """Compare all that there is, and clear it away."""
        try:
            if not self.is_over:
                for client in range(len(POLICIES)):
                    for session in range(len(self.sessions)):
                        self.get(client, session, None)
                    self.scan(client)
                for user in range(len(self.users)):
                    self.list_sessions(0, user, True, 20, None, 0)
        finally:
            for user in range(len(self.users)):
                self.subjects[0].delete_user(str(self.user(user).value))
            for store in self.subjects:
                store.close()

    @initialize(sessions=SESSION_NAMES, users=USER_NAMES, client=CLIENTS, messages=BATCHES)
    def begin(
        self, sessions: list[str], users: list[str], client: int, messages: list[Message]
    ) -> None:
        """Draw this run's ids, and have one session to begin with."""
        self.sessions, self.users = sessions, users
        self.create(client, 0, 0, messages, {})

    @rule(by=MOVES, client=CLIENTS)
    def move_clock(self, by: float, client: int) -> None:
        clock = self.clocks[client]
        # What a purge has reclaimed is gone: no clock goes back behind it.
        clock.now = max(clock.now + timedelta(seconds=by), self.purged_until)
        self.move(client)

    @rule(client=CLIENTS, session=SESSIONS, user=USERS, messages=st.just([]) | BATCHES, maps=MAPS)
    def create(
        self, client: int, session: int, user: int, messages: list[Message], maps: dict[str, Any]
    ) -> None:
        if session not in self.corrupted:
            session_id = self.named(session)
            self.both(
                client,
                "create",
                self.user(user),
                session_id=session_id,
                messages=messages,
                metadata=maps,
            )

    @rule(client=CLIENTS, session=SESSIONS, user=USERS, messages=st.just([]) | BATCHES)
    def get_or_create(self, client: int, session: int, user: int, messages: list[Message]) -> None:
        if session not in self.corrupted:
            session_id, user_id = self.named(session), self.user(user)
            self.both(client, "get_or_create", session_id, user_id=user_id, messages=messages)

    @rule(client=CLIENTS, session=SESSIONS, owner=OWNERS)
    def get(self, client: int, session: int, owner: int | None) -> None:
        session = self.present(session)
        found = self.both(client, "get", self.named(session), user_id=self.owner(owner))
        if isinstance(found, Session):
            self.backups.append(found)
            self.keep("backups.append({})")

    @rule(client=CLIENTS, sessions=st.lists(SESSIONS, max_size=6), owner=OWNERS)
    def get_many(self, client: int, sessions: list[int], owner: int | None) -> None:
        ids = [self.named(each) for each in sessions]
        self.both(client, "get_many", ids, user_id=self.owner(owner))

    @rule(client=CLIENTS, session=SESSIONS, sent=BATCHES, owner=OWNERS, offset=VERSIONS)
    def append(
        self, client: int, session: int, sent: list[Message], owner: int | None, offset: int | None
    ) -> None:
        self.write(client, "append", session, *sent, owner=owner, offset=offset)

    @rule(client=CLIENTS, session=SESSIONS, sent=BATCHES, owner=OWNERS, offset=VERSIONS)
    def append_and_get(
        self, client: int, session: int, sent: list[Message], owner: int | None, offset: int | None
    ) -> None:
        self.write(client, "append_and_get", session, *sent, owner=owner, offset=offset)

    @rule(
        client=CLIENTS, session=SESSIONS, sent=st.just([]) | BATCHES, owner=OWNERS, offset=VERSIONS
    )
    def rewrite(
        self, client: int, session: int, sent: list[Message], owner: int | None, offset: int | None
    ) -> None:
        self.write(client, "rewrite", session, sent, owner=owner, offset=offset)

    @rule(
        client=CLIENTS,
        session=SESSIONS,
        owner=OWNERS,
        preferences=MAPS,
        metadata=MAPS | MAPS | MAPS | BAD_MAPS,
        status=st.none() | STATUSES,
        offset=VERSIONS,
    )
    def update(
        self,
        client: int,
        session: int,
        owner: int | None,
        preferences: dict[str, Any],
        metadata: dict[str, Any],
        status: str | None,
        offset: int | None,
    ) -> None:
        self.write(
            client,
            "update",
            session,
            owner=owner,
            offset=offset,
            user_preferences=preferences,
            metadata=metadata,
            session_status=status,
        )

    def write(
        self,
        client: int,
        method: str,
        session: int,
        *arguments: object,
        owner: int | None,
        offset: int | None,
        **options: object,
    ) -> None:
        """A write on one session, unless that is corrupt."""
        session = self.present(session)
        if session not in self.corrupted:
            self.both(
                client,
                method,
                self.named(session),
                *arguments,
                user_id=self.owner(owner),
                if_version=self.version(session, offset),
                **options,
            )

    @rule(client=CLIENTS, session=SESSIONS, owner=OWNERS, offset=VERSIONS)
    def delete(self, client: int, session: int, owner: int | None, offset: int | None) -> None:
        # A corrupt record's version is out of reach.
        version = None if session in self.corrupted else self.version(session, offset)
        user_id = self.owner(owner)
        self.both(client, "delete", self.named(session), user_id=user_id, if_version=version)

    @rule(
        client=CLIENTS,
        user=USERS,
        newest_first=st.booleans(),
        limit=st.sampled_from([1, 1, 2, 3]),
        status=st.none() | STATUSES,
        cursor=st.integers(0, 9),
    )
    def list_sessions(
        self,
        client: int,
        user: int,
        newest_first: bool,
        limit: int,
        status: str | None,
        cursor: int,
    ) -> None:
        self.harness.settle()
        number = cursor % len(self.cursors)
        page = self.both(
            client,
            "list_sessions",
            self.user(user),
            newest_first=newest_first,
            limit=limit,
            cursor=Written(f"cursors[{number}]", self.cursors[number]),
            # Whether a corrupt record has a status is the engine's own affair.
            session_status=None if self.corrupted else status,
        )
        if isinstance(page, Page) and page.next_cursor is not None:
            self.cursors.append(page.next_cursor)
            self.keep("cursors.append({}.next_cursor)")

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

        self.compare(client, f"show(scan_all, clients[{client}])", call)

    @rule(client=CLIENTS, user=USERS)
    def delete_user(self, client: int, user: int) -> None:
        self.harness.settle()
        self.both(client, "delete_user", self.user(user))

    @rule(client=CLIENTS)
    def purge_expired(self, client: int) -> None:
        now = self.clocks[client].now
        self.purged_until = max(self.purged_until, now)
        for number, clock in enumerate(self.clocks):
            if clock.now < now:
                clock.now = now
                self.move(number)
        # How many a call removes itself is the engine's own affair.
        line = f"show(clients[{client}].purge_expired)"
        self.compare(client, line, lambda store: store.purge_expired() >= 0)

    @rule(client=CLIENTS, number=st.integers(0, 9), overwrite=st.booleans())
    def restore(self, client: int, number: int, overwrite: bool) -> None:
        if self.backups:
            chosen = number % len(self.backups)
            backup = self.backups[chosen]
            if not any(self.key(each) == backup.session_id for each in self.corrupted):
                written = Written(f"backups[{chosen}]", backup)
                self.both(client, "restore", written, overwrite=overwrite)

    @rule(session=SESSIONS, of_message=st.booleans())
    def corrupt(self, session: int, of_message: bool) -> None:
        key = self.key(session)
        if session in self.corrupted or not self.is_kept(session):
            return
        if of_message and not self.documents[key]["messages"]:
            return
        method = "corrupt_message" if of_message else "corrupt"
        named = self.named(session).code
        self.step(f"# here the harness did this to the storage: {method}({named})")
        self.corrupted.add(session)
        for harness in (self.harness, self.reference):
            getattr(harness, method)(key)
