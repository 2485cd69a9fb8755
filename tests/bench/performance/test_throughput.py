"""The table of speeds: who is in it, how it is measured, and what it says when something is missing. Never how fast."""

import json
import runpy
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from slategym.bench.performance import cases as throughput_rows
from slategym.bench.performance.floor import count
from slategym.bench.performance.measure import Contender, Sizes, Work, measure
from slategym.bench.performance.peers import Sardine, item_embeddings
from slategym.bench.performance.suite import measure_all
from slategym.bench.performance.tables import markdown, tables
from slategym.bench.performance.targets import TARGETS, evaluate_targets

SMALL = Sizes(shoppers=20, items=30, slate_size=3, latent=4, slates=40, rounds=2, seconds=0.0)


class Counted(Work):
    """Takes no time to speak of; notes down in which order it and the others were asked."""

    def __init__(self, name, order, slates):
        self.name, self.order, self.slates = name, order, slates
        self.closed = False

    def __call__(self):
        self.order.append(self.name)
        return self.slates

    def measurements(self):
        return {"environment_share": 0.5}

    def close(self):
        self.order.append(f"{self.name} closed")


def refuse():
    raise ImportError('sardine cannot be imported: it comes with pip install "slategym[peers]"')


def test_rows_take_turns_after_a_first_call_that_does_not_count():
    order = []
    both = [Contender(name, "", "", lambda name=name: Counted(name, order, 7)) for name in "ab"]
    rows = measure([*both, Contender("c", "", "", refuse)], SMALL)
    assert order == ["a", "b", "a", "b", "a", "b", "a closed", "b closed"]
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    for row in rows[:2]:
        assert row["slates_per_second"] == max(row["rounds"])
        assert len(row["rounds"]) == 2
        assert row["slates_per_second"] * row["nanoseconds_per_slate"] == pytest.approx(1e9)
        assert row["environment_share"] == 0.5
    assert "slategym[peers]" in rows[2]["left_out"]


def test_what_is_made_is_put_away_when_a_row_fails():
    order = []

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        measure([Contender("a", "", "", lambda: Counted("a", order, 1)), Contender("b", "", "", fail)], SMALL)
    assert order[-1] == "a closed"


def test_every_row_of_ours_does_its_work():
    steps = {
        throughput_rows.KERNEL: throughput_rows.STEPS * 20,
        throughput_rows.VECTOR: throughput_rows.STEPS * 20,
        throughput_rows.SINGLE: throughput_rows.SINGLE_STEPS,
        throughput_rows.RANDOM: 400,
        throughput_rows.RANDOM_LOG: 400,
        throughput_rows.LIN_TS_ARMS_LOG: 40,
    }
    for each in throughput_rows.contenders(SMALL):
        if each.name in steps:
            work = each.prepare()
            assert work() == work() == steps[each.name]  # a row is measured several times
            folder = getattr(work, "folder", None)
            assert (folder is not None) == ("log" in each.name)
            assert folder is None or (folder / "log" / "log.json").exists()
            work.close()
            assert folder is None or not folder.exists()


def test_goals_name_rows_that_there_are():
    names = {each.name for each in throughput_rows.contenders(SMALL)}
    for goal in TARGETS:
        assert {goal.row, goal.over or goal.row} <= names


def test_the_kernel_row_shows_slates_and_nothing_else():
    work = throughput_rows.Kernel(throughput_rows._shop(SMALL), SMALL)
    before = work.simulation.shoppers.identity.copy()
    work()
    np.testing.assert_array_equal(work.simulation.shoppers.identity, before)
    assert (work.simulation.shoppers.visit == throughput_rows.STEPS).all()
    assert work.simulation.shoppers.exposure.any()


@pytest.mark.skipif(find_spec("sardine") is None, reason="sardine-rec comes with pip install 'slategym[peers]'")
def test_sardine_is_stepped_at_the_same_sizes():
    work = Sardine(SMALL)
    assert work.env.item_embedd.shape == (30, 4)
    assert work.env.action_space.nvec.tolist() == [30] * 3
    assert work() == 200
    work.close()
    assert not work.folder.exists()


def test_its_items_are_as_it_makes_them():
    embedding = item_embeddings(np.random.Generator(np.random.Philox(0)), 500, 10)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1)
    assert set((embedding > 0).sum(axis=1)) == {2, 3}


def test_the_floor_is_the_sum_of_what_is_counted():
    floor = count(SMALL)
    sums = [each["count"] * each["nanoseconds"] for each in floor["ingredients"]]
    assert floor["nanoseconds_per_slate"] == pytest.approx(sum(sums))
    assert min(sums) > 0
    counts = [each["count"] for each in floor["ingredients"]]
    assert counts[0] == pytest.approx(3 + 1, abs=0.1)  # a few conversions in a thousand slates
    assert counts[1] == 3 * 4
    assert 3 * 2 / 2 in counts  # comparisons of each item with those above it


def made(missing=()):
    speeds = {each.name: 1000.0 for each in throughput_rows.contenders(SMALL)}
    speeds[throughput_rows.VECTOR] = 250_000.0
    rows = []
    for name, speed in speeds.items():
        row = {"name": name, "what": "a | b", "threads": "one thread"}
        if name in missing:
            rows.append(row | {"left_out": "pip install it"})
        else:
            rows.append(row | {"slates_per_second": speed, "nanoseconds_per_slate": 1e9 / speed, "median": speed / 2})
    floor = {
        "nanoseconds_per_slate": 4e5,
        "ingredients": [{"name": "x", "count": 2, "nanoseconds": 2e5, "nanoseconds_per_slate": 4e5}],
    }
    return {"rows": rows, "floor": floor}


def test_goals_are_judged_by_their_rows():
    evaluated = {each["name"]: each for each in evaluate_targets(made(["SB3 PPO"]))}
    assert evaluated["VectorEnv.step over SARDINE"] == {
        "name": "VectorEnv.step over SARDINE",
        "value": 250.0,
        "target": "at least 250",
        "passed": True,
    }
    assert not evaluated["Env.step over SARDINE"]["passed"]
    assert evaluated["time of the floor over time of the kernel, one thread"]["value"] == pytest.approx(0.4)
    assert evaluated["policy-gradient over SB3's PPO"]["value"] is None
    assert evaluated["environment and adapter's share of PPO's time"]["passed"] is None


def test_tables_in_markdown_have_as_many_cells_in_every_line():
    result = made(["SARDINE"])
    for table in tables(result | {"goals": evaluate_targets(result)}):
        lines = markdown(table).replace("\\|", "").splitlines()
        assert {line.count("|") for line in lines} == {len(table.columns) + 1}
        assert len(lines) == len(table.rows) + 2


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"shoppers": 0}, "shoppers is 0: expected 1 or more"),
        ({"items": 5, "slate_size": 6}, "slate_size is 6: expected at most 5"),
        ({"seconds": 61}, "seconds is 61"),
    ],
)
def test_wrong_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Sizes(**sizes)


def test_the_whole_of_it_is_json(monkeypatch):
    some = [
        each for each in throughput_rows.contenders(SMALL) if each.name in (throughput_rows.KERNEL_ONE, throughput_rows.SINGLE)
    ]
    monkeypatch.setattr(throughput_rows, "contenders", lambda sizes: some)
    told = []
    result = measure_all(SMALL, told.append)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert [row["name"] for row in result["rows"]] == [each.name for each in some]
    assert any("round 2 of 2" in line for line in told)
    assert {"processor", "cores", "numba"} <= set(result["machine"])


def test_the_page_of_speed_is_made_of_what_was_measured():
    docs = Path(__file__).parents[3] / "docs"
    page = runpy.run_path(str(docs / "performance.py"))
    result = made(["SARDINE"])
    result |= {
        "goals": evaluate_targets(result),
        "machine": {"processor": "a fast one", "cores": 2, "system": "Linux", "python": "3"},
    }
    result |= {"sizes": asdict(SMALL), "world": "Shop-v0"}
    point = {"axis": "shoppers", "who": "environment", "shoppers": 100, "items": 30, "slate_size": 3}
    measured = {"nanoseconds_per_slate": 1234.4, "state_bytes_per_shopper": 185.0, "memory_bytes": None}
    other = {**point, "left_out": "no memory"}
    scale = {"world": "Shop-v0", "machine": result["machine"], "points": [point | measured, other]}
    text = page["write"]((docs / "performance.md").read_text(encoding="utf-8"), page["parts"](result, scale))
    assert "a fast one, 2 cores" in text
    assert "| SARDINE | a \\| b | one thread | left out |  |  |" in text
    assert "| shoppers | 100 | 30 | 3 | 1,234 | 185 |  |" in text
    assert "| shoppers | 100 | 30 | 3 | left out |  |  |" in text
    assert "Not reached in this run: VectorEnv.step over the kernel" not in text
    assert "Env.step over SARDINE" in text
    assert text == page["write"](text, page["parts"](result, scale))
    assert text.count("<!-- measured: ") == text.count("<!-- end -->") == len(page["parts"](result, scale))
