"""What every store does beside its engine, where no engine can be made to show it."""

from collections.abc import Sequence

import pytest

from chatstore import MemorySessionStore, VersionConflictError
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, StoredMessage


class Overtaken(MemoryEngine):
    """Another writer comes first, each time."""

    rewrites = 0

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], *, whole: bool) -> Body:
        self.rewrites += 1
        raise VersionConflictError(write.session_id, write.if_version)


def test_a_rewrite_does_not_try_for_ever() -> None:
    """Whoever asks for no version is told of the conflict after a hundred lost races."""
    engine = Overtaken()
    store = MemorySessionStore(engine)
    store.create("ana", session_id="s")
    with pytest.raises(VersionConflictError):
        store.rewrite("s", [], if_version=None)
    assert engine.rewrites == 100
