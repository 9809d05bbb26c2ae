"""Measures the turns of one framework, in its environment: `python -m measured_turns` prints a JSON
line for each side, store and size. Run by `scripts/frameworks --costs`."""

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

from cost_subject import Subject
from counted_requests import Counter, counted, sqlite_statements
from store_urls import SQLITE, prepared, server_urls, store_names

SIZES = (10, 1_000, 10_000)
TURNS = 5


@contextmanager
def subjects(store: str) -> Iterator[tuple[Subject, Counter]]:
    """The framework's own store, for the name "theirs", or ours on a store; and what counts."""
    cost = importlib.import_module("cost")
    with tempfile.TemporaryDirectory() as folder:
        if store == "theirs":
            with sqlite_statements() as statements:
                subject: Subject = cost.theirs(Path(folder))
                yield subject, statements
                subject.close()
            return
        file = f"sqlite:///{folder}/chat.db"
        with counted(file if store == SQLITE else prepared(server_urls()[store])) as found:
            subject = cost.ours(found.store, f"user-{uuid4().hex}")
            yield subject, found
            subject.close()


def measured(store: str) -> Iterator[dict[str, object]]:
    """A row for each size."""
    with subjects(store) as (subject, counter):
        there = 0
        for size in SIZES:
            subject.grow(size - there)
            there = size
            subject.turn()
            times, requests = [], []
            for _ in range(TURNS):
                before, began = counter.requests, time.perf_counter()
                subject.turn()
                times.append(1_000 * (time.perf_counter() - began))
                requests.append(counter.requests - before)
            there += 4 * (TURNS + 1)
            yield {
                "store": store,
                "size": size,
                "requests": median(requests),
                "milliseconds": round(median(times), 2),
            }


def main() -> None:
    """Print the rows."""
    cost = importlib.import_module("cost")
    for store in ("theirs", *store_names()):
        for row in measured(store):
            named = cost.THEIRS if store == "theirs" else f"chatstore, {store}"
            sys.stdout.write(json.dumps({**row, "store": named}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
