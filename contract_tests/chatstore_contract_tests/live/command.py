"""`chatstore contract URL`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from chatstore.cli import options, output
from chatstore.cli.failures import ExitCode, UsageError
from chatstore.cli.printable import printable
from chatstore.cli.secrecy import shown_url
from chatstore.record.limits import require_label
from chatstore_contract_tests.live import reporting
from chatstore_contract_tests.live.outcomes import BehaviourOutcome, Run, TestOutcome
from chatstore_contract_tests.live.running import run_suite
from chatstore_contract_tests.live.stopping import Stopped, held_namespace, stoppable
from chatstore_contract_tests.namespaces import find_namespace

application = typer.Typer(add_completion=False, rich_markup_mode=None)


@application.command("contract")
def contract(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The deployment, as for --url.", show_default=False),
    ],
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            metavar="NAME",
            help="The key prefix, table or folder to run in; it must be empty. Default: a new one.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            "--markdown", metavar="FILE", help="Also write a report for a README.", dir_okay=False
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Hold a live deployment to the whole contract.

    It runs in a namespace of its own, which it removes again, and touches nothing else there. Exit
    code 5 if a behaviour fails.
    """
    name = require_label("namespace", namespace or f"chatstore-contract-{uuid4().hex[:12]}")
    if markdown is not None:
        _require_writable(markdown)
    take = find_namespace(url)
    if not as_json:
        where = printable(shown_url(url))
        output.write_error(
            f"running the contract at {where}, in namespace {printable(name)} alone: it is made "
            "for that, and removed afterwards\n"
        )
    run: Run | None = None
    stopped = Stopped()
    try:
        with stoppable(stopped), held_namespace(take, url, name) as fresh_harness:
            run = run_suite(fresh_harness, _silent if as_json else _Progress(sys.stderr.isatty()))
    except KeyboardInterrupt:
        stopped.note()
    except Exception:
        # An interrupt strikes anywhere: pytest may have taken it for a defect of its own.
        if not stopped.exit_code:
            raise
    finally:
        # What was found is told even if the namespace could not be removed.
        if run is not None:
            _report(run, name, markdown, as_json=as_json)
    if stopped.exit_code or run is None or run.interrupted:
        output.write_error(f"stopped; namespace {printable(name)} is removed\n")
        raise typer.Exit(stopped.exit_code or 130)
    if not run.holds:
        raise typer.Exit(ExitCode.FAILED)


def _report(run: Run, namespace: str, markdown: Path | None, *, as_json: bool) -> None:
    now = datetime.now(UTC)
    if as_json:
        document = reporting.document(run, now=now, namespace=namespace)
        output.write(output.json_line(document))
    else:
        output.show(reporting.table(run))
    if markdown is not None and not run.interrupted:
        markdown.write_text(reporting.markdown(run, now=now), encoding="utf-8")


def _require_writable(path: Path) -> None:
    """Find out before minutes have passed that there is no place for the report."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UsageError(f"--markdown: {path} can't be written to ({error.strerror})") from error


def _silent(_done: int, _all: int, _behaviour: BehaviourOutcome, _test: TestOutcome) -> None:
    pass


class _Progress:
    """Tells how far the run is: in a terminal on one line, elsewhere a line for each behaviour."""

    def __init__(self, in_terminal: bool) -> None:
        self._in_terminal = in_terminal
        # pytest captures what sys.stderr is while it runs.
        self._stream = sys.stderr
        self._behaviour: BehaviourOutcome | None = None

    def __call__(
        self, done: int, expected: int, behaviour: BehaviourOutcome, test: TestOutcome
    ) -> None:
        if self._in_terminal:
            failed = f", {behaviour.count('failed')} failed" if behaviour.count("failed") else ""
            end = "\n" if done == expected else ""
            self._write(f"\r\x1b[K{done} of {expected}: {behaviour.name}{failed}{end}")
            return
        if self._behaviour is not None and behaviour is not self._behaviour:
            self._tell(done - 1, expected, self._behaviour)
        self._behaviour = behaviour
        if done == expected:
            self._tell(done, expected, behaviour)

    def _tell(self, done: int, expected: int, behaviour: BehaviourOutcome) -> None:
        failed = behaviour.count("failed")
        verdict = f"{failed} of {len(behaviour.tests)} FAILED" if failed else "passed"
        self._write(f"{done} of {expected}: {behaviour.name} {verdict}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
