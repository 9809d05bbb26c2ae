"""Text that others wrote, made safe to show in a terminal."""

import unicodedata

_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls (C0, DEL, C1), invisible formatting (bidirectional overrides, tags), lone surrogates,
and the separators that some terminals and pagers take for line ends."""

_JOINERS = frozenset("\u200c\u200d")
"""Formatting characters that spell words in Persian and put emoji together."""


def printable(text: str) -> str:
    r"""`text` on one line, with whatever a terminal would obey or hide written as an escape:
    a newline as `\n`, an escape character as `\x1b`, a right-to-left override as `\u202e`."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def printable_lines(text: str) -> list[str]:
    r"""The lines of `text`, each printable. A tab is four spaces; `\n` and `\r\n` end a line."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [printable(line.replace("\t", "    ")) for line in lines]


def _shown(character: str) -> str:
    if unicodedata.category(character) in _ESCAPED_CATEGORIES and character not in _JOINERS:
        return character.encode("unicode_escape").decode("ascii")
    return character
