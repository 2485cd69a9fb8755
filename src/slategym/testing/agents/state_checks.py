"""Checks of an agent beyond deciding and learning: SB3's predict, NaN, saving and loading, speed."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from slategym.agents.base import Agent, Problem
from slategym.agents.oracle import Oracle
from slategym.sim.simulation import Simulation
from slategym.testing.agents.harness import ROWS, STEPS, Findings, Trial, act, step, update, where
from slategym.testing.findings import Finding
from slategym.testing.probes import ANYTHING, differs, line_per_shopper, raised

SLOW = 500.0  # multiple of the random agent's time
CROWD = 1000  # number of shoppers in the timed visit


def predicts(trial: Trial) -> Findings:
    """Check that Stable-Baselines3's `predict` returns slates, if the agent has this method."""
    agent, simulation = trial.start()
    predict = getattr(agent, "predict", None)
    if predict is None:
        trial.notes["predict"] = "there is none"
        return
    batch = simulation.observe()
    for observation, shape in ((batch[0], (trial.world.slate_size,)), (batch, (ROWS, trial.world.slate_size))):
        if isinstance(agent, Oracle) and observation.ndim == 1:
            continue  # it decides for all shoppers of its simulation
        try:
            slate, _ = predict(observation, deterministic=True)
        except ANYTHING as error:
            fix = "Override choose instead of act: predict calls it"
            yield Finding(f"{raised(error)}: evaluate_policy cannot use the agent", where(agent, "predict"), fix, "hint")
            return
        if np.shape(slate) != shape:
            what = f"returns a slate of shape {np.shape(slate)} for an observation of shape {observation.shape}: expected {shape}"
            yield Finding(what, where(agent, "predict"), "Return slates with the same leading axis as the observation")
            return


def refuses_nan(trial: Trial) -> Findings:
    """Check that an observation with a NaN is refused."""
    agent, simulation = trial.start()
    observation = simulation.observe()
    observation[1, 0] = np.nan
    try:
        agent.act(observation)
    except ANYTHING:  # refused, with any message
        return
    what = "accepts an observation with a NaN without an error"
    yield Finding(what, where(agent, "act"), "Override choose instead of act, which checks observations", "hint")


def saves(trial: Trial) -> Findings:
    """Check that a saved and loaded agent continues as it would have without saving, if it can be saved."""
    agent, simulation = trial.start()
    if not (hasattr(agent, "save") and hasattr(agent, "load")):
        trial.notes["save and load"] = "there is none"
        return
    shown = [step(agent, simulation)[1].slate.copy() for _ in range(STEPS // 2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent"
        try:
            agent.save(path)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            fix = "Store only what pickle supports, with classes and functions at module level, or override save and load"
            yield Finding(f"cannot be saved: it {raised(error)}", where(agent, "save"), fix, "hint")
            return
        try:
            if getattr(type(agent), "load", None) is Agent.load:
                loaded = Agent.load(path, Problem.of(trial.world), trust=True)  # it was just written here
            else:
                loaded = type(agent).load(path)
        except ANYTHING as error:
            yield Finding(raised(error), where(agent, "load"), "Let load read what save has written")
            return
    again = Simulation(trial.world, simulation.seed, ROWS)
    for slate in shown:
        feedback = again.show(slate)
        again.restart(feedback.terminated | feedback.truncated)
    if isinstance(loaded, Oracle):
        loaded.simulation = again
    for number in range(STEPS // 2, STEPS):
        if differs(step(agent, simulation)[1].slate, step(loaded, again)[1].slate) is not None:
            what = f"returns an agent that decides differently from the saved one, {number - STEPS // 2} steps after loading"
            yield Finding(what, where(agent, "load"), "Save everything that act and update use, including random generators")
            return


def loops(trial: Trial) -> Findings:
    """Check that no line of Python runs once per shopper."""
    started: dict[int, tuple[Any, Simulation]] = {}

    def once(shoppers: int) -> None:
        if shoppers not in started:
            started[shoppers] = trial.start(shoppers, STEPS)
        step(*started[shoppers])

    line = line_per_shopper(once)
    if line:
        trial.looped = True
        what = f"runs {line} once per shopper: a Python loop over shoppers"
        fix = "Replace the loop by operations on whole arrays, whose first axis is the shoppers"
        yield Finding(what, type(started[min(started)][0]).__name__, fix, "hint")


def speed(trial: Trial) -> Findings:
    """Compare the time of deciding and learning with that of the random agent, measured directly after it."""
    agent, simulation = trial.start(CROWD, STEPS)
    times = _seconds(agent, simulation) / _seconds(*Trial("random", trial.world).start(CROWD, STEPS))
    trial.notes["speed"] = f"{times:.1f} times the time of the random agent"
    if times > SLOW and not trial.looped:
        what = f"takes {times:.0f} times as long as the random agent for {CROWD} shoppers"
        fix = "Use matrix products over all shoppers and items, and learn from sums"
        yield Finding(what, type(agent).__name__, fix, "hint")


def _seconds(agent: Any, simulation: Simulation) -> float:
    """The shortest time of deciding and learning."""
    times = []
    for _ in range(3):
        observation = simulation.observe()
        start = perf_counter()
        decision = act(agent, observation)
        decided = perf_counter()
        feedback = simulation.show(decision.slate)
        shown = perf_counter()
        update(agent, observation, decision, feedback)
        times.append(perf_counter() - shown + decided - start)
        simulation.restart(feedback.terminated | feedback.truncated)
    return min(times)
