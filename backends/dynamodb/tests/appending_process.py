"""A process of its own that appends to one session from several threads, and writes how many
requests that took: `appending_process.py URL SESSION_ID MAX_MESSAGES NAME THREADS APPENDS`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chatstore import Message, RetentionPolicy, open_store


def main() -> None:
    """Append, and write the number of requests."""
    url, session_id, max_messages, name, threads, appends = sys.argv[1:]
    policy = RetentionPolicy(max_messages=None if max_messages == "none" else int(max_messages))
    sent: list[str] = []
    with open_store(url, policy=policy) as store:

        def note(event_name: str, **_: Any) -> None:
            sent.append(event_name)

        events = store.engine.table.client.meta.events  # type: ignore[attr-defined]
        events.register_first("before-send.dynamodb", note)

        def append(thread: int) -> None:
            for number in range(int(appends)):
                content = f"{name}/{thread} {number:03}"
                store.append(session_id, Message(type="user_query", content=content))

        with ThreadPoolExecutor(int(threads)) as pool:
            list(pool.map(append, range(int(threads))))
    sys.stdout.write(f"{len(sent)}\n")


if __name__ == "__main__":
    main()
