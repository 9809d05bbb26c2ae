"""The root of the command tree: it finds extensions and turns every failure into an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from chatstore.cli import failures, output
from chatstore.cli.exit_codes import ExitCode
from chatstore.cli.extensions import extension_line, extension_names, load_extension
from chatstore.cli.reporting import Report
from chatstore.cli.verbosity import with_verbose
from chatstore.errors import ChatStoreError

_LISTED = "chatstore.listed"


class CommandLine(TyperGroup):
    """The built-in commands, then what extensions bring. A built-in name can't be taken."""

    def list_commands(self, ctx: Any) -> list[str]:
        # The help asks for this. It names the extensions; importing them all would make it slow.
        ctx.meta[_LISTED] = True
        return [*self.commands, *(name for name in extension_names() if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands:
            return with_verbose(self.commands[cmd_name])
        if _LISTED in ctx.meta:
            return extension_line(cmd_name)
        extension = load_extension(cmd_name)
        return None if extension is None else with_verbose(extension)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that `args` name. Leaves by `SystemExit` with the exit code, or returns
        it if `standalone_mode` is false."""
        output.prepare_streams()
        arguments = sys.argv[1:] if args is None else list(args)
        code = self._run(arguments, prog_name=prog_name or "chatstore", **extra)
        if standalone_mode:
            raise SystemExit(code)
        return code

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _InterruptedError from error

    def _run(self, arguments: list[str], **extra: Any) -> int:
        report = Report(arguments, os.environ)
        try:
            return super().main(arguments, standalone_mode=False, **extra) or ExitCode.FINE
        except ChatStoreError as error:
            return report.store_error(error)
        except failures.UsageError as error:
            return report.plain("UsageError", _usage_message(error), ExitCode.USAGE, error)
        except typer.Abort as error:
            return report.plain("Aborted", "stopped; nothing was done", ExitCode.NOT_FOUND, error)
        except _InterruptedError as error:
            text = "interrupted; a write may have happened or not"
            return report.plain("Interrupted", text, ExitCode.INTERRUPTED, error)
        except SystemExit as error:
            # The help, which is not written by `output`, met a pipe without a reader.
            if isinstance(error.__context__, BrokenPipeError):
                return ExitCode.BROKEN_PIPE
            raise
        # The last resort: Python's own exit code for a crash, 1, would say "not found".
        except Exception as error:  # noqa: BLE001
            return report.defect(error)


class _InterruptedError(Exception):
    """An interrupt from the keyboard, past whatever typer's versions make of one."""


def _usage_message(error: Any) -> str:
    message: str = error.format_message()
    if error.ctx is None:
        return message
    return f"{message.rstrip().removesuffix('.')} (see {error.ctx.command_path} --help)"
