"""Settings from the environment: read together, and whatever is written there works or is an error
of ours."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatstore import ConfigurationError, RetentionPolicy
from chatstore.environment import (
    MAX_STALENESS_VARIABLE,
    POLICY_VARIABLES,
    max_staleness_from,
    policy_from,
)
from sweeps import sweep

VARIABLES = [*(variable for variable, _ in POLICY_VARIABLES.values()), MAX_STALENESS_VARIABLE]
# Digits of other scripts, and what Python reads as a number and nobody writes.
NO_NUMBERS = ["\uff11\uff10", "\u0663", "\u00b2", "1_000", "1e3", "0x10", "+5", "9" * 400, "1." * 9]
ODD = [
    *NO_NUMBERS,
    " 7 ",
    "-1",
    "--1",
    "1" * 5_000,
    "nan",
    "inf",
    "-inf",
    "1.5",
    ".5",
    "1.",
    "",
    " ",
]
ODD += ["\x00", "5\x00", "\ud800", "None", "TRUE", "yes", "0", "00", "007", "1\n", "\u00a07"]


def read(environment: Mapping[str, str]) -> None:
    policy_from(environment)
    max_staleness_from(environment)


@pytest.mark.parametrize("variable", VARIABLES)
@sweep(100, long=4_000)
@given(text=st.one_of(st.sampled_from(ODD), st.text(), st.from_regex(r"-?[0-9_]{1,30}")))
def test_whatever_is_written_in_a_variable(variable: str, text: str) -> None:
    """A value works, or is `ConfigurationError` with the variable's name, in a text of a bounded
    length that can be written anywhere."""
    told = f"{variable}="
    try:
        read({variable: text})
    except ConfigurationError as error:
        told = str(error)
    assert told.startswith(f"{variable}=")
    assert len(told.encode("utf-8")) < 300


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_number_is_written_in_plain_digits(variable: str, text: str) -> None:
    """What Python would take for a number and a reader would not is refused."""
    with pytest.raises(ConfigurationError, match=variable):
        read({variable: text})


@sweep(200)
@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "max_messages": st.integers(1, 500) | st.none(),
            "ttl": st.none() | st.integers(1, 10_000).map(lambda each: timedelta(seconds=each)),
            "renew_on_write": st.booleans(),
            "max_message_bytes": st.integers(1, 400_000),
            "max_window_bytes": st.integers(1, 400_000),
            "keep_history": st.booleans(),
        },
    )
)
@example(values={"max_window_bytes": 1_000, "max_message_bytes": 500})
@example(values={"max_window_bytes": 1_000})
@example(values={"max_message_bytes": 336_001})
@example(values={"keep_history": True, "max_messages": 50})
@example(values={"keep_history": True, "max_messages": 51})
@example(values={"keep_history": True, "max_messages": None})
def test_variables_are_read_together(values: dict[str, object]) -> None:
    """The environment gives the policy that the same values give, and refuses what it refuses; the
    error names a variable that was set."""
    environment = {POLICY_VARIABLES[field][0]: written(value) for field, value in values.items()}
    try:
        wanted = RetentionPolicy(**values)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(ConfigurationError) as raised:
            policy_from(environment)
        assert str(raised.value).partition("=")[0] in environment
    else:
        assert policy_from(environment) == wanted


def written(value: object) -> str:
    """A value as an environment has it."""
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return str(value).lower()
