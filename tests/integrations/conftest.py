"""What all tests of what adapters share have."""

import pytest


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests don't wait for what waits."""
    monkeypatch.setattr("chatstore.integrations.attempts._LONGEST_PAUSE", 0)
