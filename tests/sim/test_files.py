"""A shop of one's own from files, and the mistakes in them."""

import numpy as np
import pytest
from pyarrow import csv, parquet

from slategym.sim.files import read_catalog, read_segments
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import Segments, ShopModel

ITEMS = """id,category,price,margin,pages,humour,quality
Emma,novel,8.5,0.4,400,0.7,1.0
Ulysses,novel,12,0.3,800,0.4,0.5
Cookery,advice,25,0.5,300,0.1,-0.2
Gardening,advice,19.9,0.5,200,0.2,0
"""
SEGMENTS = """segment,share,price_sensitivity,humour
students,3,1.8,1.5
gardeners,1,0.6,-1
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="items.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_catalogue_from_a_file(write):
    catalog = read_catalog(write(ITEMS))
    assert catalog.names == ("Emma", "Ulysses", "Cookery", "Gardening")
    assert catalog.category.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(catalog.price, [8.5, 12, 25, 19.9])
    np.testing.assert_allclose(catalog.quality, [1, 0.5, -0.2, 0])
    assert (catalog.appeal == 0).all()
    assert catalog.features.shape == (4, 3)  # pages, humour, log price
    np.testing.assert_allclose(catalog.features.mean(axis=0), 0, atol=1e-6)
    assert np.mean((catalog.taste**2).sum(axis=1)) == pytest.approx(1)


def test_a_constant_column_is_0_in_features_and_taste(write):
    lines = [f"b{number},novel,9.99,0.4,0.1,1700000000,{number}" for number in range(10)]
    catalog = read_catalog(write("\n".join(["id,category,price,margin,humour,date,pages", *lines]) + "\n"))
    assert (catalog.features[:, [0, 1, 3]] == 0).all()  # the log of the price comes last
    assert (catalog.taste[:, :2] == 0).all()
    assert (catalog.dearness == 0).all()
    assert catalog.features[:, 2].std() == pytest.approx(1)


def test_parquet_says_the_same(write, tmp_path):
    path = write(ITEMS)
    parquet.write_table(csv.read_csv(path), tmp_path / "items.parquet")
    np.testing.assert_array_equal(read_catalog(path).features, read_catalog(tmp_path / "items.parquet").features)


def test_a_shop_of_ones_own_runs(write):
    items, segments = write(ITEMS), write(SEGMENTS, "segments.csv")
    world = World("Bookshop", read_catalog(items), ShopModel(segments=read_segments(segments, items)), slate_size=2, visits=5)
    simulation = Simulation(world, 0, 4000)
    assert abs((simulation.shoppers.segment == 0).mean() - 0.75) < 4.5 * np.sqrt(0.75 * 0.25 / 4000)
    # The students are fond of humour, the gardeners not.
    taste = [simulation.shoppers.taste[simulation.shoppers.segment == each, 1].mean() for each in (0, 1)]
    np.testing.assert_allclose(taste, [1.5, -1], atol=4.5 * 0.8 / np.sqrt(900))
    assert simulation.show(np.tile([0, 3], (4000, 1))).clicks.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("8.5", "cheap"), r"items\.csv, line 2, column 'price' is 'cheap': expected a number"),
        (("12,", "-1,"), r"line 3, column 'price' is -1: expected a number above 0"),
        (("0.3", "30"), r"line 3, column 'margin' is 30: expected a number from -1 to 1"),
        (("0.1", ""), r"line 4, column 'humour' is empty"),
        (("0.1", "nan"), r"line 4, column 'humour' is nan: expected a number that is finite"),
        (("400", "1e200"), r"line 2, column 'pages' is 1e200: expected a finite number in float32, from -3.4e\+38 to 3.4e\+38"),
        (("8.5", "1e-60"), r"line 2, column 'price' is 1e-60: expected a number above 0 in float32"),
        (("Ulysses", "Emma"), r"line 3, column 'id' is 'Emma', as in line 2: expected each item once"),
        (("price", "prize"), r"no column 'price'\. Did you mean 'prize'"),
        (("0.2,0", "0.2"), r"cannot be read: .*Expected 7 columns, got 6"),
    ],
)
def test_mistakes_in_items_are_named(write, change, message):
    with pytest.raises(ValueError, match=message):
        read_catalog(write(ITEMS.replace(*change)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("humour", "humor"), "has a column 'humor' that nothing reads. Did you mean 'humour'"),
        (("3,", "0,"), r"line 2, column 'share' is 0: expected a number above 0"),
        (("1.8", "1e-60"), r"line 2, column 'price_sensitivity' is 1e-60: expected a number above 0 in float32"),
        (("1.5", "1e39"), r"line 2, column 'humour' is 1e39: expected a finite number in float32"),
        (("share", "shares"), "no column 'share'|column 'shares' that nothing reads"),
    ],
)
def test_mistakes_in_segments_are_named(write, change, message):
    with pytest.raises(ValueError, match=message):
        read_segments(write(SEGMENTS.replace(*change), "segments.csv"), write(ITEMS))


def test_no_file_and_no_rows(write, tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        read_catalog(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="has no rows"):
        read_catalog(write("id,category,price,margin\n"))
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="cannot be read"):
        read_catalog(tmp_path / "bad.parquet")


def test_tastes_of_another_space_are_refused(write):
    segments = Segments(share=[1], taste=[[0.5]], price_sensitivity=[1])
    world = World("Bookshop", read_catalog(write(ITEMS)), ShopModel(segments=segments), 2, 5)
    with pytest.raises(ValueError, match=r"segments.taste has 1 dimensions and the catalogue's taste 2"):
        Simulation(world, 0, 3)
