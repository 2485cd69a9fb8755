"""One model: its training on a log, what it costs, and what it earns as an agent that goes on learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from slategym.agents.base import Agent, Observation, Problem
from slategym.agents.choosing.parts import forget_shoppers
from slategym.agents.from_log.following import learned
from slategym.agents.predictors.agent import Predictor
from slategym.agents.predictors.fit import fit
from slategym.agents.registry import make_for
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.comparison.metrics import summary
from slategym.bench.execution.runner import run
from slategym.bench.prediction.parts import Parts, slates_of
from slategym.bench.rollouts import derived
from slategym.bench.tracking.tracker import Tracker
from slategym.sim.world import World

DECISIONS = 5  # timed, of which the fastest counts
EARNED = ("value", "value_per_episode", "share_of_oracle")


def make_model(name: str, problem: Problem, seed: int) -> Agent:
    """A new model.

    Args:
        name: of an agent, with options or without.
        problem: of the world.
        seed: of the agent.

    Raises:
        ValueError: there is no such agent or option, or it has no estimates.
        ImportError: it needs a library that is not installed.
    """
    agent = make_for(name, problem, seed)
    probe = np.zeros((1, problem.layout.size), np.float32)
    if problem.candidates is not None:
        probe[:, problem.layout["candidates"]] = np.arange(problem.candidates)
    try:
        agent.estimates(probe)
    except (NotImplementedError, AttributeError) as error:
        said = f": {error}" if isinstance(error, NotImplementedError) else ""
        raise ValueError(f"{name} does not estimate clicks and conversions, which models are judged by{said}") from None
    return agent


def train(
    agent: Agent,
    parts: Parts,
    epochs: int,
    patience: int,
    progress: Callable[[int], None] | None = None,
    report: Callable[[float, float], None] | None = None,
) -> dict[str, Any] | None:
    """Teach a model the training part: a predictor in epochs, any other agent in one pass in the order of time.

    Args:
        agent: a new one.
        parts: of the log.
        epochs: see `fit`.
        patience: see `fit`.
        progress: called with the slates learned so far.
        report: see `fit`.

    Returns:
        A predictor's `FitHistory` as a dictionary; None of others.
    """
    count = slates_of(parts.train)
    if isinstance(agent, Predictor):
        found = fit(
            agent,
            parts.train,
            parts.validation,
            epochs=epochs,
            patience=patience,
            progress=(lambda done: progress(done * count)) if progress else None,
            report=report,
        )
        return asdict(found)
    done = 0
    for step in learned(agent, parts.train):
        agent.update(*step)
        done += len(step[0])
        if progress:
            progress(done)
    return None


def cost(agent: Agent, path: Path, observation: Observation) -> dict[str, float]:
    """Save a model, for other shoppers than those of the log, and tell what it takes.

    Args:
        agent: a trained one; it forgets the shoppers of the log, whose rows are those of others from now on.
        path: of the file that is written.
        observation: (n, o), of the shoppers that are decided for together.

    Returns:
        `bytes` of the file, and `microseconds` of a decision for a shopper.

    Raises:
        WriteError: the disk refuses.
    """
    forget_shoppers(agent)
    agent.save(path)
    other, seconds = Agent.load(path, agent.problem, trust=True), []
    for _ in range(DECISIONS):
        start = perf_counter()
        other.act(observation)
        seconds.append(perf_counter() - start)
    return {"bytes": path.stat().st_size, "microseconds": 1e6 * min(seconds) / len(observation)}


def earn(
    world: World,
    path: Path,
    slates: int,
    seeds: int,
    seed: int,
    shoppers: int,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    track: Callable[[str], Tracker] | None = None,
) -> list[dict[str, float]] | None:
    """What a saved model earns when it goes on as an agent, for each seed.

    Args:
        world: where it acts.
        path: of the file.
        slates: of each run.
        seeds: how many runs.
        seed: from which theirs are derived, the same for all models.
        shoppers: simulated together.
        progress: called with the slates shown so far in all runs.
        stop: asked before each step.
        track: makes the tracker of each run from its title.

    Returns:
        `EARNED` of each run, without those that are not defined; None if it was stopped.
    """
    found = []
    for number in range(seeds):

        def make(problem: Problem, own: int, scalarizer: Scalarizer) -> Agent:
            return Agent.load(path, problem, trust=True)

        def advance(done: int, before: int = number * slates) -> None:
            if progress:
                progress(before + done)

        own = derived(seed, f"earnings {number}")
        tracker = track(f"{path.stem} run {number}") if track else None
        trace = run(world, make, slates, own, shoppers=shoppers, progress=advance, stop=stop, track=tracker)
        if not trace.finished:
            return None
        metrics = summary(trace, world.weights, world.plurals)
        found.append({name: float(metrics[name]) for name in EARNED if np.isfinite(metrics.get(name, np.nan))})
    return found


def parameters(agent: Agent) -> int | None:
    """How many numbers a predictor's networks have; None of other agents."""
    if not isinstance(agent, Predictor):
        return None
    return sum(each.numel() for each in agent.networks.parameters())


def file_name(name: str, names: Sequence[str]) -> str:
    """The name of a model's file, with letters that every disk takes; no two of some models share one."""
    plain = {each: "".join(letter if letter.isalnum() or letter in "-_.=" else "-" for letter in each) for each in names}
    same = [each for each in names if plain[each].lower() == plain[name].lower()]
    return plain[name] if len(same) == 1 else f"{plain[name]}-{same.index(name) + 1}"
