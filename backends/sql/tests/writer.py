"""A program of its own, run by the tests: appends to one session, from several threads.

    python writer.py URL SESSION_ID NAME THREADS APPENDS (all|newest|history)

It begins when a line comes in. Thread t of writer NAME appends messages NAME-t-0, NAME-t-1 and so
on, APPENDS in all over its threads. Each message that was acknowledged is a line of the output.
"""

import sys
import threading

from chatstore import Message, RetentionPolicy, open_store


def main(url: str, session_id: str, name: str, *rest: str) -> None:
    """Write, and exit with 1 if a thread failed."""
    threads, appends = int(rest[0]), int(rest[1])
    store = open_store(url, policy=RetentionPolicy(max_messages=None if rest[2] == "all" else 10))
    output = threading.Lock()
    failures: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for number in range(thread, appends, threads):
                identity = f"{name}-{thread}-{number // threads}"
                store.append(session_id, Message(message_id=identity, type="user", content="x"))
                with output:
                    sys.stdout.write(f"{identity}\n")
                    sys.stdout.flush()
        except BaseException as error:
            failures.append(error)
            raise

    sys.stdin.readline()
    running = [threading.Thread(target=write, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    store.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
