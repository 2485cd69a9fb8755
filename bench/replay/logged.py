"""Logs of any kind as steps of a problem, for agents that learn from them or are evaluated on them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Problem
from slategym.agents.common.shopper_memory import ended
from slategym.agents.from_log.impressions import Step, steps_of_impressions
from slategym.agents.from_log.problem import problem_of
from slategym.agents.from_log.slates import steps_of_slates
from slategym.agents.registry import agent_identity
from slategym.logs.impression_reading import read_impressions
from slategym.logs.log import Log
from slategym.logs.reading import read_log
from slategym.logs.schema import INDEX
from slategym.logs.segments import Segments
from slategym.sim.feedback import DelayedConversions
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import code_version, fingerprint

FITTED = "world.json"  # file of a fitted world


@dataclass(frozen=True, repr=False)
class LoggedSteps(Brief):
    """A log as steps.

    Attributes:
        problem: problem whose slates the log contains.
        steps: the steps in the order of time.
        segments: the segments that the context consists of; None for a log of slategym, which has its own observations.
        log: the log, if slategym wrote it.
        world: the world that made the log, if slategym wrote it.
        notes: assumptions, in sentences.
    """

    problem: Problem
    steps: tuple[Step, ...]
    segments: Segments | None = None
    log: Log | None = None
    world: World | None = None
    notes: tuple[str, ...] = ()

    def _told(self) -> Iterable[str]:
        yield f"{self.slates:,} slates of {self.problem.slate_size} in {len(self.steps):,} steps"

    @property
    def slates(self) -> int:
        """The number of slates."""
        return slates_of(self.steps)

    def halves(self, share: float = 0.5) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """The steps before and after a share of the slates.

        Args:
            share: share of the slates in the first part, from 0 to 1; steps are not divided.

        Raises:
            ValueError: a part would have no step.
        """
        ends = np.cumsum([len(observation) for observation, _, _ in self.steps])
        cut = int(np.searchsorted(ends, share * ends[-1] - 1e-9)) + 1 if share > 0 else 0
        if share > 0 and not 0 < cut < len(self.steps):
            raise ValueError(
                f"the log has {len(self.steps)} steps of {ends[-1]:,} slates, which cannot be divided at {share:g}: use a longer "
                "log, or fewer slates per step"
            )
        return self.steps[:cut], self.steps[cut:]


def slates_of(steps: Sequence[Step]) -> int:
    """The number of slates of steps.

    Args:
        steps: steps of a log.
    """
    return sum(len(observation) for observation, _, _ in steps)


def shoppers_of(steps: Sequence[Step]) -> NDArray[np.int64]:
    """(n,) the number of each slate's shopper. A row of the steps belongs to one shopper until the feedback ends the episode.

    Args:
        steps: steps of a log, in order. If a step has fewer rows than the one before, the rows that ended last are removed.
    """
    found: list[NDArray[np.int64]] = []
    number, over, count = np.zeros(0, np.int64), np.zeros(0, np.bool_), 0
    for observation, _, feedback in steps:
        n = len(observation)
        if n < len(number):
            stays = ~ended(over, n)
            number, over = number[stays], over[stays]
        fresh = np.ones(n, np.bool_)
        fresh[: len(number)] = over
        number = np.concatenate([number, np.zeros(n - len(number), np.int64)])
        number[fresh] = count + np.arange(fresh.sum())
        count += int(fresh.sum())
        found.append(number.copy())
        over = feedback.terminated | feedback.truncated
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def load_steps(
    path: str | Path,
    columns: str | None = None,
    *,
    encoding: str | None = None,
    world: str | None = None,
    ranks: int | None = None,
    rows: int = 1000,
    trust: bool = False,
) -> LoggedSteps:
    """Read a log as steps.

    Args:
        path: an output folder of `slategym simulate`, or any log of impressions.
        columns: meaning of the columns of a log of impressions, in the form of `--columns`.
        encoding: encoding of a CSV file.
        world: a world fitted to the log, or another world with the same items, in which trained agents can act; by default the
            problem is that of the log.
        ranks: number of ranks to use, from the top of each slate; by default all, or those that nearly all slates fill.
        rows: slates per step, in a log of impressions.
        trust: whether to run files that a log of slategym names.

    Raises:
        ValueError: it is not a log, or does not fit the world.
    """
    if is_slategym_log(path):
        if columns or world:
            given = "--columns" if columns else "--world"
            raise ValueError(f"{path} is a log of slategym, whose columns and world are known: leave out {given}")
        log = read_log(path)
        shop = log.world(trust=trust)
        problem = Problem.of(shop)
        steps = tuple(steps_of_slates(log, problem))
        if not steps:
            late = problem.longest_delay
            raise ValueError(
                f"{path} has too few steps: expected more than {late}, the longest delay of a conversion; "
                "run `slategym simulate` with more --slates or fewer --shoppers"
            )
        problem, steps = first_ranks(problem, steps, ranks)
        return LoggedSteps(problem, steps, None, log, shop)
    impressions = read_impressions(path, columns, encoding=encoding)
    if world is None:
        segments = Segments.fit(impressions)
        problem = problem_of(impressions, segments, slate_size=ranks)
    else:
        segments, problem = _of_fitted(world)
    steps = tuple(steps_of_impressions(impressions, problem, segments, rows=rows))
    left_out = impressions.slates - slates_of(steps)
    notes = [f"{left_out:,} slates with fewer than {problem.slate_size} items are left out."] if left_out else []
    shown = len(impressions) - slates_of(steps) * problem.slate_size
    if shown > left_out * problem.slate_size and impressions.ranks > problem.slate_size:
        notes.append(f"Only the first {problem.slate_size} of {impressions.ranks} ranks are used.")
    if impressions.ranks > 1 and len(impressions) == impressions.slates:
        notes.append("Every row is a slate with one item. Its rank is ignored, as if all ranks were examined equally.")
    return LoggedSteps(problem, steps, segments, notes=(*impressions.notes, *notes))


def fingerprint_of(logged: LoggedSteps, agents: Sequence[str], config: Mapping[str, Any]) -> str | None:
    """The fingerprint of a command on a log: equal for the same log, agents, configuration and code.

    Args:
        logged: the log.
        agents: names of the agents.
        config: configuration, as JSON values.

    Returns:
        The fingerprint; None if a part of it has no fingerprint.
    """
    try:
        agents_told = [agent_identity(name) for name in agents]
        return fingerprint([logged.problem, logged.steps, agents_told, dict(config), code_version()])
    except ValueError:
        return None


def is_slategym_log(path: str | Path) -> bool:
    """Whether a path is a log that slategym wrote, or a part of one.

    Args:
        path: path of a file or folder.
    """
    folder = Path(path)
    if folder.is_dir():
        return (folder / INDEX).is_file() or (folder / "log" / INDEX).is_file()
    return folder.suffix == ".parquet" and (folder.parent / INDEX).is_file()


def first_ranks(problem: Problem, steps: Sequence[Step], ranks: int | None) -> tuple[Problem, tuple[Step, ...]]:
    """A problem and its steps with only the first ranks.

    Args:
        problem: problem with longer slates.
        steps: its steps.
        ranks: number of ranks to keep; None for all.

    Raises:
        ValueError: there are fewer ranks, or an objective depends on whole slates.
    """
    if ranks is None or ranks == problem.slate_size:
        return problem, tuple(steps)
    if not 1 <= ranks < problem.slate_size:
        raise ValueError(f"ranks is {ranks}: expected 1 to {problem.slate_size}, the ranks of a slate")
    known = {"click", "conversion", "revenue", "profit", "ad-revenue"}
    for name in problem.objective_names:
        if name not in known:
            raise ValueError(f"the objective {name!r} depends on whole slates: leave out --ranks")
    shorter = replace(problem, slate_size=ranks)
    return shorter, tuple(_cut(problem, step, ranks) for step in steps)


def _cut(problem: Problem, step: Step, ranks: int) -> Step:
    observation, decision, feedback = step
    items = problem.shown(observation, decision.slate)[:, :ranks]
    clicks, conversions = feedback.clicks[:, :ranks], feedback.conversions[:, :ranks]
    revenue = feedback.revenue[:, :ranks]
    amounts = {
        "click": clicks,
        "conversion": conversions,
        "revenue": revenue,
        "profit": revenue * problem.margin[items],
        "ad-revenue": clicks * problem.bid[items],
    }
    objectives = np.stack([amounts[name].sum(axis=1) for name in problem.objective_names], axis=1).astype(np.float32)
    cut = replace(
        feedback,
        clicks=clicks,
        conversions=conversions,
        revenue=revenue,
        objectives=objectives,
        behaviours={name: amount[:, :ranks] for name, amount in feedback.behaviours.items()},
    )
    return observation, replace(decision, slate=decision.slate[:, :ranks], propensity=decision.propensity[:, :ranks]), cut


def some_rows(step: Step, rows: NDArray[np.bool_]) -> Step:
    """A step with only some of its rows.

    Args:
        step: a step without delayed conversions.
        rows: (n,) bool, the rows to keep.
    """
    observation, decision, feedback = step
    allowed = None if decision.allowed is None else decision.allowed[rows]
    chosen = replace(
        feedback,
        clicks=feedback.clicks[rows],
        conversions=feedback.conversions[rows],
        revenue=feedback.revenue[rows],
        objectives=feedback.objectives[rows],
        terminated=feedback.terminated[rows],
        truncated=feedback.truncated[rows],
        delayed=DelayedConversions.none(),
        next_observation=feedback.next_observation[rows],
        behaviours={name: amount[rows] for name, amount in feedback.behaviours.items()},
        days_away=None if feedback.days_away is None else feedback.days_away[rows],
    )
    return observation[rows], Decision(decision.slate[rows], decision.propensity[rows], allowed=allowed), chosen


def _of_fitted(world: str) -> tuple[Segments, Problem]:
    """The segments and the problem of a world that was fitted to a log.

    Raises:
        ValueError: it is not a fitted world.
    """
    path = Path(world)
    file = path / FITTED if path.is_dir() else path
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        segments = Segments.from_json(content["segments"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"--world is {world!r}: expected a folder that `slategym fit LOG --out FOLDER` wrote") from None
    return segments, Problem.of(make_world(world))
