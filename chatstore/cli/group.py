"""The root of the command tree: it finds extensions and turns every failure into an exit code."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from chatstore.cli import failures, output
from chatstore.cli.extensions import extension_line, extension_names, load_extension
from chatstore.cli.failures import ExitCode, UsageError
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
            return self.commands[cmd_name]
        return extension_line(cmd_name) if _LISTED in ctx.meta else load_extension(cmd_name)

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

    def _run(self, arguments: list[str], **extra: Any) -> int:
        as_json = _wants_json(arguments)
        try:
            return super().main(arguments, standalone_mode=False, **extra) or ExitCode.FINE
        except ChatStoreError as error:
            code = failures.exit_code(error)
            document = failures.store_error_document(error)
            text = failures.error_line(failures.store_error_message(error))
        except UsageError as error:
            code = ExitCode.USAGE
            message = _usage_message(error)
            document = failures.error_document("UsageError", message, code)
            text = failures.error_line(message)
        except typer.Abort:
            code = ExitCode.NOT_FOUND
            document = failures.error_document("Aborted", "stopped; nothing was done", code)
            text = failures.error_line("stopped; nothing was done")
        # The last resort: Python's own exit code for a crash, 1, would say "not found".
        except Exception as error:  # noqa: BLE001
            code = ExitCode.DEFECT
            text = failures.defect_text(error)
            kind = type(error).__name__
            document = failures.error_document(kind, str(error), code, traceback=text)
        output.write_error(output.json_line(document) if as_json else text)
        return code


def _wants_json(arguments: list[str]) -> bool:
    """Whether `--json` is among the options, even of a command line that can't be parsed."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return "--json" in arguments[:end]


def _usage_message(error: Any) -> str:
    message: str = error.format_message()
    if error.ctx is None:
        return message
    return f"{message.rstrip().removesuffix('.')} (see {error.ctx.command_path} --help)"
