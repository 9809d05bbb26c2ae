"""The database's file: whether it is there, and whether it still is the one that was opened.

What is deleted, renamed or replaced while it is open can still be written to, and the writes are
nowhere. A look at the path costs a microsecond.
"""

from contextlib import suppress
from pathlib import Path

from chatstore.errors import SchemaError
from chatstore_sql.forking import Inode, inode_at


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

    def is_same(self, inode: Inode | None) -> bool:
        """Whether a connection to `inode` is one to the file that was opened. Raises `SchemaError`
        if that is not at its path any more."""
        found = inode_at(self._name)
        if found != self.inode:
            happened = "is gone" if found is None else "was replaced by another"
            raise SchemaError(
                f"sqlite, {self._name}: the file {happened} since the store opened it; what is "
                "written to it would be lost. Put it back or restore a backup, and open the store "
                "again"
            )
        return inode == found

    def log_inode(self) -> Inode | None:
        """Which file the write-ahead log is."""
        return inode_at(self._log)

    def require_log(self, inode: Inode) -> None:
        """Raise `SchemaError` unless the log is still the one that a connection writes to."""
        if inode_at(self._log) != inode:
            raise SchemaError(
                f"sqlite, {self._log}: the log was deleted or replaced while it was in use, and "
                "writes would be lost. Close this store, so that SQLite moves what the log held "
                "into the database, and open it again"
            )
