"""A test of whether the effects of the levels of shoppers on rates differ between items."""

from __future__ import annotations

import numpy as np

from slategym.bench.fitting.arrowhead import information
from slategym.bench.fitting.rates import Rates
from slategym.bench.fitting.trials import Floats, Trials

REPLICATIONS, ENOUGH, SEED = 199, 20, 0
ALONE = 1e-6  # added to the information of an effect, so that items without information cause no division by 0


def interaction_p_value(trials: Trials, rates: Rates, replications: int = REPLICATIONS, seed: int = SEED) -> float:
    """The p-value of "levels have the same effects on every item", by a score test whose distribution is simulated.

    The statistic is the sum over items and levels of the squared sums of score residuals. This is the score of the variance of
    item-by-level effects at 0, which gives the locally most powerful test (Lin, "Variance component testing in generalised linear
    models with random effects", Biometrika 84, 1997). Its distribution without such effects comes from a parametric bootstrap
    with the fitted rates, with one Fisher step of the main effects in each replication. With c statistics that are at least as
    large as the observed one, p = (1 + c) / (1 + replications), or 20 / replications so far as soon as c is 20 (Besag and
    Clifford, "Sequential Monte Carlo p-values", Biometrika 78, 1991).

    Args:
        trials: the observed trials.
        rates: rates fitted to the trials without item-by-level effects.
        replications: the number of replications of the bootstrap.
        seed: the seed of its random numbers.

    Raises:
        ValueError: the rates have item-by-level effects.
    """
    if rates.interacting:
        raise ValueError("the rates have effects of items at levels: expected a fit without them, interacting=False")
    if trials.levels == 0 or trials.items < 2:
        return 1.0
    statistic = _Statistic(trials, rates)
    observed = statistic(trials.successes)
    random, count = np.random.default_rng(seed), trials.trials.astype(np.int64)
    single = bool((count == 1).all())
    larger = 0
    for replication in range(1, replications + 1):
        drawn = random.random(len(count)) < statistic.success if single else random.binomial(count, statistic.success)
        larger += statistic(drawn.astype(np.float64)) >= observed
        if larger == ENOUGH:
            return larger / replication
    return (1 + larger) / (1 + replications)


class _Statistic:
    """The sum of squared sums of residuals by item and level, without the part that main effects explain."""

    def __init__(self, trials: Trials, rates: Rates) -> None:
        attraction, self.success = rates.attraction(trials), rates.success(trials)
        self.trials, self.falling = trials, 1 - attraction
        weight = trials.trials * self.success / (1 - self.success)
        self.columns = trials.columns
        m, v = trials.items, trials.levels
        kept = np.delete(np.arange(trials.places), rates.reference)
        data, places = information(trials, weight * self.falling**2, weight * self.falling, 1 + v)
        # Main effects: a diagonal block of the items, which include the intercept; then the levels and the places.
        self.of_items = data[:, 0, 0] + ALONE
        self.between = np.concatenate([data[:, 0, 1:], places[:, 0][:, kept]], axis=1)
        rest = np.zeros((v + len(kept), v + len(kept)))
        rest[:v, :v] = data[:, 1:, 1:].sum(axis=0)
        rest[:v, v:] = places[:, 1:].sum(axis=0)[:, kept]
        rest[v:, :v] = rest[:v, v:].T
        rest[v:, v:] = np.diag(np.bincount(trials.place, weight, trials.places)[kept])
        schur = rest - self.between.T @ (self.between / self.of_items[:, None])
        # The levels of a variable are identified only up to a common shift, which does not change the residuals.
        self.inverse = np.linalg.pinv((schur + schur.T) / 2, rcond=1e-10, hermitian=True)
        self.own, self.of_levels, self.of_places = data[:, 1:, 0], data[:, 1:, 1:], places[:, 1:][:, :, kept]
        self.kept, self.shape = kept, (m, v)

    def __call__(self, successes: Floats) -> float:
        trials, (m, v) = self.trials, self.shape
        residual = (successes - trials.trials * self.success) / (1 - self.success)
        score = residual * self.falling
        sums = np.zeros((m, v))
        for column in self.columns.T:
            sums += np.bincount(trials.item * v + column, score, m * v).reshape(m, v)
        of_items = np.bincount(trials.item, score, m)
        of_rest = np.concatenate([sums.sum(axis=0), np.bincount(trials.place, residual, trials.places)[self.kept]])
        rest = self.inverse @ (of_rest - self.between.T @ (of_items / self.of_items))
        own = (of_items - self.between @ rest) / self.of_items
        levels, places = rest[:v], rest[v:]
        sums = sums - self.own * own[:, None] - self.of_levels @ levels - self.of_places @ places
        return float((sums**2).sum())
