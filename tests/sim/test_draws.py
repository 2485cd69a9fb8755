"""The random numbers: published vectors, uniformity, independence across every coordinate of a draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from slategym.sim.draws import Draws, philox
from slategym.sim.streams import Stream

COUNT = 40_000


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        # philox4x32-10 of the kat_vectors file of Random123.
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_vectors(counter, key, expected):
    assert tuple(int(word) for word in philox(counter, key)) == expected


def draws(seed=0, shoppers=COUNT, visit=0, first=0):
    identity = np.arange(first, first + shoppers, dtype=np.int64)
    return Draws(seed, identity, np.full(shoppers, visit, np.int64))


def along(coordinate):
    """Uniforms that differ in one coordinate only, in order."""
    if coordinate == "shopper":
        return draws().uniform(Stream.CLICK)
    if coordinate == "visit":
        return Draws(0, np.zeros(COUNT, np.int64), np.arange(COUNT)).uniform(Stream.CLICK)
    if coordinate == "item":
        return draws(shoppers=1).uniform(Stream.CLICK, np.arange(COUNT)[None])[0]
    if coordinate == "episode":
        return Draws(0, np.arange(COUNT, dtype=np.int64) << 32, np.zeros(COUNT, np.int64)).uniform(Stream.CLICK)
    if coordinate == "seed":
        return np.array([draws(seed, 1).uniform(Stream.CLICK)[0] for seed in range(2000)])
    return np.array([draws(7, 1).uniform(stream)[0] for stream in range(512)])


COORDINATES = ["shopper", "visit", "item", "episode", "seed", "stream"]


@pytest.mark.parametrize("coordinate", COORDINATES)
def test_uniform_along_each_coordinate(coordinate):
    assert stats.kstest(along(coordinate), "uniform").pvalue > 1e-4


@pytest.mark.parametrize("coordinate", COORDINATES)
def test_neighbours_along_each_coordinate_are_independent(coordinate):
    """The pairs (draw, next draw) fill an 8 x 8 grid evenly."""
    uniforms = along(coordinate)
    counts = np.histogram2d(uniforms[:-1], uniforms[1:], bins=8, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@pytest.mark.parametrize("stream", [Stream.CONVERSION, Stream.LEAVING, Stream.DELAY])
def test_streams_are_independent_of_clicks(stream):
    correlation = np.corrcoef(draws().uniform(Stream.CLICK), draws().uniform(stream))[0, 1]
    assert abs(correlation) < 4.5 / np.sqrt(COUNT)


def test_no_two_coordinates_share_a_draw():
    batch = Draws(3, np.arange(10, dtype=np.int64).repeat(10), np.tile(np.arange(10), 10))
    items = np.broadcast_to(np.arange(10), (100, 10))
    values = np.concatenate([batch.uniform(stream, items).ravel() for stream in range(10)])
    assert len(np.unique(values)) == len(values)


@given(
    seed=st.integers(0, 2**64 - 1),
    shopper=st.integers(0, 2**62),
    visit=st.integers(0, 2**24 - 1),
    item=st.integers(0, 2**32 - 1),
    stream=st.integers(0, 511),
)
def test_a_draw_does_not_depend_on_its_batch(seed, shopper, visit, item, stream):
    alone = Draws(seed, np.array([shopper]), np.array([visit])).uniform(stream, np.array([[item]]))
    crowd = Draws(seed, np.array([5, shopper, 9]), np.array([1, visit, 2])).uniform(stream, np.array([[1, 2], [0, item], [3, 4]]))
    assert alone[0, 0] == crowd[1, 1]
    assert 0 <= alone[0, 0] < 1


def test_pair_gives_both_halves():
    one, other = draws(shoppers=5).pair(Stream.CLICK, 3)
    assert (one == draws(shoppers=5).uniform(Stream.CLICK, 3)).all()
    assert (other == draws(shoppers=5).uniform(Stream.CONVERSION, 3)).all()


def test_normals_are_normal():
    values = draws(shoppers=5000).normal(Stream.TRAIT, 8)
    assert values.shape == (5000, 8)
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-4
    correlation = np.corrcoef(values.T) - np.eye(8)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(5000)


def test_normals_of_items():
    """An item's normal is the same in every slate and batch, and what stands at its number in a row of them."""
    some, slate = draws(seed=3, shoppers=5000), np.array([[4, 0, 7], [7, 2, 4]] * 2500)
    every, shown = some.normal(Stream.CUSTOM, 8), some.normal(Stream.CUSTOM, item=slate)
    assert (shown == np.take_along_axis(every, slate, axis=1)).all()
    assert (some.take(np.array([1])).normal(Stream.CUSTOM, item=slate[1:2]) == shown[1:2]).all()
    assert (some.normal(Stream.CUSTOM, item=4) == every[:, 4]).all()
    assert (some.normal(Stream.CUSTOM) == every[:, 0]).all()
    assert some.normal(Stream.CUSTOM, 0).shape == (5000, 0)
    assert stats.kstest(shown[:, 1], "norm").pvalue > 1e-4
    assert shown[0, 0] == stats.norm.ppf(some.uniform(Stream.CUSTOM, 4)[0])


def test_normals_are_of_a_count_or_of_items():
    for item in (3, np.zeros((5, 2), np.int64)):
        with pytest.raises(ValueError, match="count and item came together"):
            draws(shoppers=5).normal(Stream.CUSTOM, 2, item=item)


def test_a_stream_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"stream 512 does not exist: streams run 0\.\.511"):
        draws(shoppers=1).uniform(512)
