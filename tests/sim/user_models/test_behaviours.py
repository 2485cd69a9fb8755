"""Behaviours, absences, browsing and a history: what a custom user model gets in about ten lines."""

from dataclasses import replace

import numpy as np
import pytest
from tests.sim.worlds.play import random_slates

from slategym import Simulation, make_world
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import run
from slategym.envs.vector import SlateVectorEnv
from slategym.logs.reading import read_log
from slategym.sim import Behaviour, ShopModel, Stream
from slategym.sim.objectives import make_objectives
from slategym.sim.user_models.history import HISTORY_DECAY
from slategym.testing import check_user_model

SMALL = {"items": 40, "categories": 4}


class Viewers(ShopModel):
    """The shoppers of Shop-v0, who look for a while, like some of what they click, and rate what converts."""

    behaviours = (
        Behaviour("dwell", "seconds", "how long it is looked at", "impression", is_amount=True, highest=10),
        Behaviour("like", "likes", "whether it is liked", plural="likes"),
        Behaviour("rating", "stars", "how many stars it gets", "conversion", is_amount=True, lowest=1, highest=5),
    )

    def behaviour(self, name, shoppers, catalog, slate):
        liked = self.conversion(shoppers, catalog, slate)
        return {"dwell": 10 * liked, "like": liked, "rating": 1 + 4 * liked}[name]

    def amount(self, name, shoppers, catalog, slate, draws):
        mean = self.behaviour(name, shoppers, catalog, slate)
        if name == "rating":
            return mean
        return np.where(draws.uniform(Stream.CUSTOM, slate) < mean / 10, 10, 0)


class Commuters(ShopModel):
    """The shoppers of Shop-v0, who stay away the longer the less they clicked, and see a shop window on the way."""

    longest_absence = 7

    def sample(self, draws, catalog):
        traits, state = super().sample(draws, catalog)
        return traits, {**state, "seen": np.zeros((len(draws.identity), catalog.categories), np.float32)}

    def context(self, shoppers):
        return np.concatenate([super().context(shoppers), shoppers.seen], axis=1)

    def days_away(self, shoppers, feedback, draws):
        return np.where(feedback.clicks.any(axis=1), 1, 1 + (7 * draws.uniform(Stream.CUSTOM)).astype(np.int64) % 7)

    def browse(self, shoppers, catalog, draws):
        category = (draws.uniform(Stream.BROWSE) * catalog.categories).astype(np.int64)
        shoppers.state["seen"][np.arange(len(shoppers)), category] += 1


def viewers(objectives="click,conversion,dwell,like,rating", **options):
    return make_world("Shop-v0", **SMALL, user_model=Viewers(), objectives=objectives, **options)


def test_what_is_earned_is_what_is_expected():
    world, rows = viewers(candidates=None), 40_000
    world = replace(world, user_model=Viewers(delay_conversions=False))
    simulation = Simulation(world, 0, rows)
    slate = random_slates(world, simulation)
    expected = world.expected(simulation.shoppers, slate)
    feedback = simulation.show(slate)
    error = np.sqrt(feedback.objectives.var(axis=0, dtype=np.float64) / rows + expected.var(axis=0) / rows)
    assert (abs(feedback.objectives.mean(axis=0, dtype=np.float64) - expected.mean(axis=0)) < 4.5 * error).all()
    dwell, like, rating = (feedback.behaviours[name] for name in ("dwell", "like", "rating"))
    assert (like <= feedback.clicks).all()
    np.testing.assert_array_equal(rating > 0, feedback.conversions)
    assert dwell[~feedback.clicks].any()


def test_the_oracle_serves_them():
    world = viewers()
    shoppers = Simulation(world, 0, 300).shoppers
    assert [objective.oracle_exact(world) for objective in world.objectives] == [True, True, False, True, True]
    for weights in (*np.eye(5), np.ones(5), -np.ones(5)):
        best = world.expected(shoppers, world.best_slate(shoppers, weights)) @ weights
        bound = world.bound(shoppers, weights)
        for step in range(10):
            simulation = Simulation(world, 0, 300)
            simulation.steps = step
            value = world.expected(shoppers, random_slates(world, simulation)) @ weights
            assert (value <= bound + 1e-5).all()
            if weights[2] == 0:  # elsewhere the oracle is approximate
                assert (value <= best + 1e-5).all()
    likes = world.expected(shoppers, world.best_slate(shoppers, np.eye(5)[3]))[:, 3]
    clicks = world.expected(shoppers, world.best_slate(shoppers, np.eye(5)[0]))[:, 3]
    assert likes.mean() > 1.2 * clicks.mean()


def test_a_repeated_item_is_looked_at_once():
    world = viewers("dwell,click")
    shoppers = Simulation(world, 0, 5).shoppers
    once = world.user_model.behaviour("dwell", shoppers, world.catalog, np.full((5, 1), 3))
    np.testing.assert_allclose(world.expected(shoppers, np.full((5, 5), 3))[:, 0], once[:, 0])
    assert (world.best_slate(shoppers, (1.0, 0.0))[:, :, None] == world.best_slate(shoppers, (1.0, 0.0))[:, None]).sum() == 25


def test_the_kernel_stays_for_what_comes_before_and_nothing_else_changes():
    plain, with_behaviours = make_world("Shop-v0", **SMALL), viewers("click,conversion")
    one, other, third = (
        Simulation(plain, 0, 300),
        Simulation(with_behaviours, 0, 300),
        Simulation(with_behaviours, 0, 300, compiled=False),
    )
    assert with_behaviours.kernel.stages == 3
    for _ in range(10):
        slate = random_slates(plain, one)
        a, b, c = one.show(slate), other.show(slate), third.show(slate)
        np.testing.assert_array_equal(a.clicks, b.clicks)
        np.testing.assert_array_equal(a.objectives, b.objectives)
        for name in b.behaviours:
            np.testing.assert_allclose(b.behaviours[name], c.behaviours[name], rtol=1e-6)  # tastes drift in another order


def test_outcomes_are_each_shoppers_own():
    world = viewers()
    whole, some = Simulation(world, 3, 50), Simulation(world, 3, np.array([7, 31]))
    for _ in range(8):
        slate = random_slates(world, whole)
        a, b = whole.show(slate), some.show(slate[[7, 31]])
        for name in a.behaviours:
            np.testing.assert_array_equal(a.behaviours[name][[7, 31]], b.behaviours[name])


def test_they_reach_the_environment_the_log_and_the_run(tmp_path):
    world = viewers("like,dwell")
    env = SlateVectorEnv(world, 3)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(np.arange(15).reshape(3, 5))
    np.testing.assert_allclose(reward, info["behaviour:like"].sum(axis=1) + info["behaviour:dwell"].sum(axis=1))
    with LogWriter(tmp_path / "log", world, {}) as log:
        run(world, "random", 2000, shoppers=100, log=log)
    found = read_log(tmp_path / "log")
    np.testing.assert_allclose(found["behaviour:dwell"].sum(axis=1), found["objectives"][:, 1])
    assert found["behaviour:like"].shape == (2000, 5)


def test_absences_and_browsing(tmp_path):
    world = make_world("Shop-v0", **SMALL, user_model=Commuters(), objectives="click,days-away")
    simulation, other = Simulation(world, 0, 200), Simulation(world, 0, 200, compiled=False)
    assert world.kernel.stages == 4
    q = world.catalog.taste.shape[1] + 1
    days, shown = np.zeros(200), np.ones(200)
    for _ in range(12):
        slate = random_slates(world, simulation)
        feedback, same = simulation.show(slate), other.show(slate)
        np.testing.assert_array_equal(feedback.days_away, same.days_away)
        assert (feedback.days_away[feedback.terminated] == 0).all()
        days, shown = days + feedback.days_away, shown + 1
        observation = feedback.next_observation
        np.testing.assert_array_equal(observation[:, world.layout["day"]][:, 0], days)
        np.testing.assert_array_equal(observation[:, q : q + 4].sum(axis=1), shown)
        np.testing.assert_array_equal(feedback.objectives[:, 1], feedback.days_away)
        gone = feedback.terminated | feedback.truncated
        simulation.restart(gone)
        other.restart(gone)
        days[gone], shown[gone] = 0, 1
    assert days.max() > 20
    state = simulation.state()
    after = [simulation.show(random_slates(world, simulation)).next_observation for _ in range(3)]
    simulation.restore(state)
    for expected in after:
        np.testing.assert_array_equal(simulation.show(random_slates(world, simulation)).next_observation, expected)


def test_days_are_observed_where_the_rest_is_compiled():
    class Away(ShopModel):
        longest_absence = 3

        def days_away(self, shoppers, feedback, draws):
            return np.full(len(shoppers), 3)

    world = make_world("Shop-v0", **SMALL, user_model=Away(leave=False))
    simulation = Simulation(world, 0, 50)
    for day in (3, 6, 9):
        feedback = simulation.show(random_slates(world, simulation))
        for observation in (feedback.next_observation, simulation.observe()):
            np.testing.assert_array_equal(observation[:, world.layout["day"]], day)
    np.testing.assert_array_equal(world.observe(world.shoppers(0, np.arange(5)))[:, world.layout["day"]], 0)


def test_days_beyond_the_longest_are_refused():
    class Forgetful(Commuters):
        longest_absence = 3

    simulation = Simulation(make_world("Shop-v0", **SMALL, user_model=Forgetful()), 0, 100)
    with pytest.raises(ValueError, match=r"days_away\[\d+\] = \d is not a day: expected 0..3"):
        simulation.show(random_slates(simulation.world, simulation))


def test_shoppers_arrive_with_days_of_browsing_behind_them():
    plain, world = make_world("Shop-v0", **SMALL), make_world("Shop-v0:history_days=30", **SMALL)
    new, old = Simulation(plain, 0, 2000), Simulation(world, 0, 2000)
    assert not new.shoppers.exposure.any()
    np.testing.assert_array_equal(old.shoppers.visit, 0)
    longest = 5 * (1 - HISTORY_DECAY**30) / (1 - HISTORY_DECAY)
    shown = old.shoppers.exposure.sum(axis=1)
    assert (shown <= longest + 1e-3).all()
    assert shown.mean() > 0.9 * longest, "random slates of 5 of 40 items seldom repeat one"
    assert old.shoppers.engagement[:, 0].mean() > 0.5
    assert (old.shoppers.taste != new.shoppers.taste).any(axis=1).mean() > 0.9, "tastes drift with what is clicked"
    alone = Simulation(world, 0, np.array([5]))
    np.testing.assert_array_equal(alone.observe()[0], old.observe()[5])
    observation = old.step(random_slates(world, old))[1]
    np.testing.assert_array_equal(observation, old.observe())
    for seen in (0, 1):  # those who follow have a history too
        old.restart()
        assert (old.observe()[:, world.layout["exposure"]].sum(axis=1) > 0).all(), seen
    with pytest.raises(ValueError, match="history_days"):
        make_world("Shop-v0", history_days=-1)


def test_the_checks_know_them():
    assert check_user_model(Viewers) == []
    assert [finding for finding in check_user_model(Commuters) if finding.severity == "failure"] == []

    class Wrong(Viewers):
        def behaviour(self, name, shoppers, catalog, slate):
            return 3 * super().behaviour(name, shoppers, catalog, slate) + (name == "like")

    class Off(Viewers):
        def amount(self, name, shoppers, catalog, slate, draws):
            return super().amount(name, shoppers, catalog, slate, draws) * (0.1 if name == "dwell" else 1)

    assert any("Wrong.behaviour('like')" in str(found) and "a probability" in str(found) for found in check_user_model(Wrong))
    (found,) = check_user_model(Off)
    assert str(found).startswith("Off.amount('dwell') is ")
    assert "but behaviour returns" in str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cause": "view"}, "has the cause 'view': expected one of impression, click, conversion"),
        ({"highest": 3.0}, "is an event and has a range: expected is_amount=True"),
        ({"is_amount": True, "lowest": 2.0, "highest": 1.0}, "runs from 2 to 1: expected lowest <= highest"),
    ],
)
def test_what_is_no_behaviour_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Behaviour("like", "likes", "whether it is liked", **options)


def test_an_amount_out_of_its_range_is_refused_and_an_unknown_name():
    class Generous(Viewers):
        def amount(self, name, shoppers, catalog, slate, draws):
            return np.full(slate.shape, 11.0)

    simulation = Simulation(make_world("Shop-v0", **SMALL, user_model=Generous()), 0, 10)
    with pytest.raises(ValueError, match="the amount of 'dwell' is 11 in row 0, rank 0: expected 0 to 10"):
        simulation.show(random_slates(simulation.world, simulation))
    with pytest.raises(ValueError, match=r"there is no objective 'lik'. Did you mean 'like'"):
        make_objectives("lik", Viewers.behaviours)
    with pytest.raises(ValueError, match="there is no objective 'like'"):
        make_world("Shop-v0", objectives="like")


def test_names_are_their_own():
    class Clicks(ShopModel):
        behaviours = (Behaviour("click", "clicks", "one more click"),)

    class Twice(ShopModel):
        behaviours = (Behaviour("like", "likes", "a like"), Behaviour("like", "likes", "the same"))

    class Many(ShopModel):
        behaviours = tuple(Behaviour(f"b{number}", "", "") for number in range(49))

    for model, message in (
        (Clicks, "a behaviour is named 'click': expected a name other than click, "),
        (Twice, "two behaviours are named 'like'"),
        (Many, "there are 49 behaviours: expected at most 48"),
    ):
        with pytest.raises(ValueError, match=message):
            make_world("Shop-v0", **SMALL, user_model=model())
    with pytest.raises(ValueError, match=r"history_days is 1\.5: expected a whole number"):
        replace(make_world("Shop-v0", **SMALL), history_days=1.5)
