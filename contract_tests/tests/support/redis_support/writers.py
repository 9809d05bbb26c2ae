"""What a process does in the tests of many writers; on its own, so that a fresh one can run it."""

from concurrent.futures import ThreadPoolExecutor

import redis

from chatstore import Message, RetentionPolicy
from chatstore_redis import RedisSessionStore


def append_all(
    port: int, prefix: str, session_id: str, process: int, max_messages: int | None
) -> list[str]:
    """Append 50 messages from each of 4 threads; the ids that were acknowledged."""
    with redis.Redis(port=port) as client:
        policy = RetentionPolicy(max_messages=max_messages)
        store = RedisSessionStore(client, prefix=prefix, policy=policy)

        def work(thread: int) -> list[str]:
            acknowledged: list[str] = []
            for number in range(50):
                message_id = f"{process}.{thread}.{number}"
                message = Message(message_id=message_id, type="user_query", content="x" * 200)
                store.append(session_id, message)
                acknowledged.append(message_id)
            return acknowledged

        with ThreadPoolExecutor(4) as pool:
            return [each for ids in pool.map(work, range(4)) for each in ids]
