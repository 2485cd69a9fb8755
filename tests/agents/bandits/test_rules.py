"""The rules of bandits: bounds and draws are exact, and regret grows as theory says."""

import numpy as np
import pytest
from scipy import stats
from tests.agents.bandits.arms import kl, lai_robbins, regret_of

from slategym.agents.bandits.examination import read
from slategym.agents.bandits.kernel import kl_upper
from slategym.agents.bandits.rules import beta_draws, exp3_logits, gaussian_draws, importance, kl_ucb, ucb1

RATES = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


def uniform_prior(successes, trials, t, random):
    """Thompson sampling with the uniform prior of the theorem."""
    return beta_draws(random, successes + 1, trials - successes + 1, len(trials))


def mean_prior(successes, trials, t, random):
    """Thompson sampling with the default prior of the agent: one success at the mean rate."""
    mean = (successes.sum(axis=1, keepdims=True) + 1) / (trials.sum(axis=1, keepdims=True) + 2)
    return beta_draws(random, successes + 1, trials - successes + 1 / mean - 1, len(trials))


RULES = {
    "kl-ucb": lambda successes, trials, t, random: kl_ucb(successes, trials, t),
    "ucb1": lambda successes, trials, t, random: ucb1(successes, trials, t),
    "beta-ts": uniform_prior,
    "beta-ts, prior at the mean": mean_prior,
}


def test_the_bound_of_kl_ucb_is_at_the_distance_it_says():
    random = np.random.Generator(np.random.Philox(1))
    rate, width = random.random(2000), random.exponential(0.1, 2000)
    rate[:4] = 0, 0, 1, 0.5
    width[:4] = 0.1, 0, 0.1, 0
    upper = np.empty(2000)
    kl_upper(rate, width, upper)
    assert upper[:4].tolist() == [pytest.approx(1 - np.exp(-0.1)), 0, 1, 0.5]
    inside = upper < 1 - 1e-9
    np.testing.assert_allclose(kl(rate[inside], upper[inside]), width[inside], rtol=1e-6, atol=1e-9)
    assert (kl(rate[~inside], 1 - 1e-9) <= width[~inside]).all()
    assert (upper >= rate).all()


def test_what_was_never_tried_comes_first():
    successes, trials = np.array([[0.0, 5.0]]), np.array([[0.0, 5.0]])
    for bound in (ucb1(successes, trials, 10), kl_ucb(successes, trials, 10)):
        assert bound[0, 0] > bound[0, 1]
    assert ucb1(successes, trials, 10)[0, 0] > 100


@pytest.mark.parametrize(("hits", "misses"), [(1.0, 1.0), (0.5, 2.0), (1.2, 300.0), (50.0, 1000.0), (3.0, 3.0)])
def test_draws_follow_the_beta_distribution(hits, misses):
    random = np.random.Generator(np.random.Philox(3))
    drawn = beta_draws(random, np.array([[hits, 2.0]]), np.array([[misses, 2.0]]), 20_000)
    assert stats.kstest(drawn[:, 0].astype(float), stats.beta(hits, misses).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(20_000)
    again = beta_draws(np.random.Generator(np.random.Philox(3)), np.array([[hits, 2.0]]), np.array([[misses, 2.0]]), 20_000)
    np.testing.assert_array_equal(again, drawn)


def test_draws_follow_the_normal_distribution():
    random = np.random.Generator(np.random.Philox(3))
    drawn = gaussian_draws(random, np.array([[0.3, 5.0]]), np.array([[0.1, 2.0]]), (20_000, 2))
    for column, (mean, deviation) in enumerate([(0.3, 0.1), (5.0, 2.0)]):
        assert stats.kstest(drawn[:, column].astype(float), stats.norm(mean, deviation).cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", ["kl-ucb", "beta-ts", "beta-ts, prior at the mean"])
def test_regret_grows_as_slowly_as_it_can(name):
    """The quick version: from 300 to 3,000 pulls regret grows by less than twice the asymptotic slope."""
    early, late = regret_of(RULES[name], RATES, 3000, 100, 5, (300, 3000))
    slope = (late - early) / np.log(10)
    assert 0 < slope.mean() < 2 * lai_robbins(RATES)


RARE = np.array([0.1, *[0.05] * 3, *[0.02] * 3, *[0.01] * 3])


@pytest.mark.slow
@pytest.mark.parametrize("rates", [RATES, RARE], ids=["large", "rare"])
@pytest.mark.parametrize("name", ["kl-ucb", "beta-ts", "beta-ts, prior at the mean"])
def test_the_slope_of_regret_is_near_that_of_lai_and_robbins(name, rates):
    """At most half as much again, up to two standard errors of the runs."""
    early, late = regret_of(RULES[name], rates, 100_000, 100, 5, (10_000, 100_000))
    slope = (late - early) / np.log(10) / lai_robbins(rates)
    error = slope.std(ddof=1) / np.sqrt(len(slope))
    assert 0.3 < slope.mean() < 1.5 + 2 * error, (slope.mean(), error)


@pytest.mark.parametrize("pulls", [3000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_ucb1_keeps_its_bound(pulls):
    """Auer, Cesa-Bianchi, Fischer 2002, theorem 1; and it pays for its wider bounds."""
    gap = RATES.max() - RATES
    bound = (8 * np.log(pulls) / gap[gap > 0]).sum() + (1 + np.pi**2 / 3) * gap.sum()
    regret = {name: regret_of(RULES[name], RATES, pulls, 40, 6, (pulls,))[0] for name in ("ucb1", "beta-ts")}
    assert regret["ucb1"].mean() < bound
    assert regret["beta-ts"].mean() < regret["ucb1"].mean()


def adversary(pulls):
    """(pulls, m) rewards that no law gives: the best arm of the first third is the worst one of the rest."""
    turn = np.arange(pulls) // (pulls // 3)
    rewards = np.zeros((pulls, 4))
    rewards[:, 0] = turn == 0
    rewards[:, 1] = np.where(turn == 0, 0.0, np.arange(pulls) % 3 > 0)
    rewards[:, 2] = np.arange(pulls) % 2
    rewards[:, 3] = 0.3
    return rewards


@pytest.mark.parametrize("pulls", [3000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_exp3_keeps_its_bound_against_an_adversary(pulls):
    rewards, runs = adversary(pulls), 50
    random, row = np.random.Generator(np.random.SFC64(7)), np.arange(runs)
    gains, weight, earned = np.zeros((runs, 4)), np.zeros((runs, 4)), np.zeros(runs)
    for t in range(1, pulls + 1):
        logits = exp3_logits(gains, weight, t)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        arm = np.minimum((np.cumsum(p, axis=1) < random.random((runs, 1))).sum(axis=1), 3)
        w = importance(p[row, arm][:, None], 1)[:, 0]
        weight[row, arm] += w
        gains[row, arm] += w * rewards[t - 1, arm]
        earned += rewards[t - 1, arm]
    regret = rewards.sum(axis=0).max() - earned
    assert regret.mean() < 2 * np.sqrt(pulls * 4 * np.log(4))
    # Chance would lose more than the bound allows in the long run.
    assert regret.mean() < rewards.sum(axis=0).max() - rewards.mean(axis=1).sum()


def test_importance_weights_of_slates_have_the_mean_one():
    """Items drawn rank by rank, without replacement, in proportion to given weights."""
    random, share, runs = np.random.Generator(np.random.Philox(2)), np.array([0.6, 0.2, 0.1, 0.07, 0.03]), 200_000
    total, left, row = np.zeros(5), np.tile(share, (runs, 1)), np.arange(runs)
    slate, propensity = np.empty((runs, 3), np.int64), np.empty((runs, 3))
    for rank in range(3):
        p = left / left.sum(axis=1, keepdims=True)
        slate[:, rank] = np.minimum((np.cumsum(p, axis=1) < random.random((runs, 1))).sum(axis=1), 4)
        propensity[:, rank] = p[row, slate[:, rank]]
        left[row, slate[:, rank]] = 0
    weight = importance(propensity, 3)
    np.add.at(total, slate, weight)
    # An item of probability .03 has a weight of up to 12 in about a tenth of the slates.
    np.testing.assert_allclose(total / runs, 1, atol=5 * np.sqrt(weight.max() / runs))
    np.testing.assert_allclose(importance(np.array([[0.25], [0.5]]), 1), [[4], [2]])


def test_which_impressions_were_read():
    clicks = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]], np.bool_)
    assert read("position", clicks) is None
    np.testing.assert_array_equal(read("cascade", clicks), [[1, 1, 1, 1], [1, 1, 0, 1], [1, 0, 0, 0]])
    np.testing.assert_array_equal(read("dependent-click", clicks), [[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0]])
