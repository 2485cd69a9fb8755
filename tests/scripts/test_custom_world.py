"""A custom user model and world from the command line, in processes too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MY_SHOP = """
import numpy as np
from slategym.sim.worlds.shop.world import shop
from slategym.sim.worlds.shop.model import ShopModel

class Impatient(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 0.02, 0.5)

def Bookshop(items: int = 60):
    return shop(items=items, categories=3, slate_size=4)
"""


def slategym(folder, *arguments):
    command = Path(sys.executable).parent / "slategym"
    return subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my_shop.py").write_text(MY_SHOP)
    return tmp_path


@pytest.mark.slow
def test_benchmark_in_processes(folder):
    own = [
        "--world",
        "my_shop.py:Bookshop:items=50",
        "--user-model",
        "my_shop.py:Impatient",
        "--click-model",
        "cascade",
    ]
    found = []
    for processes in ("1", "2"):
        size = ["--agent", "random", "--agent", "popularity", "--slates", "4000", "--seeds", "2", "--processes", processes]
        done = slategym(folder, "benchmark", *own, *size, "--out", processes)
        assert done.returncode == 0, done.stderr
        found.append(json.loads((folder / processes / "results.json").read_text()))
    assert found[0]["config"]["world"] == "my_shop.py:Bookshop"  # what makes it again
    given = found[0]["config"]["options"]
    assert given == {"items": 50, "user_model": "my_shop.py:Impatient", "click_model": "cascade"}
    for name in ("random", "popularity"):
        one, two = (results["agents"][name]["value"] for results in found)
        assert one == two


@pytest.mark.slow
def test_simulate_obeys_the_model(folder):
    value = []
    for model in ([], ["--user-model", "my_shop.py:Impatient"]):
        done = slategym(folder, "simulate", "--agent", "random", "--slates", "3000", *model, "--out", f"run{len(model)}")
        assert done.returncode == 0, done.stderr
        value.append(json.loads((folder / f"run{len(model)}" / "run.json").read_text())["metrics"])
    assert value[0] != value[1]


@pytest.mark.quick("arguments2*")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user-model", "my_shop.py:Impatiens"], "Did you mean 'Impatient'"),
        (["--user-model", "none.py:Impatient"], "there is no file none.py"),
        (["--world", "my_shop.py:Bookstore"], "Did you mean 'Bookshop'"),
        (["--click-model", "casc"], "Did you mean 'cascade'"),
    ],
)
def test_mistakes_are_one_line(folder, arguments, message):
    done = slategym(folder, "simulate", *arguments, "--slates", "10")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
