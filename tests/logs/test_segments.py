import numpy as np
import pytest

from slategym.logs import ImpressionLog, Segments, read_impressions
from slategym.sim.worlds.tabular import ContingencyTable


def shop(count: int = 2000) -> ImpressionLog:
    random = np.random.default_rng(1)
    country = random.choice(["DE", "AT", "CH", "LI"], count, p=[0.5, 0.3, 0.19, 0.01])
    age = random.integers(18, 80, count).astype(float)
    age[:100] = np.nan
    rate = np.where(country == "DE", 0.6, 0.1)
    table = {"item": random.integers(0, 5, count), "click": random.random(count) < rate, "country": country, "age": age}
    table |= {"mobile": random.integers(0, 2, count), "rare": np.where(np.arange(count) < 3, "yes", "no")}
    return read_impressions(table, "context=country+age+mobile+rare")


def test_levels():
    segments = Segments.fit(shop())
    assert segments.levels["country"] == ("DE", "AT", "CH", "other")
    assert segments.levels["mobile"] in (("0", "1"), ("1", "0"))
    assert len(segments.levels["age"]) == 5
    assert segments.levels["age"][-1] == "missing"
    assert segments.left_out == ("rare",)  # hardly anybody has its second level
    assert segments.cells == 4 * 5 * 2
    assert "country=other" not in segments.names
    assert len(segments.names) == 3 + 5 + 2


def test_cells_are_those_of_a_contingency_table():
    log = shop()
    segments = Segments.fit(log)
    cell = segments.cell(log)
    table = ContingencyTable(segments.levels, np.ones(segments.cells))
    country = np.array(segments.levels["country"])[table.level("country")[cell]]
    expected = log.ids["country"][log.of_slate(log.context["country"])]
    np.testing.assert_array_equal(country, np.where(expected == "LI", "other", expected))
    seen = segments.one_hot(log)
    assert seen.shape == (log.slates, len(segments.names))
    np.testing.assert_array_equal(seen[:, segments.names.index("country=AT")], expected == "AT")
    ages = log.of_slate(log.context["age"])
    np.testing.assert_array_equal(seen[:, segments.names.index("age=missing")], np.isnan(ages))
    shares = [seen[:, segments.names.index(f"age={level}")].mean() for level in segments.levels["age"][:-1]]
    np.testing.assert_allclose(shares, 0.95 / 4, atol=0.02)


def test_the_most_telling_columns_are_kept():
    segments = Segments.fit(shop(), most_cells=8)
    assert "country" in segments.levels
    assert segments.cells <= 8


def test_segments_survive_json_and_meet_new_values():
    log = shop()
    segments = Segments.from_json(Segments.fit(log).to_json())
    np.testing.assert_array_equal(segments.cell(log), Segments.fit(log).cell(log))
    new = read_impressions(
        {"item": [1, 1], "country": ["XX", "DE"], "age": [200, 5], "mobile": [0, 1]}, "context=country+age+mobile"
    )
    table = ContingencyTable(segments.levels, np.ones(segments.cells))
    assert [segments.levels["country"][level] for level in table.level("country")[segments.cell(new)]] == ["other", "DE"]
    with pytest.raises(ValueError, match="has no context 'age'"):
        segments.cell(read_impressions({"item": [1], "country": ["DE"]}, "context=country"))
    with pytest.raises(ValueError, match="do not have the form that slategym writes"):
        Segments.from_json([{"name": "age"}])


def test_without_context_everybody_is_alike():
    log = read_impressions({"item": [1, 2, 1], "click": [0, 1, 0]})
    segments = Segments.fit(log)
    assert (segments.cells, segments.names) == (1, ())
    assert segments.cell(log).tolist() == [0, 0, 0]
    assert segments.one_hot(log).shape == (3, 0)
    with pytest.raises(ValueError, match=r"has no context 'age'.*It has: none"):
        Segments.fit(log, ["age"])
