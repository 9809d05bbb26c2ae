"""Many cases in one test: each is tried, and one failure at the end names all that failed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

Case = Callable[..., AbstractContextManager[None]]
"""Gives the context in which one case is tried, for what names the case."""

_LONGEST_NAME = 60


@contextmanager
def every_case() -> Iterator[Case]:
    """Try every case, whatever becomes of those before it.

    `with every_case() as case:` around the loop, `with case("metadata", "NaN"):` around its body.
    What fails in a case ends that case alone; at the end, one `AssertionError` names each case that
    failed, with its reason.
    """
    tried = 0
    failures: list[tuple[str, BaseException]] = []

    @contextmanager
    def case(*names: object) -> Iterator[None]:
        nonlocal tried
        tried += 1
        try:
            yield
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - told at the end
            failures.append((", ".join(map(_named, names)), error))

    yield case
    if failures:
        told = [f"- {name}: {_reason(error)}" for name, error in failures]
        count = f"{len(failures)} of {tried} cases failed:"
        raise AssertionError("\n".join([count, *told])) from failures[0][1]


def _named(name: object) -> str:
    text = name if isinstance(name, str) and name.isprintable() and name else ascii(name)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def _reason(error: BaseException) -> str:
    kind = type(error)
    text = f"{error}" if str(error).strip() else "no reason given"
    if not isinstance(error, AssertionError | pytest.fail.Exception):
        home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        text = f"{home}{kind.__qualname__}: {text}"
    return text.splitlines()[0]
