"""The public names: what docs use is exported, and what is exported is there."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import slategym

ROOT = Path(__file__).parents[1]
PACKAGES = ("slategym", "slategym.sim", "slategym.envs", "slategym.agents", "slategym.logs", "slategym.bench", "slategym.testing")
IMPORT = re.compile(r"^ *from (slategym[\w.]*) import ([\w, ]+)$", re.MULTILINE)
# Names that a release keeps: taking one away breaks somebody's program.
KEPT = {
    "slategym": "Agent Catalog ClickModel Decision Feedback FixedSum PositionBased Problem Scalarizer Simulation SlateEnv "
    "SlateVectorEnv SB3VecEnv UserModel World WORLDS AGENTS audit compare make_agent make_world pareto read_catalog read_log "
    "read_segments run",
    "slategym.sim": "BlackBox Cascade Catalog ClickModel Draws Feedback ItemObjective Objective ShopModel Simulation Stream "
    "UserModel World custom make_click_model make_user_model make_world read_catalog read_segments",
    "slategym.envs": "DiscreteAction MOSlateEnv MOSlateVectorEnv QueryAction SB3VecEnv ScoreAction SlateEnv SlateVectorEnv",
    "slategym.agents": "AGENTS Agent Decision EpsilonGreedy Estimator LinTS LinUCB MABWiser NSGA2 NashWelfare Oracle "
    "PolicyGradient Popularity Problem Random SB3 Scalarizer VowpalWabbit make_agent make_scalarizer",
    "slategym.logs": "ImpressionLog Log Segments describe_log impressions_of read_impressions read_log scan_log to_frame "
    "to_table write_impressions",
    "slategym.bench": "Front Optimum audit compare front optimum pareto read_log run scan_log",
    "slategym.testing": "AgentTests Finding UserModelTests WorldTests assert_sound check_agent check_user_model check_world",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_is_there(package):
    module = importlib.import_module(package)
    assert set(KEPT[package].split()) <= set(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        module.nothing_of_that_name  # noqa: B018


@pytest.mark.parametrize("package", ["slategym.sim", "slategym.envs", "slategym.agents", "slategym.logs", "slategym.bench"])
def test_type_checkers_are_told_the_same_names(package):
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    told = [(node.module, alias.name) for node in block.body for alias in node.names]
    assert sorted(name for _, name in told) == module.__all__
    for where, name in told:
        assert getattr(module, name) is getattr(importlib.import_module(where), name)


def test_one_name_means_one_thing():
    for name in slategym.__all__:
        for package in PACKAGES[1:]:
            module = importlib.import_module(package)
            if name in module.__all__:
                assert getattr(module, name) is getattr(slategym, name)


def test_pages_for_users_import_public_names_alone():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    pages += [path for folder in ("examples", "tutorials") for path in (ROOT / "docs" / folder).glob("*.py")]
    found = []
    for page in pages:
        for module, names in IMPORT.findall(page.read_text(encoding="utf-8")):
            private = module not in PACKAGES or not set(re.findall(r"\w+", names)) <= set(importlib.import_module(module).__all__)
            if private:
                found.append(f"{page.relative_to(ROOT)}: from {module} import {names}")
    assert found == []
