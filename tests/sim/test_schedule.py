"""Worlds that change at given steps of a simulation."""

import json
from dataclasses import replace

import numpy as np
import pytest

from slategym.sim import ItemChange, Launch, Retire, Simulation, make_world, read_schedule
from slategym.utils.storage.fingerprint import fingerprint

STEP = 5
ROWS = 40
SMALL = {"items": 60, "categories": 6}
COMING = (Launch(STEP, range(50, 60)), Retire(2 * STEP, [3, 55]))
FIELDS = ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated")


def assert_same(left, right):
    """Two answers with their observations."""
    np.testing.assert_array_equal(left[1], right[1])
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(left[0], field), getattr(right[0], field))


def slates(world, step, rows=ROWS):
    """Some slates for a step, of items that can be shown, or positions."""
    random = np.random.default_rng(step)
    items = np.arange(world.choices) if world.candidates or world.available is None else world.available
    return random.choice(items, (rows, world.slate_size))


@pytest.mark.parametrize("name", ["ShopBandit-v0", "Shop-v0", "Shop-v0:candidates=20", "Shop-v0:history_days=3"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_change_is_felt_from_its_step_on_and_not_before(name, compiled):
    world, plain = make_world(name, change_at=STEP, **SMALL), make_world(name, **SMALL)
    other = replace(plain, catalog=replace(plain.catalog, appeal=world.at(STEP).catalog.appeal))
    moving, before, after = (Simulation(each, 3, ROWS, compiled=compiled) for each in (world, plain, other))
    differ = False
    for step in range(3 * STEP):
        if step == STEP:
            after.restore(before.state())
        assert moving.world is world.at(step)
        slate = slates(plain, step)
        answer = moving.step(slate)
        same = (before if step < STEP else after).step(slate)
        if step == STEP - 1 and world.history_days:  # who comes now has been browsing in the changed world
            np.testing.assert_array_equal(answer[0].clicks, same[0].clicks)
            return
        assert_same(answer, same)
        differ |= step >= STEP and bool((answer[0].clicks != before.step(slate)[0].clicks).any())
    assert differ


def test_only_the_appeal_changes_and_by_the_seed_of_the_catalogue():
    world = make_world("ShopBandit-v0", change_at=STEP)
    first, second = world.catalog, world.at(STEP).catalog
    assert world.at(STEP - 1) is world
    for field in ("features", "taste", "category", "price", "margin", "quality", "bid"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    # Independent standard normals: the correlation and the mean of 500 have a standard error of 0.045, the deviation of 0.032.
    assert abs(np.corrcoef(first.appeal, second.appeal)[0, 1]) < 4 * 0.045
    assert abs(second.appeal.mean()) < 4 * 0.045
    assert abs(second.appeal.std() - 1) < 4 * 0.032
    small = make_world("ShopBandit-v0", change_at=9, items=100).at(9).catalog.appeal
    np.testing.assert_array_equal(second.appeal[:100], small)
    assert not np.array_equal(small, make_world("ShopBandit-v0", change_at=9, items=100, catalog_seed=1).at(9).catalog.appeal)


def test_what_can_be_shown_says_nothing_about_the_answers():
    """A world with launches and retirements answers as one in which all items can be shown, as long as slates hold those."""
    world, every = make_world("Shop-v0", schedule=COMING, **SMALL), make_world("Shop-v0", **SMALL)
    moving, plain = Simulation(world, 1, ROWS), Simulation(every, 1, ROWS)
    for step in range(3 * STEP):
        slate = slates(moving.world, step)
        assert_same(moving.step(slate), plain.step(slate))


@pytest.mark.parametrize("options", [{}, {"candidates": 12}], ids=["items", "candidates"])
def test_batches_and_restored_simulations_give_the_same(options):
    world = make_world("Shop-v0", schedule=(*COMING, ItemChange(STEP + 1, quality=np.linspace(-1, 1, 60))), **SMALL, **options)
    whole, one, kept = Simulation(world, 7, 1000), Simulation(world, 7, [321]), None
    for step in range(3 * STEP):
        slate = slates(whole.world, step, 1000)
        kept = whole.state() if step == STEP - 2 else kept
        feedback, seen = whole.step(slate)
        alone, seen_alone = one.step(slate[[321]])
        np.testing.assert_array_equal(seen[[321]], seen_alone)
        np.testing.assert_array_equal(feedback.clicks[[321]], alone.clicks)
    again = Simulation(world, 7, 1000)
    again.restore(kept)
    for step in range(STEP - 2, 3 * STEP):
        _, resumed = again.step(slates(again.world, step, 1000))
    np.testing.assert_array_equal(resumed, seen)
    assert again.world is whole.world is world.final


def test_items_come_and_go():
    world = make_world("ShopBandit-v0", schedule=COMING, **SMALL)
    assert [world.at(step).launched for step in (0, STEP - 1, STEP, 99)] == [50, 50, 60, 60]
    assert world.at(99).retired == (3, 55)
    assert world.allowed is None
    assert np.flatnonzero(~world.at(2 * STEP).allowed).tolist() == [3, 55]
    simulation, shown = Simulation(world, 0, 500), set()
    for step in range(3 * STEP):
        best = simulation.world.best_slate(simulation.shoppers, (1, 10))
        # The oracle's slates are the best of those that can be shown: none is better with another item at the last rank.
        here = np.arange(60) if simulation.world.available is None else simulation.world.available
        other = np.concatenate([best[:, :-1], np.random.default_rng(step).choice(here, (500, 1))], axis=1)
        value, less = (simulation.world.expected(simulation.shoppers, slate) @ (1, 10) for slate in (best, other))
        bound = simulation.world.bound(simulation.shoppers, (1, 10))
        assert (less <= value * (1 + 1e-6)).all()
        np.testing.assert_allclose(bound, value, rtol=1e-5)
        if step >= 2 * STEP:
            shown |= set(best.ravel().tolist())
        else:
            assert best.max() < (50 if step < STEP else 60)
        simulation.step(best)
    assert not shown & {3, 55}
    with pytest.raises(ValueError, match=r"slate\[0, 0\] = 3 is a retired item"):
        simulation.step(np.full((500, 5), 3))
    with pytest.raises(ValueError, match=r"55 is not an item that has been launched: expected 0\.\.49"):
        Simulation(world, 0, 1).step(np.full((1, 5), 55))


def test_candidates_are_of_the_items_that_can_be_shown():
    world = make_world("Shop-v0", schedule=COMING, candidates=12, **SMALL)
    simulation, met = Simulation(world, 0, 300), []
    for step in range(3 * STEP):
        offered = simulation.world.candidates_of(simulation.shoppers)
        np.testing.assert_array_equal(simulation.observe()[:, world.layout["candidates"]], offered)
        assert (np.diff(offered, axis=1) > 0).all()
        met.append(set(np.unique(offered).tolist()))
        simulation.step(slates(world, step, 300))
    # Each of 300 shoppers meets each item with probability 1/5 or 1/4: all are met.
    assert met[0] == met[STEP - 1] == set(range(50))
    assert met[STEP] == set(range(60))
    assert met[-1] == set(range(60)) - {3, 55}


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (lambda: [Launch(3, [10])], "expected the last ones of the catalogue, in its order"),
        (lambda: [Launch(3, [59, 58])], "expected the last ones of the catalogue, in its order"),
        (lambda: [Launch(9, [58]), Launch(3, [59])], "expected the last ones of the catalogue, in its order"),
        (lambda: [Launch(3, range(4, 60))], "only 4 items can be shown: expected at least 5"),
        (lambda: [Retire(3, range(56))], "only 4 items can be shown: expected at least 5"),
        (lambda: [Retire(3, [1]), Retire(4, [1])], "item 1 is retired at step 4: it was retired before"),
        (lambda: [Launch(9, [59]), Retire(3, [59])], "item 59 is retired at step 3: expected one of the 59 items then"),
        (lambda: [Retire(0, [1])], "step is 0: expected a whole number from 1"),
        (lambda: [Retire(2, [])], "expected at least one item, and each only once"),
        (lambda: [Launch(2, [59, 59])], "expected at least one item, and each only once"),
        (lambda: [ItemChange(2)], "has no values: expected appeal, quality or taste"),
        (lambda: [ItemChange(2, appeal=np.zeros(3))], r"appeal at step 2 has shape \(3,\): expected \(60,\)"),
        (lambda: ["soon"], "expected a text, or several values, each a Change"),
        (lambda: "nowhere.json", r"nowhere\.json cannot be read"),
    ],
)
def test_bad_schedules_are_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        make_world("Shop-v0", schedule=schedule(), **SMALL)


def test_too_few_candidates_are_refused():
    with pytest.raises(ValueError, match="only 8 items can be shown: expected at least 12, as many as there are candidates"):
        make_world("Shop-v0", candidates=12, schedule=[Launch(2, range(8, 60))], **SMALL)


def test_a_file_of_items_says_what_their_appeal_is(tmp_path):
    with pytest.raises(ValueError, match="change_at is 3 and catalog"):
        make_world("Shop-v0", catalog=str(tmp_path / "items.csv"), change_at=3)


def test_schedules_from_files(tmp_path):
    path = tmp_path / "plan.json"
    appeal = list(range(60))
    changes = [{"step": 9, "appeal": appeal}, {"step": 2, "launch": "55, 56-59"}, {"step": 4, "retire": [1, 2]}]
    path.write_text(json.dumps(changes))
    world = make_world(f"Shop-v0:items=60,categories=6,schedule={path}")
    assert [change.step for change in world.schedule] == [2, 4, 9]
    assert (world.launched, world.at(4).retired, world.at(9).catalog.appeal.tolist()) == (55, (1, 2), appeal)
    in_python = [ItemChange(9, appeal=np.arange(60.0)), Launch(2, range(55, 60)), Retire(4, [1, 2])]
    same = make_world("Shop-v0", schedule=in_python, **SMALL)
    np.testing.assert_array_equal(world.at(9).catalog.appeal, same.at(9).catalog.appeal)
    assert fingerprint(world) != fingerprint(make_world("Shop-v0", **SMALL))
    assert fingerprint(world) == fingerprint(make_world(f"Shop-v0:items=60,categories=6,schedule={path}"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not JSON"),
        ("{}", "is not a list of objects"),
        ("[3]", "is not a list of objects"),
        ('[{"step": 3}]', r"change 1 of the schedule .*: it has step: expected a list such as"),
        ('[{"step": 3, "launch": [59]}, {"step": 3, "price": [1]}]', "change 2 of the schedule .*: it has price, step"),
        ('[{"step": 3, "retire": "1-x"}]', "its items are '1-x': expected numbers and ranges"),
        ('[{"step": "x", "retire": "1"}]', "step is 'x': expected a whole number from 1"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_schedule(path)
