"""The agent interface: observations in, slates out, feedback in, all in batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.choosing.eligibility import best_of, choose_among, eligible
from slategym.agents.choosing.given_slates import certain, possible
from slategym.agents.common.inputs import check_observation, check_shown
from slategym.agents.common.pooling import is_pooled, mean
from slategym.agents.from_log.learning import learn_steps, steps_of
from slategym.agents.problem import Chances as Chances
from slategym.agents.problem import Decision as Decision
from slategym.agents.problem import Observation as Observation
from slategym.agents.problem import Problem as Problem
from slategym.agents.problem import Slate as Slate
from slategym.agents.problem import checked_step
from slategym.agents.saving import load, save
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.agents.telling import Telling
from slategym.logs.impressions import ImpressionLog
from slategym.logs.log import Log
from slategym.logs.segments import Segments
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.arrays import as_array
from slategym.utils.checked import checked
from slategym.utils.ranges import Count

PropensitySource = Literal["exact", "estimated", "unknown"]
DRAWS = 1000  # choices by which propensities are estimated
KEPT = 100  # slates that the running mean counts for when the goal changes


class Agent(Telling):
    """The base class of agents, which choose slates and learn from feedback.

    Callers use `act` and `update`. To write an agent, override `choose` and, if it learns, `learn`: `act` and `update` check
    their arguments and keep the mean objectives. (An agent may also override `act` and `update` themselves.)

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers, from 0 to 2**64 - 1.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.

    Raises:
        ValueError: the seed is out of its range, or the scalarizer has another number of objectives.

    Attributes:
        value: (M,) float64, the running mean of the objectives per slate, at which the scalarizer's weights are taken. When a
            schedule changes the goal, the mean so far counts as at most `KEPT` slates, so that the objectives under the new
            goal soon dominate it.
        slates: the number of slates that `update` has seen.
        averaged: the number of slates that `value` stands for.
    """

    _step: tuple[Any, ...] = ()  # the arguments that `update` has checked and `learn` need not check again

    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed!r}: expected a whole number from 0 to 2**64 - 1")
        self.problem = problem
        self.seed = int(seed)
        self.scalarizer = FixedSum(problem.weights) if scalarizer is None else scalarizer
        self.random = np.random.Generator(np.random.Philox(key=np.array([self.seed, 0x51A7E], np.uint64)))
        self.value = np.zeros(len(problem.objective_names))
        self.slates = 0
        self.averaged = 0
        if self.weights.shape != self.value.shape:
            names = ", ".join(problem.objective_names)
            raise ValueError(f"the scalarizer gives {self.weights.size} weights: expected one for each objective ({names})")

    def _told(self) -> Iterable[str]:
        known = vars(self)  # an agent under construction, or with a constructor of its own, has fewer attributes
        yield repr(self.name)
        yield from (f"{name}={known[name]!r}" for name in ("problem", "seed", "slates") if name in known)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(M,) the scalarizer's weights at the present value."""
        return self.scalarizer.weights(self.value)

    @property
    def propensities_are(self) -> PropensitySource:
        """Whether `propensities` are exact or estimates by draws; where they are unknown, only certain slates have some."""
        return "unknown"

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """Choose a slate for each observation, under the rules of the problem.

        Args:
            observation: (n, o) numbers.
            allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) of candidates. None: all.

        Raises:
            ValueError: the observation or the mask has another shape, a number is not finite, a candidate is not an item, too
                little is allowed for a slate, or the class defines no `choose(observation, allowed)`, which this takes.
        """
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        if mask is None:
            return self.choose(observation)
        decision = choose_among(self, observation, mask)
        return decision if decision.allowed is not None else replace(decision, allowed=mask)

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step.

        Args:
            observation: (n, o) float32, from before the step.
            decision: the slates shown for it, usually by `act`.
            feedback: the answer to them.

        Raises:
            ValueError: shapes or dtypes do not fit together, a number is not finite, or one is not an item, a rank or a row.
                Nothing has changed then.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        earned, count = mean(feedback.objectives, dtype=np.float64)
        goal = self.scalarizer.at(self.slates)
        self.slates += count
        self.averaged += count
        self.value += (earned - self.value) * (count / self.averaged)
        # Scalarizers go by the mean and the number of slates, which the other shards have their part in.
        self.scalarizer.update(np.broadcast_to(earned, (count, len(earned))) if is_pooled() else feedback.objectives)
        if self.scalarizer.at(self.slates) is not goal:
            self.averaged = min(self.averaged, KEPT)
        self._step = (observation, decision, feedback)
        try:
            self.learn(observation, decision, feedback)
        finally:
            self._step = ()

    @property
    def losses(self) -> Mapping[str, float]:
        """What the agent's last learning step says of itself, by name, for trackers; empty where it says nothing."""
        return {}

    @property
    def learns_alone(self) -> str:
        """Why copies of the agent cannot learn together over shards (`agents.common.pooling`); empty if they can.

        Agents that learn nothing can; those that learn override it, where they add up what they learn from.
        """
        learns = type(self).learn is not Agent.learn or type(self).update is not Agent.update
        return "what it learns from is not a sum over shoppers" if learns else ""

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose a slate for each observation. Every agent overrides it.

        A class may leave `allowed` out, and then acts neither under a mask nor under rules.

        Args:
            observation: (n, o) float32, checked.
            allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; checked. None: all may.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define choose(observation, allowed=None) -> Decision")

    def eligible(self, observation: Observation, allowed: ArrayLike | None = None) -> Mask | None:
        """(n, m) bool, the items that may be shown, or (n, C) of candidates; None where all may and there are no rules.

        Args:
            observation: (n, o) float32.
            allowed: as for `act`.

        Raises:
            ValueError: the mask has another shape, or too little is allowed for a slate; the message names the row.
        """
        return eligible(self.problem, observation, allowed)

    def best_of(self, scores: NDArray[Any], observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) int64, the slates of the highest sum of scores, best first, under a mask and the rules; ties: lowest column.

        Args:
            scores: (n, m), or (n, C) of candidates.
            observation: (n, o) float32.
            allowed: as `choose` gets it.

        Raises:
            ValueError: a NaN among the scores, or too little is allowed for a slate.
        """
        return best_of(self.problem, scores, observation, allowed)

    @checked
    def propensities(
        self, observation: Observation, slate: ArrayLike, allowed: ArrayLike | None = None, draws: Count = DRAWS
    ) -> NDArray[np.float64]:
        """(n, k) the probability with which the agent as it is now would choose each item of given slates.

        It is that of the item at its rank given those above it, so that the product over the ranks is the slate's; 0 where the
        mask, the rules or an item shown above rule the item out. `propensities_are` says whether they are exact or estimates
        by draws. Nothing changes, neither what is learned nor the agent's random numbers.

        Args:
            observation: (n, o) numbers.
            slate: (n, k) items, or positions among the candidates, as `act` gives them.
            allowed: as for `act`.
            draws: choices that are drawn where there is no formula; equal observations share them, and a probability p has the
                standard error sqrt(p (1 - p) / draws).

        Raises:
            ValueError: as `act`, the slate is invalid, or there are no draws.
            NotImplementedError: this kind of agent does not know; the message says what to do.
        """
        observation = self._checked(observation)
        shown, mask = check_shown(self.problem, slate, len(observation)), self.eligible(observation, allowed)
        may = possible(self.problem, observation, shown, mask)
        return np.where(may, self.chances(observation, shown, mask, draws), 0.0)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) what `propensities` gives, for checked arguments; by default 1 for the agent's own slates, if they are certain.

        Agents that know their probabilities override it.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64.
            allowed: as `choose` gets it.
            draws: how many, if draws it takes.
        """
        return certain(self, observation, slate, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step; does nothing by default.

        Args:
            observation: (n, o) float32, checked.
            decision: the slates shown for it, checked.
            feedback: the answer to them, checked.
        """

    def learn_log(self, log: Log | ImpressionLog, segments: Segments | None = None, *, correct: bool = True) -> int:
        """Learn every slate of a log in the order of time; `from_log.learning.learn_steps` says what is corrected for.

        Args:
            log: of impressions, or as slategym wrote it; of this agent's problem (`problem_of` a log, or a world's).
            segments: which the context is made of, for a log of impressions.
            correct: whether means of items are corrected for a biased logger.

        Returns:
            The number of slates.
        """
        return learn_steps(self, steps_of(log, self.problem, segments), correct=correct)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) int64, the slates that the agent estimates to be best, without exploration if it can choose without.

        Args:
            observation: (n, o) float32.
            allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None: all.
        """
        mask = self.eligible(observation, allowed)
        return (self.choose(observation) if mask is None else choose_among(self, observation, mask)).slate

    def with_weights(self, weights: ArrayLike) -> Self:
        """A view of the agent that chooses by other fixed weights, for `best` and `choose`, not for learning.

        It shares the agent's models. Agents with one model per objective, and conditioned ones, follow the weights at once;
        those that learn the weighted sum, such as "policy-gradient", choose as before.

        Args:
            weights: (M,), of each objective.

        Raises:
            ValueError: the number of weights is not that of the objectives.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)  # not copy: attributes that are left out of a saved agent are needed here
        other.scalarizer = FixedSum(weights)
        if other.weights.shape != self.value.shape:
            raise ValueError(f"weights is {weights!r}: expected one number for each of {', '.join(self.problem.objective_names)}")
        return other

    def predict(
        self,
        observation: NDArray[Any],
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
        allowed: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose slates without learning, as Stable-Baselines3's `predict` does.

        Args:
            observation: (o,) one observation, or (n, o) a batch.
            state: returned unchanged.
            episode_start: ignored.
            deterministic: choose by `best`, without exploration, instead of `choose`.
            allowed: as for `act`.

        Returns:
            Slates (k,) or (n, k), and `state`.
        """
        batch = as_array(observation, "observation")
        rows = self._checked(batch[None] if batch.ndim == 1 else batch)
        mask = self.eligible(rows, allowed)
        if deterministic:
            slate = self.best(rows) if mask is None else self.best(rows, mask)
        else:
            slate = (self.choose(rows) if mask is None else choose_among(self, rows, mask)).slate
        return (slate[0] if batch.ndim == 1 else slate), state

    def attach(self, simulation: Simulation) -> None:
        """Give the agent, after it was loaded, the simulation that it is to act in; only the oracle looks at it.

        Args:
            simulation: the one that moves the shoppers of the observations.
        """

    def grow(self, problem: Problem) -> None:
        """Take on a catalogue with more items behind those that the agent knows; called by `load`, and by `run` at a launch.

        Args:
            problem: the same one but for its further items.

        Raises:
            ValueError: this kind of agent cannot.
        """
        raise ValueError(f"{self.name} cannot take on more than its {self.problem.items:,} items: train it in the new world")

    def save(self, path: str | Path) -> None:
        """Write the agent, including its random state, to a file for `Agent.load`.

        Built-in agents are kept as arrays and JSON; a custom class, and objects of other libraries, as a pickle in the file.

        Args:
            path: of the file.

        Raises:
            WriteError: the disk refuses. Another error: it holds what cannot be pickled.
        """
        save(self, Path(path))

    @staticmethod
    def load(path: str | Path, problem: Problem | World, *, trust: bool = False) -> Agent:
        """Read an agent that `save` wrote, which continues exactly where it stopped.

        Nothing in the file is run, unless `trust` is set: a pickle, as of a custom agent, may run any code.

        Args:
            path: of the file.
            problem: where it is to act: as when it was saved, or with more items behind those, for agents that can `grow`.
            trust: load an agent that is kept as a pickle.

        Raises:
            ValueError: the file is damaged or not a saved agent, it was saved for another problem, or it needs `trust`.
        """
        agent = load(Path(path), Problem.of(problem) if isinstance(problem, World) else problem, trust, Agent)
        assert isinstance(agent, Agent)
        return agent

    def _checked(self, observation: ArrayLike) -> Observation:
        """The observation as (n, o) float32, or a ValueError."""
        return check_observation(self.problem, observation)

    def _checked_step(self, observation: ArrayLike, decision: Decision, feedback: Feedback) -> tuple[Observation, Decision]:
        """The observation as (n, o) float32 and the decision's slate as (n, k) int64, or a ValueError."""
        step = (observation, decision, feedback)
        if self._step and all(one is other for one, other in zip(step, self._step, strict=True)):
            return self._step[0], self._step[1]
        return checked_step(self.problem, *step)
