"""Checks of an agent's decisions, of its handling of arrays, and of its random numbers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from slategym.agents.base import Decision
from slategym.sim.feedback import Feedback
from slategym.sim.slate import first_shown
from slategym.sim.world import World
from slategym.testing.agents.harness import ROWS, STEPS, Findings, Trial, act, step, update, where
from slategym.testing.findings import Finding
from slategym.testing.probes import Array, changed, differs, first, global_seed, place
from slategym.testing.process import changes, findings_of_changes, settings

GLOBAL_RANDOM = "Draw from self.random, or from a generator created with the agent's seed"


# ---- slates and propensities


def decides(trial: Trial) -> Findings:
    """Check slates and propensities, for one shopper and for many."""
    for rows in (1, ROWS):
        agent, simulation = trial.start(rows)
        for method in ("act", "update"):
            if not callable(getattr(agent, method, None)):
                yield Finding(
                    f"has no {method}",
                    type(agent).__name__,
                    "Define act(observation) and update(observation, decision, feedback)",
                )
                return
        for _ in range(STEPS):
            observation = simulation.observe()
            decision = act(agent, observation)
            wrong = list(_of_decision(decision, where(agent, "act"), rows, trial.world))
            yield from wrong
            if wrong:
                return
            feedback = simulation.show(decision.slate)
            update(agent, observation, decision, feedback)
            simulation.restart(feedback.terminated | feedback.truncated)


def _of_decision(decision: Any, at: str, rows: int, world: World) -> Findings:
    for name, dtype in (("slate", np.int64), ("propensity", np.float32)):
        array = getattr(decision, name, None)
        shape = (rows, world.slate_size)
        if not isinstance(array, np.ndarray):
            what = f"returns a {type(decision).__name__}: expected a Decision with slate and propensity, both NumPy arrays"
            yield Finding(what, at, "Return Decision(slate, propensity); unknown propensities are NaN")
            return
        if array.shape != shape:
            what = f"returns a {name} of shape {array.shape}: expected {shape}, {rows} shoppers by {world.slate_size} ranks"
            yield Finding(what, at, f"Return a {name} (n, k), with a row for each observation")
            return
        if array.dtype != dtype:
            fix = f"Return {name}.astype(np.{np.dtype(dtype)})"
            yield Finding(f"returns a {name} of dtype {array.dtype}: expected {np.dtype(dtype)}", at, fix)
            return
    slate, propensity, last = decision.slate, decision.propensity, world.choices - 1
    one, among = "an item", "in the catalogue"
    if world.candidates is not None:
        one, among = "a position", "among the candidates in the observation"
    for mask, name, expected, fix in (
        ((slate < 0) | (slate > last), "slate", f"{one} 0..{last}", f"Return positions {among}"),
        (~first_shown(slate), "slate", "different items", "Take items without replacement, as slategym.sim.selection.top_k does"),
        (
            ~(np.isnan(propensity) | ((propensity > 0) & (propensity <= 1))),
            "propensity",
            "a probability in (0, 1], or NaN",
            "Return the probability of the item given the items above it; NaN if it is unknown",
        ),
    ):
        if mask.any():
            index = first(mask)
            value = getattr(decision, name)[index]
            yield Finding(f"returns {name}{place(index)} = {value:.6g}: expected {expected}", at, fix)
            return


# ---- arrays


def inputs(trial: Trial) -> Findings:
    """Check that the agent does not change its arguments."""
    agent, simulation = trial.start()
    for _ in range(STEPS):
        observation = simulation.observe()
        seen = observation.copy()
        decision = act(agent, observation)
        touched, method = changed({"observation": seen}, {"observation": observation}), "act"
        feedback = simulation.show(decision.slate)
        if not touched:
            before = {name: array.copy() for name, array in _arrays(observation, decision, feedback).items()}
            update(agent, observation, decision, feedback)
            touched, method = changed(before, _arrays(observation, decision, feedback)), "update"
        if touched:
            yield Finding(f"writes to {touched}", where(agent, method), "Work on a copy: x = x + y instead of x += y")
            return
        simulation.restart(feedback.terminated | feedback.truncated)


def _arrays(observation: Array, decision: Decision, feedback: Feedback) -> dict[str, Array]:
    found = {"observation": observation, "decision.slate": decision.slate, "decision.propensity": decision.propensity}
    for group, holder in (("feedback", feedback), ("feedback.delayed", feedback.delayed)):
        arrays = {f"{group}.{field.name}": getattr(holder, field.name) for field in fields(holder)}
        found.update({name: array for name, array in arrays.items() if isinstance(array, np.ndarray)})
    return found


def shares(trial: Trial) -> Findings:
    """Check that arrays are not shared: decisions stay unchanged, and the caller may reuse its arrays."""
    given = [(decision, decision.slate.copy(), where(agent, "act")) for agent, _, decision, _ in trial.run()]
    for number, (decision, slate, at) in enumerate(given):
        if differs(decision.slate, slate) is not None:
            yield Finding(f"later writes to the slate of step {number}", at, "Return new arrays from each act")
            return
    agent, simulation = trial.start()
    for number, (_, slate, _) in enumerate(given):
        observation, decision, feedback = step(agent, simulation)
        if differs(decision.slate, slate) is not None:
            what = f"keeps the caller's arrays: slate {number} changes if arrays are reused after update"
            yield Finding(what, type(agent).__name__, "Copy what you store of observation, decision and feedback")
            return
        for array in _arrays(observation, decision, feedback).values():
            if array.flags.writeable:
                array.fill(1)


# ---- randomness


def global_state(trial: Trial) -> Findings:
    """Check that the state of the process is unchanged, starting with the global generators."""
    before = settings()
    with global_seed(1) as moved:
        agent, simulation = trial.start()
        method = "__init__"
        name = moved()
        for _ in range(STEPS):
            if name:
                break
            observation = simulation.observe()
            decision, method = act(agent, observation), "act"
            name = moved()
            feedback = simulation.show(decision.slate)
            if not name:
                update(agent, observation, decision, feedback)
                method = "update"
                name = moved()
            simulation.restart(feedback.terminated | feedback.truncated)
    if name:
        yield Finding(f"draws from the global generator of {name}", where(agent, method), GLOBAL_RANDOM)
    yield from findings_of_changes(changes(before, settings()), type(agent).__name__)


def same_seed(trial: Trial) -> Findings:
    """Check that the same seed gives the same decisions, with any seed of the global generators."""
    decisions = []
    for seed in (1, 1, 2):
        with global_seed(seed):
            decisions.append([(where(agent, "act"), decision) for agent, _, decision, _ in trial.run()])
    for other, when in ((decisions[1], "again"), (decisions[2], "with another seed of the global generators")):
        for number, ((at, one), (_, two)) in enumerate(zip(decisions[0], other, strict=True)):
            for name in ("slate", "propensity"):
                mask = differs(getattr(one, name), getattr(two, name))
                if mask is not None:
                    index = first(mask)
                    values = " and ".join(f"{getattr(each, name)[index]:.6g}" for each in (one, two))
                    what = f"returns {name}{place(index)} = {values} at step {number} with the same agent seed, when run {when}"
                    yield Finding(what, at, GLOBAL_RANDOM)
                    return
