"""The ranges of a search: from declarations and from texts."""

from typing import Annotated, Literal

import numpy as np
import pytest

from slategym.agents.registry import agent_options
from slategym.bench.tuning.ranges import SearchRange, default_range, read_range
from slategym.bench.tuning.space import search_space, with_options
from slategym.sim.worlds import make_world
from slategym.utils.options import options_of
from slategym.utils.ranges import Count, NonNegative, PositiveShare, Range, Share, Whole


def declared(
    factor: NonNegative = 0.5,
    share: Share = 0.4,
    near: PositiveShare = 1.0,
    none: NonNegative = 0.0,
    count: Count = 3,
    zero: Whole = 0,
    large: Annotated[int, Range(1, 12)] = 8,
    word: Literal["sum", "nash"] = "sum",
    flag: bool = True,
    plain: float = 1.0,
    text: str = "a",
    maybe: Count | None = None,
):
    pass


OPTIONS = options_of(declared)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("factor", "0.05..5:log"),
        ("share", "0.04..1:log"),
        ("near", "0.1..1:log"),
        ("none", "0..1"),
        ("count", "1..30:log"),
        ("zero", "0..1"),
        ("large", "1..12:log"),
        ("word", "sum,nash"),
        ("flag", "false,true"),
        ("plain", "None"),
        ("text", "None"),
        ("maybe", "None"),
    ],
)
def test_declarations_give_ranges(name, text):
    found = default_range(OPTIONS[name])
    assert str(found) == text
    if found:
        assert str(read_range(f"{name}={text}", OPTIONS)) == text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("factor=0.01..3:log", SearchRange("factor", 0.01, 3, log=True)),
        (" factor = 0 .. 1 ", SearchRange("factor", 0, 1)),
        ("count=1e1..1e3", SearchRange("count", 10, 1000, whole=True)),
        ("count=1,2,5", SearchRange("count", choices=(1, 2, 5))),
        ("word=nash,sum", SearchRange("word", choices=("nash", "sum"))),
        ("flag=true,false", SearchRange("flag", choices=(True, False))),
        ("plain=-1..1", SearchRange("plain", -1, 1)),
        ("maybe=none,3", None),
    ],
)
def test_texts_give_ranges(text, made):
    found = read_range(text, OPTIONS)
    assert found == (made or SearchRange("maybe", choices=(None, 3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("factor", "expected NAME=LOW..HIGH"),
        ("factr=0..1", "there is no option 'factr'. Did you mean 'factor'"),
        ("factor=-1..1", "-1 is out of range: expected factor from 0"),
        ("share=0..2", "2 is out of range: expected share from 0 to 1"),
        ("factor=0..1:log", "a log scale needs ends above 0, and the lower end is 0"),
        ("factor=0..1:exp", "the scale is 'exp': expected log"),
        ("factor=2..1", "expected two numbers, the lower one first"),
        ("factor=low..1", "'low': expected a finite number"),
        ("count=1.5..3", "'1.5': expected a whole number"),
        ("count=3", "expected two values or more"),
        ("count=3,3", "expected each value only once"),
        ("word=sum,max", "'max' is not a value of word: expected sum or nash"),
        ("word=a..b", "word is not a number"),
    ],
)
def test_mistakes_in_ranges_are_told(text, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace("..", r"\.\.")):
        read_range(text, OPTIONS)


def test_settings_are_round_and_stay_inside():
    found = SearchRange("x", 0.0123412, 2.0, log=True)
    assert found.setting(0.5123456) == 0.5123
    assert found.setting(0.0123412) == 0.0123412
    assert found.grid(3) == [0.0123412, 0.1571, 2.0]
    assert SearchRange("n", 1, 4, whole=True).grid(10) == [1, 2, 3, 4]
    values = np.geomspace(0.0123412, 2.0, 50)
    assert all(found.setting(value) in found for value in values)


def test_values_at_the_ends_are_known():
    found = SearchRange("x", 0.01, 100.0, log=True)
    assert [found.at_end(value) for value in (0.01, 0.015, 0.1, 50, 90)] == [True, True, False, False, True]
    assert not SearchRange("x", choices=(1, 2)).at_end(2)


def test_every_built_in_learner_declares_something_to_search():
    world = make_world("ShopBandit-v0:items=30,categories=5,slate_size=3")
    for name in ("popularity", "epsilon-greedy", "lin-ucb", "lin-ts", "lin-epsilon-greedy", "logistic-ts", "policy-gradient"):
        space = search_space([world], name)
        options = agent_options(name)
        for each in space.ranges:
            assert options[each.name].default in each, (name, each)


def test_options_that_are_given_stay():
    world = make_world("ShopBandit-v0:items=30,categories=5,slate_size=3")
    space = search_space([world], "lin-ts:ridge=2")
    assert "ridge" not in [each.name for each in space.ranges]
    assert space.texts({"alpha": 0.25}) == ("lin-ts:ridge=2,alpha=0.25", None)
    assert space.texts({}) == ("lin-ts:ridge=2", None)
    assert with_options("mabwiser:LinUCB", {"alpha": 1}) == "mabwiser:LinUCB:alpha=1"


def test_options_of_scalarizers():
    world = make_world("ShopBandit-v0:items=30,categories=5,slate_size=3")
    space = search_space([world], "random", "lagrangian:click>=0.2", search="scalarizer")
    assert [str(each) for each in space.ranges] == ["0.5..50:log", "1..100:log"]
    assert space.texts({"scalarizer.rate": 3.0}) == ("random", "lagrangian:click>=0.2,rate=3.0")
    both = search_space([world], "lin-ts", "lagrangian:click>=0.2", search="both")
    assert {"alpha", "scalarizer.rate"} <= {each.name for each in both.ranges}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"agent": "random"}, "nothing to search in 'random': it has no options"),
        ({"agent": "lin-ts:alpha=1", "ranges": ["alpha=0..1"]}, "there is no option 'alpha'"),
        ({"agent": "lin-ts", "ranges": ["alpha=0..1", "alpha=0..2"]}, "names 'alpha' twice"),
        ({"agent": "lin-ts", "search": "scalarizer"}, "there is no scalarizer"),
        ({"agent": "lin-tss"}, "Did you mean 'lin-ts'"),
        ({"agent": "lin-ts", "scalarizer": "nahs"}, "Did you mean 'nash'"),
    ],
)
def test_spaces_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        search_space([make_world("ShopBandit-v0:items=30,categories=5,slate_size=3")], **arguments)
