"""RecSim's interest exploration: hidden kinds of shoppers, and a rare topic of high quality."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, Multinomial
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.objectives import make_objectives
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, of_category
from slategym.sim.user_models.never_converts import NeverConverts
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.ranges import ItemCount, Seed, SlateSize, VisitCount

KIND_SHARE = 0.3  # share of the shoppers of the first kind
AFFINITY = np.array([[0.1, 0.7], [0.7, 0.1]])  # means of the logarithm, kinds by topics
TOPIC_SHARE = 0.2  # share of the documents of the first topic
QUALITY = np.array([0.8, 0.2])  # means of the logarithm, by topic
SPREAD = 0.1  # standard deviation of both logarithms
NO_CLICK = float(np.exp(5.0))


@dataclass(frozen=True)
class InterestExploration(NeverConverts):
    """Shoppers of two hidden kinds; `interest_exploration` has the formulas.

    Attributes:
        click_model: the multinomial model, with the weight of no choice.
    """

    click_model: ClickModel = field(default_factory=lambda: Multinomial(NO_CLICK))

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw a kind and its affinities to the two topics; there are no clicks yet."""
        kind = (draws.uniform(Stream.TRAIT) >= KIND_SHARE).astype(np.int64)
        affinity = np.exp(AFFINITY[kind] + SPREAD * draws.normal(Stream.TRAIT + 1, 2)).astype(np.float32)
        nothing = np.zeros((len(kind), 2), np.float32)
        return {"affinity": affinity}, {"clicks_by_topic": nothing, "shown_by_topic": nothing.copy()}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 4) clicks and shown documents so far by topic, divided by one more than the number of slates."""
        counts = np.concatenate([shoppers.clicks_by_topic, shoppers.shown_by_topic], axis=1)
        return counts / (1 + shoppers.visit[:, None])

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(shoppers))
        affinity = of_category(shoppers.affinity, catalog, slate)
        return np.exp(np.asarray(affinity + catalog.quality[slate], np.float64))

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        topic = catalog.category[slate]
        for number in range(2):
            shoppers.state["clicks_by_topic"][:, number] += (feedback.clicks & (topic == number)).sum(axis=1)
            shoppers.state["shown_by_topic"][:, number] += (topic == number).sum(axis=1)


@checked
def interest_exploration(
    *,
    items: ItemCount = 10_000,
    slate_size: SlateSize = 2,
    candidates: ItemCount = 10,
    visits: VisitCount = 100,
    catalog_seed: Seed = 0,
) -> World:
    """RecSimInterestExploration-v0: shoppers of two hidden kinds, and documents of two topics, of which the rarer one is better.

    What it models:
        Documents belong to topic 0 (20 %) or topic 1 (80 %). The logarithm of their quality has mean 0.8 (topic 0) or 0.2
        (topic 1). Shoppers are of kind 0 (30 %) or kind 1 (70 %). The logarithm of their affinity to topics 0 and 1 has means 0.1
        and 0.7 (kind 0), or 0.7 and 0.1 (kind 1). All these logarithms are normal with standard deviation 0.1. Document i of
        topic c is clicked with a probability proportional to exp(affinity_c + quality_i), none with weight exp(5). Nothing
        changes: an agent has to explore to find out a shopper's kind.
    Action:
        A slate of positions among 10 candidates, which are drawn from the catalogue at each step.
    Observation:
        Clicks and shown documents by topic, relative to the number of slates, the decayed history, the clock, and the
        candidates. Kind and affinities are hidden.
    Reward:
        A click.
    End:
        Truncated after `visits` slates; the original never ends.
    Source:
        Ie et al., "RecSim: a configurable simulation platform for recommender systems", arXiv:1909.04847, 2019, section 5.2;
        `interest_exploration.create_environment`.
    Faults of the original:
        None that changes its numbers. The original draws new documents endlessly; here they come from a catalogue of `items`.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of documents in the catalogue.
        slate_size: k, the number of documents shown at once.
        candidates: C, the number of documents to choose from at each step.
        visits: the number of slates of a shopper.
        catalog_seed: seed of the catalogue.
    """
    number = np.arange(items, dtype=np.int64)
    draws = Draws(catalog_seed, number, np.zeros_like(number))
    topic: NDArray[np.int64] = (draws.uniform(Stream.CUSTOM) >= TOPIC_SHARE).astype(np.int64)
    quality = np.exp(QUALITY[topic] + SPREAD * draws.normal(Stream.CUSTOM + 2))
    catalog = Catalog.of(np.column_stack([np.eye(2)[topic], quality]), topic, quality=quality)
    objectives = make_objectives("click")
    return World("RecSimInterestExploration-v0", catalog, InterestExploration(), slate_size, visits, candidates, objectives)
