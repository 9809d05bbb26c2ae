"""What the documents count out: windows that clients share, numbers, and the order of ids."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chatstore import JsonObject
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage, StoredSession

from .mutant import caught_by
from .values import Inserting

_NARROW = 99


@caught_by("test_clients_of_any_window_share_a_session")
class NeverGrowsAgain(MemoryEngine):
    """A window that a narrower writer has cut holds no more than 99 messages for ever."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        cut = vars(self.storage).setdefault("cut", set())
        most = write.policy.max_messages or _NARROW + 1
        if most < _NARROW:
            cut.add(write.session_id)
        elif write.session_id in cut:
            write = replace(write, policy=replace(write.policy, max_messages=min(most, _NARROW)))
        return super().append(write, messages, **options)


@caught_by("test_any_number_has_the_form_of_the_documents")
class LosesSmallNumbers(Inserting):
    """A number too small for a decimal of fifty places is 0."""

    def _spoil(self, info: JsonObject, session: StoredSession) -> None:
        info["metadata"] = {name: _rounded(value) for name, value in info["metadata"].items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return 0 if isinstance(value, float) and abs(value) < 1e-50 else value


@caught_by("test_any_list_has_the_order_of_the_documents")
class SortsIdsByUnitsOfUTF16(MemoryEngine):
    """Ids of one instant stand in the order of their UTF-16 units, as another language has it."""

    def page(self, query: PageQuery) -> Sequence[tuple[Position, Body]]:
        return sorted(
            super().page(query),
            key=lambda each: (each[0].created_at, each[0].session_id.encode("utf-16-be")),
            reverse=query.newest_first,
        )
