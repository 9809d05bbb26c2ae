"""A file of SQLite's that is forked with, and an engine on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chatstore_sql import create_sqlite_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = create_sqlite_engine(path)
    yield engine
    engine.dispose()
