"""A session's columns, in the order in which its row is read: first what is shown."""

from typing import NamedTuple

from chatstore.engine.write import Write

COLUMN_OF = {
    "sessionId": "session_id",
    "userId": "user_id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "ttl": "ttl",
    "messageCount": "message_count",
    "sessionStatus": "session_status",
    "version": "version",
    "creationId": "creation_id",
    "history": "history",
    "userPreferences": "user_preferences",
    "metadata": "metadata",
}
"""The attributes with a column of their own, by their stored names."""

SHOWN = (*COLUMN_OF.values(), "extra")
"""The columns that a record is made of."""


class SessionRow(NamedTuple):
    """A row of `chat_sessions`."""

    session_id: str
    user_id: str
    created_at: str
    updated_at: str
    ttl: int | None
    message_count: int
    session_status: str
    version: int
    creation_id: str | None
    history: int | None
    user_preferences: str
    metadata: str
    extra: str | None

    life: int
    next_seq: int
    kept: int
    kept_weight: int

    def written(
        self, write: Write, *, more: int = 0, kept: int | None = None, kept_weight: int = 0
    ) -> "SessionRow":
        """The row as a write leaves it: one version on, its times renewed; with so many messages
        `more` that were counted, of which with the others so many are `kept`. None: as before."""
        # `_replace` takes twice as long.
        return SessionRow._make(
            (
                *self[:3],
                write.now.text,
                write.ttl if write.renews else self.ttl,
                self.message_count + more,
                self.session_status,
                self.version + 1,
                *self[8:14],
                self.next_seq + more,
                self.kept if kept is None else kept,
                self.kept_weight if kept is None else kept_weight,
            )
        )

    @property
    def oldest_seq(self) -> int:
        """The number of the oldest message that is kept."""
        return self.next_seq - self.kept

    @property
    def window_most(self) -> int:
        """The most messages that the window can have."""
        return self.kept if self.history is None else min(self.kept, self.history)

    @property
    def window_stamp(self) -> tuple[object, ...]:
        """The parameters of UPDATE_WINDOW."""
        return (*self[3:6], self.version, *self[14:], self.life)

    @property
    def window_and_state_stamp(self) -> tuple[object, ...]:
        """The parameters of UPDATE_WINDOW_AND_STATE."""
        return (*self[3:8], *self[14:], *self[10:12], self.life)
