"""Benchmarks made up from known rates, as the bench would sum them up: what the report is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from slategym.bench.comparison.results import summarise
from slategym.bench.execution.trace import Trace

# agent: clicks and conversions per slate at the start and at the end, and how fast it gets there, in slates
RATES = {
    "random": ((0.240, 0.0072), (0.240, 0.0072), 1.0),
    "popularity": ((0.250, 0.0075), (0.330, 0.0105), 9_000.0),
    "epsilon-greedy": ((0.245, 0.0075), (0.372, 0.0136), 30_000.0),
    "lin-ucb": ((0.250, 0.0080), (0.419, 0.0176), 22_000.0),
    "lin-ts": ((0.250, 0.0080), (0.408, 0.0188), 26_000.0),
    "policy-gradient": ((0.242, 0.0072), (0.436, 0.0158), 60_000.0),
    "sb3:PPO": ((0.241, 0.0073), (0.301, 0.0096), 120_000.0),
    "oracle": ((0.520, 0.0300), (0.520, 0.0300), 1.0),
}
SPEEDS = (410_000, 380_000, 210_000, 52_000, 41_000, 28_000, 6_900, 90_000)


def benchmark(
    agents: Sequence[str] = tuple(RATES),
    seeds: int = 5,
    slates: int = 200_000,
    shoppers: int = 1000,
    weights: Sequence[float] = (1.0, 10.0),
) -> dict[str, Any]:
    """Results of agents whose rates are known; a name that is not in `RATES` takes those of the agent at its place."""
    steps, places = slates // shoppers, list(RATES)
    shown = np.arange(steps) * shoppers
    best = np.tile(RATES["oracle"][1], (steps, 1))
    runs = {}
    for seed in range(seeds):
        shared = np.random.Generator(np.random.Philox(seed)).normal(size=(steps, 2))  # common to all agents
        for place, agent in enumerate(agents):
            start, end, pace = RATES.get(agent, RATES[places[place % len(places)]])
            own = np.random.Generator(np.random.Philox(1000 * seed + place + 7)).normal(size=(steps, 2))
            gained = np.outer(1 - np.exp(-shown / (pace * (1 + 0.15 * own[0, 0]))), np.subtract(end, start))
            expected = np.asarray(start) + gained
            objectives = expected + (0.8 * shared + 0.6 * own) * np.sqrt(expected / shoppers)
            seconds = np.full(steps, shoppers / SPEEDS[place % len(SPEEDS)]) * (1 + 0.02 * own[0, 1])
            runs[agent, seed] = Trace(np.full(steps, shoppers), objectives, expected, best, seconds, shoppers, slates)
    config = {
        "world": "Shop-v0",
        "options": {},
        "agents": list(agents),
        "slates": slates,
        "seeds": list(range(seeds)),
        "shoppers": shoppers,
        "weights": list(weights),
        "objectives": ["click", "conversion"],
        "plurals": {"click": "clicks", "conversion": "conversions"},
        "items": 500,
        "slate_size": 5,
        "visits": 30,
        "oracle": "exact",
        "versions": {"python": "3.11.9", "slategym": "0.1.0", "numpy": "2.4.6"},
    }
    return summarise(config, runs)
