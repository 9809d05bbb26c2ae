"""A folder with one JSON file for each session: the I/O, which knows nothing of sessions."""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatstore.engine import json_text

_LOCK = "lock"


class Folder:
    """Documents by id. A file is replaced as a whole, so that a reader, who takes no lock, sees the
    one before or the one after; writers take turns, threads and processes alike."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other writer out. The lock is the system's: a process that dies frees it."""
        with self._threads, (self.path / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read(self, session_id: str) -> Any:
        """The document of an id; None if there is none. Raises `ValueError` if it is not JSON."""
        return self._read(self.file(session_id))

    def read_all(self) -> Iterator[Any]:
        """Every document, in no order."""
        for file in self.path.glob("*.json"):
            if (document := self._read(file)) is not None:
                yield document

    def write(self, session_id: str, document: Any) -> None:
        """Put a document in the place of what is there."""
        file = self.file(session_id)
        new = file.with_suffix(".new")
        with new.open("w", encoding="utf-8") as stream:
            stream.write(json_text(document))
            stream.flush()
            # Only what is on the disk may take the old one's place.
            os.fsync(stream.fileno())
        new.replace(file)

    def remove(self, session_id: str) -> None:
        """Remove the document of an id, if there is one."""
        self.file(session_id).unlink(missing_ok=True)

    def file(self, session_id: str) -> Path:
        """The file of an id. Ids hold slashes, dots and a kilobyte of emoji; digests do not."""
        return self.path / f"{hashlib.sha256(session_id.encode()).hexdigest()}.json"

    @staticmethod
    def _read(file: Path) -> Any:
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
