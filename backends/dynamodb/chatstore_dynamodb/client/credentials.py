"""Credentials that have to be fetched or renewed: within the deadline, and by typed errors."""

import re
import threading
import weakref
from typing import Any

from chatstore.errors import BackendAuthError, ChatStoreError
from chatstore.runtime.deadline import DeadlineError
from chatstore.runtime.forks import call_in_child
from chatstore_dynamodb.client.errors import of_credentials
from chatstore_dynamodb.client.time_limit import in_time

_SENDABLE = re.compile(r"[\x21-\x7e]+")

_renewed: "weakref.WeakSet[Any]" = weakref.WeakSet()


def _free_locks() -> None:
    """In a child whose parent was renewing credentials at the fork: nobody there would ever end
    that, and release the lock."""
    for credentials in list(_renewed):
        if credentials._refresh_lock.locked():
            credentials._refresh_lock = threading.Lock()


call_in_child(_free_locks)


class Credentials:
    """A client's credentials: a program, a role, a metadata service or plain keys."""

    def __init__(self, client: Any) -> None:
        signer: Any = getattr(client, "_request_signer", None)
        self._held: Any = getattr(signer, "_credentials", None)
        self._are_renewed = all(
            hasattr(self._held, name)
            for name in ("refresh_needed", "get_frozen_credentials", "_refresh_lock")
        )
        self._checked: list[object] = []
        if self._are_renewed:
            _renewed.add(self._held)

    def be_ready(self) -> None:
        """Renew them if that is due. botocore would do so while it signs, and wait for as long as
        it takes."""
        if self._are_renewed:
            try:
                if self._held.refresh_needed():
                    in_time(self._held.get_frozen_credentials)
            except (ChatStoreError, DeadlineError):
                raise
            except Exception as error:
                raise of_credentials(error) from error
        self._require_sendable()

    def _require_sendable(self) -> None:
        """Refuse what no header can hold, before an error of the driver's quotes it."""
        held = getattr(self._held, "_frozen_credentials", None) or self._held
        parts: list[object] = [getattr(held, name, None) for name in ("access_key", "token")]
        if parts == self._checked:
            return
        if any(part is not None and not _SENDABLE.fullmatch(str(part)) for part in parts):
            raise BackendAuthError(
                "dynamodb: no usable credentials: the key's id or the session's token has a space, "
                "a line's end or another character that no request can hold"
            )
        self._checked = parts
