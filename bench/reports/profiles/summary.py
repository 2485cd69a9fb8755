"""What a profile says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.format import listed, number
from slategym.bench.statistics import Estimate

Result = Mapping[str, Any]
LOW = 0.5  # a score below which the page says what it means


def scores_of(result: Result, agent: str) -> dict[str, Estimate]:
    """The score of an agent in each task that it did, from the highest on.

    Args:
        result: as profile.json has it.
        agent: its name.
    """
    found = {task: Estimate.from_json(each["score"]) for task, each in result["agents"][agent]["tasks"].items()}
    return dict(sorted(found.items(), key=lambda item: -(item[1].mean or 0.0)))


def headline(result: Result) -> str:
    """The best and the worst task of the profiled agent, without a full stop.

    Args:
        result: as profile.json has it.
    """
    agent = result["config"]["agent"]
    scores = scores_of(result, agent)
    if not scores:
        return f"{agent} has finished no task"
    best, worst = next(iter(scores)), next(reversed(scores))
    said = f"{agent} is strongest in {best} ({number(scores[best].mean, 2)})"
    return said if best == worst else f"{said} and weakest in {worst} ({number(scores[worst].mean, 2)})"


def sentences(result: Result) -> list[str]:
    """Where the agent is told apart from the references, and what its low scores mean, the lowest first.

    Args:
        result: as profile.json has it.
    """
    agent = result["config"]["agent"]
    said = []
    for reference in result["config"]["references"]:
        if reference in ("random", "oracle"):
            continue
        pairs = {task: each[reference] for task, each in result["differences"].items() if reference in each}
        apart = {task: each["difference"]["mean"] for task, each in pairs.items() if each["apart"]}
        ahead, behind = ([task for task, mean in apart.items() if (mean > 0) == better] for better in (True, False))
        parts = [f"{word} {reference} in {listed(tasks)}" for word, tasks in (("ahead of", ahead), ("behind", behind)) if tasks]
        if parts:
            said.append(f"{agent} is {' and '.join(parts)}.")
    return said + low_scores(result)


def low_scores(result: Result) -> list[str]:
    """What the low scores of the profiled agent mean, the lowest first.

    Args:
        result: as profile.json has it.
    """
    scores = scores_of(result, result["config"]["agent"])
    low = [(task, score.mean) for task, score in reversed(scores.items()) if score.mean is not None and score.mean < LOW]
    return [f"{task}, {number(mean, 2)}: {result['tasks'][task]['low']}" for task, mean in low]
