"""How a failed command is reported, on standard error: as a line or as a document, with its causes
if somebody wants them, and never with a credential."""

from collections.abc import Mapping
from typing import Any

from chatstore.cli import causes, failures, output
from chatstore.cli.exit_codes import ExitCode, exit_code
from chatstore.cli.secrecy import Secrecy
from chatstore.errors import ChatStoreError
from chatstore.models import JsonObject


class Report:
    """What one command line asks for: `--json`, `--verbose`; and what it must not show."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        # They count even on a command line that can't be parsed.
        end = arguments.index("--") if "--" in arguments else len(arguments)
        self._as_json = "--json" in arguments[:end]
        self._verbose = "--verbose" in arguments[:end]
        self._secrecy = Secrecy(arguments, environment)

    def store_error(self, error: ChatStoreError) -> int:
        """Report an error of a store; its exit code."""
        code = exit_code(error)
        text = failures.error_line(failures.store_error_message(error))
        if not self._verbose and causes.causes(error) and code in (ExitCode.RETRY, ExitCode.FAILED):
            text = f"{text[:-1]} (--verbose shows the cause)\n"
        return self._tell(failures.store_error_document(error), text, code, error)

    def plain(self, kind: str, message: str, code: ExitCode, error: BaseException) -> int:
        """Report what is no store's error; its exit code."""
        document = failures.error_document(kind, message, code)
        return self._tell(document, failures.error_line(message), code, error)

    def defect(self, error: Exception) -> int:
        """Report an exception that no store should raise, always with its traceback."""
        self._verbose = True
        code = ExitCode.DEFECT
        message = causes.text_of(error)
        document = failures.error_document(type(error).__name__, message, code)
        text = failures.error_line(f"a defect, please report it: {type(error).__name__}: {message}")
        return self._tell(document, text, code, error)

    def _tell(self, document: JsonObject, text: str, code: int, error: BaseException) -> int:
        if self._as_json:
            if self._verbose:
                inner: Any = document["error"]
                inner["causes"] = failures.cause_documents(causes.causes(error))
                inner["traceback"] = causes.traceback_text(error)
            output.write_error(output.json_line(self._without_secrets(document)))
        else:
            if self._verbose:
                lines = [f"{each}\n" for each in causes.cause_lines(error)]
                text = "".join([text, *lines, "\n", causes.traceback_text(error)])
            output.write_error(self._secrecy.without(text))
        return code

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._secrecy.without(value)
        if isinstance(value, list):
            return [self._without_secrets(each) for each in value]
        if isinstance(value, dict):
            return {name: self._without_secrets(each) for name, each in value.items()}
        return value
