"""What a caller writes passes the type checkers, with boto3's stubs."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import boto3

from chatstore_dynamodb import DynamoDBSessionStore

store = DynamoDBSessionStore(boto3.client("dynamodb", region_name="eu-west-1"), "table")
other = DynamoDBSessionStore(boto3.session.Session().client("dynamodb"), "table", deadline=2)
meta = DynamoDBSessionStore(boto3.resource("dynamodb").meta.client, "table")
with DynamoDBSessionStore.connect("table", region="eu-west-1") as opened:
    opened.ping()
"""
WRONG = """
import boto3

from chatstore_dynamodb import DynamoDBSessionStore

store = DynamoDBSessionStore(boto3.resource("dynamodb"), "table")
"""
CHECKERS = {
    "mypy": ["mypy", "--strict", "--config-file=", "--no-incremental"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_client_of_boto3_s_fits(checker: str, tmp_path: Path) -> None:
    """`DynamoDBSessionStore(boto3.client("dynamodb"), …)` passes mypy --strict and pyright; a
    resource, which is refused, does not."""
    pytest.importorskip("mypy_boto3_dynamodb", reason="mypy-boto3-dynamodb is not installed")
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    result = subprocess.run(
        [sys.executable, "-m", *CHECKERS[checker], "right.py", "wrong.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    errors = [line for line in result.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1, result.stdout + result.stderr
    assert "wrong.py" in errors[0]
    assert "ServiceResource" in errors[0]
