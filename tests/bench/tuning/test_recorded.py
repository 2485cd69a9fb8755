"""The recorded searches that come with slategym: whole, about agents of today, and used by `tuned=True`."""

import json
from importlib.resources import files

import pytest

from slategym.agents.registry import agent_options, make_agent
from slategym.bench import compare
from slategym.bench.tuning.recorded import file_of, recorded, with_settings
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

FILES = sorted(files("slategym.bench.tuning").joinpath("searches").iterdir(), key=lambda path: path.name)
WORLD = "ShopBandit-v0:items=30,categories=5,slate_size=3"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_search_is_whole(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    config, agent = content["config"], content["config"]["agent"]
    found = recorded(agent)
    assert found is not None
    assert path.name == file_of(agent)
    assert content["command"].startswith("slategym tune ")
    assert content["status"] == "finished"
    assert len(content["trials"]) == 1 + config["trials"]
    assert not set(config["seeds"]) & set(config["judge_seeds"])
    assert not set(config["worlds"]) & set(config["judge_worlds"])
    values = [trial["value"] for trial in content["trials"] if trial["value"] is not None]
    assert content["best"]["value"] == max(values)
    assert content["judgement"] is not None or content["best"]["number"] == 0
    assert set(found.settings) <= set(config["ranges"])
    # Settings that earned less than the defaults on other seeds are not used.
    assert bool(found.settings) == (content["judgement"] is not None and content["judgement"]["all"]["mean"] > 0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_search_is_of_options_of_today(path):
    found = recorded(json.loads(path.read_text(encoding="utf-8"))["config"]["agent"])
    try:
        options = agent_options(found.agent)
    except ImportError as error:
        pytest.skip(str(error))
    assert set(found.settings) <= set(options)
    make_agent(found.text, Simulation(make_world(WORLD), 0, 10))


def test_agents_without_a_search_or_with_options_stay_as_they_are():
    assert recorded("random") is None
    assert recorded("../lin-ts") is None
    assert with_settings("random") == "random"
    assert with_settings("lin-ts:alpha=0.3") == "lin-ts:alpha=0.3"
    assert with_settings("lin-ts") == recorded("lin-ts").text


def test_a_comparison_with_recorded_settings():
    given = {"slates": 1000, "seeds": 2, "shoppers": 100, "exact": "off", "references": "off", "processes": 1}
    text = recorded("lin-ts").text
    tuned = compare(WORLD, ["random", "lin-ts"], **given, tuned=True)
    named = compare(WORLD, ["random", text], **given)
    assert tuned["config"]["tuned"] == [text]
    assert list(tuned["agents"]) == ["random", "lin-ts"]
    plain = compare(WORLD, ["lin-ts"], **given)
    pairs = ((tuned, "lin-ts"), (named, text), (plain, "lin-ts"))
    values = [results["agents"][name]["seeds"]["value"] for results, name in pairs]
    assert values[0] == values[1] != values[2]
