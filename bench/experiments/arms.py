"""Two agents in one shop at the same time: each shopper is assigned to one of them, or they take turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.experiments.design import Pool
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.simulation import Simulation

Design = Literal["all-a", "all-b", "split", "split-shared", "switchback", "switchback-shared"]
DESIGNS: dict[Design, str] = {
    "split": "each shopper is assigned to one agent, and each agent learns from its own shoppers",
    "split-shared": "each shopper is assigned to one agent, and both agents learn from all shoppers",
    "switchback": "the agents take turns with all shoppers, and each learns from its own turns",
    "switchback-shared": "the agents take turns with all shoppers, and both learn from all turns",
}
SWITCHBACK: tuple[Design, ...] = ("switchback", "switchback-shared")
SHARED: tuple[Design, ...] = ("split-shared", "switchback-shared")
DELAYED = ("row", "age", "rank", "item", "revenue")
SEED = 0xA2A5


def rows_of(feedback: Feedback, rows: NDArray[np.int64]) -> Feedback:
    """The feedback of some rows of a batch, as the feedback of a smaller batch.

    Args:
        feedback: the feedback of n rows.
        rows: (r,), in ascending order.
    """
    delayed = feedback.delayed
    place = np.full(len(feedback.terminated), -1, np.int64)
    place[rows] = np.arange(len(rows))
    kept = place[delayed.row] >= 0
    arrived = DelayedConversions(
        place[delayed.row[kept]], delayed.age[kept], delayed.rank[kept], delayed.item[kept], delayed.revenue[kept]
    )
    arrays = {
        name: getattr(feedback, name)[rows]
        for name in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated", "next_observation")
    }
    return replace(feedback, delayed=arrived, **arrays)


class Turns:
    """The feedback of each agent's own turns, as if there were no other turns.

    A delayed conversion is reported to the agent that showed the item, at once or in its next turn, and its age counts only the
    steps of this agent. The objectives of a step are unchanged: they include the conversions of both agents that arrive in it.
    """

    def __init__(self) -> None:
        self._agent: list[int] = []  # the agent of each step
        self._before: list[tuple[int, int]] = []  # for each step, the number of earlier steps of each agent
        self._late: tuple[list[DelayedConversions], ...] = ([], [])

    def of_own(self, agent: int, feedback: Feedback) -> Feedback:
        """The feedback that an agent gets for the next step, which is its own.

        Args:
            agent: 0 or 1.
            feedback: the feedback to the slates of the step.
        """
        step = len(self._agent)
        before = self._before[-1] if self._before else (0, 0)
        if self._agent:
            before = (before[0] + (self._agent[-1] == 0), before[1] + (self._agent[-1] == 1))
        self._agent.append(agent)
        self._before.append(before)
        delayed, shown = feedback.delayed, step - feedback.delayed.age
        agents, counts = np.array(self._agent), np.array(self._before)
        for other in (0, 1):
            theirs = np.flatnonzero(agents[shown] == other)
            if len(theirs):  # store the agent's step of the impression in place of the age
                parts = {name: getattr(delayed, name)[theirs] for name in DELAYED}
                self._late[other].append(DelayedConversions(**{**parts, "age": counts[shown[theirs], other]}))
        known = self._late[agent]
        late = {name: np.concatenate([getattr(each, name) for each in known]) for name in DELAYED} if known else {}
        known.clear()
        arrived = DelayedConversions(**{**late, "age": before[agent] - late["age"]}) if late else DelayedConversions.none()
        return replace(feedback, delayed=arrived)


class Arms:
    """Two agents that act as one, and the rewards from the slates of each.

    Args:
        simulation: the simulation of the run.
        seed: the seed of the agents.
        scalarizer: the scalarizer of both agents.
        agents: the names of the first and the second agent.
        design: which agent shows a shopper the slates, and which learns from the answer.
        share: the share of the rows that belong to the second agent, if each shopper is assigned to one agent.
        window: the number of steps of a turn, if the agents take turns.
        start: the first step whose rewards count.
    """

    def __init__(
        self,
        simulation: Simulation,
        seed: int,
        scalarizer: Scalarizer,
        agents: tuple[str, str],
        design: Design,
        share: float,
        window: int,
        start: int,
    ) -> None:
        self.simulation, self.design, self.window, self.start, self.step = simulation, design, window, start, 0
        self.agents: list[Agent] = [make_agent(name, simulation, seed, scalarizer) for name in agents]
        order = np.random.Generator(np.random.Philox(SEED)).permutation(len(simulation))
        count = {"all-a": 0, "all-b": len(simulation)}.get(design, round(share * len(simulation)))
        of_b = np.zeros(len(simulation), np.bool_)
        of_b[order[:count]] = True
        self.of_b = of_b
        objectives = len(simulation.world.objective_names)
        self.slates = np.zeros(2)
        self.sums, self.squares = np.zeros((2, objectives + 1)), np.zeros((2, objectives + 1))
        self._turns = Turns()
        self._weights = np.asarray(simulation.world.weights, np.float64)

    def act(self, observation: Observation) -> Decision:
        """The slates, each from the agent of its row."""
        rows = self._rows()
        decisions = [agent.act(observation[some]) if len(some) else None for agent, some in zip(self.agents, rows, strict=True)]
        k = self.simulation.world.slate_size
        slate, propensity = np.zeros((len(observation), k), np.int64), np.full((len(observation), k), np.nan, np.float32)
        for decision, some in zip(decisions, rows, strict=True):
            if decision is not None:
                slate[some], propensity[some] = decision.slate, decision.propensity
        return Decision(slate, propensity)

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Let each agent learn from its own rows, or from all rows."""
        rows = self._rows()
        for agent, some in zip(self.agents, rows, strict=True):
            if self.design in SHARED:
                agent.update(observation, decision, feedback)
            elif self.design == "switchback" and len(some):
                agent.update(observation, decision, self._turns.of_own(self.agents.index(agent), feedback))
            elif len(some):
                own = Decision(decision.slate[some], decision.propensity[some])
                agent.update(observation[some], own, rows_of(feedback, some))
        if self.step >= self.start:
            earned = np.concatenate([feedback.objectives @ self._weights[:, None], feedback.objectives], axis=1)
            for arm, some in enumerate(rows):
                self.slates[arm] += len(some)
                self.sums[arm] += earned[some].sum(axis=0)
                self.squares[arm] += (earned[some] ** 2).sum(axis=0)
        self.step += 1

    def per_slate(self) -> NDArray[np.float64]:
        """(2, 1 + M) the value and the objectives per slate of each agent; NaN for an agent that showed no slates."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sums / self.slates[:, None])

    def mean_squares(self, arm: int) -> NDArray[np.float64]:
        """(1 + M,) the mean squares of a slate's value and objectives, for one agent."""
        return np.asarray(self.squares[arm] / self.slates[arm])

    def _rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        every = np.arange(len(self.of_b))
        if self.design in SWITCHBACK:
            turn = (self.step // self.window) % 2
            return (every, every[:0]) if turn == 0 else (every[:0], every)
        return every[~self.of_b], every[self.of_b]


def maker(**options: Any) -> tuple[Callable[[Simulation, int, Scalarizer], Any], list[Arms]]:
    """A function that makes `Arms` for a run, and the list that it appends them to.

    Args:
        **options: the arguments of `Arms` that the run does not provide.
    """
    made: list[Arms] = []

    def make(simulation: Simulation, seed: int, scalarizer: Scalarizer) -> Arms:
        made.append(Arms(simulation, seed, scalarizer, **options))
        return made[-1]

    return make, made


def pool_of(totals: NDArray[np.float64], visits: NDArray[np.int64], weights: NDArray[np.float64], squares: Any) -> Pool:
    """The pool of an agent's shoppers, with the value in the first column and then the objectives.

    Args:
        totals: (e, M), the objectives of each episode.
        visits: (e,), the number of visits of each episode.
        weights: (M,), the weights of the objectives.
        squares: (1 + M,) mean squares of a slate's value and objectives.
    """
    return Pool(np.concatenate([(totals @ weights)[:, None], totals], axis=1), visits.astype(np.float64), squares)
