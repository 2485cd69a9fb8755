"""Levels where slates change shoppers: their value is that of an episode, and dynamic programming finds the best policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.trace import Trace
from slategym.bench.profiles.level import Level, Outcome
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.user_models.history import remember
from slategym.sim.world import World

Floats = NDArray[np.float64]
IMPOSSIBLE = 1e-15  # outcomes with a lower probability are ignored
ROUNDING = 1e-5  # states that differ by less are the same, up to rounding in float32


@dataclass(frozen=True, repr=False, kw_only=True)
class EpisodeLevel(Level):
    """A level whose value is the mean value of an episode.

    Attributes:
        state: names of the shoppers' arrays on which their behaviour depends; the best policy needs to know nothing else.
    """

    state: tuple[str, ...]

    def outcome(self, trace: Trace) -> Outcome:
        """The mean value of an episode: the exact expectation if nobody leaves, otherwise the mean of the whole episodes.

        Args:
            trace: trace of a run of this level with exact expectations of every slate.
        """
        weights = np.asarray(self.weights)
        if self.world.user_model.anyone_leaves:
            assert trace.episodes is not None
            value = float((trace.episodes.objectives @ weights).mean())
        else:  # all rows start at the same step, and the run ends with an episode
            value = float((trace.expected @ weights).mean()) * self.world.visits
        return Outcome(value, *self.known)

    @cached_property
    def known(self) -> tuple[float, float]:
        """The value of an episode with random slates, and with the best policy."""
        return episode_values(self.world, self.weights, self.state)


def episode_values(world: World, weights: tuple[float, ...], state: tuple[str, ...]) -> tuple[float, float]:
    """The expected value of an episode with random slates, and with the best policy, which knows the shopper fully.

    The forward pass follows each item and each outcome (nothing, a click, a click that converts) from every reachable state to
    the next states, with the user model's `evolve`. In the backward pass, the value of a state is the maximum over its items
    (Bellman, "Dynamic Programming", 1957), or their mean for random slates.

    Args:
        world: a world with slates of one item, where every item can always be shown and all shoppers start in the same state.
        weights: (M,) weights of the objectives.
        state: names of the shoppers' arrays on which their behaviour depends.

    Returns:
        The value of random slates, and the best value.
    """
    items, by_weight = world.catalog.size, np.asarray(weights)
    now, visits = world.shoppers(0, np.zeros(1, np.int64), compiled=False), []
    for visit in range(world.visits):
        every = now.take(np.repeat(np.arange(len(now)), items))
        shown = np.tile(np.arange(items), len(now))[:, None]
        every.visit[:] = visit
        click, both = (probability[:, 0] for probability in world.probabilities(every, shown))
        reward = world.expected(every, shown) @ by_weight
        chances = {(False, False): 1 - click, (True, False): click - both, (True, True): both}
        possible = {answer: chance for answer, chance in chances.items() if chance.max() > IMPOSSIBLE}
        after = [_answered(world, every, shown, answer) for answer in possible]
        now, child = _distinct(Shoppers.joined([shoppers for shoppers, _ in after]), state)
        stays = np.stack(list(possible.values())) * (1 - np.stack([leaves for _, leaves in after]))
        visits.append((reward, stays, child.reshape(stays.shape)))
    random, best = (np.zeros(len(now)) for _ in range(2))
    for reward, stays, child in reversed(visits):
        random = (reward + (stays * random[child]).sum(axis=0)).reshape(-1, items).mean(axis=1)
        best = (reward + (stays * best[child]).sum(axis=0)).reshape(-1, items).max(axis=1)
    return float(random[0]), float(best[0])


def _answered(world: World, shoppers: Shoppers, shown: NDArray[np.int64], answer: tuple[bool, bool]) -> tuple[Shoppers, Floats]:
    """The shoppers after a visit with this outcome, and the probability (n,) that they leave."""
    model, catalog, n = world.user_model, world.catalog, len(shoppers)
    later = shoppers.take(np.arange(n))
    clicks, conversions = (np.full((n, 1), given) for given in answer)
    feedback = Feedback.of(clicks, conversions, objectives=np.zeros((n, len(world.objectives))))
    remember(later, catalog, shown, clicks, conversions, np.zeros((n, 1), np.int64))
    model.evolve(later, catalog, shown, feedback, Draws(0, later.identity, later.visit))
    return later, np.asarray(model.leaving(later, feedback), np.float64)


def _distinct(shoppers: Shoppers, state: tuple[str, ...]) -> tuple[Shoppers, NDArray[np.int64]]:
    """The shoppers with different states, and the index of each shopper's state among them."""
    columns = [np.asarray(shoppers.state[name], np.float64).reshape(len(shoppers), -1) for name in state]
    rounded = np.rint(np.concatenate(columns, axis=1) / ROUNDING).astype(np.int64)
    _, first, place = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    return shoppers.take(first), place.reshape(-1)
