"""What takes as long as there is data: erasing a user's sessions, and purging all of them. Both go
step by step, and each step has a deadline of its own."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from chatstore.clock import Moment
from chatstore.engine import Position, each_step
from chatstore_redis import scripts
from chatstore_redis.deployment import Deployment
from chatstore_redis.index import UserIndex


def delete_user(deployment: Deployment, index: UserIndex, user_id: str, now: Moment) -> int:
    """Erase a user's sessions; how many live ones."""
    return _sum_of(_erase(deployment, index, user_id, now))


def purge(deployment: Deployment, index: UserIndex, now: Moment) -> int:
    """Remove every expired session and every dead member of an index; how many sessions."""
    return _sum_of(_reclaim(deployment, index, now))


def _sum_of(steps: Iterator[int]) -> int:
    total = 0
    while True:
        with each_step():
            count = next(steps, None)
        if count is None:
            return total
        total += count


def _erase(deployment: Deployment, index: UserIndex, user_id: str, now: Moment) -> Iterator[int]:
    for positions in index.walk(user_id, now):
        keys = [index.keys.session(each.session_id) for each in positions]
        answers = deployment.run_all(scripts.DELETE_OF_USER, keys, now.seconds, user_id)
        index.forget(user_id, positions, [each is not None for each in answers], now)
        yield answers.count(1)


def _reclaim(deployment: Deployment, index: UserIndex, now: Moment) -> Iterator[int]:
    for keys in deployment.scan_all(index.keys.session_pattern, "hash"):
        yield _reclaimed(deployment, index, keys, now)
    for keys in deployment.scan_all(index.keys.index_pattern, "zset"):
        for key in keys:
            if (user_id := index.keys.user_id(key)) is not None:
                for _ in index.clean(user_id, now):
                    yield 0
        yield 0


def _reclaimed(deployment: Deployment, index: UserIndex, keys: Sequence[bytes], now: Moment) -> int:
    """Remove the expired ones of some sessions, and see to the members of all of them."""
    gone: dict[str, list[Position]] = defaultdict(list)
    kept: dict[str, list[Position]] = defaultdict(list)
    ours = {key: each for key in keys if (each := index.keys.session_id(key)) is not None}
    removed = 0
    answers = deployment.run_all(scripts.DELETE_EXPIRED, list(ours), now.seconds)
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
