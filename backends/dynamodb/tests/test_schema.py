"""The table's files, the command line for them and for live tables, and the README's policies."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from chatstore import Message, RetentionPolicy
from chatstore.cli.application import application
from chatstore.errors import ConfigurationError
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.naming import history_table_of
from chatstore_dynamodb.schema.apply import apply
from chatstore_dynamodb.schema.definition import (
    HistoryDefinition,
    TableDefinition,
    definition_from,
    table_name_of,
)
from chatstore_dynamodb.schema.files import definitions_in, deployment_files, history_files
from chatstore_dynamodb.schema.history import verify_history
from chatstore_dynamodb.schema.verify import verify
from chatstore_dynamodb.url import read_url

from .counting import answers_changed, counted
from .dynamodb_harness import MotoHarness, TableHarness, local_client

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_the_files_for_dev_are_what_emit_writes() -> None:
    """The checked-in files are those that `chatstore schema emit --stage dev --history` writes."""
    files = deployment_files(TableDefinition(table_name_of("dev")))
    files |= history_files(HistoryDefinition.beside(table_name_of("dev")))
    assert {path.name: path.read_text() for path in DEPLOY.iterdir()} == files


def test_the_history_table_goes_with_it(tmp_path: Path) -> None:
    """`emit`, with `--history` or a URL that names the table, writes its files too, and without
    them it does not; what it wrote is what `apply --all` reads."""
    url = "dynamodb://trinity-chat-sessions-dev?region=eu-west-1"
    for options, name in (
        (["--url", url], None),
        (["--url", url, "--history"], "trinity-chat-history-dev"),
        (["--stage", "dev", "--history"], "trinity-chat-history-dev"),
        (["--url", f"{url}&history=others"], "others"),
    ):
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        CliRunner().invoke(application, ["schema", "emit", *options, "--to", str(folder)])
        found = [each.table_name for each in definitions_in(folder)]
        assert sorted(found) == sorted(
            ["trinity-chat-sessions-dev", *([] if name is None else [name])]
        )
    assert history_table_of("plain") == "plain-history"


def test_the_table_is_the_brief_s() -> None:
    """Names, keys, index, projection, billing and expiry are the ones that were agreed on."""
    create = json.loads((DEPLOY / "create-trinity-chat-sessions-dev.json").read_text())
    assert create["TableName"] == "trinity-chat-sessions-dev"
    assert create["KeySchema"] == [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    assert create["BillingMode"] == "PAY_PER_REQUEST"
    (index,) = create["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "userId-index"
    assert [each["AttributeName"] for each in index["KeySchema"]] == ["userId", "createdAt"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    expiry = json.loads((DEPLOY / "configure-ttl-trinity-chat-sessions-dev.json").read_text())
    assert expiry["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    template = json.loads((DEPLOY / "trinity-chat-sessions-dev.cloudformation.json").read_text())
    properties = template["Resources"]["ChatSessions"]["Properties"]
    assert properties["TimeToLiveSpecification"] == expiry["TimeToLiveSpecification"]
    assert {name: properties[name] for name in create} == create


@pytest.mark.parametrize(
    "change",
    [
        lambda create: create.pop("GlobalSecondaryIndexes"),
        lambda create: create.update(BillingMode="PROVISIONED"),
        lambda create: create["GlobalSecondaryIndexes"][0]["Projection"].clear(),
    ],
)
def test_a_foreign_file_is_not_applied(change: Any) -> None:
    """`apply --all` takes what `emit` wrote, and nothing that says something else."""
    create = TableDefinition("some-table").create_table
    assert definition_from(create) == TableDefinition("some-table")
    change(create)
    with pytest.raises(ConfigurationError):
        definition_from(create)


def test_a_projection_that_listings_could_not_read() -> None:
    """A definition is of one of the two projections, and the error names both."""
    with pytest.raises(ConfigurationError, match="'KEYS_ONLY': write one of ALL, INCLUDE"):
        TableDefinition("some-table", projection="KEYS_ONLY")


@pytest.fixture(autouse=True)
def _no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATSTORE_URL", raising=False)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application, ["schema", *arguments])
    return result.exit_code, result.stdout, result.stderr


def local_url_of(table_name: str, dynamodb_local: str) -> str:
    endpoint = quote(read_url(dynamodb_local).endpoint_url or "", safe="")
    return f"dynamodb://{table_name}?region=eu-west-1&endpoint_url={endpoint}"


def test_the_four_steps_with_the_aws_command_line(dynamodb_local: str, tmp_path: Path) -> None:
    """Create the table, configure its expiry, test the schema, create all tables: from the emitted
    files, by `aws` and by `chatstore schema`."""
    url = local_url_of("steps-chat-sessions-dev", dynamodb_local)
    endpoint = read_url(dynamodb_local).endpoint_url or ""
    client = local_client(dynamodb_local)
    code, out, _ = run("emit", "--url", url, "--to", str(tmp_path))
    assert code == 0
    assert [Path(line).name for line in out.split()] == [
        "create-steps-chat-sessions-dev.json",
        "configure-ttl-steps-chat-sessions-dev.json",
        "steps-chat-sessions-dev.cloudformation.json",
        "steps-chat-sessions-dev.tf",
    ]
    try:
        for command, name in (
            ("create-table", "create-steps-chat-sessions-dev.json"),
            ("update-time-to-live", "configure-ttl-steps-chat-sessions-dev.json"),
        ):
            subprocess.run(
                [
                    Path(sys.executable).with_name("aws"),
                    *("dynamodb", command),
                    *("--cli-input-json", f"file://{tmp_path / name}"),
                    *("--region", "eu-west-1", "--endpoint-url", endpoint),
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )
        code, out, _ = run("verify", "--url", url)
        assert (code, out) == (0, "steps-chat-sessions-dev is as it must be\n")
        code, out, _ = run("apply", "--all", str(tmp_path), "--url", url)
        assert (code, out) == (0, "steps-chat-sessions-dev: nothing to do\n")
    finally:
        client.delete_table(TableName="steps-chat-sessions-dev")
    code, out, _ = run("verify", "--url", url, "--json")
    assert code == 5
    (difference,) = json.loads(out)["differences"]
    assert "does not exist" in difference["what"]


def test_wrong_usage_is_said(tmp_path: Path) -> None:
    """A folder without files, a file of another's and a bad projection are told apart."""
    url = ("--url", "dynamodb://x?region=eu-west-1")
    code, _, error = run("apply", *url, "--all", str(tmp_path))
    assert (code, "schema emit" in error) == (2, True)
    (tmp_path / "create-x.json").write_text('{"TableName": "x"}')
    code, _, error = run("apply", *url, "--all", str(tmp_path))
    assert (code, "create-x.json" in error) == (5, True)
    (tmp_path / "create-x.json").write_text("{")
    code, _, error = run("apply", *url, "--all", str(tmp_path))
    assert (code, "can't be read" in error) == (5, True)
    code, _, error = run("apply", *url, "--all", str(tmp_path), "--projection", "ALL")
    assert (code, "not both" in error) == (2, True)
    code, _, error = run("emit", *url, "--projection", "KEYS_ONLY")
    assert (code, "INCLUDE" in error) == (2, True)
    code, _, error = run("emit", *url, "--stage", "dev")
    assert (code, "not both" in error) == (2, True)
    code, _, error = run("emit", *url, "--to", "/dev/null/files")
    assert (code, "can't be written to" in error) == (2, True)


@pytest.mark.parametrize("command", ["emit", "apply", "verify"])
def test_nothing_stands_in_for_a_url(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --url and CHATSTORE_URL a command of `schema` says so and stops; one of another
    scheme, given or in the environment, is told that it needs none, without its password."""
    monkeypatch.setattr("chatstore_dynamodb.schema.connection.new_client", None)
    code, _, error = run(command)
    assert (code, "--url" in error, "CHATSTORE_URL" in error) == (2, True, True)
    code, _, error = run(command, "--url", "redis://:hush@localhost")
    assert (code, "for dynamodb:// and postgresql:// alone" in error, "hush" in error) == (
        2,
        True,
        False,
    )
    monkeypatch.setenv("CHATSTORE_URL", "sqlite:///x.db")
    code, _, error = run(command)
    assert (code, "CHATSTORE_URL is a sqlite:// one" in error) == (2, True)


def test_schema_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dynamodb_local: str
) -> None:
    """CHATSTORE_URL names the table, as for every other command; --url and --stage go before it."""
    monkeypatch.setenv("CHATSTORE_URL", local_url_of("no-such-table", dynamodb_local))
    code, out, _ = run("verify")
    assert (code, out.partition("\n")[0]) == (5, "table no-such-table does not exist")
    _, out, _ = run("verify", "--url", local_url_of("another", dynamodb_local))
    assert "table another does not exist" in out
    _, out, _ = run("emit", "--to", str(tmp_path))
    assert "create-no-such-table.json" in out
    _, out, _ = run("emit", "--stage", "test", "--to", str(tmp_path))
    assert "create-trinity-chat-sessions-test.json" in out


def test_the_driver_s_errors_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials anywhere, `schema` ends with the error that a store's calls have."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "missing"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, _, error = run("verify", "--json", "--url", "dynamodb://t?region=eu-west-1")
    assert (code, json.loads(error)["error"]["type"]) == (5, "BackendAuthError")


def test_chatstore_s_own_errors_arrive_as_they_are(
    moto_table: TableHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that does not become active in the time that there is ends `schema apply` with the
    advice to run it again."""

    def not_yet(parsed: dict[str, Any]) -> None:
        parsed["Table"]["TableStatus"] = "CREATING"

    monkeypatch.setattr(
        "chatstore_dynamodb.schema.connection.new_client", lambda **_: moto_table.client
    )
    monkeypatch.setattr("chatstore_dynamodb.schema.live._PATIENCE", -1.0)
    with answers_changed(moto_table.client, "DescribeTable", not_yet):
        code, _, error = run("apply", "--url", f"dynamodb://{moto_table.table_name}", "--json")
    assert (code, json.loads(error)["error"]["type"]) == (4, "BackendUnavailableError")
    assert f"run `chatstore schema apply --url dynamodb://{moto_table.table_name}" in error.replace(
        "'", ""
    )


def policies() -> list[set[str]]:
    """The actions of each policy in the README, in its order."""
    text = (DEPLOY.parent / "README.md").read_text()
    blocks = [block.partition("```")[0] for block in text.split("```json\n")[1:]]
    return [
        {action for statement in json.loads(block)["Statement"] for action in statement["Action"]}
        for block in blocks
    ]


def test_the_readme_s_policies_are_the_actions_taken(moto: Client) -> None:
    """The application's policy allows what a store asks for and nothing else; the operator's adds
    what `scan`, `purge_expired` and `chatstore schema` ask for."""
    application_policy, operator_policy = policies()
    harness = MotoHarness(moto)
    moto.update_time_to_live(**harness.definition.time_to_live)
    with counted(moto) as counts, DynamoDBSessionStore(moto, harness.table_name) as store:
        store.get_or_create("s", user_id="ana")
        store.get_many(["s"])
        store.append("s", Message(type="user_query", content="hi"))
        store.update("s", metadata={"a": 1})
        store.rewrite("s", [], if_version=None)
        store.list_sessions("ana")
        store.ping()
        store.delete("s")
        store.delete_user("ana")
        keeping = harness.open(policy=RetentionPolicy(keep_history=True))
        many = [Message(type="user_query", content=f"{number}") for number in range(60)]
        keeping.create("ana", session_id="h", messages=many)
        assert len(list(keeping.iter_messages("h"))) == 60
        keeping.delete("h")
    assert {f"dynamodb:{operation}" for operation in counts} == application_policy
    harness.close()
    with counted(moto) as counts, harness.open() as store:
        bare = harness.definition.create_table
        del bare["GlobalSecondaryIndexes"]
        del bare["AttributeDefinitions"][1:]
        apply(moto, harness.definition)
        moto.delete_table(TableName=harness.table_name)
        moto.create_table(**bare)
        apply(moto, harness.definition)
        apply(moto, harness.history)
        assert verify_history(moto, harness.history, store.engine.table.place) == []
        assert verify(moto, harness.definition) == []
        store.scan()
        store.purge_expired()
    operations = {f"dynamodb:{operation}" for operation in counts} - {"dynamodb:DeleteTable"}
    assert operations == operator_policy | application_policy
    harness.close()
