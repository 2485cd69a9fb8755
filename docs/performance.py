"""Writes the measurements into docs/performance.md, between its markers; run by `make performance`.

`python docs/performance.py runs/throughput/throughput.json runs/scale/scale.json`
"""

import json
import re
import sys
from pathlib import Path

from slategym.bench.performance.tables import Table, markdown, ratio_text, setting, tables

PAGE = Path(__file__).parent / "performance.md"
MARKED = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
AXES = {"shoppers": "shoppers", "items": "items", "slate_size": "items on a slate", "all": "largest shop"}


def parts(throughput: dict, scale: dict) -> dict[str, str]:
    """The text of each part that is marked in the page."""
    speeds, goals, floor = tables(throughput)
    return {
        "setting": setting(throughput) + "\n",
        "speeds": markdown(speeds),
        "goals": markdown(goals),
        "missed": missed(throughput["goals"]),
        "floor": markdown(floor),
        "scale-setting": f"{scale['world']} on {scale['machine']['processor']}, {scale['machine']['cores']} cores, one thread.\n",
        "scale": markdown(scaling(scale["points"])),
    }


def missed(goals: list[dict]) -> str:
    """The targets that were not reached, in a sentence."""
    names = [f"{goal['name']} ({ratio_text(goal['value'])}, {goal['target']})" for goal in goals if goal["passed"] is False]
    return f"Not reached in this run: {'; '.join(names)}.\n" if names else "All were reached in this run.\n"


def scaling(points: list[dict]) -> Table:
    """One row for each point of the environment."""
    rows = []
    for row in points:
        if row["who"] != "environment":
            continue
        sizes = (AXES[row["axis"]], *(f"{row[name]:,}" for name in ("shoppers", "items", "slate_size")))
        if "left_out" in row:
            rows.append((*sizes, "left out", "", ""))
            continue
        memory = "" if row["memory_bytes"] is None else f"{row['memory_bytes'] / 1e6:,.0f}"
        cost, state = f"{row['nanoseconds_per_slate']:,.0f}", f"{row['state_bytes_per_shopper']:.0f}"
        rows.append((*sizes, cost, state, memory))
    columns = ("varied size", "shoppers", "items", "slate size", "ns/slate", "state, bytes/shopper", "memory, MB")
    return Table("Scale", columns, tuple(rows), 6)


def write(page: str, made: dict[str, str]) -> str:
    """Replace the marked parts of the page.

    Raises:
        KeyError: the page asks for a part that there is not.
    """
    return MARKED.sub(lambda found: f"{found[1]}{made[found[2]]}{found[3]}", page)


if __name__ == "__main__":
    read = [json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3]]
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8"), parts(*read)), encoding="utf-8")
