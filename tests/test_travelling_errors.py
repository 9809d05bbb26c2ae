"""Errors travel: to other processes, and by copies, with all that they say."""

import copy
import functools
import inspect
import multiprocessing
import pickle
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import chatstore.errors
from chatstore import ChatStoreError, InvalidInputError, open_store

SAMPLES: dict[str, object] = {
    "session_id": "chat",
    "message_id": "question",
    "if_version": 3,
    "field": "messages",
    "limit": "1 to 100 messages",
    "size": 0,
    "advice": "send some",
    "backend": "sqlite",
    "reason": "its text is not UTF-8",
}
"""What the errors' constructors are given, by the names of their parameters."""


class ThirdPartyError(ChatStoreError):
    """An error of somebody else's backend, with arguments of its own kind."""

    retryable = True

    def __init__(self, shard: int, *, hint: str) -> None:
        self.shard = shard
        self.hint = hint
        super().__init__(f"shard {shard} is away: {hint}")


class DerivedError(InvalidInputError):
    """One whose text differs from its parent's, and that adds a field later."""

    def __init__(self) -> None:
        super().__init__("size", "small", 10**400)
        self.added = ["later"]


def kinds(root: type[ChatStoreError] = ChatStoreError) -> Iterator[type[ChatStoreError]]:
    """Every error of `chatstore.errors`."""
    if root.__module__ == chatstore.errors.__name__:
        yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def made(kind: type[ChatStoreError]) -> ChatStoreError:
    """An error of a kind, made from its constructor's parameters."""
    if "__init__" not in vars(kind) and kind.__init__ is Exception.__init__:
        return kind("what happened")
    names = [
        parameter.name
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind is not parameter.VAR_POSITIONAL
    ]
    return kind(*[SAMPLES[name] for name in names]) if names else kind("what happened")


ERRORS = [*map(made, dict.fromkeys(kinds())), ThirdPartyError(3, hint="wait"), DerivedError()]


def pickled(protocol: int, error: Any) -> Any:
    """The error, sent by a protocol of pickle's."""
    return pickle.loads(pickle.dumps(error, protocol))  # noqa: S301  our own


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": functools.partial(pickled, protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


def noted(error: ChatStoreError) -> ChatStoreError:
    """The same with a note, as Python 3.11 lets whoever passes it on add one."""
    twin = copy.copy(error)
    twin.add_note("while ana's chat was read")
    return twin


def require_same(arrived: BaseException, sent: ChatStoreError) -> None:
    """Type, text, arguments, fields and notes are the same."""
    assert type(arrived) is type(sent)
    assert str(arrived) == str(sent)
    assert arrived.args == sent.args
    assert vars(arrived) == vars(sent)
    assert type(arrived).retryable is type(sent).retryable


def named(error: ChatStoreError) -> str:
    """The error's kind, as a test's name."""
    return type(error).__name__


def test_every_kind_is_tried() -> None:
    """All errors that the package exports are among those that are tried."""
    exported = {
        value
        for value in vars(chatstore).values()
        if isinstance(value, type) and issubclass(value, ChatStoreError)
    }
    assert exported <= {type(error) for error in ERRORS}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_errors_survive_a_journey(error: ChatStoreError, way: str) -> None:
    """Pickled or copied, once and again, an error keeps its type, text, fields and notes; its text
    is not wrapped anew."""
    sent = noted(error)
    require_same(WAYS[way](sent), sent)
    require_same(WAYS[way](WAYS[way](sent)), sent)


def raise_again(error: ChatStoreError) -> None:
    """In another process: raise it."""
    raise error


def get_nothing(number: int) -> object:
    """In another process: a real call of a real store that fails."""
    with open_store("memory://") as store:
        return store.get("") if number % 2 else store.get(f"chat-{number}")


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A pool of processes."""
    ways = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in ways else "spawn")
    with warnings.catch_warnings():
        # Newer Pythons warn of forks amid threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            yield pool


@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_errors_come_back_from_a_pool(error: ChatStoreError, pool: ProcessPoolExecutor) -> None:
    """An error that a call raises in a `ProcessPoolExecutor` comes back whole, and the pool works
    on."""
    raised = pool.submit(raise_again, noted(error)).exception()
    assert raised is not None
    require_same(raised, noted(error))
    assert pool.submit(len, "alive").result() == 5


def test_a_stores_errors_come_back_from_a_pool(pool: ProcessPoolExecutor) -> None:
    """So do those that a store raises there, many at a time."""
    waiting = [pool.submit(get_nothing, number) for number in range(40)]
    raised = [each.exception() for each in waiting]
    assert {type(each).__name__ for each in raised} == {
        "InvalidInputError",
        "SessionNotFoundError",
    }
    assert all(str(each).count("no session") <= 1 for each in raised)
    assert pool.submit(len, "alive").result() == 5
