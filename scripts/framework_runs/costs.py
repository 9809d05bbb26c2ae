"""What a turn costs through each adapter, beside the framework's own store."""

import json
from collections.abc import Iterator, Mapping

from framework_runs.environments import Environment
from framework_runs.known import ROOT
from framework_runs.runs import lines_of


def cost_table(environments: list[Environment], servers: Mapping[str, str]) -> Iterator[str]:
    """The lines of a table in Markdown: milliseconds of a turn, and requests in brackets."""
    yield "| framework | store | 10 messages | 1,000 | 10,000 |"
    yield "|---|---|---|---|---|"
    for environment in environments:
        if not (environment.framework.folder / "cost.py").exists():
            continue
        program = ROOT / "frameworks" / "support" / "measured_turns.py"
        cells: dict[str, list[str]] = {}
        for line in lines_of(environment, [environment.python, program], servers):
            row = json.loads(line)
            text = f"{row['milliseconds']:.1f} ms"
            if row["requests"]:
                # A store in memory has none, and those of a cluster's nodes are not seen.
                text += f" ({row['requests']:.0f})"
            cells.setdefault(row["store"], []).append(text)
        for store, texts in cells.items():
            yield f"| {environment.framework.name} | {store} | {' | '.join(texts)} |"
