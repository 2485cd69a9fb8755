"""Clusters of Ray, on 127.0.0.1: jobs and shards there have the results of one process, whatever is killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from slategym.bench.clusters.connection import connected
from slategym.bench.clusters.jobs import ClusterWorkers
from slategym.bench.clusters.shards import shard_actors
from slategym.bench.comparison.compare import plan
from slategym.bench.comparison.metrics import SPEEDS
from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.sharding.run import run_sharded
from slategym.bench.sharding.threads import shard_threads

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
WORLD = "ShopBandit-v0:items=40"


@pytest.fixture(autouse=True)
def _ray(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # As on Windows, Ray then takes 127.0.0.1 for this machine's address; it is read when Ray is first imported.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    pytest.importorskip("ray", reason='Ray is not installed: pip install "slategym[cluster]"')


@contextmanager
def nodes(count, cpus=1):
    """A cluster of several nodes on this machine: `ray.cluster_utils.Cluster` and the connection."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": cpus, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        further = [cluster.add_node(num_cpus=cpus, node_ip_address="127.0.0.1") for _ in range(count - 1)]
        cluster.wait_for_nodes()
        with connected(cluster.address) as ray:
            yield cluster, further, ray
    finally:
        cluster.shutdown()


@dataclass(frozen=True)
class Slow:
    """A job that says where it ran, and takes its time the first time; its result is its number."""

    number: int
    folder: str
    seconds: float = 30.0
    fingerprint: str = "same"
    size = 10
    known = {}  # noqa: RUF012

    @property
    def title(self):
        return f"job {self.number}"

    def run(self, progress, stop, store):
        import ray

        mark = f"{self.folder}/{self.number}-{os.getpid()}-{ray.get_runtime_context().get_node_id()}"
        first = not [name for name in os.listdir(self.folder) if name.startswith(f"{self.number}-")]
        open(mark, "w").close()
        end = time.monotonic() + self.seconds * first
        while time.monotonic() < end and not stop():
            progress(1)
            time.sleep(0.05)
        return self.number


def marks(folder, number, wanted=1):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = [name for name in os.listdir(folder) if name.startswith(f"{number}-")]
        if len(found) >= wanted:
            return found
        time.sleep(0.1)
    raise AssertionError(f"job {number} did not begin")


def metrics_of(results):
    return {
        name: {metric: values for metric, values in agent["seeds"].items() if metric not in SPEEDS}
        for name, agent in results["agents"].items()
    }


def test_two_nodes_equal_one_process(tmp_path):
    planned = plan(WORLD, ["random", "lin-ts"], 4000, 2, references="off", kept=True)
    alone = planned.run(1)
    run = {"shards": 2, "shoppers": 512, "seed": 1}
    whole = run_sharded(WORLD, "lin-ts", 5120, **run, start=shard_threads)
    store = RunStore(tmp_path / "runs")
    store.prepare()
    with nodes(2) as (_, _, ray):
        spread = planned.run(ClusterWorkers(ray), store=store)
        parts = run_sharded(WORLD, "lin-ts", 5120, **run, start=shard_actors(ray))
    assert spread["status"] == "finished"
    assert metrics_of(spread) == metrics_of(alone)
    assert len(list((tmp_path / "runs").glob("*.run"))) == 4  # finished work is kept
    kept = run_jobs(planned.runs, 1, store=store, stop=lambda: True)
    assert all(trace is not None for trace in kept)
    np.testing.assert_array_equal(whole.trace.objectives, parts.trace.objectives)
    np.testing.assert_array_equal(whole.trace.impressions, parts.trace.impressions)


def test_killed_worker_and_node(tmp_path):
    """A worker and then a node that is killed while it runs a job: the job is done again; so with shards."""
    run = {"shards": 2, "shoppers": 512, "seed": 1}
    whole = run_sharded(WORLD, "lin-ts", 5120, **run, start=shard_threads)
    with nodes(3) as (cluster, further, ray):
        killed = []

        def stop():  # asked several times a second
            if len(killed) == 0:
                found = [name for number in range(2) for name in os.listdir(tmp_path) if name.startswith(f"{number}-")]
                if found:
                    killed.append(found[0])
                    os.kill(int(found[0].split("-")[1]), signal.SIGKILL)
            elif len(killed) == 1:
                ids = [node.node_id for node in further]
                there = [name for name in os.listdir(tmp_path) if name.split("-")[2] in ids and name != killed[0]]
                if there:
                    killed.append(there[0])
                    cluster.remove_node(further[ids.index(there[0].split("-")[2])], allow_graceful=False)
            return False

        jobs = [Slow(number, str(tmp_path), 8.0) for number in range(4)]
        assert run_jobs(jobs, ClusterWorkers(ray), stop=stop) == [0, 1, 2, 3]
        assert len(killed) == 2
        again = {name.split("-")[0] for name in killed}
        for number in again:
            assert len(marks(tmp_path, number)) >= 2  # done again

        actors = []
        start = shard_actors(ray)

        @contextmanager
        def watched(setup):
            with start(setup) as channels:
                actors.append(channels[1].actor)
                yield channels

        steps = iter(range(10_000))

        def kill():
            if next(steps) == 3:
                ray.kill(actors[0])
            return False

        parts = run_sharded(WORLD, "lin-ts", 5120, **run, start=watched, stop=kill)
    assert parts.costs.restarts == 1
    np.testing.assert_array_equal(whole.trace.objectives, parts.trace.objectives)


@pytest.mark.slow
def test_jobs_that_kill_their_worker_fail_alone(tmp_path):
    with connected("local", 2) as ray:
        results = run_jobs([Fatal(0), Slow(1, str(tmp_path), 0.0)], ClusterWorkers(ray))
    assert isinstance(results[0], Failure)
    assert "was lost 3 times" in results[0].error
    assert results[1] == 1


@dataclass(frozen=True)
class Fatal(Slow):
    """A job that ends its process."""

    folder: str = ""

    def run(self, progress, stop, store):
        os._exit(1)
