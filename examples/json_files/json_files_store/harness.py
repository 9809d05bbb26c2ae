"""The contract's view of the store. Nothing else here imports the contract."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from chatstore import BackendError, Clock, JsonObject, RetentionPolicy, utc_now
from chatstore_contract_tests import Harness
from chatstore_contract_tests.namespaces import FreshHarness, namespace_is_taken
from json_files_store.folder import Folder
from json_files_store.store import JsonFilesStore
from json_files_store.url import folder_of


class JsonFilesHarness(Harness):
    """Stores on one folder, which is made here."""

    name = "json-files"

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.folder = Folder(path)

    def open(
        self, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> JsonFilesStore:
        return JsonFilesStore(self.folder.path, policy=policy, clock=clock)

    def raw_write(self, document: JsonObject) -> None:
        self.folder.write(document["sessionId"], document)

    def raw_read(self, session_id: str) -> object:
        file = self.folder.file(session_id)
        return file.read_bytes() if file.exists() else None

    def corrupt(self, session_id: str) -> None:
        document = json.loads(self.folder.file(session_id).read_bytes())
        self.folder.write(session_id, {**document, "userPreferences": "no object"})

    def corrupt_message(self, session_id: str) -> None:
        document = json.loads(self.folder.file(session_id).read_bytes())
        document["messages"][-1]["content"] = 7
        self.folder.write(session_id, document)


@contextmanager
def namespace(url: str, name: str) -> Iterator[FreshHarness]:
    """For `chatstore contract`: a folder called `name` beside the URL's own."""
    place = folder_of(url).parent / name
    try:
        place.mkdir()
    except FileExistsError:
        raise namespace_is_taken(name, f"{place} exists") from None
    except OSError as error:
        raise BackendError(f"json-files: {place} can't be made: {error}") from error
    numbers = count()
    try:
        yield lambda: JsonFilesHarness(place / str(next(numbers)))
    finally:
        shutil.rmtree(place)
