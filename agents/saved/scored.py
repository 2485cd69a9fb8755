"""Functions and networks that score items, as agents: "scores:my_file.py:score" and "onnx:my_model.onnx"."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import exploring
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import is_reference, load
from slategym.utils.ranges import Share

PREFIX = "scores:"
# Takes observations (n, o) and, if it has a second argument, the items' features (m, d); returns scores (n, m).
ScoreFunction = Callable[..., Any]


class Scored(Agent):
    """Shows the items with the highest scores according to a function; it does not learn.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the random items.
        scalarizer: combines the objectives; it does not change the scores.
        function: takes observations (n, o) float32, without candidates, and, if it has a second argument, the items' features
            (m, d) float32; returns scores (n, m).
        epsilon: probability of a random item at a rank.

    Raises:
        ValueError: the function has other arguments, or an option is out of its range.
    """

    name = "scores"
    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        function: ScoreFunction,
        epsilon: Share = 0.0,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.function, self.epsilon = function, epsilon
        self.takes = _taken(function)

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the items with the highest scores; with probability epsilon a rank shows a random item."""
        observation = self._checked(observation)
        scores = self.scores(observation)
        if allowed is not None:
            return Decision(*explore_among(self.random, scores, self.epsilon, choice_of(self.problem, observation, allowed)))
        return Decision(*explore(self.random, self.best_of(scores, observation), self.epsilon, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return exploring(self, observation, slate, allowed, self.epsilon)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest scores."""
        return self.best_of(self.scores(observation), observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the scores of the function; (n, C) for candidates.

        Raises:
            ValueError: the function returns an array of another shape, or a number that is not finite.
        """
        observation = self._checked(observation)
        given = (self.problem.seen(observation).copy(), self.problem.features.copy())[: self.takes]
        scores = np.asarray(self.function(*given))
        shape = (len(observation), self.problem.items)
        if scores.shape != shape or scores.dtype.kind not in "fiu":
            raise ValueError(f"{self.name} returns {scores.dtype} of shape {scores.shape}: expected numbers (n, m) = {shape}")
        if not np.isfinite(scores).all():
            row, item = np.argwhere(~np.isfinite(scores))[0]
            raise ValueError(f"{self.name} returns scores[{row}, {item}] = {scores[row, item]}: expected a finite number")
        among = self.problem.candidates_in(observation)
        scores = scores.astype(np.float64) if scores.dtype.kind != "f" else scores
        return scores if among is None else np.take_along_axis(scores, among, axis=1)


def by_scores(function: ScoreFunction, epsilon: float = 0.0) -> Callable[..., Agent]:
    """Return a maker of agents that show the items with the highest scores of a function, for `run`, `compare` and others.

    Args:
        function: see `Scored`.
        epsilon: probability of a random item at a rank.
    """

    def make(problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None) -> Agent:
        return Scored(problem, seed, scalarizer, function=function, epsilon=epsilon)

    make.__qualname__ = make.__name__ = getattr(function, "__name__", "scores")
    return make


def find(name: str) -> ScoreFunction:
    """The function of a name such as "scores:my_file.py:score".

    Raises:
        ValueError: there is no such function.
    """
    reference = name.removeprefix(PREFIX)
    if not is_reference(reference):
        raise ValueError(f"agent is {name!r}: expected a file and a function in it, such as scores:my_file.py:score")
    function: ScoreFunction = load("agent", reference)
    _taken(function)
    return function


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "scores:my_file.py:score"."""
    return options_of(Scored, ("problem", "seed", "scalarizer", "function"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent such as "scores:my_file.py:score".

    Raises:
        ValueError: there is no such function or option.
    """
    return named(name, find(name), problem, seed, scalarizer, options)


def named(
    name: str, function: ScoreFunction, problem: Problem, seed: int, scalarizer: Scalarizer | None, options: dict[str, Any]
) -> Agent:
    """A `Scored` agent of a function, with the given name."""
    agent = call_with(f"agent {name!r}", partial(Scored, problem, seed, scalarizer, function=function), options)
    agent.name = name
    return agent


def _taken(function: Any) -> int:
    """The number of arguments of a scoring function, 1 or 2.

    Raises:
        ValueError: the function cannot be called with 1 or 2 arguments.
    """
    takes = "expected a function of observations (n, o), or of observations and the items' features (m, d)"
    if not callable(function):
        raise ValueError(f"{function!r} is a {type(function).__name__}: {takes}")
    for count in (2, 1):
        try:
            inspect.signature(function).bind(*[None] * count)
        except TypeError:
            continue
        except ValueError:  # compiled functions have no signature
            return 1
        return count
    raise ValueError(f"{getattr(function, '__name__', function)} cannot be called with 1 or 2 arguments: {takes}")
