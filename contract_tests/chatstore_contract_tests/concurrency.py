"""Many at once: nothing lost, nothing doubled, one winner."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from itertools import product
from threading import Barrier
from typing import TypeVar

from chatstore import (
    MaintainedSessionStore,
    Message,
    MessageNotFoundError,
    RetentionPolicy,
    Session,
    SessionExistsError,
    VersionConflictError,
)
from chatstore_contract_tests.behaviour import Behaviour, batch, contents, message
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import all_of

WRITERS = 6
APPENDS = 12

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run the calls in threads that start together; their results, in order."""
    barrier = Barrier(len(calls))

    def started(call: Callable[[], T]) -> T:
        barrier.wait(timeout=60)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(started, calls))


def written_to(stores: Sequence[MaintainedSessionStore]) -> Session:
    """A new session after all have written to it at once, each by the next of the stores."""
    session_id = stores[0].create("ana").session_id

    def write(writer: int) -> Callable[[], None]:
        def appends() -> None:
            store = stores[writer % len(stores)]
            for number in range(APPENDS):
                store.append(session_id, message(f"{writer} {number:02}"))

        return appends

    at_once([write(writer) for writer in range(WRITERS)])
    return stores[0].get(session_id)


class ConcurrencyBehaviour(Behaviour):
    """Threads that share a store, or bring their own."""

    def test_no_append_is_lost(self, harness: Harness) -> None:
        """Whoever else is writing: each acknowledged message counts once, the window is exact,
        and each writer's messages are in its own order."""
        with every_case() as case:
            for limit, clients in product((10, 40, None), (1, WRITERS)):
                policy = RetentionPolicy(max_messages=limit, max_message_bytes=1_000)
                with case(limit, f"{clients} clients"), ExitStack() as opened:
                    stores = [
                        opened.enter_context(harness.open(policy=policy)) for _ in range(clients)
                    ]
                    found = written_to(stores)
                    total = WRITERS * APPENDS
                    assert (found.message_count, found.version) == (total, total + 1)
                    assert len(found.messages) == min(total, limit or total)
                    kept = contents(found)
                    assert len(set(kept)) == len(kept)
                    for writer in range(WRITERS):
                        own = [content for content in kept if content.startswith(f"{writer} ")]
                        expected = [f"{writer} {number:02}" for number in range(APPENDS)]
                        assert own == expected[APPENDS - len(own) :]

    def test_no_message_of_a_history_is_lost(self, harness: Harness) -> None:
        """A session with history keeps each acknowledged message once and in its writer's order,
        while others append and amend; who reads on page by page meanwhile sees all in one
        order."""
        policy = RetentionPolicy(max_messages=4, keep_history=True)
        total = 30 + 2 * APPENDS * (WRITERS - 1)
        with ExitStack() as opened:
            stores = [opened.enter_context(harness.open(policy=policy)) for _ in range(WRITERS)]
            key = stores[0].create("ana", messages=batch(30, "before")).session_id
            seen: list[Message] = []
            ended: list[int] = []

            def append(writer: int) -> None:
                try:
                    for number in range(2 * APPENDS):
                        sent = message(f"{writer} {number:02}")
                        stores[writer].append(key, sent)
                        if writer == 1:
                            # Unless it has left the window already.
                            with suppress(MessageNotFoundError):
                                stores[1].amend(key, sent.model_copy(update={"name": "bot"}))
                finally:
                    ended.append(writer)

            def read() -> None:
                cursor = None
                while True:
                    is_last = len(ended) == WRITERS - 1
                    page = stores[0].list_messages(key, newest_first=False, limit=7, cursor=cursor)
                    # What no cursor leads on from is read again, until nothing more can come.
                    if page.next_cursor is not None or is_last:
                        seen.extend(page.items)
                        cursor = page.next_cursor
                    if is_last and cursor is None:
                        return

            calls: list[Callable[[], None]] = [read]
            calls += [partial(append, writer) for writer in range(1, WRITERS)]
            at_once(calls)
            found = stores[0].get(key)
            kept = [f"{each.content}" for each in all_of(stores[0], key)]
            assert [each.content for each in seen] == kept
            assert kept[:30] == [f"before {number}" for number in range(30)]
            assert (len(kept), found.message_count) == (total, total)
            assert contents(found) == kept[-4:]
            for writer in range(1, WRITERS):
                own = [content for content in kept if content.startswith(f"{writer} ")]
                assert own == [f"{writer} {number:02}" for number in range(2 * APPENDS)]

    def test_one_message_from_many_is_stored_once(self, store: MaintainedSessionStore) -> None:
        """The same message sent by several at once is stored once."""
        session_id = store.create("ana").session_id
        sent = message("once")
        at_once([lambda: store.append(session_id, sent) for _ in range(WRITERS)])
        found = store.get(session_id)
        assert found.messages == [sent]
        assert (found.message_count, found.version) == (1, 2)

    def test_one_create_wins(self, store: MaintainedSessionStore) -> None:
        """Of several that create one id, one succeeds, and it is whole."""

        def create(user: int) -> Callable[[], Session | None]:
            def attempt() -> Session | None:
                try:
                    return store.create(f"user {user}", session_id="one", messages=batch(3))
                except SessionExistsError:
                    return None

            return attempt

        results = at_once([create(user) for user in range(WRITERS)])
        winners = [result for result in results if result is not None]
        assert [store.get("one")] == winners

    def test_get_or_create_agrees(self, store: MaintainedSessionStore) -> None:
        """Of several that `get_or_create` one id, all get the one session."""
        found = at_once([lambda: store.get_or_create("one", user_id="ana") for _ in range(WRITERS)])
        assert {session.creation_id for session in found} == {store.get("one").creation_id}

    def test_updates_of_different_keys_all_stay(self, store: MaintainedSessionStore) -> None:
        """A patch, of an update or of an append, is merged atomically beside all others."""
        session_id = store.create("ana").session_id

        def update(writer: int) -> Callable[[], object]:
            if writer % 2:
                return lambda: store.append(
                    session_id, message(f"{writer}"), metadata={f"m{writer}": writer}
                )
            return lambda: store.update(
                session_id, metadata={f"m{writer}": writer}, user_preferences={f"p{writer}": 1}
            )

        at_once([update(writer) for writer in range(WRITERS)])
        found = store.get(session_id)
        evens = range(0, WRITERS, 2)
        assert found.metadata == {f"m{writer}": writer for writer in range(WRITERS)}
        assert found.user_preferences == {f"p{writer}": 1 for writer in evens}
        assert found.message_count == WRITERS // 2
        assert found.version == WRITERS + 1

    def test_one_conditional_write_wins(self, store: MaintainedSessionStore) -> None:
        """Of several writes conditioned on one version, one succeeds."""
        session_id = store.create("ana", messages=batch(2)).session_id

        def attempt(writer: int) -> Callable[[], bool]:
            sent: Message = message(f"{writer}")
            writes: list[Callable[[], object]] = [
                lambda: store.append(session_id, sent, if_version=1),
                lambda: store.rewrite(session_id, [sent], if_version=1),
                lambda: store.update(session_id, metadata={"w": writer}, if_version=1),
            ]

            def write() -> bool:
                try:
                    writes[writer % 3]()
                except VersionConflictError:
                    return False
                return True

            return write

        results = at_once([attempt(writer) for writer in range(WRITERS)])
        assert results.count(True) == 1
        assert store.get(session_id).version == 2

    def test_the_last_of_many_rewrites_wins(self, store: MaintainedSessionStore) -> None:
        """Rewrites without a version all succeed; the window is one of theirs, whole."""
        session_id = store.create("ana").session_id
        at_once(
            [
                lambda writer=writer: store.rewrite(  # type: ignore[misc]  # bound per writer
                    session_id, batch(3, f"{writer}"), if_version=None
                )
                for writer in range(4)
            ]
        )
        found = store.get(session_id)
        assert found.version == 5
        assert len(found.messages) == found.message_count == 3
        assert len({each.split()[0] for each in contents(found)}) == 1
