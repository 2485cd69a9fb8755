"""Whole episodes of a run, first visits that are staggered, and exact expectations of a sample."""

import numpy as np
import pytest

from slategym.agents.base import Decision
from slategym.bench.comparison.metrics import gini, per_episode, slates_until, summary
from slategym.bench.execution.episodes import EpisodeRecorder, WholeEpisodes, stagger
from slategym.bench.execution.exactness import ExactSample
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import run
from slategym.bench.execution.trace import Trace
from slategym.logs.reading import read_log
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SMALL = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", **SMALL)


def by_hand(world, slate, seed, rows, steps, staggered):
    """Start, shopper, length, objectives and leaving of every whole episode, one row after the other."""
    simulation = Simulation(world, seed, rows)
    if staggered:
        stagger(simulation.shoppers, world.visits)
    start, earned, found = [None] * rows, np.zeros((rows, 2)), []
    for step in range(steps):
        for row in range(rows):
            if simulation.shoppers.visit[row] == 0:
                start[row], earned[row] = step, 0
        visit, shopper = simulation.shoppers.visit.copy(), simulation.shoppers.identity.copy()
        feedback = simulation.show(np.tile(slate, (rows, 1)))
        earned += feedback.objectives
        for row in np.flatnonzero(feedback.terminated | feedback.truncated):
            if start[row] is not None and start[row] + world.visits <= steps:
                found.append((start[row], shopper[row], visit[row] + 1, *earned[row], feedback.terminated[row]))
        simulation.restart(feedback.terminated | feedback.truncated)
    return np.array(found, np.float64)


@pytest.mark.parametrize("staggered", [True, False])
def test_episodes_are_those_that_were_met_from_first_to_last(shop, staggered):
    slate = np.array([4, 1, 7])
    trace = run(shop, lambda problem, seed, scalarizer: Window(slate), 40 * 50, 3, shoppers=40, staggered=staggered, exact="off")
    found = by_hand(shop, slate, 3, 40, 50, staggered)
    episodes = trace.episodes
    assert len(episodes) == len(found) > 100
    np.testing.assert_array_equal(episodes.start, found[:, 0])
    np.testing.assert_array_equal(episodes.shopper, found[:, 1])
    np.testing.assert_array_equal(episodes.length, found[:, 2])
    np.testing.assert_allclose(episodes.objectives, found[:, 3:5])
    np.testing.assert_array_equal(episodes.left, found[:, 5])
    first = episodes.shopper[episodes.shopper < 2**32]  # of a row that happens to begin with a first visit
    assert set(first) == (set(np.flatnonzero(beginnings(shop, 40) == 0)) if staggered else set(range(40)))


def beginnings(world, rows):
    """(rows,) the visit with which each row begins."""
    shoppers = Simulation(world, 3, rows).shoppers
    stagger(shoppers, world.visits)
    return shoppers.visit


class Window:
    """Shows everybody one slate."""

    def __init__(self, slate):
        self.slate = slate

    def act(self, observation):
        slates = np.tile(self.slate, (len(observation), 1))
        return Decision(slates, np.ones(slates.shape, np.float32))

    def update(self, observation, decision, feedback):
        pass


def test_short_episodes_are_not_counted_more_often(shop):
    """The mean length is that of shoppers followed to their end, however short the run is."""
    slate, lengths = np.array([4, 1, 7]), []
    simulation = Simulation(shop, 5, 4000)
    alive, length = np.ones(4000, np.bool_), np.zeros(4000)
    for _ in range(shop.visits):
        length += alive
        feedback = simulation.show(np.tile(slate, (4000, 1)))
        alive &= ~(feedback.terminated | feedback.truncated)
    trace = run(shop, lambda problem, seed, scalarizer: Window(slate), 4000 * 20, 6, shoppers=4000, exact="off")
    lengths = trace.episodes.length
    error = np.sqrt(length.var() / 4000 + lengths.var() / len(lengths))
    assert abs(length.mean() - lengths.mean()) < 4 * error


def test_rows_end_evenly_spread_over_time():
    world = make_world("ShopBandit-v0", **SMALL)  # nobody leaves: without staggering all end together
    for staggered, most in ((True, 60), (False, 400)):
        trace = run(world, "random", 400 * 40, 0, shoppers=400, staggered=staggered, exact="off")
        begun = np.bincount(trace.episodes.start, minlength=33)
        assert begun.max() <= most
        assert (begun[1:33] > 40).all() if staggered else set(np.flatnonzero(begun)) == {0, 8, 16, 24, 32}


def test_staggering_depends_on_the_row_alone(shop):
    few, many = (Simulation(shop, 0, rows) for rows in (10, 1000))
    stagger(few.shoppers, 8)
    stagger(many.shoppers, 8)
    np.testing.assert_array_equal(few.shoppers.visit, many.shoppers.visit[:10])
    counts = np.bincount(many.shoppers.visit, minlength=8)
    assert counts.min() >= 120
    assert counts.max() <= 130


def test_a_recorder_continues_from_its_state(shop):
    simulation = Simulation(shop, 1, 30)
    one, two = EpisodeRecorder(30, 2), EpisodeRecorder(30, 2)
    for step in range(30):
        if step == 11:
            two.restore(one.state())
        who = simulation.shoppers.identity.copy(), simulation.shoppers.visit.copy()
        feedback = simulation.show(np.tile([1, 2, 3], (30, 1)))
        simulation.restart(feedback.terminated | feedback.truncated)
        for recorder in (one, two)[: 1 + (step >= 11)]:
            recorder.record(step, *who, feedback.objectives, feedback.terminated, feedback.truncated)
    first, second = one.episodes(30, 8), two.episodes(30, 8)
    for name in ("start", "shopper", "length", "objectives", "left"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_metrics_per_episode():
    objectives = np.array([[3.0, 1.0], [1.0, 0.0]])
    two = np.arange(2)
    episodes = WholeEpisodes(two, two, np.array([8, 2]), objectives, np.array([False, True]))
    column = np.zeros((1, 2))
    trace = Trace(np.array([2]), column, column, column, np.ones(1), 2, 2, episodes=episodes)
    assert per_episode(trace, (1, 10), ("clicks", "conversions")) == {
        "value_variance": 36.0,
        "clicks_variance": 1.0,
        "conversions_variance": 0.25,
        "value_per_episode": 7.0,
        "clicks_per_episode": 2.0,
        "conversions_per_episode": 0.5,
        "visits_per_episode": 5.0,
        "share_staying": 0.5,
        "episodes": 2.0,
    }


def test_a_sample_says_about_what_every_slate_says(shop):
    every, some = (run(shop, "popularity", 100_000, 2, shoppers=500, exact=exact) for exact in ("every", "sampled"))
    np.testing.assert_array_equal(every.objectives, some.objectives)
    known = some.evaluated > 0
    assert known.sum() == 160
    assert some.evaluated.sum() < 0.25 * every.evaluated.sum()
    whole, part = (summary(trace, (1.0, 10.0)) for trace in (every, some))
    short = (some.best - some.expected)[known] @ [1.0, 10.0]
    error = short.std() / np.sqrt(known.sum())  # of the mean over the steps of the sample
    assert abs(whole["regret_per_slate"] - part["regret_per_slate"]) < 4.5 * error < 0.1 * whole["regret_per_slate"]
    assert abs(whole["share_of_oracle"] - part["share_of_oracle"]) < 4.5 * error / whole["oracle_value"]


def test_the_sample_is_spread_over_steps_and_rows(shop):
    sample = ExactSample(shop, "sampled", 5000, 1000, 5_000_000)
    rows = [sample.rows(step, 1000) for step in range(5000)]
    steps = np.flatnonzero([len(each) > 0 for each in rows])
    assert len(steps) == 160
    assert np.diff(steps).max() <= 32
    assert sum(map(len, rows)) >= 5_000_000 / 100
    counts = np.bincount(np.concatenate(rows), minlength=1000)
    assert counts.min() > 0
    assert not any(len(ExactSample(shop, "off", 10, 10, 100).rows(step, 10)) for step in range(10))
    assert all(len(ExactSample(shop, "every", 10, 10, 100).rows(step, 10)) == 10 for step in range(10))


def test_when_an_agent_first_reached_a_share_of_the_ceiling():
    steps = 40
    share = np.where(np.arange(steps) < 20, 0.5, 0.95)
    best = np.ones((steps, 1))
    trace = Trace(np.full(steps, 100), best, best * share[:, None], best, np.ones(steps), 100, 4000)
    # The first ten steps in a row whose mean is 0.9: one of .5 and nine of .95 have .905.
    assert slates_until(trace, (1.0,)) == 2900
    assert slates_until(trace, (1.0,), 0.99) == np.inf


def test_gini():
    assert gini([5, 5, 5, 5]) == 0
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert np.isnan(gini([0, 0]))


def test_episodes_of_a_log_are_those_of_the_run(shop, tmp_path):
    config = {"visits": shop.visits}
    with LogWriter(tmp_path / "log", shop, config) as log:
        trace = run(shop, "random", 5000, 4, shoppers=100, log=log)
    found, episodes = read_log(tmp_path / "log").episodes(), trace.episodes
    order = np.lexsort((episodes.shopper, episodes.start))
    for name in ("start", "shopper", "length"):
        np.testing.assert_array_equal(found[name], getattr(episodes, name)[order])
    np.testing.assert_allclose(found["objectives"], episodes.objectives[order])
    assert len(episodes) > 100
    assert (found["stayed"] == (found["length"] == shop.visits)).all()
    with pytest.raises(ValueError, match="the log was read without visit"):
        read_log(tmp_path / "log", columns=["step", "shopper", "objectives"]).episodes()
