"""Checks of the arrays that are passed to agents, made before anything changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.feedback import Feedback, check_delayed
from slategym.sim.slate import Items, check_slate
from slategym.utils.arrays import as_array, as_numbers, check_array, check_finite, check_mask

if TYPE_CHECKING:
    from slategym.agents.problem import Problem

Observation = NDArray[np.float32]
MOST = 1.00001  # the largest probability, allowing for rounding


def check_observation(problem: Problem, observation: ArrayLike, name: str = "observation") -> Observation:
    """Check an observation.

    Args:
        problem: defines the layout and the number of items.
        observation: (n, o) numbers.
        name: name of the array in error messages.

    Returns:
        (n, o) float32.

    Raises:
        ValueError: the shape is wrong, a number is not finite, or a candidate is not an item.
    """
    batch = _float32(observation, name)
    layout = problem.layout
    if batch.ndim != 2 or batch.shape[1] != layout.size:
        raise ValueError(f"{name} has shape {batch.shape}: expected (n, {layout.size}), one row per shopper")
    if not np.isfinite(batch).all():
        row, column = np.argwhere(~np.isfinite(batch))[0]
        field = next(field.name for field in layout.fields if column < layout[field.name].stop)
        raise ValueError(f"{name}[{row}, {column}] ({field}) is {batch[row, column]}: expected a finite number")
    if problem.candidates is not None:
        _check_candidates(problem, batch, name)
    return batch


def offered(problem: Problem, observation: ArrayLike) -> Items:
    """(n, C) int64, the candidates of observations (n, o).

    Raises:
        ValueError: the shape is wrong, or a candidate is not an item; the message names row, column, value and range.
    """
    batch = _float32(observation, "observation")
    _check_width(problem, batch, "observation")
    items: Items = _check_candidates(problem, batch, "observation").astype(np.int64)
    return items


def check_seen(problem: Problem, observation: Observation) -> None:
    """Check the shape of an observation.

    Raises:
        ValueError: the shape is not (n, o).
    """
    _check_width(problem, as_array(observation, "observation"), "observation")


def check_decision(problem: Problem, decision: Any, count: int) -> tuple[Items, NDArray[np.float32]]:
    """Check a decision.

    Args:
        problem: defines the slate size and the number of items or candidates.
        decision: an object with the attributes `slate` and `propensity`.
        count: n, the number of observations.

    Returns:
        The slate (n, k) int64 and the propensity (n, k) float32.

    Raises:
        ValueError: it is not a decision, a shape is wrong, the slate is invalid, or a propensity is neither a probability nor
            NaN.
    """
    if not hasattr(decision, "slate") or not hasattr(decision, "propensity"):
        raise ValueError(f"decision is a {type(decision).__name__}: expected a Decision, as returned by `act`")
    slate = check_shown(problem, decision.slate, count, "decision.slate")
    propensity = decision.propensity
    check_array(propensity, slate.shape, "decision.propensity", "fiu", "probabilities, NaN where unknown")
    bad = (propensity < 0) | (propensity > MOST)
    if bad.any():
        row, rank = np.argwhere(bad)[0]
        raise ValueError(
            f"decision.propensity[{row}, {rank}] is {propensity[row, rank]:g}: expected a probability 0..1, or NaN if unknown"
        )
    return slate, propensity.astype(np.float32, copy=False)


def check_shown(problem: Problem, slate: ArrayLike, count: int, name: str = "slate") -> Items:
    """Check a slate of items, or of positions if there are candidates.

    Args:
        problem: defines the slate size and the number of items or candidates.
        slate: (n, k) whole numbers.
        count: n, the number of observations.
        name: name of the array in error messages.

    Returns:
        (n, k) int64.

    Raises:
        ValueError: as for `slategym.sim.slate.check_slate`.
    """
    what = "an item" if problem.candidates is None else "a position among the candidates"
    return check_slate(slate, count, problem.slate_size, problem.choices, what, name)


def check_feedback(problem: Problem, feedback: Any, count: int) -> None:
    """Check a feedback.

    Args:
        problem: defines the shapes.
        feedback: the object to check.
        count: n, the number of slates that the feedback is for.

    Raises:
        ValueError: it is not a feedback, the shape or dtype of an array is wrong, a number is not finite, a delayed conversion
            belongs to no impression, or the next observation is invalid.
    """
    if not isinstance(feedback, Feedback):
        raise ValueError(f"feedback is a {type(feedback).__name__}: expected a Feedback, as returned by `Simulation.show`")
    by_rank, by_row = (count, problem.slate_size), (count,)
    check_mask(feedback.clicks, by_rank, "feedback.clicks")
    check_mask(feedback.conversions, by_rank, "feedback.conversions")
    check_finite(feedback.revenue, by_rank, "feedback.revenue")
    objectives = feedback.objectives
    check_array(objectives, (count, len(problem.objective_names)), "feedback.objectives", "fiu", "numbers")
    if not np.isfinite(objectives).all():
        row, column = np.argwhere(~np.isfinite(objectives))[0]
        which = f"feedback.objectives[{row}, {column}] ({problem.objective_names[column]})"
        raise ValueError(f"{which} is {objectives[row, column]}: expected a finite number")
    check_mask(feedback.terminated, by_row, "feedback.terminated")
    check_mask(feedback.truncated, by_row, "feedback.truncated")
    check_delayed(feedback.delayed, count, problem.slate_size, problem.items, problem.longest_delay)
    after = feedback.next_observation
    if isinstance(after, np.ndarray) and after.shape == (count, 0):  # omitted (`Feedback.of`): most agents do not need it
        return
    after = check_observation(problem, after, "feedback.next_observation")
    if len(after) != count:
        raise ValueError(f"feedback.next_observation has shape {after.shape}: expected {count} rows, one per shopper")


def _float32(values: ArrayLike, name: str) -> Observation:
    array = np.ascontiguousarray(as_numbers(values, name))  # torch's rounding depends on the memory layout
    if array.dtype == np.float32:
        return array
    with np.errstate(over="ignore"):  # too large numbers become infinite, which raises an error later
        return array.astype(np.float32)


def _check_width(problem: Problem, observation: Observation, name: str) -> None:
    if observation.ndim != 2 or observation.shape[1] != problem.layout.size:
        raise ValueError(f"{name} has shape {observation.shape}: expected (n, {problem.layout.size}), one row per shopper")


def _check_candidates(problem: Problem, observation: Observation, name: str) -> Observation:
    """(n, C) the columns of the candidates, after checking that all are items."""
    from slategym.sim.kernel.batch import not_an_item  # compiled, so not on import

    where = problem.layout["candidates"]
    shown = observation[:, where]
    bad = not_an_item(observation, where.start, where.stop, problem.items)
    if bad >= 0:
        row, column = divmod(bad, shown.shape[1])
        raise ValueError(
            f"{name}[{row}, {where.start + column}] (candidates) = {shown[row, column]:g} is not an item: "
            f"expected 0..{problem.items - 1}"
        )
    return shown
