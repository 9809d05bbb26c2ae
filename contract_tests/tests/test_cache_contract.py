"""The contract for caches on the reference, and on caches that break it."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chatstore import MemorySessionCache
from chatstore_contract_tests.cache_calls import CacheCalls
from chatstore_contract_tests.cache_contract import SessionCacheContract
from chatstore_contract_tests.cache_harness import CacheHarness, MemoryCacheHarness

from .mutants import caches  # noqa: F401  it has every broken cache entered
from .mutants.cache_mutant import CACHE_MUTANTS, CacheMutant, Opened


class TestMemoryCache(SessionCacheContract):
    """The reference cache keeps its own rules."""

    @pytest.fixture
    def harness(self) -> Iterator[CacheHarness]:
        yield MemoryCacheHarness()


def outcomes(cache: type[MemorySessionCache], test: str) -> Iterator[Exception | None]:
    """What becomes of a test of the contract on this cache, for each of its parameters."""
    function = getattr(SessionCacheContract(), test)
    for given in _parameters(function):
        harness = MemoryCacheHarness(cache)
        fixtures = {"cache": CacheCalls(harness), "harness": harness}
        names = inspect.signature(function).parameters
        try:
            function(**{name: fixtures[name] for name in names if name in fixtures}, **given)
        except Exception as error:  # noqa: BLE001  a broken cache may raise anything
            yield error
        else:
            yield None


def _parameters(function: Any) -> list[Mapping[str, object]]:
    for mark in getattr(function, "pytestmark", []):
        name, values = mark.args
        return [{name: value} for value in values]
    return [{}]


@pytest.mark.parametrize("mutant", CACHE_MUTANTS, ids=lambda mutant: mutant.cache.__name__)
def test_the_broken_cache_is_caught(mutant: CacheMutant) -> None:
    """The broken cache fails the test meant for it, which the sound one passes."""
    assert not any(outcomes(Opened, mutant.test))
    assert any(outcomes(mutant.cache, mutant.test)), mutant.defect


def test_every_test_catches_something() -> None:
    """No test of the contract for caches has yet to show that it can fail."""
    tests = {name for name in dir(SessionCacheContract) if name.startswith("test_")}
    assert tests == {mutant.test for mutant in CACHE_MUTANTS}
