"""The floor of a visit: the time of its arithmetic and memory accesses in tight loops, counted by hand and timed on this machine.

Each ingredient of a visit is timed separately, in a loop that does nothing else, over arrays of the same size as in the
simulation. The floor is the sum of count times cost, in one thread. The kernel needs at least this time; the rest of its time is
spent on processing shoppers one by one in short loops, and on branches: who clicked, who converted, who leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numba as nb
import numpy as np

from slategym.bench.performance.measure import WORLD, Sizes
from slategym.sim.kernel.functions import logistic
from slategym.sim.kernel.philox import block
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.kernel import dot

LONGEST = 0.1  # maximum duration of a repetition of a loop, in seconds
FLOAT, INTEGER, BYTE = 4, 8, 1  # bytes


def count(sizes: Sizes) -> dict[str, Any]:
    """Count and time the ingredients, in as many rounds as the kernel; the fastest round counts.

    Returns:
        "nanoseconds_per_slate", and "ingredients": each with its "name", "count" per slate, "nanoseconds" of one unit, and
        "nanoseconds_per_slate".
    """
    k, q = sizes.slate_size, sizes.latent
    categories = min(20, sizes.items)
    world = make_world(WORLD, items=sizes.items, categories=categories, slate_size=k, latent=q)
    clicks, conversions = _rates(world, sizes)
    read = (k + 2) * INTEGER + (q + 3 + categories + 2) * FLOAT  # slate, identity, visit; taste, traits, satisfaction, history
    written = INTEGER + (1 + categories + 2 + 2 + k) * FLOAT + (3 * k + 2) * BYTE  # visit; state, reward, revenue; flags
    counts = {
        "random numbers: a Philox block per rank, one per visit, one per conversion": (k + 1 + conversions, _philox),
        "match: multiply-adds of a shopper's taste and the features of each item, which are gathered": (k * q, _dots),
        "scores: item, price, season and satiation of each rank": (k, _scores),
        "logistic functions: attraction, conversion if clicked, leaving": (k + clicks + 1, _logistics),
        "clicks: examination and comparison": (k, _comparisons),
        "repeats: comparison of each item with those above it": (k * (k - 1) / 2, _repeats),
        "history: decay of each category": (categories, _decay),
        "history: increment of the category of each item": (k, _additions),
        "drift: multiply-adds into the taste of shoppers who click": (2 * q * clicks, _drift),
        "memory: bytes of slate, shopper and feedback read or written": (read + written, _traffic),
    }
    ingredients = []
    for name, (often, loop) in counts.items():
        work, units = loop(sizes)
        cost = _fastest(work, sizes.rounds, min(sizes.seconds, LONGEST)) / units * 1e9
        ingredients.append({"name": name, "count": often, "nanoseconds": cost, "nanoseconds_per_slate": often * cost})
    return {
        "nanoseconds_per_slate": sum(ingredient["nanoseconds_per_slate"] for ingredient in ingredients),
        "ingredients": ingredients,
    }


def _rates(world: Any, sizes: Sizes) -> tuple[float, float]:
    """Expected clicks and conversions of a random slate."""
    simulation = Simulation(world, 0, min(sizes.shoppers, 1000))
    slate = np.random.Generator(np.random.Philox(0)).integers(sizes.items, size=(len(simulation), sizes.slate_size))
    clicks, conversions = world.expected(simulation.shoppers, slate)[:, :2].mean(axis=0)
    return float(clicks), float(conversions)


def _fastest(work: Callable[[], Any], repetitions: int, seconds: float) -> float:
    """The shortest time of a piece of work, over several repetitions of at least `seconds`."""
    work()  # compiles
    often, elapsed = 1, 0.0
    while True:
        start = perf_counter()
        for _ in range(often):
            work()
        elapsed = perf_counter() - start
        if elapsed >= seconds:
            break
        often *= 2
    best = elapsed / often
    for _ in range(repetitions - 1):
        start = perf_counter()
        for _ in range(often):
            work()
        best = min(best, (perf_counter() - start) / often)
    return best


# A piece of work, and its number of units.
Loop = tuple[Callable[[], Any], int]
WIDE = 1024  # numbers per array, so that it fits into the first-level cache


@nb.njit(cache=True, error_model="numpy")
def _philox_loop(times: int, item: Any, first: Any, second: Any) -> None:
    for visit in range(times):
        for entry in range(len(item)):
            first[entry], second[entry] = block(np.uint64(0), 0, 0, visit, item[entry])


def _philox(sizes: Sizes) -> Loop:
    item, first, second = np.arange(WIDE), np.empty(WIDE), np.empty(WIDE)
    return lambda: _philox_loop(16, item, first, second), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _dots_loop(taste: Any, items: Any, slate: Any, fit: Any) -> None:
    q = taste.shape[1]
    for i in range(len(slate)):
        for rank in range(slate.shape[1]):
            fit[rank] = dot(taste[i], items[slate[i, rank]], q)


def _dots(sizes: Sizes) -> Loop:
    random = np.random.Generator(np.random.Philox(0))
    taste = random.standard_normal((sizes.shoppers, sizes.latent), np.float32)
    items = random.standard_normal((sizes.items, sizes.latent), np.float32)
    slate = random.integers(sizes.items, size=(sizes.shoppers, sizes.slate_size))
    fit = np.empty(sizes.slate_size, np.float32)
    return lambda: _dots_loop(taste, items, slate, fit), slate.size * sizes.latent


@nb.njit(cache=True, error_model="numpy", fastmath={"contract"})
def _scores_loop(times: int, item: Any, of: Any, tables: Any, state: Any, fit: Any, score: Any) -> None:
    for _ in range(times):
        for rank in range(len(item)):
            row, category = item[rank], of[rank]
            mood = state[0, category] - np.float32(0.08) * state[1, category]
            score[rank] = np.float32(0.8) * fit[rank] + tables[0, row] - np.float32(0.2) * tables[1, row] + mood


def _scores(sizes: Sizes) -> Loop:
    random = np.random.Generator(np.random.Philox(0))
    item, of = random.integers(sizes.items, size=WIDE), random.integers(min(20, sizes.items), size=WIDE)
    tables = random.standard_normal((2, sizes.items), np.float32)
    state = random.standard_normal((2, 20), np.float32)
    fit, score = random.standard_normal(WIDE, np.float32), np.empty(WIDE, np.float32)
    return lambda: _scores_loop(16, item, of, tables, state, fit, score), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _logistics_loop(times: int, score: Any, out: Any) -> None:
    for _ in range(times):
        for entry in range(len(score)):
            out[entry] = logistic(score[entry])


def _logistics(sizes: Sizes) -> Loop:
    score, out = np.linspace(-6, 2, WIDE, dtype=np.float32), np.empty(WIDE, np.float32)
    return lambda: _logistics_loop(16, score, out), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _comparisons_loop(times: int, uniform: Any, attraction: Any, examination: Any, clicks: Any) -> None:
    for _ in range(times):
        for entry in range(len(uniform)):
            clicks[entry] = uniform[entry] < attraction[entry] * examination[entry]


def _comparisons(sizes: Sizes) -> Loop:
    random = np.random.Generator(np.random.Philox(0))
    uniform, examination = random.random(WIDE), random.random(WIDE)
    attraction, clicks = random.random(WIDE, np.float32), np.empty(WIDE, np.bool_)
    return lambda: _comparisons_loop(16, uniform, attraction, examination, clicks), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _repeats_loop(times: int, item: Any, above: Any, same: Any) -> None:
    for _ in range(times):
        for entry in range(len(item)):
            same[entry] |= item[entry] == above[entry]


def _repeats(sizes: Sizes) -> Loop:
    item, above, same = np.arange(WIDE), np.arange(WIDE)[::-1].copy(), np.zeros(WIDE, np.bool_)
    return lambda: _repeats_loop(16, item, above, same), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _additions_loop(times: int, of: Any, history: Any) -> None:
    for _ in range(times):
        for entry in range(len(of)):
            history[of[entry]] += np.float32(1)


def _additions(sizes: Sizes) -> Loop:
    categories = min(20, sizes.items)
    of = np.random.Generator(np.random.Philox(0)).integers(categories, size=WIDE)
    history = np.zeros(categories, np.float32)
    return lambda: _additions_loop(16, of, history), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _decay_loop(times: int, history: Any) -> None:
    for _ in range(times):
        for entry in range(len(history)):
            history[entry] *= np.float32(0.8)


def _decay(sizes: Sizes) -> Loop:
    history = np.zeros(WIDE, np.float32)
    return lambda: _decay_loop(16, history), 16 * WIDE


@nb.njit(cache=True, error_model="numpy", fastmath={"contract"})
def _drift_loop(times: int, pull: Any, taste: Any) -> None:
    for _ in range(times):
        for entry in range(len(pull)):
            taste[entry] += np.float32(0.02) * pull[entry]


def _drift(sizes: Sizes) -> Loop:
    pull, taste = np.ones(WIDE, np.float32), np.zeros(WIDE, np.float32)
    return lambda: _drift_loop(16, pull, taste), 16 * WIDE


@nb.njit(cache=True, error_model="numpy")
def _traffic_loop(source: Any, target: Any) -> None:
    for entry in range(len(source)):
        target[entry] = source[entry] + np.float32(1)


def _traffic(sizes: Sizes) -> Loop:
    # About the size of all shoppers' state and feedback: half of it is read, half is written.
    source, target = np.zeros(sizes.shoppers * 64, np.float32), np.zeros(sizes.shoppers * 64, np.float32)
    return lambda: _traffic_loop(source, target), 2 * source.nbytes
