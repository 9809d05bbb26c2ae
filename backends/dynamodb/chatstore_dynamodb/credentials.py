"""Credentials that have to be fetched or renewed: within the deadline, and by typed errors."""

import threading
import weakref
from typing import Any

from chatstore.deadline import DeadlineError
from chatstore.errors import ChatStoreError
from chatstore.forks import call_in_child
from chatstore_dynamodb.in_time import in_time
from chatstore_dynamodb.setup_errors import of_credentials

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
        if self._are_renewed:
            _renewed.add(self._held)

    def be_ready(self) -> None:
        """Renew them if that is due. botocore would do so while it signs, and wait for as long as
        it takes."""
        if not self._are_renewed:
            return
        try:
            if self._held.refresh_needed():
                in_time(self._held.get_frozen_credentials)
        except (ChatStoreError, DeadlineError):
            raise
        except Exception as error:
            raise of_credentials(error) from error
