"""The record: what a session and a message are, in Python and (by alias) in storage."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core.core_schema import CoreSchema, UnionSchema

from chatstore.clock import moment_at, utc_now
from chatstore.policy import MAX_HISTORY_WINDOW

JsonObject = dict[str, Any]
"""A JSON object: str keys, and str, int, finite float, bool, None, list or object as values."""

T = TypeVar("T")


def new_id() -> str:
    """A fresh UUIDv4, as text."""
    return str(uuid.uuid4())


class Document(BaseModel):
    """A frozen record with camelCase names in storage.

    Attributes that the model does not know are kept under their exact names, nulls included;
    read them through pydantic's `model_extra`. To build a record with wrong types is pydantic's
    `ValidationError`, whose text does not quote what was given.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        # An unknown attribute may have any name, `model_…` included.
        protected_namespaces=(),
        # What is wrong may be private: pydantic's error tells the place, and does not quote it.
        hide_input_in_errors=True,
    )


class YearRange(Document):
    """The years a user asked for, both ends included."""

    min: int | None = None
    max: int | None = None


class ExtractedFilters(Document):
    """What a bot understood of a query."""

    genres: list[str] | None = None
    year_range: YearRange | None = None
    rating: float | None = None
    keywords: list[str] | None = None


def _of_one_error(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    # Of a union pydantic tells one error for each kind that it may be.
    return {
        **cast("UnionSchema", handler(source)),
        "mode": "left_to_right",
        "custom_error_type": "text_or_parts",
        "custom_error_message": "Input should be a string or a list of JSON objects",
    }


_TEXT_OR_PARTS = GetPydanticSchema(_of_one_error)


class Message(Document):
    """One message. Its id and its time are minted when it is built, never by a store: build it
    once, and send that same object again after a failure."""

    message_id: str = Field(default_factory=new_id)
    type: str
    content: Annotated[str | list[JsonObject], _TEXT_OR_PARTS] | None = None
    """Text, or parts as the common model APIs have them, each a JSON object; or nothing, as beside
    tool calls."""
    timestamp: AwareDatetime = Field(default_factory=utc_now)
    extracted_filters: ExtractedFilters | None = None
    recommendations: list[str] | None = None
    confidence: float | None = None
    tool_calls: list[JsonObject] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    metadata: JsonObject | None = None


class SessionInfo(Document):
    """A session without its messages."""

    session_id: str
    user_id: str
    created_at: AwareDatetime
    updated_at: AwareDatetime = Field(default_factory=lambda known: known["created_at"])
    ttl: int | None = None
    user_preferences: JsonObject = Field(default_factory=dict)
    metadata: JsonObject = Field(default_factory=dict)
    message_count: int = 0
    session_status: str = "active"
    version: int = 0
    creation_id: str | None = None
    history: int | None = Field(default=None, ge=1, le=MAX_HISTORY_WINDOW)
    """Of a session that keeps its whole history: how many of the newest messages are its window.
    None: what leaves the window is gone."""

    @property
    def keeps_history(self) -> bool:
        """Whether all messages are kept until the session ends, for `list_messages` to show."""
        return self.history is not None

    @property
    def expires_at(self) -> datetime | None:
        """`ttl` as a datetime: the first instant at which no call sees the session. For a `ttl`
        beyond the years that a datetime can tell, the first or the last of them."""
        return None if self.ttl is None else moment_at(self.ttl)


class Session(SessionInfo):
    """A session with its window of newest messages, oldest first."""

    messages: list[Message] = Field(default_factory=list[Message])


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a longer list. `next_cursor` is None if and only if nothing follows."""

    items: list[T]
    next_cursor: str | None = None
    version: int | None = None
    """Of a page of messages: the session's version as the page was read."""
    creation_id: str | None = field(default=None, compare=False)
    """Of a page of messages: the session's, which tells whose version that is."""
