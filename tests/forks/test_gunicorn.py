"""A real pre-forking server: `gunicorn --preload`, on every engine that processes can share."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import legs
from chatstore import MaintainedSessionStore, open_store
from chatstore_contract_tests.namespaces import find_namespace
from chatstore_dynamodb.harness import TableHarness
from chatstore_redis.harness import RedisHarness

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

REQUESTS = int(os.environ.get("CHATSTORE_TEST_GUNICORN_REQUESTS", "80"))
USERS = 8
WORKERS = 4
PATIENCE = 60


@contextmanager
def sqlite(directory: Path) -> Iterator[str]:
    """A file."""
    yield f"sqlite:///{directory / 'chat.db'}?synchronous=normal"


@contextmanager
def redis(_directory: Path) -> Iterator[str]:
    """The real server, under a prefix of its own."""
    url = legs.url_of("redis")
    with find_namespace(url)(url, f"gunicorn-{uuid.uuid4().hex}") as fresh:
        harness = fresh()
        assert isinstance(harness, RedisHarness)
        yield f"{url}?prefix={harness.prefix}"
        harness.close()


@contextmanager
def dynamodb(_directory: Path) -> Iterator[str]:
    """DynamoDB Local, with a table of its own."""
    url = legs.url_of("dynamodb")
    with find_namespace(url)(url, f"gunicorn-{uuid.uuid4().hex}") as fresh:
        harness = fresh()
        assert isinstance(harness, TableHarness)
        yield f"dynamodb://{harness.table_name}?{url.partition('?')[2]}"
        harness.close()


ENGINES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": sqlite,
    "redis": redis,
    "dynamodb": dynamodb,
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up credentials: the emulator takes any, and a real account is never reached."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with ENGINES[request.param](tmp_path) as url:
        yield url


@contextmanager
def served(url: str, opening: str, log: Path) -> Iterator[int]:
    """The application, behind gunicorn with four workers that all take requests; its port on
    loopback."""
    ready = log.parent / "ready"
    ready.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        command = [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "--preload",
                "--workers",
                str(WORKERS),
                "--threads",
                "2",
            ),
            *("--graceful-timeout", "5"),
            *("--bind", f"fd://{listening.fileno()}", "--chdir", str(Path(__file__).parent)),
            *("--worker-tmp-dir", str(log.parent), "--no-control-socket"),
            *("--config", str(Path(__file__).with_name("worker_hooks.py"))),
            "application:application",
        ]
        process = subprocess.Popen(
            command,
            pass_fds=[listening.fileno()],
            env={**os.environ, "CHAT_URL": url, "CHAT_OPENING": opening, "CHAT_READY": str(ready)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            # The first one alone might answer all before the others are there.
            latest = time.monotonic() + PATIENCE
            while len(list(ready.iterdir())) < WORKERS:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < latest, log.read_text()
                time.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def asked(port: int, path: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ask_as(port: int, user: str, requests: int) -> Counter[str]:
    """One user's requests, one after the other: how many were answered well, were wrong or were
    lost, and by how many workers."""
    counts: Counter[str] = Counter()
    sent: list[str] = []
    for number in range(requests):
        sent.append(f"{user}-{number}")
        try:
            status, text = asked(port, f"/chat-of-{user}/{sent[-1]}")
        except OSError:
            counts["lost"] += 1
            continue
        if status != 200:
            counts["refused" if text.startswith("ConfigurationError") else text] += 1
            continue
        process, owner, ids = json.loads(text)
        counts["right" if (owner, ids) == (user, sent[-10:]) else "wrong"] += 1
        counts[f"worker {process}"] += 1
    return counts


def ask_all(port: int, users: list[str]) -> Counter[str]:
    """All users' requests at once."""
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(len(users)) as threads:
        each = REQUESTS // len(users)
        for counts in threads.map(lambda user: ask_as(port, user, each), users):
            total += counts
    return total


def workers(counts: Counter[str]) -> int:
    """How many workers answered."""
    return sum(name.startswith("worker ") for name in counts)


def prepared(store: MaintainedSessionStore) -> list[str]:
    """Users, each with a session."""
    users = [f"user{number}" for number in range(USERS)]
    for user in users:
        store.create(user, session_id=f"chat-of-{user}")
    return users


def test_a_store_of_each_worker_works(url: str, tmp_path: Path) -> None:
    """Workers that open their store at the first request answer every request rightly, each user
    with what is that user's, though the parent has a store open; and nothing is lost."""
    with open_store(url) as store:
        users = prepared(store)
        with served(url, "request", tmp_path / "log") as port:
            counts = ask_all(port, users)
        told = f"{counts}\n{(tmp_path / 'log').read_text()}"
        assert counts["right"] == REQUESTS, told
        assert workers(counts) > 1, told
        for user in users:
            assert store.get(f"chat-of-{user}").message_count == REQUESTS // USERS


def test_a_store_from_before_the_fork_is_refused(url: str, tmp_path: Path) -> None:
    """Where the store was opened at import, each request is told so at once, and none is served
    by the parent's connections."""
    with open_store(url) as store:
        users = prepared(store)
        with served(url, "import", tmp_path / "log") as port:
            counts = ask_all(port, users)
        assert counts == {"refused": REQUESTS}, (tmp_path / "log").read_text()
        for user in users:
            assert store.get(f"chat-of-{user}").message_count == 0
