"""What is said in the demonstration: somebody and a bot look for a film."""

from typing import Any

from chatstore.models import ExtractedFilters, JsonObject, Message, YearRange

_USER = "user_query"
_BOT = "trini_response"

_LINES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (_USER, "I would like to see a film tonight.", {}),
    (_BOT, "Gladly. What are you in the mood for?", {}),
    (
        _USER,
        "Something with space in it, but quiet.",
        {"extracted_filters": ExtractedFilters(genres=["science fiction"], keywords=["space"])},
    ),
    (
        _BOT,
        "Then try Solaris, or Moon.",
        {"recommendations": ["593", "17431"], "confidence": 0.72},
    ),
    (
        _USER,
        "Solaris I know. Is there anything newer?",
        {"extracted_filters": ExtractedFilters(year_range=YearRange(min=2010, max=2023))},
    ),
    (
        _BOT,
        "Arrival, from 2016, and Ad Astra, from 2019.",
        {"recommendations": ["329865", "419704"], "confidence": 0.81},
    ),
    (_USER, "Is Arrival sad?", {}),
    (_BOT, "A little, and then it is not.", {}),
    (_USER, "How long is it?", {}),
    (_BOT, "Just under two hours.", {}),
    (
        _USER,
        "And well liked?",
        {"extracted_filters": ExtractedFilters(rating=7.5)},
    ),
    (_BOT, "Very: it won an Academy Award for its sound.", {"confidence": 0.9}),
    (_USER, "Then Arrival it is. Thank you!", {}),
)

TITLES = (
    "A quiet film in space",
    "Something for the children",
    "A western without guns",
    "Heist films, but funny",
    "The same director again",
)
"""What the sessions of the demonstration are called, the oldest first."""

PREFERENCES: JsonObject = {"genres": ["science fiction"], "mood": "quiet"}


def conversation() -> list[Message]:
    """The thirteen messages, each with a fresh id."""
    return [Message(type=kind, content=content, **more) for kind, content, more in _LINES]
