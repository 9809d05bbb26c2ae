"""What takes as long as there is data: erasing a user's sessions, and purging all of them. Both go
step by step, and each step has a deadline of its own."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.runtime import deadline
from chatstore_redis import scripts
from chatstore_redis.connection import Connection
from chatstore_redis.index import UserIndex


def in_steps(steps: Iterator[int]) -> Iterator[int]:
    """What each step returns."""
    while True:
        with deadline.each_step():
            result = next(steps, None)
        if result is None:
            return
        yield result


def erased(connection: Connection, index: UserIndex, user_id: str, now: Moment) -> Iterator[int]:
    """Erase a user's sessions; in each step how many live ones."""
    for positions in index.walk(user_id, now):
        keys = [index.keys.session(each.session_id) for each in positions]
        answers = connection.run_all(scripts.ERASE, keys, now.seconds, user_id.encode())
        index.forget(user_id, positions, [each is not None for each in answers], now)
        yield answers.count(1)


def purged(connection: Connection, index: UserIndex, now: Moment) -> Iterator[int]:
    """Remove every expired session and every dead member of an index; in each step how many
    sessions."""
    for keys in connection.scan_all(index.keys.session_pattern, "hash"):
        yield _reclaimed(connection, index, keys, now)
    for keys in connection.scan_all(index.keys.index_pattern, "zset"):
        for key in keys:
            if (user_id := index.keys.user_id(key)) is not None:
                for _ in index.clean(user_id, now):
                    yield 0
        yield 0


def _reclaimed(connection: Connection, index: UserIndex, keys: Sequence[bytes], now: Moment) -> int:
    """Remove the expired ones of some sessions, and see to the members of all of them."""
    gone: dict[str, list[Position]] = defaultdict(list)
    kept: dict[str, list[Position]] = defaultdict(list)
    ours = {key: each for key in keys if (each := index.keys.session_id(key)) is not None}
    removed = 0
    answers = connection.run_all(scripts.RECLAIM, list(ours), now.seconds)
    for session_id, answer in zip(ours.values(), answers, strict=True):
        if answer is None:
            continue
        was_removed, owner, created_at = answer
        removed += was_removed
        if owner is not None and created_at is not None:
            position = Position(created_at.decode(errors="replace"), session_id)
            (gone if was_removed else kept)[owner.decode(errors="replace")].append(position)
    # A process may have died between a session and its member.
    index.add_all(kept)
    for user_id, positions in gone.items():
        index.remove(user_id, positions)
    return removed
