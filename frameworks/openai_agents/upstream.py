"""The framework's own tests, over our session: a plug-in of pytest, for its source distribution.

It puts our session in the place of the framework's SQLiteSession and of its tests'
SimpleListSession, and of what is derived from these, over the store at CHATSTORE_URL. Which of the
tests are run, and which of them are not applicable and why, is in `upstream.toml`.
"""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

# Some tests tell the framework's frames in a traceback by the folder of its sources, which is found
# only if it is there before anything imports the framework.
sys.path[:0] = [str(Path.cwd() / "src"), str(Path.cwd())]


def pytest_configure() -> None:
    """Replace the classes, before a test module imports them."""
    import agents
    from agents.memory import sqlite_session

    import stand_ins

    simple_session = import_module("tests.utils.simple_session")
    for module in (agents, agents.memory, sqlite_session):
        module.SQLiteSession = stand_ins.OursForSQLite  # type: ignore[attr-defined]  # a module
    source = ast.parse(Path(str(simple_session.__file__)).read_text(encoding="utf-8"))
    source.body = [node for node in source.body if getattr(node, "name", "") != "SimpleListSession"]
    vars(simple_session)["SimpleListSession"] = stand_ins.OursForLists
    # The two classes derived from it are made anew, with ours as their base.
    exec(compile(source, "simple_session", "exec"), vars(simple_session))  # noqa: S102  their tests


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave nothing open."""
    import stand_ins

    stand_ins.STORE.close()
