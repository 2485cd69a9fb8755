"""Blocks of features: added, reduced, left out, and named in the options of a world."""

from dataclasses import replace

import numpy as np
import pytest

from slategym.agents.problem import Problem
from slategym.bench import run
from slategym.sim import with_features, with_text, without_features
from slategym.sim.features.components import principal_components
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.testing import check_world


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def world():
    return make_world("ShopBandit-v0", items=30, titles=True)


def test_a_block_is_added_and_left_out(world):
    image = np.random.default_rng(0).normal(size=(30, 4))
    more = with_features(world, "image", image)
    assert more.catalog.blocks == (("image", 4),)
    np.testing.assert_array_equal(more.catalog.features[:, :11], world.catalog.features)
    np.testing.assert_array_equal(more.catalog.features[:, 11:], image.astype(np.float32))
    alone = without_features(more, "own")
    np.testing.assert_array_equal(alone.catalog.features, image.astype(np.float32))
    assert alone.catalog.block_columns == {"own": slice(0, 0), "image": slice(0, 4)}
    back = without_features(more, "image")
    np.testing.assert_array_equal(back.catalog.features, world.catalog.features)
    assert back.catalog.blocks == ()


def test_features_keep_their_names(world):
    named = replace(world, catalog=replace(world.catalog, feature_names=tuple("abcdefghijk")))
    more = with_features(with_features(named, "image", np.ones((30, 2)) * [1, 2]), "social", np.ones((30, 1)))
    assert more.catalog.feature_names[-4:] == ("k", "image 0", "image 1", "social 0")
    assert without_features(more, "own", "social").catalog.feature_names == ("image 0", "image 1")


def test_shoppers_and_answers_stay(world):
    other = make_world("ShopBandit-v0", items=30, titles=True, features="price+hashing:4")
    one, two = (Simulation(each, 5, 50) for each in (world, other))
    slate = np.tile(np.arange(5), (50, 1))
    np.testing.assert_array_equal(one.observe(), two.observe())
    np.testing.assert_array_equal(one.show(slate).clicks, two.show(slate).clicks)
    assert Problem.of(other).features.shape == (30, 5)
    assert Problem.of(other).texts == world.catalog.titles


def test_vectors_from_a_file(world, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(30, 6))
    np.save(tmp_path / "image.npy", vectors)
    read = make_world("ShopBandit-v0", items=30, features=f"own+{tmp_path / 'image.npy'}")
    np.testing.assert_array_equal(read.catalog.features, with_features(world, "image", vectors).catalog.features)
    fewer = make_world("ShopBandit-v0", items=30, features=f"{tmp_path / 'image.npy'}:2")
    np.testing.assert_array_equal(fewer.catalog.features, principal_components(vectors.astype(np.float32), 2))
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY")
    np.savez(tmp_path / "two.npz", a=vectors)
    (tmp_path / "two.npz").rename(tmp_path / "two.npy")
    np.save(tmp_path / "pickled.npy", np.array([{}], object), allow_pickle=True)
    for name, message in (("torn", "cannot be read"), ("two", "holds several arrays"), ("pickled", "cannot be read")):
        with pytest.raises(ValueError, match=message):
            with_features(world, "image", tmp_path / f"{name}.npy")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        make_world("ShopBandit-v0:features=none.npy")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("image", np.zeros((29, 2)), r"image holds float64 \(29, 2\): expected numbers, a row for each of the 30 items"),
        ("image", np.zeros(30), r"image holds float64 \(30,\)"),
        ("image", np.full((30, 1), "a"), "image holds <U1"),
        ("image", np.full((30, 1), np.inf), r"image\[0, 0\] is inf: expected a finite number"),
        ("own", np.zeros((30, 2)), "has a block 'own': expected a name other than own"),
        ("a b", np.zeros((30, 2)), "a b"),
    ],
)
def test_refused_blocks(world, name, values, message):
    with pytest.raises(ValueError, match=message):
        with_features(world, name, values)


def test_what_cannot_be_left_out(world):
    with pytest.raises(ValueError, match="without own the items of ShopBandit-v0 have no features"):
        without_features(world, "own")
    with pytest.raises(ValueError, match="block of features 'imag'"):
        without_features(with_features(world, "image", np.zeros((30, 1))), "imag")


def test_components_are_the_directions_of_largest_variance():
    random = np.random.default_rng(1)
    scores = random.normal(size=(400, 2)) * [3, 1]
    directions = np.linalg.qr(random.normal(size=(7, 2)))[0]
    vectors = 5 + scores @ directions.T
    found = principal_components(vectors, 5)
    assert found.shape == (400, 2)  # the vectors span no more
    np.testing.assert_allclose(found.std(axis=0), [1, 1 / 3], rtol=0.1)
    assert abs(np.corrcoef(found[:, 0], scores[:, 0])[0, 1]) > 0.99
    assert abs(np.corrcoef(found[:, 0], found[:, 1])[0, 1]) < 1e-6
    np.testing.assert_array_equal(found[:, :1], principal_components(vectors, 1))
    with pytest.raises(ValueError, match="the 3 vectors are all equal"):
        principal_components(np.full((3, 4), 0.1), 2)


def test_text_as_features(world):
    told = with_text(world, "hashing", 8)
    assert told.catalog.blocks == (("hashing", 8),)
    assert not [finding for finding in check_world(told) if finding.severity != "hint"]

    class Length:
        def encode(self, texts):
            return np.array([[len(text)] for text in texts], np.float32)

    own = with_text(world, Length(), name="length").catalog
    assert own.blocks == (("length", 1),)
    assert abs(np.corrcoef(own.features[:, -1], [len(title) for title in own.titles])[0, 1]) == pytest.approx(1)
    with pytest.raises(ValueError, match="the items of ShopBandit-v0 have no titles: expected a shop with titles=true"):
        with_text(make_world("ShopBandit-v0"), "hashing")


def test_the_option_of_every_world():
    world = make_world("ShopBandit-v0:items=30,categories=3,titles=true,features=hashing:8+own+price+category")
    columns = {"own": 11, "hashing": 8, "price": 1, "category": 3}
    assert {name: part.stop - part.start for name, part in world.catalog.block_columns.items()} == columns
    np.testing.assert_allclose(world.catalog.features[:, 19], world.catalog.dearness)
    np.testing.assert_array_equal(world.catalog.features[:, 20:].argmax(axis=1), world.catalog.category)
    alone = make_world("KuaiSimLike-v0", features="category").catalog
    np.testing.assert_array_equal(alone.features.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ow", "there is no block 'ow'. Did you mean 'own'"),
        ("", "there is no block ''. .*Expected own, price, category, hashing"),
        ("own+own", "'own' comes twice"),
        ("price+price", "has a block 'price'"),
        ("own:3", "'own' has no number of components"),
        ("hashing:0", "expected the number of components after the colon, as in hashing:16"),
        ("hashing:many", "expected the number of components after the colon, as in hashing:16"),
    ],
)
def test_refused_selections(text, message):
    with pytest.raises(ValueError, match=message):
        make_world("ShopBandit-v0", items=30, titles=True, features=text)


def test_an_agent_learns_from_text_alone():
    world = make_world("ShopBandit-v0:items=60,titles=true,features=hashing:8")
    trace = run(world, "logistic-ts", slates=2000, seed=0, shoppers=200)
    assert trace.objectives[-5:].mean() > trace.objectives[:2].mean() > 0
