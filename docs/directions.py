"""Writes a table of a sweep into docs/several-gradients.md, between its markers: each agent beside the first.

`python docs/directions.py runs/directions/pareto.json`
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

from slategym.bench.statistics import Estimate

PAGE = Path(__file__).parent / "several-gradients.md"
MARKED = re.compile(r"(<!-- measured: sweep -->\n).*?(<!-- end -->)", re.DOTALL)


def table(result: dict) -> str:
    """One row for each agent: its share of the hypervolume and its regret, minus those of the first agent of the sweep."""
    first, *_ = result["config"]["agents"]
    goals = result["config"]["scalarizers"]
    head = ["agent", "hypervolume, %", f"minus `{first}`"]
    head += [column for goal in goals for column in (f"regret, `{goal}`", f"minus `{first}`")]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name in result["config"]["agents"]:
        cells = [f"`{name}`", *beside(shares(result, name), shares(result, first), 100, 1, name == first)]
        for goal in goals:
            cells += beside(regrets(result, name, goal), regrets(result, first, goal), 1, 3, name == first)
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def shares(result: dict, agent: str) -> dict[int, float]:
    """By seed, the share of the front's hypervolume."""
    found = result["agents"][agent]["seeds"]
    return dict(zip(found["seed"], found["hypervolume_share"], strict=True))


def regrets(result: dict, agent: str, goal: str) -> dict[int, float]:
    """By seed, what the best mixture has more of a utility."""
    row = next(row for row in result["adaptive"] if (row["agent"], row["scalarizer"]) == (agent, goal))["seeds"]
    return {seed: most - own for seed, most, own in zip(row["seed"], row["optimum"], row["utility"], strict=True)}


def beside(own: dict[int, float], other: dict[int, float], unit: float, decimals: int, same: bool) -> list[str]:
    """A mean with its interval over seeds, and the paired difference to another's."""
    both = [seed for seed in own if seed in other]
    difference = unit * np.array([own[seed] - other[seed] for seed in both])
    mean = written(Estimate.from_seeds(unit * np.array(list(own.values()))), decimals)
    return [mean, "" if same else written(Estimate.from_seeds(difference), decimals, sign="+")]


def written(estimate: Estimate, decimals: int, sign: str = "") -> str:
    """A mean with its interval, if there is one."""
    parts = [f"{number:{sign}.{decimals}f}".replace("-", "−") for number in estimate.known]
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({parts[1]} to {parts[2]})"


def write(page: str, result: dict) -> str:
    """Replace the marked part of a page."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(result)}\n{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8"), json.loads(Path(sys.argv[1]).read_text())), encoding="utf-8")
