"""Rewards predicted by an agent, cross-fitted: no slate is predicted by an agent that has learned from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.from_log.impressions import Step
from slategym.agents.from_log.learning import learn_steps
from slategym.agents.registry import make_for
from slategym.bench.replay.logged import some_rows
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
FOLDS = 2
STREAM = 0xF01D


@dataclass(frozen=True, repr=False)
class RewardModel(Brief):
    """Rewards of items, predicted for each fold by an agent that has learned the other folds.

    The agents estimate the probability of a click at the first rank, and of a conversion given a click. The model scales both for
    each rank, so that their sums over the slates that an agent has learned equal those of the log. Objectives that are not
    functions of clicks and conversions are predicted by the mean of their rank.

    Attributes:
        agents: the agent of each fold.
        clicks: (F, k) factor of the clicks at each rank.
        conversions: (F, k) factor of the conversions at each rank.
        means: (F, k, M) mean rewards at each rank.
        folds: for each step, (n,) the fold whose agent predicts each slate.
    """

    agents: tuple[Agent, ...]
    clicks: Floats
    conversions: Floats
    means: Floats
    folds: tuple[NDArray[np.int64], ...]

    def _told(self) -> Iterable[str]:
        yield f"{len(self.agents)} folds of {self.agents[0].name}"

    def rewards(self, number: int, step: Step) -> Floats:
        """(n, k, m, M), or (n, k, C, M) with candidates, the predicted reward of every item at every rank.

        Args:
            number: the number of the step.
            step: the step.
        """
        observation = step[0]
        problem, fold = self.agents[0].problem, self.folds[number]
        shape = (len(observation), problem.slate_size, problem.choices, len(problem.objective_names))
        found = np.empty(shape)
        for each in np.unique(fold):
            rows = fold == each
            found[rows] = self._of(int(each), observation[rows])
        return found

    def _of(self, fold: int, observation: NDArray[np.float32]) -> Floats:
        agent = self.agents[fold]
        problem = agent.problem
        among = problem.candidates_in(observation)
        items = np.broadcast_to(np.arange(problem.items), (len(observation), problem.items)) if among is None else among
        estimates = agent.estimates(observation)
        click = estimates.click[:, None, :] * self.clicks[fold][:, None]
        conversion = (estimates.click * estimates.conversion)[:, None, :] * self.conversions[fold][:, None]
        brought = {
            "click": lambda: click,
            "conversion": lambda: conversion,
            "revenue": lambda: conversion * problem.price[items][:, None],
            "profit": lambda: conversion * (problem.price * problem.margin)[items][:, None],
            "ad-revenue": lambda: click * problem.bid[items][:, None],
        }
        columns = []
        for number, name in enumerate(problem.objective_names):
            mean = self.means[fold][:, number, None]
            columns.append(brought[name]() if name in brought else np.broadcast_to(mean, click.shape))
        return np.stack(columns, axis=-1)


def cross_fitted(problem: Problem, steps: Sequence[Step], model: str, seed: int = 0) -> RewardModel:
    """Fit a reward model to the slates that it will predict: the agent of each fold learns the other folds.

    Args:
        problem: the problem of the log.
        steps: the steps of the log.
        model: the name of an agent that estimates clicks and conversions: popularity, logistic-ts, predictor:mlp, ...
        seed: the seed of the agents and of the folds.

    Raises:
        ValueError: there is no such agent.
        NotImplementedError: the agent does not estimate clicks and conversions.
    """
    random = np.random.Generator(np.random.Philox(key=np.array([seed, STREAM], np.uint64)))
    folds = tuple(random.integers(FOLDS, size=len(step[0])) for step in steps)
    agents: list[Agent] = []
    scales: list[tuple[Floats, Floats, Floats]] = []
    for fold in range(FOLDS):
        learned = [some_rows(step, of != fold) for step, of in zip(steps, folds, strict=True) if (of != fold).any()]
        agent = make_for(model, problem, seed + fold)
        learn_steps(agent, learned)
        agents.append(agent)
        scales.append(_scales(agent, learned))
    clicks, conversions, means = (np.stack(each) for each in zip(*scales, strict=True))
    return RewardModel(tuple(agents), clicks, conversions, means, folds)


def _scales(agent: Agent, steps: Sequence[Step]) -> tuple[Floats, Floats, Floats]:
    """The factors of clicks and of conversions at each rank, and the mean rewards at each rank."""
    problem = agent.problem
    credit, k = ItemCredit(problem), problem.slate_size
    happened, predicted, total, count = np.zeros((2, k)), np.zeros((2, k)), np.zeros((k, len(problem.objective_names))), 0
    for observation, decision, feedback in steps:
        estimates = agent.estimates(observation)
        click, conversion = (np.take_along_axis(each, decision.slate, axis=1) for each in (estimates.click, estimates.conversion))
        happened += np.stack([feedback.clicks.sum(axis=0), feedback.conversions.sum(axis=0)])
        predicted += np.stack([click.sum(axis=0, dtype=np.float64), (click * conversion).sum(axis=0, dtype=np.float64)])
        total += credit(feedback, problem.shown(observation, decision.slate)).sum(axis=0, dtype=np.float64)
        count += len(observation)
    factor = np.where(predicted > 0, happened / np.maximum(predicted, 1e-12), 1.0)
    return factor[0], factor[1], total / max(count, 1)
