"""chatstore's sessions in a folder of JSON files: the backend of the tutorial."""

from json_files_store.store import JsonFilesStore

__all__ = ["JsonFilesStore"]
