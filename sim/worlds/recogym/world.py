"""RecoGym: organic sessions of browsing, with recommendations between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

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
from slategym.sim.user_models.never_converts import NeverConverts
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.checked import check_fields, checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Dimensions, ItemCount, NonNegative, Range, Share, VisitCount, Whole

Turning = Annotated[float, Range(0.001, 1)]  # limits the mean length of organic sessions to a thousand views
MOST_ITEMS = 5_000  # every view is drawn among all items
Products = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class RecoGymModel(NeverConverts):
    """Shoppers with organic views of products, and recommendations between them; `recogym` has the formulas.

    Attributes:
        popularity: (m,) what a product adds to the log weight of an organic view, mu.
        organic: (m, K) the products' vectors in organic views, Gamma.
        organic_to_bandit: the probability that a recommendation follows an organic view.
        organic_to_leave: the probability that the shopper leaves after an organic view.
        bandit_to_organic: the probability that an organic view follows a recommendation without a click; after a click it is 1.
        bandit_to_leave: the probability that the shopper leaves after a recommendation without a click.
        drift: standard deviation of the change of a shopper's vector from one organic view to the next.
        click_model: the single product is always examined.
    """

    popularity: Products
    organic: Products
    organic_to_bandit: Turning = 0.25
    organic_to_leave: Share = 0.01
    bandit_to_organic: Share = 0.05
    bandit_to_leave: Share = 0.01
    drift: NonNegative = 0.1
    click_model: ClickModel = field(default_factory=lambda: PositionBased([1.0]))

    def __post_init__(self) -> None:
        check_fields(self)
        for words, total in (
            ("organic_to_bandit and organic_to_leave", self.organic_to_bandit + self.organic_to_leave),
            ("bandit_to_organic and bandit_to_leave", self.bandit_to_organic + self.bandit_to_leave),
        ):
            if total > 1:
                raise ValueError(f"{words} add up to {total:g}: expected at most 1")

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw a vector of interests from N(0, 1); there are no views yet."""
        n = len(draws.identity)
        state = {
            "interests": draws.normal(Stream.TRAIT, self.organic.shape[1]).astype(np.float32),
            "views": np.zeros((n, catalog.size), np.float32),
            "moves_on_return": np.zeros(n, np.bool_),
            "browsing": np.ones(n, np.bool_),
        }
        return {}, state

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, m) the organic views of each product so far."""
        return np.asarray(shoppers.views)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(shoppers))
        score = match(shoppers.interests, catalog.taste, slate) + catalog.appeal[slate]
        return expit(5 * expit(2 * expit(0.3 * score) - 2) - 6)

    @property
    def leaves_while_browsing(self) -> float:
        """The probability that an organic session ends with the shopper leaving instead of a recommendation."""
        return self.organic_to_leave / (self.organic_to_leave + self.organic_to_bandit)

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        check_items(slate, catalog.size, shape=(len(shoppers), None))
        clicked = feedback.clicks.any(axis=1)
        turns = draws.uniform(Stream.EVOLUTION)
        # Among shoppers who stay: `leaving` includes those who leave while browsing, who are shown nothing more.
        back = self.bandit_to_organic * (1 - self.leaves_while_browsing)
        stays = back + 1 - self.bandit_to_organic - self.bandit_to_leave
        shoppers.state["browsing"][:] = clicked | (turns * stays < back)
        # Interests change when the chain itself moves to an organic view; after a click the view comes without such a move.
        shoppers.state["moves_on_return"][:] = ~clicked | (turns < self.bandit_to_organic)

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        clicked = feedback.clicks.any(axis=1)
        return np.where(
            clicked, self.leaves_while_browsing, self.bandit_to_leave + self.bandit_to_organic * self.leaves_while_browsing
        )

    @override
    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        rows = np.flatnonzero(shoppers.browsing)
        moves = shoppers.moves_on_return[rows]
        ends = self.organic_to_bandit + self.organic_to_leave
        interests, views = shoppers.state["interests"], shoppers.state["views"]
        dimensions, event = np.arange(interests.shape[1]), 0
        while len(rows):
            theirs = draws.take(rows)
            number = np.full((len(rows), len(dimensions)), event * len(dimensions)) + dimensions
            step = self.drift * theirs.normal(Stream.CUSTOM, item=number)
            interests[rows] += np.where(moves[:, None], step, 0).astype(np.float32)
            score = np.tile(self.popularity, (len(rows), 1))
            for dimension in dimensions:  # one at a time, so that no sum depends on the batch
                score += interests[rows, dimension, None] * self.organic[:, dimension]
            until = np.cumsum(np.exp(score - score.max(axis=1, keepdims=True)), axis=1)
            viewed = theirs.uniform(Stream.BROWSE, np.full(len(rows), event)) * until[:, -1]
            views[rows, np.minimum((until <= viewed[:, None]).sum(axis=1), catalog.size - 1)] += 1
            goes_on = theirs.uniform(Stream.BROWSE + 1, np.full(len(rows), event)) >= ends
            rows, event = rows[goes_on], event + 1
            moves = np.ones(len(rows), np.bool_)
        shoppers.state["browsing"][:] = False


def draw_products(seed: int, items: int, latent: int, popularity_spread: float) -> tuple[Products, Products]:
    """Draw the products' vectors (m, K), and what they add to the log weight of a view (m,), in the same way as the original.

    Args:
        seed: the seed of NumPy's legacy generator, which the original uses.
        items: m.
        latent: K.
        popularity_spread: standard deviation of the second array.
    """
    random = np.random.RandomState(seed)
    organic = random.normal(size=(items, latent))
    return organic, random.normal(0, popularity_spread, size=(items, 1))[:, 0]


def flipped(organic: Products, flips: int) -> NDArray[np.int64]:
    """(m,) the product whose vector each product has in recommendations: pairs of the most similar ones are exchanged.

    Args:
        organic: (m, K) the products' vectors.
        flips: the number of pairs.
    """
    similarity = organic @ organic.T
    np.fill_diagonal(similarity, 0)
    order, left = np.arange(len(organic)), flips
    for pair in similarity.ravel().argsort()[::-1]:
        if left == 0:
            break
        one, other = divmod(int(pair), len(organic))
        if order[one] == one and order[other] == other and one != other:
            order[one], order[other], left = other, one, left - 1
    return order


@checked
def recogym(
    *,
    items: ItemCount = 10,
    latent: Dimensions = 5,
    flips: Whole = 0,
    visits: VisitCount = 500,
    catalog_seed: Annotated[int, Range(0, 2**32 - 1)] = 42,
    organic_to_bandit: Turning = 0.25,
    organic_to_leave: Share = 0.01,
    bandit_to_organic: Share = 0.05,
    bandit_to_leave: Share = 0.01,
    drift: NonNegative = 0.1,
    popularity_spread: NonNegative = 3.0,
    variant: Literal["code", "paper"] = "code",
) -> World:
    """RecoGym-v1: shoppers who browse products on their own, with recommendations of one product at a time between sessions.

    What it models:
        Product i has a vector Gamma_i from N(0, 1) in K dimensions and a popularity mu_i from N(0, 3^2); a shopper has a vector
        omega from N(0, 1). In organic sessions they view products with probabilities softmax(Gamma omega + mu), and omega changes
        by N(0, 0.1) from one view to the next. Between sessions they are recommended one product at a time, and click it with
        probability s(5 s(2 s(0.3 z) - 2) - 6), where z = beta_i omega + mu_i and s is the logistic function: 0.45 to 2.93 %.
        beta is Gamma, with some pairs of the most similar products exchanged (`flips`).
        After a view a recommendation follows with probability 0.25, and the shopper leaves with 0.01. After a recommendation a
        view follows with 0.05, and the shopper leaves with 0.01; after a click a view always follows.
    Action:
        A slate of one product. A step is always a recommendation: organic events happen between steps, and change only omega and
        the observation.
    Observation:
        The organic views of each product so far, and the clock. omega is hidden. The features of a product are Gamma and mu,
        which could be estimated from the organic views of very many shoppers.
    Reward:
        A click.
    End:
        Terminated when the shopper leaves, after about 80 recommendations on average; truncated after `visits`. Shoppers who
        leave before the first recommendation do not appear.
    Source:
        Rohde et al., "RecoGym: a reinforcement learning environment for the problem of product recommendation in online
        advertising", arXiv:1808.00720, 2018; its environment `reco-gym-v1`. With 100 products and seed 42 the random agent has
        a click rate of 1.077 % [1.007, 1.151].
    Faults of the original:
        In some of its releases the probability of leaving after a recommendation is that of leaving after a view
        (`prob_leave_organic`): `variant="code"`. With `variant="paper"` it is `bandit_to_leave`. By default both are 0.01.
    Version history:
        v1: the number of the original; `catalog_seed=42` draws its products.

    Args:
        items: m, the number of products (`num_products` in the original).
        latent: K, the number of dimensions of the vectors.
        flips: the number of exchanged pairs of products (`number_of_flips`).
        visits: the largest number of recommendations of a shopper.
        catalog_seed: seed of the products (`random_seed`).
        organic_to_bandit: probability of a recommendation after a view (`prob_organic_to_bandit`).
        organic_to_leave: probability of leaving after a view (`prob_leave_organic`).
        bandit_to_organic: probability of a view after a recommendation (`prob_bandit_to_organic`).
        bandit_to_leave: probability of leaving after a recommendation (`prob_leave_bandit`).
        drift: standard deviation of a change of omega (`sigma_omega`).
        popularity_spread: standard deviation of mu (`sigma_mu_organic`).
        variant: "code" computes like the original code, "paper" without its fault.

    Raises:
        ValueError: there are more flips than pairs, or probabilities add up to more than 1.
    """
    if items > MOST_ITEMS:
        raise ValueError(f"items is {items}: expected at most {MOST_ITEMS}, because every view is drawn among all items")
    if flips > items // 2:
        raise ValueError(f"flips is {flips}: expected at most {items // 2}, the pairs among {items} items")
    organic, popularity = draw_products(catalog_seed, items, latent, popularity_spread)
    order = flipped(organic, flips)
    features = np.column_stack([organic, popularity])
    catalog = Catalog.of(features, np.zeros(items, np.int64), taste=organic[order], appeal=popularity[order])
    model = RecoGymModel(
        popularity,
        organic,
        organic_to_bandit=organic_to_bandit,
        organic_to_leave=organic_to_leave,
        bandit_to_organic=bandit_to_organic,
        bandit_to_leave=organic_to_leave if variant == "code" else bandit_to_leave,
        drift=drift,
    )
    return World("RecoGym-v1", catalog, model, 1, visits, objectives=make_objectives("click"))
