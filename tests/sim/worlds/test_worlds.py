"""What every world promises."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from slategym.sim.click_models import CLICK_MODELS, PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import WORLDS, make_world, world_options

GOLDEN = Path(__file__).parent / "golden"


CASES = (*WORLDS, *(f"Shop-v0, {name}" for name in CLICK_MODELS if name != "position-based"))


def made(case):
    name, _, click_model = case.partition(", ")
    return make_world(name, click_model=click_model or None)


@pytest.fixture(scope="module", params=CASES)
def world(request):
    """Every world, and the shop under every click model."""
    return made(request.param)


def slates(world, shoppers, seed=0):
    """Random slates, repeats among them."""
    return np.random.default_rng(seed).integers(0, world.choices, (shoppers, world.slate_size))


def walk(world, rows, steps, seed=0, slate_rows=None):
    """Show slates that depend on the row and step alone; yields (simulation, slate, feedback) before the restart."""
    simulation = Simulation(world, seed, rows)
    width = int(simulation.rows.max()) + 1
    for step in range(steps):
        slate = slates(world, width, step)[simulation.rows]
        feedback = simulation.show(slate)
        yield simulation, slate, feedback
        simulation.restart(feedback.terminated | feedback.truncated)


def test_a_slate_and_the_whole_catalogue_agree(world):
    shoppers = Simulation(world, 0, 50).shoppers
    slate = world.items(shoppers, slates(world, 50))
    for part in (world.user_model.attraction, world.user_model.conversion):
        of_slate, of_all = part(shoppers, world.catalog, slate), part(shoppers, world.catalog, None)
        assert np.broadcast_to(of_all, (50, world.catalog.size)).shape == of_all.shape
        np.testing.assert_allclose(of_slate, np.take_along_axis(of_all, slate, axis=1), rtol=2e-5)
        assert (of_all >= 0).all()
        assert (of_all <= (world.user_model.click_model.largest_attraction if part == world.user_model.attraction else 1)).all()


def test_outcomes_do_not_depend_on_the_batch(world):
    steps, some = 35, np.array([0, 3, 40, 63])
    together = [feedback for _, _, feedback in walk(world, 64, steps)]
    for rows in (some, some[1:2]):
        for feedback, whole in zip([f for _, _, f in walk(world, rows, steps)], together, strict=True):
            for name in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated", "next_observation"):
                np.testing.assert_array_equal(getattr(feedback, name), getattr(whole, name)[rows], err_msg=name)


def test_outcomes_come_as_often_as_said(world):
    """Over fresh shoppers, so that every impression is independent given its probability."""
    count = 30_000
    simulation = Simulation(world, 4, count)
    slate = slates(world, count)
    click, conversion = world.probabilities(simulation.shoppers, slate)
    feedback = simulation.show(slate)
    converted = feedback.conversions.sum() + sum(
        len(simulation.show(slate).delayed) for _ in range(world.user_model.longest_delay)
    )
    assert (feedback.conversions <= feedback.clicks).all()
    for seen, probability in ((feedback.clicks.sum(), click), (feedback.conversions.sum(), conversion)):
        spread = np.sqrt((probability * (1 - probability)).sum())
        if probability is click or world.user_model.longest_delay == 0:
            assert abs(seen - probability.sum()) <= 4.5 * spread
    assert converted >= feedback.conversions.sum()


def test_asking_changes_nothing(world):
    simulation = Simulation(world, 0, 20)
    before = simulation.observe()
    slate = slates(world, 20)
    first = world.expected(simulation.shoppers, slate)
    world.best_slate(simulation.shoppers, world.weights)
    np.testing.assert_array_equal(world.expected(simulation.shoppers, slate), first)
    np.testing.assert_array_equal(simulation.observe(), before)


@pytest.mark.quick("*-v0", "*-v1", "*user-browsing", "*multinomial")
def test_the_oracle_is_not_beaten_by_random_slates(world):
    shoppers = Simulation(world, 0, 200).shoppers
    for weights in (*np.eye(len(world.objectives)), world.weights):
        best = world.expected(shoppers, world.best_slate(shoppers, weights)) @ weights
        for seed in range(20):
            found = world.expected(shoppers, slates(world, 200, seed)) @ weights
            assert (found <= world.bound(shoppers, weights) * (1 + 1e-5)).all()
            if world.oracle_is_exact:
                assert (found <= best * (1 + 1e-5)).all()
            else:
                assert found.mean() < best.mean()


def test_a_repeated_item_earns_once_at_its_best_rank(world):
    if world.slate_size == 1:
        pytest.skip("slates of one cannot repeat an item")
    shoppers = Simulation(world, 0, 30).shoppers
    repeated = np.full((30, world.slate_size), 2)
    click, _ = world.probabilities(shoppers, repeated)
    assert (click[:, 0] > 0).all()
    assert (click[:, 1:] == 0).all()


def test_the_same_item_meets_the_same_answer(world):
    """Common random numbers: where ranks are independent, what else is on the slate does not matter to an item at its rank."""
    if not isinstance(world.user_model.click_model, PositionBased):
        pytest.skip("the ranks of this click model depend on each other")
    one, other = Simulation(world, 0, 5000), Simulation(world, 0, 5000)
    slate, changed = slates(world, 5000, 1), slates(world, 5000, 2)
    changed[:, 0] = slate[:, 0]
    first, second = one.show(slate), other.show(changed)
    np.testing.assert_array_equal(first.clicks[:, 0], second.clicks[:, 0])


def test_observation_fits_its_layout(world):
    for simulation, _, feedback in walk(world, 40, 10):
        assert feedback.next_observation.shape == (40, world.layout.size)
        assert feedback.next_observation.dtype == np.float32
        assert (simulation.observe() >= world.layout.low).all()
        assert (simulation.observe() <= world.layout.high).all()


def test_leaving_and_ending_are_told_apart(world):
    for simulation, _, feedback in walk(world, 60, 2 * min(world.visits, 40)):
        assert not (feedback.terminated & feedback.truncated).any()
        np.testing.assert_array_equal(feedback.truncated, (simulation.shoppers.visit >= world.visits) & ~feedback.terminated)


def test_seeds_differ_and_agree(world):
    a, b, c = (Simulation(world, seed, 300).show(slates(world, 300)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.next_observation, b.next_observation)
    assert (a.next_observation != c.next_observation).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda slate, m: slate[:, :-1], r"slate has shape \(4, \d+\): expected \(4, \d+\), 4 shoppers by \d+ ranks"),
        (lambda slate, m: slate[:2], "expected .4, "),
        (
            lambda slate, m: np.where(slate >= 0, m, 0),
            r"slate\[0, 0\] = \d+ is not (an item|a position among the candidates): expected 0\.\.\d+",
        ),
        (lambda slate, m: slate - m, r"slate\[0, 0\] = -\d+ is not (an item|a position)"),
        (lambda slate, m: slate * np.nan, r"slate\[0, 0\] = nan: expected (an item|a position)"),
        (lambda slate, m: slate * 1.0, r"dtype float64: expected whole numbers; use slate\.astype"),
    ],
)
def test_what_is_no_slate_is_refused_before_anything_changes(world, change, message):
    simulation = Simulation(world, 0, 4)
    before = simulation.observe()
    with pytest.raises(ValueError, match=message):
        simulation.show(change(slates(world, 4), world.catalog.size))
    np.testing.assert_array_equal(simulation.observe(), before)
    assert simulation.steps == 0


def trajectory(world):
    """Twelve steps of 200 shoppers, as numbers that can be compared."""
    steps = []
    for _, slate, feedback in walk(world, 200, 12, seed=20):
        row, rank = np.nonzero(feedback.clicks)
        steps.append(
            {
                "clicked": (row * world.slate_size + rank).tolist(),
                "converted": np.flatnonzero(feedback.conversions).tolist(),
                "delayed": [[int(row), int(item)] for row, item in zip(feedback.delayed.row, feedback.delayed.item, strict=True)],
                "left": np.flatnonzero(feedback.terminated).tolist(),
                "slates": int(slate.sum()),
                **{name: round(float(amount.sum()), 2) for name, amount in feedback.behaviours.items()},
                **({} if feedback.days_away is None else {"days away": feedback.days_away.tolist()}),
            }
        )
    return steps


def golden(world):
    return GOLDEN / f"{world.name}-{type(world.user_model.click_model).__name__}.json"


def test_golden_trajectory(world):
    """A seed keeps its numbers; `python -m tests.sim.worlds.test_worlds` writes those that were changed on purpose."""
    assert trajectory(world) == json.loads(golden(world).read_text())


HEADINGS = ("What it models", "Action", "Observation", "Reward", "End", "Source", "Faults of the original", "Version history")
OF_PEERS = [name for name in WORLDS if name.startswith(("RecSim", "RecoGym", "Sardine", "KuaiSim"))]


@pytest.mark.parametrize("name", OF_PEERS)
def test_worlds_of_other_simulators_are_described_under_fixed_headings(name):
    text = inspect.getdoc(WORLDS[name])  # whose indentation Python 3.13 takes away, and earlier versions do not
    assert text.startswith(f"{name}: ")
    places = [text.find(f"\n{heading}:\n") for heading in HEADINGS]
    assert -1 not in places
    assert places == sorted(places)
    assert text.find("\nArgs:\n") > places[-1]


def test_options_of_the_worlds_own_go_first():
    assert world_options("RecSimInterestEvolution-v0")["candidates"].default == 10
    world = make_world("RecSimInterestEvolution-v0:candidates=30")
    assert (world.candidates, make_world("RecSimInterestEvolution-v0").candidates) == (30, 10)


if __name__ == "__main__":
    for each in map(made, CASES):
        golden(each).write_text(json.dumps(trajectory(each), separators=(",", ":")) + "\n")
