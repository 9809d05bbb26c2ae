"""The record as Python sees it, and its stored names."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from chatstore import (
    CorruptSessionError,
    ExtractedFilters,
    ManualClock,
    MemorySessionStore,
    MemoryStorage,
    Message,
    Session,
    SessionInfo,
    YearRange,
)
from chatstore.record.decode import read_session
from chatstore.record.encode import raw_document, stored_message
from chatstore.values.json_values import json_text

BRIEF_MESSAGE = {
    "messageId": "uuid",
    "type": "trini_response",
    "content": "message text",
    "timestamp": "2026-03-01T12:00:00.000000Z",
    "extractedFilters": {
        "genres": ["action"],
        "yearRange": {"min": 1990, "max": 2023},
        "rating": 7.0,
        "keywords": ["superhero"],
    },
    "recommendations": ["movieId1", "movieId2"],
    "confidence": 0.85,
}
BRIEF_SESSION = {
    "sessionId": "uuid-v4",
    "userId": "cognito-user-id",
    "createdAt": "2026-03-01T12:00:00.000000Z",
    "updatedAt": "2026-03-01T12:00:00.000000Z",
    "ttl": 1234567890,
    "messages": [BRIEF_MESSAGE],
    "userPreferences": {"genres": ["action"]},
    "messageCount": 1,
    "sessionStatus": "active",
}
GOLDEN_RECORD = (
    '{"sessionId":"uuid-v4","userId":"cognito-user-id","createdAt":"2026-03-01T12:00:00.000000Z",'
    '"updatedAt":"2026-03-01T12:00:00.000000Z","ttl":1234567890,'
    '"userPreferences":{"genres":["action"]},"metadata":{},"messageCount":1,'
    '"sessionStatus":"active","version":0,"messages":[{"messageId":"uuid",'
    '"type":"trini_response","content":"message text","timestamp":"2026-03-01T12:00:00.000000Z",'
    '"extractedFilters":{"genres":["action"],"yearRange":{"min":1990,"max":2023},"rating":7,'
    '"keywords":["superhero"]},"recommendations":["movieId1","movieId2"],"confidence":0.85}]}'
)


def test_the_briefs_attributes_are_the_records() -> None:
    """Every attribute and message structure of the brief is read, and written under that name."""
    session = read_session(Session, json.dumps(BRIEF_SESSION))
    assert session.session_id == "uuid-v4"
    assert session.expires_at == datetime.fromtimestamp(1234567890, UTC)
    (message,) = session.messages
    assert message.extracted_filters == ExtractedFilters(
        genres=["action"],
        year_range=YearRange(min=1990, max=2023),
        rating=7.0,
        keywords=["superhero"],
    )
    assert stored_message(message).document == BRIEF_MESSAGE
    stored = raw_document(session, without=frozenset({"messages", "version", "metadata"}))
    assert stored == {name: value for name, value in BRIEF_SESSION.items() if name != "messages"}


def test_the_briefs_record_is_stored_byte_for_byte() -> None:
    """With the defaults nothing is stored that the brief does not have but what every record has:
    no attribute of history, of content parts or of tool calls; in one order, of one size."""
    storage = MemoryStorage()
    store = MemorySessionStore(storage, clock=ManualClock(datetime(2009, 1, 1, tzinfo=UTC)))
    store.restore(read_session(Session, json.dumps(BRIEF_SESSION)))
    assert json_text(storage.documents["uuid-v4"]) == GOLDEN_RECORD
    (message,) = store.get("uuid-v4").messages
    assert stored_message(message).size == 245
    session = store.create("ana", messages=[message])
    store.append(session.session_id, Message(type="user_query", content="next"))
    known = {*json.loads(GOLDEN_RECORD), "creationId"}
    assert storage.documents[session.session_id].keys() == known
    first, second = storage.documents[session.session_id]["messages"]
    assert first == BRIEF_MESSAGE
    assert list(second) == ["messageId", "type", "content", "timestamp"]


def test_a_known_field_that_is_none_is_not_stored() -> None:
    """None is left out for known fields, and kept for unknown ones."""
    sent = Message(type="t", content="c", extracted_filters=ExtractedFilters(), unknown=None)  # type: ignore[call-arg]  # unknown attributes are allowed
    document = stored_message(sent).document
    assert document["extractedFilters"] == {}
    assert "confidence" not in document
    assert document["unknown"] is None


def test_records_are_read_by_their_stored_names_only() -> None:
    """In storage `session_status` is an unknown attribute like any other."""
    record: dict[str, Any] = {
        "sessionId": "a",
        "userId": "ana",
        "createdAt": "2026-03-01T12:00:00Z",
        "session_status": "closed",
    }
    info = read_session(SessionInfo, record)
    assert info.session_status == "active"
    assert info.model_extra == {"session_status": "closed"}
    with pytest.raises(ValidationError):
        read_session(SessionInfo, {**record, "userId": None, "user_id": "ana"})


def test_an_unknown_attribute_may_have_any_name() -> None:
    """Names that Python or pydantic use themselves are names like others."""
    names = ["model_extra", "model_config", "self", "__class__", "copy", "json", "a b", "é"]
    sent = Message(type="t", content="c", **{name: [name] for name in names})  # type: ignore[arg-type]  # unknown attributes are allowed
    document = stored_message(sent).document
    assert {name: document[name] for name in names} == {name: [name] for name in names}
    assert Message.model_validate(document, by_alias=True, by_name=False) == sent


def test_a_stored_message_brings_its_own_id_and_time() -> None:
    """What a builder of messages is given is not made up for a stored one: that is corrupt."""
    for name in ("messageId", "timestamp"):
        message = {key: value for key, value in BRIEF_MESSAGE.items() if key != name}
        with pytest.raises(ValueError, match="messageId or timestamp"):
            read_session(Session, {**BRIEF_SESSION, "messages": [message]})


def test_times_are_utc_in_one_width() -> None:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`, whatever the offset was."""
    moment = datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    sent = Message(type="t", content="c", timestamp=moment)
    assert stored_message(sent).document["timestamp"] == "2026-02-28T23:00:00.000000Z"


def test_ids_and_times_are_minted_when_a_message_is_built() -> None:
    """A retry must carry the same ones, so no store mints them."""
    sent = Message(type="t", content="c")
    assert stored_message(sent) == stored_message(sent)
    assert sent.message_id != Message(type="t", content="c").message_id
    assert sent.timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    "fields",
    [
        {"content": 7},
        {"content": {"type": "text"}},
        {"content": ["text"]},
        {"content": "c", "timestamp": datetime(2026, 1, 1)},
        {"tool_calls": ["call"]},
        {"tool_call_id": 7},
        {"name": ["ana"]},
        {"metadata": "x"},
    ],
    ids=repr,
)
def test_wrong_types_are_pydantics_own_error(fields: dict[str, Any]) -> None:
    """Building a model with wrong types is pydantic's `ValidationError`."""
    with pytest.raises(ValidationError):
        Message(type="t", **fields)


def test_a_message_may_say_nothing() -> None:
    """Beside tool calls there may be no content: it is not stored, and reads as None."""
    sent = Message(type="assistant", tool_calls=[{"id": "call"}])
    assert "content" not in stored_message(sent).document
    assert Message(type="assistant", content=None, tool_calls=[{"id": "call"}]).content is None
    storage = MemoryStorage()
    MemorySessionStore(storage).create("ana", session_id="s", messages=[sent])
    assert MemorySessionStore(storage).get("s").messages == [sent]


def test_wrong_content_is_one_error() -> None:
    """However many kinds content may be of, one sentence says what it must be."""
    with pytest.raises(ValidationError) as raised:
        Message.model_validate({"type": "t", "content": 7})
    (error,) = raised.value.errors()
    assert error["loc"] == ("content",)
    assert error["msg"] == "Input should be a string or a list of JSON objects"


def test_a_session_says_whether_it_keeps_its_history() -> None:
    """By its stored attribute, of 1 to 50; a record without it keeps its window alone."""
    kept = Session(session_id="s", user_id="ana", created_at=datetime.now(UTC), history=50)
    assert kept.keeps_history
    assert raw_document(kept)["history"] == 50
    assert not kept.model_copy(update={"history": None}).keeps_history
    for wrong in (0, 51, "ten", 1.5):
        with pytest.raises(ValueError, match="history"):
            read_session(SessionInfo, json.dumps({**BRIEF_SESSION, "history": wrong}))


def test_a_foreign_number_is_in_its_normal_form_wherever_it_stands() -> None:
    """What another service stored as 7.0 is 7, deep in the filters of a message too."""
    document = {
        "sessionId": "s",
        "userId": "ana",
        "createdAt": "2026-01-01T00:00:00.000000Z",
        "messages": [{**BRIEF_MESSAGE, "extractedFilters": {"yearRange": {"step": 7.0}}}],
    }
    filters = read_session(Session, document).messages[0].extracted_filters
    assert filters is not None
    assert filters.year_range is not None
    assert json_text(filters.year_range.model_extra) == '{"step":7}'


def test_a_message_without_an_id_is_no_message() -> None:
    """A model mints ids for whoever builds a message; a stored one must bring its own."""
    storage = MemoryStorage()
    MemorySessionStore(storage).create("ana", session_id="s")
    storage.documents["s"]["messages"] = [{"type": "t", "content": "c"}]
    with pytest.raises(CorruptSessionError, match=r"messages\[0\] lacks messageId"):
        MemorySessionStore(storage).get("s")


def test_models_are_frozen() -> None:
    """A session or message that was read does not change."""
    sent = Message(type="t", content="c")
    with pytest.raises(ValidationError):
        sent.content = "other"
