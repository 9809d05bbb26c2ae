"""The database's file: whether it is there, and whether it still is the one that was opened.

What is deleted, renamed or replaced while it is open can still be written to, and the writes are
nowhere. A look at the path costs a microsecond.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from chatstore.errors import SchemaError

Inode = tuple[int, int]
"""Which file it is, whatever its name: its device and its number there."""


class DatabaseFile:
    """A file at a path, and which one it was when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inode: Inode | None = None
        self._name = str(path)
        self._log = f"{path}-wal"

    def is_there(self) -> bool:
        """Whether there is anything to open. A file that can't be looked at is left to SQLite,
        whose error says why; so is one whose directory went away, with all that was in it."""
        try:
            return inode_at(self._name) is not None or not self.path.parent.is_dir()
        except OSError:
            return True

    def remember(self) -> None:
        """What is there is the file that is opened."""
        self.inode = None
        # Where this process may not look, SQLite may not either, and says so.
        with suppress(PermissionError):
            self.inode = inode_at(self._name)

    def require_there(self) -> None:
        """Raise `SchemaError` if the file that was opened is not there any more."""
        found = inode_at(self._name)
        if found != self.inode:
            happened = "is gone" if found is None else "was replaced by another"
            raise SchemaError(
                f"sqlite, {self._name}: the file {happened} since the store opened it; what is "
                "written to it would be lost. Close its stores, remove the -wal and -shm that it "
                "left, put the right file there, and open the store again"
            )

    def require_whole(self, log: Inode | None) -> Inode | None:
        """The same for the write-ahead log that a connection writes to: None, if to none yet.
        Returns which one lies there."""
        self.require_there()
        found = inode_at(self._log)
        if log is not None and found != log:
            raise SchemaError(
                f"sqlite, {self._log}: the log was deleted or replaced while it was in use, and "
                "writes would be lost. Close this store and its engine, so that SQLite moves what "
                "the log held into the database, and open it again"
            )
        return found


def inode_at(path: str) -> Inode | None:
    """Which file is at `path`; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  half as fast by a Path, and in every call
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def inode_of(descriptor: int) -> Inode | None:
    """Which file a descriptor has open; None if it has none."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def file_address(path: Path, mode: Literal["rw", "rwc"]) -> str:
    """What SQLite is told to open: for reading and writing, and with "rwc" it makes the file."""
    return f"{path.as_uri()}?mode={mode}"
