"""Parts of a log: in the order of time, with the answers that agents got, and without any of a later part."""

import numpy as np
import pytest
from tests.bench.prediction.logged import logged

from slategym.agents.base import Problem
from slategym.agents.predictors.fit import conversions_of
from slategym.bench.prediction.parts import slates_of, split

SHOP = {"items": 12, "categories": 3, "slate_size": 2, "visits": 6}


@pytest.fixture(scope="module", params=[None, 6])
def made(request, tmp_path_factory):
    return logged(tmp_path_factory.mktemp("log"), "Shop-v0", 2000, 50, candidates=request.param, **SHOP)


def test_steps_are_those_of_the_run(made):
    log, world, seen = made
    parts = split(log, Problem.of(world), world.visits)
    late = world.user_model.longest_delay
    assert late > 0
    steps = [*parts.train, *parts.validation, *parts.test]
    assert len(steps) == len(seen) - late == parts.ends[-1]
    for number, ((observation, decision, feedback), (saw, decided, got)) in enumerate(zip(steps, seen, strict=False)):
        assert (observation == saw).all()
        assert (decision.slate == decided.slate).all()
        assert decision.propensity == pytest.approx(decided.propensity)
        for name in ("clicks", "objectives"):
            assert (getattr(feedback, name) == getattr(got, name)).all(), (number, name)
        # Who leaves at the last visit cannot be told from who would have stayed.
        assert (feedback.terminated | feedback.truncated == got.terminated | got.truncated).all()
        assert (feedback.terminated[feedback.terminated != got.terminated] == 0).all()
        stays = ~(got.terminated | got.truncated)
        assert (feedback.next_observation[stays] == got.next_observation[stays]).all()
        for name in ("row", "age", "rank", "item"):  # conversions come as they came
            assert sorted(getattr(feedback.delayed, name)) == sorted(getattr(got.delayed, name))
        if not any(end - late <= number < end for end in parts.ends):
            assert (feedback.conversions == got.conversions).all()


def test_every_conversion_counts_for_its_impression(made):
    log, world, _ = made
    parts, joined = split(log, Problem.of(world), world.visits), log.join_delayed()
    for part, low, high in zip(("train", "validation", "test"), (0, *parts.ends), parts.ends, strict=False):
        found = np.concatenate(conversions_of(getattr(parts, part)))
        assert (found == joined["conversions"][(joined["step"] >= low) & (joined["step"] < high)]).all()


def test_time_order_and_no_leak(made):
    log, world, _ = made
    parts = split(log, Problem.of(world), world.visits, 0.2, 0.3)
    count = parts.ends[-1]
    assert parts.ends == (count - round(0.2 * count) - round(0.3 * count), count - round(0.3 * count), count)
    assert parts.sizes == {
        "train": 50 * parts.ends[0],
        "validation": 50 * (parts.ends[1] - parts.ends[0]),
        "test": 50 * (count - parts.ends[1]),
    }
    # What comes after the training part, beyond the conversions of its own impressions, changes nothing in it.
    other = dict(log.columns)
    later = log["step"] >= parts.ends[0]
    for name in ("clicks", "observation", "slate"):
        changed = other[name].copy()
        changed[later] = ~changed[later] if name == "clicks" else 0
        other[name] = changed
    again = split(type(log)(log.about, log.status, other, log.rows), Problem.of(world), world.visits, 0.2, 0.3)
    last = len(parts.train) - 1
    for number, (one, two) in enumerate(zip(parts.train, again.train, strict=True)):
        assert (one[0] == two[0]).all()
        assert (one[2].clicks == two[2].clicks).all()
        if number < last:
            assert (one[2].next_observation == two[2].next_observation).all()


def test_refused(made):
    log, world, _ = made
    problem = Problem.of(world)
    columns = {name: column for name, column in log.columns.items() if name != "observation"}
    with pytest.raises(ValueError, match="without --no-log-observations"):
        split(type(log)(log.about, log.status, columns, log.rows), problem, world.visits)
    few = {name: column[:100] for name, column in log.columns.items() if not name.startswith("delayed")}
    few |= {name: column[:0] for name, column in log.columns.items() if name.startswith("delayed")}
    with pytest.raises(ValueError, match="the log has 2 steps, of which the last"):
        split(type(log)(log.about, log.status, few, 100), problem, world.visits)
    with pytest.raises(ValueError, match="expected less than all of it together"):
        split(log, problem, world.visits, 0.5, 0.5)
    assert slates_of(()) == 0
