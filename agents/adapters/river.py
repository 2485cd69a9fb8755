"""Agents made of river's online models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

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
from slategym.utils.ranges import Count, Positive, Share


class Model:
    """A model of river with scikit-learn's `partial_fit` and `predict`.

    Args:
        model: a model with river's `learn_many`, and `predict_many` or `predict_proba_many`.
        batch_size: number of rows per call of `learn_many`; None: all rows of a step.
    """

    def __init__(self, model: Any, batch_size: int | None = None) -> None:
        self.model = model
        self.batch_size = batch_size
        self.is_classifier = hasattr(model, "predict_proba_many")

    def partial_fit(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> None:
        """Learn from rows.

        Args:
            x: (l, p) inputs.
            y: (l,) outcomes; a classifier learns whether they are above 0.
        """
        frames = require("pandas", "peers")
        size = self.batch_size or len(x)
        for start in range(0, len(x), size):
            outcome = y[start : start + size]
            rows = frames.DataFrame(x[start : start + size])
            self.model.learn_many(rows, frames.Series(outcome > 0 if self.is_classifier else outcome))

    def predict(self, x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """(l,) the expected outcomes.

        Args:
            x: (l, p) inputs.
        """
        rows = require("pandas", "peers").DataFrame(x)
        if self.is_classifier:
            return np.asarray(self.model.predict_proba_many(rows)[True])
        return np.asarray(self.model.predict_many(rows))


class River(Estimator):
    """A model of river for each objective; see `Estimator` for the inputs of the models.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            return River(problem, seed, scalarizer, make=lambda seed: Model(BayesianLinearRegression()))

    Only models that learn and predict many rows at once (`learn_many`, `predict_many`) are available by name: with river's trees
    and bandits, which process one row at a time, a slate among hundreds of items takes many milliseconds. LinearRegression and
    LogisticRegression take one optimizer step per `batch_size` impressions; BayesianLinearRegression is exact.
    """

    name = "river"


def exact(kind: Any, **options: Any) -> Model:
    """Make a model that learns all rows of a step at once.

    Args:
        kind: class of the model.
        options: arguments of the class.
    """
    return Model(call_with(f"agent 'river:{kind.__name__}'", kind, options, OWN))


@checked
def descending(
    kind: Any,
    *,
    optimizer: Literal["SGD", "AdaGrad", "RMSProp", "Adam"] = "AdaGrad",
    learning_rate: Positive = 0.03,
    batch_size: Count = 10,
    **options: Any,
) -> Model:
    """Make a model that learns by gradient descent.

    Args:
        kind: class of the model.
        optimizer: optimizer of `river.optim`.
        learning_rate: learning rate of the optimizer and of the intercept.
        batch_size: impressions per optimizer step.
        options: further arguments of the class.
    """
    rule = getattr(require("river.optim", "peers"), optimizer)(learning_rate)
    given = {"optimizer": rule, "intercept_lr": learning_rate, **options}
    return Model(call_with(f"agent 'river:{kind.__name__}'", kind, given, (*OWN, "learning_rate", "batch_size")), batch_size)


# Models by name, as in "river:LinearRegression": the module, and the function that makes the model.
MODELS: dict[str, tuple[str, Callable[..., Model]]] = {
    "BayesianLinearRegression": ("river.linear_model", exact),
    "LinearRegression": ("river.linear_model", descending),
    "LogisticRegression": ("river.linear_model", descending),
}


def find(name: str) -> tuple[Any, Callable[..., Model]]:
    """The class of a name such as "river:LinearRegression", and the function that makes a model of it.

    Raises:
        ValueError: there is no agent of that name.
        ImportError: river is not installed.
    """
    module, maker = choose("agent", name, {f"river:{model}": entry for model, entry in MODELS.items()})
    require("pandas", "peers")
    return getattr(require(module, "peers"), name.removeprefix("river:")), maker


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "river:LinearRegression": those of `River` and those of the model."""
    kind, maker = find(name)
    of_model = library_options(kind, ("optimizer", "intercept_lr", "loss", "initializer"))
    return options_of(River, ("problem", "seed", "scalarizer", "make")) | options_of(maker, ("kind", "options")) | of_model


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
) -> River:
    """Make an agent such as "river:LinearRegression"; options that `River` does not have are passed to the model.

    Raises:
        ValueError: there is no such model or option.
        ImportError: river is not installed.
    """
    kind, maker = find(name)
    agent = River(
        problem,
        seed,
        scalarizer,
        make=lambda _: maker(kind, **options),
        epsilon=epsilon,
        fields=fields,
        products=products,
    )
    agent.name = name
    return agent
