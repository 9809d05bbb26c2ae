"""What lies behind an error, for `--verbose`: the exceptions that caused it, and where."""

import re
import traceback
from collections.abc import Iterator

from pydantic import ValidationError

from chatstore.cli.printable import printable, printable_lines

_VALUES = (
    # SQLAlchemy's statements with their values, Redis's commands with their arguments.
    (re.compile(r"\[parameters: .*\](?=\s*(?:\(Background|$))", re.DOTALL), "[parameters: ...]"),
    (re.compile(r"(with args beginning with:).*", re.DOTALL), r"\1 ..."),
)
"""How drivers quote what they were given: a message's content is not to be shown."""


def causes(error: BaseException) -> list[BaseException]:
    """The exceptions behind `error`, the nearest first."""
    return list(_behind(error))


def cause_lines(error: BaseException) -> list[str]:
    """A line for each of them: its type and its text."""
    return [f"  caused by {name_of(each)}: {printable(text_of(each))}" for each in causes(error)]


def name_of(error: BaseException) -> str:
    """An exception's type, with its module."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def text_of(error: BaseException) -> str:
    """What an exception says, without the values that its driver quotes."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
    text = str(error)
    for pattern, instead in _VALUES:
        text = pattern.sub(instead, text)
    return text


def traceback_text(error: BaseException) -> str:
    """Where the error and what is behind it were raised, the first cause first; printable, on
    several lines. Neither values of variables nor what drivers quote are in it."""
    parts: list[str] = []
    for each in [*reversed(causes(error)), error]:
        parts += ["Traceback (most recent call last):\n", *traceback.format_tb(each.__traceback__)]
        parts.append(f"{name_of(each)}: {printable(text_of(each))}\n\n")
    return "\n".join(printable_lines("".join(parts).rstrip("\n"))) + "\n"


def _behind(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    while True:
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None or id(cause) in seen:
            return
        seen.add(id(cause))
        yield cause
        error = cause
