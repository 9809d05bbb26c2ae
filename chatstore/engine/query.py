"""What a listing asks an engine for."""

from dataclasses import dataclass
from typing import Any

from chatstore.clock import Moment
from chatstore.engine.cursor import Position
from chatstore.engine.write import is_visible
from chatstore.models import JsonObject


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A listing: at most `limit` live sessions of one user that match, in one order."""

    user_id: str
    now: Moment
    newest_first: bool
    limit: int
    after: Position | None
    """Only sessions beyond this position, in the direction of the listing."""
    created_from: str | None
    created_before: str | None
    session_status: str | None

    def matches(self, document: JsonObject) -> bool:
        """Whether a stored record is one of those that are listed, before or behind `after`."""
        created: Any = document["createdAt"]
        return (
            is_visible(self.now, self.user_id, owner=document["userId"], ttl=document.get("ttl"))
            and (self.created_from is None or created >= self.created_from)
            and (self.created_before is None or created < self.created_before)
            and self.session_status in (None, document.get("sessionStatus", "active"))
        )
