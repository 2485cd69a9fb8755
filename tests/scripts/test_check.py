"""`slategym check` finds out what it is given, tells each check, and ends with 1 if one fails; `slategym.testing` in a test."""

import os
import random
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from slategym.scripts.main import app
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.testing import assert_sound, isolation
from slategym.testing.discovery import examine

SCRIPTS = Path(__file__).parents[2] / "scripts"
MY_SHOP = """
import numpy as np
from slategym.agents.base import Agent, Decision
from slategym.sim.user_models.base import UserModel
from slategym.sim.worlds.shop.world import shop
from slategym.sim.worlds.shop.model import ShopModel

class Patient(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 0.0, 0.5)

class Impatient(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 0.0, 1.5)

class Priced(UserModel):
    def __init__(self, price):
        self.price = price

def Bookshop(items: int = 30):
    return shop(items=items, categories=3, slate_size=4)

def made_model():
    return Patient()

def broken():
    raise KeyError("items.csv")

class Mine(Agent):
    def choose(self, observation):
        slate = np.tile(np.arange(self.problem.slate_size), (len(observation), 1))
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

def make_mine(problem, seed, scalarizer):
    return Mine(problem, seed, scalarizer)

number = 3
"""
# Libraries may do to the process what they must.
TIDY = """
import pyarrow, scipy.stats, torch
from slategym.sim.worlds.shop.model import ShopModel

class Patient(ShopModel):
    pass
"""
UNTIDY = """
import os, random, warnings
import numpy as np, torch
np.random.seed(3)
np.seterr(over="raise")
warnings.filterwarnings("ignore", message="of nobody")
os.chdir("/")
torch.manual_seed(7)
import json
random.random()
torch.set_default_dtype(torch.float64)
from slategym.sim.worlds.shop.model import ShopModel

class Patient(ShopModel):
    def leaving(self, shoppers, feedback):
        np.seterr(under="print")
        return super().leaving(shoppers, feedback)
"""


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """A process for each check takes its time; test_check_apart.py has those that need one."""
    monkeypatch.setattr(isolation, "examine_apart", lambda what, world, timeout: examine(what, world))


@pytest.fixture
def my_shop(tmp_path):
    path = tmp_path / "my_shop.py"
    path.write_text(MY_SHOP)
    return path


def check(*words, code=0):
    result = CliRunner().invoke(app, ["check", *map(str, words)], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Patient", "a user model"),
        ("made_model", "a user model"),
        ("Bookshop", "a world"),
        ("Mine", "an agent"),
        ("make_mine", "an agent"),
    ],
)
def test_it_finds_out_what_it_is(my_shop, name, kind):
    said = check(f"{my_shop}:{name}").stdout
    assert said.startswith(f"{name}, {kind}\n")
    assert f"{name} is sound" in said
    assert "failure" not in said
    assert "left out" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_built_in_names_serve_too():
    assert "Hillstrom-v0, a world" in check("Hillstrom-v0").stdout
    assert "popularity, an agent" in check("popularity").stdout


def test_a_failure_is_told_and_ends_with_one(my_shop):
    said = check(f"{my_shop}:Impatient", code=1).stdout
    at = said.index("failure   shapes, dtypes and ranges")
    told = " ".join(said[at:].split())
    assert re.search(r"Impatient.leaving\[\d+\] is 1.5: expected a probability in \[0, 1\]. -> Apply scipy", told)
    assert "ok        inputs left alone" in said
    assert "left out  same shoppers, same outcomes" in said
    assert "Impatient is not sound: 1 failure." in said


def test_hints_end_with_zero(my_shop):
    said = check(f"{my_shop}:Mine").stdout
    assert "hint      choices agree with propensities" in said
    assert "Mine is sound: 1 hint." in said


def test_what_cannot_be_made_is_a_failure(my_shop):
    assert "missing 1 required positional argument: 'price'" in " ".join(check(f"{my_shop}:Priced", code=1).stdout.split())
    assert "broken raises KeyError: 'items.csv' (my_shop.py:" in check(f"{my_shop}:broken", code=1).stdout


def test_in_another_world(my_shop):
    check(f"{my_shop}:Patient", "--world", f"{my_shop}:Bookshop")
    refused = check(f"{my_shop}:Bookshop", "--world", "Shop-v0", code=2).stderr
    assert "Bookshop is a world: remove the world, which is only for user models and agents" in refused


def test_what_belongs_to_the_whole_process_is_noticed(tmp_path):
    (tmp_path / "tidy.py").write_text(TIDY)
    (tmp_path / "untidy.py").write_text(UNTIDY)
    said = check(f"{tmp_path}/tidy.py:Patient").stdout
    assert "ok        no global state when loaded\n" in said
    state, filters, errors, folder = random.getstate(), warnings.filters[:], np.seterr(), os.getcwd()
    generators = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        said = " ".join(check(f"{tmp_path}/untidy.py:Patient", code=1).stdout.split())
    finally:
        random.setstate(state)
        warnings.filters[:] = filters
        np.seterr(**errors)
        os.chdir(folder)
        np.random.set_state(generators[0])  # noqa: NPY002
        torch.set_rng_state(generators[1])
        torch.set_default_dtype(torch.float32)
    for changed in (
        "failure no global state when loaded untidy.py seeds, or draws from, the global generator of numpy.random, when",
        "untidy.py seeds, or draws from, the global generator of random, when it is loaded. -> Create your own generator",
        "untidy.py seeds, or draws from, the global generator of torch, when",
        "untidy.py changes np.seterr for the whole process, when it is loaded. -> Use `with np.errstate",
        "untidy.py changes the warning filters of the whole process, when",
        "untidy.py changes the working directory of the whole process, when",
        "untidy.py changes torch's default dtype for the whole process, when",
        "hint no global state Patient.leaving changes np.seterr for the whole process. -> Use",
    ):
        assert changed in said
    assert said.endswith("Patient is not sound: 3 failures, 5 hints.")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{file}:Impatint", "'Impatint'. Did you mean 'Impatient'"),
        ("{file}:number", "number is a int: expected a user model, a world"),
        ("nowhere.py:Shop", "no file nowhere.py"),
        ("Shp-v0", "there is no world or agent 'Shp-v0'. Did you mean 'Shop-v0'"),
        ("sb3:PPOO", "Did you mean 'sb3:PPO'"),
        ("{folder}/ends.py:Shop", "ends.py cannot be run to load the user model, world or agent: SystemExit: 0"),
    ],
)
def test_mistakes_are_told_in_a_line(my_shop, tmp_path, name, message):
    (tmp_path / "ends.py").write_text("import sys; sys.exit(0)")
    result = check(name.format(file=my_shop, folder=tmp_path), code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.slow
def test_the_script_is_the_command(my_shop, tmp_path):
    words = [sys.executable, SCRIPTS / "check.py", f"{my_shop}:Impatient"]
    result = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert (result.returncode, result.stdout.splitlines()[0]) == (1, "Impatient, a user model")


def test_help_fits():
    assert max(map(len, check("--help").stdout.splitlines())) <= 80


def test_in_one_line_of_a_test(my_shop):
    small = make_world("Shop-v0", items=40, categories=4)
    for sound in (f"{my_shop}:Patient", ShopModel, ShopModel(season=False)):
        assert_sound(sound, small)
    assert_sound(small)
    message = r"the user model Impatient is not sound:\n  - Impatient.leaving\[\d+\] is 1.5: .*\.\n      Apply scipy.*\.$"
    with pytest.raises(AssertionError, match=message):
        assert_sound(f"{my_shop}:Impatient", small)
    with pytest.raises(ValueError, match="expected a user model, a world"):
        assert_sound(3)
