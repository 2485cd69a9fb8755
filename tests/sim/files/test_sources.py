"""Where tables come from: every form gives the same catalogue, and any input gives a catalogue or says why not."""

import gzip
import io
from contextlib import suppress

import numpy as np
import pandas
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from slategym.sim.files import read_catalog, read_segments

FRAME = pandas.DataFrame(
    {
        "id": ["Emma", "Ulysses", "Bücher, alt", "x"],
        "category": ["novel", "novel", "advice", "ä"],
        "price": [8.5, 12.0, 25.0, 19.9],
        "margin": [0.4, 0.3, 0.5, 0.5],
        "pages": [400, 800, 300, 200],
        "humour": [0.75, 0.5, 0.125, -0.25],
    }
)


def text(separator=",", decimal="."):
    file = io.StringIO()
    FRAME.to_csv(file, index=False, sep=separator, decimal=decimal)
    return file.getvalue()


def parquet_bytes():
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(FRAME, preserve_index=False), file)
    return file.getvalue()


FORMS = {
    "commas": lambda: text().encode(),
    "semicolons": lambda: text(";").encode(),
    "decimal commas": lambda: text(";", ",").encode(),
    "tabs": lambda: text("\t").encode(),
    "UTF-8 with a mark": lambda: text().encode("utf-8-sig"),
    "UTF-16": lambda: text().encode("utf-16"),
    "carriage returns": lambda: text().replace("\n", "\r\n").encode(),
    "Parquet": parquet_bytes,
    "gzip": lambda: gzip.compress(text().encode()),
    "Parquet in gzip": lambda: gzip.compress(parquet_bytes()),
}


def assert_same(found, expected):
    assert found.names == expected.names
    assert found.feature_names == expected.feature_names
    for name in ("features", "taste", "category", "price", "margin", "quality"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_catalogue(form, tmp_path):
    for name in ("items.csv", "items.parquet", "items.gz", "items"):  # whatever it is called
        (tmp_path / name).write_bytes(FORMS[form]())
        assert_same(read_catalog(tmp_path / name), read_catalog(FRAME))


def test_data_frames_give_the_same_catalogue():
    for frame in (pa.Table.from_pandas(FRAME, preserve_index=False), FRAME.set_index("id")):
        assert_same(read_catalog(frame), read_catalog(FRAME))
    with pytest.raises(
        ValueError, match=r"the data frame has a column with the name '__index_level_0__', as pandas writes its index"
    ):
        read_catalog(FRAME.set_index(np.array([3, 5, 7, 10])))
    with pytest.raises(ValueError, match="a list: expected the path of a file, or a data frame"):
        read_catalog([1, 2])
    with pytest.raises(ValueError, match="the data frame, row 2, column 'price' is empty"):
        read_catalog(FRAME.assign(price=[1, None, 2, 3]))


def test_the_index_that_pandas_writes_is_refused(tmp_path):
    FRAME.to_csv(tmp_path / "items.csv")
    with pytest.raises(
        ValueError, match=r"has a column with no name, as pandas writes its index: write the file with index=False"
    ):
        read_catalog(tmp_path / "items.csv")


def test_another_encoding_is_said(tmp_path):
    path = tmp_path / "items.csv"
    path.write_bytes(text().encode("latin-1"))
    with pytest.raises(ValueError, match=r"line 4 is not in UTF-8: save it as UTF-8, or set encoding='latin-1'"):
        read_catalog(path)
    assert_same(read_catalog(path, encoding="latin-1"), read_catalog(FRAME))
    path.write_bytes(text().encode("utf-16-le"))
    with pytest.raises(ValueError, match=r"zero bytes, as UTF-16 without a byte order mark"):
        read_catalog(path)
    with pytest.raises(ValueError, match=r"encoding is 'utf-99': expected the name of an encoding"):
        read_catalog(path, encoding="utf-99")


def test_what_cannot_be_read_is_said(tmp_path):
    for content, message in (
        (b"", "is empty"),
        (b"PAR1 and no more", "begins like a Parquet file but is damaged"),
        (b"\x1f\x8b and no more", "begins like a gzip file but is damaged"),
        (b"id,category,price,margin\n", "has no rows"),
        (b"\n\n\n", "is empty"),
    ):
        (tmp_path / "items.csv").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_catalog(tmp_path / "items.csv")


def check_only_value_errors(content, folder):
    (folder / "items.csv").write_bytes(content)
    for read in (read_catalog, lambda path: read_segments(path, read_catalog(FRAME))):
        with suppress(ValueError):
            read(folder / "items.csv")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_catalogue_or_a_reason(tmp_path_factory, content):
    check_only_value_errors(content, tmp_path_factory.getbasetemp())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(FORMS)), st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=3)), max_size=4))
def test_a_changed_file_gives_a_catalogue_or_a_reason(tmp_path_factory, form, changes):
    content = bytearray(FORMS[form]())
    for place, put in changes:
        content[place % len(content) : place % len(content) + 1] = put
    check_only_value_errors(bytes(content), tmp_path_factory.getbasetemp())
