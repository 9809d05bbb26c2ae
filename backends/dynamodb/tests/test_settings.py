"""What is wrong with the environment, AWS's files or a client is said; what is right is used."""

import shlex
import socket
import sys
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest

from chatstore import BackendAuthError, ConfigurationError
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import new_client

from .bad_servers import serving
from .dynamodb_harness import REGION
from .hostile import (
    DEADLINE,
    SECRET,
    environment,
    works_or_says_why,
)

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "not a section\n"}, "file"),
        ({"AWS_CONFIG_FILE": "not a section\n"}, "file"),
        ({"AWS_CONFIG_FILE": "[default]\ncredential_process = false\n"}, "credentials"),
        ({"AWS_CONFIG_FILE": "[default]\ncredential_process = /nonexistent\n"}, "credentials"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/missing"},
            "credentials",
        ),
        ({"AWS_DEFAULTS_MODE": "unheard"}, "unheard"),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://a b"}, "endpoint"),
        ({"HTTPS_PROXY": "http://a b", "HTTP_PROXY": "http://a b"}, "proxy"),
        ({"AWS_SESSION_TOKEN": "a\nb"}, "credentials"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(tmp_path: Path, changes: dict[str, str], text: str) -> None:
    """What nobody can mend by sending again is `ConfigurationError` or `BackendAuthError`, at
    opening or at the first call, and says what it is about."""
    named = {}
    for name, value in changes.items():
        named[name] = value
        if name.endswith("_FILE") and value.startswith(("[", "not")):
            file = tmp_path / "file"
            file.write_text(value)
            named[name] = str(file)
    # What is found first hides the rest.
    if not changes.keys() & {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}:
        named |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    if changes.keys() & {"HTTPS_PROXY"}:
        named |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": SECRET}
    with environment(named), pytest.raises((ConfigurationError, BackendAuthError)) as raised:
        DynamoDBSessionStore.connect("table", region=REGION, deadline=DEADLINE).get("s")
    assert text in str(raised.value)
    assert SECRET not in str(raised.value)
    assert not raised.value.retryable


@pytest.mark.parametrize("changes", [{"AWS_CA_BUNDLE": "/nonexistent"}, {}], ids=str)
def test_tls_that_does_not_fit(changes: dict[str, str]) -> None:
    """A bundle of certificates that is not there, and a server without TLS: nobody can mend that by
    sending again."""

    def greet(connection: socket.socket, ends: threading.Event) -> None:
        connection.sendall(b"220 hello, this is not TLS\r\n")
        ends.wait()

    with serving(greet, reads=False) as plain:
        secure = plain.replace("http://", "https://")
        with (
            environment(changes),
            pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE") as raised,
        ):
            DynamoDBSessionStore.connect("table", region=REGION, endpoint_url=secure).get("s")
    assert not raised.value.retryable


def test_any_client() -> None:
    """Whatever is no low-level DynamoDB client of boto3's is refused at once, with what to give."""
    session: Any = boto3.session.Session(region_name=REGION)
    wrong: Any
    for wrong in (
        session.resource("dynamodb"),
        session.resource("dynamodb").Table("t"),
        session.client("sqs"),
        session,
        None,
        "dynamodb",
        object(),
        mock.Mock(),
    ):
        with pytest.raises(ConfigurationError, match="boto3"):
            DynamoDBSessionStore(wrong, "table")
    with pytest.raises(ConfigurationError, match=r"resource\.meta\.client"):
        DynamoDBSessionStore(session.resource("dynamodb"), "table")
    table = "table"
    resource = session.resource("dynamodb", endpoint_url="http://127.0.0.1:1")
    DynamoDBSessionStore(resource.meta.client, table).close()


def test_an_asynchronous_client_is_refused() -> None:
    """A client whose calls are coroutines is refused at once, and not found out later."""
    client: Any = new_client(region=REGION)

    class Asynchronous(type(client)):  # type: ignore[misc]
        async def _make_api_call(self, *_: object) -> None:
            """Nothing that a store could wait for."""

    client.__class__ = Asynchronous
    with pytest.raises(ConfigurationError, match="AsyncSessionStore"):
        DynamoDBSessionStore(client, "table")


@pytest.mark.parametrize(
    ("set_", "expected"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({"AWS_CONFIG_FILE": "profile"}, "eu-north-1"),
    ],
)
def test_the_region(tmp_path: Path, set_: dict[str, str], expected: str) -> None:
    """The region comes from `AWS_REGION`, then from `AWS_DEFAULT_REGION`, then from the profile."""
    profile = tmp_path / "profile"
    profile.write_text("[default]\nregion = eu-north-1\n")
    if "AWS_CONFIG_FILE" in set_:
        set_ = {"AWS_CONFIG_FILE": str(profile)}
    with environment(set_), DynamoDBSessionStore.connect("table") as store:
        assert store.engine.table.client.meta.region_name == expected


def test_without_a_region_the_advice_works() -> None:
    """The variable that the error names is one that helps."""
    with environment({}), pytest.raises(ConfigurationError, match="set AWS_REGION"):
        DynamoDBSessionStore.connect("table")
    with environment({"AWS_REGION": REGION}):
        DynamoDBSessionStore.connect("table").close()


def test_credentials_that_hang_end_in_time(endpoint: str, tmp_path: Path) -> None:
    """A program that prints credentials, which are soon to be renewed, and then hangs: each call
    ends within its deadline."""
    program = tmp_path / "program.py"
    program.write_text(
        "import json, pathlib, time\n"
        f"once = pathlib.Path({str(tmp_path / 'once')!r})\n"
        "if once.exists(): time.sleep(3)\n"
        "once.touch()\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'a', 'SecretAccessKey': 'b',"
        " 'Expiration': '2000-01-01T00:00:00Z'}))\n"
    )
    config = tmp_path / "config"
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}"
    config.write_text(f"[default]\ncredential_process = {command}\n")
    changes = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": str(config)}
    with environment(changes):
        works_or_says_why(
            lambda: DynamoDBSessionStore.connect(
                "table", region=REGION, endpoint_url=endpoint, deadline=DEADLINE
            ),
            "get",
        )
