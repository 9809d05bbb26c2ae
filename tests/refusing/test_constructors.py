"""Whatever is given to what makes a store: a `ChatStoreError` says what must be, or it works."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from chatstore import ChatStoreError
from chatstore.values.plain import kind_of
from chatstore_dynamodb.client import new_client
from chatstore_dynamodb.schema.apply import apply
from chatstore_dynamodb.schema.definition import TableDefinition
from sweeps import sweep

from .subjects import Subject, subjects
from .values import NAMED, hostile


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Subject]]:
    """All subjects, with a table in an emulation of DynamoDB."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        # What boto3 knows of AWS is read once, and not for each client.
        read = lru_cache(JSONFileLoader().load_file)
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        patch.chdir(tmp_path_factory.mktemp("here"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        client = new_client(region="eu-west-1")
        apply(client, TableDefinition("sessions"))
        yield subjects(Path.cwd(), client)


def try_out(subject: Subject, parameter: str, value: Any) -> None:
    """Make it with a hostile value among right ones, and use what comes."""
    # A monotonic clock is for tests: one that is a function is taken at its word.
    if parameter == "monotonic" and callable(value):
        return
    arguments: dict[str, Any] = {**subject.right(), parameter: value}
    with suppress(ChatStoreError):
        subject.use(subject.make(**arguments))


def test_no_named_value_is_answered_raw(every: list[Subject]) -> None:
    """Each value of the table as each argument of everything that takes arguments: making and using
    what comes raises `ChatStoreError`, or works."""
    raw: list[str] = []
    for subject in every:
        for parameter in subject.parameters:
            for place, value in enumerate(NAMED):
                try:
                    try_out(subject, parameter, value)
                except Exception as error:  # noqa: BLE001 - all of them are told together
                    what = f"NAMED[{place}], {kind_of(value)}"
                    raw.append(f"{subject.name}({parameter}={what}): {type(error).__name__}")
    assert raw == []


@sweep(300)
@given(data=st.data())
def test_no_argument_is_answered_raw(data: st.DataObject, every: list[Subject]) -> None:
    """Generated values too: one argument is hostile and the others are right."""
    subject = data.draw(st.sampled_from(every))
    parameter = data.draw(st.sampled_from(subject.parameters))
    try_out(subject, parameter, data.draw(hostile))
