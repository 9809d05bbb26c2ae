"""A message is checked without building it a second time; the decoder would say the same."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chatstore import InvalidInputError, Message
from chatstore.record.limits import require_message
from sweeps import sweep

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, -0.5, 1.0, 2.5]),
    st.text(max_size=2),
    st.lists(st.one_of(st.text(max_size=2), st.integers(0, 1)), max_size=2),
)
"""What may stand in a stored form: JSON, without the places that are objects."""

PARTS = st.lists(VALUES | st.dictionaries(st.text(max_size=2), VALUES, max_size=2), max_size=2)
"""Objects in a list, and what is none among them."""

OBJECTS = st.dictionaries(st.text(max_size=2), VALUES | PARTS, max_size=2)


def some(
    attributes: dict[str, st.SearchStrategy[Any]], **always: Any
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with at most two of the attributes: of many one would nearly always be wrong, and
    hide what becomes of the others."""
    names = st.lists(st.sampled_from(sorted(attributes)), max_size=2, unique=True)
    kept = {name: st.just(value) for name, value in always.items()}
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries(
            {**kept, **{name: attributes[name] for name in chosen}}
        )
    )


YEARS = some(dict.fromkeys(("min", "max", "other"), VALUES))
FILTERS = some(
    {
        **dict.fromkeys(("genres", "rating", "keywords", "other"), VALUES),
        "yearRange": YEARS | VALUES,
    }
)
MESSAGE = {"messageId": "m", "type": "user"}
DOCUMENTS = st.one_of(
    some(
        {
            "content": VALUES | PARTS | OBJECTS,
            "confidence": VALUES,
            "recommendations": VALUES,
            "extractedFilters": VALUES,
            "toolCalls": VALUES | PARTS | OBJECTS,
            "toolCallId": VALUES,
            "name": VALUES,
            "metadata": VALUES | OBJECTS,
        },
        **MESSAGE,
    ),
    FILTERS.map(lambda filters: {**MESSAGE, "extractedFilters": filters}),
    YEARS.map(lambda years: {**MESSAGE, "extractedFilters": {"yearRange": years}}),
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


@sweep(600)
@given(DOCUMENTS)
def test_what_is_taken_can_be_read_again(document: dict[str, Any]) -> None:
    """A message is refused if and only if its stored form could not be read again."""
    try:
        require_message("messages[0]", document)
    except InvalidInputError:
        assert not is_decoded(document)
    else:
        assert is_decoded(document)
