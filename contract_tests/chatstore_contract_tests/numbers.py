"""Numbers: one normal form, on every write and on every read."""

import json
from typing import Any

from chatstore import MaintainedSessionStore
from chatstore_contract_tests.behaviour import Behaviour, message
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.hostile import NUMBERS


def typed(value: object) -> object:
    """The value with the type beside it: Python holds that 7 == 7.0 == True + 6."""
    return type(value), value


def kept_as(store: MaintainedSessionStore, written: float) -> list[Any]:
    """The number as every call shows it, in every place where one may stand."""
    created = store.create(
        "ana",
        messages=[message(score=written)],
        user_preferences={"n": written},
        metadata={"n": [written, {"m": written}]},
    )
    appended = store.append_and_get(created.session_id, message(score=[written]))
    updated = store.update(created.session_id, metadata={"other": written})
    found = store.get(created.session_id)
    return [
        created.user_preferences["n"],
        found.user_preferences["n"],
        created.metadata["n"][0],
        found.metadata["n"][1]["m"],
        (created.messages[0].model_extra or {})["score"],
        (appended.messages[1].model_extra or {})["score"][0],
        (found.messages[0].model_extra or {})["score"],
        updated.metadata["other"],
        found.metadata["other"],
    ]


class NumbersBehaviour(Behaviour):
    """JSON numbers in messages, preferences and metadata."""

    def test_a_number_has_one_form(self, store: MaintainedSessionStore) -> None:
        """Integral and at most 38 digits is that int, else a float; a write returns what a read
        would, wherever the number stands."""
        with every_case() as case:
            for name, (written, read) in NUMBERS.items():
                with case(name):
                    numbers = [typed(number) for number in kept_as(store, written)]
                    assert numbers == [typed(read)] * len(numbers)

    def test_booleans_are_no_numbers(self, store: MaintainedSessionStore) -> None:
        """True and False stay what they are."""
        values: dict[str, Any] = {
            "t": True,
            "f": False,
            "one": 1,
            "zero": 0,
            "list": [True, 1, False, 0],
        }
        session = store.create("ana", metadata=values, messages=[message(**values)])
        found = store.get(session.session_id)
        assert json.dumps(found.metadata, sort_keys=True) == json.dumps(values, sort_keys=True)
        assert found.messages[0].model_extra is not None
        assert typed(found.messages[0].model_extra["t"]) == typed(True)

    def test_fields_of_type_float_are_floats(self, store: MaintainedSessionStore) -> None:
        """`confidence` and `rating` are floats, whatever their normal form is."""
        with every_case() as case:
            for rating in (7, 7.0, 7.5, 0, 1e23):
                with case(rating):
                    sent = message(confidence=1, extracted_filters={"rating": rating})
                    session = store.create("ana", messages=[sent])
                    kept = store.append_and_get(session.session_id, message()).messages[0]
                    assert typed(kept.confidence) == typed(1.0)
                    assert kept.extracted_filters is not None
                    assert typed(kept.extracted_filters.rating) == typed(float(rating))

    def test_numbers_that_others_wrote_are_normal_too(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """The normal form holds for reads of what another service wrote."""
        values: dict[str, Any] = {"seven": 7.0, "half": 0.5, "large": 1e23}
        harness.raw_write(
            {
                "sessionId": "foreign",
                "userId": "ana",
                "createdAt": "2026-03-01T12:00:00.000000Z",
                "updatedAt": "2026-03-01T12:00:00.000000Z",
                "messages": [
                    {
                        "messageId": "m",
                        "type": "user_query",
                        "content": "hi",
                        "timestamp": "2026-03-01T12:00:00.000Z",
                        "extractedFilters": {"rating": 7, **values},
                        **values,
                    }
                ],
                "userPreferences": values,
                "messageCount": 1,
                "sessionStatus": "active",
            }
        )
        found = store.get("foreign")
        filters = found.messages[0].extracted_filters
        assert filters is not None
        for numbers in (found.user_preferences, found.messages[0].model_extra, filters.model_extra):
            assert numbers is not None
            assert typed(numbers["seven"]) == typed(7)
            assert typed(numbers["half"]) == typed(0.5)
            assert typed(numbers["large"]) == typed(10**23)
        assert typed(filters.rating) == typed(7.0)
