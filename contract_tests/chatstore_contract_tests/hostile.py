"""Hostile inputs, by name: what an engine or a store is likely to trip over."""

import base64
from collections.abc import Mapping
from typing import Any

IDS: Mapping[str, str] = {
    "spaces": "  a  b  ",
    "separators": "a:b|c/d#e,f;g",
    "braces": "{a}{b}",
    "newlines": "a\nb\r\nc\t",
    "control characters": "\x01\x1b[31m\x7f\x85",
    "quotes": "'; DROP TABLE chat_sessions; --\"`",
    "patterns": "%_*?[a-z]\\",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "combining": "e\u0301",
    "precomposed": "\u00e9",
    "right to left": "\u202eabc\u202c",
    "highest": "\U0010ffff",
    "looks like a number": "007",
    "looks like null": "null",
    "one byte": "x",
    "1024 bytes": "é" * 512,
    "a path": "../../etc/passwd",
    "an attribute": "sessionId",
}
"""Ids that every store takes as they are, each another one's stranger."""

BAD_IDS: Mapping[str, object] = {
    "empty": "",
    "NUL": "a\0b",
    "lone surrogate": "a\ud800",
    "1025 bytes": "é" * 512 + "x",
    "number": 7,
    "bytes": b"abc",
    "None in a list": None,
}
"""What is no id."""

TEXTS: Mapping[str, str] = {
    "empty": "",
    "markup": "<script>alert(1)</script> [bold red]",
    "JSON": '{"a": [1, "}"]}',
    "escapes": '\\ " \\u0000 \\n',
    "control characters": "\x01\x08\x0b\x1b]0;title\x07\x7f\x9b",
    "line separators": "a\u2028b\u2029c\x85d\r\n",
    "astral": "😀" * 300,
    "noncharacters": "\ufffe\uffff\ufeff",
}
"""Contents that come back as they went."""

NUMBERS: Mapping[str, tuple[float, float]] = {
    "integral float": (7.0, 7),
    "negative zero": (-0.0, 0),
    "1e23": (1e23, 10**23),
    "2**53 + 1": (2**53 + 1, 2**53 + 1),
    "largest int": (10**38 - 1, 10**38 - 1),
    "smallest int": (-(10**38) + 1, -(10**38) + 1),
    "largest integral float": (1e37, 10**37),
    "a float of 39 digits": (1e38, 1e38),
    "largest float": (1e125, 1e125),
    "smallest float": (1e-130, 1e-130),
    "seventeen digits": (0.1 + 0.2, 0.30000000000000004),
    "negative": (-1234.5678, -1234.5678),
    "long fraction": (1 / 3, 0.3333333333333333),
    "1e16": (1e16, 10**16),
    "2**63": (2**63, 2**63),
    "2.0**70": (2.0**70, 1180591620717411300000),
    "tiny": (5e-7, 5e-7),
}
"""A number as it is written, and in the one form in which it is read."""

BAD_VALUES: Mapping[str, Any] = {
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "an int of 39 digits": 10**38,
    "an int of 5000 digits": 10**5000,
    "too large a float": 1.1e125,
    "too small a float": 0.9e-130,
    "NUL": "a\0b",
    "lone surrogate": "\udc00",
    "bytes": b"abc",
    "a set": {1},
    "a tuple": (1,),
    "an object": object(),
    "an empty name": {"": 1},
    "NUL in a name": {"a\0": 1},
    "a lone surrogate in a name": {"\ud800": 1},
    "a number for a name": {1: 1},
    "nested badly": [{"a": [float("nan")]}],
    "too deep": None,
}
"""Values outside the portable envelope, wherever a JSON value may stand."""


def nested(levels: int) -> list[Any]:
    """Lists within lists, `levels` of them."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


BAD_VALUES = {**BAD_VALUES, "too deep": nested(24), "far too deep": nested(500)}

CYCLE: list[Any] = []
CYCLE.append(CYCLE)
BAD_VALUES = {**BAD_VALUES, "a cycle": CYCLE}


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


BAD_CURSORS: Mapping[str, Any] = {
    "empty": "",
    "a word": "next",
    "not base64": "!!!",
    "not ASCII": "é",
    "not UTF-8": "_w",
    "not JSON": _cursor("position"),
    "an object": _cursor('{"position":1}'),
    "too short": _cursor('["position","2026"]'),
    "too long": _cursor('["position","2026","a","b"]'),
    "of a foreign kind": _cursor('["other","2026","a"]'),
    "numbers": _cursor('["position",2026,1]'),
    "written otherwise": _cursor('["position", "2026", "a"]'),
    "padded": _cursor('["position","2026","ab"]') + "=",
    "a lone surrogate": _cursor('["position","2026","\\ud800"]'),
    "nested deep": _cursor("[" * 100_000),
    "bytes": b"abc",
    "a number": 7,
}
"""What no listing returned as a cursor."""

BAD_LIMITS: tuple[Any, ...] = (0, -1, 1_001, 10**9, True, 1.0, "10", None)
"""What is no limit."""
