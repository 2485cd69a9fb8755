"""Checks of an agent beyond deciding and learning: SB3's predict, NaN, save and load, speed."""

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

SLOW = 500.0  # times the random agent
CROWD = 1000  # shoppers whose visit is timed


def predicts(trial: Trial) -> Findings:
    """Whether Stable-Baselines3's `predict` gives slates, where there is one."""
    agent, simulation = trial.start()
    predict = getattr(agent, "predict", None)
    if predict is None:
        trial.notes["predict"] = "it has none"
        return
    batch = simulation.observe()
    for observation, shape in ((batch[0], (trial.world.slate_size,)), (batch, (ROWS, trial.world.slate_size))):
        if isinstance(agent, Oracle) and observation.ndim == 1:
            continue  # it decides for all the shoppers that it looks at
        try:
            slate, _ = predict(observation, deterministic=True)
        except ANYTHING as error:
            fix = "Override choose instead of act: predict is made of it"
            yield Finding(f"{raised(error)}: evaluate_policy cannot take the agent", where(agent, "predict"), fix, "hint")
            return
        if np.shape(slate) != shape:
            what = f"gives a slate of shape {np.shape(slate)} for an observation of shape {observation.shape}: expected {shape}"
            yield Finding(what, where(agent, "predict"), "Return slates with the leading axis that the observation has")
            return


def refuses_nan(trial: Trial) -> Findings:
    """Whether an observation with a NaN is refused."""
    agent, simulation = trial.start()
    observation = simulation.observe()
    observation[1, 0] = np.nan
    try:
        agent.act(observation)
    except ANYTHING:  # refused, in whatever words
        return
    what = "takes an observation with a NaN in silence"
    yield Finding(what, where(agent, "act"), "Override choose instead of act, which refuses it", "hint")


def saves(trial: Trial) -> Findings:
    """Whether an agent that was saved and loaded goes on as it would have done, where it can be saved."""
    agent, simulation = trial.start()
    if not (hasattr(agent, "save") and hasattr(agent, "load")):
        trial.notes["save and load"] = "it has none"
        return
    shown = [step(agent, simulation)[1].slate.copy() for _ in range(STEPS // 2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent"
        try:
            agent.save(path)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            fix = "Keep what pickle takes, in classes and functions at the top of a file, or override save and load"
            yield Finding(f"cannot be saved: it {raised(error)}", where(agent, "save"), fix, "hint")
            return
        try:
            if getattr(type(agent), "load", None) is Agent.load:
                loaded = Agent.load(path, Problem.of(trial.world), trust=True)  # it has just been written here
            else:
                loaded = type(agent).load(path)
        except ANYTHING as error:
            yield Finding(raised(error), where(agent, "load"), "Make load read what save has written")
            return
    again = Simulation(trial.world, simulation.seed, ROWS)
    for slate in shown:
        feedback = again.show(slate)
        again.restart(feedback.terminated | feedback.truncated)
    if isinstance(loaded, Oracle):
        loaded.simulation = again
    for number in range(STEPS // 2, STEPS):
        if differs(step(agent, simulation)[1].slate, step(loaded, again)[1].slate) is not None:
            what = f"gives another agent than save had: it decides otherwise {number - STEPS // 2} steps after loading"
            yield Finding(what, where(agent, "load"), "Save all that act and update read, random generators included")
            return


def loops(trial: Trial) -> Findings:
    """Whether a line of Python runs once a shopper."""
    started: dict[int, tuple[Any, Simulation]] = {}

    def once(shoppers: int) -> None:
        if shoppers not in started:
            started[shoppers] = trial.start(shoppers, STEPS)
        step(*started[shoppers])

    line = line_per_shopper(once)
    if line:
        trial.looped = True
        what = f"runs {line} once for each shopper: a Python loop over shoppers"
        fix = "Replace the loop by operations on whole arrays, which lead with the shoppers"
        yield Finding(what, type(started[min(started)][0]).__name__, fix, "hint")


def speed(trial: Trial) -> Findings:
    """How long deciding and learning take, against the random agent in the same minute."""
    agent, simulation = trial.start(CROWD, STEPS)
    times = _seconds(agent, simulation) / _seconds(*Trial("random", trial.world).start(CROWD, STEPS))
    trial.notes["speed"] = f"{times:.1f} times the time of the random agent"
    if times > SLOW and not trial.looped:
        what = f"takes {times:.0f} times as long as the random agent for {CROWD} shoppers"
        fix = "Do matrix products over all shoppers and items at once, and learn from sums"
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
