"""The record of a branching conversation, in the metadata of its session."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chatstore.errors import CorruptSessionError, InvalidCursorError, SessionNotFoundError
from chatstore.integrations.items import NewItem, composed_id, json_text
from chatstore.integrations.lines import Lines, Link, Place, items_of_links
from chatstore.models import JsonObject, SessionInfo

_MOST_IN_METADATA = 8_192
"""How many characters of a record lie in the metadata, which is also there for others."""

_MOST_REVISIONS = 5
"""How many of the newest revisions a record tells, for a write that meets its own result."""


@dataclass(frozen=True, slots=True)
class State:
    """What a write must know of a session. Of one without a record, `revisions` is empty."""

    version: int
    keeps_history: bool
    head_id: str | None = None
    head_end: int | None = None
    """After how many messages of the log the head ends; None: near the end."""
    revisions: tuple[str, ...] = ()

    @property
    def revision(self) -> str | None:
        """The newest one."""
        return self.revisions[0] if self.revisions else None


class TreeRecords:
    """Records under one key of the metadata. One that is too large for that is an item of the
    session, and the metadata names it."""

    def __init__(self, key: str, lines: Lines) -> None:
        self._key = key
        self._lines = lines

    def packed(
        self, record: JsonObject, *, head_end: int | None, earlier: Sequence[str]
    ) -> tuple[list[NewItem], dict[str, object]]:
        """What is to be appended for a record, and the metadata."""
        document: JsonObject = {
            "record": record,
            "item": None,
            "headEnd": head_end,
            "revisions": [record["revision"], *earlier][:_MOST_REVISIONS],
        }
        items: list[NewItem] = []
        if len(json_text("record", record)) > _MOST_IN_METADATA:
            item_id = composed_id("record", record["revision"])
            items += items_of_links([Link(item_id, None, record, "record")], {})
            document |= {"record": None, "item": item_id}
        return items, {self._key: json_text("record", document)}

    def read(self, info: SessionInfo) -> tuple[State, JsonObject | None]:
        """The state of a session, and its record if it has one. Raises `CorruptSessionError`, and
        `SessionNotFoundError` if it was deleted meanwhile."""
        text = info.metadata.get(self._key)
        if text is None:
            return State(info.version, info.keeps_history), None
        try:
            document = json.loads(text)
            item_id, record = document["item"], document["record"]
            if item_id is not None:
                record = self._lines.newest(Place.of(info), item_id, most=1)[0].value
            head_id, head_end = record["head_id"], document["headEnd"]
            revisions = tuple(document["revisions"])
            return State(info.version, info.keeps_history, head_id, head_end, revisions), record
        except (SessionNotFoundError, InvalidCursorError):
            raise SessionNotFoundError(info.session_id) from None
        except (ValueError, TypeError, LookupError) as error:
            reason = f"its {self._key} in the metadata"
            raise CorruptSessionError("the store", info.session_id, reason) from error
