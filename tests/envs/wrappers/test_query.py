"""The query action: the slate is the top k by inner product."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.envs.tiny import tiny_world

from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction, query_slate
from slategym.sim.worlds import make_world


@st.composite
def queries(draw):
    items, features = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    world = tiny_world(items, draw(st.integers(1, items)), features=features)
    number = st.floats(-1, 1, width=32, allow_subnormal=False)
    return world, draw(arrays(np.float32, (draw(st.integers(1, 4)), features), elements=number))


@given(queries())
@settings(max_examples=60)
def test_the_slate_is_the_best_k_in_order_without_repeats(case):
    world, query = case
    slate = query_slate(world, query)
    assert (slate.shape, slate.dtype) == ((len(query), world.slate_size), np.int64)
    scores = (query.astype(np.float64) @ world.catalog.features.T.astype(np.float64)).astype(np.float32)
    best = np.argsort(-scores, axis=1, kind="stable")[:, : world.slate_size]
    assert slate.tolist() == best.tolist()
    assert all(len(set(row)) == world.slate_size for row in slate.tolist())


def test_neither_the_batch_nor_the_length_of_a_query_has_a_say():
    world = make_world("Shop-v0")
    query = np.random.default_rng(0).uniform(-1, 1, (4096, world.catalog.features.shape[1])).astype(np.float32)
    slate = query_slate(world, query)
    scores = query.astype(np.float64) @ world.catalog.features.T.astype(np.float64)
    best = -np.sort(-scores, axis=1)[:, : world.slate_size]
    np.testing.assert_allclose(np.take_along_axis(scores, slate, axis=1), best, rtol=1e-6)
    assert slate[:64].tolist() == [query_slate(world, row[None])[0].tolist() for row in query[:64]]
    assert slate.tolist() == query_slate(world, query / 4).tolist()
    assert query_slate(world, np.zeros((1, query.shape[1]))).tolist() == [[0, 1, 2, 3, 4]]


def test_single_and_vector_show_the_same():
    world = tiny_world()
    single, vector = QueryAction(SlateEnv(world)), QueryVectorAction(SlateVectorEnv(world, 3))
    assert single.action_space == vector.single_action_space == gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    assert vector.action_space.shape == (3, 2)
    assert vector.single_observation_space == single.observation_space
    single.reset(seed=0)
    vector.reset(seed=0)
    vector.action_space.seed(0)
    for _ in range(3):
        query = vector.action_space.sample()
        observation, reward, *done, _ = single.step(query[0])
        several = vector.step(query)
        assert (reward, *done) == tuple(each[0] for each in several[1:4])
        assert single.action(query[0]).tolist() == vector.actions(query)[0].tolist()
        if any(done):
            break
        assert observation.tolist() == several[0][0].tolist()


def test_it_goes_around_wrapped_environments_and_is_made_again_from_its_spec():
    env = QueryAction(gymnasium.make("slategym:slategym/Shop-v0", items=40))
    again = gymnasium.make(env.spec)
    assert again.action_space == env.action_space
    assert env.reset(seed=0)[0].tolist() == again.reset(seed=0)[0].tolist()
    vector = QueryVectorAction(RecordEpisodeStatistics(gymnasium.make_vec("slategym/Shop-v0", num_envs=2)))
    vector.reset(seed=0)
    vector.step(vector.action_space.sample())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ([[0, 1], [0, np.nan]], r"query\[1, 1\] is nan: expected a number in \[-1, 1\]"),
        ([[0, -np.inf], [0, 1]], r"query\[0, 1\] is -inf"),
        ([[0, 1, 2], [0, 1, 2]], r"query has shape \(2, 3\): expected 2 numbers per shopper"),
        ([0, 1], r"query has shape \(2,\)"),
    ],
)
def test_bad_queries_are_refused_and_change_nothing(query, message):
    env, twin = (QueryVectorAction(SlateVectorEnv(tiny_world(), 2)) for _ in range(2))
    env.reset(seed=0)
    twin.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(np.array(query))
    good = np.ones((2, 2), np.float32)
    assert str(env.step(good)) == str(twin.step(good))


def test_among_candidates_by_id_the_query_finds_the_nearest_of_those_offered():
    env = gymnasium.make("slategym/ShopBandit-v0", items=60, candidates=8)
    assert (env.action_space.nvec == 8).all()
    world, query_env = env.unwrapped.world, QueryAction(env)
    observation, _ = query_env.reset(seed=4)
    query = np.linspace(-1, 1, world.catalog.features.shape[1], dtype=np.float32)
    offered = observation[world.layout["candidates"]].astype(np.int64)
    nearest = offered[np.argsort(-(world.catalog.features[offered] @ query), kind="stable")[: world.slate_size]]
    assert offered[query_env.action(query)].tolist() == nearest.tolist()
    envs = gymnasium.make_vec("slategym/ShopBandit-v0", num_envs=3, items=60, candidates=8)
    seen, _ = envs.reset(seed=4)
    np.testing.assert_array_equal(seen[0], observation)
