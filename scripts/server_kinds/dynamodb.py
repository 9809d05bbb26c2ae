"""AWS's own DynamoDB Local, in memory, from its Maven artifact."""

import http.client
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from server_kinds.kind import LOOPBACK, ServerKind, downloads, require_program, run

VERSION = "3.3.1"
_FILES = Path(__file__).parent / "dynamodb_files"
_LAUNCHER = "LoopbackDynamoDB.java"


class DynamoDBLocal(ServerKind):
    """One server with one database for every region and every made-up key."""

    name = "dynamodb"

    def install(self) -> None:
        advice = "DynamoDB Local needs a JDK of Java 17 or newer, and Maven to fetch it"
        require_program("java", advice)
        if self._libraries.is_dir():
            return
        maven = require_program("mvn", advice)
        folder = downloads(f"dynamodb-local-{VERSION}")
        shutil.copy(_FILES / "pom.xml", folder)
        incoming = folder / "incoming"
        shutil.rmtree(incoming, ignore_errors=True)
        run(
            [
                maven,
                *("-q", "-B", "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", f"-DoutputDirectory={incoming}"),
                f"-Ddynamodb.local.version={VERSION}",
            ],
            folder=folder,
        )
        # Only a complete folder ever has the name that is looked for.
        incoming.rename(self._libraries)

    def command(self, port: int, folder: Path) -> Sequence[str]:
        return [
            "java",
            "-Xmx1g",
            f"-Djava.library.path={self._libraries}",
            *("-cp", f"{self._libraries}/*"),
            str(_FILES / _LAUNCHER),
            str(port),
        ]

    def answers(self, port: int) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2.0)
        try:
            connection.request("GET", "/")
            # Without credentials it refuses, and so it is there.
            return connection.getresponse().status == http.HTTPStatus.BAD_REQUEST
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def environment(self, ports: Sequence[int]) -> Mapping[str, str]:
        endpoint = f"http://{LOOPBACK}:{ports[0]}"
        return {
            "CHATSTORE_TEST_DYNAMODB_URL": (
                f"dynamodb://trinity-chat-sessions-dev?region=eu-west-1&endpoint_url={endpoint}"
            ),
            # Made up: the server takes any.
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    @property
    def _libraries(self) -> Path:
        return downloads(f"dynamodb-local-{VERSION}") / "lib"
