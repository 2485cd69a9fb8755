"""The check of types and ranges: hostile values of every option are accepted or refused by name, from Python and from texts."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pytest

from slategym.agents.base import Problem
from slategym.agents.known import AGENTS
from slategym.agents.registry import agent_options, make_agent
from slategym.agents.scalarizers.make import make_scalarizer
from slategym.agents.scalarizers.names import SCALARIZERS
from slategym.agents.scalarizers.reference import Reference
from slategym.bench.audits.audit import audit_configuration
from slategym.bench.comparison.compare import plan as plan_comparison
from slategym.bench.execution.runner import run
from slategym.bench.sweeps.sweep import plan as plan_sweep
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.click_models import CLICK_MODELS, make_click_model
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import WORLDS, make_world, world_options
from slategym.sim.worlds.shop.model import ShopModel
from slategym.utils.checked import check_values, checked, expected
from slategym.utils.options import options_of
from slategym.utils.ranges import ItemCount, Positive, Share

HOSTILE = ["abc", "5", "", -1, 0, 2.5, 1e400, float("nan"), None, [], {}, 10**12, 10**30, -(10**30), True, object(), (1, 2), b"5"]
HOSTILE += [np.float32(2.5), np.int64(-3), np.array([1, 2]), 1e-300]
SMALL = {"items": 12, "categories": 3, "slate_size": 2, "visits": 3}


@checked
def options(
    items: ItemCount = 5,
    share: Share = 0.5,
    rate: Positive | None = None,
    mode: Literal["a", "b"] = "a",
    on: bool = True,
    names: str | Sequence[str] = (),
    given: Mapping[str, int] | None = None,
    problem: Problem | None = None,
    *others: int,
    **more: int,
):
    return items, share, rate, mode, on, names


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"items": "5"}, "items is '5': expected a whole number from 1 to 10,000,000"),
        ({"items": True}, "items is True: expected a whole number"),
        ({"items": 5.0}, "items is 5.0: expected a whole number"),
        ({"items": 0}, "items is 0: expected a whole number from 1 to 10,000,000"),
        ({"items": 10**30}, "items is 1000000000000000000000000000000: expected a whole number from 1"),
        ({"share": 1.5}, "share is 1.5: expected a number from 0 to 1"),
        ({"share": float("nan")}, "share is nan: expected a number from 0 to 1"),
        ({"share": 10**400}, "share is 1"),
        ({"rate": 0}, "rate is 0: expected a number above 0, or None"),
        ({"mode": "c"}, "mode is 'c': expected 'a' or 'b'"),
        ({"on": "abc"}, "on is 'abc': expected True or False"),
        ({"on": 1}, "on is 1: expected True or False"),
        ({"names": [1]}, r"names is \[1\]: expected a text, or several values, each a text"),
        ({"given": 5}, "given is 5: expected"),
        ({"problem": 5}, "problem is 5: expected a Problem, or None"),
        ({"items": -1, "share": 2}, "items is -1: expected .*; share is 2: expected"),
    ],
)
def test_what_does_not_fit_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        options(**given)


def test_what_fits_is_passed_on():
    assert options(np.int64(3), np.float32(0.5), 2, "b", np.True_, ["x"]) == (3, 0.5, 2, "b", True, ["x"])
    assert options(share=0, rate=None)[:3] == (5, 0, None)
    with pytest.raises(TypeError, match="multiple values"):
        options(1, items=2)
    assert inspect.signature(options).parameters["items"].default == 5
    assert options_of(options)["items"].type_name == "int"
    assert options_of(options)["items"].limits == "from 1 to 10,000,000"
    assert options_of(options)["rate"].type_name == "float | None"
    assert expected(Share | None) == "a number from 0 to 1, or None"


def test_annotations_that_cannot_be_resolved_are_left_alone():
    def custom(shelf: "Nowhere" = 1, price: float = 2.0, free=None):  # noqa: F821
        return shelf

    check_values(custom, {"shelf": "anything", "free": object()})
    with pytest.raises(ValueError, match="price is 'x': expected a number"):
        check_values(custom, {"price": "x"})


def tries(name, option, call):
    """Give an option each hostile value: it is accepted, or refused with a ValueError that names it."""
    refused = 0
    for value in HOSTILE:
        try:
            call(value)
        except ValueError as error:
            told = str(error)
        except ImportError:
            pytest.skip("an extra is missing")
        else:
            continue
        # Any other error fails the test.
        assert option.rstrip("s").replace("_", " ") in told.replace("_", " "), (name, option, value, told)
        refused += 1
    return refused


@pytest.mark.parametrize("world", WORLDS)
def test_options_of_worlds(world):
    small = SMALL if world.startswith("Shop") else {}
    for option in world_options(world):
        if option == "parameters":
            continue  # a path

        def make(value, option=option):
            # Of worlds that are large, or wait for a shopper, the making is enough.
            return make_world(world, **{key: item for key, item in small.items() if key != option}, **{option: value})

        assert tries(world, option, make) > 0, option


@pytest.mark.parametrize("name", CLICK_MODELS)
def test_options_of_click_models(name):
    for option in options_of(CLICK_MODELS[name], ("slate_size",)):
        assert tries(name, option, lambda value, option=option: make_click_model(f"{name}:{option}={value}", 3)) > 0
    with pytest.raises(ValueError, match="click_model is 5: expected"):
        make_world("Shop-v0", click_model=5)


@pytest.mark.parametrize("name", [name for name in AGENTS if ":" not in name])
def test_options_of_agents(name):
    simulation = Simulation(make_world("Shop-v0", **SMALL), 0, 3)
    for option in agent_options(name):
        if option == "arguments":
            continue  # Vowpal Wabbit's own command line
        assert tries(name, option, lambda value, option=option: make_agent(name, simulation, 1, **{option: value})) > 0


@pytest.mark.parametrize("name", [name for name in SCALARIZERS if name not in ("schedule", "lagrangian")])
def test_options_of_scalarizers(name):
    reference = Reference(np.array([1.0, 0.1]), np.array([0.2, 0.01]))
    made = make_scalarizer(name, ("click", "conversion"), reference)
    for option in options_of(type(made)):

        def make(value, option=option):
            needed = {key: [1, 1] for key in ("utopia", "reference") if key in options_of(type(made))}
            return type(made)(**needed | {option: value})

        if name != "fixed" or option != "weights":
            tries(name, option, make)


def test_switches_of_the_user_model():
    for option in ("satiation", "season", "delay_conversions", "drift", "leave", "click_model", "segments", "parameters"):
        assert tries("ShopModel", option, lambda value, option=option: ShopModel(**{option: value})) > 0


def test_arguments_of_environments_and_of_the_bench():
    world = make_world("Shop-v0", **SMALL)
    calls = {
        "num_envs": lambda value: SlateVectorEnv("Shop-v0", value),
        "slates": lambda value: plan_comparison(world, ("random",), value, 1),
        "seeds": lambda value: plan_comparison(world, ("random",), 100, value),
        "shoppers": lambda value: plan_comparison(world, ("random",), 100, 1, shoppers=value),
        "weights": lambda value: plan_comparison(world, ("random",), 100, 1, weights=value),
        "points": lambda value: plan_sweep(world, ("random",), 100, 1, points=value, scalarizers=()),
        "precision": lambda value: plan_sweep(world, ("random",), 100, 1, points=2, scalarizers=(), precision=value),
        "seed": lambda value: audit_configuration(world, seed=value),
    }
    for option, call in calls.items():
        if option != "seed":
            assert tries("bench", option, call) > 0
    with pytest.raises(
        ValueError, match=r"slates is 2.5: expected a whole number from 1 to 1,000,000,000,000; seed is -1"
    ) as told:
        run(world, "random", 2.5, -1)
    assert "expected a whole number from 0 to 18,446,744,073,709,551,615" in str(told.value)
    with pytest.raises(ValueError, match=r"weights is \(0, 0\): expected finite numbers that are not all 0"):
        run(world, "random", 10, weights=(0, 0))


def test_a_sweep_that_would_never_end_is_refused():
    world = make_world("Shop-v0", **SMALL)
    with pytest.raises(ValueError, match=r"a sweep of 5,000 weights has 50,010 runs: expected at most 20,000"):
        plan_sweep(world, ("random",), 100, 10, points=5000, scalarizers=())
    six = make_world("Shop-v0", **SMALL, objectives="click,conversion,revenue,profit,diversity,novelty")
    with pytest.raises(ValueError, match="there are 6 objectives: expected at most 5"):
        plan_sweep(six, ("random",), 100, 1)


@pytest.mark.parametrize("name", ["builtins:eval", "os:system", "collections.abc:Sized"])
def test_what_belongs_to_python_is_no_plug_in(name):
    with pytest.raises(ValueError, match=f"{name} belongs to Python itself: expected a custom agent"):
        make_agent(name, Simulation(make_world("Shop-v0", **SMALL), 0, 2))
    with pytest.raises(ValueError, match="belongs to Python itself: expected a custom world"):
        make_world(name)
    with pytest.raises(ValueError, match="belongs to Python itself: expected a custom user model"):
        make_world("Shop-v0", user_model=name)
