"""Evaluates policies on a log: they learn its first part, are evaluated off-policy on the second, and with the truth if known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slategym.agents.base import Agent
from slategym.agents.from_log.learning import check_learns, learn_steps
from slategym.agents.registry import make_for
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.bench.evaluation.judged import judged_rounds
from slategym.bench.evaluation.policies import is_fixed, keep
from slategym.bench.evaluation.rewards import RewardModel, cross_fitted
from slategym.bench.evaluation.truth import true_values
from slategym.bench.off_policy.intervals import Interval
from slategym.bench.off_policy.registry import make_estimator
from slategym.bench.off_policy.values import policy_values, utility_of
from slategym.bench.replay.logged import LoggedSteps, slates_of
from slategym.bench.replay.replay import make_for_log
from slategym.bench.statistics import Estimate
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, PositiveShare, Seed
from slategym.utils.short_repr import Brief

FOR_ACTIONS = ("dm", "ipw", "snipw", "dr", "sndr", "switch-dr:threshold=auto")
FOR_SLATES = ("sips", "rips", "cascade-dr")
MODELLED = ("predicted", "expected")


@dataclass(repr=False)
class Evaluation(Brief):
    """An evaluation that is ready to run.

    Attributes:
        logged: the log.
        policies: the names of the policies.
        estimators: the estimators, as texts.
        scalarizer: the goal of the policies, which also gives the utility of their values.
        model: the agent that predicts rewards.
        interval: the kind of interval of the values.
        train: share of the slates that policies learn from.
        draws: number of draws for policies whose propensities are estimated.
        seed: the seed of policies and models.
        correct: whether agents correct for the logging policy when they learn (see `agents.from_log.learning.learn_steps`).
        agents: the policies by name.
    """

    logged: LoggedSteps
    policies: tuple[str, ...]
    estimators: tuple[str, ...]
    scalarizer: Scalarizer
    model: str
    interval: Interval
    train: float
    draws: int
    seed: int
    correct: bool
    agents: dict[str, Agent] = field(default_factory=dict)

    def _told(self) -> Iterable[str]:
        yield f"{len(self.policies)} policies"
        yield f"{self.logged.slates:,} slates"

    @property
    def size(self) -> int:
        """The number of slates that are processed: the log once for each policy, and once for the truth."""
        return self.logged.slates * (len(self.policies) + 1)

    def run(self, progress: Callable[[int], None] | None = None, folder: Path | None = None) -> dict[str, Any]:
        """Train and evaluate the policies, and compute their true values if possible.

        Args:
            progress: called with the number of slates processed so far.
            folder: where trained policies are saved; None does not save them.

        Returns:
            JSON values: "log", a description of the log; "policies", by name, each with "values" by estimator, "truth" if it is
            known, "propensities" and "warnings"; "notes".
        """
        train, test = self.logged.halves(self.train)
        notes = list(self.logged.notes)
        model = self._model(test)
        found: dict[str, Any] = {}
        for number, (text, agent) in enumerate(self.agents.items()):
            if not is_fixed(text):
                learn_steps(agent, train, correct=self.correct)
                if folder:
                    keep(agent, text, folder)
            found[text] = self._judged(agent, test, model)
            if progress:
                progress((number + 1) * self.logged.slates)
        if self.logged.world is not None:
            try:
                truth = true_values(self.logged, self.agents, len(train))
                for text, passes in truth.items():
                    found[text]["truth"] = self._truth(passes)
            except ValueError as error:
                notes.append(f"The true values are not known: {error}.")
        if progress:
            progress(self.size)
        return {
            "status": "finished",
            "log": self._about(train, test),
            "objectives": list(self.logged.problem.objective_names),
            "policies": found,
            "notes": notes,
        }

    def _model(self, test: Sequence[Any]) -> RewardModel | None:
        needed = {name for text in self.estimators for name in make_estimator(text).needs}
        if not needed & set(MODELLED):
            return None
        return cross_fitted(self.logged.problem, test, self.model, self.seed)

    def _judged(self, agent: Agent, test: Sequence[Any], model: RewardModel | None) -> dict[str, Any]:
        said: list[str] = []
        values: dict[str, Any] = {}
        try:
            rounds = judged_rounds(agent, test, model, self.draws)
        except NotImplementedError as error:
            said.append(f"{error}.")
        else:
            given = policy_values(rounds, list(self.estimators), interval=self.interval, scalarizer=self.scalarizer)
            values = {name: value.to_json() for name, value in given.items()}
            said = list(dict.fromkeys(warning for value in given.values() for warning in value.warnings))
            if agent.propensities_are == "estimated":
                said.append(f"Its propensities are estimated from {self.draws:,} draws.")
        return {"propensities": agent.propensities_are, "values": values, "truth": None, "warnings": said}

    def _truth(self, passes: Any) -> dict[str, Any]:
        utility = utility_of(self.scalarizer, passes)
        return {
            "objectives": [Estimate.from_samples(column).to_json() for column in passes.T],
            "utility": Estimate.from_samples(utility).to_json(),
        }

    def _about(self, train: Sequence[Any], test: Sequence[Any]) -> dict[str, Any]:
        """The sizes of the log, and the value of the logging policy in the second part."""
        earned = np.concatenate([feedback.objectives for *_, feedback in test]).astype(np.float64)
        weights = self.scalarizer.constant_weights
        utility = None if weights is None else Estimate.from_samples(earned @ weights).to_json()
        return {
            "train": slates_of(train),
            "test": slates_of(test),
            "ranks": self.logged.problem.slate_size,
            "items": self.logged.problem.items,
            "earned": {"objectives": [Estimate.from_samples(column).to_json() for column in earned.T], "utility": utility},
        }


def _check_model(model: str, logged: LoggedSteps) -> None:
    """Refuse an agent that does not estimate clicks and conversions."""
    agent = make_for(model, logged.problem)
    try:
        agent.estimates(logged.steps[0][0][:1])
    except NotImplementedError as error:
        raise ValueError(f"model is {model!r}: {error}") from None


@checked
def plan_evaluation(
    logged: LoggedSteps,
    policies: Sequence[str],
    *,
    estimators: Sequence[str] = (),
    weights: Sequence[float] | None = None,
    scalarizer: Scalarizer | None = None,
    model: str = "logistic-ts",
    interval: Interval = "normal",
    train: PositiveShare = 0.5,
    draws: Count = 200,
    seed: Seed = 0,
    correct: bool = True,
) -> Evaluation:
    """Prepare an evaluation and check its policies and estimators.

    Args:
        logged: the log, with propensities.
        policies: names of agents, which learn the first part of the log; or of trained ones, such as `my_model.agent`, which do
            not learn.
        estimators: estimators as texts; by default six for single items, and three for slates.
        weights: (M,), the weights of the objectives, for the policies and their values; by default the problem's.
        scalarizer: a scalarizer instead of the weighted sum.
        model: the name of an agent that estimates clicks and conversions; it predicts the rewards.
        interval: the kind of interval of the values.
        train: share of the slates that policies learn from.
        draws: number of draws for policies whose propensities are estimated.
        seed: the seed of policies and models.
        correct: whether agents correct for the logging policy when they learn (see `agents.from_log.learning.learn_steps`).

    Raises:
        ValueError: there is no such policy or estimator, a policy cannot learn from a log, an estimator needs another kind of
            rounds or data that a log does not contain, or the log has no propensities or too few steps.
    """
    if not policies:
        raise ValueError("policies is empty: expected the name of at least one policy")
    problem = logged.problem
    asked = tuple(estimators) or (FOR_ACTIONS if problem.slate_size == 1 else FOR_SLATES)
    kind = "actions" if problem.slate_size == 1 else "slates"
    for text in asked:
        estimator = make_estimator(text)
        if estimator.spec.kind != kind:
            other = "single items, such as dr" if kind == "actions" else "slates, such as cascade-dr, or --ranks 1"
            kinds = f"{estimator.spec.kind}, but the log contains {kind}"
            raise ValueError(f"{text} is an estimator of {kinds}: expected one of {other}")
        unknown = [name for name in estimator.needs if name not in ("reward", "behaviour", "target", *MODELLED)]
        if unknown:
            needs = " and ".join(unknown)
            raise ValueError(f"{text} needs {needs}, which a log does not contain: use slategym.bench.policy_values instead")
    logged.halves(train)
    if not any(np.isfinite(decision.propensity).any() for _, decision, _ in logged.steps):
        raise ValueError(
            "the log has no propensity of each choice, which the evaluation of policies needs: name its column with "
            "--columns propensity=COLUMN; for a log without propensities, `slategym fit` makes a world"
        )
    _check_model(model, logged)
    goal = FixedSum(tuple(problem.weights if weights is None else weights)) if scalarizer is None else scalarizer
    agents = {text: make_for_log(text, logged, seed, goal) for text in policies}
    for text, agent in agents.items():
        if not is_fixed(text):
            check_learns(agent)
    return Evaluation(logged, tuple(agents), asked, goal, model, interval, train, draws, seed, correct, agents)
