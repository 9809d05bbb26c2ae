"""`postgresql://user:password@host/database?schema=chatstore`: what a URL says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from chatstore.errors import ConfigurationError
from chatstore.runtime.deadline import DEFAULT_DEADLINE, read_deadline
from chatstore.values.plain import masked

DEFAULT_SCHEMA = "chatstore"
_EXAMPLE = "postgresql://user:password@host/database"
_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey")
_OPTIONS = (
    *("schema", "deadline", "connect_timeout", "pool_size", "application_name"),
    *("sslmode", *_FILES),
)
_LONGEST_NAME = 63
_LONGEST_TIMEOUT = 3_600
_LARGEST_POOL = 1_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and how it is to be reached. What is None is left to libpq, which looks
    into its own variables and files."""

    host: str | None = None
    port: int | None = None
    database: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    schema_name: str = DEFAULT_SCHEMA
    connect_timeout: int = 5
    """Seconds that it may take until a new connection is there."""
    pool_size: int = 10
    """How many connections a store has at most."""
    deadline: float = DEFAULT_DEADLINE
    application_name: str = "chatstore"
    tls: Mapping[str, str] = field(default_factory=dict)
    """libpq's own options: sslmode, sslrootcert, sslcert, sslkey."""

    @property
    def place(self) -> str:
        """The database, as errors name it: without a user and a password."""
        host = "" if self.host is None else self.host
        where = f"[{host}]" if ":" in host else quote(host, safe="")
        port = "" if self.port is None else f":{self.port}"
        return f"postgresql://{where}{port}/{self.database or ''}"


def read_url(url: str) -> Address:
    """The address that a URL names. Raises `ConfigurationError`, which repeats no credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"not a database's URL; one looks like {_EXAMPLE}") from None
    if parts.fragment:
        raise ConfigurationError(
            f"the URL has a # in it: in a user's name or a password, write %23; {_EXAMPLE}"
        )
    options = _options(parts.query)
    return Address(
        # Not the lower case that `hostname` has: a socket's folder may stand here.
        host=_host(parts.netloc),
        port=port,
        database=unquote(parts.path.removeprefix("/")) or None,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        schema_name=require_schema_name(options.get("schema", DEFAULT_SCHEMA)),
        connect_timeout=_whole(options, "connect_timeout", 5, _LONGEST_TIMEOUT),
        pool_size=_whole(options, "pool_size", 10, _LARGEST_POOL),
        deadline=read_deadline(options["deadline"]) if "deadline" in options else DEFAULT_DEADLINE,
        application_name=options.get("application_name", "chatstore"),
        tls=_tls(options),
    )


def require_schema_name(name: object) -> str:
    """The name of a schema. Raises `ConfigurationError` for what is none."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z_][a-z0-9_-]*", name):
        raise ConfigurationError(
            f"schema={masked(name)[:40]}: it is lower-case letters, digits, _ and -, and begins "
            "with a letter"
        )
    if len(name) > _LONGEST_NAME or name.startswith("pg_") or name == "information_schema":
        raise ConfigurationError(
            f"schema={name[:40]}: at most {_LONGEST_NAME} characters, and none of PostgreSQL's own"
        )
    return str(name)


def _host(netloc: str) -> str | None:
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return unquote(host.partition(":")[0]) or None


def _options(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ConfigurationError(
            "the options of the URL can't be read: each is NAME=VALUE, and & stands between them"
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in _OPTIONS:
            raise ConfigurationError(
                f"a postgresql:// URL has no option {masked(name)[:40]}; it has "
                f"{', '.join(_OPTIONS)}"
            )
        if name in found:
            raise ConfigurationError(f"the URL gives {name} twice; give it once")
        if not value or "\0" in value:
            raise ConfigurationError(f"the URL's option {name} is empty; leave it out")
        found[name] = value
    return found


def _whole(options: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = options.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,8}", text, re.ASCII) or int(text) > most:
        raise ConfigurationError(
            f"{name}={masked(text)[:40]}: it is a whole number from 1 to {most:,}"
        )
    return int(text)


def _tls(options: Mapping[str, str]) -> Mapping[str, str]:
    mode = options.get("sslmode")
    if mode is not None and mode not in _TLS_MODES:
        raise ConfigurationError(
            f"sslmode={masked(mode)[:40]}: it is one of {', '.join(_TLS_MODES)}"
        )
    for name in _FILES:
        # libpq would go on without a file that is not there.
        if name in options and not (
            (name == "sslrootcert" and options[name] == "system") or Path(options[name]).is_file()
        ):
            raise ConfigurationError(f"{name} in the URL must name a file, and there is none")
    return {name: options[name] for name in ("sslmode", *_FILES) if name in options}
