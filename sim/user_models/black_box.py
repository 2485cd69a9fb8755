"""A user model that can only return clicks: its probabilities are estimated, and marked as estimates."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.selection import best_by_value
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items, first_shown
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, UserModel


class BlackBox(UserModel):
    """The base of user models that override only `clicks`. Probabilities are means over replicates, the oracle probes items.

    Every replicate has its own random numbers, which are the same for every slate (common random numbers), so that two slates
    are compared on the same random numbers. With R replicates the standard error of a probability is at most 1 / (2 sqrt(R)).

    Attributes:
        replicates: R, the number of simulated answers for each probability.
        probes: how often each item is shown to each shopper in the search for the best slate. Because these answers are few,
            they are averaged with the items' means over all shoppers.
    """

    estimated = True
    replicates: int = 64
    probes: int = 4

    @abstractmethod
    def clicks(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.bool_]:
        """(n, k) the clicks; all random numbers must come from `draws`."""

    def click_probability(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        """(n, k) the share of replicates with a click; an estimate."""
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        counts = np.zeros(slate.shape)
        for replicate in range(self.replicates):
            counts += self._answer(shoppers, catalog, slate, replicate)
        return counts / self.replicates

    def best_slate(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> Items:
        """(n, k) the items with the highest estimated value when shown among others; an estimate of the best slate."""
        return best_by_value(self.worth(shoppers, catalog, weights, slate_size, candidates), slate_size)

    def worth(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> Floats:
        """(n, m) the estimated value of each item when shown among others, or (n, C) for candidates.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            weights: the values of a click and of a conversion, as for `UserModel.best_slate`.
            slate_size: k.
            candidates: (n, C) items.
        """
        candidates = catalog.check(candidates, len(shoppers), "candidates")
        size = catalog.size if candidates is None else candidates.shape[1]
        counts = np.zeros((len(shoppers), size))
        order = Draws(0, np.arange(size, dtype=np.int64), np.zeros(size, np.int64))
        for probe in range(self.probes):
            shuffled = np.argsort(order.uniform(Stream.CUSTOM, np.full(size, probe)))
            shuffled = np.resize(shuffled, -(-size // slate_size) * slate_size)
            for shown in shuffled.reshape(-1, slate_size):
                slate = np.broadcast_to(shown, (len(shoppers), slate_size)) if candidates is None else candidates[:, shown]
                counts[:, shown] += self._answer(shoppers, catalog, slate, probe)
        # The mean over all shoppers has the weight of two probes.
        rate = (counts + 2 * _everybodys(counts, candidates) / self.probes) / (self.probes + 2)
        return np.asarray(rate * (weights[0] + weights[1] * self.conversion(shoppers, catalog, candidates)))

    def bound(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> NDArray[np.float64]:
        """(n,) infinity: no bound is known for a black box."""
        catalog.check(candidates, len(shoppers), "candidates")
        return np.full(len(shoppers), np.inf)

    def _answer(self, shoppers: Shoppers, catalog: Catalog, slate: Items, replicate: int) -> NDArray[np.bool_]:
        """Simulate one answer, a pure function of (shopper, visit, slate, replicate)."""
        draws = Draws(2**63 + replicate, shoppers.identity, shoppers.visit)
        return self.clicks(shoppers, catalog, slate, draws) & first_shown(slate)


def _everybodys(counts: Floats, candidates: Items | None) -> Floats:
    """The mean count of each item over the shoppers to whom it was shown, for counts of all items or of candidates (n, C)."""
    if candidates is None:
        return np.asarray(counts.mean(axis=0))
    _, place, times = np.unique(candidates.ravel(), return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(place, counts.ravel()) / times)[place].reshape(counts.shape))
