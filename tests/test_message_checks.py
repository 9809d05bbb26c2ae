"""A message is checked without building it a second time; the decoder would say the same."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chatstore import InvalidInputError, Message
from chatstore.record.limits import require_message

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, -0.5, 1.0, 2.5]),
    st.text(max_size=2),
    st.lists(st.one_of(st.text(max_size=2), st.integers(0, 1)), max_size=2),
)
"""What may stand in a stored form: JSON, without the places that are objects."""

YEARS = st.dictionaries(st.sampled_from(["min", "max", "other"]), VALUES) | VALUES
FILTERS = (
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("genres", "rating", "keywords", "other"), VALUES),
            "yearRange": YEARS,
        },
    )
    | VALUES
)
DOCUMENTS = st.fixed_dictionaries(
    {"messageId": st.just("m"), "type": st.just("user"), "content": VALUES | st.just("x")},
    optional={"confidence": VALUES, "recommendations": VALUES, "extractedFilters": FILTERS},
)


def is_decoded(document: dict[str, Any]) -> bool:
    """Whether the decoder takes the document as it is, and its confidence is one."""
    try:
        message = Message.model_validate(
            {**document, "timestamp": datetime(2026, 1, 1, tzinfo=UTC)}, strict=True, by_name=False
        )
    except ValidationError:
        return False
    return message.confidence is None or 0 <= message.confidence <= 1


@given(DOCUMENTS)
def test_what_is_taken_can_be_read_again(document: dict[str, Any]) -> None:
    """A message is refused if and only if its stored form could not be read again."""
    try:
        require_message("messages[0]", document)
    except InvalidInputError:
        assert not is_decoded(document)
    else:
        assert is_decoded(document)
