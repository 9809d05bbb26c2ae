"""Every error that a store raises: one tree, the same on every backend."""

from collections.abc import Mapping
from typing import ClassVar


class ChatStoreError(Exception):
    """The root of every error that chatstore raises on purpose.

    `retryable` says whether sending the same call again, unchanged, can succeed. Every error can be
    pickled and copied: its type, text and fields come through whole.
    """

    retryable: ClassVar[bool] = False

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own way is to call the class with the finished text.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[ChatStoreError], arguments: tuple[object, ...], fields: Mapping[str, object]
) -> ChatStoreError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    return error


class InvalidInputError(ChatStoreError, ValueError):
    """An argument is not what it must be; nothing was written.

    `field` names the argument, `limit` says what it must be, `size` what it was; the text is made
    of the three, "FIELD must be LIMIT, not SIZE", and of advice where there is some. `size` tells a
    number, an id or a time itself, and of what may be private only its kind or its size.
    """

    def __init__(self, field: str, limit: str, size: object, advice: str = "") -> None:
        self.field = field
        self.limit = limit
        # What was given may be anything; an error must be able to travel.
        self.size = size if type(size) in (int, float, str) else str(size)
        message = f"{field} must be {limit}, not {self.size}"
        super().__init__(f"{message}; {advice}" if advice else message)


class MessageTooLargeError(InvalidInputError):
    """A message is larger than the policy or the engine can hold; nothing was written."""


class InvalidCursorError(InvalidInputError):
    """A cursor is not one that a listing returned; `size` is the beginning of it."""

    def __init__(self, field: str = "cursor", size: object = "another text") -> None:
        super().__init__(field, "the next_cursor of a page", size, "list again from the start")


class SessionNotFoundError(ChatStoreError, LookupError):
    """The session is missing, expired or somebody else's; the caller can't tell which."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        super().__init__(
            f"session {session_id!r} does not exist: it never did, has expired or is another user's"
        )


class MessageNotFoundError(ChatStoreError, LookupError):
    """No message with this id is in the session's window."""

    def __init__(self, session_id: str, message_id: str) -> None:
        self.session_id = session_id
        self.message_id = message_id
        super().__init__(
            f"session {session_id!r} has no message {message_id!r} in its window; append it, or "
            "replace what is kept by rewrite"
        )


class SessionExistsError(ChatStoreError):
    """The id that `create` or `restore` was given belongs to a live session."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        super().__init__(f"session {session_id!r} exists already; choose another id, or get it")


class VersionConflictError(ChatStoreError):
    """The session's `version` is not the one that the write was conditioned on."""

    def __init__(self, session_id: str, if_version: int | None) -> None:
        self.session_id = session_id
        self.if_version = if_version
        super().__init__(
            f"session {session_id!r} is no longer at version {if_version}; get it and decide again"
        )


class CorruptSessionError(ChatStoreError):
    """A stored record can't be read. It never passes for absence; `delete` can remove it."""

    def __init__(self, backend: str, session_id: str, reason: str = "") -> None:
        self.backend = backend
        self.session_id = session_id
        super().__init__(
            f"{backend} holds a record of session {session_id!r} that can't be read"
            f"{f' ({reason})' if reason else ''}; mend it there, or delete the session"
        )


class BackendError(ChatStoreError):
    """The engine refused or failed; the driver's own exception is the `__cause__`."""


class BackendUnavailableError(BackendError):
    """The engine was refused, timed out or reset. The outcome of a write may be unknown:
    send the same messages again, they are stored once."""

    retryable: ClassVar[bool] = True


class BackendThrottledError(BackendError):
    """The engine asks for fewer requests; wait a little and send the same call again."""

    retryable: ClassVar[bool] = True


class BackendAuthError(BackendError):
    """The engine does not let these credentials, or this process, do that."""


class SchemaError(BackendError):
    """A table, index or file is missing or is not what chatstore needs; the message says
    what mends it."""


class ConfigurationError(ChatStoreError):
    """A bad URL or setting, an unknown scheme, a missing extra, or a store used after `close`."""
