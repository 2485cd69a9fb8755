"""Worlds that change at given steps of a simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from slategym.sim import Simulation, World, make_world

STEP = 5


def _changed_from_the_start(world: World, plain: World) -> World:
    return replace(plain, catalog=replace(plain.catalog, appeal=world.at(STEP).catalog.appeal))


@pytest.mark.parametrize("name", ["ShopBandit-v0", "Shop-v0"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_change_is_felt_from_its_step_on_and_not_before(name: str, compiled: bool) -> None:
    world, plain = make_world(name, change_at=STEP), make_world(name)
    moving, before, after = (
        Simulation(each, 3, 40, compiled=compiled) for each in (world, plain, _changed_from_the_start(world, plain))
    )
    random, differ = np.random.default_rng(0), False
    for step in range(3 * STEP):
        slate = random.integers(plain.catalog.size, size=(40, 5))
        if step == STEP:
            after.restore(before.state())
        assert moving.world.catalog.appeal is (world if step < STEP else world.at(STEP)).catalog.appeal
        feedback, seen = moving.step(slate)
        same, same_seen = (before if step < STEP else after).step(slate)
        np.testing.assert_array_equal(seen, same_seen)
        for field in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated"):
            np.testing.assert_array_equal(getattr(feedback, field), getattr(same, field))
        if step >= STEP:
            differ |= bool((feedback.clicks != before.step(slate)[0].clicks).any())
    assert differ


def test_only_the_appeal_changes_and_by_the_seed_of_the_catalogue() -> None:
    world = make_world("ShopBandit-v0", change_at=STEP)
    first, second = world.catalog, world.at(STEP).catalog
    assert world.at(STEP - 1) is world
    for field in ("features", "taste", "category", "price", "margin", "quality", "bid"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    # Independent standard normals: the correlation of 500 pairs has a standard error of 0.045, mean and deviation less.
    assert abs(np.corrcoef(first.appeal, second.appeal)[0, 1]) < 4 * 0.045
    assert abs(second.appeal.mean()) < 4 * 0.045
    assert abs(second.appeal.std() - 1) < 4 * 0.032
    small = make_world("ShopBandit-v0", change_at=9, items=100).at(9).catalog.appeal
    np.testing.assert_array_equal(second.appeal[:100], small)
    assert not np.array_equal(small, make_world("ShopBandit-v0", change_at=9, items=100, catalog_seed=1).at(9).catalog.appeal)
