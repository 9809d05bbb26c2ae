"""The command line, `chatstore`. It needs the extra `cli`; nothing else in chatstore does."""

import sys
from importlib.util import find_spec

from chatstore.runtime.distribution import install_line

_NEEDED = ("typer", "rich")


def main() -> None:
    """Run the command line on the process's arguments; leave by `SystemExit` with its exit
    code."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"chatstore: the command line needs {' and '.join(missing)}: {install_line('cli')}\n"
        )
        # Nothing that knows the exit codes' names can be imported without typer.
        raise SystemExit(5)
    try:
        from chatstore.cli.application import application

        application()
    except KeyboardInterrupt:
        # While the command line was being loaded.
        raise SystemExit(130) from None
