"""Episodes of shoppers under a fixed policy, each slate in exact expectation, and the policies themselves."""

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
# The slates (n, k) for shoppers as they are; it may use their latent state too.
RANDOM_SLATES = "random slates"
Policy = Callable[[Shoppers], Items]
Gains = NDArray[np.float32]
EVERY = 0x5EED  # the seed behind a black box's answers about every item
SMALLEST = np.float32(1e-12)  # an attraction of 0 earns nothing, whatever the weight of a click
LONGEST = 100  # visits after which an episode is cut
TAKEN = 3  # visits of an episode that `sample_visited` takes, on average


@dataclass(frozen=True, repr=False)
class Episodes(Brief):
    """Episodes of n shoppers, of up to t visits each.

    Attributes:
        here: (n, t) whether the shopper came.
        expected: (n, t, M) exact expected objectives of the slate; 0 where the shopper did not come.
        revenue: (n, t) the exact probability of each conversion times one draw of the amount paid.
        left: (n,) whether the shopper left for good before the last visit.
        traits: (n, ...) by name, the shoppers' traits.
        chance: (M, M) covariance of a slate's clicks and conversions given the shopper, averaged over all slates, with
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
        """(n,) how often each shopper came."""
        return np.asarray(self.here.sum(axis=1))

    def survival(self) -> Floats:
        """(t,) the share of the shoppers who come for each visit."""
        return np.asarray(self.here.mean(axis=0))

    def total(self, weights: ArrayLike) -> Floats:
        """(n,) the expected value of each shopper's episode."""
        return np.asarray(self.expected.sum(axis=1) @ np.asarray(weights, np.float64))


def rollout(world: World, policy: Policy, seed: int, shoppers: int, earlier: int = 0) -> Episodes:
    """Follow shoppers from their first visit until they leave or the last visit is over.

    Args:
        world: where they come.
        policy: chooses the slates.
        seed: decides the shoppers; the same seed brings the same ones to every policy.
        shoppers: n.
        earlier: how many shoppers of each row are left out before.
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
        # A conversion is a click too.
        either = np.stack([click, conversion])
        both = np.stack([either, np.stack([conversion, conversion])])
        chance += (both - either[:, None] * either).sum(axis=(2, 3))
        feedback = simulation.show(slate)
        left[rows] = feedback.terminated & (world.visits > 1)  # a single visit is over, not left
        staying = np.flatnonzero(~(feedback.terminated | feedback.truncated))
        if len(staying) == 0:
            break
        if len(staying) < len(simulation):
            simulation = branch(simulation, staying)
    return Episodes(here, expected, revenue, left, traits, chance / here.sum())


def sample_visited(world: World, policy: Policy, seed: int, count: int, rows: int = 1000) -> Iterator[Shoppers]:
    """Sample the shoppers that a policy visits: any slate that it shows is as likely as another to be among them.

    About three visits of an episode are taken, so that most of the samples are different shoppers.

    Args:
        world: where they come.
        policy: chooses the slates.
        seed: decides the shoppers and which visits are taken.
        count: of samples in all.
        rows: shoppers simulated together.

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
        simulation: what is copied.
        rows: (r,) the rows to copy; all by default.
        seed: of the copy; by default that of the simulation.
    """
    kept = np.arange(len(simulation)) if rows is None else rows
    other = Simulation(simulation.world, simulation.seed if seed is None else seed, simulation.rows[kept])
    other.shoppers = simulation.shoppers.take(kept)
    return other


def refuse_schedule(world: World, what: str) -> None:
    """Refuse a world that changes.

    Args:
        world: any.
        what: is done with it, for the message.

    Raises:
        ValueError: it has a schedule.
    """
    if world.schedule:
        raise ValueError(
            f"{world.name} changes at step {world.schedule[0].step}, and {what} is of one world: leave out its schedule and "
            "change_at"
        )


def derived(seed: int, purpose: str) -> int:
    """Derive a seed for one purpose, hashed, so that no other purpose or seed meets the same shoppers."""
    return int(np.random.SeedSequence([seed, crc32(purpose.encode())]).generate_state(1, np.uint64)[0])


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A random number generator for one purpose (see `derived`)."""
    return np.random.Generator(np.random.Philox(derived(seed, purpose)))


def random_policy(world: World, seed: int | np.random.Generator) -> Policy:
    """Shows every slate with the same probability; each call draws further slates.

    Args:
        world: whose slates are shown.
        seed: of the slates, or a generator to draw them from.
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

    Among candidates that is the best slate of them, and where values depend on what was shown before, the best by these values.
    """

    def policy(shoppers: Shoppers) -> Items:
        slate = best_for(world, average, weights, shoppers)
        return np.broadcast_to(slate, (len(shoppers), world.slate_size)).copy()

    return policy


def item_gains(world: World, shoppers: Shoppers) -> Gains:
    """(2, n, m) of every item: its attraction, and its attraction times the probability of a conversion once clicked.

    Of a black box it is one simulated answer about each item, shown among random others, which is unbiased over shoppers.
    """
    model, catalog = world.user_model, world.catalog
    gains = np.empty((2, len(shoppers), catalog.size), np.float32)
    gains[0] = _answers(world, shoppers) if world.estimated else model.attraction(shoppers, catalog, None)
    np.multiply(gains[0], model.conversion(shoppers, catalog, None), out=gains[1], casting="same_kind")
    return gains


def best_for(world: World, gains: Gains, weights: Sequence[float], shoppers: Shoppers | None = None) -> Items:
    """(n, k) the best slates for shoppers of given `gains` (2, n, m), as `item_gains` has them; (1, k) for gains (2, 1, m).

    Where the gains are expectations over unknown traits, this is the best slate under position bias, whose value is linear in
    them; under other click models it is the best for a shopper who has exactly these gains.

    Args:
        world: whose slates are chosen.
        gains: expected, of every item.
        weights: (M,), of the objectives, which are linear in clicks and conversions.
        shoppers: n of them, whose candidates, and whose values of items, count; not needed where these are the same for all.
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
    """What a click on an item, and its conversion, add to the weighted sum of the objectives, as the oracle counts them.

    Args:
        world: whose items are valued.
        shoppers: n of them.
        weights: (M,), of the objectives.

    Returns:
        Clicks first: (2,) where all items and shoppers have the same values, else (2, 1, m), or (2, n, m) where they depend on
        the shopper; with C in place of m among candidates.
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
    """(2, 1, m) `item_gains` of the average of the shoppers, given in batches."""
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
