"""Each part of an audit, on worlds where the answer is known."""

import numpy as np
import pytest
from scipy.special import stdtrit
from tests.bench.audits.audited import CLICK, CONVERT, kinds_world

from slategym.bench.audits.decisions import all_of, at_most, below, negated
from slategym.bench.audits.lookahead import lookahead, lookahead_policy, variants
from slategym.bench.audits.preference_change import displacement, repetition
from slategym.bench.audits.retention import leaving
from slategym.bench.audits.tradeoff import MIXES, tradeoff
from slategym.bench.audits.values import base_rates, by_rank, gaps, slates_to_tell
from slategym.bench.reports.audits import plots as audit_plots
from slategym.bench.rollouts import (
    average_gains,
    fixed_policy,
    oracle_policy,
    random_policy,
    rollout,
    sample_visited,
)
from slategym.bench.statistics import Estimate, as_json, together
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.history import HISTORY_DECAY

WEIGHTS = (1.0, 10.0)


def population(world, count=300):
    return list(sample_visited(world, random_policy(world, 0), 0, count))


def average(world):
    return average_gains(world, population(world))


# Estimates


def test_an_interval_that_holds_both_answers_decides_nothing():
    sure, open_, point = (Estimate(2.0, low, high) for low, high in ((1.5, 2.5), (0.5, 3.5), (None, None)))
    assert [below(sure, limit) for limit in (1.0, 2.0, 3.0)] == [False, None, True]
    assert [below(open_, limit) for limit in (0.0, 1.0, 3.0, 4.0)] == [False, None, None, True]
    assert [below(point, limit) for limit in (1.0, 2.0, 3.0)] == [False, False, True]
    assert [at_most(point, limit) for limit in (1.0, 2.0, 3.0)] == [False, True, True]
    assert [negated(each) for each in (True, False, None)] == [False, True, None]
    assert [all_of(each) for each in ([True, True], [True, None], [None, False], [])] == [True, None, False, True]
    with pytest.raises(ValueError, match="there is no mean"):
        below(Estimate.from_samples([]), 1.0)


# Rates


def test_rates_by_rank_are_those_of_the_examination():
    world = kinds_world(((0.4,) * 5,), ((0.2,),), slate_size=3, click_model=PositionBased([1.0, 0.5, 0.25]))
    found = by_rank(world, population(world), 0)
    assert [rank.mean for rank in found["click"]] == pytest.approx([0.4, 0.2, 0.1])
    assert [rank.mean for rank in found["conversion"]] == pytest.approx([0.2] * 3)
    rates = base_rates(world, rollout(world, random_policy(world, 0), 0, 50))
    assert rates["clicks_per_impression"].mean == pytest.approx(0.7 / 3)
    assert rates["conversions_per_click"].mean == pytest.approx(0.2)
    assert rates["revenue_per_slate"].mean == pytest.approx(0.7 * 0.2 * 10)


# Objectives


def test_what_the_best_slates_lose_of_the_other_objective():
    world = kinds_world(((0.5, 0.2),), ((0.1, 0.5),), visits=2)
    found = tradeoff(world, population(world, 20), {"first": fixed_policy(np.array([0]))})
    assert found["losses"]["click"]["conversion"].mean == pytest.approx(1 - 0.05 / 0.1)
    assert found["losses"]["conversion"]["click"].mean == pytest.approx(1 - 0.2 / 0.5)
    assert found["common"] == 0
    assert found["points"]["first"] == pytest.approx({"click": 0.5, "conversion": 0.05})
    # In units of the most, the two items earn (1, 1/2) and (2/5, 1): the first is better from a mix of 5/11 on.
    best = [0 if mix > 5 / 11 else 1 for mix in MIXES]
    assert found["front"]["click"] == pytest.approx([(0.5, 0.2)[item] for item in best])


def test_objectives_that_agree_lose_nothing():
    world = kinds_world(CLICK, ((0.1,) * 6,), slate_size=2)
    found = tradeoff(world, population(world), {})
    assert found["losses"]["click"]["conversion"].mean == pytest.approx(0, abs=1e-6)
    assert found["common"] == 1


# Change


def test_repetition_wears_out_and_rest_brings_back():
    wear, size = 0.05, 3
    world = kinds_world(CLICK, CONVERT, slate_size=size, visits=30, categories=2, wear=wear)
    found = repetition(world, average(world), 0, 40)
    shown = [size * (1 - HISTORY_DECAY**visit) / (1 - HISTORY_DECAY) for visit in range(11)]
    shown += [shown[-1] * HISTORY_DECAY**visit for visit in range(1, 10)]
    assert [each.mean for each in found["ratio"]] == pytest.approx(np.exp(-wear * np.array(shown)), rel=1e-5)
    worn = 1 - np.exp(-wear * shown[10])
    assert found["repeats"] == 10
    assert found["worn"].mean == pytest.approx(worn, rel=1e-5)
    half = next(visit for visit in range(10) if 1 - np.exp(-wear * shown[10] * HISTORY_DECAY**visit) <= worn / 2)
    assert found["visits_to_half"] == half
    assert found["remains"].mean == pytest.approx(1 - np.exp(-wear * shown[-1]), rel=1e-4)


def test_fondness_does_not_go_away():
    world = kinds_world(CLICK, CONVERT, visits=8, fond=0.1)
    found = repetition(world, average(world), 0, 40)
    assert found["worn"].mean == pytest.approx(1 - np.exp(0.4), rel=1e-4)
    assert found["remains"].mean == pytest.approx(1 - np.exp(0.4), rel=1e-4)
    assert found["visits_to_half"] is None


def test_where_nothing_changes_nothing_is_seen():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=6, leave=(0.5,))
    found = repetition(world, average(world), 0, 40)
    assert {each.mean for each in found["ratio"]} == {1.0}
    moved = displacement(world, {"random": random_policy(world, 0)}, 0, 40)
    assert {each.mean for each in [*moved["clock"], *moved["policies"]["random"]["moved"]]} == {0.0}


@pytest.mark.parametrize(("visits", "categories", "size"), [(1, 6, 2), (6, 1, 6)])
def test_repetition_where_there_is_nothing_else(visits, categories, size):
    world = kinds_world(CLICK, CONVERT, slate_size=size, visits=visits, categories=categories)
    assert repetition(world, average(world), 0, 10) is None


def test_a_single_category_is_left_by_its_items():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=6, categories=1, wear=0.1)
    assert repetition(world, average(world), 0, 10) is not None


def test_the_clock_moves_apart_from_what_is_shown():
    world = kinds_world(CLICK, CONVERT, visits=5, season=0.1)
    found = displacement(world, {"fixed": fixed_policy(np.array([0]))}, 0, 40)
    assert [each.mean for each in found["clock"]] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert [each.mean for each in found["policies"]["fixed"]["moved"]] == pytest.approx([0.0] * 5)


def test_what_is_shown_moves_by_what_it_does():
    world = kinds_world(((0.2, 0.2),), ((0.1, 0.1),), visits=4, fond=0.1)
    found = displacement(world, {"fixed": fixed_policy(np.array([0]))}, 0, 400)["policies"]["fixed"]
    # Half of the random probes are item 0, which has gained exp(0.1) at each visit.
    gained = (np.exp(0.1 * np.arange(4)) - 1) / 2
    assert [each.mean for each in found["moved"]] == pytest.approx(gained, abs=4.5 * 0.35 / np.sqrt(1600) / 2)
    assert found["moved"] == found["drawn"]


# Looking ahead


def test_a_slate_that_drives_away_is_seen_by_looking_ahead():
    # Item 0 earns most at once and offends; item 1 earns a little less for as long as the shopper lives.
    world = kinds_world(((0.9, 0.4, 0.1),), ((0.0, 0.1, 0.0),), visits=6, offended=1.0)
    greedy = rollout(world, oracle_policy(world, WEIGHTS), 0, 200)
    assert (greedy.visits == 1).all()
    found = lookahead(world, WEIGHTS, 0, greedy)
    assert found["greedy"]["per_episode"].mean == pytest.approx(0.9)
    assert found["variants"]["conversions only"]["per_episode"].mean == pytest.approx(6 * 0.8)
    # Six visits, and at the last one nothing is to be lost by item 0.
    assert found["variants"]["one-step lookahead"]["per_episode"].mean == pytest.approx(5 * 0.8 + 0.9)
    assert found["best"] == "one-step lookahead"
    assert found["lead"].mean == pytest.approx(5 * 0.8)
    assert found["lead_share"].mean == pytest.approx(5 * 0.8 / 0.9)


@pytest.mark.parametrize(("offended", "shown"), [(0.05, [0, 0, 0]), (0.1, [1, 0, 0]), (0.2, [1, 1, 0])])
def test_lookahead_weighs_the_chance_to_stay(offended, shown):
    # At a visit item 0 earns 0.1 more, and loses its share of the visits that are left, each of value 0.8.
    world = kinds_world(((0.9, 0.8),), ((0.0, 0.0),), visits=3, offended=offended)
    first, second = (fixed_policy(np.array([item])) for item in (0, 1))
    policy = lookahead_policy(world, (1.0, 0.0), second, rollout(world, second, 0, 50), [first, second], 0)
    simulation = Simulation(world, 0, 50)
    for item in shown:
        assert (policy(simulation.shoppers) == item).all()
        simulation.show(second(simulation.shoppers))


def test_looking_ahead_cannot_pay_where_nothing_changes():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=4)
    found = lookahead(world, WEIGHTS, 0, rollout(world, oracle_policy(world, WEIGHTS), 0, 100))
    assert all(each["difference"].mean <= 1e-9 for each in found["variants"].values())
    assert found["lead"].mean <= 1e-9


@pytest.mark.parametrize(
    ("model", "verdicts"),
    [
        # Item 0 earns most at once and drives some away; of few shoppers chance decides who.
        ({"click": ((0.9, 0.8, 0.1),), "visits": 6, "offended": 0.12}, ("not decided", "pays")),
        ({"click": CLICK, "slate_size": 2, "visits": 4}, ("does not pay", "does not pay")),
        ({"click": ((0.9, 0.8, 0.1),), "visits": 3, "offended": 0.1}, ("not decided", "hardly pays")),
    ],
)
def test_with_more_shoppers_a_verdict_is_decided_and_never_turned(model, verdicts):
    world = kinds_world(convert=((0.0,) * len(model["click"][0]),), **model)
    for count, verdict in zip((20, 300), verdicts, strict=True):
        found = lookahead(world, WEIGHTS, 2, rollout(world, oracle_policy(world, WEIGHTS), 2, count))
        assert found["verdict"] == verdict
        above = [name for name, each in found["variants"].items() if each["difference"].low > 0]
        assert bool(above) == (verdict == "pays")
        drawn = audit_plots.lookahead(as_json({"lookahead": found})).traces
        right = [mark for mark in drawn if mark.x[0] > 0 and mark.marker.symbol == "circle"]
        assert len(right) == len(above)
        # What the sentence tells is what the chart draws: all shoppers, one interval.
        assert found["lead"] == found["variants"][found["best"]]["difference"]
        assert found["lead"].mean == max(found["variants"][name]["difference"].mean for name in above or found["variants"])
        unit = found["greedy"]["per_episode"].mean
        assert found["lead_share"].low == pytest.approx(found["lead"].low / unit)
        assert found["most"] == max(each["difference"].high for each in found["variants"].values())


def test_the_best_of_several_that_are_equal_is_not_held_better():
    """Of 4,000 audits with eight variants that earn as much as the oracle, at most one in twenty finds one that earns more."""
    random = np.random.Generator(np.random.Philox(0))
    shared, own = random.normal(size=(4000, 50, 1)), random.normal(size=(4000, 50, 8))
    for gains in (own, shared + own):
        low = gains.mean(axis=1) - stdtrit(49, (1 + together(8)) / 2) * gains.std(axis=1, ddof=1) / np.sqrt(50)
        assert Estimate.from_samples(gains[0, :, 0], together(8)).low == pytest.approx(low[0, 0])
        assert (low > 0).any(axis=1).mean() < 0.05 / 2 + 4 * np.sqrt(0.025 / 4000)
        assert (gains.mean(axis=1).max(axis=1) > 0).mean() > 0.8  # though the best nearly always looks better


def test_slates_that_look_ahead():
    world = kinds_world(((0.5, 0.4, 0.3, 0.2, 0.1, 0.1),), ((0.0,) * 6,), slate_size=2, visits=5, categories=2)
    ways, shoppers = variants(world, (1.0, 0.0), 0), Simulation(world, 0, 500).shoppers
    assert (ways["one of a category"](shoppers) == [0, 1]).all()  # items 0, 2 and 4 are of one category
    assert set(np.unique(ways["random of the best"](shoppers))) == {0, 1, 2, 3}
    assert (ways["categories rest"](shoppers) == [0, 1]).all()
    shoppers.state["exposure"][:, 0] = 10.0
    assert (ways["categories rest"](shoppers) == [1, 3]).all()
    world = kinds_world(((0.5, 0.4, 0.3),), ((0.0,) * 3,), slate_size=3, categories=1)
    assert (variants(world, (1.0, 0.0), 0)["one of a category"](Simulation(world, 0, 4).shoppers) == [0, 1, 2]).all()


def test_a_shopper_who_comes_once_has_no_later():
    world = kinds_world(CLICK, CONVERT, visits=1)
    episodes = rollout(world, oracle_policy(world, WEIGHTS), 0, 20)
    assert lookahead(world, WEIGHTS, 0, episodes) is None
    assert leaving({"oracle": episodes}, "oracle") is None
    assert displacement(world, {}, 0, 20) is None


# What policies earn above each other


def test_gaps_are_paired():
    world = kinds_world(((0.5, 0.1),), ((0.0, 0.0),), visits=3, leave=(0.3,))
    episodes = {
        "random": rollout(world, random_policy(world, 0), 0, 2000),
        "popular": rollout(world, fixed_policy(np.array([1])), 0, 2000),
        "oracle": rollout(world, oracle_policy(world, (1.0, 0.0)), 0, 2000),
    }
    found = gaps(episodes, (1.0, 0.0))
    assert {above: list(below) for above, below in found.items()} == {
        "random": [],
        "popular": ["random"],
        "oracle": ["random", "popular"],
    }
    sure = found["oracle"]["popular"]
    assert (sure.low, sure.mean, sure.high) == pytest.approx((0.4, 0.4, 0.4))
    chance = found["oracle"]["random"]
    assert chance.low < 0.2 < chance.high
    assert chance.high - chance.low == pytest.approx(2 * 1.96 * 0.2 / np.sqrt(2000 * 2.19), rel=0.1)


def test_slates_that_tell_the_best_from_random_ones():
    world = kinds_world(((0.5, 0.1),), ((0.0, 0.0),), visits=1)
    episodes = {"random": rollout(world, random_policy(world, 0), 0, 4000)}
    episodes["oracle"] = rollout(world, oracle_policy(world, (1.0, 0.0)), 0, 4000)
    # The textbook's size of a sample: variances of .3 and .5 clicks, a difference of .2, 5 % and 80 %.
    expected = (1.96 + 0.8416) ** 2 * (0.3 * 0.7 + 0.25) / 0.2**2
    assert slates_to_tell(episodes, (1.0, 0.0)) == pytest.approx(expected, rel=0.15)
    assert slates_to_tell(episodes, (-1.0, 0.0)) is None


# Leaving


def test_who_leaves_when():
    world = kinds_world(CLICK, CONVERT, visits=4, leave=(0.1, 0.5))
    shoppers = 4000
    found = leaving({"random": rollout(world, random_policy(world, 0), 0, shoppers)}, "random")
    policy = found["policies"]["random"]
    expected = [(0.9**visit + 0.5**visit) / 2 for visit in range(4)]
    assert policy["survival"] == pytest.approx(expected, abs=4.5 * 0.5 / np.sqrt(shoppers))
    assert policy["left"] == pytest.approx(1 - (0.9**4 + 0.5**4) / 2, abs=4.5 * 0.5 / np.sqrt(shoppers))
    assert policy["left"] + policy["ended"] == pytest.approx(1)
    assert policy["visits"].mean == pytest.approx(sum(policy["survival"]))
    kinds = found["traits"]["kind"]
    assert kinds["0"]["visits"].mean == pytest.approx(sum(0.9**visit for visit in range(4)), abs=4.5 * 1.1 / np.sqrt(2000))
    assert kinds["1"]["visits"].mean == pytest.approx(sum(0.5**visit for visit in range(4)), abs=4.5 * 1.1 / np.sqrt(2000))


def test_traits_on_a_scale_are_told_by_quarters():
    from slategym.sim.worlds import make_world

    world = make_world("Shop-v0", items=20, visits=6)
    found = leaving({"random": rollout(world, random_policy(world, 0), 0, 800)}, "random")["traits"]
    patience = [each["visits"].mean for each in found["patience"].values()]
    assert next(iter(found["patience"])) == "lowest quarter"
    assert patience[0] < patience[-1]
    assert "blur" not in found  # many numbers a shopper
