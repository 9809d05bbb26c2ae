"""Steps about messages: appended, rewritten, amended, read and listed."""

from typing import Any

from chatstore_contract_tests.parity.choices import Choices
from chatstore_contract_tests.parity.material import NUMBERED, STATUSES
from chatstore_contract_tests.parity.steps import Step


def append(choices: Choices) -> list[Step]:
    """An append, now and then with state, and now and then sent again, as after a lost answer."""
    session = choices.session()
    method = choices.chance.choice(("append", "append_and_get"))
    options = {**choices.owner(), **choices.condition(session)}
    if choices.happens(0.25):
        options |= state(choices)
    arguments = (choices.client(), method, session, *choices.appended(session))
    return _perhaps_twice(choices, Step("call", arguments, options), 0.15)


def state(choices: Choices) -> dict[str, Any]:
    """Changes of preferences, metadata and status."""
    options: dict[str, Any] = {}
    if choices.happens(0.7):
        options["metadata"] = choices.material.map()
    if choices.happens(0.5):
        options["user_preferences"] = choices.material.map()
    if choices.happens(0.3):
        options["session_status"] = choices.chance.choice(STATUSES)
    return options


def rewrite(choices: Choices) -> list[Step]:
    """A rewrite of what is shown, or of the whole."""
    session, client = choices.session(), choices.client()
    version = None if choices.happens(0.4) else choices.version(session)
    options: dict[str, Any] = {"if_version": version, **choices.owner()}
    if choices.happens(0.2):
        options["whole"] = True
        given = choices.material.batch(NUMBERED, most=12, least=0)
    else:
        given = choices.given(session, client)
    step = Step("call", (client, "rewrite", session, given), options)
    # Done again, it replaces what it has given.
    is_repeatable = version is not None or not choices.keeps_history(session)
    return _perhaps_twice(choices, step, 0.2 if is_repeatable else 0.0)


def amend(choices: Choices) -> list[Step]:
    """An amended message, mostly of the window."""
    session = choices.session()
    window = choices.window(session)
    number = choices.chance.choice(NUMBERED)
    if window and choices.happens(0.8):
        number = int(choices.chance.choice(window).removeprefix("m"))
    amended = choices.material.any_message(number)
    options = {**choices.owner(), **choices.condition(session)}
    return _perhaps_twice(
        choices, Step("call", (choices.client(), "amend", session, amended), options), 0.2
    )


def get(choices: Choices) -> list[Step]:
    """A session, or the last of its messages."""
    options = choices.owner()
    if choices.happens(0.3):
        options["last"] = choices.chance.choice((0, 1, 2, 3, 5, 20))
    return [Step("call", (choices.client(), "get", choices.session()), options)]


def list_messages(choices: Choices) -> list[Step]:
    """A page of messages: a first one, or from a cursor that the store has given."""
    options: dict[str, Any] = choices.owner()
    options["limit"] = choices.chance.choice((1, 2, 3, 5, 50))
    options["newest_first"] = choices.happens(0.5)
    number = choices.chance.randrange(1_000) if choices.happens(0.6) else None
    return [Step("list_messages", (choices.client(), choices.session(), number), options)]


def _perhaps_twice(choices: Choices, step: Step, probability: float) -> list[Step]:
    return [step, step] if choices.happens(probability) else [step]
