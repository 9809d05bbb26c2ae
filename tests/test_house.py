"""The house's one direction: core imports no driver, and nothing loads what was not asked for. And
its rooms are small."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORE_MAY_IMPORT = {"pydantic", "pydantic_core", "chatstore"}
COMMAND_LINE_MAY_IMPORT = {"pydantic", "chatstore", "typer", "rich", "click"}
ADAPTERS = {
    "claude_agent_sdk": {"claude_agent_sdk", "anyio"},
    "google_adk": {"google"},
    "llama_index": {"llama_index"},
    "openai_agents": {"agents"},
    "pydantic_ai": {"pydantic_ai"},
    "strands": {"strands"},
}
"""The adapters, and the framework of each, which it alone imports."""
FRAMEWORKS = {"langchain_core", "langgraph"}.union(*ADAPTERS.values())
MOST_LINES = 300


def imported(source: Path) -> set[str]:
    """The top-level names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


def test_core_imports_no_driver_and_no_backend() -> None:
    """`chatstore` knows pydantic and its core alone; its command line typer and rich as well, and
    an adapter its framework."""
    for source in (ROOT / "chatstore").rglob("*.py"):
        room = source.relative_to(ROOT / "chatstore").parts[0]
        allowed = COMMAND_LINE_MAY_IMPORT if room == "cli" else CORE_MAY_IMPORT
        if room == "integrations":
            name = source.relative_to(ROOT / "chatstore" / room).parts[0].removesuffix(".py")
            allowed = allowed | ADAPTERS.get(name, set())
        assert imported(source) <= allowed, source


def test_backends_do_not_know_each_other() -> None:
    """Arrows go one way: a backend imports chatstore, its driver and itself. Its harness, which
    ships so that the contract can run on a live deployment, stands on the contract; nothing else
    of the backend imports either."""
    packages = {path.name for path in (ROOT / "backends").glob("*/chatstore_*")}
    assert packages
    for source in (ROOT / "backends").glob("*/chatstore_*/**/*.py"):
        own = source.relative_to(ROOT / "backends").parts[1]
        foreign = packages - {own}
        if source.name != "harness.py":
            foreign |= {"chatstore_contract_tests"}
            assert f"{own}.harness" not in source.read_text(), source
        assert not imported(source) & foreign, source


def test_a_backend_loads_no_test_tool() -> None:
    """Whoever opens a store pays for its driver alone: the harnesses beside the stores, and pytest
    and hypothesis with them, are loaded by the contract only."""
    schemes = ["memory", "sqlite", "redis", "rediss+cluster", "dynamodb"]
    script = (
        "import sys; from importlib.metadata import entry_points\n"
        f"for scheme in {schemes}:\n"
        "    (found,) = entry_points(group='chatstore.backends', name=scheme)\n"
        "    found.load()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd="/"
    ).stdout.split()
    assert {"chatstore_sql", "chatstore_redis", "chatstore_dynamodb"} <= set(loaded)
    assert not {"chatstore_contract_tests", "pytest", "hypothesis"} & set(loaded)


def test_importing_chatstore_loads_no_driver() -> None:
    """`import chatstore` is cheap: no driver, no command line, no test tool, no event loop
    comes with it."""
    script = (
        "import sys, chatstore; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd="/"
    ).stdout.split()
    drivers = {"sqlalchemy", "sqlite3", "redis", "boto3", "botocore"}
    assert not FRAMEWORKS & set(loaded)
    assert not (drivers | {"typer", "rich", "pytest", "asyncio"}) & set(loaded)


def sources() -> list[Path]:
    """Every file of code that git keeps; where there is no git, every one in no hidden folder."""
    patterns = ("*.py", "*.lua")
    git, listed = shutil.which("git"), ""
    if git is not None:
        command = [git, "ls-files", "-z", *patterns]
        # It fails, and lists nothing, in a tree that was only unpacked.
        listed = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT
        ).stdout
    if listed:
        return [ROOT / name for name in listed.split("\0") if (ROOT / name).is_file()]
    return [
        path
        for pattern in patterns
        for path in ROOT.rglob(pattern)
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]


def test_no_file_is_long() -> None:
    """A file of code has one concern, and so at most 300 lines, if people write it."""
    texts = {path: path.read_text(encoding="utf-8").splitlines() for path in sources()}
    lengths = {
        path: len(lines)
        for path, lines in texts.items()
        if lines and not lines[0].startswith("-- Generated from ")
    }
    assert ROOT / "chatstore" / "store" / "base.py" in lengths
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
