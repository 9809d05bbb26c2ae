"""Every sentence that says what is wrong with an argument reads as a person would write it, and
quotes nothing that may be private."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from chatstore import (
    CorruptSessionError,
    InvalidInputError,
    MemorySessionStore,
    MemoryStorage,
    Message,
    Session,
)

from .conversations import CONVERSATIONS
from .sentences import FIRST, SECRET, SENTENCES, Call, filled

ALL = (*SENTENCES, *CONVERSATIONS)


@pytest.mark.parametrize(("call", "sentence"), ALL, ids=[each for _, each in ALL])
def test_the_sentence_is_a_persons(call: Call, sentence: str) -> None:
    """FIELD must be LIMIT, not SIZE; ADVICE: each reads as one sentence."""
    with pytest.raises(InvalidInputError) as raised:
        call(filled())
    error = raised.value
    assert str(error) == sentence
    assert sentence.startswith(f"{error.field} must be {error.limit}, not {error.size}")


def test_no_sentence_tells_a_secret() -> None:
    """Contents and values are in no error, and in nothing that hangs on one."""
    for call, sentence in ALL:
        with pytest.raises(InvalidInputError) as raised:
            call(filled())
        for part in (raised.value.__cause__, raised.value.__context__):
            assert SECRET not in repr(part)
            assert not isinstance(part, ValidationError)
        assert SECRET not in sentence


def test_a_corrupt_record_tells_no_secret() -> None:
    """What can't be read is named by its place; pydantic's error, which knows it, is left out."""
    storage = MemoryStorage()
    store = MemorySessionStore(storage)
    store.create("ana", session_id="s", messages=[FIRST])
    storage.documents["s"]["messages"][0]["content"] = [SECRET]
    with pytest.raises(CorruptSessionError) as raised:
        store.get("s")
    told = "messages.0.content: Input should be a string or a list of JSON objects"
    assert told in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_a_wrong_model_is_pydantics_error_and_quotes_nothing() -> None:
    """Building a model with wrong types is pydantic's `ValidationError`, without what was given."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: Message.model_validate({"type": "user", "content": [SECRET]}),
        lambda: Message.model_validate_json(f'{{"type": "user", "content": ["{SECRET}"]}}'),
        lambda: Message.model_validate_json(f'{{"type": "user", "content": {SECRET}'),
        lambda: Session.model_validate({"metadata": SECRET, "created_at": SECRET}),
        lambda: Session.model_validate({"messages": [{"content": [SECRET]}]}),
    )
    for attempt in attempts:
        with pytest.raises(ValidationError) as raised:
            attempt()
        assert SECRET not in str(raised.value)
        assert SECRET not in repr(raised.value)


def test_a_ttl_beyond_the_years_is_their_end() -> None:
    """`expires_at` of any ttl is a datetime."""
    session = filled().get("there")
    for ttl, expected in (
        (2**53, datetime.max.replace(tzinfo=UTC)),
        (-(2**53), datetime.min.replace(tzinfo=UTC)),
        (10**400, datetime.max.replace(tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ):
        assert session.model_copy(update={"ttl": ttl}).expires_at == expected
