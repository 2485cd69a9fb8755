"""A `repr` is a line, however large what it stands for."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass

import numpy as np
import pytest

import slategym
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.reference import Reference
from slategym.bench.execution.runner import run
from slategym.bench.fronts.front import front
from slategym.sim.click_models import CLICK_MODELS, make_click_model
from slategym.sim.objectives import OBJECTIVES
from slategym.sim.worlds.shop.model import Segments, ShopModel
from slategym.utils.short_repr import Brief

ARRAYS = re.compile(
    r"\b(NDArray|ArrayLike|Array|Floats|Items|Weights|Observation|Catalog|UserModel|World|Shoppers|Feedback|Case|Mask)\b"
)


def classes():
    for room in ("utils", "sim", "envs", "agents", "testing", "bench", "scripts"):
        package = importlib.import_module(f"slategym.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"slategym.{room}."):
            found = vars(importlib.import_module(module.name)).values()
            yield from (each for each in found if inspect.isclass(each) and each.__module__ == module.name)


def test_no_dataclass_writes_its_arrays_out():
    holders = [
        each
        for each in classes()
        if dataclasses.is_dataclass(each)
        and any(ARRAYS.search(re.sub(r"Callable.*", "", str(field.type))) for field in dataclasses.fields(each))
    ]
    assert {each.__name__ for each in holders} >= {"Catalog", "World", "Problem", "Feedback", "Decision", "Front", "Trace"}
    assert [each.__name__ for each in holders if not issubclass(each, Brief)] == []
    assert [each.__name__ for each in holders if "__repr__" in vars(each)] == []  # as dataclass writes one


@pytest.fixture(scope="module")
def things():
    world = slategym.make_world("Shop-v0", objectives=tuple(OBJECTIVES), candidates=40)
    small = slategym.make_world("ShopBandit-v0", items=30, categories=3, slate_size=2)
    simulation = slategym.Simulation(world, 0, 100)
    agents = [make_agent(name, simulation) for name in ("popularity", "lin-ts", "policy-gradient", "oracle")]
    decision = agents[0].act(simulation.observe())
    feedback = simulation.show(decision.slate)
    reference = Reference(np.ones(2), np.zeros(2))
    goals = ("fixed:weights=1,10", "nash", "chebyshev", "gini", "hypervolume", "lagrangian:click>=0.3", "schedule:0=nash;10=gini")
    return [
        world,
        world.catalog,
        world.layout,
        *world.objectives,
        *(slategym.make_world(name).user_model for name in slategym.WORLDS),
        ShopModel(segments=Segments(np.ones(20), np.zeros((20, 8)), np.ones(20), tuple(map(str, range(20))))),
        *(make_click_model(name, 5) for name in CLICK_MODELS),
        slategym.Problem.of(world),
        simulation,
        simulation.shoppers,
        simulation.draws,
        decision,
        feedback,
        feedback.delayed,
        *agents,
        *(make_scalarizer(goal, ("click", "conversion"), reference) for goal in goals),
        run(small, "random", 200, shoppers=50),
        front(small, shoppers=20, precision=0.1),
        slategym.SlateEnv(world),
        slategym.SlateVectorEnv(world, num_envs=4),
        slategym.QueryAction(slategym.SlateEnv(world)),
        slategym.MOSlateEnv(small),
        slategym.SB3VecEnv(slategym.QueryVectorAction(slategym.SlateVectorEnv(world, num_envs=4))),
    ]


def test_a_repr_is_a_line(things):
    for each in things:
        text = repr(each)
        assert len(text) < 300, text
        assert "\n" not in text


def test_what_it_tells(things):
    assert repr(things[0]).startswith("World('Shop-v0', 500 items, 40 of them candidates, slates of 5, 30 visits, ShopModel, ")
    assert repr(things[1]) == "Catalog(500 items, 20 categories, 11 features)"
    feedback = next(each for each in things if isinstance(each, slategym.Feedback))
    assert repr(feedback).startswith(f"Feedback(100 shoppers, {feedback.clicks.sum()} clicks, ")
    assert repr(slategym.FixedSum((1, 10))) == "FixedSum(weights=[1, 10])"


def test_of_ones_own():
    @dataclass(repr=False)
    class Mine(Brief):
        many: np.ndarray
        few: np.ndarray
        text: str
        rows: tuple[int, ...]
        not_yet: int

    mine = Mine(np.zeros((500, 3)), np.array([1, 2.5]), "a" * 100, tuple(range(100)), 3)
    del mine.not_yet
    assert repr(mine) == f"Mine(many=float64 (500, 3), few=[1, 2.5], text='{'a' * 56}..., rows=tuple of 100)"
    mine.__dict__.update({f"more_{number}": number for number in range(100)})
    assert repr(mine).endswith("rows=tuple of 100)")

    class Model(slategym.UserModel):
        def __init__(self):
            for number in range(100):
                setattr(self, f"more_{number}", number)

    assert repr(Model()).startswith("Model(more_0=0, more_1=1, ")
    assert repr(Model()).endswith(", ...)")
    assert len(repr(Model())) < 300
