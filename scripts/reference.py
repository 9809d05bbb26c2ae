"""Write docs/reference.md: the calls of a store, from chatstore's own docstrings. `make reference`
runs it."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import GenericAlias, ModuleType

import chatstore
from chatstore import clock, models, opening, user_sessions
from chatstore.aio import store as aio
from chatstore.protocol import maintenance, sessions

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"

Call = ast.FunctionDef | ast.AsyncFunctionDef

_HEAD = """\
# Reference

This page is for people who look up a call. (`make reference` writes it, from the docstrings.)

`open_store` returns one object with two sets of calls. Those of `SessionStore` are for
applications. Those of `Maintenance` are for operators. `AsyncSessionStore` has the same calls as
[coroutines](async.md). You can import every name on this page from `chatstore`.

[Errors](errors.md) says what an error means, and what to do about it. [Deadlines](deadlines.md)
says how long a call may take.
"""


def page() -> str:
    """The whole page."""
    sections = [
        _HEAD,
        "## Opening a store\n",
        *_calls(opening, ["open_store"]),
        *_calls(aio, ["open_async_store"]),
        *_section(sessions, "SessionStore"),
        *_section(maintenance, "Maintenance"),
        "## `UserSessions`\n",
        f"{_prose(inspect.getdoc(user_sessions.UserSessions))} `SessionStore.for_user` returns "
        "one: " + _listed(_public_methods(user_sessions, "UserSessions")) + ".\n",
        *_names(),
    ]
    return "\n".join(sections)


def _section(module: ModuleType, name: str) -> Iterator[str]:
    """A protocol: what it is, a table of its calls, and each call."""
    yield f"## `{name}`\n"
    yield f"{_prose(inspect.getdoc(getattr(module, name)))}\n"
    yield "| call | what it does | raises, beside what any call may raise |"
    yield "|---|---|---|"
    calls = _public_methods(module, name)
    for call in calls:
        raised = ", ".join(f"`{each}`" for each in _errors(call, calls))
        first = _first_sentence(_prose(ast.get_docstring(call)))
        yield f"| [`{call.name}`](#{call.name}) | {first} | {raised} |"
    yield ""
    for call in calls:
        yield from _call(module, call)


def _calls(module: ModuleType, names: Sequence[str]) -> Iterator[str]:
    # Of a call with overloads, the last one is the call itself.
    found = {
        node.name: node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, Call)
    }
    for name in names:
        yield from _call(module, found[name])


def _call(module: ModuleType, node: Call) -> Iterator[str]:
    """A call: its signature as it is written, and its docstring."""
    lines = inspect.getsource(module).splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
    signature = textwrap.dedent("\n".join(lines)).rstrip().removesuffix(":")
    yield f"### `{node.name}`\n"
    yield f"```py\n{signature}\n```\n"
    for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
        yield f"{_prose(paragraph)}\n"


def _public_methods(module: ModuleType, name: str) -> list[Call]:
    (found,) = (
        node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    return [node for node in found.body if isinstance(node, Call) and node.name[0] != "_"]


def _names() -> Iterator[str]:
    """Every public name, with its first sentence."""
    yield "## Everything that `chatstore` exports\n"
    yield "| name | what it is |"
    yield "|---|---|"
    for name in sorted(chatstore.__all__, key=str.lower):
        documented = getattr(chatstore, name)
        is_alias = isinstance(documented, GenericAlias) or not callable(documented)
        text = _told_below(name) if is_alias else inspect.getdoc(documented)
        yield f"| `{name}` | {_first_sentence(_prose(text))} |"


def _told_below(name: str) -> str:
    """What stands below the line that gives a type its name."""
    for module in (clock, models):
        body = ast.parse(inspect.getsource(module)).body
        for line, below in pairwise(body):
            if (
                isinstance(line, ast.Assign)
                and ast.unparse(line.targets[0]) == name
                and isinstance(below, ast.Expr)
            ):
                return str(ast.literal_eval(below.value))
    raise LookupError(f"nothing below {name} says what it is")


def _errors(call: Call, others: Sequence[Call]) -> list[str]:
    """The errors that a call's docstring names, and those of the call that it begins with."""
    text = _prose(ast.get_docstring(call))
    found = [
        error
        for told in re.findall(r"Raises [^.]*", text)
        for error in re.findall(r"\w+Error", told)
    ]
    if any(argument.arg == "if_version" for argument in call.args.kwonlyargs):
        found.append("VersionConflictError")
    if begins_with := re.match(r"`(\w+)`", text):
        found += [
            error
            for other in others
            if other.name == begins_with[1]
            for error in _errors(other, others)
        ]
    return list(dict.fromkeys(found))


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s+(?=[A-Z`])|: (?=[a-z]+, )", text, maxsplit=1)[0].replace(
        "|", "\\|"
    )


def _listed(calls: Sequence[Call]) -> str:
    return ", ".join(f"`{call.name}`" for call in calls)


def _prose(text: str | None) -> str:
    """A docstring's paragraph on one line."""
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
