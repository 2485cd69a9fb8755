"""Tables that could be read as something that they do not say: each is refused with the line, or read as it stands."""

import numpy as np
import pytest

from slategym.sim.files import read_catalog, read_segments

HEADER = "id,category,price,margin"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "items.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # A point beside decimal commas separates thousands, or is a mistake.
        (
            "id;category;price;margin\na;x;1.400;0,1\nb;x;8,5;0,2\n",
            r"line 2, column 'price' is '1\.400': expected a number, with a d",
        ),
        (
            "id;category;price;margin;g\na;x;1,5;0.1;1\n",
            r"line 2, column 'margin' is '0\.1': expected a number, with a decimal comma",
        ),
        ("id;category;price;margin\na;x;1.400,50;0,1\n", r"line 2, column 'price' is '1\.400,50'"),
        (
            f"{HEADER},d\na,x,1,.1,2024-02-30\nb,x,2,.1,2024-02-28\n",
            "line 2, column 'd' is '2024-02-30': expected a date such as",
        ),
        (
            f"{HEADER},d\na,x,1,.1,31.12.2024\nb,x,2,.1,30.12.2024\n",
            "has dates such as '31.12.2024' in column 'd': write them as 2026",
        ),
        (f"{HEADER},d\na,x,1,.1,12/31/2024\nb,x,2,.1,12/30/2024\n", "has dates such as '12/31/2024' in column 'd'"),
        (
            f"{HEADER},t\n" + "".join(f"i{n},x,1,.1,title {n}\n" for n in range(30)),
            "has 30 texts in the 30 rows of column 't', mostly",
        ),
        (
            f"{HEADER},colour=red,colour\na,x,1,.1,3,red\nb,x,2,.1,4,blue\n",
            "gives two features the name 'colour=red': rename a column",
        ),
        (b"PK\x03\x04" + bytes(range(256)), r"is a zip file, as Excel's \.xlsx is: save the table as CSV in UTF-8"),
    ],
)
def test_what_could_be_misread_is_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_catalog(write(text), text="one-hot")


def test_blank_lines_and_separators_at_the_end_hold_nothing(write):
    catalog = read_catalog(write(f"{HEADER},\na,x,1,.1,\n   \n,,,,\nb,x,2,.1,\n"))
    assert catalog.names == ("a", "b")
    assert catalog.price.tolist() == [1, 2]
    with pytest.raises(ValueError, match="line 5, column 'price' is 'two'"):
        read_catalog(write(f"{HEADER}\na,x,1,.1\n   \n,,,\nb,x,two,.1\n"))


def test_decimal_commas_and_points_each_by_themselves(write):
    for text in ("id;category;price;margin\na;x;8,5;0,25\nb;x;9;0\n", "id;category;price;margin\na;x;8.5;0.25\nb;x;9;0\n"):
        catalog = read_catalog(write(text))
        assert (catalog.price.tolist(), catalog.margin.tolist()) == ([8.5, 9], [0.25, 0])


def test_a_catalogue_without_features(write):
    path = write(f"{HEADER}\na,x,1,.1\nb,x,2,.1\n")
    assert read_catalog(path).feature_names == ()
    segments = path.with_name("segments.csv")
    segments.write_text("segment,share,price_sensitivity\nall,1,1\n")
    assert read_segments(segments, path).names == ("all",)


def test_repeated_ids_are_refused_at_once(write):
    text = f"{HEADER}\n" + "".join(f"i{number // 2},x,1,.1\n" for number in range(200_000))
    with pytest.raises(ValueError, match="line 3, column 'id' is 'i0', as in line 2") as told:
        read_catalog(write(text))
    assert "items.csv has 100,000 faults" in str(told.value)


def test_columns_that_are_no_mapping_are_refused(write):
    path = write(f"{HEADER}\na,x,1,.1\n")
    with pytest.raises(ValueError, match="columns"):
        read_catalog(path, columns=["sku"])
    with pytest.raises(ValueError, match="columns"):
        read_segments(path, path, columns=["sku"])


def test_numbers_that_arrow_reads_are_the_ones_that_stand_there(write):
    prices = ["1e3", " 2.5 ", "+4", ".5", "007"]
    catalog = read_catalog(write(f"{HEADER}\n" + "".join(f"i{n},x,{price},.1\n" for n, price in enumerate(prices))))
    np.testing.assert_allclose(catalog.price, [1000, 2.5, 4, 0.5, 7])
