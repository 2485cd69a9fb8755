"""Episodes of shoppers under a fixed policy, with the exact expectation of each slate, and the policies themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.choosing.exploration import draw_slates
from slategym.sim.draws import Draws
from slategym.sim.selection import best_by_value
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.streams import Stream
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
# Returns the slates (n, k) for shoppers in their present state; it may also use their latent state.
RANDOM_SLATES = "random slates"
Policy = Callable[[Shoppers], Items]
Gains = NDArray[np.float32]
EVERY = 0x5EED  # the seed behind a black box's answers about every item
SMALLEST = np.float32(1e-12)  # avoids division by an attraction of 0
LONGEST = 100  # episodes are cut after this number of visits
TAKEN = 3  # visits that `sample_visited` takes from an episode, on average


@dataclass(frozen=True, repr=False)
class Episodes(Brief):
    """Episodes of n shoppers, of up to t visits each.

    Attributes:
        here: (n, t) whether the shopper came.
        expected: (n, t, M) exact expected objectives of the slate; 0 where the shopper did not come.
        revenue: (n, t) the exact probability of each conversion times one draw of the amount paid.
        left: (n,) whether the shopper left for good before the last visit.
        traits: (n, ...) by name, the shoppers' traits.
        chance: (2, 2) covariance of a slate's clicks and conversions given the shopper, averaged over all slates, with
            independent ranks.
    """

    here: NDArray[np.bool_]
    expected: Floats
    revenue: Floats
    left: NDArray[np.bool_]
    traits: dict[str, NDArray[Any]]
    chance: Floats

    @property
    def visits(self) -> NDArray[np.int64]:
        """(n,) the number of visits of each shopper."""
        return np.asarray(self.here.sum(axis=1))

    def survival(self) -> Floats:
        """(t,) the share of the shoppers who make each visit."""
        return np.asarray(self.here.mean(axis=0))

    def total(self, weights: ArrayLike) -> Floats:
        """(n,) the expected value of each shopper's episode."""
        return np.asarray(self.expected.sum(axis=1) @ np.asarray(weights, np.float64))


def rollout(world: World, policy: Policy, seed: int, shoppers: int, earlier: int = 0) -> Episodes:
    """Follow shoppers from their first visit until they leave or the last visit is over.

    Args:
        world: the world that the shoppers visit.
        policy: chooses the slates.
        seed: determines the shoppers; with the same seed, every policy gets the same ones.
        shoppers: n.
        earlier: the number of shoppers of each row to skip at the beginning.
    """
    visits = min(world.visits, LONGEST)
    simulation = Simulation(world, seed, shoppers)
    for _ in range(earlier):
        simulation.restart()
    traits = {name: array.copy() for name, array in simulation.shoppers.traits.items()}
    here = np.zeros((shoppers, visits), np.bool_)
    expected = np.zeros((shoppers, visits, len(world.objective_names)))
    revenue = np.zeros((shoppers, visits))
    left = np.zeros(shoppers, np.bool_)
    chance = np.zeros((2, 2))
    for visit in range(visits):
        rows, now = simulation.rows, simulation.shoppers
        slate = policy(now)
        click, conversion = world.probabilities(now, slate)
        here[rows, visit] = True
        if world.counts_alone:
            expected[rows, visit] = np.stack([click.sum(axis=1), conversion.sum(axis=1)], axis=1)
        else:
            expected[rows, visit] = world.expected(now, slate)
        revenue[rows, visit] = (conversion * world.user_model.spend(now, world.catalog, slate, simulation.draws)).sum(axis=1)
        # A conversion is also a click.
        either = np.stack([click, conversion])
        both = np.stack([either, np.stack([conversion, conversion])])
        chance += (both - either[:, None] * either).sum(axis=(2, 3))
        feedback = simulation.show(slate)
        left[rows] = feedback.terminated & (world.visits > 1)  # the end of a single visit does not count as leaving
        staying = np.flatnonzero(~(feedback.terminated | feedback.truncated))
        if len(staying) == 0:
            break
        if len(staying) < len(simulation):
            simulation = branch(simulation, staying)
    return Episodes(here, expected, revenue, left, traits, chance / here.sum())


def sample_visited(world: World, policy: Policy, seed: int, count: int, rows: int = 1000) -> Iterator[Shoppers]:
    """Sample the shoppers, at their visits, to whom a policy shows slates; every slate shown has the same probability.

    On average three visits of an episode are taken, so that most samples are different shoppers.

    Args:
        world: the world that the shoppers visit.
        policy: chooses the slates.
        seed: determines the shoppers and which visits are taken.
        count: the number of samples.
        rows: the number of shoppers simulated together.

    Yields:
        The shoppers in batches, at the visits that were taken.
    """
    share = min(1.0, TAKEN / min(world.visits, LONGEST))
    random = generator(seed, "met")
    simulation = Simulation(world, seed, min(rows, count))
    while count > 0:
        taken = np.flatnonzero(random.random(len(simulation)) < share)[:count]
        if len(taken):
            count -= len(taken)
            yield simulation.shoppers.take(taken)
        feedback = simulation.show(policy(simulation.shoppers))
        simulation.restart(feedback.terminated | feedback.truncated)


def branch(simulation: Simulation, rows: NDArray[np.int64] | None = None, seed: int | None = None) -> Simulation:
    """Copy some rows of a simulation, which then evolve independently; pending conversions are dropped.

    Args:
        simulation: the simulation to copy.
        rows: (r,) the rows to copy; all by default.
        seed: the seed of the copy; by default the seed of the simulation.
    """
    kept = np.arange(len(simulation)) if rows is None else rows
    other = Simulation(simulation.world, simulation.seed if seed is None else seed, simulation.rows[kept])
    other.shoppers = simulation.shoppers.take(kept)
    return other


def refuse_schedule(world: World, what: str) -> None:
    """Refuse a world with a schedule of changes.

    Args:
        world: any world.
        what: what is to be done with it, for the error message.

    Raises:
        ValueError: the world has a schedule.
    """
    if world.schedule:
        raise ValueError(
            f"{world.name} changes at step {world.schedule[0].step}, and {what} needs a world that does not change: "
            "remove its schedule and change_at"
        )


def derived(seed: int, purpose: str) -> int:
    """Derive a seed for one purpose by hashing, so that no other purpose or seed gets the same shoppers."""
    return int(np.random.SeedSequence([seed, crc32(purpose.encode())]).generate_state(1, np.uint64)[0])


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A random number generator for one purpose (see `derived`)."""
    return np.random.Generator(np.random.Philox(derived(seed, purpose)))


def random_policy(world: World, seed: int | np.random.Generator) -> Policy:
    """Shows every slate with the same probability; each call draws new slates.

    Args:
        world: the world whose slates are shown.
        seed: the seed of the slates, or a generator to draw them from.
    """
    random = seed if isinstance(seed, np.random.Generator) else generator(seed, RANDOM_SLATES)
    return lambda shoppers: draw_slates(random, len(shoppers), world.slate_size, world.choices)


def fixed_policy(slate: Items) -> Policy:
    """Shows one slate (k,) to everybody."""
    return lambda shoppers: np.tile(slate, (len(shoppers), 1))


def oracle_policy(world: World, weights: Sequence[float]) -> Policy:
    """Shows the best slate for this visit, with full knowledge of the shopper."""
    return lambda shoppers: world.best_slate(shoppers, weights)


def popular_policy(world: World, average: Gains, weights: Sequence[float]) -> Policy:
    """Shows everybody the best slate for the average shopper, whose gains (2, 1, m) come from `average_gains`.

    If a shopper has candidates, it is the best slate of these. If the values of items depend on what was shown before, it is
    the best slate by these values.
    """

    def policy(shoppers: Shoppers) -> Items:
        slate = best_for(world, average, weights, shoppers)
        return np.broadcast_to(slate, (len(shoppers), world.slate_size)).copy()

    return policy


def item_gains(world: World, shoppers: Shoppers) -> Gains:
    """(2, n, m) for every item: its attraction, and its attraction times the probability of a conversion given a click.

    For a black box, the attraction is one simulated answer to each item, shown among random others; this is unbiased over
    shoppers.
    """
    model, catalog = world.user_model, world.catalog
    gains = np.empty((2, len(shoppers), catalog.size), np.float32)
    gains[0] = _answers(world, shoppers) if world.estimated else model.attraction(shoppers, catalog, None)
    np.multiply(gains[0], model.conversion(shoppers, catalog, None), out=gains[1], casting="same_kind")
    return gains


def best_for(world: World, gains: Gains, weights: Sequence[float], shoppers: Shoppers | None = None) -> Items:
    """(n, k) the best slates for shoppers with given `gains` (2, n, m), as `item_gains` returns them; (1, k) for gains (2, 1, m).

    If the gains are expectations over unknown traits, the slate is the best one under position bias, where the value of a slate
    is linear in the gains; under other click models it is the best for a shopper who has exactly these gains.

    Args:
        world: the world for which slates are chosen.
        gains: the expected gains of every item.
        weights: (M,), the weights of the objectives, which are linear in clicks and conversions.
        shoppers: n shoppers, who determine the candidates and the values of items; not needed if these are the same for all.
    """
    some = world.shoppers(0, np.zeros(1, np.int64)) if shoppers is None else shoppers
    if world.candidates is not None:
        among = world.candidates_of(some)
        gains = np.take_along_axis(np.broadcast_to(gains, (2, len(some), gains.shape[2])), among[None], axis=2)
    click, conversion = item_values(world, some, weights).astype(np.float32)
    if world.estimated:
        return best_by_value(click * gains[0] + conversion * gains[1], world.slate_size)
    click_value = click + conversion * (gains[1] / np.maximum(gains[0], SMALLEST))
    attraction = np.broadcast_to(gains[0], click_value.shape)
    return world.user_model.click_model.best_slate(attraction, click_value, world.slate_size)


def item_values(world: World, shoppers: Shoppers, weights: Sequence[float]) -> Floats:
    """The values that a click on an item, and its conversion, add to the weighted sum of the objectives, as for the oracle.

    Args:
        world: the world whose items are valued.
        shoppers: n shoppers.
        weights: (M,), the weights of the objectives.

    Returns:
        The values of clicks, then of conversions: (2,) if all items and shoppers have the same values, (2, n, m) if they depend
        on the shopper, else (2, 1, m). With candidates, the last axis is C instead of m.
    """
    among = None if world.candidates is None else world.candidates_of(shoppers)
    click: Any = 0.0
    conversion: Any = 0.0
    for weight, objective in zip(weights, world.objectives, strict=True):
        if weight:
            values = objective.values(world, shoppers, among)
            click, conversion = click + weight * values[0], conversion + weight * values[1]
    return np.array(np.broadcast_arrays(click, conversion), np.float64)


def average_gains(world: World, shoppers: Sequence[Shoppers]) -> Gains:
    """(2, 1, m) the mean of `item_gains` over shoppers that are given in batches."""
    total = sum(item_gains(world, batch).sum(axis=1, dtype=np.float64) for batch in shoppers)
    return np.asarray(total / sum(map(len, shoppers)), np.float32)[:, None]


def _answers(world: World, shoppers: Shoppers) -> NDArray[np.bool_]:
    """(n, m) whether a shopper clicks each item, shown among random others."""
    model, items, size = world.user_model, world.catalog.size, world.slate_size
    draws = Draws(EVERY, shoppers.identity, shoppers.visit)
    order = np.argsort(draws.uniform(Stream.CUSTOM, np.tile(np.arange(items), (len(shoppers), 1))), axis=1)
    clicked = np.zeros((len(shoppers), items), np.bool_)
    for start in range(0, items, size):
        slate = order[:, min(start, items - size) :][:, :size]
        np.put_along_axis(clicked, slate, model.clicks(shoppers, world.catalog, slate, draws), axis=1)
    return clicked
