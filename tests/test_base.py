"""What every store does beside its hooks, where no engine can be made to show it."""

import pytest

from chatstore import MemorySessionStore, VersionConflictError
from chatstore.engine.write import Write
from chatstore.record.stored import Body


class Overtaken(MemorySessionStore):
    """Another writer comes first, each time."""

    rewrites = 0

    def _rewrite(self, write: Write, messages: object, given: int) -> Body:
        self.rewrites += 1
        raise VersionConflictError(write.session_id, write.if_version)


def test_a_rewrite_does_not_try_for_ever() -> None:
    """Whoever asks for no version is told of the conflict after a hundred lost races."""
    store = Overtaken()
    store.create("ana", session_id="s")
    with pytest.raises(VersionConflictError):
        store.rewrite("s", [], if_version=None)
    assert store.rewrites == 100
