"""The rooms of the house: what may import what, and what is nobody else's business."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "chatstore"

FLOORS = (
    {"errors"},
    {"values"},
    {"clock", "policy"},
    {"models", "runtime"},
    {"fields", "record"},
    {"engine"},
    # A store and one user's view of it name each other.
    {"protocol", "user_sessions"},
    {"store"},
    {"memory", "cache"},
    {"environment"},
    {"opening"},
    {"aio"},
    {"integrations"},
    {"chatstore"},
    {"cli"},
)
"""The rooms and the modules beside them, the lowest first, as docs/architecture.md draws them. One
may import what is below it; those on one floor don't know each other. `chatstore` is what callers
name."""

CIRCLE = {("protocol", "user_sessions"), ("user_sessions", "protocol")}
THEIRS = {
    "chatstore_redis.retries reaches for retry._retries",
    # It does without where that name is missing.
    "chatstore.integrations.openai_agents imports _CompactionSnapshot",
}
"""Private names of a driver or a framework."""

_FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def room_of(module: str) -> str:
    """The room of a module of the core: chatstore.record.limits is in record."""
    _, _, inside = module.partition(".")
    return inside.partition(".")[0] or "chatstore"


def modules(package: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module of a package, with its syntax tree."""
    for source in sorted(package.rglob("*.py")):
        name = ".".join(source.relative_to(package.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(source.read_text(encoding="utf-8"))


def imports(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules of chatstore that a tree imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_each_room_imports_what_is_below_it() -> None:
    """Arrows between the rooms of the core go down: there is no circle, and a room can be read with
    nothing in mind but the floors below."""
    trees = dict(modules(CORE))
    wrong = []
    for name, tree in trees.items():
        room = room_of(name)
        for each in imports(tree, set(trees)):
            if not each.startswith("chatstore") or (each not in trees):
                continue
            other = room_of(each)
            if (
                other != room
                and (room, other) not in CIRCLE
                and _FLOOR_OF[other] >= _FLOOR_OF[room]
            ):
                wrong.append(f"{name} imports {each}")
    assert wrong == []


def test_every_room_is_drawn() -> None:
    """docs/architecture.md names each room, and each module beside them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in CORE.iterdir()
        if path.name not in ("__init__.py", "__main__.py", "py.typed", "__pycache__")
    }
    table = text.partition("## Rooms of the core")[2].partition("\n## ")[0]
    drawn = set(re.findall(r"`([\w/.]+)`", table))
    assert there - drawn == set()
    assert {room_of(f"chatstore.{name.removesuffix('.py').strip('/')}") for name in there} == (
        set(_FLOOR_OF) - {"chatstore"}
    )


BACKENDS = sorted((ROOT / "backends").glob("*/chatstore_*"))
SAME = {
    "store.py": r"class \w+SessionStore\(BaseSessionStore\):",
    "engine.py": r"class \w+Engine\(Engine\):",
    "errors.py": r"def translate\(",
    "url.py": r"def open_url\(",
    "harness.py": r"def namespace\(",
}
"""What every backend has, and where."""


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda path: path.name)
def test_every_backend_has_the_same_files(backend: Path) -> None:
    """Who knows one backend finds the way in the others: the same file has the same name, and what
    the others look for in it."""
    for name, what in SAME.items():
        text = (backend / name).read_text(encoding="utf-8")
        assert re.search(f"^{what}", text, re.MULTILINE), f"{name} lacks {what}"


def test_no_private_name_is_used_elsewhere() -> None:
    """What begins with an underscore is its own file's business: no other file of the house imports
    it or reaches for it."""
    trees = {
        name: tree
        for package in (CORE, *(ROOT / "backends").glob("*/chatstore_*"))
        for name, tree in modules(package)
    }
    owned = {name: set(private_names(tree)) for name, tree in trees.items()}
    wrong = []
    for name, tree in trees.items():
        foreign = set().union(*owned.values()) - owned[name]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                wrong += [f"{name} imports {a.name}" for a in node.names if is_private(a.name)]
            elif isinstance(node, ast.Attribute) and node.attr in foreign and not is_own(node):
                wrong.append(f"{name} reaches for {ast.unparse(node)}")
    assert set(wrong) == THEIRS


def private_names(tree: ast.Module) -> Iterator[str]:
    """The private names that a file defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        else:
            continue
        if is_private(name):
            yield name


def is_private(name: str) -> bool:
    """Whether a name is private, and not one of Python's own."""
    return name.startswith("_") and not name.endswith("__")


def is_own(node: ast.Attribute) -> bool:
    """Whether an attribute is one of the object's own."""
    return ast.unparse(node.value) in ("self", "cls", "super()")
