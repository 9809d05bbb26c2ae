"""chatstore's contract as a test suite: whoever passes it keeps what chatstore promises.

A backend's author writes a `Harness` and a test class that derives from `SessionStoreContract`; a
cache's author a `CacheHarness`, and one that derives from `SessionCacheContract`.
"""

import pkgutil
from typing import Final

import pytest

SUITE_VERSION: Final = 4
"""The contract's own version; CHANGELOG.md beside this package says what a new one asks for."""

pytest.register_assert_rewrite(
    *(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))
)

# The rewriting must be registered before the modules that assert are imported.
from chatstore_contract_tests.cache_contract import SessionCacheContract  # noqa: E402
from chatstore_contract_tests.cache_harness import CacheHarness  # noqa: E402
from chatstore_contract_tests.contract import SessionStoreContract  # noqa: E402
from chatstore_contract_tests.harness import Harness  # noqa: E402

__all__ = [
    "SUITE_VERSION",
    "CacheHarness",
    "Harness",
    "SessionCacheContract",
    "SessionStoreContract",
]
