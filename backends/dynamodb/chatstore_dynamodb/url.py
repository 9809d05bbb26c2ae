"""`dynamodb://TABLE?region=eu-west-1&endpoint_url=http://127.0.0.1:8000`: what a URL says."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from chatstore.clock import Clock
from chatstore.errors import ConfigurationError
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE, read_deadline
from chatstore.values.plain import masked
from chatstore_dynamodb.client.endpoint import require_endpoint_url
from chatstore_dynamodb.client.errors import shown
from chatstore_dynamodb.client.retries import MODES
from chatstore_dynamodb.items import DEFAULT_INDEX
from chatstore_dynamodb.store import DynamoDBSessionStore

_EXAMPLE = "dynamodb://trinity-chat-sessions-dev?region=eu-west-1"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a table is, and how it is to be read.

    In a URL: `region`, `endpoint_url`, `index` (the user index's name), `history` (the table of
    what sessions with history keep beyond their windows), `consistent_reads` (`true` or `false`),
    `retry_mode` (`standard`, `adaptive` or `legacy`) and `deadline` (of a call, in seconds).
    """

    table_name: str
    region: str | None = None
    endpoint_url: str | None = None
    index_name: str = DEFAULT_INDEX
    consistent_reads: bool = True
    retry_mode: str = "standard"
    deadline: float = DEFAULT_DEADLINE
    history_table: str | None = None
    """None: the one that the naming rule gives."""


def read_url(url: str) -> Address:
    """The address that a URL names. Raises `ConfigurationError`, which never repeats credentials
    that somebody put there."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(f"not a table's URL; one looks like {_EXAMPLE}") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "a dynamodb:// URL holds no credentials: boto3 finds them in the environment, "
            f"a profile or a role; write {_EXAMPLE}"
        )
    # Not `hostname`, which would make the name lower case.
    table_name = unquote(parts.netloc)
    if parts.scheme != "dynamodb" or not table_name or parts.path.strip("/") or parts.fragment:
        raise ConfigurationError(f"not a table's URL; one looks like {_EXAMPLE}")
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise ConfigurationError(
            "the options of the URL can't be read: each is NAME=VALUE, and & stands between them"
        ) from error
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ConfigurationError("the URL gives an option twice; give each once")
    return _address(table_name, options)


def _address(table_name: str, options: Mapping[str, str]) -> Address:
    known = {
        *("region", "endpoint_url", "index", "history"),
        *("consistent_reads", "retry_mode", "deadline"),
    }
    if unknown := sorted(options.keys() - known):
        raise ConfigurationError(
            f"a dynamodb:// URL has no option {shown(unknown[0])}; it has "
            f"{', '.join(sorted(known))}"
        )
    if empty := [name for name, value in options.items() if not value]:
        raise ConfigurationError(f"the URL's option {empty[0]!r} is empty; leave it out")
    reads = options.get("consistent_reads", "true").lower()
    if reads not in _FLAGS:
        raise ConfigurationError(f"consistent_reads={masked(reads)}: write true or false")
    retry_mode = options.get("retry_mode", "standard")
    if retry_mode not in MODES:
        raise ConfigurationError(
            f"retry_mode={masked(retry_mode)}: write one of {', '.join(MODES)}"
        )
    if "endpoint_url" in options:
        require_endpoint_url(options["endpoint_url"])
    return Address(
        table_name,
        options.get("region"),
        options.get("endpoint_url"),
        options.get("index", DEFAULT_INDEX),
        _FLAGS[reads],
        retry_mode,
        read_deadline(options["deadline"]) if "deadline" in options else DEFAULT_DEADLINE,
        options.get("history"),
    )


def open_url(url: str, *, policy: RetentionPolicy, clock: Clock) -> DynamoDBSessionStore:
    """The store that a URL names. It makes its own client, and closes it with itself; it makes no
    request, and creates no table."""
    address = read_url(url)
    return DynamoDBSessionStore.connect(
        address.table_name,
        region=address.region,
        endpoint_url=address.endpoint_url,
        retry_mode=address.retry_mode,
        index_name=address.index_name,
        history_table=address.history_table,
        consistent_reads=address.consistent_reads,
        policy=policy,
        clock=clock,
        deadline=address.deadline,
    )
