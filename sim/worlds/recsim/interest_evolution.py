"""RecSim's interest evolution: a time budget, and interests that change with the videos watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
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
from slategym.sim.user_models.behaviours import Behaviour
from slategym.sim.user_models.never_converts import NeverConverts, same_for_all
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.ranges import ItemCount, Seed, SlateSize, VisitCount

TOPICS = 20
LENGTH = 4.0  # minutes, the length of every video
BUDGET = 200.0  # minutes
STEP_PENALTY = 0.5  # minutes of the budget that a slate without a click takes
EXTENSION = 0.9 / 3.4  # share of the minutes watched that each point of quality adds to the budget
PACE = 0.3  # of the change of interests
QUALITY_SPREAD = 0.1

WATCH_TIME = Behaviour(
    "watch-time", "minutes", "how long the chosen video is watched", is_amount=True, highest=LENGTH, plural="minutes watched"
)


@dataclass(frozen=True)
class InterestEvolution(NeverConverts):
    """Viewers with interests in twenty topics and a time budget; `interest_evolution` has the formulas.

    Attributes:
        click_model: the multinomial model; its weight of no choice depends on the variant.
    """

    click_model: ClickModel = field(default_factory=lambda: Multinomial(2.0))
    behaviours = (WATCH_TIME,)

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw interests uniform on [-1, 1]; the budget is full."""
        topics = np.broadcast_to(np.arange(TOPICS), (len(draws.identity), TOPICS))
        interests = (2 * draws.uniform(Stream.TRAIT, topics) - 1).astype(np.float32)
        return {}, {"interests": interests, "budget": np.full(len(interests), BUDGET, np.float32)}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 20) the interests."""
        return np.asarray(shoppers.interests)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return of_category(shoppers.interests, catalog, slate) + np.float32(1)

    @override
    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        watched = np.clip(shoppers.budget, 0, LENGTH)[:, None]
        return watched * same_for_all(1.0, shoppers, catalog, slate)

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        interests, budget = shoppers.state["interests"], shoppers.state["budget"]
        clicked = feedback.clicks.any(axis=1)
        budget[~clicked] -= np.float32(STEP_PENALTY)
        row, rank = np.nonzero(feedback.clicks)
        item = slate[row, rank]
        watched = np.clip(budget[row], 0, LENGTH)
        budget[row] += watched * (EXTENSION * catalog.quality[item] - 1)
        topic = catalog.category[item]
        interest = interests[row, topic]
        rises = draws.uniform(Stream.EVOLUTION)[row] < (interest + 1) / 2
        move = PACE * (1 - np.abs(interest)) * (1 - interest)
        interests[row, topic] = np.clip(interest + np.where(rises, move, -move), -1, 1)

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        return (np.asarray(shoppers.budget) <= 0).astype(np.float64)


@checked
def interest_evolution(
    *,
    items: ItemCount = 10_000,
    slate_size: SlateSize = 2,
    candidates: ItemCount = 10,
    visits: VisitCount = 300,
    catalog_seed: Seed = 0,
    variant: Literal["code", "paper"] = "code",
) -> World:
    """RecSimInterestEvolution-v0: viewers with a time budget, whose interests change with the videos they watch.

    What it models:
        Videos belong to one of 20 topics, drawn uniformly, and last 4 minutes. The quality of a video is normal with a standard
        deviation of 0.1 around its topic's mean: 14 means are spread evenly over -3 to 0, and 6 over 0 to 3. A viewer's
        initial interests x are uniform on [-1, 1], and the budget is 200 minutes. From a slate viewers choose video i of topic c
        with a probability proportional to x_c + 1, or none with weight 2. They watch the chosen video for w = min(budget, 4)
        minutes, which adds w (0.9 / 3.4 quality - 1) to the budget; a slate without a choice takes 0.5 minutes. The interest in
        the topic of the chosen video changes by 0.3 (1 - |x_c|) (1 - x_c), up with probability (x_c + 1) / 2 and down otherwise,
        within [-1, 1].
    Action:
        A slate of positions among 10 candidates, which are drawn from the catalogue at each step.
    Observation:
        The 20 interests, the decayed counts of topics shown and of choices, the clock, and the candidates.
    Reward:
        The minutes watched (`watch-time`). The objective `click` can be selected by name.
    End:
        Terminated when the budget is spent; truncated after `visits` slates, which few reach.
    Source:
        Ie et al., "RecSim: a configurable simulation platform for recommender systems", arXiv:1909.04847, 2019; and
        "SlateQ", IJCAI 2019, section 6, whose random policy has a return of 159.2 minutes with slates of 3 of 10 candidates.
        Its environment is `interest_evolution.create_environment`.
    Faults of the original:
        Its code adds 1 to every score, so that no weight is negative, and also to the weight of no choice, which is then 2. Its
        argument `no_click_mass` is 1. `variant="code"` uses 2, and `variant="paper"` uses 1.
        The original draws new documents endlessly; here they come from a catalogue of `items`.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of videos in the catalogue.
        slate_size: k, the number of videos shown at once.
        candidates: C, the number of videos to choose from at each step.
        visits: the largest number of slates of a viewer.
        catalog_seed: seed of the catalogue.
        variant: "code" computes like the original code, "paper" without its fault.
    """
    number = np.arange(items, dtype=np.int64)
    draws = Draws(catalog_seed, number, np.zeros_like(number))
    topic = (draws.uniform(Stream.CUSTOM) * TOPICS).astype(np.int64)
    below = TOPICS * 7 // 10
    mean = np.concatenate([np.linspace(-3, 0, below), np.linspace(0, 3, TOPICS - below)])
    quality = mean[topic] + QUALITY_SPREAD * draws.normal(Stream.CUSTOM + 2)
    catalog = Catalog.of(np.eye(TOPICS)[topic], topic, quality=quality)
    model = InterestEvolution(Multinomial(2.0 if variant == "code" else 1.0))
    objectives = make_objectives("watch-time", model.behaviours)
    return World("RecSimInterestEvolution-v0", catalog, model, slate_size, visits, candidates, objectives)
