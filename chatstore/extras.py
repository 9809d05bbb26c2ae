"""What to install for a module that is missing: the extra that brings it, by the metadata of what
is installed."""

import re
from importlib.metadata import Distribution, entry_points

DISTRIBUTION = "chatstore-sessions"
"""The name that `pip install` takes; what is imported is called `chatstore`."""

_EVERYTHING = "all"
_OF_AN_EXTRA = re.compile(r"([\w.-]+).*;.*\bextra\s*==\s*[\"']([\w.-]+)[\"']")


def own_distribution() -> Distribution | None:
    """The installed distribution that this package is of; None if its metadata is not there."""
    for entry_point in entry_points(group="chatstore.backends", name="memory"):
        if entry_point.module == "chatstore.memory":
            return entry_point.dist
    return None


def extras() -> dict[str, set[str]]:
    """The distributions that each extra of chatstore brings, in normal form, by its name."""
    distribution = own_distribution()
    found: dict[str, set[str]] = {}
    for requirement in (distribution and distribution.requires) or ():
        if match := _OF_AN_EXTRA.match(requirement):
            found.setdefault(_normal(match[2]), set()).add(_normal(match[1]))
    return found


def install_command(module: str | None) -> str:
    """The command that installs `module`: with the extra that brings it, or by its own name."""
    wanted = (module or "").partition(".")[0]
    for extra, brought in sorted(extras().items()):
        if _normal(wanted) in brought and extra != _EVERYTHING:
            return f"pip install '{DISTRIBUTION}[{extra}]'"
    return f"pip install {wanted or DISTRIBUTION}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
