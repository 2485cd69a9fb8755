"""RecSim's interest exploration: hidden kinds of shoppers, and a topic that most see little of."""

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

KIND_SHARE = 0.3  # of the shoppers are of the first kind
AFFINITY = np.array([[0.1, 0.7], [0.7, 0.1]])  # means of the logarithm, of the kinds for the topics
TOPIC_SHARE = 0.2  # of the documents are of the first topic
QUALITY = np.array([0.8, 0.2])  # means of the logarithm, of the topics
SPREAD = 0.1  # standard deviation of both logarithms
NO_CLICK = float(np.exp(5.0))


@dataclass(frozen=True)
class InterestExploration(NeverConverts):
    """Shoppers of two kinds that nobody sees; the formulas are in `interest_exploration`.

    Attributes:
        click_model: the multinomial model, with the weight of choosing nothing.
    """

    click_model: ClickModel = field(default_factory=lambda: Multinomial(NO_CLICK))

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """A kind, its affinities to the two topics, and no clicks so far."""
        kind = (draws.uniform(Stream.TRAIT) >= KIND_SHARE).astype(np.int64)
        affinity = np.exp(AFFINITY[kind] + SPREAD * draws.normal(Stream.TRAIT + 1, 2)).astype(np.float32)
        nothing = np.zeros((len(kind), 2), np.float32)
        return {"affinity": affinity}, {"clicks_by_topic": nothing, "shown_by_topic": nothing.copy()}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 4) clicks and documents shown so far by topic, for each slate shown."""
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
    """RecSimInterestExploration-v0: two hidden kinds of shoppers, and documents that most like less but are good to find.

    What it models:
        Documents are of topic 0 (20 %) or 1 (80 %), with a log-normal quality of parameters 0.8 or 0.2 and 0.1. Shoppers are of
        kind 0 (30 %), with log-normal affinities of parameters 0.1 and 0.7 to the topics, or of kind 1 (70 %), with 0.7 and 0.1;
        the standard deviation of the logarithm is 0.1. Document i of topic c is clicked with a probability proportional to
        exp(affinity_c + quality_i), none with exp(5). Nothing changes: an agent has to explore to find out a shopper's kind.
    Action:
        A slate of positions among 10 candidates, drawn anew at each step from the catalogue.
    Observation:
        Clicks and documents shown by topic, for each slate so far, the decayed history, the clock, and the candidates. Kind and
        affinities are hidden.
    Reward:
        A click.
    End:
        The original never ends; here it is truncated after `visits` slates.
    Source:
        Ie et al., "RecSim: a configurable simulation platform for recommender systems", arXiv:1909.04847, 2019, section 5.2;
        `interest_exploration.create_environment`.
    Faults of the original:
        None that changes its numbers. Documents are drawn without end there; here they come from a catalogue of `items`.
    Version history:
        v0: initial version.

    Args:
        items: m, documents of the catalogue.
        slate_size: k, documents shown at once.
        candidates: C, documents to choose from at each step.
        visits: the slates of a shopper.
        catalog_seed: which catalogue of this kind.
    """
    number = np.arange(items, dtype=np.int64)
    draws = Draws(catalog_seed, number, np.zeros_like(number))
    topic: NDArray[np.int64] = (draws.uniform(Stream.CUSTOM) >= TOPIC_SHARE).astype(np.int64)
    quality = np.exp(QUALITY[topic] + SPREAD * draws.normal(Stream.CUSTOM + 2))
    catalog = Catalog.of(np.column_stack([np.eye(2)[topic], quality]), topic, quality=quality)
    objectives = make_objectives("click")
    return World("RecSimInterestExploration-v0", catalog, InterestExploration(), slate_size, visits, candidates, objectives)
