"""Models with scikit-learn's `partial_fit` and `predict` as agents."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.adapters.library import library_options
from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import exploring
from slategym.agents.choosing.noise import blocks
from slategym.agents.common.delayed_feedback import DelayedFeedbackBuffer
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.slate import check_items
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with, choose
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of
from slategym.utils.ranges import Share

Rows = NDArray[np.float32]

OWN = ("epsilon", "fields", "products")  # options of `Estimator`, beside those of the model

# Models by name, as in "sklearn:SGDRegressor", with their module and defaults that differ from scikit-learn's.
SCIKIT_LEARN: dict[str, tuple[str, dict[str, Any]]] = {
    "SGDRegressor": ("sklearn.linear_model", {}),
    "SGDClassifier": ("sklearn.linear_model", {"loss": "log_loss"}),  # the others give no probabilities
    # `partial_fit` goes over its data once, so ten times scikit-learn's rate, which is for many epochs.
    "MLPRegressor": ("sklearn.neural_network", {"learning_rate_init": 0.01}),
    "MLPClassifier": ("sklearn.neural_network", {"learning_rate_init": 0.01}),
}


class Estimator(Agent):
    """A model of each objective for an item in a context; the slate is the items with the highest weighted sums.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            return Estimator(problem, seed, scalarizer, make=lambda seed: MLPClassifier(random_state=seed))

    A model's input is [context, item features, place, products]: the context standardised by running moments, the item features
    over the catalogue, the place 1 / log2(rank + 2), by which the model can tell a poor rank from a poor item, and the products
    of context and item features, without which a linear model ranks the items in the same order for all shoppers. Items are
    compared at the first rank. The prediction is the probability of class 1 by `predict_proba` if the model has it, otherwise
    `predict`. An impression is learned once, when its delayed conversions have arrived. Before the first ones are complete,
    slates are random.

    Cost: for each step, every model predicts n * m rows (n * C with candidates) and learns n * k. Each step is learned in one
    pass, so networks need a higher learning rate than with many epochs; by name ("sklearn:MLPClassifier") it is 0.01.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers, from which the seeds of the models are drawn.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        make: makes a model from a seed; called once per objective.
        epsilon: probability of a random item at a rank; 0 never explores.
        fields: the fields of the observation that are the context; "context" if None.
        products: whether the products of context and item features are inputs too.

    Raises:
        ValueError: an option is out of its range, or a model lacks a method or does not fit the objectives.
    """

    name = "estimator"
    propensities_are = "exact"
    methods: tuple[str, ...] = ("partial_fit", "predict")

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: Callable[[int], Any],
        epsilon: Share = 0.1,
        fields: Sequence[str] | None = None,
        products: bool = True,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.epsilon = epsilon
        self.products = products
        self.models = [make(int(model_seed)) for model_seed in self.random.integers(2**31, size=len(problem.objective_names))]
        for model in self.models:
            for method in self.methods:
                if not hasattr(model, method):
                    raise ValueError(
                        f"the model is a {type(model).__name__} without {method}: expected {' and '.join(self.methods)}"
                    )
            if hasattr(model, "predict_proba") and not {*problem.objective_names} <= {"click", "conversion"}:
                raise ValueError(
                    f"the model is a {type(model).__name__}, which learns clicks and conversions: for the objectives "
                    f"{', '.join(problem.objective_names)} expected a model of numbers, such as SGDRegressor"
                )
        self.columns = problem.context(fields)
        self.normalizer = RunningNormalizer(len(self.columns))
        of_items = RunningNormalizer(problem.features.shape[1])
        of_items.update(problem.features)
        self.features = of_items(problem.features)
        self.place = (1 / np.log2(np.arange(problem.slate_size) + 2)).astype(np.float32)
        self.buffer = DelayedFeedbackBuffer(problem)
        self.trained = False

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best items, with random ones among them; propensities are exact."""
        observation = self._checked(observation)
        if allowed is not None:
            epsilon, choice = self.epsilon if self.trained else 1.0, choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, self.scores(observation), epsilon, choice))
        if self.trained:
            return Decision(*explore(self.random, self.best(observation), self.epsilon, self.problem.choices))
        ranked = np.tile(np.arange(self.problem.slate_size), (len(observation), 1))
        return Decision(*explore(self.random, ranked, 1.0, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, exact."""
        return exploring(self, observation, slate, allowed, self.epsilon if self.trained else 1.0)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest predictions."""
        return self.best_of(self.scores(observation), observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.float64]:
        """(n, m) the weighted sums of the predictions, or (n, C) of the candidates; zeros before anything was learned."""
        observation = self._checked(observation)
        score = np.zeros((len(observation), self.problem.choices))
        for rows in blocks(len(observation) if self.trained else 0):
            score[rows] = self._scores(self.context(observation[rows]), self.problem.candidates_in(observation[rows]))
        return score

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Train each model on the impressions that are complete now."""
        observation, decision = self._checked_step(observation, decision, feedback)
        complete = self.buffer(observation, decision, feedback)
        if complete is None:
            return
        self.normalizer.update(complete.observation.take(self.columns, axis=1))
        context, items = self.context(complete.observation), self.problem.shown(complete.observation, complete.slate)
        self._teach_all(context, items, complete.outcomes)
        self.trained = True

    def _scores(self, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """(n, m) the weighted sums of the predictions for every item, or (n, C) for candidates, for contexts (n, c)."""
        parts = [self.predicted(model, context, candidates) for model in self.models]
        return np.asarray(sum(weight * part for weight, part in zip(self.weights, parts, strict=True)))

    def _teach_all(self, context: Rows, items: NDArray[np.int64], outcomes: NDArray[np.float32]) -> None:
        """Train each model on its objective: items (n, k) for contexts (n, c), and their outcomes (n, k, M)."""
        for model, outcome in zip(self.models, np.moveaxis(outcomes, 2, 0), strict=True):
            self.teach(model, context, items, outcome)

    def context(self, observation: Observation) -> Rows:
        """(n, c) float32, the standardised context.

        Args:
            observation: (n, o) float32.
        """
        return self.normalizer(self._checked(observation).take(self.columns, axis=1))

    # ---- the interface of the models

    def inputs(self, context: Rows, features: Rows, place: Rows) -> Rows:
        """Build the rows of a model's input; override it for others.

        Args:
            context: (l, c) float32, standardised.
            features: (l, d) float32, of an item each, standardised.
            place: (l, 1) float32, 1 / log2(rank + 2).

        Returns:
            (l, p) float32.
        """
        parts = [context, features, place]
        if self.products:
            parts.append((context[:, :, None] * features[:, None, :]).reshape(len(context), -1))
        return np.concatenate(parts, axis=1)

    def predicted(self, model: Any, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """Predict a model's objective at the first rank.

        Args:
            model: one of `models`.
            context: (n, c) float32, standardised.
            candidates: (n, C) int64, the items to predict; every item if None.

        Returns:
            (n, m), or (n, C) for candidates.

        Raises:
            ValueError: a candidate is not an item.
        """
        n, m = len(context), self.problem.choices
        if candidates is not None:
            candidates = check_items(candidates, self.problem.items, "candidates", (n, m))
        features = np.tile(self.features, (n, 1)) if candidates is None else self.features[candidates.ravel()]
        x = self.inputs(np.repeat(context, m, axis=0), features, np.ones((n * m, 1), np.float32))
        expected = model.predict_proba(x)[:, 1] if hasattr(model, "predict_proba") else model.predict(x)
        return np.asarray(expected).reshape(n, m)

    def teach(self, model: Any, context: Rows, items: NDArray[np.int64], outcome: Rows) -> None:
        """Train a model on impressions.

        Args:
            model: one of `models`.
            context: (n, c) float32, standardised.
            items: (n, k) int64, the items shown.
            outcome: (n, k) float32, of each item for the model's objective.

        Raises:
            ValueError: a number is not an item.
        """
        items = check_items(items, self.problem.items, "items", (len(context), None))
        n, k = items.shape
        x = self.inputs(np.repeat(context, k, axis=0), self.features[items.ravel()], np.tile(self.place, n)[:, None])
        if "classes" in inspect.signature(model.partial_fit).parameters:  # the first batch may lack one of the classes
            model.partial_fit(x, outcome.ravel().astype(np.int64), classes=np.array([0, 1]))
        else:
            model.partial_fit(x, outcome.ravel())


def find(name: str) -> tuple[Any, dict[str, Any]]:
    """The class that "sklearn:SGDRegressor" names, and our defaults for it.

    Raises:
        ValueError: there is none of that name here.
        ImportError: scikit-learn is not installed.
    """
    module, defaults = choose("agent", name, {f"sklearn:{model}": entry for model, entry in SCIKIT_LEARN.items()})
    return getattr(require(module, "peers"), name.removeprefix("sklearn:")), defaults


def options(name: str) -> dict[str, Option]:
    """The options of "sklearn:SGDRegressor": ours, and what the model's class takes."""
    kind, defaults = find(name)
    of_model = library_options(kind, ("random_state", *OWN), defaults)
    return options_of(Estimator, ("problem", "seed", "scalarizer", "make")) | of_model


def make(
    name: str,
    problem: Problem,
    seed: int = 0,
    scalarizer: Scalarizer | None = None,
    *,
    epsilon: Share = 0.1,
    fields: Sequence[str] | None = None,
    products: bool = True,
    **options: Any,
) -> Estimator:
    """The agent "sklearn:SGDRegressor"; the options beside those of `Estimator` are what the model's class takes.

    Raises:
        ValueError: there is no such model or option.
        ImportError: scikit-learn is not installed.
    """
    kind, defaults = find(name)

    def make_model(seed: int) -> Any:
        return call_with(f"agent {name!r}", partial(kind, random_state=seed), defaults | options, OWN)

    agent = Estimator(problem, seed, scalarizer, make=make_model, epsilon=epsilon, fields=fields, products=products)
    agent.name = name
    return agent
