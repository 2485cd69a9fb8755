"""Names of objectives, worlds and segments: letters of any script, digits, ".", "_" and "-"."""

from dataclasses import replace
from functools import partial

import pytest

from slategym.sim.files import read_segments
from slategym.sim.objectives import OBJECTIVES, custom
from slategym.sim.worlds import WORLDS, make_world
from slategym.sim.worlds.shop.model import Segments
from slategym.utils.lookup import call_with, check_name, named_parameters

GOOD = ("click", "ad-revenue", "Shop-v0", "my_shop.2", "Köln", "本屋", "किताब", "ไทย", "e\u0301te\u0301", "7")
BAD = (
    *("", " ", "a b", " a", "a,b", "a/b", "..", "-", "a\n", "<b>", "<img src=x onerror=...>", "a&b", "[red]", "a:b"),
    *("%{y}", "a\u2028b", "a\u200db", "½", "😀"),
    *(None, 7),
)


def makers(tmp_path):
    """What a name can be given to."""
    world = make_world("Shop-v0", items=6, categories=2, slate_size=2)

    def segments(name):
        (tmp_path / "items.csv").write_text("id,category,price,margin,warm\na,x,1,0.1,1\nb,x,2,0.1,0\n")
        quoted = str(name).replace('"', '""')
        (tmp_path / "segments.csv").write_text(f'segment,share,price_sensitivity\n"{quoted}",1,1\n', "utf-8")
        return read_segments(tmp_path / "segments.csv", items=tmp_path / "items.csv").names[0]

    return {
        "an objective": lambda name: custom(name, lambda feedback, items: feedback.terminated).name,
        "a world": lambda name: replace(world, name=name).name,
        "a segment": lambda name: Segments([1], [[0.0]], [1], (name,)).names[0],
        "segments.csv, line 2, column 'segment'": segments,
    }


def test_letters_of_any_script_are_welcome(tmp_path):
    for kind, make in makers(tmp_path).items():
        for name in GOOD:
            if not (kind == "an objective" and name in OBJECTIVES):
                assert make(name) == name


def test_anything_else_is_refused_with_the_rule(tmp_path):
    for kind, make in makers(tmp_path).items():
        for name in BAD:
            if "csv" in kind and (not isinstance(name, str) or name != name.strip() or not name):
                continue  # in a file every cell is text, and blanks around it are none of it
            with pytest.raises(
                ValueError, match=r"is (named )?.*: expected letters of any script, digits, '.', '_' and '-'"
            ) as told:
                make(name)
            assert f"{kind} is {'' if 'csv' in kind else 'named '}{name!r}" in str(told.value)


def test_what_is_built_in_follows_the_rule():
    for name in (*OBJECTIVES, *WORLDS):
        check_name("what is built in", name)


class Base:
    def __init__(self, problem, *, population: int = 3):
        self.population = population


class HandsOn(Base):
    def __init__(self, problem, *, rate: float = 0.5, **options):
        super().__init__(problem, **options)


class Keeps(Base):
    def __init__(self, problem, *, population: int = 3, **kept):
        super().__init__(problem, population=population)


def test_options_of_base_classes_are_known_where_they_are_handed_on():
    assert [list(named_parameters(kind)[0]) for kind in (Base, HandsOn, Keeps)] == [
        ["problem", "population"],
        ["problem", "rate", "population"],
        ["problem", "population"],
    ]
    assert [named_parameters(kind)[1] for kind in (Base, HandsOn, Keeps)] == [False, False, True]
    assert call_with("thing", partial(HandsOn, None), {"population": 7}).population == 7
    with pytest.raises(ValueError, match=r"thing has no option 'populaton'. Did you mean 'population'"):
        call_with("thing", partial(HandsOn, None), {"populaton": 7})
