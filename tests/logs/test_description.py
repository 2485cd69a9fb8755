import json

import numpy as np
import pytest

from slategym.logs import describe_log, read_impressions
from slategym.logs.survey import survey


def logged(count: int = 600, **columns) -> dict:
    random = np.random.default_rng(0)
    return {"item": random.integers(0, 4, count), "click": random.random(count) < 0.3, **columns}


def possible(described: dict) -> dict[str, bool]:
    return {use["use"]: use["possible"] for use in described["uses"]}


def test_what_a_log_holds():
    count = 600
    log = read_impressions(logged(count, propensity=np.full(count, 0.25), time=np.arange(count), country=["DE", "AT"] * 300))
    found = describe_log(log)
    json.dumps(found, allow_nan=False)
    assert (found["impressions"], found["items"], found["slates"], found["ranks"]) == (count, 4, count, 1)
    assert found["events"]["click"]["count"] == log.click.sum()
    assert found["propensity"]["uniform"]
    assert found["propensity"]["support"] == [4.0]
    assert found["context"]["country"] == {"values": "texts", "different": 2}
    assert found["time"] == {"from": "0 seconds", "to": "599 seconds"}
    assert possible(found) == {
        "train agents on the log": True,
        "fit a world to the clicks": True,
        "fit conversions": False,
        "fit shoppers who leave and return": False,
        "evaluate policies offline": True,
        "replay learning agents": True,
    }


def test_what_a_log_lacks():
    found = describe_log(read_impressions({"item": [1, 2, 1], "shopper": [1, 1, 2], "time": [1, 2, 3]}))
    assert [use for use, can in possible(found).items() if can] == ["fit shoppers who leave and return"]
    assert "--columns click=COLUMN" in found["uses"][0]["why"]
    assert found["propensity"] is None


@pytest.mark.parametrize(
    ("columns", "doubt"),
    [
        ({"conversion": np.ones(600, bool)}, "impressions converted without a click"),
        ({"conversion": np.zeros(600, bool)}, "conversion is 0 in every row"),
        ({"click": np.arange(600) < 20}, "There are only 20 clicks"),
        ({"propensity": np.full(600, 0.1)}, "The propensities at rank 0 are too small: the mean of 1 / propensity is 10.0"),
    ],
)
def test_what_looks_wrong_is_told(columns: dict, doubt: str):
    assert doubt in " ".join(describe_log(read_impressions(logged() | columns))["notes"])


def test_propensities_that_are_right_are_not_doubted():
    random = np.random.default_rng(3)
    chances = np.array([0.7, 0.2, 0.05, 0.05])
    item = random.choice(4, 2000, p=chances)
    found = describe_log(read_impressions({"item": item, "click": random.random(2000) < 0.3, "propensity": chances[item]}))
    assert not any("propensities" in note for note in found["notes"])
    assert not found["propensity"]["uniform"]


def test_a_survey_says_what_columns_might_be():
    found = survey(
        {
            "artikel": ["a", "b", "a"],
            "geklickt": [0, 1, 0],
            "wann": ["2024-01-01", "2024-01-02", "2024-01-03"],
            "stelle": [1, 2, 3],
            "wkt": [0.2, 0.5, 0.1],
            "nr": ["x1", "x2", "x3"],
            "umsatz": [1.5, 2.5, 0.0],
            "user_id": [1, 1, 2],
        }
    )
    said = {each.name: each.might_be or each.read_as for each in found}
    assert said == {
        "artikel": "item, shopper or context",
        "geklickt": "click, conversion or event",
        "wann": "time",
        "stelle": "rank, or context",
        "wkt": "propensity, or context",
        "nr": "slate",
        "umsatz": "revenue, or context",
        "user_id": "shopper",
    }
    assert found[0].examples == ("a", "b")
