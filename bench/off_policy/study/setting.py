"""The setting of the study: contexts of shoppers, exact probabilities of a short list of items, and policies over the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slategym.bench.off_policy.study.policies import PlackettLuce, Product
from slategym.bench.rollouts import derived, generator, random_policy, sample_visited
from slategym.sim.click_models.base import ClickModel
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
Kind = Literal["actions", "slates", "product"]
KINDS: dict[Kind, str] = {
    "actions": "one item is shown",
    "slates": "slates are chosen item by item, each among the remaining items (Plackett-Luce)",
    "product": "each rank is drawn independently, from separate items",
}
LOGGING: dict[str, str] = {
    "near": "has the preferences of the policy to evaluate, but less sharp ones",
    "uniform": "chooses at random",
    "popular": "prefers the items with the highest mean value",
    "opposite": "prefers the items that the policy to evaluate avoids",
}
CONTEXTS = 2000
TRUE_SLATES = 100  # slates per context whose exact expectations give the true value of slates
SHARPNESS = 2.0  # logits per standard deviation of the scores
CONTEXT_COLUMNS = 12  # the largest number of columns of the observed context


@dataclass(frozen=True, repr=False)
class Setting(Brief):
    """A world for policies that choose from a short list of items.

    Attributes:
        attraction: (P, m) the attraction of each item in each context.
        conversion: (P, m) the probability that a click converts.
        features: (P, c) the observed context, standardised.
        scores: (P, m) the scores of the policy to evaluate: linear in the context, standardised.
        popularity: (m,) the mean value of each item, standardised.
        click_model: the click model of the world.
        weights: the values of a click and of a conversion.
        ranks: k, the size of a slate.
        items: (m,) the items, as indices of the world's catalogue.
    """

    attraction: Floats
    conversion: Floats
    features: Floats
    scores: Floats
    popularity: Floats
    click_model: ClickModel
    weights: tuple[float, float]
    ranks: int
    items: NDArray[np.int64]

    @classmethod
    def of(cls, world: World, items: int, seed: int, contexts: int = CONTEXTS) -> Setting:
        """Make the setting of a world, with shoppers sampled at visits under random slates.

        Args:
            world: a world without a schedule and with exact probabilities.
            items: m, the number of items on the list, which are those with the highest mean value.
            seed: the seed of the shoppers.
            contexts: P, the number of sampled shoppers at a visit.

        Raises:
            ValueError: the world's probabilities are estimates, or it has neither clicks nor conversions as objectives.
        """
        own = derived(seed, "contexts of the study of estimators")
        if world.user_model.estimated:
            raise ValueError(f"the user model of {world.name} is a black box: expected a world with exact probabilities")
        worth = dict(zip(world.objective_names, world.weights, strict=True))
        weights = (worth.get("click", 0.0), worth.get("conversion", 0.0))
        if not any(weights):
            raise ValueError(f"{world.name} has neither clicks nor conversions among its objectives: expected one of them")
        parts = []
        for shoppers in sample_visited(world, random_policy(world, own), own, contexts):
            model, catalog = world.user_model, world.catalog
            attraction = np.asarray(model.attraction(shoppers, catalog, None), np.float64)
            conversion = np.broadcast_to(model.conversion(shoppers, catalog, None), attraction.shape)
            context = np.asarray(model.context(shoppers), np.float64)[:, :CONTEXT_COLUMNS]
            parts.append((attraction, np.asarray(conversion, np.float64), context))
        attraction, conversion, context = (np.concatenate(each) for each in zip(*parts, strict=True))
        value = world.user_model.click_model.click_probability(attraction.reshape(-1, 1)).reshape(attraction.shape)
        value = value * (weights[0] + weights[1] * conversion)
        available = np.arange(world.catalog.size) if world.available is None else np.asarray(world.available)
        chosen = available[np.argsort(-value.mean(axis=0)[available], kind="stable")[:items]]
        value = value[:, chosen]
        features = _standardised(context, axis=0)
        design = np.concatenate([np.ones((len(features), 1)), features], axis=1)
        linear = design @ np.linalg.lstsq(design, value, rcond=None)[0]
        return cls(
            attraction=attraction[:, chosen],
            conversion=np.asarray(conversion[:, chosen], np.float64),
            features=features,
            scores=_standardised(linear),
            popularity=_standardised(value.mean(axis=0)),
            click_model=world.user_model.click_model,
            weights=weights,
            ranks=min(world.slate_size, len(chosen)),
            items=chosen,
        )

    def policy(self, kind: Kind, name: str) -> PlackettLuce | Product:
        """The policy to evaluate, "target", or a logging policy.

        Args:
            kind: the kind of its choices, see `KINDS`.
            name: "target" or a name of `LOGGING`.
        """
        logits = {
            "target": SHARPNESS * self.scores,
            "near": 0.7 * SHARPNESS * self.scores,
            "uniform": np.zeros_like(self.scores),
            "popular": np.broadcast_to(0.75 * SHARPNESS * self.popularity, self.scores.shape),
            "opposite": -0.4 * SHARPNESS * self.scores,
        }[name]
        return Product(logits, self.ranks) if kind == "product" else PlackettLuce(logits, 1 if kind == "actions" else self.ranks)

    def expected(self, context: NDArray[np.int64], slate: NDArray[np.int64]) -> Floats:
        """(n, k) the exact expected value of each rank.

        Args:
            context: (n,) numbers of contexts.
            slate: (n, k) items, as positions on the list.
        """
        click = self.click_model.click_probability(self.attraction[context[:, None], slate])
        return np.asarray(click * (self.weights[0] + self.weights[1] * self.conversion[context[:, None], slate]), np.float64)

    def rewards(self, random: np.random.Generator, context: NDArray[np.int64], slate: NDArray[np.int64]) -> Floats:
        """(n, k) sampled rewards of each rank.

        Args:
            random: the random generator.
            context: (n,) numbers of contexts.
            slate: (n, k) items, as positions on the list.
        """
        uniform = random.random((2, *slate.shape))
        clicks = self.click_model.sample_clicks(self.attraction[context[:, None], slate], uniform[0], random.random(len(slate)))
        converted = clicks & (uniform[1] < self.conversion[context[:, None], slate])
        return np.asarray(self.weights[0] * clicks + self.weights[1] * converted, np.float64)

    def truth(self, kind: Kind, seed: int) -> tuple[float, float]:
        """The value of the policy to evaluate, and its standard error, which is 0 for single actions, as all are enumerated.

        Args:
            kind: the kind of its choices, see `KINDS`.
            seed: the seed of the slates.
        """
        policy, every = self.policy(kind, "target"), np.arange(len(self.scores))
        if kind == "actions":
            values = [self.expected(every, np.full((len(every), 1), item))[:, 0] for item in range(len(self.items))]
            assert isinstance(policy, PlackettLuce)
            return float((policy.strength * np.stack(values, axis=1)).sum(axis=1).mean()), 0.0
        random = generator(seed, "true slates of the study of estimators")
        found = np.empty((TRUE_SLATES, len(every)))
        for number in range(TRUE_SLATES):
            found[number] = self.expected(every, policy.sample(random, every)).sum(axis=1)
        return float(found.mean()), float(np.sqrt((found.var(axis=0, ddof=1) / TRUE_SLATES).sum()) / len(every))

    def examination(self, seed: int) -> Floats:
        """(k,) the click rate of each rank with random slates, relative to the first rank, as an experiment would measure it.

        Args:
            seed: the seed of the slates.
        """
        random, every = generator(seed, "examination of the study of estimators"), np.arange(len(self.scores))
        slates = (PlackettLuce(np.zeros_like(self.scores), self.ranks).sample(random, every) for _ in range(20))
        clicks = np.mean(
            [self.click_model.click_probability(self.attraction[every[:, None], each]) for each in slates], axis=(0, 1)
        )
        return np.asarray(np.maximum(clicks / max(clicks[0], 1e-12), 1e-6), np.float64)


def _standardised(values: Floats, axis: int | None = None) -> Floats:
    spread = values.std(axis=axis, keepdims=True)
    return np.asarray((values - values.mean(axis=axis, keepdims=True)) / np.where(spread > 1e-9, spread, 1))
