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


def test_titles_and_descriptions(write):
    lines = [
        f"{line},{title}" for line, title in zip(ITEMS.splitlines(), ("label", "A clever girl", "", "Cook!", "4711"), strict=True)
    ]
    catalog = read_catalog(write("\n".join(lines) + "\n"), columns={"title": "label"})
    assert catalog.titles == ("A clever girl", "", "Cook!", "4711")
    assert catalog.descriptions == ()
    assert catalog.features.shape == (4, 3)
    frame = csv.read_csv(write(ITEMS)).append_column("description", [["a", None, "b", "c"]])
    assert read_catalog(frame).descriptions == ("a", "", "b", "c")


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
        (("Ulysses", "Emma"), r"line 3, column 'id' is 'Emma', as in line 2: expected each item only once"),
        (("price", "prize"), r"no column 'price'\. Did you mean 'prize'"),
        (("0.2,0", "0.2"), r"items.csv, line 5 has 6 cells: expected 7"),
        (("id,", ","), r"has a column with no name, as pandas writes its index: write the file with index=False"),
        (("margin", "price "), r"has the column 'price' twice: expected each name once"),
        (("id,category,price,margin,pages,humour,quality\n", ""), r"has no header line: it begins with 'Emma, novel, 8.5, 0.4"),
        (("0.7", "funny"), r"line 2, column 'humour' is 'funny': expected a number"),
        (("0.7,1.0", ",1.0"), r"line 2, column 'humour' is empty: expected a value, or missing='fill'"),
        (("19.9", "19,9"), r"line 5 has 8 cells: expected 7"),
    ],
)
def test_mistakes_in_items_are_named(write, change, message):
    with pytest.raises(ValueError, match=message):
        read_catalog(write(ITEMS.replace(*change)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("humour", "humor"), "has an unknown column 'humor'. Did you mean 'humour'"),
        (("3,", "0,"), r"line 2, column 'share' is 0: expected a number above 0"),
        (("1.8", "1e-60"), r"line 2, column 'price_sensitivity' is 1e-60: expected a number above 0 in float32"),
        (("1.5", "1e39"), r"line 2, column 'humour' is 1e39: expected a finite number in float32"),
        (("share", "shares"), "no column 'share'|unknown column 'shares'"),
        (("gardeners", "students"), r"line 3, column 'segment' is 'students', as in line 2: expected each segment only once"),
        (("gardeners", "gar deners"), r"line 3, column 'segment' is 'gar deners': expected letters of any script"),
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


def test_all_faults_are_told_at_once(write):
    text = (
        ITEMS.replace("8.5", "free")
        .replace("0.3", "30")
        .replace("Cookery", "Emma")
        .replace("0.2,0", "0.2")
        .replace("margin", "marge")
    )
    with pytest.raises(ValueError, match=r"items.csv has 4 faults:") as told:
        read_catalog(write(text))
    assert str(told.value).splitlines()[1:] == [
        "  has no column 'margin'. Did you mean 'marge'? It has: id, category, price, marge, pages, humour, quality",
        "  line 2, column 'price' is 'free': expected a number",
        "  line 4, column 'id' is 'Emma', as in line 2: expected each item only once",
        "  line 5 has 6 cells: expected 7",
    ]
    many = ITEMS + "".join(f"b{number},novel,-1,0.4,1,1,1\n" for number in range(100))
    with pytest.raises(ValueError, match=r"has 100 faults:") as told:
        read_catalog(write(many))
    assert str(told.value).splitlines()[-1] == "  and 95 more"
    assert len(str(told.value).splitlines()) == 7


def test_lines_count_blank_ones_and_breaks_within_quotes(write):
    text = ITEMS.replace("Ulysses", '"Ulys\nses"').replace("Cookery", "\nCookery").replace("19.9", "cheap")
    with pytest.raises(ValueError, match=r"line 7, column 'price' is 'cheap'"):
        read_catalog(write(text))


def test_columns_are_mapped_and_chosen(write):
    text = ITEMS.replace("id,", "sku,").replace("price", "price_eur")
    catalog = read_catalog(write(text), columns={"id": "sku", "price": "price_eur"}, features=["pages"])
    assert catalog.names[0] == "Emma"
    assert catalog.feature_names == ("pages", "log price")
    with pytest.raises(ValueError, match=r"has no column 'skus', given for 'id'. Did you mean 'sku'"):
        read_catalog(write(text), columns={"id": "skus", "price": "price_eur"})
    with pytest.raises(ValueError, match=r"has no column 'page' for a feature. Did you mean 'pages'"):
        read_catalog(write(ITEMS), features=["page"])
    with pytest.raises(ValueError, match="has a column 'price' already: 'pages' cannot be used for it too"):
        read_catalog(write(ITEMS), columns={"price": "pages"})


MIXED = """id,category,price,margin,brand,vegan,listed,grams
a,x,1,0.1,Acme,true,2026-01-01,100
b,x,2,0.1,Acme,false,2026-01-11,
c,y,3,0.1,Best,true,2026-01-21,300
d,y,4,0.1,,false,2026-01-31,200
"""


def test_text_truth_dates_and_gaps(write):
    with pytest.raises(ValueError, match="has 2 faults") as told:
        read_catalog(write(MIXED))
    assert "has text in column 'brand', such as 'Acme': leave it out with features=[...] or text='leave-out', or" in str(
        told.value
    )
    assert "line 3, column 'grams' is empty: expected a value, or missing='fill'" in str(told.value)
    catalog = read_catalog(write(MIXED), text="one-hot", missing="fill")
    names = ("brand=Acme", "brand=Best", "brand missing", "vegan", "listed", "grams", "grams missing", "log price")
    assert catalog.feature_names == names
    by_name = dict(zip(names, catalog.features.T, strict=True))
    np.testing.assert_allclose(by_name["brand=Acme"], [1, 1, -1, -1])
    np.testing.assert_allclose(by_name["vegan"], [1, -1, 1, -1])
    np.testing.assert_allclose(np.diff(by_name["listed"]), np.diff(by_name["listed"])[0], rtol=1e-5)
    assert by_name["grams"][1] == pytest.approx(0, abs=1e-6)
    assert by_name["grams missing"].argmax() == 1
    assert read_catalog(write(MIXED), text="leave-out", missing="fill").feature_names == names[3:]
    with pytest.raises(ValueError, match="text is 'onehot': expected 'refuse' or 'one-hot' or 'leave-out'"):
        read_catalog(write(MIXED), text="onehot")
    with pytest.raises(ValueError, match="column 'listed' is '2026-13-01': expected a date such as 2026-11-26"):
        read_catalog(write(MIXED.replace("2026-01-11", "2026-13-01")), text="one-hot", missing="fill")


def test_rare_texts_are_others(write):
    lines = [f"i{number},x,1,0.1,{'common' if number < 40 else f'rare{number}'}" for number in range(60)]
    catalog = read_catalog(write("\n".join(["id,category,price,margin,brand", *lines])), text="one-hot")
    assert len(catalog.feature_names) == 12  # ten of them, one for others, and the price
    assert catalog.feature_names[0] == "brand=common"
    assert catalog.feature_names[-2] == "brand=other"


def test_heavy_tails_are_tamed(write):
    random = np.random.default_rng(0)
    grams, pages = np.exp(random.normal(5, 2.5, 2000)), random.normal(300, 80, 2000)
    lines = [f"i{number},x,1,0.1,{grams[number]},{pages[number]}" for number in range(2000)]
    path = write("\n".join(["id,category,price,margin,grams,pages", *lines]))
    kept, tame = read_catalog(path, heavy_tails="keep").features, read_catalog(path).features
    assert kept[:, 0].max() > 15
    assert np.abs(tame[:, 0]).max() <= 4
    np.testing.assert_array_equal(np.argsort(tame[:, 0][tame[:, 0] < 3.9]), np.argsort(kept[:, 0][tame[:, 0] < 3.9]))
    np.testing.assert_array_equal(tame[:, 1], kept[:, 1])  # no heavy tail: as it was


def test_features_may_be_called_as_columns_of_segments(write):
    items = write(ITEMS.replace("humour", "share"))
    segments = read_segments(write(SEGMENTS.replace("humour", "taste_share"), "segments.csv"), items)
    np.testing.assert_allclose(np.asarray(segments.taste)[:, 1], [1.5, -1])
    assert read_segments(write(SEGMENTS, "segments.csv"), read_catalog(write(ITEMS))).names == ("students", "gardeners")
