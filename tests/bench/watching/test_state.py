"""What a page of a run is told: read on as the files grow, summed up by line, and of nothing that is another run's."""

import json
import os
import time

import numpy as np
import pytest

from slategym.bench import run
from slategym.bench.tracking.tracker import Tracking
from slategym.bench.watching.goal import front_towards
from slategym.bench.watching.state import State
from slategym.bench.watching.tracks import Tracks
from slategym.sim.worlds import make_world

CONFIG = {"world": "W", "agent": "lin-ts", "plurals": {"click": "clicks", "conversion": "conversions"}}


def tracked(folder, name, steps=(), status=None, **config):
    tracker = Tracking("csv", folder)(name)
    tracker.on_start({**CONFIG, **config})
    for step, value in steps:
        tracker.on_step(step, {"value_per_slate": value, "clicks_per_slate": 2 * value, "weight_of_click": 0.5})
    if status:
        tracker.on_finish({"status": status})
    return tracker


def test_files_are_read_on_as_they_grow(tmp_path):
    tracks = Tracks(tmp_path)
    assert tracks.read() == []
    tracker = tracked(tmp_path, "lin-ts seed 0", [(10, 1.0)])
    (first,) = tracks.read()
    assert first.metrics["value_per_slate"] == {10: 1.0}
    tracker.on_step(20, {"value_per_slate": 3.0})
    with (tmp_path / "lin-ts-seed-0.csv").open("a") as file:
        file.write("30,value_per_sl")  # half a line, as a writer may have got
    (second,) = tracks.read()
    assert second.metrics["value_per_slate"] == {10: 1.0, 20: 3.0}
    with (tmp_path / "lin-ts-seed-0.csv").open("a") as file:
        file.write("ate,4.0\n")
    tracker.on_finish({"status": "finished"})
    (third,) = tracks.read()
    assert third.metrics["value_per_slate"] == {10: 1.0, 20: 3.0, 30: 4.0}
    assert third.results == {"status": "finished"}


def test_a_run_that_begins_anew_is_read_from_its_start(tmp_path):
    tracks = Tracks(tmp_path)
    tracked(tmp_path, "lin-ts seed 0", [(10, 1.0), (20, 2.0)], "interrupted")
    tracks.read()
    tracked(tmp_path, "lin-ts seed 0", [(10, 5.0)])
    (track,) = tracks.read()
    assert (track.metrics["value_per_slate"], track.results) == ({10: 5.0}, None)


@pytest.mark.parametrize("same", [False, True])
def test_tracks_from_before_count_if_they_are_of_the_same_command(tmp_path, same):
    tracked(tmp_path, "lin-ts seed 0", [(10, 1.0)])
    long_ago = time.time() - 100
    os.utime(tmp_path / "lin-ts-seed-0.json", (long_ago, long_ago))
    state = State("what", Tracks(tmp_path, time.time(), same), 100)
    found = [line["runs"] for line in state.read()["lines"]]
    assert found == ([{"interrupted": 1}] if same else [])
    tracked(tmp_path, "lin-ts seed 0", [(10, 1.0)])
    assert [line["runs"] for line in state.read()["lines"]] == [{"in progress": 1}]


def test_files_of_others_and_broken_ones_are_left_out(tmp_path):
    (tmp_path / "broken.json").write_text('{"name": "lin-ts se')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "bare.json").write_text('{"name": "lin-ts seed 0", "config": {}, "results": null}')
    tracked(tmp_path, "what", agent="lin-ts")  # the whole, which is no run
    assert State("what", Tracks(tmp_path), 100).read()["lines"] == []


def test_lines_are_means_of_their_runs(tmp_path):
    tracked(tmp_path, "lin-ts seed 0", [(10, 1.0), (20, 2.0)], "finished")
    tracked(tmp_path, "lin-ts seed 1", [(10, 3.0)])
    tracked(tmp_path, "lin-ts:alpha=2 nash seed 0", [(10, 7.0)], "failed")
    tracked(tmp_path, "V random seed 0", [(10, 9.0)], world="V", agent="random")
    state = State("what", Tracks(tmp_path), 100, {"W": [[0, 1], [1, 0]]})
    found = state.read()
    assert (found["worlds"], found["world"], found["metric"]) == (["V", "W"], "V", "value_per_slate")
    found = state.read("W", "clicks_per_slate")
    assert (found["world"], found["metric"], found["front"]) == ("W", "clicks_per_slate", [[0, 1], [1, 0]])
    assert found["metrics"] == ["value_per_slate", "clicks_per_slate"]
    line, other = sorted(found["lines"], key=lambda line: line["name"])
    assert (line["name"], line["agent"], line["slates"]) == ("lin-ts", "lin-ts", [10, 20])
    assert line["runs"] == {"finished": 1, "in progress": 1}
    assert line["values"] == [4.0, 4.0]
    assert line["earned"] == [[4.0, 4.0], [None, None]]
    assert line["weights"] == [[0.5, 0.5], [None, None]]
    assert (other["name"], other["runs"]) == ("lin-ts:alpha=2 nash", {"failed": 1})
    assert [line["name"] for line in state.read("V")["lines"]] == ["random"]
    assert state.read("none of these", "nor this")["metric"] == "value_per_slate"
    json.dumps(found, allow_nan=False)


def test_its_numbers_are_those_of_the_run(tmp_path):
    world = make_world("Shop-v0", items=12, categories=3, slate_size=2, visits=3)
    trace = run(world, "lin-ts", 2000, shoppers=20, exact="off", track=Tracking("csv", tmp_path)("lin-ts seed 0"))
    (line,) = State("what", Tracks(tmp_path), 2000).read()["lines"]
    np.testing.assert_allclose(line["earned"][1], trace.objectives.reshape(100, 1, 2)[:, 0, 1], rtol=1e-5)
    np.testing.assert_allclose(line["weights"], [[1 / 11] * 100, [10 / 11] * 100], rtol=1e-5)


def test_progress_is_told_on_and_gives_the_time_left(tmp_path):
    now, shown, runs = [0.0], [], []

    class Kept:
        def __call__(self, slates):
            shown.append(slates)

        def runs(self, done, total, at_work):
            runs.append((done, total, *at_work))

    state = State("what", Tracks(tmp_path), 1000, clock=lambda: now[0])
    progress = state.following(Kept())
    now[0] = 5.0
    progress(100)  # had been shown before
    now[0] = 15.0
    progress(300)
    progress.runs(3, 10, ["lin-ts seed 0"])
    found = state.read()
    assert (found["slates_per_second"], found["seconds_left"], found["seconds"]) == (20, 35, 10.0)
    assert (found["done"], found["runs"], found["at_work"], found["status"]) == (3, 10, ["lin-ts seed 0"], "running")
    assert (shown, runs) == ([100, 300], [(3, 10, "lin-ts seed 0")])
    state.end("finished", "report.html")
    now[0] = 99.0
    found = state.read()
    assert (found["status"], found["page"], found["seconds"], found["seconds_left"]) == ("finished", "report.html", 10.0, None)


def test_the_front_is_exact_or_none():
    world = make_world("ShopBandit-v0", items=20, categories=4)
    found = np.array(front_towards(world))
    assert (np.diff(found[:, 0]) > 0).all()
    assert (np.diff(found[:, 1]) < 0).all()
    assert front_towards(make_world("RecoGym-v1")) is None  # one objective
    assert front_towards(make_world("ShopBandit-v0", items=20, categories=4, objectives="click,conversion,revenue")) is None
    assert front_towards(make_world("ShopBandit-v0", items=20, categories=4, candidates=5)) is not None
