"""Bandits that know how slates are read: their posteriors and bounds, and what they learn under each click model."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats
from tests.agents.bandits.arms import cascade_regret
from tests.agents.bandits.bernoulli import arms
from tests.agents.tiny import BEST_OF_KIND, TwoKinds, learned, two_kinds

from slategym.agents.bandits.rules import kl_ucb, ucb1
from slategym.agents.ranking.named import RANKING
from slategym.agents.ranking.position import beta_like, pbm_ucb
from slategym.agents.registry import agent_options, make_agent
from slategym.sim.click_models import Cascade, DependentClick, PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import check_agent

RATES = [0.4, 0.1, 0.3, 0.1, 0.2, 0.1, 0.1, 0.1, 0.25, 0.15]
BEST = [0, 2, 8]
READING = {
    "cascade": (Cascade(), ("cascade-ucb1", "cascade-kl-ucb", "cascade-ts")),
    "dependent-click": (DependentClick((0.6, 0.4, 0.2)), ("dcm-ucb",)),
    "position": (PositionBased((1.0, 0.5, 0.25)), ("pbm-ucb", "pbm-ts", "ranked-ts")),
}
CASES = [(f"ranking:{name}", model) for model, names in READING.values() for name in names]
DRAWS = ("ranking:cascade-ts", "ranking:cascade-lin-ts", "ranking:pbm-ts", "ranking:ranked-ts")


@pytest.mark.parametrize(("name", "model"), CASES)
def test_the_best_slate_is_found(name, model):
    agent, simulation = learned(name, arms(RATES, 3, click_model=model), (1.0, 0.0), 6000)
    assert agent.best(simulation.observe()[:1]).tolist() == [BEST]
    chance = learned("random", simulation.world, (1.0, 0.0), 2000)[0].value[0]
    assert agent.value[0] > chance + 0.15


def test_ranked_bandits_with_ucb1_find_what_each_rank_earns_most_with():
    agent, _ = learned("ranking:ranked-ucb1:alpha=0.5", arms(RATES[:5], 2), (1.0, 0.0), 6000)
    assert agent.value[0] > 0.9 * (0.4 + 0.3)
    shown = agent.memory.total().shown
    assert shown[:, 0].argmax() == 0
    assert shown[:, 1].argmax() == 2


@dataclass(frozen=True)
class ReadFromTheTop(TwoKinds):
    click_model = Cascade()


@pytest.mark.parametrize("name", ["ranking:cascade-lin-ucb", "ranking:cascade-lin-ts"])
def test_each_kind_of_shopper_gets_its_best_slate(name):
    """Which popularity, with one slate for all, cannot."""
    world = World("ReadFromTheTop-v0", two_kinds().catalog, ReadFromTheTop(), slate_size=2, visits=1)
    agent, simulation = learned(name, world, (1.0, 0.0), 10_000)
    slates = agent.best(simulation.observe())
    kind = simulation.shoppers.kind
    np.testing.assert_array_equal(slates, BEST_OF_KIND[kind])
    # Only what was read counts: two impressions of a slate without a click at the first rank.
    sums = agent.model.memory.total()
    assert sums.item_sum.shape[0] == 1
    assert agent.slates < sums.item_sum[0, :, 0].sum() < 2 * agent.slates


@pytest.mark.parametrize(
    "name",
    ["ranking:ranked-ucb1", *(pytest.param(name, marks=pytest.mark.slow) for name in RANKING if name != "ranking:ranked-ucb1")],
)
@pytest.mark.parametrize("candidates", [None, pytest.param(10, marks=pytest.mark.slow)])
def test_each_of_them_is_sound(name, candidates):
    found = check_agent(name, make_world("Shop-v0", items=40, categories=4, slate_size=3, candidates=candidates))
    unknown = [finding for finding in found if "propensities (NaN)" in finding.what]
    assert bool(unknown) == (name in DRAWS)
    assert [str(finding) for finding in found if finding not in unknown] == []


def test_what_makes_the_agent_is_no_option_of_it():
    simulation = Simulation(two_kinds(), 0, 2)
    assert "examination" not in agent_options("ranking:cascade-ucb1")
    assert agent_options("ranking:cascade-ucb1")["alpha"].default == 1.5
    assert make_agent("ranking:cascade-ucb1", simulation).alpha == 1.5
    assert make_agent("ranking:cascade-ucb1:alpha=1", simulation).alpha == 1
    with pytest.raises(ValueError, match="has no option 'examination'"):
        make_agent("ranking:cascade-ucb1", simulation, examination="position")
    with pytest.raises(ValueError, match=r"there is no agent 'ranking:pbm'. Did you mean 'ranking:pbm"):
        make_agent("ranking:pbm", simulation)


def test_the_bound_of_pbm_ucb_is_that_of_the_paper():
    """By hand: S = 30, N = 400 impressions, of which 160 were examined, t = 1000."""
    found = pbm_ucb(np.array([30.0]), np.array([160.0]), np.array([400.0]), 1000, 0.1)
    assert found[0] == pytest.approx(30 / 160 + np.sqrt(400 / 160) * np.sqrt(1.1 * np.log(1000) / (2 * 160)))


@pytest.mark.parametrize("hits", [1.0, 4.0, 60.0])
def test_the_posterior_of_the_position_based_model_is_near_its_beta_distribution(hits):
    """The true one on a fine grid: quantiles differ by less than a tenth of a deviation, and not at all where all is examined."""
    grid = (np.arange(200_000) + 0.5) / 200_000
    misses, examination = np.array([40.0, 60.0, 300.0]), np.array([1.0, 0.5, 0.2])
    for e, worst in ((examination, 0.1), (np.ones(3), 1e-3)):
        log = (hits - 1) * np.log(grid) + 1.5 * np.log(1 - grid) + (misses[:, None] * np.log(1 - e[:, None] * grid)).sum(0)
        density = np.exp(log - log.max())
        cumulative = np.cumsum(density) / density.sum()
        beta = stats.beta(*(float(each) for each in beta_like(np.array(hits), 2.5, misses, e)))
        for quantile in (0.05, 0.5, 0.95):
            assert abs(grid[np.searchsorted(cumulative, quantile)] - beta.ppf(quantile)) < worst * beta.std()


# Kveton, Szepesvari, Wen, Ashkan 2015, table 1: 16 items, of which K have .2 and the others .05, 100,000 steps. The means
# and their intervals come from simulations elsewhere; the paper has 1290 / 358, 987 / 275 and 575 / 149.
TABLE = {2: ((1282, 7), (357, 9)), 4: ((989, 9), (270, 6)), 8: ((549, 7), (152, 4))}
RULES = (lambda s, n, t, random: ucb1(s, n, t, 1.5), lambda s, n, t, random: kl_ucb(s, n, t, 3.0))


@pytest.mark.slow
@pytest.mark.parametrize("size", TABLE)
def test_the_regret_of_cascade_bandits_is_the_published_one(size):
    regrets = [cascade_regret(rule, 16, size, 0.2, 0.15, 100_000, 40, 1) for rule in RULES]
    for regret, (mean, half) in zip(regrets, TABLE[size], strict=True):
        own = 1.96 * regret.std(ddof=1) / np.sqrt(len(regret))
        assert abs(regret.mean() - mean) < half + own, (regret.mean(), own)
    assert regrets[1].mean() < regrets[0].mean()


def test_kl_ucb_loses_less_than_ucb1_in_a_cascade():
    """The quick version of the table."""
    optimists = [cascade_regret(rule, 16, 4, 0.2, 0.15, 3000, 20, 1).mean() for rule in RULES]
    assert optimists[1] < 0.6 * optimists[0]
