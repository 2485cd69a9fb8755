"""The text syntax of names with options."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slategym.utils.options import Option, guess_value, options_of
from slategym.utils.specification import call_with_text, join_options, read_options, split_options, terms


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("lin-ts", "lin-ts", ""),
        (" lin-ts : alpha = 0.1, ridge=2 ", "lin-ts", "alpha = 0.1, ridge=2"),
        ("sb3:PPO", "sb3:PPO", ""),
        ("sb3:PPO:n_steps=64", "sb3:PPO", "n_steps=64"),
        ("a folder/my_agent.py:Mine:alpha=1", "a folder/my_agent.py:Mine", "alpha=1"),
        ("C:/my_agent.py:Mine", "C:/my_agent.py:Mine", ""),
        ("lagrangian:click>=0.5,diversity>=0.8", "lagrangian", "click>=0.5,diversity>=0.8"),
        ("schedule:0=fixed:weights=1,1;100000=nash", "schedule", "0=fixed:weights=1,1;100000=nash"),
    ],
)
def test_options_begin_at_the_first_colon_that_a_name_and_a_sign_follow(text, name, options):
    assert split_options(text) == (name, options)


def test_a_part_without_a_sign_goes_on_with_the_value_before():
    found = terms("weights=1,10, floor>=2,seed=3")
    assert found == [("weights", "=", "1,10"), ("floor", ">=", "2"), ("seed", "=", "3")]
    assert str(found[1]) == "floor>=2"
    with pytest.raises(ValueError, match="'1' has no name: expected options such as name=value,name=value"):
        terms("1,alpha=2")


def options(items: int, rate: float = 0.1, on: bool = True, most: int | None = None, names: tuple[str, ...] = (), other=None):
    return items, rate, on, most, names, other


def test_values_are_of_the_type_of_their_option():
    read = read_options("thing", "items=1e3,rate=2,on=false,most=none,names=a,b,other=1.5,unknown=x", options_of(options))
    assert read == {
        "items": 1000, "rate": 2.0, "on": False, "most": None, "names": ("a", "b"), "other": 1.5, "unknown": "x",
    }  # fmt: skip
    assert isinstance(read["rate"], float)
    assert call_with_text("thing", options, "items=2,names=a") == (2, 0.1, True, None, ("a",), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items=1.5", "thing: items=1.5: expected a whole number, such as 1000 or 1e5$"),
        ("rate=nan", "thing: rate=nan: expected a finite number; 0.1 is the default"),
        ("rate=inf", "thing: rate=inf: expected a finite number"),
        ("on=1", "thing: on=1: expected true or false; True is the default"),
        ("items=1,items=2", "thing: the option 'items' is given twice"),
        ("seed=1", "thing: the option 'seed' is given twice"),
        ("rate>=1", "thing: rate>=1 is a bound: expected a value, such as rate=1"),
    ],
)
def test_mistakes_are_told(text, message):
    with pytest.raises(ValueError, match=message):
        read_options("thing", text, options_of(options), {"seed": 3})


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
    )
)
def test_what_is_written_is_read_back(values):
    """Each option is of the type of its value."""
    known = {name: Option(name, type(value).__name__, value, "") for name, value in values.items()}
    name, text = split_options(join_options("my_shop.py:Mine", values))
    assert (name, read_options("thing", text, known)) == ("my_shop.py:Mine", values)


def test_what_a_text_looks_like():
    looks = {"true": True, "None": None, "3": 3, "1,2": (1, 2), "[1, 2]": (1, 2), '{"a": 1}': {"a": 1}, "a,b": "a,b"}
    assert {text: guess_value(text) for text in looks} == looks
