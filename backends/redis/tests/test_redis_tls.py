"""TLS: a fault that stays is told as one, at once, and by the name of what mends it."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from chatstore import (
    BackendAuthError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    open_store,
)
from chatstore_redis import RedisSessionStore
from chatstore_redis.cache_url import open_url as open_cache
from loopback import LOOPBACK
from redis_support.harness import server_url
from redis_support.servers import Server, running


@dataclass(frozen=True, slots=True)
class TlsServer:
    """A server that speaks TLS on a port of its own, and the files of its certificate."""

    server: Server
    port: int
    certificate: Path
    key: Path

    @property
    def url(self) -> str:
        return f"rediss://chat:secret-word@{LOOPBACK}:{self.port}"


def make_certificate(folder: Path, name: str, *options: str) -> tuple[Path, Path]:
    """A certificate that is signed by nobody else, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl to make a certificate")
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            *(program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=elsewhere"),
            *("-keyout", str(key), "-out", str(certificate), *(options or ("-days", "1"))),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


GOOD = ("-days", "1", "-addext", "subjectAltName=IP:127.0.0.1")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    server_url()
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = make_certificate(folder, "server", *GOOD)
    with running(folder) as server:
        port = server.free_port()
        server.configure(
            tls_cert_file=str(certificate),
            tls_key_file=str(key),
            tls_ca_cert_file=str(certificate),
            tls_auth_clients="no",
        )
        server.configure(tls_port=port)
        with redis.Redis(port=server.port) as client:
            client.execute_command("ACL", "SETUSER", "chat", "on", ">secret-word", "~*", "+@all")
        yield TlsServer(server, port, certificate, key)


def refusal(url: str) -> ChatStoreError:
    """What the first call raises; it shows no password, and a retry is not advised."""
    with open_store(url) as store, pytest.raises(ChatStoreError) as caught:
        store.ping()
    assert "secret-word" not in str(caught.value)
    return caught.value


def test_a_certificate_that_is_trusted(tls: TlsServer) -> None:
    """It works where the authority is named, and where nothing is asked of it."""
    for rest in (f"?ssl_ca_certs={tls.certificate}", "?ssl_cert_reqs=none"):
        with open_store(tls.url + rest) as store:
            store.ping()
            assert store.create("ana").version == 1
            assert repr(store) == f"<RedisSessionStore rediss://{LOOPBACK}:{tls.port}/0, open>"
        cache = open_cache(f"{tls.url}{rest}&deadline=5")
        cache.bury(["a"], lapse=1)
        cache.close()


def test_an_unknown_authority(tls: TlsServer) -> None:
    """`ConfigurationError`, which names the option; and so it is for a cache, and a client."""
    error = refusal(tls.url)
    assert type(error) is ConfigurationError
    assert "ssl_ca_certs" in str(error)
    assert f"{LOOPBACK}:{tls.port}" in str(error)
    cache = open_cache(f"{tls.url}?deadline=5")
    with pytest.raises(ConfigurationError):
        cache.get(["a"])
    with (
        redis.Redis(LOOPBACK, tls.port, ssl=True) as client,
        RedisSessionStore(client) as store,
        pytest.raises(ConfigurationError),
    ):
        store.get("a")


def test_another_hosts_name(tls: TlsServer) -> None:
    """A certificate of another name is `ConfigurationError`."""
    url = tls.url.replace(LOOPBACK, "localhost")
    error = refusal(f"{url}?ssl_ca_certs={tls.certificate}")
    assert type(error) is ConfigurationError
    with open_store(f"{url}?ssl_ca_certs={tls.certificate}&ssl_check_hostname=no") as store:
        store.ping()


def test_a_client_without_its_certificate(tls: TlsServer) -> None:
    """A server that asks for one, and gets none: `BackendAuthError`, if the server's word is there
    before the client has written to a connection that is closed by then."""
    trusted = f"{tls.url}?ssl_ca_certs={tls.certificate}"
    tls.server.configure(tls_auth_clients="yes")
    try:
        assert any(type(refusal(trusted)) is BackendAuthError for _ in range(20))
        with open_store(f"{trusted}&ssl_certfile={tls.certificate}&ssl_keyfile={tls.key}") as store:
            store.ping()
    finally:
        tls.server.configure(tls_auth_clients="no")


def test_no_tls_where_it_is_expected() -> None:
    """`rediss://` of a server without TLS: `ConfigurationError`; a port where nobody listens stays
    retryable."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            with listener.accept()[0] as client:
                client.recv(1)
                client.sendall(b"-ERR unknown command\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert type(refusal(f"rediss://:secret-word@{LOOPBACK}:{port}")) is ConfigurationError
        thread.join()
    assert type(refusal(f"rediss://:secret-word@{LOOPBACK}:{port}")) is BackendUnavailableError


def test_files_that_can_not_be_used(tls: TlsServer, tmp_path: Path) -> None:
    """Missing, unfit and encrypted files are `ConfigurationError` when a URL is opened; a client
    that names such is refused when it connects."""
    other, _ = make_certificate(tmp_path, "other", *GOOD)
    encrypted = tmp_path / "encrypted.key"
    subprocess.run(
        [
            str(shutil.which("openssl")),
            "rsa",
            "-aes256",
            "-passout",
            "pass:x",
            "-in",
            tls.key,
            "-out",
            encrypted,
        ],
        check=True,
        capture_output=True,
    )
    garbage = tmp_path / "garbage"
    garbage.write_text("nothing", "utf-8")
    missing = tmp_path / "missing"
    bad: list[dict[str, Path]] = [
        *({"ssl_ca_certs": path} for path in (missing, garbage, tmp_path)),
        *({"ssl_certfile": path, "ssl_keyfile": tls.key} for path in (missing, garbage, other)),
        *({"ssl_certfile": tls.certificate, "ssl_keyfile": path} for path in (missing, garbage)),
        {"ssl_certfile": tls.certificate, "ssl_keyfile": encrypted},
        {"ssl_certfile": tls.certificate},
        {"ssl_keyfile": tls.key},
    ]
    for files in bad:
        query = "&".join(f"{name}={path}" for name, path in files.items())
        with pytest.raises(ConfigurationError) as caught:
            open_store(f"{tls.url}?{query}")
        assert "secret-word" not in str(caught.value)
        if encrypted in files.values():
            # OpenSSL would ask at the terminal.
            continue
        options: dict[str, Any] = {name: str(path) for name, path in files.items()}
        with (
            redis.Redis(LOOPBACK, tls.port, ssl=True, **options) as client,
            RedisSessionStore(client) as store,
            pytest.raises(ConfigurationError),
        ):
            store.get("a")
