"""Write the scripts that the server runs, whole, into `chatstore_redis/lua`: each file of this
folder with the parts that it names.

    python backends/redis/lua/generate.py [--check]

A line `--> NAME` stands for `parts/NAME.lua`, which may name others; each part comes once.
"""

import argparse
import re
import sys
from pathlib import Path

SOURCES = Path(__file__).parent
SCRIPTS = SOURCES.parent / "chatstore_redis" / "lua"

_PART = re.compile(r"(?m)^--> (\w+)\n")
_HEAD = "-- Generated from backends/redis/lua/{name}.lua, which is the one to change.\n"


def generated(sources: Path = SOURCES) -> dict[str, str]:
    """The whole scripts, by the names of their files."""
    return {path.name: _whole(path) for path in sorted(sources.glob("*.lua"))}


def _whole(path: Path) -> str:
    seen: set[str] = set()

    def expanded(text: str) -> str:
        return _PART.sub(lambda found: part(found[1]), text)

    def part(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        text = (path.parent / "parts" / f"{name}.lua").read_text("utf-8")
        return f"{expanded(text).strip()}\n\n"

    text = re.sub("\n{3,}", "\n\n", expanded(path.read_text("utf-8")).strip())
    return f"{_HEAD.format(name=path.stem)}{text}\n"


def main() -> None:
    """Write the scripts, or, with `--check`, say which differ."""
    parser = argparse.ArgumentParser(description="write the whole Lua scripts")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if any differs")
    is_check: bool = parser.parse_args().check
    wanted = generated()
    there = {path.name: path.read_text("utf-8") for path in SCRIPTS.glob("*.lua")}
    stale = sorted(name for name in wanted | there if wanted.get(name) != there.get(name))
    if is_check:
        sys.exit(f"not as they would be generated: {', '.join(stale)}" if stale else 0)
    SCRIPTS.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (SCRIPTS / name).write_text(wanted[name], "utf-8")
        else:
            (SCRIPTS / name).unlink()


if __name__ == "__main__":
    main()
