"""How much DynamoDB takes in one expression. The emulators do not check all of it."""

import re

LONGEST_EXPRESSION = 4_096
"""Bytes."""

MOST_OPERATORS = 300
"""Operators and functions."""

_FEWEST_BYTES = 4
"""No operator takes fewer, with what it stands beside."""

_OPERATORS = re.compile(
    r"\b(?:AND|OR|NOT|IN|BETWEEN)\b|<>|<=|>=|[=<>+]|"
    r"\b(?:contains|size|attribute_type|attribute_exists|attribute_not_exists)\("
)


class ExpressionLimitError(Exception):
    """A request would have an expression that DynamoDB does not take: there is no such request."""


def require_fits(expression: str) -> None:
    """Raise `ExpressionLimitError` unless DynamoDB takes an expression of this length, and with so
    many operators."""
    if len(expression) > LONGEST_EXPRESSION:
        raise ExpressionLimitError
    # Most are so short that nothing has to be counted.
    if len(expression) < MOST_OPERATORS * _FEWEST_BYTES:
        return
    if len(_OPERATORS.findall(expression)) > MOST_OPERATORS:
        raise ExpressionLimitError
