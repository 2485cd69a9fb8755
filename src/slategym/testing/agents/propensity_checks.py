"""The check that an agent chooses as often as its propensities say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.sim.slate import Items
from slategym.testing.agents.harness import STEPS, Findings, Stumble, Trial, act, update, where
from slategym.testing.findings import Finding
from slategym.testing.probes import Array

ALIKE, CALLS = 800, 20  # shoppers who all look the same, and how often an agent decides for them
SURE = 5.0  # standard errors; chance passes them once in two million comparisons


def propensities(trial: Trial) -> Findings:
    """Whether items are chosen as often as their propensities say, rank by rank, by shoppers who all look the same."""
    agent, simulation = trial.start(ALIKE, STEPS)
    observation = simulation.observe()
    decision = act(agent, observation)
    feedback, everybody = simulation.show(decision.slate), np.ones(ALIKE, np.bool_)
    # All leave, so that agents that remember what the shopper of a row did know nothing of the next one.
    update(agent, observation, decision, replace(feedback, terminated=everybody, truncated=~everybody))
    simulation.restart(everybody)
    if np.isnan(decision.propensity).any():
        what = "does not know its propensities (NaN): off-policy estimates cannot use what it logs"
        yield Finding(what, where(agent, "act"), "Give each choice's probability, if there is a way to compute it", "hint")
        return
    simulation.shoppers = simulation.shoppers.take(np.zeros(ALIKE, np.int64))
    try:
        decisions = [act(agent, simulation.observe()) for _ in range(CALLS)]
    except Stumble:
        trial.notes["choices agree with propensities"] = "it does not act again without an update"
        return
    slate = np.stack([decision.slate for decision in decisions])
    propensity = np.stack([decision.propensity for decision in decisions]).astype(np.float64)
    rows = np.ones(slate.shape[:2], np.bool_)  # those with the most frequent items above the rank
    for rank in range(slate.shape[2]):
        chosen = slate[:, :, rank]
        what = _misstated(chosen, propensity[:, :, rank], rows, rank)
        if what:
            fix = "Give the probability of the item given those above it, counting every way that leads to it"
            yield Finding(what, where(agent, "act"), fix)
            return
        rows &= chosen == np.bincount(chosen[rows]).argmax()


def _misstated(chosen: Items, propensity: Array, rows: Array, rank: int) -> str:
    """What is wrong with the item whose share of the choices (calls, n) is farthest from its propensity; empty if nothing is."""
    worst, what, total = 1.0, "", 0.0
    asked = rows.any(axis=1)
    chosen, propensity, rows = chosen[asked], propensity[asked], rows[asked]
    cases = rows.sum(axis=1)
    if len(cases) < 5 or cases.sum() < 100:
        return ""  # too few calls, or rows, to tell chance from error
    for item in np.unique(chosen[rows]):
        mine = rows & (chosen == item)
        said = 1 / (1 / propensity[mine]).mean()  # the harmonic mean is right also where propensities vary
        total += said
        share = mine.sum() / cases.sum()
        # The rows of a call may hang together: the larger of the binomial error and that between calls.
        between = (mine.sum(axis=1) / cases).std(ddof=1) / np.sqrt(len(cases))
        error = max(np.sqrt(said * (1 - said) / cases.sum()), between)
        excess = abs(share - said) / (SURE * error + 5 / cases.sum())  # the 5 is for items chosen a few times in all
        if excess > worst:
            worst = excess
            what = f"says {said:.4g} of item {item} at rank {rank} and chooses it in {share:.4g} of {cases.sum():,} cases"
    return what and f"{what}; over the items chosen there its propensities sum to {total:.4g}"
