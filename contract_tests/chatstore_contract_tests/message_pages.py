"""Pages of a session's messages: all that is kept, in one order, from either end."""

import random

from chatstore import (
    InvalidCursorError,
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    Page,
    RetentionPolicy,
    SessionNotFoundError,
)
from chatstore_contract_tests import oracle
from chatstore_contract_tests.behaviour import Behaviour, batch, message, raises_itself
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.foreign import brief_record
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.histories import NARROW, keeping, pages_of, told
from chatstore_contract_tests.hostile import BAD_CURSORS, BAD_LIMITS

KINDS: tuple[tuple[RetentionPolicy, int], ...] = (
    (RetentionPolicy(), 10),
    (RetentionPolicy(max_messages=99, max_message_bytes=2_000), 99),
    (RetentionPolicy(max_messages=150, max_message_bytes=2_000), 150),
    (RetentionPolicy(max_messages=None, max_message_bytes=2_000), 10**6),
    (keeping(1), 10**6),
    (keeping(10), 10**6),
)
"""Policies, and how many messages are kept under each."""


class MessagePagesBehaviour(Behaviour):
    """list_messages and iter_messages."""

    def test_pages_join_to_all_that_is_kept(self, harness: Harness, clock: ManualClock) -> None:
        """Every session lists all that is kept of it, whoever reads: of a session with history
        whatever was appended, of another one its window. Pages are full but for the last, in both
        directions, and tell the session's version."""
        chance = random.Random(11)  # noqa: S311 - test data
        with every_case() as case:
            for number, (policy, most) in enumerate(KINDS):
                key, sent = f"{number}", batch(137)
                with (
                    harness.open(policy=policy, clock=clock) as store,
                    harness.open(policy=NARROW, clock=clock) as narrow,
                ):
                    store.create("ana", session_id=key, messages=sent[:9])
                    for start, end in ((9, 10), (10, 12), (12, 100), (100, 137)):
                        version = store.append(key, *sent[start:end]).version
                    for newest_first in (True, False):
                        expected = sent[-most:][::-1] if newest_first else sent[-most:]
                        for limit in (chance.choice((2, 7)), 10, 50, 136, 137, 138):
                            with case(policy, newest_first, limit):
                                pages = pages_of(store, key, newest_first=newest_first, limit=limit)
                                joined = [each for page in pages for each in page.items]
                                assert told(joined) == told(expected)
                                assert {len(page.items) for page in pages[:-1]} <= {limit}
                                assert {page.version for page in pages} == {version}
                        with case(policy, newest_first, "a narrow reader"):
                            walked = narrow.iter_messages(
                                key, newest_first=newest_first, page_size=43, user_id="ana"
                            )
                            assert told(list(walked)) == told(expected)
                    with case(policy, "nothing"):
                        none = store.create("ana").session_id
                        assert store.list_messages(none) == Page([], None, 1)
                        assert store.list_messages(none, newest_first=False) == Page([], None, 1)

    def test_another_services_messages_are_listed(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Another service's record lists what it holds, whatever number it was counted at."""
        with every_case() as case:
            for count in (0, 2, 7, ...):
                key = f"{count}"
                harness.raw_write(brief_record(sessionId=key, messageCount=count))
                for newest_first in (True, False):
                    with case(count, newest_first):
                        pages = pages_of(store, key, newest_first=newest_first, limit=1)
                        found = [each.message_id for page in pages for each in page.items]
                        assert found == (["m1", "m0"] if newest_first else ["m0", "m1"])

    def test_a_cursor_is_a_position(self, harness: Harness, clock: ManualClock) -> None:
        """A cursor is the number of messages before one, in either direction: it stays good while
        messages arrive and leave; after a rewrite positions are used again."""
        chance = random.Random(12)  # noqa: S311 - test data
        with every_case() as case:
            for number, (policy, most) in enumerate(KINDS):
                key, kept = f"{number}", batch(40)
                with harness.open(policy=policy, clock=clock) as store:
                    store.create("ana", session_id=key, messages=kept)
                    first, cursors = max(40 - most, 0), {}
                    kept = kept[first:]
                    for turn in range(12):
                        if chance.random() < 0.7:
                            added = batch(chance.choice((1, 2, 30)), f"{turn}")
                            store.append(key, *added)
                            kept += added
                        else:
                            given = [*store.get(key).messages[:-2], message(f"edited {turn}")]
                            replaced = len(store.get(key).messages)
                            store.rewrite(key, given, if_version=None)
                            kept = [*kept[: len(kept) - replaced], *given]
                        first += max(len(kept) - most, 0)
                        kept = kept[-most:]
                        index = chance.randrange(len(kept))
                        page = store.list_messages(key, limit=index + 1, newest_first=False)
                        if page.next_cursor is not None:
                            cursors[page.next_cursor] = first + index
                        cursor = chance.choice(list(cursors))
                        # Beyond it, of those that are kept now.
                        beyond = max(cursors[cursor] + 1 - first, 0)
                        before = max(cursors[cursor] - first, 0)
                        with case(policy, turn, cursors[cursor] - first):
                            page = store.list_messages(
                                key, cursor=cursor, newest_first=False, limit=1_000
                            )
                            assert told(page.items) == told(kept[beyond:])
                            page = store.list_messages(key, cursor=cursor, limit=1_000)
                            assert told(page.items) == told(kept[:before][::-1])
                            assert page.next_cursor is None

    def test_a_cursor_belongs_to_a_life(self, harness: Harness, clock: ManualClock) -> None:
        """What no page of this session returned is `InvalidCursorError`: another session's cursor,
        one of an earlier life of the id, another listing's, and any other text."""
        with every_case() as case:
            for number, policy in enumerate((RetentionPolicy(), keeping(4))):
                key, other = f"{number}", f"other {number}"
                with harness.open(policy=policy, clock=clock) as store:
                    for each in (key, other):
                        store.create("ana", session_id=each, messages=batch(9))
                    harness.settle()
                    foreign = {
                        "another session's": store.list_messages(other, limit=1).next_cursor,
                        "a listing's": store.list_sessions("ana", limit=1).next_cursor,
                        "a scan's": store.scan(limit=1).next_cursor,
                        **BAD_CURSORS,
                    }
                    own = store.list_messages(key, limit=1).next_cursor
                    with case("missing"), raises_itself(SessionNotFoundError):
                        store.list_messages("missing", cursor=None)
                    for name, cursor in foreign.items():
                        for newest_first in (True, False):
                            with case(policy, name), raises_itself(InvalidCursorError):
                                store.list_messages(key, cursor=cursor, newest_first=newest_first)
                    with case(policy, "another listing"), raises_itself(InvalidCursorError):
                        store.list_sessions("ana", cursor=own)
                    backup = store.get(key)
                    store.delete(key)
                    with case(policy, "deleted"), raises_itself(SessionNotFoundError):
                        store.list_messages(key, cursor=own)
                    store.create("ana", session_id=key, messages=batch(9))
                    with case(policy, "an earlier life's"), raises_itself(InvalidCursorError):
                        store.list_messages(key, cursor=own)
                    with case(policy, "the old life again"):
                        older = batch(9 - len(backup.messages)) if policy.keep_history else ()
                        store.restore(backup, history=older, overwrite=True)
                        assert len(store.list_messages(key, cursor=own).items) == 8

    def test_a_page_has_a_megabyte(self, harness: Harness, clock: ManualClock) -> None:
        """The messages of a page have at most 1,000,000 bytes together, to the byte; the next one
        goes on from there."""
        chance = random.Random(13)  # noqa: S311 - test data
        with harness.open(policy=keeping(2), clock=clock) as store, every_case() as case:
            store.create("ana", session_id="there")
            size = oracle.stored_bytes(message(""))
            sent: list[Message] = []
            for length in (31_250, 31_250 - 1, 31_250 + 1, 0):
                # 32 of the first fill a page to the byte.
                sizes = [length or chance.choice((10, 9_000, 32_768)) for _ in range(34)]
                sent += [message("x" * max(each - size, 0)) for each in sizes]
            for start in range(0, len(sent), 10):
                store.append("there", *sent[start : start + 10])
            for newest_first in (True, False):
                rest = sent[::-1] if newest_first else sent
                for page in pages_of(store, "there", newest_first=newest_first, limit=100):
                    length = oracle.page_of(rest, 100)
                    with case(newest_first, len(rest)):
                        assert told(page.items) == told(rest[:length])
                    rest = rest[len(page.items) :]
                with case(newest_first, "the rest"):
                    assert rest == []

    def test_a_page_of_messages_has_1_to_1000(self, harness: Harness, clock: ManualClock) -> None:
        """`limit` is 1 to 1,000; so many stand on a page where more follow, and 50 by default."""
        with harness.open(policy=keeping(4), clock=clock) as store, every_case() as case:
            sent = batch(1_050)
            store.create("ana", session_id="there", messages=sent)
            for limit in BAD_LIMITS:
                with case(limit), raises_itself(InvalidInputError) as raised:
                    store.list_messages("there", limit=limit)
                assert "limit" in str(raised.value)
            with case("the most"):
                page = store.list_messages("there", limit=1_000, newest_first=False)
                assert told(page.items) == told(sent[:1_000])
                rest = store.list_messages("there", cursor=page.next_cursor, newest_first=False)
                assert told(rest.items) == told(sent[1_000:])
                assert rest.next_cursor is None
            with case("the default"):
                assert told(store.list_messages("there").items) == told(sent[:-51:-1])
