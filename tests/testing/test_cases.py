"""The test classes that users subclass, run by pytest as they would be."""

import subprocess
import sys

import pytest

from slategym.testing import AgentTests, UserModelTests, WorldTests
from slategym.testing.agents.check import examine_agent
from slategym.testing.user_models.check import NAMES, examine_user_model
from slategym.testing.world import NAMES as WORLD_NAMES
from slategym.testing.world import examine_world

MINE = """
from slategym.agents import Popularity
from slategym.sim import ShopModel, make_world
from slategym.testing import AgentTests, UserModelTests


class Forgetful(Popularity):
    def act(self, observation):
        observation[:] = 0
        return super().act(observation)


class TestPopularity(AgentTests):
    subject = Popularity


class TestForgetful(AgentTests):
    subject = Forgetful
    world = make_world("Shop-v0", items=40, categories=4, visits=5)


class TestShoppers(UserModelTests):
    subject = ShopModel(season=False)


class TestNothing(UserModelTests):
    subject = Popularity
"""


@pytest.mark.slow
def test_a_subclass_has_a_test_for_each_check(tmp_path):
    (tmp_path / "test_mine.py").write_text(MINE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-rfs", "test_mine.py"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 1, said.stdout
    assert "TestForgetful::test_inputs_left_alone" in said.stdout
    assert "skipped until the failures are fixed" in said.stdout
    assert "the subject of TestNothing is of kind 'agent': expected 'user model'" in said.stdout
    failed = {line.split()[1].split("::")[1] for line in said.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == {"TestForgetful", "TestNothing"}


def test_the_tests_are_those_of_the_checks():
    assert tuple(check.name for check in examine_user_model("tests/testing/user_models_zoo.py:Moody")) == NAMES
    assert tuple(check.name for check in examine_world("ShopBandit-v0")) == WORLD_NAMES
    for tests, names in (
        (AgentTests, [check.name for check in examine_agent("random")]),
        (UserModelTests, NAMES),
        (WorldTests, WORLD_NAMES),
    ):
        methods = [name for name in dir(tests) if name.startswith("test_")]
        assert len(methods) == len(names)


def test_a_class_without_a_subject_is_told():
    class Empty(AgentTests):
        pass

    with pytest.raises(TypeError, match="Empty has no subject: expected a class attribute, such as `subject = Mine`"):
        Empty.checks()
