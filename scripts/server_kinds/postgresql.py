"""PostgreSQL, and PgBouncer in front of one, from the system's own packages."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from server_kinds.kind import LOOPBACK, ServerError, ServerKind, run

USER = "chatstore"
# Made up: the server is there for tests, and listens on loopback alone.
PASSWORD = "made-up"  # noqa: S105
_DATABASE = "postgres"
_ACCOUNT = "postgres"
_INSTALLATIONS = Path("/usr/lib/postgresql")
_ADVICE = "install it, on Debian with: apt-get install postgresql"
_POOLER_ADVICE = "install it, on Debian with: apt-get install pgbouncer"
_POOLER_FILE = "pgbouncer.ini"


class PostgreSQLServer(ServerKind):
    """One server with a database whose own order of text is not the one by code points."""

    name = "postgresql"
    # On the customary signal it waits until every client has gone.
    ending = signal.SIGINT

    def install(self) -> None:
        if program("postgres") is None:
            # What the package starts by itself is nobody's here.
            _install("postgresql", folder=Path("/etc/postgresql-common"))
        if program("postgres") is None:
            raise ServerError(f"postgres is not installed; {_ADVICE}")

    def prepare(self, port: int, folder: Path, ports: Sequence[int]) -> None:
        """Make the server's files. It refuses to run as root, and so another account has them."""
        secret = folder / "password"
        secret.write_text(PASSWORD)
        _hand_over(folder)
        run(
            [
                *as_account(),
                *(_require("initdb"), "-D", str(folder / "data"), "--no-sync"),
                *("-U", USER, "--pwfile", str(secret), "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8"),
                *("--locale-provider", "icu", "--icu-locale", "en-US"),
            ],
            folder=folder,
        )

    def command(self, port: int, folder: Path) -> Sequence[str]:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            # What is stored here need not outlive the machine.
            "fsync": "off",
            "logging_collector": "off",
        }
        return [
            *as_account(),
            *(_require("postgres"), "-D", str(folder / "data")),
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    def answers(self, port: int) -> bool:
        asked = subprocess.run(  # noqa: S603  the command is the kind's own
            [_require("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port), "-t", "1"],
            check=False,
        )
        return asked.returncode == 0

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        return {"CHATSTORE_TEST_POSTGRESQL_URL": _url(ports[-1])}


class PgBouncer(PostgreSQLServer):
    """A server of its own, and in front of it a pooler whose connections change hands after each
    transaction."""

    name = "pgbouncer"
    processes = 2

    def install(self) -> None:
        super().install()
        if _pooler() is None:
            _install("pgbouncer")
        if _pooler() is None:
            raise ServerError(f"pgbouncer is not installed; {_POOLER_ADVICE}")

    def prepare(self, port: int, folder: Path, ports: Sequence[int]) -> None:
        if port == ports[0]:
            super().prepare(port, folder, ports)
            return
        (folder / "users.txt").write_text(f'"{USER}" "{PASSWORD}"\n')
        (folder / _POOLER_FILE).write_text(
            f"""[databases]
* = host={LOOPBACK} port={ports[0]}
[pgbouncer]
listen_addr = {LOOPBACK}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder / "users.txt"}
pool_mode = transaction
default_pool_size = 20
max_client_conn = 400
"""
        )
        _hand_over(folder)

    def command(self, port: int, folder: Path) -> Sequence[str]:
        if (folder / _POOLER_FILE).exists():
            return [*as_account(), _pooler() or "pgbouncer", str(folder / _POOLER_FILE)]
        return super().command(port, folder)

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        return {"CHATSTORE_TEST_PGBOUNCER_URL": _url(ports[-1])}


def _url(port: int) -> str:
    return f"postgresql://{USER}:{PASSWORD}@{LOOPBACK}:{port}/{_DATABASE}"


def program(name: str) -> str | None:
    """A program of the newest PostgreSQL that is installed: Debian has them beside each other."""
    versions = sorted(
        (folder for folder in _INSTALLATIONS.glob("*") if folder.name.isdigit()),
        key=lambda folder: int(folder.name),
        reverse=True,
    )
    places = [str(version / "bin") for version in versions]
    return shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))


def _require(name: str) -> str:
    found = program(name)
    if found is None:
        raise ServerError(f"{name} is not installed; {_ADVICE}")
    return found


def _pooler() -> str | None:
    # Debian has it where not every account looks.
    return shutil.which(
        "pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    )


def _install(package: str, *, folder: Path | None = None) -> None:
    """Install a package of Debian's, and have it start nothing."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    if folder is not None and not (settings := folder / "createcluster.conf").exists():
        folder.mkdir(parents=True, exist_ok=True)
        settings.write_text("create_main_cluster = false\n")
    apt = [
        *("env", "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive"),
        *("apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold"),
    ]
    run([*apt, "update"], folder=Path("/"))
    run([*apt, "install", "--no-install-recommends", package], folder=Path("/"))


def as_account() -> Sequence[str]:
    """What stands before a command that must not run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", _ACCOUNT, "--regid", _ACCOUNT, "--init-groups"]


def _hand_over(folder: Path) -> None:
    """Give a folder and what is in it to the account that the server runs as."""
    if os.geteuid() == 0:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, _ACCOUNT, _ACCOUNT)
