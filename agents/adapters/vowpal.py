"""Vowpal Wabbit's contextual bandits as an agent."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.delayed_feedback import DelayedFeedbackBuffer
from slategym.agents.common.eligibility import choice_of
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.optional import require

ARGUMENTS = "--squarecb --gamma_scale 1000 --quadratic ci"


class VowpalWabbit(Agent):
    """Vowpal Wabbit's `--cb_explore_adf`: each rank is a separate decision among the items that the ranks above left.

    The context is the namespace c, the rank r, an item's features i; propensities are Vowpal Wabbit's probabilities, renormalised
    in double precision. A choice has one cost, the negative scalarized reward by the weights of that step. So it has to learn
    again when weights move, unlike agents with a model per objective. An impression is learned once, when its delayed conversions
    have arrived.

    By default it explores by SquareCB, which shows an item with a probability of about 1 / (A + gamma * gap), where A is the
    number of items and the gap the difference of its expected reward to the best. Vowpal Wabbit's own gamma of 10 is for a few
    actions: among hundreds of items the choice is close to uniform, and greedy slates earn twice as much as those shown. Here it
    is 1,000. In the first 2,500 slates of ShopBandit-v0, 50 shoppers at once, that earns 1.09 per slate instead of 0.44, and in
    the end 98 % of the reward of greedy slates. In other worlds choose gamma so that gamma times a relevant gap is well above A.

    Cost: for each slate and rank one prediction and one update over all items that are left, without batches: about 2 ms per
    slate of five from 60 items and 8 ms from 500. It is for small shops or short runs. A loaded agent continues as before, but
    for Vowpal Wabbit's own random numbers, which `--bag` uses.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers, and of Vowpal Wabbit.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        arguments: further arguments of Vowpal Wabbit: exploration (`--epsilon`, `--softmax`, `--squarecb`, `--bag`, ...),
            interactions, learning rates.
        fields: the fields of the observation that are the context; "context" if None.

    Raises:
        ValueError: Vowpal Wabbit refuses the arguments.
        ImportError: it is not installed.
    """

    name = "vowpal-wabbit"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        arguments: str = ARGUMENTS,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.columns = problem.context(fields)
        self.buffer = DelayedFeedbackBuffer(problem)
        self.lines = ["|i " + _numbers(features) for features in problem.features]
        self._start(["--cb_explore_adf", "--random_seed", str(self.seed % 2**31), *shlex.split(arguments)])

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw from Vowpal Wabbit's probabilities, rank by rank."""
        observation = self._checked(observation)
        return self._slates(observation, self.random.random((len(observation), self.problem.slate_size)), allowed)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the most probable item at each rank."""
        observation = self._checked(observation)
        return self._slates(observation, None, self.eligible(observation, allowed)).slate

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn the impressions that are complete now: each choice, its cost and its probability."""
        observation, decision = self._checked_step(observation, decision, feedback)
        complete = self.buffer(observation, decision, feedback)
        if complete is None:
            return
        cost = -(complete.outcomes @ self.weights)
        for row, (context, items) in enumerate(self._offers(complete.observation)):
            left, positions = [self.items[item] for item in items], list(range(len(items)))
            for rank, position in enumerate(complete.slate[row].tolist()):
                at = positions.index(position)
                label = f"0:{cost[row, rank]:.9g}:{complete.propensity[row, rank]:.9g}"
                left[at] = self._example(f"{label} {self.lines[items[position]]}")
                self.workspace.learn([self._shared(context, rank), *left])
                del left[at], positions[at]

    def _slates(self, observation: Observation, draws: NDArray[np.float64] | None, allowed: Mask | None) -> Decision:
        """Slates by uniform random numbers (n, k), or the most probable ones if None.

        What may not be shown is left out of the probabilities, which Vowpal Wabbit gives by the items that it is shown.
        """
        n, k = len(observation), self.problem.slate_size
        slate = np.empty((n, k), np.int64)
        propensity = np.empty((n, k), np.float32)
        for row, (context, items) in enumerate(self._offers(observation)):
            one, choice = slice(row, row + 1), None
            if allowed is not None:
                choice = choice_of(self.problem, observation[one], allowed[one])
            positions = list(range(len(items)))
            for rank in range(k):
                if choice is not None:
                    positions = np.flatnonzero(choice.eligible()[0]).tolist()
                left = [self.items[items[position]] for position in positions]
                probability = np.array(self.workspace.predict([self._shared(context, rank), *left]))
                probability /= probability.sum()
                if draws is None:
                    at = int(probability.argmax())
                else:
                    bounds = probability.cumsum()
                    at = int(np.searchsorted(bounds, draws[row, rank] * bounds[-1], side="right"))
                slate[row, rank], propensity[row, rank] = positions[at], probability[at]
                if choice is not None:
                    choice.take(slate[one, rank])
                del positions[at]
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
        # Unlike examples of `Workspace.parse`, which must be returned to it, these are freed with their last reference.
        return self.workspace.example(line)

    def _offers(self, observation: Observation) -> Iterator[tuple[str, list[int]]]:
        """For each row the context, and the items that can be shown."""
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
