"""The measurements of scale: every point runs in a process of its own, and the page shows what was measured."""

import json

import pytest
from tests.bench.reports.browser import Browser, find

from slategym.bench.jobs.store import RunStore
from slategym.bench.performance import scaling as scale
from slategym.bench.performance.scaling import ENVIRONMENT, Point, measure_all, points
from slategym.bench.reports.scaling import headline, page, write_page
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SMALL = [
    Point("shoppers", ENVIRONMENT, shoppers=100),
    Point("items", "lin-ts", shoppers=50, items=2000, candidates=20),
]


def made(point, **measured):
    row = {"steps": 3, "slates_per_second": 1e6, "nanoseconds_per_slate": 1000.0, "state_bytes": 100, "memory_bytes": 2e8}
    return vars(point) | row | {"state_bytes_per_shopper": 185.0, "memory_at_start": 1e8, "build_seconds": 0.1} | measured


def test_points_reach_the_sizes_asked_for():
    every = points()
    assert {each.shoppers for each in every if each.axis == "shoppers"} == {10**power for power in range(2, 8)}
    assert {each.items for each in every if each.axis == "items"} == {10**power for power in range(2, 7)}
    assert {each.slate_size for each in every if each.axis == "slate_size"} == {1, 2, 5, 10, 20, 50}
    assert all(each.candidates == (100 if each.items >= 10_000 else None) for each in every if each.who != ENVIRONMENT)
    assert (every[-1].shoppers, every[-1].items) == (10_000_000, 1_000_000)
    assert max(each.shoppers for each in points(10_000)) == 10_000


@pytest.mark.slow
def test_each_point_is_measured_in_its_own_process():
    seen = []
    result = measure_all(SMALL, 0.0, seen.append)
    assert result["points"] == seen
    for row, point in zip(seen, SMALL, strict=True):
        assert row["who"] == point.who
        assert row["steps"] == 3
        assert row["slates_per_second"] * row["nanoseconds_per_slate"] == pytest.approx(1e9)
        assert row["memory_bytes"] is None or row["memory_bytes"] >= row["memory_at_start"] > 1e7
        assert row["state_bytes_per_shopper"] == row["state_bytes"] / point.shoppers
    assert json.loads(json.dumps(result)) == result


def test_points_that_were_measured_are_taken_up(tmp_path, monkeypatch):
    store, measured = RunStore(tmp_path, None), []

    def measure(point, seconds):
        measured.append(point)
        return {"steps": 3} if point is SMALL[0] else {"left_out": "its process ended with 1: no message", "failed": True}

    monkeypatch.setattr(scale, "_in_a_process", measure)
    first = measure_all(SMALL, 0.0, store=store)
    assert first["status"] == "failed"
    again = measure_all(SMALL, 0.0, store=store)
    assert measured == [*SMALL, SMALL[1]]  # the one that failed is tried again
    assert again["points"] == first["points"]
    assert again["config"] == first["config"]
    measure_all(SMALL, 1.0, store=store)
    assert measured == [*SMALL, SMALL[1], *SMALL]  # another duration is another measurement


@pytest.mark.slow
def test_what_does_not_fit_or_fails_is_left_out(monkeypatch):
    monkeypatch.setattr(scale, "_free_memory", lambda: 10**9)
    (row,) = measure_all([Point("shoppers", ENVIRONMENT, shoppers=10**7)])["points"]
    assert row["left_out"] == "needs about 8.3 GB of memory, but only 1.0 GB are free"
    (row,) = measure_all([Point("slate_size", ENVIRONMENT, items=100, slate_size=101)])["points"]
    assert "slate_size is 101: expected 1..100" in row["left_out"]
    assert "nothing could be measured" in page({"machine": {}, "world": "Shop-v0", "seconds": 1.0, "points": [row]})


def test_a_shopper_takes_less_than_400_bytes():
    assert Simulation(make_world("Shop-v0"), 0, 1000).shoppers.nbytes / 1000 < 400


@pytest.mark.skipif(find() is None, reason="no Chromium or Chrome on this machine")
def test_the_page_draws_its_plots(tmp_path):
    rows = [made(each) for each in points(10_000)]
    result = {"machine": {"processor": "a <fast> one", "cores": 2}, "world": "Shop-v0", "seconds": 1.0, "points": rows}
    assert (
        headline(rows) == "10,000 shoppers and 1,000,000 items at 1,000,000 slates/s, in 0.2 GB; 185 bytes of state per shopper"
    )
    write_page(result, tmp_path / "scale.html")
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(tmp_path / "scale.html")
        script = "[...document.querySelectorAll('.plot')].map(e => e.querySelectorAll('.scatterlayer .trace').length)"
        assert browser.evaluate(script) == [1, 1, 3, 3, 3, 3]
        assert browser.errors == []
    finally:
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("point", [Point("all", ENVIRONMENT, shoppers=10_000_000, items=1_000_000)])
def test_ten_million_shoppers_and_a_million_items_fit_into_12_gb(point):
    (row,) = measure_all([point], 0.0)["points"]
    if "left_out" in row and "are free" in row["left_out"]:
        pytest.skip(row["left_out"])
    assert row["memory_bytes"] < 12e9
    assert row["state_bytes_per_shopper"] < 400
