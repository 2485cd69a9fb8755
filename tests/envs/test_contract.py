"""The contracts for every world that there is, and for small worlds of unusual shape."""

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3
from tests.envs.contract import BOTH, autoreset_is_gymnasiums, spaces_shapes_and_types
from tests.envs.tiny import tiny_world
from tests.every_world import EVERY, SHORT

import slategym  # noqa: F401, registers the worlds
from slategym.envs.single import SlateEnv
from slategym.envs.wrappers.query import QueryAction
from slategym.sim.worlds import WORLDS, make_world

SHAPES = {
    "tiny": {},
    "one item, one visit": {"items": 1, "slate_size": 1, "visits": 1},
    "single visits": {"visits": 1},
    "nobody leaves": {"leave": 0.0},
    "everybody leaves": {"leave": 1.0},
    "clock alone": {"visits": 1, "context_size": 0},
    "candidates": {"items": 13, "candidates": 5},
}
# A context has no bounds, and Gymnasium's checker has its doubts about that.
unbounded = pytest.mark.filterwarnings("ignore:.*A Box observation space m..imum value is")


def world_of(name):
    return make_world(name) if name in WORLDS else tiny_world(**SHAPES[name])


contract = pytest.mark.parametrize(("form", "check"), BOTH, ids=lambda each: getattr(each, "__name__", None))


@pytest.mark.quick("*-SlateEnv-*", "Shop-v0-MO*", "OpenBandit-v0-MO*")
@pytest.mark.quick("[!R]*", "RecSimLong*")
@contract
@pytest.mark.parametrize("name", [*SHORT, *SHAPES])
def test_vector_contract(name, form, check):
    check(world_of(name), form)


@contract
def test_contract_with_other_objectives(form, check):
    """Of items, of the slate and of the answer, in another order."""
    check(make_world("Shop-v0", items=40, visits=4, objectives=("retention", "profit", "diversity", "click", "novelty")), form)


@unbounded
@pytest.mark.parametrize("name", EVERY)
def test_gymnasium_checks_every_id(name):
    check_env(gymnasium.make(f"slategym/{name}").unwrapped)


@unbounded
@pytest.mark.parametrize("name", SHAPES)
def test_gymnasium_checks_small_worlds(name):
    # The checker wants a spec to try render modes and to close; `make` would have given one.
    check_env(SlateEnv(world_of(name)), skip_render_check=True)


@unbounded
@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("name", EVERY)
def test_gymnasium_checks_the_query_action(name):
    check_env(QueryAction(gymnasium.make(f"slategym/{name}")))


@pytest.mark.parametrize("query", [False, True], ids=["slate", "query"])
@pytest.mark.parametrize("name", [*EVERY, *SHAPES])
def test_sb3_checks(name, query):
    env = gymnasium.make(f"slategym/{name}") if name in WORLDS else SlateEnv(world_of(name))
    check_env_of_sb3(QueryAction(env) if query else env)


@given(
    items=st.integers(1, 12),
    slate_size=st.integers(1, 6),
    visits=st.integers(1, 5),
    leave=st.sampled_from([0.0, 0.3, 1.0]),
    context_size=st.integers(0, 2),
)
@settings(max_examples=25)
def test_worlds_of_any_shape(items, slate_size, visits, leave, context_size):
    world = tiny_world(items, min(slate_size, items), visits, leave=leave, context_size=context_size)
    spaces_shapes_and_types(world)
    autoreset_is_gymnasiums(world)
