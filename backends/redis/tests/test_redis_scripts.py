"""The scripts as they lie in the repository."""

import re
import subprocess
import sys
from pathlib import Path

from chatstore_redis.fields import INFO_FIELDS

BACKEND = Path(__file__).parent.parent
GENERATOR = BACKEND / "lua" / "generate.py"
SCRIPTS = BACKEND / "chatstore_redis" / "lua"


def test_the_scripts_are_as_generated() -> None:
    """What the server runs is what the sources and their parts say."""
    checked = subprocess.run(
        [sys.executable, GENERATOR, "--check"], check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_a_part_never_returns_for_its_script() -> None:
    """What a script includes are functions and locals: whether and when a script ends stands in
    the script itself."""
    parts = list((BACKEND / "lua" / "parts").glob("*.lua"))
    assert parts
    for part in parts:
        for line in part.read_text("utf-8").splitlines():
            assert re.match(r"$|--|local | |end\b|most, room", line), (part.name, line)
            assert not re.match(r" {0,1}return\b", line), (part.name, line)


def test_the_places_of_the_attributes() -> None:
    """The scripts answer with the attributes in the order in which they are read."""
    source = (BACKEND / "lua" / "parts" / "session.lua").read_text("utf-8")
    (asked,) = re.findall(r"'HMGET', key,([^.]*)\.\.\.\)", source)
    assert re.findall(r"'(\w+)'", asked) == [name.decode() for name in INFO_FIELDS]
    places: dict[str, int] = {}
    for names, numbers in re.findall(r"(?m)^local ([A-Z_, ]+) = ([\d, ]+)$", source):
        places |= zip(names.split(", "), map(int, numbers.split(", ")), strict=True)
    upper = [re.sub("(?=[A-Z])", "_", name.decode()).upper() for name in INFO_FIELDS]
    assert [places[name] for name in upper] == [*range(1, len(INFO_FIELDS) + 1)]
    assert places["ATTRIBUTES"] == len(INFO_FIELDS)
    # A rewrite of all that is kept writes them again, in that order.
    rewrite = (BACKEND / "lua" / "rewrite.lua").read_text("utf-8")
    (again,) = re.findall(r"(?s)ipairs\({('userId'.*?)}\)", rewrite)
    assert re.findall(r"'(\w+)'", again) == [name.decode() for name in INFO_FIELDS]
