"""A world modelled on KuaiSim: several behaviours, sessions that end with a user's patience, and days until the return."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.objectives import make_objectives
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, match
from slategym.sim.user_models.behaviours import Behaviour
from slategym.sim.user_models.never_converts import NeverConverts
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Dimensions, ItemCount, Seed, SlateSize, VisitCount

PATIENCE = 20.0  # at the beginning of a session
DISAPPOINTMENT = 2.0  # decrease of the patience by a slate without a reward
LONGEST = 10  # days until a user returns
RETURN_BASE, RETURN_REWARD, RETURN_SPREAD = 0.4, 0.1, 0.1
LATEST = 0.8  # share of earlier slates that remains in the session's mean reward

# Each with the logit of its probability if the fit is 0, and the coefficient of the fit.
BEHAVIOURS = (
    (Behaviour("like", "likes", "whether the video is liked", plural="likes"), -3.5, 1.0),
    (Behaviour("comment", "comments", "whether the video is commented on", plural="comments"), -5.5, 0.7),
    (Behaviour("forward", "forwards", "whether the video is forwarded", plural="forwards"), -6.0, 0.7),
    (Behaviour("follow", "follows", "whether the author of the video is followed", plural="follows"), -5.0, 0.8),
    (Behaviour("long-view", "long views", "whether the video is watched for long", plural="long views"), -0.8, 1.2),
    (Behaviour("hate", "hates", "whether the video is disliked", weight=-1.0, plural="hates"), -5.5, -0.8),
)
BASE = {behaviour.name: base for behaviour, base, _ in BEHAVIOURS}
SLOPE = {behaviour.name: slope for behaviour, _, slope in BEHAVIOURS}
WEIGHT = {behaviour.name: behaviour.weight for behaviour, _, _ in BEHAVIOURS}


@dataclass(frozen=True)
class KuaiSimLike(NeverConverts):
    """Users of short videos; `kuaisim_like` has the formulas.

    Attributes:
        click_model: every video of a slate is examined.
    """

    click_model: ClickModel = field(default_factory=lambda: PositionBased(np.ones(100)))
    behaviours = tuple(behaviour for behaviour, _, _ in BEHAVIOURS)
    longest_absence = LONGEST

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw a taste and a habit of returning, with full patience."""
        normal = draws.normal(Stream.TRAIT, 2 * catalog.taste.shape[1] + 1).astype(np.float32)
        q = catalog.taste.shape[1]
        traits = {"taste": normal[:, :q], "blur": np.float32(0.5) * normal[:, q : 2 * q], "habit": RETURN_SPREAD * normal[:, -1]}
        n = len(normal)
        return traits, {"patience": np.full(n, PATIENCE, np.float32), "session_reward": np.zeros(n, np.float32)}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, q) the taste with an error."""
        return np.asarray(shoppers.taste + shoppers.blur)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return expit(-0.5 + self._fit(shoppers, catalog, slate))

    @override
    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return expit(BASE[name] + SLOPE[name] * self._fit(shoppers, catalog, slate))

    def _fit(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(shoppers))
        return match(shoppers.taste, catalog.taste, slate) + catalog.quality[slate]

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        check_items(slate, catalog.size, shape=(len(shoppers), None))
        reward = feedback.clicks.mean(axis=1) + sum(
            WEIGHT[name] * amount.mean(axis=1) for name, amount in feedback.behaviours.items()
        )
        patience, mean = shoppers.state["patience"], shoppers.state["session_reward"]
        patience += np.clip(reward - DISAPPOINTMENT, -DISAPPOINTMENT, 0).astype(np.float32)
        mean *= np.float32(LATEST)
        mean += np.float32(1 - LATEST) * reward.astype(np.float32)

    @override
    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        chance = np.clip(RETURN_BASE + shoppers.habit + RETURN_REWARD * shoppers.session_reward.astype(np.float64), 0.001, 0.999)
        # A geometric number of days, 0 to 9, given that it is in this range; plus 1.
        uniform = draws.uniform(Stream.EVOLUTION) * (1 - (1 - chance) ** LONGEST)
        day = np.minimum(np.floor(np.log1p(-uniform) / np.log1p(-chance)), LONGEST - 1)
        return np.where(shoppers.patience <= 0, 1 + day, 0).astype(np.int64)

    @override
    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        ended = shoppers.patience <= 0
        shoppers.state["patience"][ended] = PATIENCE
        shoppers.state["session_reward"][ended] = 0


@checked
def kuaisim_like(
    *,
    items: ItemCount = 2000,
    categories: ItemCount = 30,
    slate_size: SlateSize = 6,
    latent: Dimensions = 8,
    visits: VisitCount = 60,
    catalog_seed: Seed = 0,
) -> World:
    """KuaiSimLike-v0: short videos with several behaviours, sessions that end with a user's patience, and days until the return.

    What it models:
        The fit of a video is the inner product of its taste and the user's, plus its quality. A video of the slate is viewed
        (a click) with probability logistic(fit - 0.5). A viewed video is liked, commented on, forwarded, watched for long or
        disliked, or its author followed, each with its own logistic probability. A slate's reward is the mean over its videos of
        views and behaviours, where a dislike counts -1. A session begins with a patience of 20, which each slate reduces by
        min(2, 2 - reward). When no patience is left, the user is away for 1 + d days and returns with full patience. P(d) is
        proportional to P (1 - P)^d for d = 0 to 9, with P = clip(0.4 + habit + 0.1 mean reward, 0.001, 0.999).
    Action:
        A slate of 6 videos.
    Observation:
        The taste with an error, the decayed history, the clock, and the days since the first visit.
    Reward:
        Views and behaviours; a dislike counts -1. The objective `days-away` can be selected by name.
    End:
        Truncated after `visits` slates.
    Source:
        After Zhao et al., "KuaiSim: a comprehensive simulator for recommender systems", NeurIPS 2023: its behaviours, patience
        and days until the return. The original fits users and videos to a log that cannot be shipped; here they are drawn at
        random, so do not expect the numbers of the paper.
    Faults of the original:
        None are taken over, because this world does not use its code.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of videos.
        categories: g, the number of categories.
        slate_size: k, the number of videos shown at once.
        latent: q, the number of dimensions of taste.
        visits: the number of slates of a user, over all sessions.
        catalog_seed: seed of the catalogue.
    """
    number = np.arange(items, dtype=np.int64)
    draws = Draws(catalog_seed, number, np.zeros_like(number))
    normal = draws.normal(Stream.CUSTOM, 2 * latent + 1)
    category = number % min(categories, items)
    centre = Draws(catalog_seed, number[:categories], 0 * number[:categories]).normal(Stream.CUSTOM + 2, latent)
    taste = (0.7 * centre[category] + 0.7 * normal[:, :latent]) / np.sqrt(latent)
    quality = 0.5 * normal[:, -1] - 0.5
    features = np.column_stack([taste + 0.2 * normal[:, latent : 2 * latent], quality])
    catalog = Catalog.of(features, category, taste=taste, quality=quality)
    model = KuaiSimLike()
    objectives = make_objectives(["click", *(behaviour.name for behaviour in model.behaviours)], model.behaviours)
    return World("KuaiSimLike-v0", catalog, model, slate_size, visits, None, objectives)
