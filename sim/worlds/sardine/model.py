"""SARDINE's users: too many clicks on a topic make them bored with it, and clicks change their interests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, match
from slategym.sim.user_models.never_converts import NeverConverts
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.sim.worlds.sardine.parameters import EXAMINATION, FORGOTTEN, MEMORY, OFFSET, USER_TOPICS, WINDOW
from slategym.utils.checked import check_fields
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Count, NonNegative, Share

if TYPE_CHECKING:
    from slategym.sim.world import World


@dataclass(frozen=True)
class SardineModel(NeverConverts):
    """The users of SARDINE; `slategym.sim.worlds.sardine.world` has the formulas.

    Attributes:
        slope: lambda, the slope of relevance as a logistic function of fit.
        boredom_threshold: the number of clicks on a topic in the last five steps that causes boredom; ten clicks are remembered.
        omega: the share of the interests that remains after a step with a click; 1 keeps them all.
        mean_over_topics: whether the mean of the clicked items is also taken over topics, the fault of the original.
        topics_alone: whether boredom removes only the bored topics from the interests, instead of all topics.
        click_model: position-based with examination 0.85**rank.
    """

    slope: NonNegative = 100.0
    boredom_threshold: Count = 5
    omega: Share = 1.0
    mean_over_topics: bool = True
    topics_alone: bool = False
    click_model: ClickModel = field(default_factory=lambda: PositionBased.geometric(100, EXAMINATION))

    def __post_init__(self) -> None:
        check_fields(self)

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw interests, uniform on 3 to 5 topics and of length one; there are no clicks and there is no boredom yet."""
        n, topics = len(draws.identity), catalog.taste.shape[1]
        number = np.broadcast_to(np.arange(topics), (n, topics))
        interests = draws.uniform(Stream.TRAIT, number) * _some_topics(draws, topics)
        interests /= np.sqrt((interests**2).sum(axis=1, keepdims=True))
        state: dict[str, NDArray[Any]] = {
            "interests": interests.astype(np.float32),
            "clicked_topic": np.full((n, MEMORY), FORGOTTEN, np.int8),
            "clicked_ago": np.zeros((n, MEMORY), np.int8),
            "boredom": np.zeros((n, topics), np.int8),
        }
        return {}, state

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, topics) remembered clicks by topic as a share of the boredom threshold, at most 1."""
        counts = _by_topic(shoppers.clicked_topic, shoppers.interests.shape[1])
        return np.minimum(counts / self.boredom_threshold, 1)

    def present_interests(self, shoppers: Shoppers) -> Floats:
        """(n, topics) float32, the interests without those that boredom removes.

        Args:
            shoppers: n shoppers.
        """
        bored = shoppers.boredom > 0
        lost = bored if self.topics_alone else bored.any(axis=1, keepdims=True)
        return np.where(lost, np.float32(0), shoppers.interests)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        fit = match(self.present_interests(shoppers), catalog.taste, catalog.check(slate, len(shoppers)))
        # In float64, because many relevances are too close to 1 for float32.
        return expit(self.slope * (np.asarray(fit, np.float64) - OFFSET))

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        clicks, state = feedback.clicks, shoppers.state
        topics = state["interests"].shape[1]
        # The last ten clicks, oldest first after the empty entries; then all of them age by one step.
        topic = np.concatenate([state["clicked_topic"], np.where(clicks, catalog.category[slate], FORGOTTEN)], axis=1)
        ago = np.concatenate([state["clicked_ago"], np.zeros(slate.shape, np.int8)], axis=1) + 1
        order = np.argsort(topic != FORGOTTEN, axis=1, kind="stable")[:, -MEMORY:]
        topic, ago = np.take_along_axis(topic, order, axis=1), np.take_along_axis(ago, order, axis=1)
        topic[(ago > WINDOW)] = FORGOTTEN
        state["clicked_topic"][:], state["clicked_ago"][:] = topic, np.where(topic == FORGOTTEN, 0, ago)
        boredom = state["boredom"]
        boredom -= boredom > 0
        boredom[(boredom == 0) & (_by_topic(topic, topics) >= self.boredom_threshold)] = WINDOW
        if self.omega < 1:
            self._influence(state["interests"], catalog, slate, clicks)

    def _influence(self, interests: NDArray[np.float32], catalog: Catalog, slate: Items, clicks: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(clicks.any(axis=1))
        shown = np.where(clicks[rows][:, :, None], catalog.taste[slate[rows]], np.float32(0)).astype(np.float64)
        mean = shown.sum(axis=1) / clicks[rows].sum(axis=1)[:, None]
        if self.mean_over_topics:
            mean = np.broadcast_to(mean.mean(axis=1, keepdims=True), mean.shape)
        moved = self.omega * interests[rows].astype(np.float64) + (1 - self.omega) * mean
        interests[rows] = moved / np.sqrt((moved**2).sum(axis=1, keepdims=True))

    @override
    def compiled(self, world: World) -> Kernel:
        from slategym.sim.worlds.sardine.compiled import SardineVisit

        return SardineVisit(self, world)


def _some_topics(draws: Draws, topics: int) -> NDArray[np.bool_]:
    """(n, topics) the topics of new users: each with probability 4 / topics, drawn again until there are 3 to 5."""
    least, most = USER_TOPICS
    chosen = np.zeros((len(draws.identity), topics), np.bool_)
    rows, attempt = np.arange(len(chosen)), 0
    while len(rows):
        number = np.broadcast_to(np.arange(topics) + attempt * topics, (len(rows), topics))
        chosen[rows] = draws.take(rows).uniform(Stream.TRAIT + 1, number) < (least + most) / 2 / topics
        count = chosen[rows].sum(axis=1)
        rows, attempt = rows[(count < least) | (count > most)], attempt + 1
    return chosen


def _by_topic(clicked: NDArray[np.int8], topics: int) -> NDArray[np.int64]:
    """(n, topics) the number of remembered clicks on each topic."""
    n = len(clicked)
    cell = np.arange(n)[:, None] * topics + clicked
    return np.bincount(cell[clicked != FORGOTTEN], minlength=n * topics).reshape(n, topics)
