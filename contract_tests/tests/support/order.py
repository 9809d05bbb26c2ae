"""In which order the files of tests are begun. Workers take one file after the other, and all wait
for a long one that was begun last."""

from pathlib import Path

import pytest

LONGEST = (
    "backends/dynamodb/tests/test_dynamodb_contract.py",
    "backends/sql/tests/test_sqlite_contract.py",
    "backends/dynamodb/tests/test_history.py",
    "backends/redis/tests/test_redis_contract.py",
    "contract_tests/tests/test_live.py",
    "backends/dynamodb/tests/test_history_stepping.py",
    "tests/test_tutorial.py",
    "backends/dynamodb/tests/test_foreign_answers.py",
    "contract_tests/tests/test_reference.py",
    "tests/test_document_types.py",
    "tests/cli/test_process.py",
    "tests/forks/test_every_kind.py",
    "backends/redis/tests/test_redis_deadlines.py",
    "backends/sql/tests/test_sqlite_processes.py",
    "contract_tests/tests/mutants/test_mutants.py",
    "contract_tests/tests/test_cached.py",
    "tests/cached/test_protocol.py",
    "backends/sql/tests/test_sqlite_cached.py",
    "backends/dynamodb/tests/test_deadlines.py",
    "backends/dynamodb/tests/test_hostile_settings.py",
    "backends/redis/tests/test_redis_erasing.py",
    "backends/sql/tests/test_sqlite_deadlines.py",
    "tests/test_distribution.py",
    "tests/refusing/test_constructors.py",
    "backends/dynamodb/tests/test_typing.py",
    "backends/sql/tests/test_sqlite_conversations.py",
    "tests/test_advice.py",
    "backends/dynamodb/tests/test_requests.py",
    "tests/refusing/test_calls.py",
)
"""The files that take longest, the longest first. Each of the others takes a few seconds."""


def longest_first(items: list[pytest.Item], root: Path) -> None:
    """Put the tests of the longest files first; the order inside a file stays."""
    ranks = {root / name: rank for rank, name in enumerate(LONGEST)}
    if gone := [str(path) for path in ranks if not path.exists()]:
        raise pytest.UsageError(f"LONGEST in {__file__} names what is not there: {', '.join(gone)}")
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
