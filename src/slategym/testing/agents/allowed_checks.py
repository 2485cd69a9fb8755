"""The check that an agent shows only allowed items."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from slategym.agents.base import Agent
from slategym.testing.agents.harness import ROWS, STEPS, Findings, Trial, update, where
from slategym.testing.findings import Finding
from slategym.testing.probes import first, place
from slategym.utils.arrays import as_array

SEED = 0xA110


def allows(trial: Trial) -> Findings:
    """Check that an agent with a mask of allowed items shows only these items."""
    agent, simulation = trial.start(ROWS)
    world, random = trial.world, np.random.default_rng(SEED)
    if not takes_allowed(agent):
        trial.notes["allowed items"] = "skipped, because choose takes no mask"
        return
    for _ in range(STEPS):
        observation, mask = simulation.observe(), np.ones((ROWS, world.choices), np.bool_)
        for row in mask:
            row[random.choice(world.choices, min(world.choices - world.slate_size, world.choices // 4), replace=False)] = False
        decision = agent.act(observation, allowed=mask.copy())
        slate = as_array(decision.slate, "slate")
        wrong = ~np.take_along_axis(mask, slate, axis=1)
        if wrong.any():
            index = first(wrong)
            yield Finding(
                f"returns slate{place(index)} = {slate[index]}, which `allowed` excludes",
                where(agent, "act"),
                "Choose with self.best_of(scores, observation, allowed)",
            )
            return
        feedback = simulation.show(slate)
        update(agent, observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)


def takes_allowed(agent: Agent) -> bool:
    """Return whether an agent accepts a mask of allowed items.

    Args:
        agent: any object with `act`.
    """
    methods: list[Callable[..., Any]] = [agent.act]
    if isinstance(agent, Agent) and type(agent).act is Agent.act:
        methods.append(agent.choose)
    return all("allowed" in signature(method).parameters for method in methods)
