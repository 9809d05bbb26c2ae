"""Many processes and threads write to one session, and processes and servers die meanwhile."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import legs
from chatstore import MaintainedSessionStore, RetentionPolicy, utc_now
from chatstore_sql.postgresql.address import Address, read_url
from chatstore_sql.postgresql.harness import PostgreSQLHarness
from chatstore_sql.postgresql.url import open_address
from postgresql_support import real_postgresql

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

from server_kinds.postgresql import PostgreSQLServer, as_account, program  # noqa: E402  no package
from server_kinds.runner import Runner  # noqa: E402  likewise

WRITER = Path(__file__).with_name("postgresql_writer.py")
KEPT = RetentionPolicy(keep_history=True)


def url_of(address: Address) -> str:
    return (
        f"postgresql://{address.user}:{address.password}@{address.host}:{address.port}"
        f"/{address.database}?schema={address.schema_name}&pool_size=4"
    )


def writer(url: str, name: str, *, threads: int, appends: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), url, "s", name, str(threads), str(appends)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kept_contents(store: MaintainedSessionStore) -> list[str]:
    return [str(message.content) for message in store.iter_messages("s", newest_first=False)]


def require_order(contents: Sequence[str]) -> None:
    """Each thread's messages stand in the order in which it sent them."""
    last: dict[str, int] = {}
    for content in contents:
        thread, _, number = content.rpartition("-")
        assert last.get(thread, -1) < int(number)
        last[thread] = int(number)


@pytest.fixture(params=["postgresql", "pgbouncer"])
def harness(request: pytest.FixtureRequest) -> Iterator[PostgreSQLHarness]:
    harness = real_postgresql(request.param)
    yield harness
    harness.close()


def test_processes_and_threads_append_to_one_session(harness: PostgreSQLHarness) -> None:
    """Exactly the window: of 4 processes with 4 threads and 50 appends each, all 800 are
    acknowledged and kept, each once, each thread's in its order; the window is the newest ten."""
    url = url_of(harness.address)
    with open_address(harness.address, policy=KEPT, clock=utc_now) as store:
        store.create("ana", session_id="s")
        writers = [writer(url, f"p{number}", threads=4, appends=50) for number in range(4)]
        acknowledged = [line for each in writers for line in each.communicate()[0].split()]
        assert [each.returncode for each in writers] == [0] * 4
        contents = kept_contents(store)
        assert len(acknowledged) == 800
        assert Counter(contents) == Counter(acknowledged)
        require_order(contents)
        session = store.get("s")
        assert session.message_count == 800
        assert session.version == 801
        assert [message.content for message in session.messages] == contents[-10:]


def test_a_client_that_is_killed_loses_nothing_acknowledged(harness: PostgreSQLHarness) -> None:
    """What was acknowledged before kill -9 is there, once, and others go on."""
    url = url_of(harness.address)
    with open_address(harness.address, policy=KEPT, clock=utc_now) as store:
        store.create("ana", session_id="s")
        killed = writer(url, "killed", threads=4, appends=10_000)
        other = writer(url, "other", threads=2, appends=50)
        assert killed.stdout is not None
        acknowledged = [killed.stdout.readline().strip() for _ in range(100)]
        killed.kill()
        acknowledged += killed.communicate()[0].split()
        acknowledged += other.communicate()[0].split()
        contents = Counter(kept_contents(store))
        assert max(contents.values()) == 1
        assert set(acknowledged) <= set(contents)


@contextmanager
def server_of_its_own() -> Iterator[tuple[Runner, Path]]:
    """A server that no other test knows, and its data."""
    with tempfile.TemporaryDirectory(prefix="chatstore-postgresql-") as name:
        folder = Path(name)
        # The account that the server runs as must reach it.
        folder.chmod(0o755)
        runner = Runner(PostgreSQLServer(), folder)
        runner.up()
        try:
            port = runner.started()[0].port
            yield runner, folder / "postgresql" / str(port) / "data"
        finally:
            runner.down()


@legs.on("postgresql")
class TestRestart:
    """A server that is restarted."""

    def test_nothing_acknowledged_is_lost(self) -> None:
        """Exactly once: writers that send again what got no answer, while the server is restarted
        at once (`pg_ctl restart -m immediate`), have each message there, once."""
        with ExitStack() as stack:
            runner, data = stack.enter_context(server_of_its_own())
            url = runner.environment()["CHATSTORE_TEST_POSTGRESQL_URL"]
            address = replace(read_url(url), schema_name="restarted")
            harness = PostgreSQLHarness("postgresql", address)
            stack.callback(lambda: harness.close(drop=False))
            control = [*as_account(), program("pg_ctl") or "pg_ctl", "-D", str(data), "-w"]
            # A process that the runner did not start is for us to stop.
            stack.callback(
                lambda: subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd="/")
            )
            with open_address(address, policy=KEPT, clock=utc_now) as store:
                store.create("ana", session_id="s")
                writers = [
                    writer(url_of(address), f"p{number}", threads=2, appends=150)
                    for number in range(2)
                ]
                first = writers[0].stdout
                assert first is not None
                read = [first.readline().strip() for _ in range(20)]
                subprocess.run(
                    [*control, "-l", str(data / "log"), "restart", "-m", "immediate"],
                    check=True,
                    cwd="/",
                    stdout=subprocess.DEVNULL,
                )
                for each in writers:
                    read += each.communicate()[0].split()
                assert [each.returncode for each in writers] == [0, 0]
                assert len(read) == 600
                contents = kept_contents(store)
                assert Counter(contents) == Counter(read)
                require_order(contents)
