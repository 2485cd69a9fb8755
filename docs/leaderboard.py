"""Writes a leaderboard into docs/leaderboard.md, between its markers.

`python docs/leaderboard.py runs/leaderboard-quick/leaderboard.json`
"""

import json
import re
import sys
from pathlib import Path

from slategym.bench.comparison.results import ranking
from slategym.bench.format import listed
from slategym.bench.reports.leaderboard import headline

PAGE = Path(__file__).parent / "leaderboard.md"
MARKED = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
SMALL = 0.1  # a value that takes more decimals
UNITS = {"value_per_episode": "episode", "value": "slate"}


def parts(result: dict) -> dict[str, str]:
    """The text of each part that is marked in the page."""
    return {
        "setting": setting(result),
        "scores": scores(result),
        "worlds": "\n".join(values(world, each) for world, each in result["results"].items() if each["agents"]),
    }


def setting(result: dict) -> str:
    """What was run, and who leads."""
    config = result["config"]
    agents = " ".join(f"--agent {name}" for name in config["agents"])
    left = [f"`{world}`" for world in config["worlds"] if not result["results"].get(world, {}).get("agents")]
    unfinished = f"\nNot run to the end, and left out: {listed(left)}.\n" if left else ""
    return (
        f"{headline(result)}.\n\n{config['slates']:,} slates of 1,000 shoppers, {config['seeds']} seeds:\n\n"
        f"```text\nslategym leaderboard --tier {config['tier']} {agents}\n```\n{unfinished}"
    )


def scores(result: dict) -> str:
    """One row for each agent, from the best: its score over all worlds and in each."""
    worlds = result["worlds"]
    rows = [
        [f"`{name}`", interval(agent["score"], 3), *(f"{world['agents'][name]:.3f}" for world in worlds.values())]
        for name, agent in result["agents"].items()
    ]
    return markdown(["agent", "score", *(f"`{world}`" for world in worlds)], rows)


def values(world: str, result: dict) -> str:
    """The value of each agent in a world, from the best, and which of them do not differ significantly from the first."""
    metric = ranking(result["config"])
    agents = sorted(result["agents"].items(), key=lambda entry: -entry[1][metric]["mean"])
    decimals = 3 if agents[0][1][metric]["mean"] > SMALL else 5
    rows = [[f"`{name}`", interval(agent[metric], decimals)] for name, agent in agents]
    return f"### `{world}`\n\n" + markdown(["agent", f"value per {UNITS[metric]}"], rows) + "\n" + tied(result, agents[0][0])


def tied(result: dict, first: str) -> str:
    """A sentence on the agents that do not differ significantly from the first."""
    pairs = [pair for pair in result["pairs"] if first in (pair["a"], pair["b"]) and not pair["differ"]]
    others = [f"`{pair['b'] if pair['a'] == first else pair['a']}`" for pair in pairs]
    return (
        f"Not significantly different from the first: {listed(others)}.\n"
        if others
        else "The first differs significantly from all others.\n"
    )


def interval(estimate: dict, decimals: int) -> str:
    """A mean with its interval."""
    if estimate["low"] is None:
        return f"{estimate['mean']:.{decimals}f}"
    return f"{estimate['mean']:.{decimals}f} ({estimate['low']:.{decimals}f} to {estimate['high']:.{decimals}f})"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table, the first column left and the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write(page: str, made: dict[str, str]) -> str:
    """Replace the marked parts of the page.

    Raises:
        KeyError: the page asks for a part that there is not.
    """
    return MARKED.sub(lambda found: f"{found[1]}{made[found[2]]}{found[3]}", page)


if __name__ == "__main__":
    read = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8"), parts(read)), encoding="utf-8")
