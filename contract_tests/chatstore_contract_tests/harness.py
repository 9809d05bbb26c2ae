"""What a backend's author writes: one harness, and one class that derives from the contract."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from chatstore import Clock, JsonObject, MaintainedSessionStore, RetentionPolicy, utc_now


class Harness(ABC):
    """One storage, fresh and empty, the stores that share it, and what lies behind their back."""

    name: str
    """The backend as reports name it, such as "sqlite-file"."""

    faults: ClassVar[Mapping[str, str]] = {}
    """Tests that an emulator can't pass through a fault of its own: the test's name, and the fault
    in words. They are skipped with these words. A real engine has no faults to declare."""

    @abstractmethod
    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> MaintainedSessionStore:
        """Open a further client on the same storage, as another process would."""

    @abstractmethod
    def raw_write(self, document: JsonObject) -> None:
        """Store a record as another service might: in the stored shape, with `sessionId`, `userId`
        and `createdAt`; anything else may be missing, and there may be attributes that chatstore
        does not know."""

    @abstractmethod
    def raw_read(self, session_id: str) -> object:
        """Everything that is stored under the id, comparable with ==; None if there is nothing.

        That is the record and all of its messages, those of its history too, wherever the engine
        keeps them; and whatever earlier lives of the id have left behind. The contract proves by
        None that the end of a session leaves nothing."""

    @abstractmethod
    def corrupt(self, session_id: str) -> None:
        """Make the session's own attributes unreadable; owner, ttl and `createdAt` stay
        legible."""

    @abstractmethod
    def corrupt_message(self, session_id: str) -> None:
        """Make the newest stored message of the session unreadable."""

    def settle(self) -> None:  # noqa: B027 - most engines have no lagging index
        """Wait until listings show every write so far. By default, they do at once."""

    def close(self) -> None:  # noqa: B027 - a harness may have nothing to release
        """Release the storage."""
