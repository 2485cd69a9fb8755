"""The agent interface: `act` chooses slates for a batch of observations, and `update` learns from the feedback."""

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
DRAWS = 1000  # draws for estimated propensities
KEPT = 100  # largest weight of the running mean, in slates, after a change of the goal


class Agent(Telling):
    """The base class of agents, which choose slates and learn from feedback.

    Callers use `act` and `update`. To write an agent, override `choose` and, if it learns, `learn`: `act` and `update` check
    their arguments and update the mean objectives. (An agent may also override `act` and `update` themselves.)

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers, from 0 to 2**64 - 1.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.

    Raises:
        ValueError: the seed is out of its range, or the scalarizer is made for another number of objectives.

    Attributes:
        value: (M,) float64, the running mean of the objectives per slate, from which the scalarizer computes its weights. When
            a schedule changes the goal, the mean so far counts as at most `KEPT` slates, so that slates under the new goal soon
            dominate it.
        slates: the number of slates learned from.
        averaged: the number of slates that `value` counts as.
    """

    _step: tuple[Any, ...] = ()  # the arguments that `update` has checked, so that `learn` does not check them again

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
        known = vars(self)  # some attributes are missing during construction, or if a subclass does not call this constructor
        yield repr(self.name)
        yield from (f"{name}={known[name]!r}" for name in ("problem", "seed", "slates") if name in known)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(M,) the scalarizer's weights at the current `value`."""
        return self.scalarizer.weights(self.value)

    @property
    def propensities_are(self) -> PropensitySource:
        """How `propensities` are computed: "exact"; "estimated", by draws; or "unknown": only for deterministic choices."""
        return "unknown"

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """Choose a slate for each observation, under the rules of the problem.

        Args:
            observation: (n, o) numbers.
            allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) for candidates. None: all.

        Raises:
            ValueError: the observation or the mask has a wrong shape, a number is not finite, a candidate is not an item, fewer
                items are allowed than a slate needs, or there is a mask or a rule and the class does not define
                `choose(observation, allowed)`.
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
            decision: the slates shown for it, usually from `act`.
            feedback: the shoppers' answer to the slates.

        Raises:
            ValueError: shapes or dtypes do not match, a number is not finite, or an item, a rank or a row does not exist. The
                agent is unchanged in this case.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        earned, count = mean(feedback.objectives, dtype=np.float64)
        goal = self.scalarizer.at(self.slates)
        self.slates += count
        self.averaged += count
        self.value += (earned - self.value) * (count / self.averaged)
        # A scalarizer uses the mean and the number of slates alone; with shards, both are of all shards.
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
        """Metrics of the last learning step by name, such as losses, for trackers; empty if the agent reports none."""
        return {}

    @property
    def learns_alone(self) -> str:
        """Why copies of the agent cannot learn together across shards (`agents.common.pooling`); empty if they can.

        Agents that do not learn can. An agent that learns from sums over all shards overrides this to return an empty string.
        """
        learns = type(self).learn is not Agent.learn or type(self).update is not Agent.update
        return "it does not learn from sums over shoppers" if learns else ""

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose a slate for each observation. Every agent overrides this method.

        A class may omit the argument `allowed`. It then supports neither masks nor rules.

        Args:
            observation: (n, o) float32, checked.
            allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; checked. None: all.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define choose(observation, allowed=None) -> Decision")

    def eligible(self, observation: Observation, allowed: ArrayLike | None = None) -> Mask | None:
        """(n, m) bool, the items that may be shown, or (n, C) for candidates; None if all may be shown and there are no rules.

        Args:
            observation: (n, o) float32.
            allowed: as for `act`.

        Raises:
            ValueError: the mask has a wrong shape, or fewer items are allowed than a slate needs; the message names the row.
        """
        return eligible(self.problem, observation, allowed)

    def best_of(self, scores: NDArray[Any], observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) int64, the slates with the highest sums of scores under a mask and the rules, best item first.

        Ties: lowest column.

        Args:
            scores: (n, m), or (n, C) for candidates.
            observation: (n, o) float32.
            allowed: as for `choose`.

        Raises:
            ValueError: a score is NaN, or fewer items are allowed than a slate needs.
        """
        return best_of(self.problem, scores, observation, allowed)

    @checked
    def propensities(
        self, observation: Observation, slate: ArrayLike, allowed: ArrayLike | None = None, draws: Count = DRAWS
    ) -> NDArray[np.float64]:
        """(n, k) the probability with which the agent in its current state would choose each item of given slates.

        The probability of an item is conditional on the items above it, so the product over the ranks is the probability of the
        slate. It is 0 for an item that the mask or the rules exclude, or that is shown above. `propensities_are` says whether
        the probabilities are exact or estimated by draws. Neither the agent nor its random state changes.

        Args:
            observation: (n, o) numbers.
            slate: (n, k) items, or positions among the candidates, as in decisions of `act`.
            allowed: as for `act`.
            draws: number of random choices, for agents without a formula. Equal observations share the choices; the standard
                error of a probability p is sqrt(p (1 - p) / draws).

        Raises:
            ValueError: as for `act`, the slate is invalid, or `draws` is 0.
            NotImplementedError: this kind of agent cannot compute them; the message says what to do.
        """
        observation = self._checked(observation)
        shown, mask = check_shown(self.problem, slate, len(observation)), self.eligible(observation, allowed)
        may = possible(self.problem, observation, shown, mask)
        return np.where(may, self.chances(observation, shown, mask, draws), 0.0)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the result of `propensities`, for checked arguments.

        By default 1 for the agent's own slates and 0 for others, if the agent chooses deterministically. Agents with a formula
        for their probabilities, or that estimate them by draws, override this method.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64.
            allowed: as for `choose`.
            draws: number of draws, if the agent estimates by draws.
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
        """Learn from every slate of a log in chronological order; `from_log.learning.learn_steps` describes the corrections.

        Args:
            log: a log of impressions or a log that slategym wrote. The agent must be made for the problem of the log
                (`problem_of`) or of its world.
            segments: the segments that form the context, for a log of impressions.
            correct: whether item means and policies are corrected for a biased logging policy.

        Returns:
            The number of slates.
        """
        return learn_steps(self, steps_of(log, self.problem, segments), correct=correct)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) int64, the slates that the agent estimates to be best, without exploration if it can choose without.

        Args:
            observation: (n, o) float32.
            allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        """
        mask = self.eligible(observation, allowed)
        return (self.choose(observation) if mask is None else choose_among(self, observation, mask)).slate

    def with_weights(self, weights: ArrayLike) -> Self:
        """A view of the agent with other fixed weights, for `best` and `choose` but not for learning.

        It shares the agent's models. Agents with one model per objective, and conditioned agents, apply the weights at once;
        agents that learn the weighted sum, such as "policy-gradient", choose as before.

        Args:
            weights: (M,), the weight of each objective.

        Raises:
            ValueError: there is not one weight for each objective.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)  # not `copy`, which omits the attributes that a saved agent lacks
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
            deterministic: use `best`, without exploration, instead of `choose`.
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
        """Give a loaded agent the simulation that it will act in; only the oracle uses it.

        Args:
            simulation: the simulation that the observations come from.
        """

    def grow(self, problem: Problem) -> None:
        """Extend the agent to a catalogue with new items after the known ones; called by `load`, and by `run` at a launch.

        Args:
            problem: the same problem, with new items.

        Raises:
            ValueError: this kind of agent cannot add items.
        """
        raise ValueError(f"{self.name} cannot add items to its {self.problem.items:,}: train it in the new world")

    def save(self, path: str | Path) -> None:
        """Write the agent, including its random state, to a file for `Agent.load`.

        Built-in agents are stored as arrays and JSON; custom classes and objects of other libraries as a pickle in the file.

        Args:
            path: path of the file.

        Raises:
            WriteError: the file cannot be written. Any other error: the agent holds an object that cannot be pickled.
        """
        save(self, Path(path))

    @staticmethod
    def load(path: str | Path, problem: Problem | World, *, trust: bool = False) -> Agent:
        """Read an agent that `save` wrote; it continues exactly where it stopped.

        No code of the file is run, unless `trust` is set: a pickle, such as that of a custom agent, may run any code.

        Args:
            path: path of the file.
            problem: the problem or world to act in: the one for which the agent was saved, or the same with new items after the
                known ones, for agents that can `grow`.
            trust: whether to load an agent that is stored as a pickle.

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
