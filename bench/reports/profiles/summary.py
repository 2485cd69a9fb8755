"""Sentences on the findings of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.format import listed, number
from slategym.bench.statistics import Estimate

Result = Mapping[str, Any]
LOW = 0.5  # the page explains scores below this one


def scores_of(result: Result, agent: str) -> dict[str, Estimate]:
    """The scores of an agent in the tasks that it finished, from the highest to the lowest.

    Args:
        result: content of profile.json.
        agent: name of the agent.
    """
    found = {task: Estimate.from_json(each["score"]) for task, each in result["agents"][agent]["tasks"].items()}
    return dict(sorted(found.items(), key=lambda item: -(item[1].mean or 0.0)))


def headline(result: Result) -> str:
    """The best and the worst task of the profiled agent, in a sentence without a full stop.

    Args:
        result: content of profile.json.
    """
    agent = result["config"]["agent"]
    scores = scores_of(result, agent)
    if not scores:
        return f"{agent} finished no task"
    best, worst = next(iter(scores)), next(reversed(scores))
    said = f"{agent} is strongest in {best} ({number(scores[best].mean, 2)})"
    return said if best == worst else f"{said} and weakest in {worst} ({number(scores[worst].mean, 2)})"


def sentences(result: Result) -> list[str]:
    """The significant differences between the agent and the references, and what its low scores mean, the lowest first.

    Args:
        result: content of profile.json.
    """
    agent = result["config"]["agent"]
    said = []
    for reference in result["config"]["references"]:
        if reference in ("random", "oracle"):
            continue
        pairs = {task: each[reference] for task, each in result["differences"].items() if reference in each}
        apart = {task: each["difference"]["mean"] for task, each in pairs.items() if each["apart"]}
        ahead, behind = ([task for task, mean in apart.items() if (mean > 0) == better] for better in (True, False))
        parts = [f"{word} in {listed(tasks)}" for word, tasks in (("better", ahead), ("worse", behind)) if tasks]
        if parts:
            said.append(f"Compared with {reference}, {agent} is significantly {' and '.join(parts)}.")
    return said + low_scores(result)


def low_scores(result: Result) -> list[str]:
    """Explanations of the low scores of the profiled agent, the lowest first.

    Args:
        result: content of profile.json.
    """
    scores = scores_of(result, result["config"]["agent"])
    low = [(task, score.mean) for task, score in reversed(scores.items()) if score.mean is not None and score.mean < LOW]
    return [f"{task}, {number(mean, 2)}: {result['tasks'][task]['low']}" for task, mean in low]
