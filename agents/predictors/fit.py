"""Training epochs over a log: batches in random order, and early stopping by the loss on later slates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from slategym.agents.base import Observation
from slategym.agents.estimates import Estimates
from slategym.agents.from_log.following import followed, learned
from slategym.agents.from_log.impressions import Step
from slategym.agents.predictors.agent import Predictor
from slategym.utils.checked import checked
from slategym.utils.ranges import Count

LEAST = 1e-7  # smallest probability whose logarithm is taken


@dataclass(frozen=True)
class FitHistory:
    """The losses of the epochs of a fit.

    Attributes:
        training: for each epoch the mean of its batches' losses, which the networks minimise.
        validation: after each epoch, the negative log-likelihood per impression of clicks and of conversions of clicks.
        best: the epoch, from 1, with the lowest validation loss, whose weights are kept.
        stopped: whether the fit ended before the last epoch.
    """

    training: tuple[float, ...]
    validation: tuple[float, ...]
    best: int
    stopped: bool


@checked
def fit(
    agent: Predictor,
    slates: Iterable[Step],
    validation: Sequence[Step],
    *,
    epochs: Count = 20,
    patience: Count = 3,
    progress: Callable[[int], None] | None = None,
    report: Callable[[float, float], None] | None = None,
) -> FitHistory:
    """Train a predictor on a log in epochs. Afterwards it can continue to learn online, with the log in its replay.

    If there are more slates than the agent's `replay`, the latest are learned. All conversions in the steps count as known, and
    conversions in the validation steps count for their impressions. The examination of ranks is learned too, unless it is given;
    the estimates of earlier epochs count half as much in each later one.

    Args:
        agent: a predictor, new or already trained.
        slates: steps in chronological order.
        validation: later steps, which are not learned from.
        epochs: largest number of epochs.
        patience: number of epochs without a lower validation loss after which training stops.
        progress: called after each epoch with the number of epochs so far.
        report: called after each epoch with its losses: training, validation (see `FitHistory`).

    Returns:
        The losses. The agent has the weights of the best epoch.

    Raises:
        ValueError: there are no slates, an option is out of its range, or a step does not match the agent's problem.
    """
    agent.only_remembers = True
    try:
        for step in learned(agent, slates):
            agent.update(*step)
    finally:
        agent.only_remembers = False
    known = len(agent.replay)
    if known == 0 or not validation:
        which = "validation" if known else "slates"
        raise ValueError(f"{which} is empty: expected at least one step with slates to learn from and one for validation")
    agent.replay.steps += agent.problem.longest_delay  # no more conversions can arrive for these slates
    agent.replay.starts = []
    training: list[float] = []
    losses: list[float] = []
    best, kept = 0, _weights_of(agent)
    while len(losses) < epochs and len(losses) - best < patience:
        training.append(_epoch(agent, agent.replay.count - 1 - agent.random.permutation(known)))
        losses.append(validation_loss(agent, validation))
        if losses[-1] < losses[best - 1] or best == 0:
            best, kept = len(losses), _weights_of(agent)
        if report:
            report(training[-1], losses[-1])
        if progress:
            progress(len(losses))
    _restore(agent, kept)
    return FitHistory(tuple(training), tuple(losses), best, len(losses) < epochs)


def validation_loss(agent: Predictor, steps: Sequence[Step]) -> float:
    """The negative log-likelihood per impression of clicks and of conversions of clicks; the predictor does not change.

    Args:
        agent: a predictor.
        steps: steps of its problem, after those that it has recorded.
    """
    total, count = 0.0, 0
    relative = agent.position_bias.relative
    for (observation, decision, feedback), conversions in zip(followed(agent, steps), conversions_of(steps), strict=True):
        found = predicted(agent, observation, decision.slate)
        total += _surprise(found.click.astype(np.float64) * (relative / relative.max()), feedback.clicks).sum()
        total += _surprise(found.conversion.astype(np.float64), conversions)[feedback.clicks].sum()
        count += feedback.clicks.size
    return float(total / max(count, 1))


def conversions_of(steps: Sequence[Step]) -> list[NDArray[np.bool_]]:
    """(n, k) for each step, the impressions that converted, at once or according to later steps."""
    found = [feedback.conversions.copy() for _, _, feedback in steps]
    for at, (_, _, feedback) in enumerate(steps):
        late = feedback.delayed
        for age in np.unique(late.age[late.age <= at]):
            some = late.age == age
            found[at - int(age)][late.row[some], late.rank[some]] = True
    return found


@torch.no_grad()
def predicted(agent: Predictor, observation: Observation, slate: NDArray[np.int64]) -> Estimates:
    """Estimate the items of slates for the shoppers that a predictor remembers, faster than its estimates of all items.

    Args:
        agent: a predictor.
        observation: (n, o) float32.
        slate: (n, k) int64, as returned by `act`.

    Returns:
        Estimates (n, k); for an ensemble the mean of its members.

    Raises:
        ValueError: the observation or the slate is invalid.
    """
    known = replace(agent._known(observation), items=agent.problem.shown(observation, slate))
    inputs = agent._inputs(known)
    chances = torch.stack([torch.sigmoid(agent.networks[each](inputs)) for each in range(agent.members)]).mean(dim=0)
    click, conversion = chances.cpu().numpy().transpose(2, 0, 1)
    return Estimates(click, conversion)


def _surprise(chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(-np.log(np.clip(np.where(happened, chance, 1 - chance), LEAST, 1)))


def _epoch(agent: Predictor, numbers: NDArray[np.int64]) -> float:
    """Learn from the slates with some numbers in batches; returns the mean of their losses."""
    agent.clicked, agent.attracted = agent.clicked / 2, agent.attracted / 2
    losses = []
    for start in range(0, len(numbers), agent.batch_size):
        places = numbers[start : start + agent.batch_size] % agent.replay.capacity
        agent.measure(places)
        losses.append(float(agent.train(places)) * len(places))
    return sum(losses) / len(numbers)


Weights = tuple[dict[str, torch.Tensor], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _weights_of(agent: Predictor) -> Weights:
    networks = {name: value.detach().clone() for name, value in agent.networks.state_dict().items()}
    return networks, agent.position_bias.relative.copy(), agent.clicked.copy(), agent.attracted.copy()


def _restore(agent: Predictor, weights: Weights) -> None:
    networks, agent.position_bias.relative, agent.clicked, agent.attracted = weights
    agent.networks.load_state_dict(networks)
