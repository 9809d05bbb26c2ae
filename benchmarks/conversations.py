"""What a long conversation costs against a short one: the same, on every engine.

A session with history is asked and appended to when it has 20 messages, and when it has 100,000;
so is a window of 10 messages, of 1,000, and of as many as its bytes allow. Contents are of 100
bytes, and each history's window is of 10. Each figure is the median, over shuffled rounds, of the
ratio of the rounds' medians.

    python benchmarks/conversations.py sqlite:////tmp/chat.db [--messages 100000] [--rounds 20]

It makes sessions of its own in the store that the URL names, and deletes them at the end.
"""

import argparse
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from chatstore import MaintainedSessionStore, Message, RetentionPolicy, Session, open_store
from rounds import Call, Figure, measured, report

_WINDOW = 10
_LONG_WINDOW = 1_000
_PAGE = 10


def said() -> Message:
    """A new message."""
    return Message(type="user", content="x" * 100)


def session_of(messages: int, *, history: int | None) -> Session:
    """A record of so many messages that were counted, and none in its window."""
    now = datetime.now(UTC)
    given = {} if history is None else {"history": history}
    return Session.model_validate(
        {
            "sessionId": f"benchmark-{uuid.uuid4()}",
            "userId": "benchmark",
            "createdAt": now,
            "updatedAt": now,
            "creationId": str(uuid.uuid4()),
            "messageCount": messages,
            **given,
        }
    )


def with_history(store: MaintainedSessionStore, messages: int) -> str:
    """A session with history, in which so many messages were said."""
    session = session_of(messages, history=_WINDOW)
    store.restore(session, history=(said() for _ in range(messages)))
    return session.session_id


def with_window(store: MaintainedSessionStore, messages: int) -> str:
    """A session without history, to which so many messages were appended."""
    session = session_of(0, history=None)
    store.restore(session)
    for _ in range(0, messages, 100):
        store.append(session.session_id, *(said() for _ in range(min(messages, 100))))
    return session.session_id


def middle_of(store: MaintainedSessionStore, session_id: str, messages: int) -> str | None:
    """The cursor at which the older half of the messages begins."""
    cursor: str | None = None
    left = messages // 2
    while left > 0:
        limit = min(left, 1_000)
        cursor = store.list_messages(session_id, limit=limit, cursor=cursor).next_cursor
        left -= limit
    return cursor


def histories(
    store: MaintainedSessionStore, messages: int, made: list[str], *, rounds: int, calls: int
) -> Iterator[Figure]:
    """A history of few messages against one of many."""
    # Twice as many as a page has, so that the page from the middle is a full one.
    lengths = (2 * _PAGE, messages)
    short, long = (with_history(store, length) for length in lengths)
    made += [short, long]
    middles = {
        key: middle_of(store, key, length)
        for key, length in zip((short, long), lengths, strict=True)
    }

    def both(call: Callable[[str], object]) -> tuple[Call, Call]:
        return lambda: call(short), lambda: call(long)

    contests = {
        "get": both(store.get),
        "get(last=3)": both(lambda key: store.get(key, last=3)),
        "first page": both(lambda key: store.list_messages(key, limit=_PAGE)),
        "oldest page": both(lambda key: store.list_messages(key, limit=_PAGE, newest_first=False)),
        "page from the middle": both(
            lambda key: store.list_messages(key, limit=_PAGE, cursor=middles[key])
        ),
        "append": both(lambda key: store.append(key, said())),
        "append_and_get": both(lambda key: store.append_and_get(key, said())),
        "append with state": both(lambda key: store.append(key, said(), metadata={"a": 1})),
    }
    yield from measured(contests, rounds=rounds, calls=calls)


def windows(
    url: str, made: list[str], stack: ExitStack, *, rounds: int, calls: int
) -> Iterator[Figure]:
    """A window of 10 messages against longer ones."""
    stores = [
        stack.enter_context(open_store(url, policy=RetentionPolicy(max_messages=most)))
        for most in (_WINDOW, _LONG_WINDOW, None)
    ]
    short, long, endless = stores
    keys = [
        with_window(store, count) for store, count in zip(stores, (10, 1_100, 2_000), strict=True)
    ]
    made += keys
    contests: dict[str, tuple[Call, Call]] = {
        f"append, 10 : {_LONG_WINDOW:,}": (
            lambda: short.append(keys[0], said()),
            lambda: long.append(keys[1], said()),
        ),
        "append, 10 : all that fits": (
            lambda: short.append(keys[0], said()),
            lambda: endless.append(keys[2], said()),
        ),
        f"get(last=10), 10 : {_LONG_WINDOW:,}": (
            lambda: short.get(keys[0], last=10),
            lambda: long.get(keys[1], last=10),
        ),
    }
    yield from measured(contests, rounds=rounds, calls=calls)


def main() -> None:
    """Print every figure, whatever it is."""
    parser = argparse.ArgumentParser(description="What a long conversation costs.")
    parser.add_argument("url")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=30)
    options = parser.parse_args()
    measure = {"rounds": options.rounds, "calls": options.calls}
    made: list[str] = []
    policy = RetentionPolicy(max_messages=_WINDOW, keep_history=True)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(options.url, policy=policy))
        try:
            report(
                f"history, 20 : {options.messages:,}",
                histories(store, options.messages, made, **measure),
            )
            report("window", windows(options.url, made, stack, **measure))
        finally:
            for session_id in made:
                store.delete(session_id)


if __name__ == "__main__":
    main()
