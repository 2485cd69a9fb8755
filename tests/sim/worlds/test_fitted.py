"""Fitted-v0: the world of a file, by folder and by path; a damaged file is refused by name, and runs no code."""

import copy
import json

import numpy as np
import pytest
from scipy.special import expit

from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import find_world, make_world, read_world_options, world_options
from slategym.sim.worlds.fitted.parameters import read_parameters

SMALL = {
    "world": "Fitted-v0",
    "version": 1,
    "source": "a test",
    "fit": {},
    "cannot_identify": [],
    "slate_size": 2,
    "visits": 4,
    "items": {
        "ids": ["a", "b", "c"],
        "category": [0, 1, 0],
        "price": [2.0, 3.0, 4.0],
        "feature_names": ["size"],
        "features": [[0.0], [1.0], [2.0]],
    },
    "segments": [
        {"name": "country", "levels": ["DE", "other"], "edges": None},
        {"name": "age", "levels": ["<=30", ">30"], "edges": [30.0]},
    ],
    "context": ["country=DE", "age=<=30", "age=>30"],
    "weight": [1.0, 2.0, 3.0, 4.0],
    "click_model": {"name": "position-based", "examination": [1.0, 0.5]},
    "click": {
        "intercept": -1.0,
        "item": [0.5, 0.0, -0.5],
        "level": {"country": [0.2, -0.2], "age": [0.1, -0.1]},
        "item_by_level": {"country": [[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]], "age": [[0.0, 0.0], [0.3, -0.3], [-0.3, 0.3]]},
    },
    "conversion": {
        "intercept": 0.0,
        "item": [0.0, 0.1, -0.1],
        "level": {"country": [0.0, 0.0], "age": [0.5, -0.5]},
        "item_by_level": None,
    },
    "spend_spread": 0.5,
    "delay": [0.5, 0.25, 0.25],
    "leaving": {"by_visit": [-1.0, -2.0, -1.5, -1.0], "clicked": -0.5, "converted": 0.2},
    "days_away": [0.6, 0.4],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "world.json").write_text(json.dumps(SMALL))
    return tmp_path


def test_probabilities_are_those_of_the_file(folder):
    world = make_world(str(folder))
    shoppers = Simulation(world, 0, 200).shoppers
    country, age = np.divmod(shoppers.cell, 2)
    click, both = world.probabilities(shoppers, np.tile([0, 2], (200, 1)))
    logit = -1.0 + 0.5 + np.array([0.2, -0.2])[country] + np.array([0.1, -0.1])[age] + np.array([1.0, -1.0])[country]
    np.testing.assert_allclose(click[:, 0], expit(logit))
    below = -1.0 - 0.5 + np.array([0.2, -0.2])[country] + np.array([0.1, -0.1])[age] + np.array([-1.0, 1.0])[country]
    below += np.array([-0.3, 0.3])[age]
    np.testing.assert_allclose(click[:, 1], 0.5 * expit(below))
    np.testing.assert_allclose(both[:, 0] / click[:, 0], expit(np.array([0.5, -0.5])[age]))


def test_shoppers_are_seen_by_their_levels(folder):
    world = make_world(str(folder))
    shoppers = Simulation(world, 1, 5000).shoppers
    seen = world.user_model.context(shoppers)
    country, age = np.divmod(shoppers.cell, 2)
    np.testing.assert_array_equal(seen, np.stack([country == 0, age == 0, age == 1], axis=1))
    np.testing.assert_allclose(np.bincount(shoppers.cell) / 5000, np.array([1, 2, 3, 4]) / 10, atol=4 * 0.5 / np.sqrt(5000))


def test_shoppers_leave_come_back_and_convert_late_as_the_file_says(folder):
    world = make_world(str(folder))
    assert (world.user_model.longest_delay, world.user_model.longest_absence, world.user_model.anyone_leaves) == (2, 1, True)
    count = 40_000
    simulation = Simulation(world, 2, count)
    feedback = simulation.show(np.tile([0, 1], (count, 1)))
    clicked = feedback.clicks.any(axis=1)
    none = ~clicked
    assert abs(feedback.terminated[none].mean() - expit(-1.0)) < 4 * 0.5 / np.sqrt(none.sum())
    assert expit(-1.5) < feedback.terminated[clicked].mean() < expit(-1.3)
    assert abs(feedback.days_away[~feedback.terminated].mean() - 0.4) < 0.01
    assert abs(feedback.revenue[feedback.conversions].mean() - 2.4) < 0.25


@pytest.mark.parametrize("name", ["position-based", "cascade", "dependent-click", "user-browsing"])
def test_every_click_model_of_a_fit_makes_a_world(folder, name):
    numbers = {"dependent-click": {"continuation": [0.5, 0.4]}, "user-browsing": {"examination": [[1.0, 1.0], [0.5, 0.8]]}}
    content = SMALL | {"click_model": {"name": name, "examination": [1.0, 0.5]} | numbers.get(name, {})}
    (folder / "world.json").write_text(json.dumps(content))
    world = make_world(str(folder))
    assert type(world.user_model.click_model) is type(make_world("Shop-v0", click_model=name).user_model.click_model)
    assert name in CLICK_MODELS
    assert world.kernel.stages == 2


def test_a_log_without_conversions_makes_a_world_of_clicks(folder):
    content = SMALL | {"conversion": None, "leaving": None, "days_away": None, "delay": [1.0], "visits": 1}
    (folder / "world.json").write_text(json.dumps(content))
    world = make_world(str(folder))
    assert world.objective_names == ("click",)
    assert not world.user_model.anyone_leaves
    assert world.user_model.conversion_rate.max() == 0


def test_without_context_and_features_there_is_one_segment(folder):
    part = {"intercept": -1.0, "item": [0.5, 0.0, -0.5], "level": {}, "item_by_level": None}
    items = SMALL["items"] | {"feature_names": [], "features": [[], [], []]}
    content = SMALL | {"segments": [], "context": [], "weight": [1.0], "click": part, "conversion": part, "items": items}
    (folder / "world.json").write_text(json.dumps(content))
    world = make_world(str(folder))
    assert world.catalog.features.shape == (3, 0)
    assert "context" not in world.layout or world.layout["context"].stop == 0 or world.user_model.seen.shape == (1, 0)
    feedback = Simulation(world, 0, 10).show(np.tile([0, 1], (10, 1)))
    assert feedback.clicks.shape == (10, 2)


@pytest.mark.parametrize("place", ["folder", "file", "option"])
def test_a_world_is_named_by_its_folder_its_file_or_an_option(folder, place, monkeypatch):
    monkeypatch.chdir(folder.parent)
    path = {"folder": folder.name, "file": f"{folder.name}/world.json"}.get(place, f"Fitted-v0:parameters={folder.name}")
    world = make_world(path)
    assert world.catalog.names == ("a", "b", "c")
    name, options = read_world_options(path)
    assert name == "Fitted-v0"
    assert make_world(name, **options).catalog.names == world.catalog.names
    cascade = make_world(f"{path}{',' if place == 'option' else ':'}click_model=cascade")
    assert type(cascade.user_model.click_model).__name__ == "Cascade"
    assert "click_model" in world_options(path.partition(":")[0])


def test_what_is_no_fitted_world_is_not_taken_for_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Shop-v0").mkdir()
    (tmp_path / "Shop-v0" / "world.json").write_text("{}")
    assert make_world("Shop-v0").name == "Shop-v0"
    with pytest.raises(ValueError, match="there is no world 'my_world'"):
        find_world("my_world")
    with pytest.raises(FileNotFoundError, match="expected a folder or file written by `slategym fit"):
        make_world("Fitted-v0", parameters="my_world")


WRONG = {
    "world": ("Shop-v0", "holds the parameters of 'Shop-v0'"),
    "version": (2, "has version 2: expected 1"),
    "slate_size": (4, "slate_size is 4: expected a whole number from 1 to 3"),
    "visits": (True, "visits is True"),
    "items.ids": (["a", "a", "c"], "names an item twice"),
    "items.price": ([1.0, 2.0], r"items.price has the shape \(2,\): expected numbers, 3"),
    "items.category": ([0, 0.5, 1], "items.category holds 0.5: expected a whole number"),
    "items.features": ([[0.0], ["x"], [1.0]], "items.features holds something other than numbers"),
    "segments": ({"country": ["DE"]}, "segments is not a list"),
    "context": (["country=FR"], "context names 'country=FR'"),
    "weight": ([0.0, 0.0, 0.0, 0.0], "weight adds up to 0"),
    "click.intercept": (float("nan"), "click.intercept holds nan"),
    "click.item": ([1e9, 0.0, 0.0], "click.item holds 1e"),
    "click.level": ({"country": [0.0, 0.0]}, "click.level.age is missing"),
    "click.item_by_level.age": ([[0.0, 0.0]], "click.item_by_level.age has the shape"),
    "conversion": ([], "conversion.intercept is missing"),
    "click_model.name": ("skimming", "click_model makes no click model"),
    "click_model.examination": ([1.0, 2.0], "click_model makes no click model"),
    "spend_spread": (None, "spend_spread"),
    "delay": ([0.5, 0.6], "delay has 2 shares that add up to 1.1"),
    "leaving.by_visit": ([0.0], "leaving.by_visit has the shape"),
    "days_away": ([-1.0, 2.0], "days_away holds -1"),
}


@pytest.mark.parametrize("entry", WRONG)
def test_a_damaged_file_is_refused_by_its_entry(folder, entry):
    value, message = WRONG[entry]
    content = copy.deepcopy(SMALL)
    *path, last = entry.split(".")
    part = content
    for key in path:
        part = part[key]
    part[last] = value
    (folder / "world.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        make_world(str(folder))
    del part[last]
    (folder / "world.json").write_text(json.dumps(content))
    if entry not in ("conversion", "days_away"):  # which there may be none of
        with pytest.raises(ValueError, match=str(folder)):
            make_world(str(folder))


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", "\x80", "[" * 100_000, '{"world": "Fitted-v0"}', "cos\nsystem\n(S'true'\ntR."]
)
def test_what_is_no_world_is_refused_without_running_anything(folder, text):
    (folder / "world.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"world\.json"):
        read_parameters(folder)


def test_whatever_stands_in_the_file_it_makes_a_world_or_is_refused(folder):
    """Values of the file are replaced by others, at random places: a sound world or one line of error, nothing else."""
    random = np.random.default_rng(0)
    values = [None, True, -1, 0, 1e308, float("inf"), float("nan"), "", "x", [], {}, [1, 2], {"a": 1}, [[0.5]], 10**30, 2**63]
    made, told = 0, []
    for _ in range(300):
        content = copy.deepcopy(SMALL)
        part, last = content, None
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            last = keys[random.integers(len(keys))]
            if not isinstance(part[last], dict | list) or not part[last] or random.random() < 0.3:
                break
            part = part[last]
        part[last] = values[random.integers(len(values))]
        (folder / "world.json").write_text(json.dumps(content))
        try:
            world = make_world(str(folder))
        except ValueError as error:
            told.append(str(error))
            continue
        made += 1
        feedback = Simulation(world, 0, 20).show(np.zeros((20, world.slate_size), np.int64))
        assert np.isfinite(feedback.revenue).all()
    assert made > 10
    assert len(told) > 100
    assert all("world.json" in each and len(each.splitlines()) == 1 for each in told)
