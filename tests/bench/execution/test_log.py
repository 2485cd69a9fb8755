"""The log: what was written is read, the same run gives the same bytes, and what stands there can be read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slategym.agents.base import Agent
from slategym.agents.baselines import Random
from slategym.agents.registry import make_agent
from slategym.bench.execution import log as module
from slategym.bench.execution.log import LogWriter, read_log, scan_log
from slategym.bench.execution.runner import Insider, run
from slategym.sim.worlds import make_world


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


def recorded(path, world, slates, **options):
    recorders = []

    def maker(simulation, seed, scalarizer):
        recorders.append(Recorder(make_agent("random", simulation, seed, scalarizer)))
        return recorders[0]

    with LogWriter(path, world, {"seed": 1}) as log:
        run(world, Insider(maker), slates, seed=1, log=log, **options)
    return recorders[0].steps, read_log(path)


def test_round_trip(shop, tmp_path):
    steps, log = recorded(tmp_path / "log.parquet", shop, 950, shoppers=100)
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
    _, log = recorded(tmp_path / "log.parquet", shop, 3000, shoppers=50)
    row, shopper, visit = (log[name].reshape(-1, 50) for name in ("row", "shopper", "visit"))
    assert (shopper % 2**32 == row).all()
    assert (visit[0] == 0).all()
    same = shopper[1:] == shopper[:-1]
    assert (visit[1:] == np.where(same, visit[:-1] + 1, 0)).all()
    assert not same.all()


def test_late_arrivals_name_their_impression(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3)
    _, log = recorded(tmp_path / "log.parquet", world, 20_050, shoppers=200)
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
    assert first.read_bytes() == second.read_bytes()


def test_rows_leave_memory_in_groups(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 300)
    waiting = []
    with LogWriter(tmp_path / "log", shop, {}) as log:
        run(shop, "random", 2000, shoppers=100, log=log, progress=lambda shown: waiting.append(log._rows))
    assert max(waiting) < 300
    assert pq.ParquetFile(tmp_path / "log").metadata.num_row_groups == 7
    assert len(read_log(tmp_path / "log")) == 2000


def test_an_error_leaves_a_readable_log(shop, tmp_path):
    path = tmp_path / "log.parquet"

    def give_up(shown):
        assert not path.exists()  # not before it can be read
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
    recorded(tmp_path / "log.parquet", shop, 100)
    table = pq.read_table(tmp_path / "log.parquet")
    assert table.schema.field("slate").type == pa.list_(pa.field("element", pa.int32(), nullable=False), 3)
    assert sum(column.null_count for column in table.columns) == 0


def test_another_parquet_file_is_refused(tmp_path):
    pq.write_table(pa.table({"step": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="not a log of slategym"):
        read_log(tmp_path / "other.parquet")


def test_a_scan_reads_the_same_in_stretches(shop, tmp_path):
    _, log = recorded(tmp_path / "log.parquet", shop, 2350, shoppers=100)
    parts = list(scan_log(tmp_path / "log.parquet", rows=1000))
    assert [len(part) for part in parts] == [1000, 1000, 350]
    assert [part.start for part in parts] == [0, 1000, 2000]
    assert {part.status for part in parts} == {"finished"}
    assert parts[0].config == log.config
    for name, whole in log.columns.items():
        joined = np.concatenate([part[name] + part.start if name == "delayed_row" else part[name] for part in parts])
        np.testing.assert_array_equal(joined, whole)


def test_a_scan_of_some_columns(shop, tmp_path):
    _, log = recorded(tmp_path / "log.parquet", shop, 2350, shoppers=100)
    parts = list(scan_log(tmp_path / "log.parquet", ["clicks", "delayed_item"], rows=2000))
    assert list(parts[0].columns) == ["clicks", "delayed_item", "delayed_row"]
    assert sum(int(part["clicks"].sum()) for part in parts) == log["clicks"].sum()
    (delayed,) = scan_log(tmp_path / "log.parquet", ["delayed_revenue"])
    assert len(delayed) == 2350
    with pytest.raises(ValueError, match=r"there is no column in .* 'click'. Did you mean 'clicks'"):
        next(scan_log(tmp_path / "log.parquet", ["click"]))
    with pytest.raises(ValueError, match="rows is 0: expected at least 1"):
        next(scan_log(tmp_path / "log.parquet", rows=0))


def test_writer_and_scan_hold_no_more_than_two_groups(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 400)
    waiting = []
    flush = LogWriter._flush

    def watched(self):
        waiting.append(self._rows)
        flush(self)
        assert self._waiting == []

    monkeypatch.setattr(LogWriter, "_flush", watched)
    recorded(tmp_path / "log.parquet", shop, 4000, shoppers=100)
    assert max(waiting) == 400
    with pq.ParquetFile(tmp_path / "log.parquet") as file:
        assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [400] * 10
    before, most = pa.total_allocated_bytes(), 0
    for part in scan_log(tmp_path / "log.parquet", ["slate"], rows=100):
        assert len(part) == 100
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 4000 * 3 * 4  # less than the column as a whole


def test_an_error_of_the_disk_is_raised(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 100)

    def full(*arguments, **options):
        raise OSError("no space left")

    log = LogWriter(tmp_path / "log.parquet", shop, {})
    log._writer.write_table = full
    with pytest.raises(OSError, match="no space left"):
        run(shop, "random", 500, log=log, shoppers=100)
    assert not (tmp_path / "log.parquet").exists()


def test_with_candidates_the_log_holds_items(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=10, candidates=6)
    seen = []

    class Watcher(Random):
        def choose(self, observation):
            decision = super().choose(observation)
            seen.append(self.problem.shown(observation, decision.slate))
            return decision

    with LogWriter(tmp_path / "log.parquet", world, {}) as log:
        run(world, Watcher, 300, log=log, shoppers=100)
    slate = read_log(tmp_path / "log.parquet")["slate"]
    np.testing.assert_array_equal(slate, np.concatenate(seen))
    assert slate.max() > 6
