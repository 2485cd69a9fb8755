"""Replay of agents on a log: by rejection, and off-policy while they learn from the whole log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from slategym.agents.base import Agent
from slategym.agents.from_log.learning import check_learns
from slategym.agents.registry import AgentMaker, make_for
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.bench.off_policy.registry import make_estimator
from slategym.bench.off_policy.values import policy_values
from slategym.bench.replay.logged import LoggedSteps
from slategym.bench.replay.progressive import progressive_rounds
from slategym.bench.replay.rejection import joint_propensity, rejection_replay
from slategym.bench.statistics import Estimate
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed

FEW = 1000  # with fewer accepted slates, a warning says that the value is uncertain
UNIFORM = 1e-4  # propensities with a smaller relative spread count as equal
PARTS = 20  # number of parts of the log whose means make the learning curve
FOR_ACTIONS, FOR_SLATES = ("snipw", "ipw"), ("rips", "sips")


@checked
def replay_agents(
    logged: LoggedSteps,
    agents: Sequence[str | AgentMaker],
    *,
    weights: Sequence[float] | None = None,
    floor: float | None = None,
    draws: Count = 200,
    seed: Seed = 0,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Replay agents on a log; each agent is new and has the same seed.

    Args:
        logged: the log.
        agents: names of the agents, or functions that make them.
        weights: (M,) weights of the objectives; by default the problem's.
        floor: see `rejection_replay`.
        draws: number of draws for agents whose propensities are estimated.
        seed: random seed of the agents and of the rejections.
        progress: called with the number of slates so far, for all agents; each slate counts twice per agent.

    Returns:
        JSON values: "log" describes the log; "agents" has, by name, the value by rejection under "accepted", the value while the
        agent learned from all slates under "off_policy", and "warnings" in both.

    Raises:
        ValueError: there is no such agent or estimator.
    """
    given = tuple(logged.problem.weights if weights is None else weights)
    if len(given) != len(logged.problem.objective_names):
        raise ValueError(f"weights is {given}: expected one number for each of {', '.join(logged.problem.objective_names)}")
    about = _about(logged)
    for agent in agents:
        check_learns(make_for_log(agent, logged, seed, FixedSum(given)))
    found: dict[str, Any] = {}
    for number, agent in enumerate(agents):
        before = 2 * number * logged.slates

        def tell(done: int, before: int = before) -> None:
            if progress:
                progress(before + done)

        name = agent if isinstance(agent, str) else getattr(agent, "__name__", "agent")
        made = [make_for_log(agent, logged, seed, FixedSum(given)) for _ in range(2)]
        found[name] = {
            "accepted": _accepted(made[0], logged, about, given, floor, seed, tell),
            "off_policy": _off_policy(made[1], logged, about, FixedSum(given), draws, partial(_after, logged.slates, tell)),
        }
    return {"status": "finished", "log": about, "objectives": list(logged.problem.objective_names), "agents": found}


def make_for_log(agent: str | AgentMaker, logged: LoggedSteps, seed: int, scalarizer: Scalarizer) -> Agent:
    """A new agent for the problem of a log.

    Args:
        agent: its name, or a function that makes it.
        logged: the log.
        seed: random seed of the agent.
        scalarizer: its goal.

    Raises:
        ValueError: there is no such agent, or it is not a subclass of `Agent`.
    """
    made = (
        make_for(agent, logged.problem, seed, scalarizer) if isinstance(agent, str) else agent(logged.problem, seed, scalarizer)
    )
    if not isinstance(made, Agent):
        raise ValueError(f"{agent} made a {type(made).__name__}: expected a subclass of slategym.agents.Agent")
    return made


def _after(before: int, tell: Callable[[int], None], done: int) -> None:
    tell(before + done)


def _about(logged: LoggedSteps) -> dict[str, Any]:
    """A summary of a log: slates, ranks, items, rewards and propensities."""
    joint = np.concatenate([joint_propensity(step) for step in logged.steps])
    earned = np.concatenate([feedback.objectives for *_, feedback in logged.steps]).astype(np.float64)
    known = joint[np.isfinite(joint) & (joint > 0)]
    spread = float(known.max() / known.min() - 1) if len(known) else None
    return {
        "slates": logged.slates,
        "ranks": logged.problem.slate_size,
        "items": logged.problem.items,
        "earned": [Estimate.from_samples(column).to_json() for column in earned.T],
        "propensities": len(known) / len(joint),
        "uniform": spread is not None and spread < UNIFORM,
        "least": float(known.min()) if len(known) else None,
        "notes": list(logged.notes),
    }


def _accepted(
    agent: Agent,
    logged: LoggedSteps,
    about: dict[str, Any],
    weights: tuple[float, ...],
    floor: float | None,
    seed: int,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    found = rejection_replay(agent, logged.steps, floor=floor, seed=seed, progress=progress)
    count, said = len(found.objectives), []
    if about["propensities"] == 0:
        said.append("The log has no propensities: the value is correct only if all slates were equally probable.")
    elif about["propensities"] < 1:
        said.append(f"{1 - about['propensities']:.1%} of the slates have no propensity: they are treated as the least probable.")
    if found.below:
        said.append(f"{found.below:,} slates have a propensity below the floor of {found.floor:.3g}: the value is biased.")
    if count < FEW:
        ranks = " With --ranks 1, only the first item of a slate has to match." if about["ranks"] > 1 else ""
        rejected = " A higher --floor accepts more of them, but introduces bias." if found.matched > 2 * count else ""
        said.append(f"Only {count:,} of {found.offered:,} slates are accepted: the value is uncertain.{ranks}{rejected}")
    parts = [part for part in np.array_split(found.objectives @ np.array(weights), min(PARTS, max(count // 20, 1))) if len(part)]
    return {
        "slates": count,
        "matched": found.matched,
        "floor": found.floor,
        "objectives": [Estimate.from_samples(column).to_json() for column in found.objectives.T],
        "utility": Estimate.from_samples(found.objectives @ np.array(weights)).to_json(),
        "curve": [float(part.mean()) for part in parts],
        "warnings": said,
    }


def _off_policy(
    agent: Agent,
    logged: LoggedSteps,
    about: dict[str, Any],
    scalarizer: Scalarizer,
    draws: int,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    if about["propensities"] == 0:
        return {"values": {}, "propensities": agent.propensities_are, "warnings": ["The log has no propensities to weight by."]}
    try:
        rounds = progressive_rounds(agent, logged.steps, draws=draws, progress=progress)
    except NotImplementedError as error:
        return {"values": {}, "propensities": agent.propensities_are, "warnings": [f"{error}."]}
    names = FOR_ACTIONS if rounds.kind == "actions" else FOR_SLATES
    values = policy_values(rounds, [make_estimator(name) for name in names], scalarizer=scalarizer)
    said = dict.fromkeys(warning for value in values.values() for warning in value.warnings)
    return {
        "values": {name: value.to_json() for name, value in values.items()},
        "propensities": agent.propensities_are,
        "warnings": list(said),
    }
