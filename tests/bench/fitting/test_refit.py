"""A world of the fitted family is fitted to its own log: the intervals cover the parameters that it has."""

import numpy as np
import pytest
from tests.bench.fitting import made

from slategym.bench.fitting.fit import fit_log
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments
from slategym.sim.simulation import Simulation
from slategym.sim.worlds.fitted.parameters import check_parameters
from slategym.sim.worlds.fitted.world import world_of

ITEMS, RANKS, VISITS = 20, 3, 5
LEVELS = {"colour": ("red", "green", "blue"), "size": ("small", "large")}
SEGMENTS = [{"name": name, "levels": list(levels), "edges": None} for name, levels in LEVELS.items()]


def drawn_world(random):
    """Parameters of a world, drawn from the priors of a fit."""

    def part(level, spreads):
        common, own = made.told_one_way(*made.drawn(random, ITEMS, spreads, level))
        columns = {"colour": slice(1, 4), "size": slice(4, 6)}
        return {
            "intercept": float(common[0]),
            "item": own[:, 0].tolist(),
            "level": {name: common[some].tolist() for name, some in columns.items()},
            "item_by_level": {name: own[:, some].tolist() for name, some in columns.items()},
        }

    content = {
        "world": "Fitted-v0",
        "version": 1,
        "slate_size": RANKS,
        "visits": VISITS,
        "items": {
            "ids": [str(each) for each in range(ITEMS)],
            "category": [0] * ITEMS,
            "price": np.exp(random.normal(2, 0.4, ITEMS)).tolist(),
            "feature_names": [],
            "features": [[]] * ITEMS,
        },
        "segments": SEGMENTS,
        "context": [f"{name}={level}" for name, levels in LEVELS.items() for level in levels],
        "weight": random.uniform(0.5, 2, 6).tolist(),
        "click_model": {"name": "position-based", "examination": [1.0, 0.75, 0.5]},
        "click": part(-1.0, (0.4, 0.6, 0.4)),
        "conversion": part(-0.5, (0.3, 0.4, 0.3)),
        "spend_spread": 0.5,
        "delay": [0.6, 0.4],
        "leaving": {"by_visit": random.normal(-1.5, 0.3, VISITS).tolist(), "clicked": -0.4, "converted": 0.3},
        "days_away": [0.7, 0.2, 0.1],
    }
    check_parameters(content)
    return content


def log_of_world(content, seed, rows, steps):
    """What `rows` shoppers at once do at `steps` random slates, in seconds: visits are a minute or some days apart."""
    world, random = world_of(content), np.random.default_rng(seed)
    simulation = Simulation(world, seed, rows)
    shape = (steps, rows, RANKS)
    item, when = random.random((steps, rows, ITEMS)).argsort(axis=2)[:, :, :RANKS], np.zeros((steps, rows))
    click, conversion = np.zeros(shape, bool), np.zeros(shape, bool)
    revenue, age = np.zeros(shape), np.zeros(shape, int)
    cell, shopper = np.zeros((steps, rows), int), np.zeros((steps, rows), int)
    clock = np.zeros(rows)
    for step in range(steps):
        when[step], cell[step], shopper[step] = clock, simulation.shoppers.cell, simulation.shoppers.identity
        feedback = simulation.show(item[step])
        click[step], conversion[step], revenue[step] = feedback.clicks, feedback.conversions, feedback.revenue
        late = feedback.delayed
        place = (step - late.age, late.row, late.rank)
        conversion[place], age[place], revenue[place] = True, late.age, late.revenue
        gone = feedback.terminated | feedback.truncated
        clock += np.where(gone, 0, 86400.0 * feedback.days_away) + 60
        simulation.restart(gone)
    shown, row, rank = np.nonzero(conversion)
    delay = np.full(shape, np.nan)
    delay[shown, row, rank] = when[np.minimum(shown + age[shown, row, rank], steps - 1), row] - when[shown, row]
    # The log ends for everybody at the same time.
    order = np.argsort(when.ravel(), kind="stable")
    order = order[when.ravel()[order] <= when[-1].min()]
    slates = len(order)

    def spread(values):
        return np.repeat(values.ravel()[order], RANKS)

    def rows_of(values):
        return values.reshape(-1, RANKS)[order].ravel()

    levels = made.CELLS[spread(cell)].T
    ids, shoppers = np.unique(spread(shopper), return_inverse=True)
    return ImpressionLog(
        slate=np.repeat(np.arange(slates), RANKS),
        rank=np.tile(np.arange(RANKS), slates),
        item=rows_of(item),
        ids={"item": np.arange(ITEMS), "shopper": ids, **{name: np.array(each) for name, each in LEVELS.items()}},
        events={"click": rows_of(click), "conversion": rows_of(conversion)},
        time=spread(when),
        shopper=shoppers,
        revenue=rows_of(revenue),
        delay=rows_of(delay),
        context=dict(zip(LEVELS, levels, strict=True)),
    )


def coverage(replications, seed, rows=400, steps=60):
    """The share of parameters inside their intervals, by kind, and its standard error over replications."""
    found = {}
    for replication in range(replications):
        content = drawn_world(np.random.default_rng([seed, replication]))
        log = log_of_world(content, replication, rows, steps)
        ends = fit_log(log, click_model="position-based", segments=Segments.from_json(SEGMENTS)).parameters["intervals"]
        truth = {
            **{f"click {name}": (content["click"][name], ends["click"][name]) for name in content["click"]},
            **{f"conversion {name}": (content["conversion"][name], ends["conversion"][name]) for name in content["conversion"]},
            "examination": (content["click_model"]["examination"][1:], ends["click_model"]["examination"][1:]),
            "price": (content["items"]["price"], ends["price"]),
            "delay": (content["delay"], ends["delay"]),
            "leaving": (content["leaving"]["by_visit"][:-1], ends["leaving"]["by_visit"][:-1]),
            "leaving clicked": (content["leaving"]["clicked"], ends["leaving"]["clicked"]),
            "days away": (content["days_away"], ends["days_away"]),
        }
        for name, (values, intervals) in truth.items():
            inside = list(leaves(values, intervals))
            if inside:
                found.setdefault(name, []).append(np.mean(inside))
    return {name: (np.mean(values), np.std(values) / np.sqrt(max(len(values) - 1, 1))) for name, values in found.items()}


def leaves(value, interval):
    """Whether each number lies inside its interval; where effects of items at levels were not found there are none."""
    if interval is None:
        return
    if isinstance(value, float):
        yield interval[0] <= value <= interval[1]
        return
    for key in value if isinstance(value, dict) else range(len(value)):
        yield from leaves(value[key], interval[key])


def test_a_world_fitted_to_its_own_log_has_its_parameters_inside_the_intervals():
    found = coverage(2, seed=0)
    assert set(found) >= {"click item", "conversion item", "examination", "leaving", "delay", "days away", "price"}
    for name, size in (("click item", 40), ("click item_by_level", 200), ("conversion item", 40), ("price", 40)):
        assert found[name][0] >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / size) - 0.02, name


@pytest.mark.slow
def test_a_world_fitted_to_its_own_log_is_covered_at_the_nominal_level():
    """Within 92.5 and 97.5 %, as intervals of Laplace's approximation are not exact, up to the sampling error of 60 worlds."""
    for name, (mean, error) in coverage(60, seed=1).items():
        assert 0.95 - 4 * max(error, 0.004) - 0.025 <= mean <= 0.95 + 4 * max(error, 0.004) + 0.025, (name, mean, error)
