"""An agent made of Vowpal Wabbit's contextual bandits."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.common.delayed_feedback import DelayedFeedbackBuffer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.ranges import Positive

ARGUMENTS = "--quadratic ci"
EXPLORATION = (  # arguments that select the exploration
    *("--bag", "--cover", "--epsilon", "--first", "--regcb", "--regcbopt"),
    *("--rnd", "--softmax", "--squarecb", "--synthcover"),
)
LEAST = 1e-6  # total probability of the remaining items below which they are predicted again


class VowpalWabbit(Agent):
    """Vowpal Wabbit's `--cb_explore_adf`, with one decision per rank among the items that the ranks above left.

    The namespaces are: c, the context; r, the rank; i, an item's features; and n, its number, so that each item has an intercept.
    Propensities are Vowpal Wabbit's probabilities, renormalised in double precision. A choice has one cost, the negative
    scalarized reward with the weights of that step, so the agent has to relearn when weights change, unlike agents with a model
    per objective. Each impression is learned once, after its delayed conversions have arrived.

    The default exploration is `--softmax`: the probability of a choice is proportional to exp(lambda * expected reward). All
    ranks then share the prediction for the first rank, because removing the items above only renormalises its probabilities.
    With other kinds of exploration, each rank is predicted again. SquareCB and epsilon-greedy are made for a few actions: with
    hundreds of items they spend most slates on items that are known to be poor.

    A choice is learned as a regression of its cost on the item shown, without the weight 1 / p. With hundreds of items, that
    weight, Vowpal Wabbit's default (`--cb_type mtr`), leaves almost nothing to learn from the items with high probability.
    Therefore `--cover` and other methods that also learn from items that were not shown have no use here.

    Cost: one prediction over all items per slate, without batches: 1.5 ms for 500 items; with slates of five and another
    exploration than `--softmax`, five times as much. A loaded agent continues as before, except for Vowpal Wabbit's own random
    numbers, which `--bag` uses.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers and of Vowpal Wabbit.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        arguments: further arguments of Vowpal Wabbit: interactions (such as `--quadratic cn`, coefficients of the context for
            each item) and another exploration (`--epsilon`, `--squarecb`, `--bag`, ...).
        softmax: the `--lambda` of `--softmax`, in units of 1 / reward; not used if `arguments` select an exploration.
        learning_rate: Vowpal Wabbit's `--learning_rate`.
        fields: the fields of the observation that form the context; None: "context".

    Raises:
        ValueError: Vowpal Wabbit refuses the arguments.
        ImportError: Vowpal Wabbit is not installed.
    """

    name = "vowpal-wabbit"
    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        arguments: str = ARGUMENTS,
        softmax: Positive = 30.0,
        learning_rate: Positive = 0.5,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.columns = problem.context(fields)
        self.buffer = DelayedFeedbackBuffer(problem)
        self.lines = [f"|i {_numbers(features)} |n item{item}" for item, features in enumerate(problem.features)]
        given = shlex.split(arguments)
        if not any(name in EXPLORATION for name in given):
            given += ["--softmax", "--lambda", f"{softmax:.9g}"]
        self.predicts_once = "--softmax" in given and "--bag" not in given
        if not any(name in ("-l", "--learning_rate") for name in given):
            given += ["--learning_rate", f"{learning_rate:.9g}"]
        self._start(["--cb_explore_adf", "--random_seed", str(self.seed % 2**31), *given])

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw from Vowpal Wabbit's probabilities, rank by rank."""
        observation = self._checked(observation)
        return self._slates(observation, self.random.random((len(observation), self.problem.slate_size)), allowed)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return self._slates(observation, None, allowed, slate).propensity.astype(np.float64)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the most probable item at each rank."""
        observation = self._checked(observation)
        return self._slates(observation, None, self.eligible(observation, allowed)).slate

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from the impressions that are complete now: each choice and its cost."""
        observation, decision = self._checked_step(observation, decision, feedback)
        complete = self.buffer(observation, decision, feedback)
        if complete is None:
            return
        cost = -(complete.outcomes @ self.weights)
        for row, (context, items) in enumerate(self._offers(complete.observation)):
            for rank, position in enumerate(complete.slate[row].tolist()):
                chosen = self._example(f"0:{cost[row, rank]:.9g}:1 {self.lines[items[position]]}")
                self.workspace.learn([self._shared(context, rank), chosen])

    def _slates(
        self,
        observation: Observation,
        draws: NDArray[np.float64] | None,
        allowed: Mask | None,
        given: NDArray[np.int64] | None = None,
    ) -> Decision:
        """Decide on slates: given ones (n, k), by uniform random numbers (n, k), or the most probable ones if both are None.

        Only eligible items are passed to Vowpal Wabbit, which computes the probabilities among them.
        """
        n, k = len(observation), self.problem.slate_size
        slate = np.empty((n, k), np.int64)
        propensity = np.empty((n, k), np.float32)
        for row, (context, items) in enumerate(self._offers(observation)):
            mask = np.ones((1, len(items)), np.bool_)
            choice = choice_of(self.problem, observation[row : row + 1], mask if allowed is None else allowed[row : row + 1])
            probability = np.zeros(len(items))
            for rank in range(k):
                eligible = choice.eligible()[0]
                probability[~eligible] = 0.0
                if rank == 0 or not self.predicts_once or probability.sum() < LEAST:
                    left = [self.items[items[position]] for position in np.flatnonzero(eligible)]
                    shared = self._shared(context, 0 if self.predicts_once else rank)
                    probability[eligible] = self.workspace.predict([shared, *left])
                bounds = probability.cumsum()
                if given is not None:
                    at = int(given[row, rank])
                elif draws is None:
                    at = int(probability.argmax())
                else:
                    at = int(np.searchsorted(bounds, draws[row, rank] * bounds[-1], side="right"))
                slate[row, rank], propensity[row, rank] = at, probability[at] / bounds[-1]
                choice.take(slate[row : row + 1, rank])
        return Decision(slate, propensity)

    # ---- Vowpal Wabbit's text format

    def _start(self, arguments: list[str]) -> None:
        vowpal = require("vowpalwabbit", "peers")
        try:
            self.workspace: Any = vowpal.Workspace(arg_list=[*arguments, "--quiet"])
        except RuntimeError as error:
            raise ValueError(f"Vowpal Wabbit refuses {' '.join(arguments)}: {error}") from error
        self.items = [self._example(line) for line in self.lines]  # parsed once

    def _example(self, line: str) -> Any:
        # These are freed with their last reference, unlike examples of `Workspace.parse`, which must be returned to it.
        return self.workspace.example(line)

    def _offers(self, observation: Observation) -> Iterator[tuple[str, list[int]]]:
        """For each row the context and the items that can be shown."""
        candidates = self.problem.candidates_in(observation)
        every = list(range(self.problem.items))
        for row, context in enumerate(observation.take(self.columns, axis=1)):
            yield _numbers(context), every if candidates is None else candidates[row].tolist()

    def _shared(self, context: str, rank: int) -> Any:
        return self._example(f"shared |c {context} |r rank{rank}")

    def __getstate__(self) -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            self.workspace.save(str(path))
            model = path.read_bytes()
        return {**self.__dict__, "workspace": model, "items": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            path.write_bytes(state["workspace"])
            self._start(["--initial_regressor", str(path)])


def _numbers(values: NDArray[np.float32]) -> str:
    return " ".join(f"{column}:{value:.9g}" for column, value in enumerate(values.tolist()))
