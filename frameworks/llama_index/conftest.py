"""What the tests of the LlamaIndex adapter share beside every framework's."""

from uuid import uuid4

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors, but for what the framework itself still does with pydantic."""
    config.addinivalue_line("filterwarnings", "ignore:The `__fields:DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore:Accessing the 'model_:DeprecationWarning")


@pytest.fixture
def key() -> str:
    """A key that nobody else has."""
    return f"chat-{uuid4().hex}"
