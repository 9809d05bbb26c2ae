"""The store: a folder that exists, and what every store takes."""

from pathlib import Path

from chatstore import BaseSessionStore, Clock, RetentionPolicy, utc_now
from json_files_store.engine import JsonFilesEngine


class JsonFilesStore(BaseSessionStore):
    """Sessions in a folder that exists, one JSON file each. Threads and processes may share it."""

    def __init__(
        self, path: Path, *, policy: RetentionPolicy | None = None, clock: Clock = utc_now
    ) -> None:
        super().__init__(JsonFilesEngine(path), policy=policy, clock=clock)
