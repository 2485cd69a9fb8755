"""Preference change: the effects of repetition and rest, and how much the slates shown change the taste.

All effects are measured by the exact click probability of probe slates, which never change. Shoppers who leave are kept, as if
they had stayed, so that departures do not change the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.exploration import draw_slates
from slategym.bench.rollouts import LONGEST, Gains, Policy, branch, generator
from slategym.bench.statistics import Estimate
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
REPEATS = 10  # visits with the same category, followed by the same number without it
PROBES = 4  # random slates whose click probabilities are measured
POINTS = 16  # visits at which they are measured


def repetition(world: World, average: Gains, seed: int, shoppers: int) -> dict[str, Any] | None:
    """Measure the clicks on one category while it is shown at every visit, and then while it is not shown.

    The categories are assigned to the shoppers in turn; the probe is the most attractive items of the shopper's category. One
    copy of the shopper sees the probe for up to ten visits, and then other categories for up to ten more. Another copy never
    sees the category. The ratio of the expected clicks on the probe is taken visit by visit, so season and shopper are the same
    in both: below 1, repetition lowers attraction; above 1, repetition raises it.

    Args:
        world: the world.
        average: (2, 1, m) gains of the average shopper.
        seed: the seed of the shoppers.
        shoppers: n.

    Returns:
        None in a world of single visits or if the probe contains all items, else:

        - `visits`, `ratio`: an estimate of the ratio at each visit.
        - `repeats`: the number of visits with the probe.
        - `worn`: 1 minus the ratio after the last repetition.
        - `remains`: 1 minus the ratio at the end of the rest.
        - `visits_to_half`: the number of visits of rest until half of `worn` is undone; null if it never is.
    """
    span = min(world.visits, LONGEST, 2 * REPEATS)
    probes = _probes(world, average[0, 0], shoppers)
    others = None if probes is None else _others(world, probes, generator(seed, "others"))
    if span < 2 or probes is None or others is None:
        return None
    repeats = span // 2
    worn, fresh = Simulation(world, seed, shoppers), Simulation(world, seed, shoppers)
    ratio = []
    for visit in range(span):
        ratio.append(Estimate.from_ratio(_clicks(worn, probes), _clicks(fresh, probes)))
        rest = others()
        worn.show(probes if visit < repeats else rest)
        fresh.show(rest)
    lost = [1 - (share.mean or 0.0) for share in ratio]
    back = [visit - repeats for visit in range(repeats, span) if abs(lost[visit]) <= abs(lost[repeats]) / 2]
    return {
        "visits": list(range(span)),
        "ratio": ratio,
        "repeats": repeats,
        "worn": replace(ratio[repeats].subtracted_from(1), mean=lost[repeats]),
        "remains": replace(ratio[-1].subtracted_from(1), mean=lost[-1]),
        "visits_to_half": back[0] if back else None,
    }


def displacement(world: World, policies: Mapping[str, Policy], seed: int, shoppers: int) -> dict[str, Any] | None:
    """Measure how much the slates shown change the clicks on random slates, compared with shoppers for whom only time passes.

    Args:
        world: the world.
        policies: the policies by name.
        seed: the seed of the shoppers and the probes.
        shoppers: n.

    Returns:
        None in a world of single visits, else:

        - `visits`: the visits at which it is measured.
        - `clock`: estimates of how much time alone (the season) changes the click probabilities.
        - `policies`: by name, estimates of `moved`, the mean absolute change as a share of the mean, and of `drawn`, the mean
          signed change as a share of the mean.
    """
    last = min(world.visits, LONGEST) - 1
    if last < 1:
        return None
    looks = sorted({round(point) for point in np.linspace(0, last, min(POINTS, last + 1))})
    random = generator(seed, "probes")
    probes = [draw_slates(random, shoppers, world.slate_size, world.catalog.size) for _ in range(PROBES)]
    start = Simulation(world, seed, shoppers)
    still = {visit: _all_clicks(_at(start, visit), probes) for visit in looks}
    result: dict[str, Any] = {
        "visits": looks,
        "clock": [_change(still[visit], still[0])["moved"] for visit in looks],
        "policies": {},
    }
    for name, policy in policies.items():
        simulation, changes = branch(start), []
        for visit in range(last + 1):
            if visit in still:
                changes.append(_change(_all_clicks(simulation, probes), still[visit]))
            if visit < last:
                simulation.show(policy(simulation.shoppers))
        result["policies"][name] = {part: [change[part] for change in changes] for part in ("moved", "drawn")}
    return result


def _probes(world: World, attraction: NDArray[np.floating[Any]], shoppers: int) -> Items | None:
    """(n, k) the most attractive items of one category; items of a small category are repeated, which adds no value."""
    kinds = np.unique(world.catalog.category)
    order = np.argsort(-attraction, kind="stable")
    slates = [np.resize(order[world.catalog.category[order] == kind][: world.slate_size], world.slate_size) for kind in kinds]
    return np.stack(slates)[np.arange(shoppers) % len(kinds)]


def _others(world: World, probes: Items, random: np.random.Generator) -> Any:
    """A function that draws slates (n, k) without the probes' category, or without their items if there is only one category.

    None if there are no other items.
    """
    category = world.catalog.category
    if (category == category[0]).all():
        allowed = np.setdiff1d(np.arange(world.catalog.size), probes[0])
        if not len(allowed):
            return None
        return lambda: allowed[random.integers(len(allowed), size=probes.shape)]
    order = np.argsort(category, kind="stable")
    first, after = (np.searchsorted(category[order], category[probes[:, 0]], side=side) for side in ("left", "right"))
    width = (after - first)[:, None]

    def draw() -> Items:
        """Draw uniformly from the catalogue, sorted by category, without the range of the shopper's own category."""
        place = random.integers(world.catalog.size - width, size=probes.shape)
        return order[place + width * (place >= first[:, None])]

    return draw


def _at(simulation: Simulation, visit: int) -> Simulation:
    """The same shoppers at a later visit, otherwise unchanged."""
    later = branch(simulation)
    later.shoppers.visit[:] = visit
    return later


def _clicks(simulation: Simulation, slate: Items) -> Floats:
    """(n,) expected clicks on a slate."""
    return np.asarray(simulation.world.expected(simulation.shoppers, slate)[:, 0])


def _all_clicks(simulation: Simulation, slates: Sequence[Items]) -> Floats:
    """(n, p) expected clicks on several slates."""
    return np.stack([_clicks(simulation, slate) for slate in slates], axis=1)


def _change(now: Floats, before: Floats) -> dict[str, Any]:
    """The mean absolute and the mean signed change of probabilities (n, p), as shares of their mean."""
    unit = before.mean(axis=1)
    change = now - before
    return {
        "moved": Estimate.from_ratio(abs(change).mean(axis=1), unit),
        "drawn": Estimate.from_ratio(change.mean(axis=1), unit),
    }
