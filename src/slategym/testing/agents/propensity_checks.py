"""The check that the frequencies of an agent's choices agree with its propensities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.sim.slate import Items
from slategym.testing.agents.harness import STEPS, Findings, Stumble, Trial, act, update, where
from slategym.testing.findings import Finding
from slategym.testing.probes import Array

ALIKE, CALLS = 800, 20  # number of identical shoppers, and of decisions for them
SURE = 5.0  # standard errors, exceeded by chance once in two million comparisons


def propensities(trial: Trial) -> Findings:
    """Check that items are chosen as often as their propensities say, at each rank, for identical shoppers."""
    agent, simulation = trial.start(ALIKE, STEPS)
    observation = simulation.observe()
    decision = act(agent, observation)
    feedback, everybody = simulation.show(decision.slate), np.ones(ALIKE, np.bool_)
    # All leave, so that agents that remember the past of each row's shopper know nothing of the next one.
    update(agent, observation, decision, replace(feedback, terminated=everybody, truncated=~everybody))
    simulation.restart(everybody)
    if np.isnan(decision.propensity).any():
        what = "has unknown propensities (NaN): off-policy estimates cannot use its logs"
        yield Finding(what, where(agent, "act"), "Return the probability of each choice, if it can be computed", "hint")
        return
    simulation.shoppers = simulation.shoppers.take(np.zeros(ALIKE, np.int64))
    try:
        decisions = [act(agent, simulation.observe()) for _ in range(CALLS)]
    except Stumble:
        trial.notes["choices agree with propensities"] = "skipped, because it does not act twice without an update"
        return
    slate = np.stack([decision.slate for decision in decisions])
    propensity = np.stack([decision.propensity for decision in decisions]).astype(np.float64)
    rows = np.ones(slate.shape[:2], np.bool_)  # rows with the most frequent items above the rank
    for rank in range(slate.shape[2]):
        chosen = slate[:, :, rank]
        what = _misstated(chosen, propensity[:, :, rank], rows, rank)
        if what:
            fix = "Return the probability of the item given the items above it, summed over all ways to choose it"
            yield Finding(what, where(agent, "act"), fix)
            return
        rows &= chosen == np.bincount(chosen[rows]).argmax()


def _misstated(chosen: Items, propensity: Array, rows: Array, rank: int) -> str:
    """The item whose share of the choices (calls, n) differs most from its propensity, in words; empty if all agree."""
    worst, what, total = 1.0, "", 0.0
    asked = rows.any(axis=1)
    chosen, propensity, rows = chosen[asked], propensity[asked], rows[asked]
    cases = rows.sum(axis=1)
    if len(cases) < 5 or cases.sum() < 100:
        return ""  # too few calls or rows to distinguish errors from chance
    for item in np.unique(chosen[rows]):
        mine = rows & (chosen == item)
        said = 1 / (1 / propensity[mine]).mean()  # the harmonic mean is right even if propensities vary
        total += said
        share = mine.sum() / cases.sum()
        # The rows of a call may be correlated: use the larger of the binomial error and the error between calls.
        between = (mine.sum(axis=1) / cases).std(ddof=1) / np.sqrt(len(cases))
        error = max(np.sqrt(said * (1 - said) / cases.sum()), between)
        excess = abs(share - said) / (SURE * error + 5 / cases.sum())  # the 5 allows for items that are chosen only a few times
        if excess > worst:
            worst = excess
            what = (
                f"returns propensity {said:.4g} for item {item} at rank {rank}, but chooses it in {share:.4g} of "
                f"{cases.sum():,} cases"
            )
    return what and f"{what}; the propensities of the items chosen there sum to {total:.4g}"
