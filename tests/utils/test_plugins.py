"""Custom objects from files."""

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.utils.plugins import is_reference, load

MY_SHOP = """
import numpy as np
from slategym.sim.world import World
from slategym.sim.worlds.shop.world import shop
from slategym.sim.worlds.shop.model import ShopModel

RUNS = []
RUNS.append(1)

class Impatient(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 0.0, 0.5)

def Bookshop(items: int = 30) -> World:
    return shop(items=items, categories=3, slate_size=4)

def broken():
    return 3
"""


@pytest.fixture
def my_shop(tmp_path):
    path = tmp_path / "my_shop.py"
    path.write_text(MY_SHOP)
    return path


def test_a_user_model_of_ones_own(my_shop):
    world = make_world("Shop-v0", user_model=f"{my_shop}:Impatient")
    simulation = Simulation(world, 0, 2000)
    feedback = simulation.show(np.tile(np.arange(5), (2000, 1)))
    assert not (feedback.terminated & feedback.clicks.any(axis=1)).any()
    assert abs(feedback.terminated[~feedback.clicks.any(axis=1)].mean() - 0.5) < 4.5 * 0.5 / np.sqrt(1500)


def test_instances_and_classes_serve_too():
    assert make_world("Shop-v0", user_model=ShopModel(season=False)).user_model.season is False
    assert isinstance(make_world("Shop-v0", user_model=ShopModel).user_model, ShopModel)


def test_a_world_of_ones_own(my_shop):
    world = make_world(f"{my_shop}:Bookshop", items=40, click_model="cascade")
    assert (world.catalog.size, world.slate_size, type(world.user_model.click_model).__name__) == (40, 4, "Cascade")


def test_a_file_is_run_once(my_shop):
    load("world", f"{my_shop}:Bookshop")
    assert load("world", f"{my_shop}:RUNS") == [1]


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.py:B", True), ("a.b:C", True), ("sb3:PPO", True), ("Shop-v0", False), ("a b:C", False)]
)
def test_references(name, is_one):
    assert is_reference(name) is is_one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "nowhere.py:Shop"}, "no file nowhere.py to load the world from"),
        ({"name": "{file}:Bookshp"}, "no world in .*my_shop.py 'Bookshp'. Did you mean 'Bookshop'"),
        ({"name": "{file}:broken"}, "gives a int: expected a slategym.sim.world.World"),
        ({"name": "{file}:Bookshop", "item": 3}, "no option 'item'. Did you mean 'items'"),
        ({"name": "Shop-v0", "user_model": "Impatient"}, "expected a file and a name in it"),
        ({"name": "Shop-v0", "user_model": "{file}:broken"}, "gives a function: expected a subclass"),
        ({"name": "Shop-v0", "user_model": "no_such_module:Model"}, "no_such_module cannot be imported"),
        ({"name": "Shop-v0", "click_model": "casc"}, "Did you mean 'cascade'"),
    ],
)
def test_mistakes_are_named(my_shop, options, message):
    options = {key: value.format(file=my_shop) if isinstance(value, str) else value for key, value in options.items()}
    with pytest.raises(ValueError, match=message):
        make_world(**options)


def test_a_file_that_fails_says_why(tmp_path):
    (tmp_path / "bad.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(ValueError, match="cannot be run to load the world: ModuleNotFoundError: No module named"):
        make_world(f"{tmp_path}/bad.py:Shop")
