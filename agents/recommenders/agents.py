"""The recommenders, each with its own options."""

from __future__ import annotations

from typing import Any

from slategym.agents.base import Problem
from slategym.agents.recommenders.agent import Recommender
from slategym.agents.recommenders.bpr import BPR
from slategym.agents.recommenders.content import Content
from slategym.agents.recommenders.ease import EASE
from slategym.agents.recommenders.factors import ALS
from slategym.agents.recommenders.neighbours import ItemNeighbours, ShopperNeighbours
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive


class UserKNN(Recommender):
    """What the most similar shoppers like, by cosine (`ShopperNeighbours`).

    Args:
        neighbours: similar shoppers who count.
        options: those of `Recommender`.
    """

    name = "recommender:user-knn"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        neighbours: Count = 100,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = ShopperNeighbours(problem.items, neighbours)


class ItemKNN(Recommender):
    """Items that the same shoppers like, by cosine (`ItemNeighbours`).

    Args:
        neighbours: similar items that count, of an item.
        shrinkage: shoppers who like both items at which their similarity is halved.
        options: those of `Recommender`.
    """

    name = "recommender:item-knn"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        neighbours: Count = 100,
        shrinkage: NonNegative = 5.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = ItemNeighbours(problem.items, neighbours, shrinkage)


class ALSRecommender(Recommender):
    """Matrix factorisation by alternating least squares (`ALS`).

    Args:
        factors: length of the vectors.
        alpha: certainty of an examined impression, where what was not shown counts 1.
        regularisation: of the vectors.
        sweeps: times that a fit solves for shoppers and for items.
        options: those of `Recommender`.
    """

    name = "recommender:als"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        factors: Dimensions = 8,
        alpha: NonNegative = 10.0,
        regularisation: Positive = 30.0,
        sweeps: Count = 3,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = ALS(problem.items, self.random, factors, alpha, regularisation, sweeps)


class BPRRecommender(Recommender):
    """Matrix factorisation by Bayesian personalised ranking (`BPR`).

    Args:
        factors: length of the vectors.
        learning_rate: of a pair.
        regularisation: of vectors and biases.
        epochs: times that a fit draws as many pairs as there are clicked items of shoppers.
        options: those of `Recommender`.
    """

    name = "recommender:bpr"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        factors: Dimensions = 8,
        learning_rate: Positive = 0.05,
        regularisation: Positive = 0.02,
        epochs: Count = 5,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = BPR(problem.items, self.random, factors, learning_rate, regularisation, epochs)


class EASERecommender(Recommender):
    """A linear model of items by items in closed form (`EASE`), for at most 5,000 items.

    Args:
        regularisation: of the weights.
        options: those of `Recommender`.
    """

    name = "recommender:ease"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        regularisation: Positive = 5.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = EASE(problem.items, regularisation)


class ContentRecommender(Recommender):
    """Items like those that the shopper liked, by their features (`Content`).

    Args:
        options: those of `Recommender`.
    """

    name = "recommender:content"

    @checked
    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.model = Content(problem)


class PopularityRecommender(Recommender):
    """What everybody likes, with recent answers counting more, the same for all shoppers.

    Args:
        halflife: slates after which an answer counts half in the rates of items.
        options: those of `Recommender`.
    """

    name = "recommender:popularity"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        halflife: Positive = 50_000.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, halflife=halflife, **options)
