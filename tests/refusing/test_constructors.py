"""Whatever is given to what makes a store: a `ChatStoreError` says what must be, or it works."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from chatstore import ChatStoreError
from chatstore_contract_tests.sequences import PROFILE_VARIABLE
from chatstore_dynamodb.client import new_client
from chatstore_dynamodb.schema.applying import apply
from chatstore_dynamodb.schema.definition import TableDefinition

from .subjects import Subject, subjects
from .values import hostile


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Subject]]:
    """All subjects, with a table in an emulation of DynamoDB."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.chdir(tmp_path_factory.mktemp("here"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        client = new_client(region="eu-west-1")
        apply(client, TableDefinition("sessions"))
        yield subjects(Path.cwd(), client)


THOROUGH = os.environ.get(PROFILE_VARIABLE) == "long"


@settings(
    max_examples=20_000 if THOROUGH else 300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_argument_is_answered_raw(data: st.DataObject, every: list[Subject]) -> None:
    """One argument is hostile and the others are right: making and using what comes raises
    `ChatStoreError`, or works."""
    subject = data.draw(st.sampled_from(every))
    parameter = data.draw(st.sampled_from(subject.parameters))
    value = data.draw(hostile)
    # A monotonic clock is for tests: one that is a function is taken at its word.
    assume(not (parameter == "monotonic" and callable(value)))
    arguments: dict[str, Any] = {**subject.right(), parameter: value}
    with suppress(ChatStoreError):
        subject.use(subject.make(**arguments))
