"""A process that appends to one session by several threads: `URL SESSION NAME THREADS APPENDS`.

Prints each message once it is acknowledged. One whose outcome is unknown is sent again.
"""

import os
import sys
import threading
import time

from chatstore import ChatStoreError, Message, RetentionPolicy, open_store

_PATIENCE = 60.0


def main(url: str, session_id: str, name: str, threads: int, appends: int) -> None:
    """Append, all threads at once."""
    policy = RetentionPolicy(keep_history=True)
    with open_store(url, policy=policy) as store:

        def write(thread: int) -> None:
            for number in range(appends):
                message = Message(type="user", content=f"{name}-{thread}-{number}")
                until = time.monotonic() + _PATIENCE
                while True:
                    try:
                        store.append(session_id, message)
                        break
                    except ChatStoreError as error:
                        if not error.retryable or time.monotonic() > until:
                            raise
                    time.sleep(0.02)
                # At once and whole, whoever else writes.
                os.write(1, f"{message.content}\n".encode())

        running = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
        for each in running:
            each.start()
        for each in running:
            each.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
