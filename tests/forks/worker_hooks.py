"""What gunicorn calls in its workers: each says in `CHAT_READY` that it takes requests."""

import os
from pathlib import Path
from typing import Any


def post_worker_init(worker: Any) -> None:
    """The last thing before a worker waits for requests."""
    Path(os.environ["CHAT_READY"], f"worker-{worker.pid}").touch()
