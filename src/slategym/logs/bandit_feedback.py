"""Conversion of logs of impressions from and to the dictionaries of the Open Bandit Pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from slategym.logs.impressions import ImpressionLog

NEEDED = ("action", "reward")
MARKS = ("n_rounds", "n_actions", "pscore", "action_context")


def is_bandit_feedback(source: Mapping[Any, Any]) -> bool:
    """Return whether a dictionary is bandit feedback of the Open Bandit Pipeline.

    Args:
        source: a dictionary.
    """
    return all(name in source for name in NEEDED) and any(name in source for name in MARKS)


def from_bandit_feedback(feedback: Mapping[str, Any]) -> ImpressionLog:
    """Convert bandit feedback to a log: each round is a slate of one item, at the round's position.

    Args:
        feedback: with "action" and "reward" (n,), and optionally "n_actions", "position" (n,), "pscore" (n,), "context" (n, c)
            and "action_context" (m, d). Rewards of only 0 and 1 are clicks, other rewards are revenue.

    Raises:
        ValueError: shapes do not match, an action is out of range, or a propensity is not above 0 and at most 1.
    """
    action, reward = np.asarray(feedback["action"]), np.asarray(feedback["reward"], np.float64)
    count = len(action) if action.ndim == 1 else 0
    if count == 0 or reward.shape != (count,):
        raise ValueError(f"action has shape {action.shape} and reward {reward.shape}: expected (n,) for both, with n rounds")
    items = int(feedback.get("n_actions") or action.max() + 1)
    if action.dtype.kind not in "iu" or action.min() < 0 or action.max() >= items:
        raise ValueError(f"action has values from {action.min()} to {action.max()}: expected whole numbers from 0 to {items - 1}")
    columns: dict[str, Any] = {}
    for name in ("position", "pscore", "context", "action_context"):
        if feedback.get(name) is None:
            columns[name] = None
            continue
        column, length = np.asarray(feedback[name]), items if name == "action_context" else count
        if len(column) != length or column.ndim != (2 if name.endswith("context") else 1):
            shape = f"({length}, any)" if name.endswith("context") else f"({length},)"
            raise ValueError(f"{name} has shape {column.shape}: expected {shape}")
        columns[name] = column
    pscore, position = columns["pscore"], columns["position"]
    if pscore is not None and not ((pscore > 0) & (pscore <= 1)).all():
        wrong = int(np.argmin((pscore > 0) & (pscore <= 1)))
        raise ValueError(f"pscore[{wrong}] is {pscore[wrong]}: expected a probability above 0 and at most 1")
    binary = bool(np.isin(reward, (0, 1)).all())
    return ImpressionLog(
        slate=np.arange(count),
        rank=np.zeros(count, np.int64) if position is None else position.astype(np.int64),
        item=action.astype(np.int64),
        ids={"item": np.arange(items)},
        events={"click": reward > 0} if binary else {},
        propensity=None if pscore is None else pscore.astype(np.float64),
        revenue=None if binary else reward,
        context=_by_column("context", columns["context"]),
        features=_by_column("feature", columns["action_context"]),
        source="the bandit feedback",
    )


def to_bandit_feedback(log: ImpressionLog, reward: str = "click") -> dict[str, Any]:
    """Convert a log to bandit feedback of the Open Bandit Pipeline: each impression is a round.

    Args:
        log: its context and features become "context" (n, c) and "action_context" (m, d); texts become their numbers.
        reward: "revenue", or the event to use as the reward.

    Raises:
        ValueError: the log has no such event, or no revenue.
    """
    if reward == "revenue" and log.revenue is None:
        raise ValueError(f"{log.source} has no revenue: expected the name of an event, such as {', '.join(log.events)}")
    context = [np.asarray(column, np.float64) for column in log.context.values()]
    features = [np.asarray(column, np.float64) for column in log.features.values()]
    return {
        "n_rounds": len(log),
        "n_actions": log.items,
        "context": np.stack(context, axis=1) if context else np.zeros((len(log), 0)),
        "action_context": np.stack(features, axis=1) if features else np.zeros((log.items, 0)),
        "action": log.item.copy(),
        "position": log.rank.copy() if log.ranks > 1 else None,
        "reward": np.asarray(log.revenue if reward == "revenue" else log.event(reward), np.float64),
        "pscore": None if log.propensity is None else log.propensity.copy(),
    }


def _by_column(name: str, values: Any) -> dict[str, Any]:
    if values is None:
        return {}
    return {f"{name}_{number}": column for number, column in enumerate(np.asarray(values, np.float64).T)}
