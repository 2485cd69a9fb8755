"""The agent interface: observations in, slates out, feedback in, all in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.common.inputs import check_decision, check_feedback, check_observation, check_seen, check_shown, offered
from slategym.agents.saving import load, save
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.sim.feedback import Feedback
from slategym.sim.layout import Layout
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.arrays import as_array
from slategym.utils.lookup import choose
from slategym.utils.short_repr import Brief

Observation = NDArray[np.float32]
KEPT = 100  # slates that the running mean counts for when the goal changes


@dataclass(frozen=True, repr=False)
class Problem(Brief):
    """The part of a world that an agent may know before it starts: items, observation layout, objectives; never the latent taste.

    Attributes:
        features: (m, d) float32, of the items.
        category: (m,) int64.
        price: (m,) float32.
        margin: (m,) float32.
        slate_size: k, the number of ranks.
        layout: the fields of the observation.
        objective_names: the names of the M objectives.
        longest_delay: the most steps by which a conversion is delayed; 0 if none is.
        bid: (m,) float32, the price that an advertiser pays for a click on the item.
        weights: (M,), the default weight of each objective.
        causes: (M,), the event that yields each objective: "click", "conversion" or "impression" (`Objective.cause`).
        candidates: C, the number of candidates in each observation; slates then hold positions among them. None: slates hold
            items.
    """

    features: NDArray[np.float32]
    category: NDArray[np.int64]
    price: NDArray[np.float32]
    margin: NDArray[np.float32]
    slate_size: int
    layout: Layout
    objective_names: tuple[str, ...]
    longest_delay: int
    bid: NDArray[np.float32]
    weights: tuple[float, ...]
    causes: tuple[str, ...]
    candidates: int | None = None

    def _told(self) -> Iterable[str]:
        yield f"{self.items:,} items" + ("" if self.candidates is None else f", {self.candidates:,} of them candidates")
        yield f"slates of {self.slate_size}"
        yield f"observations of {self.layout.size}"
        yield f"objectives {' '.join(self.objective_names)}"

    @staticmethod
    def of(world: World) -> Problem:
        """Describe a world with the items that have been launched.

        Args:
            world: the world that the agent acts in.
        """
        catalog, launched = world.catalog, slice(world.launched)
        return Problem(
            features=catalog.features[launched],
            category=catalog.category[launched],
            price=catalog.price[launched],
            margin=catalog.margin[launched],
            slate_size=world.slate_size,
            layout=world.layout,
            objective_names=world.objective_names,
            longest_delay=world.user_model.longest_delay,
            bid=catalog.bid[launched],
            weights=world.weights,
            causes=tuple(objective.cause for objective in world.objectives),
            candidates=world.candidates,
        )

    @property
    def items(self) -> int:
        """The number of items, m."""
        return len(self.features)

    @property
    def choices(self) -> int:
        """The number of items to choose from: C candidates, or all m items."""
        return self.items if self.candidates is None else self.candidates

    @property
    def fields(self) -> dict[str, slice]:
        """The columns of each field of the observation that describes the shopper: all but the candidates."""
        return {field.name: self.layout[field.name] for field in self.layout.fields if field.name != "candidates"}

    def context(self, names: Sequence[str] | None = None) -> NDArray[np.int64]:
        """(c,) the columns of the observation that a learner takes as context.

        Args:
            names: fields of the observation; by default "context", or none if there is no such field.

        Raises:
            ValueError: there is no field of that name; the message names the nearest ones.
        """
        known = self.fields
        default = ["context"] if "context" in known else []
        columns = np.arange(self.layout.size)
        parts = [columns[choose("field", name, known)] for name in (default if names is None else names)]
        return np.concatenate([columns[:0], *parts])

    @property
    def seen_columns(self) -> int:
        """The number of columns that `seen` returns."""
        return self.layout.size - (self.candidates or 0)

    def seen(self, observation: Observation) -> Observation:
        """(n, o - C) the observations without the candidates, which come last.

        Args:
            observation: (n, o) float32.

        Raises:
            ValueError: the observation has another shape.
        """
        check_seen(self, observation)
        return observation[:, : self.seen_columns]

    def candidates_in(self, observation: Observation) -> NDArray[np.int64] | None:
        """(n, C) int64, the candidates of observations; None if every item can be shown.

        Args:
            observation: (n, o) float32.

        Raises:
            ValueError: the observation has another shape, or a candidate is not an item.
        """
        return None if self.candidates is None else offered(self, observation)

    def shown(self, observation: Observation, slate: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n, k) int64, the items of slates, which hold positions if there are candidates, and items otherwise.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64.

        Raises:
            ValueError: the slate is invalid, or a candidate is not an item.
        """
        check_seen(self, observation)
        slate = check_shown(self, slate, len(observation))
        items = self.candidates_in(observation)
        return slate if items is None else np.take_along_axis(items, slate, axis=1)


@dataclass(frozen=True, repr=False)
class Decision(Brief):
    """The slates that an agent shows.

    Attributes:
        slate: (n, k) int64 items, best rank first; positions among the candidates if the observation has some.
        propensity: (n, k) float32, the probability of each choice given those above it; NaN if unknown.
    """

    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]


class Agent(Brief):
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

    name = "agent"
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

    def act(self, observation: Observation) -> Decision:
        """Choose a slate for each observation.

        Args:
            observation: (n, o) numbers.

        Raises:
            ValueError: the observation has another shape, a number is not finite, or a candidate is not an item.
        """
        return self.choose(self._checked(observation))

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
        count = len(observation)
        goal = self.scalarizer.at(self.slates)
        self.slates += count
        self.averaged += count
        self.value += (feedback.objectives.mean(axis=0, dtype=np.float64) - self.value) * (count / self.averaged)
        self.scalarizer.update(feedback.objectives)
        if self.scalarizer.at(self.slates) is not goal:
            self.averaged = min(self.averaged, KEPT)
        self._step = (observation, decision, feedback)
        try:
            self.learn(observation, decision, feedback)
        finally:
            self._step = ()

    def choose(self, observation: Observation) -> Decision:
        """Choose a slate for each observation. Every agent overrides it.

        Args:
            observation: (n, o) float32, checked.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define choose(observation) -> Decision")

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step; does nothing by default.

        Args:
            observation: (n, o) float32, checked.
            decision: the slates shown for it, checked.
            feedback: the answer to them, checked.
        """

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) int64, the slates that the agent estimates to be best, without exploration if it can choose without.

        Args:
            observation: (n, o) float32.
        """
        return self.choose(observation).slate

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
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose slates without learning, as Stable-Baselines3's `predict` does.

        Args:
            observation: (o,) one observation, or (n, o) a batch.
            state: returned unchanged.
            episode_start: ignored.
            deterministic: choose by `best`, without exploration, instead of `choose`.

        Returns:
            Slates (k,) or (n, k), and `state`.
        """
        batch = as_array(observation, "observation")
        rows = self._checked(batch[None] if batch.ndim == 1 else batch)
        slate = self.best(rows) if deterministic else self.choose(rows).slate
        return (slate[0] if batch.ndim == 1 else slate), state

    def attach(self, simulation: Simulation) -> None:
        """Give the agent, after it was loaded, the simulation that it is to act in; only the oracle looks at it.

        Args:
            simulation: the one that moves the shoppers of the observations.
        """

    def grow(self, problem: Problem) -> None:
        """Take on a catalogue that has more items behind the ones that the agent knows.

        Called by `load`, and by the runner when the world's schedule launches items: between `act` and `update` of the step
        before they can be shown.

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
        problem = Problem.of(problem) if isinstance(problem, World) else problem
        agent = load(Path(path), problem, trust)
        if not isinstance(agent, Agent):
            raise ValueError(f"{path} holds a {type(agent).__name__}: expected an agent")
        if problem.items > agent.problem.items:
            agent.grow(problem)
        return agent

    def _checked(self, observation: ArrayLike) -> Observation:
        """The observation as (n, o) float32, or a ValueError."""
        return check_observation(self.problem, observation)

    def _checked_step(self, observation: ArrayLike, decision: Decision, feedback: Feedback) -> tuple[Observation, Decision]:
        """The observation as (n, o) float32 and the decision's slate as (n, k) int64, or a ValueError."""
        step = (observation, decision, feedback)
        if self._step and all(one is other for one, other in zip(step, self._step, strict=True)):
            return self._step[0], self._step[1]
        batch = self._checked(observation)
        slate, propensity = check_decision(self.problem, decision, len(batch))
        check_feedback(self.problem, feedback, len(batch))
        same = slate is decision.slate and propensity is decision.propensity
        return batch, decision if same else Decision(slate, propensity)
