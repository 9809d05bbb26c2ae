"""What every benchmark stores."""

from chatstore import ExtractedFilters, Message, YearRange


def new_message() -> Message:
    """A message in the brief's shape."""
    return Message(
        type="user_query",
        content="x" * 200,
        extracted_filters=ExtractedFilters(
            genres=["action"],
            year_range=YearRange(min=1990, max=2023),
            rating=7.5,
            keywords=["superhero"],
        ),
        recommendations=["movie1", "movie2"],
        confidence=0.85,
    )
