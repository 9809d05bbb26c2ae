"""For authors of backends: what an engine is given, what it owes, and the rules that it obeys."""

from chatstore.clock import Moment
from chatstore.engine.batch import new_part
from chatstore.engine.cursor import Position
from chatstore.engine.engine import Engine
from chatstore.engine.query import PageQuery
from chatstore.engine.write import Patch, Write, is_visible, merge_patch
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
from chatstore.runtime.deadline import (
    DeadlineError,
    broken_off_by,
    each_step,
    pause,
    seconds_left,
)
from chatstore.values.json_values import json_text

__all__ = [
    "Body",
    "DeadlineError",
    "Engine",
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
    "is_visible",
    "json_text",
    "merge_patch",
    "message_weight",
    "new_part",
    "pause",
    "seconds_left",
    "without_messages",
]
