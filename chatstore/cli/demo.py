"""`chatstore demo`: see the promises kept, on an embedded store or on any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from chatstore.cli import options, output
from chatstore.cli.demonstration import Demonstration
from chatstore.cli.failures import ExitCode, UsageError
from chatstore.cli.printable import printable
from chatstore.clock import ManualClock, utc_now
from chatstore.opening import open_store
from chatstore.policy import RetentionPolicy


def demo(
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Use this store, with users of its own. Default: SQLite in a temporary directory.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            "--cache", metavar="URL", help="Put this cache before the store.", show_default=False
        ),
    ] = None,
) -> None:
    """Show the promises being kept, and check them.

    All that it makes is removed again. Exit code 5 if a promise is not kept.
    """
    clock = ManualClock(utc_now().replace(microsecond=0))
    stage = _Terminal()
    # The default policy, whatever the environment says: it is what the steps are about.
    policy = RetentionPolicy()
    with (
        _chosen(url) as chosen,
        open_store(chosen, policy=policy, clock=clock, cache=cache or "") as store,
    ):
        stage.title(options.place_of(store))
        demonstration = Demonstration(store, clock, stage)
        try:
            demonstration.run()
        finally:
            demonstration.clean_up()
    stage.finish()
    if stage.failed:
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _chosen(url: str | None) -> Iterator[str]:
    """The URL to open: the one given, or of a file that is removed afterwards."""
    if url == "":
        raise UsageError("--url is empty; leave it out to use a temporary directory")
    if url is not None:
        yield url
        return
    with TemporaryDirectory(prefix="chatstore-demo-") as directory:
        yield f"sqlite:///{Path(directory) / 'demo.db'}"


class _Terminal:
    """The demonstration's stage: plain lines that read well without colour too."""

    def __init__(self) -> None:
        self.held = 0
        self.failed = 0
        self._steps = 0

    def title(self, where: str) -> None:
        output.show(Text(f"chatstore, on {printable(where)}", style="bold"))

    def heading(self, title: str, meaning: str) -> None:
        self._steps += 1
        output.show("", Text(f"{self._steps}. {title}", style="bold"), _indented(meaning), "")

    def line(self, text: str) -> None:
        output.show(_indented(text, by=6))

    def check(self, claim: str, *, holds: bool) -> None:
        self.held += holds
        self.failed += not holds
        verdict = "holds" if holds else "DOES NOT HOLD"
        output.show(_indented(f"{verdict}: {claim}", style="green" if holds else "bold red"))

    def finish(self) -> None:
        summary = f"{self._steps} steps: {self.held} checks held, {self.failed} failed"
        output.show("", Text(summary, style="bold"))


def _indented(text: str, *, by: int = 3, style: str = "") -> Padding:
    return Padding(Text(printable(text), style=style), (0, 0, 0, by))
