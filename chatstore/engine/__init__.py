"""For authors of backends: what an engine is given, what it owes, and the rules that it obeys."""

from chatstore.clock import Moment
from chatstore.engine.batch import new_part
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.history import (
    history_of,
    place_to_amend,
    require_amended_fit,
    require_batch_weight,
    require_window,
)
from chatstore.engine.query import (
    PAGE_BYTES,
    MessageQuery,
    MessagesFound,
    PageQuery,
    first_position,
)
from chatstore.engine.write import NO_CHANGES, Patch, Write, is_visible, merge_patch
from chatstore.record.equality import is_same
from chatstore.record.stored import (
    Body,
    Record,
    Stored,
    StoredMessage,
    StoredSession,
    document_weights,
    message_weight,
    without_messages,
)
from chatstore.record.window import newest, shown_count, window_policy
from chatstore.runtime.deadline import (
    DeadlineError,
    broken_off_by,
    each_step,
    pause,
    seconds_left,
)
from chatstore.values.json_values import json_text

__all__ = [
    "NO_CHANGES",
    "PAGE_BYTES",
    "Body",
    "DeadlineError",
    "Engine",
    "MessageQuery",
    "MessagesFound",
    "Moment",
    "PageQuery",
    "Patch",
    "Position",
    "Record",
    "Stored",
    "StoredMessage",
    "StoredSession",
    "Write",
    "broken_off_by",
    "document_weights",
    "each_step",
    "first_position",
    "history_of",
    "is_same",
    "is_visible",
    "json_text",
    "merge_patch",
    "message_weight",
    "new_part",
    "newest",
    "pause",
    "place_to_amend",
    "require_amended_fit",
    "require_batch_weight",
    "require_window",
    "seconds_left",
    "shown_count",
    "window_policy",
    "without_messages",
]
