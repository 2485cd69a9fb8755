"""river's online models as agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.adapters.estimator import OWN, Estimator
from slategym.agents.adapters.library import library_options
from slategym.agents.base import Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with, choose
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of
from slategym.utils.ranges import Positive, Share

# Models by name, as in "river:LinearRegression", with their module and whether they descend a gradient.
MODELS: dict[str, tuple[str, bool]] = {
    "BayesianLinearRegression": ("river.linear_model", False),
    "LinearRegression": ("river.linear_model", True),
    "LogisticRegression": ("river.linear_model", True),
}
GIVEN = ("optimizer", "intercept_lr")  # arguments that the options below stand for


class Model:
    """A model of river with scikit-learn's `partial_fit` and `predict`.

    Args:
        model: with river's `learn_many`, and `predict_many` or `predict_proba_many`.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def partial_fit(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> None:
        """Learn rows.

        Args:
            x: (l, p) inputs.
            y: (l,) outcomes; classes of 0 and 1 for a classifier.
        """
        frames = require("pandas", "peers")
        is_classifier = hasattr(self.model, "predict_proba_many")
        self.model.learn_many(frames.DataFrame(x), frames.Series(y > 0 if is_classifier else y))

    def predict(self, x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """(l,) the expected outcomes.

        Args:
            x: (l, p) inputs.
        """
        rows = require("pandas", "peers").DataFrame(x)
        if hasattr(self.model, "predict_proba_many"):
            return np.asarray(self.model.predict_proba_many(rows)[True])
        return np.asarray(self.model.predict_many(rows))


class River(Estimator):
    """A model of river for each objective; see `Estimator` for its inputs.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            return River(problem, seed, scalarizer, make=lambda seed: Model(BayesianLinearRegression()))

    The models are those that learn and predict many rows at once, `learn_many` and `predict_many`: one row at a time, as river's
    trees and bandits do, takes seconds for each shopper among hundreds of items.
    """

    name = "river"


def find(name: str) -> tuple[Any, bool]:
    """The class that "river:LinearRegression" names, and whether it takes an optimizer.

    Raises:
        ValueError: there is none of that name here.
        ImportError: river is not installed.
    """
    module, descends = choose("agent", name, {f"river:{model}": entry for model, entry in MODELS.items()})
    require("pandas", "peers")
    return getattr(require(module, "peers"), name.removeprefix("river:")), descends


def options(name: str) -> dict[str, Option]:
    """The options of "river:LinearRegression": ours, and what the model's class takes."""
    kind, descends = find(name)
    left_out = ["problem", "seed", "scalarizer", "name"] + ([] if descends else ["optimizer", "learning_rate"])
    return options_of(make, left_out) | library_options(kind, GIVEN)


@checked
def make(
    name: str,
    problem: Problem,
    seed: int = 0,
    scalarizer: Scalarizer | None = None,
    *,
    epsilon: Share = 0.1,
    fields: Sequence[str] | None = None,
    products: bool = True,
    optimizer: str = "Adam",
    learning_rate: Positive = 0.01,
    **options: Any,
) -> River:
    """The agent "river:LinearRegression".

    Args:
        name: "river:" and the name of a model.
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; the models have none.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        epsilon: probability of a random item at a rank; 0 never explores.
        fields: the fields of the observation that are the context; "context" if None.
        products: whether the products of context and item features are inputs too.
        optimizer: the name of one of `river.optim`, for models that descend a gradient.
        learning_rate: of the optimizer, and of the intercept.
        options: what the model takes besides.

    Raises:
        ValueError: there is no such model or option.
        ImportError: river is not installed.
    """
    kind, descends = find(name)
    given: dict[str, Any] = {}
    if descends:
        known = {each: getattr(require("river.optim", "peers"), each) for each in ("SGD", "AdaGrad", "Adam", "RMSProp")}
        rule = choose("optimizer", optimizer, known)

    def make_model(_: int) -> Model:
        if descends:
            given.update(optimizer=rule(learning_rate), intercept_lr=learning_rate)
        return Model(call_with(f"agent {name!r}", kind, given | options, (*OWN, "learning_rate")))

    agent = River(problem, seed, scalarizer, make=make_model, epsilon=epsilon, fields=fields, products=products)
    agent.name = name
    return agent
