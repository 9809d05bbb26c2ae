"""Whatever stands in the environment, in AWS's files, in the URL or in an argument: a store opens
and its calls answer, or what is wrong is one of chatstore's own errors."""

import os
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import boto3
import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatstore import BackendAuthError, ChatStoreError, ConfigurationError, open_store
from chatstore_dynamodb import DynamoDBSessionStore
from chatstore_dynamodb.client import new_client

from .bad_servers import answers, serving
from .calls import CALLS
from .dynamodb_harness import REGION

SECRET = "s3cr3t/+value"  # noqa: S105  made up
DEADLINE = 0.3


def variables() -> list[str]:
    """Every variable that botocore reads for a client, as it lists them itself, and the few that
    it reads elsewhere."""
    found: set[str] = set()
    for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values():
        found |= {names} if isinstance(names, str) else set(names or ())
    return sorted(
        {name for name in found if name.isupper()}
        | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"}
        | {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"}
        | {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME"}
        | {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}
        | {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}
        | {"AWS_CREDENTIAL_EXPIRATION", "AWS_BEARER_TOKEN_DYNAMODB", "AWS_EXECUTION_ENV"}
        | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}
        | {"REQUESTS_CA_BUNDLE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}
    )


WORDS = [
    *(
        "",
        " ",
        "0",
        "-1",
        "x",
        "true",
        "none",
        "nan",
        "9" * 30,
        "ü",
        "a b",
        "a..b",
        "\t",
        "\r\nX: y",
    ),
    *("/nonexistent", "/", "/dev/null", "standard", "adaptive", "eu-west-1", "eu west 1", "aws"),
    *("http://a b", "http://", "://", "http://[", "http://127.0.0.1:99999", "ftp://127.0.0.1"),
    *("http://127.0.0.1:1", "//127.0.0.1:1", "http://u:" + SECRET + "@127.0.0.1:1", "http://a..b"),
    *("https://127.0.0.1:1", "http://127.0.0.1:x", "2026-13-45", "arn:aws:iam::1:role/x", "\udcff"),
]
FILES = [
    "",
    "\x00\x01\x02",
    "not a section\n",
    "[default]\nregion\n",
    "[default]\n[default]\n",
    "[default]\naws_access_key_id = only\n",
    f"[default]\naws_secret_access_key = {SECRET}\n",
    "[default]\ncredential_process = false\n",
    "[default]\ncredential_process = /nonexistent/program\n",
    "[default]\ncredential_process = '\n",
    "[default]\ncredential_process = echo []\n",
    "[default]\ncredential_process = echo {}\n",
    '[default]\ncredential_process = echo {"Version":1}\n',
    "[default]\ncredential_process = sleep 30\n",
    "[default]\nrole_arn = arn:aws:iam::1:role/x\n",
    "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n",
    "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = missing\n",
    "[default]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Nowhere\n",
    "[default]\nrole_arn = x\nweb_identity_token_file = /nonexistent\n",
    "[default]\nrole_arn = x\nsource_profile = b\n[profile b]\naws_access_key_id = only\n",
    "[default]\nsso_session = missing\nsso_account_id = 1\nsso_role_name = r\n",
    "[default]\nsso_start_url = https://127.0.0.1:1\nsso_region = x\n",
    "[default]\nlogin_session = arn:aws:iam::1:user/x\n",
    "[default]\nregion = not a region\n",
    "[default]\nretry_mode = never\nmax_attempts = x\n",
    "[default]\nmax_attempts = 0\n",
    "[default]\ndefaults_mode = unheard\n",
    "[default]\nca_bundle = /nonexistent\n",
    "[default]\nendpoint_url = http://a b\n",
    "[default]\nservices = missing\n",
    "[default]\nservices = s\n[services s]\ndynamodb =\n  endpoint_url = ://\n",
    "[default]\ndynamodb = x\n",
    "[default]\nuse_fips_endpoint = maybe\nuse_dualstack_endpoint = maybe\n",
    "[default]\nparameter_validation = x\ntcp_keepalive = x\n",
    "[default]\nsts_regional_endpoints = x\n",
    "[default]\naccount_id_endpoint_mode = required\n",
    "[default]\nsigv4a_signing_region_set = ,\nauth_scheme_preference = x,,y\n",
]


@pytest.fixture(scope="module", autouse=True)
def nothing_but_loopback() -> Iterator[None]:
    """No name is looked up, no address beyond loopback is reached; and models are read once."""
    look_up = socket.getaddrinfo

    def only_loopback(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in {"127.0.0.1", "localhost", "::1"}:
            return look_up(host, *arguments, **options)
        if isinstance(host, str):
            host.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "no names in tests")

    with (
        mock.patch("socket.getaddrinfo", only_loopback),
        mock.patch.object(JSONFileLoader, "load_file", lru_cache(JSONFileLoader.load_file)),
    ):
        yield


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serving(answers(400, "ResourceNotFoundException")) as url:
        yield url


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("aws")
    paths = [folder / f"{index}" for index in range(len(FILES))]
    for path, text in zip(paths, FILES, strict=True):
        path.write_text(text)
    return [*map(str, paths), str(folder), "/nonexistent"]


def works_or_says_why(make: Callable[[], DynamoDBSessionStore], call: str) -> None:
    """The store opens and the call answers, or there is an error of chatstore's without secrets."""
    try:
        with make() as store:
            CALLS[call](store)
    except ChatStoreError as error:
        said = str(error)
    else:
        said = ""
    assert SECRET not in said


def environment(changes: dict[str, str]) -> Any:
    """An environment with nothing of AWS's in it but made-up credentials, and these changes."""
    calm = {name: value for name, value in os.environ.items() if name not in variables()}
    calm |= {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        **changes,
    }
    return mock.patch.dict(os.environ, calm, clear=True)


texts = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
)
quick = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=int(os.environ.get("CHATSTORE_TEST_EXAMPLES", "25")),
)


@quick
@given(
    changes=st.dictionaries(st.sampled_from(variables()), texts, min_size=1, max_size=3),
    call=st.sampled_from(sorted(CALLS)),
    own_region=st.booleans(),
)
def test_any_variable(endpoint: str, changes: dict[str, str], call: str, own_region: bool) -> None:
    """Every variable that boto3 reads, with any value."""
    region = REGION if own_region else None
    with environment(changes):
        works_or_says_why(
            lambda: DynamoDBSessionStore.connect(
                "table", region=region, endpoint_url=endpoint, deadline=DEADLINE
            ),
            call,
        )


@quick
@given(changes=st.dictionaries(st.sampled_from(variables()), texts, min_size=1, max_size=2))
def test_any_variable_without_an_endpoint(changes: dict[str, str]) -> None:
    """The same where the endpoint is AWS's, or the variable's."""
    with environment({"AWS_REGION": REGION, **changes}):
        works_or_says_why(lambda: DynamoDBSessionStore.connect("table", deadline=DEADLINE), "get")


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


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_any_file(endpoint: str, files: list[str], variable: str) -> None:
    """AWS's files in every state: not there, a folder, garbage, half a credential, a program that
    fails, prints nonsense or hangs, a role that can't be assumed, an unknown mode."""
    for path in files:
        without = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", variable: path}
        # To open takes ten seconds where a program hangs.
        patience = mock.patch("chatstore_dynamodb.store.DEFAULT_DEADLINE", 1.0)
        with environment(without), patience:
            works_or_says_why(
                lambda: DynamoDBSessionStore.connect(
                    "table", region=REGION, endpoint_url=endpoint, deadline=DEADLINE
                ),
                "get",
            )


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


OPTIONS = ["region", "endpoint_url", "index", "consistent_reads", "retry_mode", "deadline", "other"]


@quick
@given(
    options=st.dictionaries(st.sampled_from(OPTIONS), texts, max_size=3),
    table=texts,
    escaped=st.booleans(),
    call=st.sampled_from(sorted(CALLS)),
)
def test_any_url(
    endpoint: str, options: dict[str, str], table: str, escaped: bool, call: str
) -> None:
    """Every option of a URL, and the name in it, with any value, escaped or not."""
    given_options = {"region": REGION, "endpoint_url": endpoint, "deadline": "0.3", **options}

    def written(text: str) -> str:
        return quote(text, safe="", errors="surrogatepass") if escaped else text

    query = "&".join(f"{name}={written(value)}" for name, value in given_options.items())
    url = f"dynamodb://{written(table)}?{query}"
    with environment({}):
        works_or_says_why(lambda: open_store(url), call)  # type: ignore[arg-type, return-value]


anything = texts | st.none() | st.integers() | st.floats() | st.booleans() | st.binary(max_size=5)


@quick
@given(
    table=anything,
    arguments=st.dictionaries(
        st.sampled_from(
            ["region", "endpoint_url", "retry_mode", "index_name", "consistent_reads", "deadline"]
        ),
        anything | st.lists(texts, max_size=2),
        max_size=3,
    ),
)
def test_any_argument(endpoint: str, table: Any, arguments: dict[str, Any]) -> None:
    """Every argument of `connect`, of any type."""
    given_arguments: dict[str, Any] = {"region": REGION, "endpoint_url": endpoint, "deadline": 0.3}
    given_arguments |= arguments
    with environment({}):
        works_or_says_why(lambda: DynamoDBSessionStore.connect(table, **given_arguments), "get")


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
        assert store._table.client.meta.region_name == expected


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
