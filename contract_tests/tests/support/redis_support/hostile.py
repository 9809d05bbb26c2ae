"""Hostile texts, and the word that no error may show."""

from collections.abc import Callable
from typing import Any

from chatstore import ConfigurationError

SECRET = "hidden-word"  # noqa: S105  nobody's password

HOSTILE = (
    *("", " ", "-1", "0", "-0", "00", "1.5", "1e9", "1e-400", "nan", "inf", "-inf", "None", "5s"),
    *("true", "TRUE", "no", "2", "4", "99999999999999999999", "٣", "%00", "%0a", "a%20b", "%ff"),
    *("%", "%zz", "a,b", "[]", "'", '"', "none", "required", "/", "/dev/zero", "/no/such/file"),
    *(
        "%2Fdev%2Fnull",
        "x" * 5_000,
        "é",
        "optional",
        "1_0",
        "+5",
        "0x5",
        "1.",
        ".5",
        "3600",
        "3601",
    ),
)


def hides(open_it: Callable[[], Any], *secrets: str) -> None:
    """It opens, or refuses by an error of ours; neither shows any of the secrets."""
    try:
        store = open_it()
    except ConfigurationError as error:
        shown = f"{error} {error.__cause__!r}"
    else:
        shown = repr(store)
        store.close()
    for secret in (SECRET, *secrets):
        assert secret not in shown
