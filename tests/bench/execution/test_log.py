"""The log: what was written is read, the same run gives the same bytes, and what stands there can be read."""

import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slategym.agents.base import Agent
from slategym.agents.baselines import Random
from slategym.agents.registry import make_agent
from slategym.bench.execution import log_writer as module
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import Insider, run
from slategym.logs.reading import read_log, scan_log
from slategym.sim.worlds import make_world
from slategym.utils.storage.files import WriteError
from slategym.utils.storage.fingerprint import fingerprint


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=10)


class Recorder(Agent):
    """Random, and remembers everything."""

    def __init__(self, inner):
        super().__init__(inner.problem, inner.seed)
        self.inner, self.steps = inner, []

    def choose(self, observation):
        return self.inner.act(observation)

    def learn(self, observation, decision, feedback):
        self.steps.append((decision, feedback))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def recorded(path, world, slates, **options):
    recorders = []

    def maker(simulation, seed, scalarizer):
        recorders.append(Recorder(make_agent("random", simulation, seed, scalarizer)))
        return recorders[0]

    with LogWriter(path, world, {"seed": 1}) as log:
        run(world, Insider(maker), slates, seed=1, log=log, **options)
    return recorders[0].steps, read_log(path)


def test_round_trip(shop, tmp_path):
    steps, log = recorded(tmp_path / "log", shop, 950, shoppers=100)
    assert len(log) == 950  # the last step counts 50 of its rows
    assert log.config == {"seed": 1}
    assert log.status == "finished"
    assert log["step"].tolist() == np.repeat(np.arange(10), 100)[:950].tolist()
    assert log["row"].tolist() == np.tile(np.arange(100), 10)[:950].tolist()
    for name in ("slate", "propensity"):
        np.testing.assert_array_equal(log[name], np.concatenate([getattr(decision, name) for decision, _ in steps])[:950])
    for name in ("clicks", "conversions", "revenue", "objectives"):
        np.testing.assert_array_equal(log[name], np.concatenate([getattr(feedback, name) for _, feedback in steps])[:950])
    assert log["clicks"].any()


def test_who_came(shop, tmp_path):
    _, log = recorded(tmp_path / "log", shop, 3000, shoppers=50)
    row, shopper, visit = (log[name].reshape(-1, 50) for name in ("row", "shopper", "visit"))
    assert (shopper % 2**32 == row).all()
    assert len(np.unique(visit[0])) > 5  # the first shoppers' episodes are cut short
    same = shopper[1:] == shopper[:-1]
    assert (visit[1:] == np.where(same, visit[:-1] + 1, 0)).all()
    assert not same.all()


def test_late_arrivals_name_their_impression(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3)
    _, log = recorded(tmp_path / "log", world, 20_050, shoppers=200)
    at, age, rank, item = (log[name] for name in ("delayed_row", "delayed_age", "delayed_rank", "delayed_item"))
    assert len(at) > 5
    assert (log["slate"][at - 200 * age, rank] == item).all()
    assert (log["clicks"][at - 200 * age, rank]).all()
    assert (log["delayed_revenue"] > 0).all()
    reward = log["conversions"].sum(axis=1) + np.bincount(at, minlength=len(log))
    np.testing.assert_array_equal(log["objectives"][:, 1], reward)


def test_observations_if_asked_for(shop, tmp_path):
    seen = []

    class Watcher(Random):
        def choose(self, observation):
            seen.append(observation.copy())
            return super().choose(observation)

    for name, observations in (("with", True), ("without", False)):
        with LogWriter(tmp_path / name, shop, {}, observations=observations) as log:
            run(shop, Watcher, 950, shoppers=100, log=log)
    assert "observation" not in read_log(tmp_path / "without").columns
    np.testing.assert_array_equal(read_log(tmp_path / "with")["observation"], np.concatenate(seen[:10])[:950])


def test_same_run_same_bytes(shop, tmp_path):
    for name in ("a", "b"):
        with LogWriter(tmp_path / name, shop, {"b": 1, "a": 2} if name == "a" else {"a": 2, "b": 1}) as log:
            run(shop, "popularity", 5000, seed=4, shoppers=300, log=log)
    first, second = (tmp_path / name for name in ("a", "b"))
    assert names_in(first) == names_in(second) == ["log.json", "part-000000.parquet"]
    for name in names_in(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_rows_leave_memory_in_parts(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 300)
    waiting = []
    with LogWriter(tmp_path / "log", shop, {}) as log:
        run(shop, "random", 2000, shoppers=100, log=log, progress=lambda shown: waiting.append(log._rows))
    assert max(waiting) < 300
    assert len(list((tmp_path / "log").glob("part-*"))) == 7
    assert len(read_log(tmp_path / "log")) == 2000


def test_an_error_leaves_a_readable_log(shop, tmp_path):
    path = tmp_path / "log"

    def give_up(shown):
        if shown == 400:
            raise RuntimeError("enough")

    def interrupted():
        with LogWriter(path, shop, {}) as log:
            run(shop, "random", 1000, shoppers=100, log=log, progress=give_up)

    with pytest.raises(RuntimeError, match="enough"):
        interrupted()
    assert read_log(path).status == "interrupted"
    assert len(read_log(path)) == 400
    assert list(tmp_path.iterdir()) == [path]


def test_a_log_of_nothing(shop, tmp_path):
    LogWriter(tmp_path / "log", shop, {}).close("interrupted")
    log = read_log(tmp_path / "log")
    assert len(log) == 0
    assert log["slate"].shape == (0, 3)


def test_other_people_read_it(shop, tmp_path):
    """Lists of a fixed length and without nulls, so pandas, DuckDB and Polars see plain arrays."""
    recorded(tmp_path / "log", shop, 100)
    table = pq.read_table(tmp_path / "log/part-000000.parquet")
    assert table.schema.field("slate").type == pa.list_(pa.field("element", pa.int32(), nullable=False), 3)
    assert sum(column.null_count for column in table.columns) == 0


def test_another_parquet_file_is_refused(tmp_path):
    pq.write_table(pa.table({"step": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="not a log of slategym"):
        read_log(tmp_path / "other.parquet")


def test_a_scan_reads_the_same_in_stretches(shop, tmp_path):
    _, log = recorded(tmp_path / "log", shop, 2350, shoppers=100)
    parts = list(scan_log(tmp_path / "log", rows=1000))
    assert [len(part) for part in parts] == [1000, 1000, 350]
    assert [part.start for part in parts] == [0, 1000, 2000]
    assert {part.status for part in parts} == {"finished"}
    assert parts[0].config == log.config
    for name, whole in log.columns.items():
        joined = np.concatenate([part[name] + part.start if name == "delayed_row" else part[name] for part in parts])
        np.testing.assert_array_equal(joined, whole)


def test_a_scan_of_some_columns(shop, tmp_path):
    _, log = recorded(tmp_path / "log", shop, 2350, shoppers=100)
    parts = list(scan_log(tmp_path / "log", ["clicks", "delayed_item"], rows=2000))
    assert list(parts[0].columns) == ["clicks", "delayed_item", "delayed_row"]
    assert sum(int(part["clicks"].sum()) for part in parts) == log["clicks"].sum()
    (delayed,) = scan_log(tmp_path / "log", ["delayed_revenue"])
    assert len(delayed) == 2350
    with pytest.raises(ValueError, match=r"there is no column in .* 'click'. Did you mean 'clicks'"):
        next(scan_log(tmp_path / "log", ["click"]))
    with pytest.raises(ValueError, match="rows is 0: expected at least 1"):
        next(scan_log(tmp_path / "log", rows=0))


def test_writer_and_scan_hold_no_more_than_two_parts(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 400)
    waiting = []
    flush = LogWriter._flush

    def watched(self):
        waiting.append(self._rows)
        flush(self)
        assert self._waiting == []

    monkeypatch.setattr(LogWriter, "_flush", watched)
    recorded(tmp_path / "log", shop, 4000, shoppers=100)
    assert max(waiting) == 400
    assert [pq.read_metadata(tmp_path / f"log/part-{number:06d}.parquet").num_rows for number in range(10)] == [400] * 10
    before, most = pa.total_allocated_bytes(), 0
    for part in scan_log(tmp_path / "log", ["slate"], rows=100):
        assert len(part) == 100
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 4000 * 3 * 4  # less than the column as a whole


def test_an_error_of_the_disk_is_raised(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 100)

    def full(*arguments, **options):
        raise OSError("no space left")

    log = LogWriter(tmp_path / "log", shop, {})
    run(shop, "random", 100, log=log, shoppers=100)
    log.state()  # waits until the first part is on the disk
    monkeypatch.setattr(module, "write_bytes", full)
    with pytest.raises(WriteError, match="no space left"):
        run(shop, "random", 500, log=log, shoppers=100)
    assert len(read_log(tmp_path / "log")) == 100  # what was complete stays
    assert read_log(tmp_path / "log").status == "running"


def test_with_candidates_the_log_holds_items(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=10, candidates=6)
    seen = []

    class Watcher(Random):
        def choose(self, observation):
            decision = super().choose(observation)
            seen.append(self.problem.shown(observation, decision.slate))
            return decision

    with LogWriter(tmp_path / "log", world, {}) as log:
        run(world, Watcher, 300, log=log, shoppers=100)
    slate = read_log(tmp_path / "log")["slate"]
    np.testing.assert_array_equal(slate, np.concatenate(seen))
    assert slate.max() > 6


KILLED = """
import os, sys
from slategym.bench.execution import log_writer
from slategym.bench.execution.runner import run
from slategym.sim.worlds import make_world
log_writer.ROWS_PER_PART = 300
world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=10)
def progress(shown):
    if shown == 1000:
        log._settle()
        os.kill(os.getpid(), 9)
log = log_writer.LogWriter(sys.argv[1], world, {"seed": 1})
run(world, "random", 5000, seed=1, shoppers=100, log=log, progress=progress)
"""


@pytest.mark.slow
def test_after_a_kill_it_is_read_to_the_last_part(shop, tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "killed")], check=False)
    log = read_log(tmp_path / "killed")
    assert log.status == "running"
    assert len(log) == 900
    with LogWriter(tmp_path / "whole", shop, {"seed": 1}) as writer:
        run(shop, "random", 900, seed=1, shoppers=100, log=writer)
    for name, column in read_log(tmp_path / "whole").columns.items():
        np.testing.assert_array_equal(log[name], column)
    with pytest.raises(ValueError, match=r"contains a log: give another folder, or append=True"):
        LogWriter(tmp_path / "killed", shop, {"seed": 1})


def test_a_log_is_continued(shop, tmp_path):
    for append, seed in ((False, 1), (True, 2)):
        with LogWriter(tmp_path / "log", shop, {"seed": 1}, append=append) as log:
            run(shop, "random", 500, seed=seed, shoppers=100, log=log)
    assert len(read_log(tmp_path / "log")) == 1000
    other = make_world("Shop-v0", items=40, categories=5, slate_size=3, visits=10)
    with pytest.raises(ValueError, match="contains a log of another world"):
        LogWriter(tmp_path / "log", other, {"seed": 1}, append=True)
    with pytest.raises(ValueError, match="contains a log with other columns"):
        LogWriter(tmp_path / "log", shop, {"seed": 1}, observations=False, append=True)
    assert len(read_log(tmp_path / "log")) == 1000


def test_a_writer_goes_back_to_a_state(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 300)
    for name in ("whole", "resumed"):
        writer = LogWriter(tmp_path / name, shop, {})
        run(shop, "random", 700, seed=1, shoppers=100, log=writer)
        if name == "resumed":
            state = writer.state()
            run(shop, "popularity", 900, seed=5, shoppers=100, log=writer)
            writer.restore(state)
        run(shop, "random", 700, seed=2, shoppers=100, log=writer)
        writer.close()
    assert names_in(tmp_path / "whole") == names_in(tmp_path / "resumed")
    for name in names_in(tmp_path / "whole"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes()


def test_missing_and_damaged_parts_are_named(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 300)
    recorded(tmp_path / "log", shop, 1000, shoppers=100)
    second = tmp_path / "log/part-000001.parquet"
    content = second.read_bytes()
    random = np.random.Generator(np.random.Philox(0))
    for place in random.integers(8 * len(content), size=60):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << (place % 8)
        second.write_bytes(flipped)
        try:
            read_log(tmp_path / "log")
        except ValueError as error:
            assert "part-000001.parquet is damaged" in str(error)  # noqa: PT017, a flip in an unused byte of the header may pass
    second.write_bytes(content[:-40])
    with pytest.raises(ValueError, match=r"part-000001.parquet is damaged .*: remove it and the parts after it"):
        read_log(tmp_path / "log")
    second.unlink()
    with pytest.raises(
        ValueError, match=r"lacks part-000001.parquet: restore it, or remove the parts from part-000002.parquet on"
    ):
        read_log(tmp_path / "log")


def test_what_is_no_log_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/log.json").write_text("{}")
    for name, message in (("empty", "contains no log"), ("none", "there is no"), ("other", "is not the index of a log")):
        with pytest.raises(ValueError, match=message):
            read_log(tmp_path / name)


def test_contexts_and_candidates_are_columns(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=10, candidates=6)
    with LogWriter(tmp_path / "log", world, {}) as writer:
        run(world, "random", 300, log=writer, shoppers=100)
    log = read_log(tmp_path / "log")
    assert log["context"].shape == (300, world.layout["context"].stop - world.layout["context"].start)
    assert log["candidates"].dtype == np.int64
    assert (log["candidates"][:, :, None] == log["slate"][:, None]).any(axis=1).all()
    with pytest.raises(ValueError, match=r"there is no column or field of the log 'contexts'. Did you mean 'context'"):
        log["contexts"]


def test_delayed_conversions_are_joined_to_their_impressions(tmp_path):
    options = {"items": 30, "categories": 5, "slate_size": 3, "leave": False, "visits": 200}
    known = {}
    for delayed in (True, False):
        world = make_world("Shop-v0", **options, delay_conversions=delayed, click_model="position-based")
        with LogWriter(tmp_path / str(delayed), world, {}) as writer:
            run(world, "random", 12_000, log=writer, shoppers=200)
        known[delayed] = read_log(tmp_path / str(delayed)).join_delayed()
    # The same shoppers convert at the same impressions, whenever the shop hears of it; the last ones it has not heard of yet.
    heard = slice(0, 12_000 - 200 * 7)
    for name in ("conversions", "revenue"):
        np.testing.assert_array_equal(known[True][name][heard], known[False][name][heard])
    assert (known[True]["delay"][heard] > 0).sum() > 20
    np.testing.assert_array_equal(known[True]["delay"] >= 0, known[True]["conversions"])
    with pytest.raises(ValueError, match="was read without step, row"):
        read_log(tmp_path / "True", ["conversions"]).join_delayed()


def test_the_world_of_a_log(tmp_path, recwarn):
    options = {"items": 30, "slate_size": 3, "categories": 5, "click_model": "cascade", "objectives": ["click", "profit"]}
    world = make_world("Shop-v0", **options)
    LogWriter(tmp_path / "log", world, {"world": "Shop-v0", "options": options}).close()
    again = read_log(tmp_path / "log").world()
    assert fingerprint(again) == fingerprint(world)
    assert not recwarn.list
    LogWriter(tmp_path / "changed", world, {"world": "Shop-v0", "options": {}}).close()
    with pytest.warns(UserWarning, match="Shop-v0 has changed since the log was written"):
        read_log(tmp_path / "changed").world()
    LogWriter(tmp_path / "none", world, {}).close()
    with pytest.raises(ValueError, match="does not name its world"):
        read_log(tmp_path / "none").world()
    for config in ({"world": "os:getcwd"}, {"world": "Shop-v0", "options": {"user_model": "os:getcwd"}}):
        LogWriter(tmp_path / "code", world, config, append=(tmp_path / "code").exists()).close()
        with pytest.raises(ValueError, match=r"needs os:getcwd, which runs code: use world\(trust=True\)"):
            read_log(tmp_path / "code").world()


def test_a_slow_disk_slows_the_run_and_nothing_else(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_PART", 300)
    recorded(tmp_path / "fast", shop, 2000, shoppers=100)
    write = module.write_bytes

    monkeypatch.setattr(module, "write_bytes", lambda path, content: (time.sleep(0.05), write(path, content)))
    recorded(tmp_path / "slow", shop, 2000, shoppers=100)
    for name in names_in(tmp_path / "fast"):
        assert (tmp_path / "fast" / name).read_bytes() == (tmp_path / "slow" / name).read_bytes()
