import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.logs import ImpressionLog, from_bandit_feedback, read_impressions, to_bandit_feedback, to_frame, write_impressions

FORMS = ("a.parquet", "a.csv", "a.csv.gz")


def shop() -> dict[str, list]:
    """Two slates, the later one first, with names that tell what the columns are."""
    return {
        "request_id": ["b", "b", "a", "a", "a"],
        "timestamp": [20, 20, 10, 10, 10],
        "user_id": ["u2", "u2", "u1", "u1", "u1"],
        "position": [2, 1, 1, 3, 2],
        "product_id": [30, 7, 7, 100, 30],
        "is_clicked": [1, 0, 0, 1, 1],
        "purchased": [0, 0, 0, 1, 0],
        "pscore": [0.5, 0.25, 0.5, 1.0, 0.5],
        "revenue": [0, 0, 0, 9.5, 0],
        "conversion_time": [None, None, None, 14, None],
        "country": ["AT", "AT", "DE", "DE", "DE"],
        "price": [3.0, 1.0, 1.0, 9.5, 3.0],
    }


def assert_same(one: ImpressionLog, other: ImpressionLog) -> None:
    for name in ("slate", "rank", "item", "propensity", "joint_propensity", "time", "shopper", "session", "revenue", "delay"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("ids", "events", "context", "features"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert list(mine) == list(theirs) or set(mine) == set(theirs)
        for key in mine:
            np.testing.assert_array_equal(mine[key], theirs[key], err_msg=f"{name} {key}")
    assert (one.candidates is None) == (other.candidates is None)
    for mine, theirs in zip(one.candidates or (), other.candidates or (), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.time_unit == other.time_unit


def test_columns_are_found_by_their_names_and_rows_are_put_in_order():
    log = read_impressions(shop(), "context=country,feature=price")
    assert (len(log), log.slates, log.ranks, log.items) == (5, 2, 3, 3)
    assert log.slate.tolist() == [0, 0, 0, 1, 1]
    assert log.rank.tolist() == [0, 1, 2, 0, 1]
    assert log.ids["item"].tolist() == [7, 30, 100]
    assert log.ids["item"][log.item].tolist() == [7, 30, 100, 7, 30]
    assert log.click.tolist() == [False, True, True, False, True]
    assert log.conversion.tolist() == [False, False, True, False, False]
    assert log.propensity.tolist() == [0.5, 0.5, 1.0, 0.25, 0.5]
    assert log.time.tolist() == [10, 10, 10, 20, 20]
    assert log.ids["shopper"][log.shopper].tolist() == ["u1"] * 3 + ["u2"] * 2
    assert log.delay[2] == 4
    assert np.isnan(np.delete(log.delay, 2)).all()
    assert log.features["price"].tolist() == [1.0, 3.0, 9.5]
    assert log.ids["country"][log.context["country"]].tolist() == ["DE"] * 3 + ["AT"] * 2
    assert log.starts.tolist() == [0, 3, 5]
    assert "position counts from 1" in " ".join(log.notes)
    assert log.columns["click"] == ("is_clicked",)


def test_dense_arrays_have_a_row_for_each_slate():
    log = read_impressions(shop())
    assert log.dense("item", -1).tolist() == [[0, 1, 2], [0, 1, -1]]
    assert log.shown.tolist() == [[True, True, True], [True, True, False]]
    assert log.propensities().tolist() == [[0.5, 0.5, 1.0], [0.25, 0.5, 1.0]]
    assert log.dense(log.click, False).tolist() == [[False, True, True], [False, True, False]]
    with pytest.raises(ValueError, match=r"shape \(3,\): expected \(5,\)"):
        log.dense(np.ones(3), 0)
    with pytest.raises(ValueError, match="there is no column of the data frame 'clicks'"):
        log.dense("clicks", 0)


def test_a_part_keeps_the_numbers_of_items():
    log = read_impressions(shop())
    part = log.part(slice(1, None))
    assert part.slate.tolist() == [0, 0]
    assert part.ids["item"][part.item].tolist() == [7, 30]
    assert part.items == 3
    assert_same(log.part(np.array([True, True])), log)
    with pytest.raises(ValueError, match=r"expected \(2,\)"):
        log.part(np.array([True]))


@pytest.mark.parametrize("name", FORMS)
def test_files_hold_what_was_written(tmp_path: Path, name: str):
    table = {**shop(), "candidates": [[7, 30, 500], [7, 30, 500], [7, 30, 100], [7, 30, 100], [7, 30, 100]]}
    log = read_impressions(table, "context=country,feature=price")
    assert log.items == 4  # one that was a candidate and never shown
    assert log.ids["item"][log.candidates[1]].tolist() == [7, 30, 100, 7, 30, 500]
    assert_same(read_impressions(write_impressions(log, tmp_path / name)), log)


@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb", "pyarrow"])
def test_data_frames_hold_what_was_written(library: str):
    log = read_impressions(shop(), "context=country,feature=price")
    assert_same(read_impressions(to_frame(log, library)), log)


def test_a_relation_of_duckdb_is_a_log():
    import duckdb

    frame = pd.DataFrame(shop())  # noqa: F841, duckdb reads it by its name
    relation = duckdb.sql("select * from frame where country = 'DE'")
    assert read_impressions(relation).slates == 1


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_log_survives_a_file(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    count = data.draw(st.integers(1, 12))
    slate = sorted(data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=4)
    numbers = st.floats(0.0078125, 1, width=32)

    def column(values: st.SearchStrategy) -> list:
        return data.draw(st.lists(values, min_size=count, max_size=count))

    table = {"slate": slate, "item": column(texts), "click": column(st.booleans()), "event:like": column(st.booleans())}
    table |= {"propensity": column(numbers), "revenue": column(numbers)}
    by_slate = data.draw(st.lists(texts, min_size=5, max_size=5))
    table["context:where"] = [by_slate[number] for number in slate]
    log = read_impressions(table)
    assert log.ids["item"].astype(str)[log.item].tolist() == table["item"] or sorted(table["item"]) == sorted(
        log.ids["item"].astype(str)[log.item].tolist()
    )
    folder = tmp_path_factory.mktemp("log")
    for name in FORMS:
        assert_same(read_impressions(write_impressions(log, folder / name)), log)


def test_a_file_whose_names_tell_nothing(tmp_path: Path):
    path = tmp_path / "protokoll.csv"
    path.write_text(
        "Produkt-Nr;geklickt;Kunde;Zeit;Stelle;Wkt;Land\n"
        "B2;1;k1;2024-01-01 10:00;2;0,25;DE\n"
        "A1;0;k1;2024-01-01 10:00;1;0,5;DE\n"
        "A1;ja;k2;2024-01-01 10:05;1;0,5;AT\n"
    )
    with pytest.raises(ValueError, match=r"no column of items: .*--columns item=COLUMN. It has: Produkt-Nr, geklickt, Kunde"):
        read_impressions(path)
    columns = "item=Produkt-Nr,click=geklickt,shopper=Kunde,time=Zeit,rank=Stelle,propensity=Wkt,slate=Kunde+Zeit"
    with pytest.raises(ValueError, match=r"protokoll.csv, line 4, column 'geklickt' is 'ja': expected 0 or 1"):
        read_impressions(path, columns)
    path.write_text(path.read_text().replace("ja", "true"))
    log = read_impressions(path, columns)
    assert log.ids["item"][log.item].tolist() == ["A1", "B2", "A1"]
    assert log.slate.tolist() == [0, 0, 1]
    assert log.propensity.tolist() == [0.5, 0.25, 0.5]
    assert log.time[2] - log.time[0] == 300
    assert list(log.context) == ["Land"]


def test_all_that_is_wrong_is_told_by_row_and_column():
    wrong = {
        **shop(),
        "is_clicked": [1, 2, 0, 1, 1],
        "pscore": [0.5, 0, 0.5, 1.5, 0.5],
        "product_id": ["a", None, "a", "b", "c"],
        "position": [1, 2, 1, 1, 2],
        "user_id": ["u2", "u1", "u1", "u1", "u1"],
    }
    with pytest.raises(ValueError, match="has 6 faults") as error:
        read_impressions(wrong)
    for said in (
        "row 2, column 'is_clicked' is '2': expected 0 or 1, or true or false",
        "row 2, column 'pscore' is 0.0: expected a number above 0 and at most 1",
        "row 4, column 'pscore' is 1.5: expected a number above 0 and at most 1",
        "row 2, column 'product_id' is empty: expected a value",
        "column 'position' is also the rank of another row of the slate: expected each once",
        "row 2, column 'user_id' differs from another row of the same slate: expected one shopper per slate",
    ):
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("click", "'click': expected a meaning and a column, such as click=is_clicked"),
        ("clik=is_clicked", "a meaning 'clik'. Did you mean 'click'"),
        ("item=sku", r"no column 'sku' for item.* There are: request_id, timestamp"),
        ("click=is_clicked+purchased", r"has click=is_clicked\+purchased: expected one column"),
        ("click=is_clicked,conversion=is_clicked", "is named for click and for conversion: expected one meaning"),
        ("context=price", "differs from another row of the same slate"),
        ("feature=country", "differs from another row of the same item"),
    ],
)
def test_wrong_meanings(columns: str, message: str):
    with pytest.raises(ValueError, match=message):
        read_impressions(shop(), columns)


def test_sources_that_are_no_log(tmp_path: Path):
    with pytest.raises(ValueError, match="there is no file"):
        read_impressions(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="is a list: expected the path of a file, or a data frame"):
        read_impressions([1, 2])
    with pytest.raises(ValueError, match="the dictionary is not a table"):
        read_impressions({"item": [1, 2], "click": [1]})
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="contains no log"):
        read_impressions(tmp_path / "empty")
    with pytest.raises(ValueError, match=r"ends in '.json': expected .parquet, .csv or .csv.gz"):
        write_impressions(read_impressions(shop()), tmp_path / "log.json")


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([0, 90], [0, 90]),
        ([1_700_000_000, 1_700_000_090], [0, 90]),
        ([1_700_000_000_000, 1_700_000_090_000], [0, 90]),
        ([1_700_000_000_000_000, 1_700_000_090_000_000], [0, 90]),
        (["2024-01-01", "2024-01-02"], [0, 86_400]),
        (["2024-01-01T10:00:00", "2024-01-01T10:00:01.5"], [0, 1.5]),
        (["2019-11-24 00:00:34.762830+00:00", "2019-11-24 01:00:34.762830+01:00"], [0, 0]),
        ([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01 00:01")], [0, 60]),
    ],
)
def test_times_are_read_in_seconds(times: list, seconds: list[float]):
    log = read_impressions({"item": [1, 2], "time": times})
    np.testing.assert_allclose(log.time - log.time[0], seconds, atol=1e-6)


def test_what_is_no_time_is_told():
    with pytest.raises(ValueError, match="row 2, column 'time' is 'yesterday': expected seconds, or dates"):
        read_impressions({"item": [1, 2], "time": ["2024-01-01", "yesterday"]})
    with pytest.raises(ValueError, match="with time zones or without"):
        read_impressions({"item": [1, 2], "time": ["2024-01-01 10:00:00", "2024-01-01 10:00:00+01:00"]})
    with pytest.raises(ValueError, match="column 'conversion_time' is 5: expected a time after the impression"):
        read_impressions({"item": [1], "time": [9], "conversion_time": [5]})


def test_columns_without_a_name_and_unnamed_ones_are_told_or_passed_over():
    table = {"": [0, 1, 2, 3], "item": [1, 2, 1, 2], "click": [0, 1, 0, 1], "url": list("abcd"), "brand": list("xyxy")}
    table["hour"] = [1, 2, 3, 3]
    log = read_impressions(table | {"url": [f"u{row}" for row in range(4)]}, "ignore=url")
    assert list(log.features) == ["brand"]
    assert list(log.context) == ["hour"]
    assert any("brand was read as a feature of items" in note for note in log.notes)


def test_bandit_feedback_goes_both_ways():
    random = np.random.default_rng(0)
    feedback = {
        "n_rounds": 50,
        "n_actions": 7,
        "context": random.random((50, 3)),
        "action_context": random.random((7, 2)),
        "action": random.integers(0, 7, 50),
        "position": random.integers(0, 3, 50),
        "reward": random.integers(0, 2, 50),
        "pscore": np.full(50, 1 / 7),
    }
    log = read_impressions(feedback)
    assert (log.slates, log.items, log.ranks) == (50, 7, 3)
    back = to_bandit_feedback(log)
    assert back.keys() == feedback.keys()
    for name, values in feedback.items():
        np.testing.assert_array_equal(back[name], values, err_msg=name)
    money = from_bandit_feedback({**feedback, "reward": random.random(50)})
    assert money.events == {}
    np.testing.assert_array_equal(to_bandit_feedback(money, "revenue")["reward"], money.revenue)
    with pytest.raises(ValueError, match="no event 'click'"):
        to_bandit_feedback(money)
    with pytest.raises(ValueError, match="has no revenue"):
        to_bandit_feedback(log, "revenue")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"action": [0, 7]}, "action has values from 0 to 7: expected whole numbers from 0 to 6"),
        ({"action": [0, 1, 2]}, r"action has shape \(3,\) and reward \(2,\)"),
        ({"pscore": [0.5, 0.0]}, r"pscore\[1\] is 0.0: expected a probability above 0"),
        ({"context": np.ones((3, 2))}, r"context has shape \(3, 2\): expected \(2, any\)"),
        ({"action_context": np.ones((2, 2))}, r"action_context has shape \(2, 2\): expected \(7, any\)"),
    ],
)
def test_wrong_bandit_feedback(changed: dict, message: str):
    with pytest.raises(ValueError, match=message):
        from_bandit_feedback({"n_rounds": 2, "n_actions": 7, "action": [0, 1], "reward": [0, 1], **changed})


def test_a_gzip_file_needs_no_ending(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(b"item,click\na,1\nb,0\n"))
    assert read_impressions(path).click.tolist() == [True, False]
