"""Seeds are added until the comparison is decided, and rarely to the wrong decision."""

import json
from functools import partial

import numpy as np
import pytest

from slategym.bench.comparison.compare import compare, plan
from slategym.bench.comparison.sequential import SequentialComparison, decide
from slategym.bench.jobs.store import RunStore

OPTIONS = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}


def ended(values, indifference, first=3):
    """The decision of the first look that decides, or the last one."""
    for seeds in range(first, len(next(iter(values.values()))) + 1):
        found = decide({name: dict(enumerate(column[:seeds])) for name, column in values.items()}, indifference)
        if found["status"] != "undecided":
            break
    return found


@pytest.mark.quick("*-2")
@pytest.mark.parametrize("agents", [2, 6])
@pytest.mark.parametrize("kind", ["normal", "lognormal", "collapse"])
def test_equal_agents_are_rarely_told_apart(kind, agents):
    random, wrong = np.random.Generator(np.random.Philox(agents)), 0
    for _ in range(200):
        values = random.normal(10, 1, size=(40, agents))
        if kind == "lognormal":
            values = random.lognormal(2, 0.5, size=(40, agents))
        elif kind == "collapse":
            values -= 8 * (random.random(values.shape) < 0.1)
        found = ended({f"a{number}": column for number, column in enumerate(values.T)}, 0.01)
        wrong += found["status"] == "told"
    assert wrong <= 0.05 * 200 + 2 * np.sqrt(0.05 * 0.95 * 200)


def test_agents_that_differ_by_more_are_rarely_said_to_be_within():
    random, wrong, told, looks = np.random.Generator(np.random.Philox(1)), 0, 0, []
    for _ in range(200):
        values = {"better": random.normal(10.2, 0.15, 60), "worse": random.normal(10.0, 0.15, 60)}
        found = ended(values, 0.01)  # 2 % apart
        wrong += found["status"] == "within" or (found["status"] == "told" and found["leader"] == "worse")
        told += found["status"] == "told" and found["leader"] == "better"
        looks.append(found["seeds"])
    assert wrong <= 0.05 * 200
    assert told >= 0.9 * 200
    assert np.median(looks) < 30


def test_agents_as_good_as_each_other_are_found_to_be_within():
    random = np.random.Generator(np.random.Philox(2))
    shared = random.normal(10, 1, 60)  # common to both, as the same shoppers are
    values = {name: shared + random.normal(0, 0.05, 60) for name in ("a", "b")} | {"far": shared - 5}
    found = ended(values, 0.01)
    assert found["status"] == "within"
    assert found["open"] == []
    assert {found["leader"], *found["within"]} == {"a", "b"}


def test_it_stops_at_a_decision_and_says_so(tmp_path):
    make = partial(plan, "Shop-v0", ("random", "popularity"), 4000, options=OPTIONS, shoppers=100, kept=True)
    store = RunStore(tmp_path / "runs")
    store.prepare()
    comparison = SequentialComparison(make, 0.01, 20)
    results = json.loads(json.dumps(comparison.run(processes=1, store=store)))
    seeds = len(results["config"]["seeds"])
    assert results["decision"]["status"] == "told"
    assert results["decision"]["leader"] == "popularity"
    assert 3 < seeds < 20
    assert results["notes"][0].startswith(f"Decided after {seeds} seeds: popularity is better than all others")
    plain = compare("Shop-v0", ("random", "popularity"), 4000, seeds, options=OPTIONS, shoppers=100, processes=1)
    assert results["agents"]["random"]["value"] == plain["agents"]["random"]["value"]
    shown = []
    again = SequentialComparison(make, 0.01, 20).run(processes=1, store=store, progress=shown.append)  # all is kept
    assert again["decision"] == results["decision"]
    assert again["config"]["fingerprint"] == comparison.config["fingerprint"]


def test_a_budget_ends_it():
    make = partial(plan, "Shop-v0", {"one": "random", "two": "random"}, 400, options=OPTIONS, shoppers=100, references="off")
    results = SequentialComparison(make, 0.0, 4).run(processes=1)
    assert len(results["config"]["seeds"]) <= 4
    with pytest.raises(ValueError, match="expected two agents or more, and no scalarizer"):
        SequentialComparison(partial(plan, "Shop-v0", ("random",), 400, options=OPTIONS))
    with pytest.raises(ValueError, match="the first look is at 3 seeds and the budget is 2"):
        SequentialComparison(make, most_seeds=2)
    with pytest.raises(ValueError, match=r"indifference is 1\.5"):
        SequentialComparison(make, 1.5)
