"""Measures what it takes to know of a shopper in DeepShop-v0, and writes the table into docs/deep-shop.md, between its markers.

`python docs/deep_shop.py`, four minutes of one core. No learning agent has a part in it.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from slategym.bench.ceilings.model import ContextModel, Sample
from slategym.bench.execution.threads import one_thread
from slategym.bench.rollouts import (
    Gains,
    Policy,
    average_gains,
    best_for,
    derived,
    item_gains,
    oracle_policy,
    popular_policy,
    random_policy,
    rollout,
    sample_visited,
)
from slategym.bench.statistics import Estimate
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.sim.worlds.deep_shop.model import DeepShopModel

PAGE = Path(__file__).parent / "deep-shop.md"
MARKED = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)
SHOPPERS = 2000  # on whom policies are measured, at all their visits
FITTED = 12_000  # shoppers at a visit behind a fit, each with the exact gains of all items
ITERATIONS = 60  # of LBFGS

Floats = NDArray[np.float32]
Inputs = Callable[[Shoppers], Floats]  # (n, a), what a fit sees of shoppers
Fit = Callable[[Floats, Gains], Callable[[Floats], Gains]]


def inputs_of(world: World, *, crosses: bool = False, clicks: bool = False) -> Inputs:
    """The observation, and if wanted the crosses of its context, and the categories of the last two clicks."""
    q, g = world.catalog.taste.shape[1], world.catalog.categories

    def inputs(shoppers: Shoppers) -> Floats:
        observation = world.observe(shoppers)
        parts = [np.ones((len(shoppers), 1)), observation]
        if crosses:
            taste, occasion, purse = np.split(observation[:, : 2 * q + 1], [q, 2 * q], axis=1)
            parts += [taste * occasion, taste**2, occasion**2, purse**2]
        if clicks:
            lasting = model_of(world).memory(shoppers)[:, None]
            parts += [lasting * (shoppers.recent[:, [place]] == np.arange(g)) for place in (0, 1)]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    return inputs


def bilinear(world: World, *, crosses: bool = False, by_item: bool = False) -> Fit:
    """Logits that are bilinear in the inputs and in the items' features and categories, or in the items themselves."""
    catalog = world.catalog
    parts = [np.ones((catalog.size, 1)), catalog.features, np.eye(catalog.categories)[catalog.category]]
    items = np.eye(catalog.size) if by_item else np.concatenate([*parts, *([catalog.features**2] if crosses else [])], axis=1)
    columns = torch.from_numpy(items.astype(np.float32).T.copy())

    def fit(inputs: Floats, gains: Gains) -> Callable[[Floats], Gains]:
        mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
        mean[0], spread[spread == 0] = 0, 1  # the first column is 1
        rows = torch.from_numpy((inputs - mean) / spread)
        found = []
        for target in map(torch.from_numpy, gains):
            rate = target.mean()
            weights = torch.zeros(rows.shape[1], len(columns))
            weights[0, slice(None) if by_item else 0] = torch.logit(rate)
            weights.requires_grad_()
            found.append((fitted(weights, lambda w: rows @ (w @ columns), target / rate, rate) @ columns).numpy())

        def predict(seen: Floats) -> Gains:
            scaled = (seen - mean) / spread
            return np.stack([1 / (1 + np.exp(-(scaled @ each))) for each in found])

        return predict

    return fit


def fitted(weights: torch.Tensor, logits: Callable[[torch.Tensor], torch.Tensor], target: torch.Tensor, rate: torch.Tensor):
    """The weights of the least cross-entropy."""
    descent = torch.optim.LBFGS([weights], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        descent.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits(weights), target * rate) / rate
        loss = loss + 1e-5 * weights.square().sum()
        loss.backward()
        return loss

    descent.step(closure)
    return weights.detach()


def network(seed: int) -> Fit:
    """The network that stands behind the ceilings of benchmarks: two hidden layers, and a vector for each item."""
    return lambda inputs, gains: ContextModel(Sample(inputs, gains), seed, 128).gains


def policy_of(world: World, inputs: Inputs, fit: Fit, known: list[Policy]) -> Policy:
    """The best slates by a fit to shoppers that known policies visit, and then also to those that the first fit visits."""

    def visited(policies: list[Policy], name: str) -> Sample:
        count = FITTED // 2 // len(policies)
        met = [
            (inputs(shoppers), item_gains(world, shoppers))
            for number, policy in enumerate(policies)
            for shoppers in sample_visited(world, policy, derived(number, name), count)
        ]
        return Sample(np.concatenate([each[0] for each in met]), np.concatenate([each[1] for each in met], axis=1))

    def slates(sample: Sample) -> Policy:
        gains = fit(sample.observation, sample.gains)
        return lambda shoppers: best_for(world, gains(inputs(shoppers)), world.weights, shoppers)

    first = visited(known, "known")
    return slates(first.then(visited([slates(first)], "fitted")))


def formula(world: World, *, blurred: bool = True, clicks: bool = True) -> Policy:
    """The best slates by the true formula: of what is seen of a shopper, or without the last clicks."""
    full = model_of(world)
    model, p, q = full if clicks else replace(full, wants=False, boredom=False), full.parameters, world.catalog.taste.shape[1]
    mean = np.concatenate([np.zeros(q), np.full(q, p.occasion_mean), [p.purse_mean]])
    spread = np.concatenate([np.ones(q), np.full(q, p.occasion_spread), [p.purse_spread]])
    sure = spread**2 / (spread**2 + p.blur_spread**2)

    def policy(shoppers: Shoppers) -> NDArray[np.int64]:
        here = shoppers.take(slice(None))
        if blurred:
            expected = (mean + sure * (full.context(shoppers) - mean)).astype(np.float32)
            taste, occasion, purse = np.split(expected, [q, 2 * q], axis=1)
            here.traits.update(taste=taste, occasion=occasion, purse=purse[:, 0])
        return model.best_slate(here, world.catalog, np.array(world.weights), world.slate_size)

    return policy


def model_of(world: World) -> DeepShopModel:
    """The shoppers of the world."""
    assert isinstance(world.user_model, DeepShopModel)
    return world.user_model


def measured(world: World) -> str:
    """The table."""
    random, oracle = random_policy(world, 0), oracle_policy(world, world.weights)
    average = average_gains(world, list(sample_visited(world, random, derived(0, "average"), SHOPPERS)))
    known = [random, popular_policy(world, average, world.weights), oracle]
    seen, crossed, remembered = inputs_of(world), inputs_of(world, crosses=True), inputs_of(world, clicks=True)
    policies: dict[str, Callable[[], Policy]] = {
        "random slates": lambda: random,
        "best slate for everybody": lambda: known[1],
        "bilinear, weights for item features": lambda: policy_of(world, seen, bilinear(world), known),
        "bilinear, weights for each item": lambda: policy_of(world, seen, bilinear(world, by_item=True), known),
        "crosses, weights for item features": lambda: policy_of(world, crossed, bilinear(world, crosses=True), known),
        "crosses, weights for each item": lambda: policy_of(world, crossed, bilinear(world, by_item=True), known),
        "network": lambda: policy_of(world, seen, network(1), known),
        "network, with the last two clicks": lambda: policy_of(world, remembered, network(2), known),
        "formula, applied to the observation": lambda: formula(world, clicks=False),
        "formula, applied to the observation and the last two clicks": lambda: formula(world),
        "oracle without the last two clicks": lambda: formula(world, blurred=False, clicks=False),
        "oracle": lambda: oracle,
    }
    rows, base = [], None
    for name, policy in policies.items():
        episodes = rollout(world, policy(), derived(0, "measured"), SHOPPERS)
        value = Estimate.from_samples(episodes.total(world.weights) / episodes.visits)
        base = base or value.mean
        clicks, conversions = episodes.expected.mean(axis=(0, 1))
        half = (value.high - value.low) / 2
        rows.append(f"| {name} | {value.mean:.3f} ± {half:.3f} | {value.mean / base:.2f} | {clicks:.3f} | {conversions:.4f} |")
        print(rows[-1], flush=True)
    head = "| slates chosen by | value per slate | relative to random | clicks | conversions |\n|---|---:|---:|---:|---:|\n"
    return head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    with one_thread(with_torch=True):
        table = measured(make_world("DeepShop-v0"))
    PAGE.write_text(MARKED.sub(lambda found: found[1] + table + found[2], PAGE.read_text()))
