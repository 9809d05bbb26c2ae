"""Settings of every kind, and the environment to try them in."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from chatstore import ChatStoreError
from chatstore_dynamodb import DynamoDBSessionStore

from .calls import CALLS

SECRET = "s3cr3t/+value"  # noqa: S105  made up
DEADLINE = 0.3


def variables() -> list[str]:
    """Every variable that botocore reads for a client, as it lists them itself, and the few that
    it reads elsewhere."""
    found: set[str] = set()
    for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values():
        found |= {names} if isinstance(names, str) else set(names or ())
    return sorted(
        # botocore's monitor never closes its socket, whoever closes the client.
        {name for name in found if name.isupper() and name != "AWS_CSM_ENABLED"}
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


@contextmanager
def nothing_but_loopback() -> Iterator[None]:
    """No name is looked up, and no address beyond loopback is reached."""
    look_up = socket.getaddrinfo

    def only_loopback(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in {"127.0.0.1", "localhost", "::1"}:
            return look_up(host, *arguments, **options)
        if isinstance(host, str):
            host.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "no names in tests")

    with mock.patch("socket.getaddrinfo", only_loopback):
        yield


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


@contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """An environment with nothing of AWS's in it but made-up credentials, and these changes; and no
    host but this one has an address."""
    calm = {name: value for name, value in os.environ.items() if name not in variables()}
    calm |= {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        **changes,
    }
    found = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", "127.0.0.1", "::1"):
            return found(host, *arguments, **options)
        raise socket.gaierror(socket.EAI_NONAME, "only loopback is talked to")

    with (
        mock.patch.dict(os.environ, calm, clear=True),
        mock.patch("socket.getaddrinfo", look_up),
    ):
        yield
