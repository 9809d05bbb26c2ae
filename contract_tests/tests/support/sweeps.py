"""How often a test that generates values tries."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

from chatstore_contract_tests.sequences import PROFILE_VARIABLE

EXAMPLES = 20_000


def sweep(usual: int, *, long: int = EXAMPLES, **options: Any) -> settings:
    """`usual` examples, the same in each run; by the profile `long` many more, each time others.

    What is tried may fail when it is looked at, and how long it takes says nothing.
    """
    thorough = os.environ.get(PROFILE_VARIABLE) == "long"
    return settings(
        max_examples=long if thorough else usual,
        derandomize=not thorough,
        database=None,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
        **options,
    )
