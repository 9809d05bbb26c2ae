"""A session with everything in it, and the item that it is stored as."""

from typing import Any

from chatstore import ExtractedFilters, JsonObject, Message, Session, YearRange

SESSION_ID = "5f0c6a3e-7f6e-4a57-9d0c-2f1f4a3f5b11"


def golden_session() -> Session:
    """Every attribute of the record, and unknown ones at each level."""
    return Session.model_validate(
        {
            "sessionId": SESSION_ID,
            "userId": "eu-west-1:7c2a",
            "createdAt": "2026-02-28T10:00:00.123456Z",
            "updatedAt": "2026-02-28T10:00:07.000000Z",
            "ttl": 1_774_864_807,
            "messages": [_query(), _response()],
            "userPreferences": {"genres": ["action", "drama"], "none": None, "rating": 7.5},
            "metadata": {"title": "Une soirée ciné 🍿", "depth": {"of": [1, {"x": []}]}},
            "messageCount": 12,
            "sessionStatus": "closed",
            "version": 13,
            "creationId": "0b8f51d6-8a80-4d2b-9d39-0a4a0d8a7f33",
            "channel": "mobile",
        }
    )


def _query() -> JsonObject:
    message = Message(
        message_id="m-1",
        type="user_query",
        content="Superheroes from the nineties?",
        timestamp=golden_time(0),
        extracted_filters=ExtractedFilters(
            genres=["action"],
            year_range=YearRange(min=1990, max=2023),
            rating=7.0,
            keywords=["superhero"],
        ),
        confidence=0.85,
    )
    return {**message.model_dump(by_alias=True, exclude_none=True), "clientVersion": {"major": 2}}


def _response() -> JsonObject:
    message = Message(
        message_id="m-2",
        type="trini_response",
        content="",
        timestamp=golden_time(7),
        recommendations=["tt0103776", "tt0112462"],
        confidence=1,
    )
    extras: dict[str, Any] = {"tiny": 1e-7, "large": 10**37, "exact": 0.1, "flag": False}
    return {**message.model_dump(by_alias=True, exclude_none=True), **extras}


def golden_time(second: int) -> Any:
    """A time within the golden session."""
    return f"2026-02-28T10:00:{second:02}.000000Z"
