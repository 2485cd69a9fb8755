"""Records a run while it is in progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.cold_start import ColdStartRecorder
from slategym.bench.execution.episodes import EpisodeRecorder
from slategym.bench.execution.evaluator import Evaluator, SlateReferences
from slategym.bench.execution.exactness import Exactness, ExactSample
from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.trace import Trace
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
EPISODES_OF = 1_000_000  # with more rows, a run in shards records the episodes of some rows only, of this number at least


class Recorder:
    """The columns of a run, with one row per step, and its totals.

    Args:
        world: the world in which the slates are shown.
        slates: the total number of slates.
        shoppers: n, the number of shoppers in each step.
        exact: which slates are evaluated.
        baseline: gives the weights for the oracle and the references.
        oracle: whether the agent is the oracle, whose slates need not be computed twice.
        references: other slates to evaluate, or None.
        part: the rows that this process simulates, if the run is divided into shards, whose steps must all be complete; all by
            default. For a part, cold start is not recorded, and with very many shoppers only the episodes of evenly spaced rows.
    """

    def __init__(
        self,
        world: World,
        slates: int,
        shoppers: int,
        exact: Exactness,
        baseline: RegretBaseline,
        oracle: bool = False,
        references: SlateReferences | None = None,
        part: range | None = None,
    ) -> None:
        self.world, self.asked, self.count = world, slates, shoppers
        self.steps = -(-slates // shoppers)
        self.slates = np.full(self.steps, shoppers if part is None else len(part))
        if part is None:
            self.slates[-1] = slates - (self.steps - 1) * shoppers
        every = 1 if part is None else max(shoppers // EPISODES_OF, 1)
        self.followed = slice(0 if part is None else -part.start % every, None, every)
        sample = ExactSample(world, exact, self.steps, shoppers, slates, part)
        self.evaluator = Evaluator(world, sample, shoppers, baseline, oracle, references)
        shape = (self.steps, len(world.objective_names))
        self.columns = {
            **{name: np.full(shape, np.nan) for name in ("objectives", "weights", *self.evaluator.names)},
            "seconds": np.zeros(self.steps),
            "latency": np.zeros(self.steps),
            "evaluated": np.zeros(self.steps, np.int64),
        }
        self.cold_start = ColdStartRecorder(world, self.steps, exact if part is None else "off")
        self.begin()

    def begin(self) -> None:
        """Set the totals to 0."""
        objectives = len(self.world.objective_names)
        self.evaluator.waiting.clear()
        self.impressions = np.zeros(self.world.catalog.size, np.int64)
        self.segments = np.zeros((0, 1 + objectives))
        self.episodes = EpisodeRecorder(len(range(*self.followed.indices(int(self.slates.max())))), objectives)
        self.cold_start.begin()

    def evaluate(self, step: int, shoppers: Shoppers, slate: Items) -> None:
        """Evaluate the slates of a step that are in the sample or contain new items, before they are shown.

        Args:
            step: the number of the step.
            shoppers: n shoppers.
            slate: (n, k).
        """
        counted = int(self.slates[step])
        self.evaluator.add(step, counted, shoppers, slate, self.columns)
        if len(self.cold_start.items):
            self.cold_start.add(step, counted, shoppers, slate, self.evaluator.baseline.at(step * self.count).weights)

    def record(self, step: int, who: Mapping[str, NDArray[Any]], items: Items, feedback: Feedback) -> None:
        """Record the answer to the slates of a step.

        Args:
            step: the number of the step.
            who: (n,) arrays of the shoppers' `identity`, `visit`, and `segment` if there are segments.
            items: (n, k), the items shown.
            feedback: the answer.
        """
        counted = slice(0, int(self.slates[step]))
        self.columns["objectives"][step] = feedback.objectives[counted].mean(axis=0, dtype=np.float64)
        self.impressions += np.bincount(items[counted].ravel(), minlength=len(self.impressions))
        of_episodes = (feedback.objectives, feedback.terminated, feedback.truncated)
        self.episodes.record(step, *(array[self.followed] for array in (who["identity"], who["visit"], *of_episodes)))
        if "segment" in who:
            segment = who["segment"][counted].astype(np.int64)
            if segment.max() >= len(self.segments):
                more = np.zeros((int(segment.max()) + 1 - len(self.segments), self.segments.shape[1]))
                self.segments = np.concatenate([self.segments, more])
            self.segments[:, 0] += np.bincount(segment, minlength=len(self.segments))
            for number, reward in enumerate(feedback.objectives[counted].T):
                self.segments[:, 1 + number] += np.bincount(segment, reward, len(self.segments))

    def state(self, done: int) -> dict[str, Any]:
        """The state that `restore` needs to continue after `done` steps."""
        return {
            "columns": {name: column[:done] for name, column in self.columns.items()},
            "impressions": self.impressions.copy(),
            "segments": self.segments.copy(),
            "episodes": self.episodes.state(),
            "cold_start": self.cold_start.state(),
            "waiting": list(self.evaluator.waiting),
        }

    def restore(self, done: int, state: Mapping[str, Any]) -> None:
        """Continue from a saved state.

        Args:
            done: the number of steps that were done.
            state: the value that `state` returned.

        Raises:
            KeyError: the state is from a run with other columns.
        """
        kept = {name: state["columns"][name] for name in self.columns}
        for name, column in kept.items():
            self.columns[name][:done] = column
        self.impressions, self.segments = state["impressions"].copy(), state["segments"].copy()
        self.episodes.restore(state["episodes"])
        self.cold_start.restore(state["cold_start"])
        self.evaluator.waiting[:] = [tuple(each) for each in state["waiting"]]

    def trace(self, done: int, scalarized: bool) -> Trace:
        """The record of the run.

        Args:
            done: the number of steps that were done.
            scalarized: whether the run had a scalarizer.
        """
        self.evaluator.evaluate(self.columns)
        kept = {name: column[:done] for name, column in self.columns.items()}
        references = self.evaluator.references
        return Trace(
            self.slates[:done],
            shoppers=self.count,
            asked=self.asked,
            baseline=self.evaluator.baseline if scalarized else None,
            episodes=self.episodes.episodes(done, self.world.visits),
            impressions=self.impressions,
            segments=self.segments if len(self.segments) else None,
            references={name: kept.pop(name) for name in references.names} if references else {},
            observed=references.goals if references else None,
            cold_start=self.cold_start.result(),
            **kept,
        )
