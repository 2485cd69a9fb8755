"""Agents made of models with scikit-learn's `partial_fit` and `predict`."""

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

OWN = ("epsilon", "fields", "products")  # options of `Estimator`, in addition to those of the model

# Models by name, as in "sklearn:SGDRegressor": the module, and defaults that differ from scikit-learn's.
SCIKIT_LEARN: dict[str, tuple[str, dict[str, Any]]] = {
    "SGDRegressor": ("sklearn.linear_model", {}),
    "SGDClassifier": ("sklearn.linear_model", {"loss": "log_loss"}),  # other losses give no probabilities
    # `partial_fit` makes one pass over its data: ten times scikit-learn's learning rate, which is for many epochs.
    "MLPRegressor": ("sklearn.neural_network", {"learning_rate_init": 0.01}),
    "MLPClassifier": ("sklearn.neural_network", {"learning_rate_init": 0.01}),
}


class Estimator(Agent):
    """A model for each objective, given context and item; slates hold the items with the highest weighted sums.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            return Estimator(problem, seed, scalarizer, make=lambda seed: MLPClassifier(random_state=seed))

    A model's input is [context, item features, place, products]. The context is standardised by running moments, the item
    features over the catalogue. The place is 1 / log2(rank + 2), so that the model can distinguish a poor rank from a poor item.
    The products of context and item features are necessary for linear models, which otherwise rank the items in the same order
    for all shoppers. Items are compared at the first rank. The prediction is the probability of class 1 by `predict_proba` if the
    model has this method, otherwise the result of `predict`. Each impression is learned once, after its delayed conversions have
    arrived. Before the first impressions are complete, slates are random.

    Cost: in each step, every model predicts n * m rows (n * C with candidates) and learns n * k rows. A step is learned in one
    pass, so networks need a higher learning rate than with many epochs; for "sklearn:MLPClassifier" the default is 0.01.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers, from which the seeds of the models are drawn.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        make: makes a model from a seed; called once per objective.
        epsilon: probability of a random item at a rank; 0: no exploration.
        fields: the fields of the observation that form the context; None: "context".
        products: whether the products of context and item features are also inputs.

    Raises:
        ValueError: an option is out of its range, or a model lacks a method or cannot predict the objectives.
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
                    f"the model is a {type(model).__name__}, a classifier, which can learn clicks and conversions only: for the "
                    f"objectives {', '.join(problem.objective_names)} expected a regressor, such as SGDRegressor"
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
        """Choose the best items, with random exploration; propensities are exact."""
        observation = self._checked(observation)
        if allowed is not None:
            epsilon, choice = self.epsilon if self.trained else 1.0, choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, self.scores(observation), epsilon, choice))
        if self.trained:
            return Decision(*explore(self.random, self.best(observation), self.epsilon, self.problem.choices))
        ranked = np.tile(np.arange(self.problem.slate_size), (len(observation), 1))
        return Decision(*explore(self.random, ranked, 1.0, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return exploring(self, observation, slate, allowed, self.epsilon if self.trained else 1.0)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest predictions."""
        return self.best_of(self.scores(observation), observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.float64]:
        """(n, m) the weighted sums of the predictions, or (n, C) for candidates; zeros before the first training."""
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
        """Train each model on its objective, with contexts (n, c), items (n, k) and their outcomes (n, k, M)."""
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
        """Build the rows of a model's input; override this method for other inputs.

        Args:
            context: (l, c) float32, standardised.
            features: (l, d) float32, standardised features of one item per row.
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
            candidates: (n, C) int64, the items to predict; None: all.

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
            outcome: (n, k) float32, the outcome of each item for the model's objective.

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
    """The class of a name such as "sklearn:SGDRegressor", and slategym's defaults for it.

    Raises:
        ValueError: there is no agent of that name.
        ImportError: scikit-learn is not installed.
    """
    module, defaults = choose("agent", name, {f"sklearn:{model}": entry for model, entry in SCIKIT_LEARN.items()})
    return getattr(require(module, "peers"), name.removeprefix("sklearn:")), defaults


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "sklearn:SGDRegressor": those of `Estimator` and those of the model's class."""
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
    """Make an agent such as "sklearn:SGDRegressor"; options that `Estimator` does not have are passed to the model's class.

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
