"""Runs in shards: the same for any number of them."""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from slategym.agents.base import Agent, Decision
from slategym.agents.known import AGENTS
from slategym.bench import read_log, run
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.sharding.channels import ShardLostError, shard_processes
from slategym.bench.sharding.joining import join_logs
from slategym.bench.sharding.run import ShardError, run_sharded
from slategym.bench.sharding.setup import Kept, Setup, block_rows, blocks_of, check_shards
from slategym.bench.sharding.threads import ShardThread, shard_threads
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SHOPPERS, STEPS = 700, 12
SUMMED = [  # the first four cover what is added up
    "popularity",
    "bandit:beta-ts",
    "lin-ucb",
    "lin-ts:halflife=5000,restarts=true",
    "epsilon-greedy",
    "bandit:ucb1:window=4000",
    "bandit:kl-ucb:restarts=true",
    "ranking:cascade-kl-ucb",
    "lin-ts:form=disjoint",
    "lin-epsilon-greedy:window=4000",
    "ranking:cascade-lin-ucb",
    "ranking:ranked-ucb1",
    "ranking:pbm-ts",
]


@pytest.fixture(scope="module")
def world():
    """With delayed conversions, and an objective besides clicks and conversions."""
    return make_world("Shop-v0", items=40, slate_size=3, visits=6, objectives=("click", "conversion", "profit"))


def sharded(world, agent, shards, **options):
    settings = {"shoppers": SHOPPERS, "seed": 3, "start": shard_threads, **options}
    return run_sharded(world, agent, settings["shoppers"] * STEPS, shards=shards, **settings)


def same(one, other):
    for name in ("slates", "evaluated", "impressions"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("objectives", "expected", "best"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)
    for name in ("start", "shopper", "length", "objectives", "left"):
        np.testing.assert_array_equal(getattr(one.episodes, name), getattr(other.episodes, name))


def world_observations(world):
    return np.random.default_rng(0).random((50, world.layout.size), dtype=np.float32)


class Nearest(Agent):
    """A fixed policy without random numbers: the items that the context likes best."""

    name = "nearest"

    def choose(self, observation, allowed=None):
        scores = observation[:, self.problem.layout["context"]][:, :3] @ self.problem.features[:, :3].T
        slate = self.best_of(scores, observation, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))


@pytest.mark.parametrize("agent", [Nearest, "oracle"])
def test_fixed_policy_without_random_numbers_is_that_of_one_run(world, agent):
    whole = run(world, agent, SHOPPERS * STEPS, 3, shoppers=SHOPPERS)
    for shards in (1, 3):
        same(whole, sharded(world, agent, shards).trace)


@pytest.mark.parametrize("agent", ["random", *SUMMED[:4], *(pytest.param(each, marks=pytest.mark.slow) for each in SUMMED[4:])])
def test_any_number_of_shards(world, agent):
    one, three = sharded(world, agent, 1), sharded(world, agent, 3)
    same(one.trace, three.trace)  # the same slates
    np.testing.assert_allclose(one.agent.value, three.agent.value, rtol=1e-12)
    observation = world_observations(world)
    if agent != "random":
        np.testing.assert_allclose(one.agent.scores(observation), three.agent.scores(observation), rtol=1e-5, atol=1e-7)
    assert three.agent.slates == SHOPPERS * STEPS


def test_sums_of_a_linear_agent_are_equal_up_to_rounding(world):
    one, three = (sharded(world, "lin-ts", shards).agent.model.memory.total() for shards in (1, 3))
    for name in one.summed:
        np.testing.assert_allclose(getattr(one, name), getattr(three, name), rtol=1e-12, atol=1e-9)
    assert one.gram[0, 0, 0] == SHOPPERS * STEPS


@pytest.mark.slow
def test_policy_gradient_is_equal_up_to_the_order_of_a_sum(world):
    one, three = (sharded(world, "policy-gradient:batch_size=100", shards) for shards in (1, 3))
    np.testing.assert_allclose(one.trace.objectives, three.trace.objectives, rtol=1e-12)  # no draw was so close
    np.testing.assert_allclose(one.agent.baseline, three.agent.baseline, rtol=1e-9)
    observation = world_observations(world)
    # Adam steps along gradients of rounding errors too, where shifted scores make the same policy.
    slate = one.agent.best(observation)
    chances = [run.agent.propensities(observation, slate) for run in (one, three)]
    assert chances[0].mean() > 1.2 / 40  # it has learned something
    np.testing.assert_allclose(*chances, rtol=0.01)


@pytest.mark.parametrize("scalarizer", ["nash", "lagrangian:click>=0.2,maximize=profit"])
def test_scalarizers_go_by_all_shoppers(world, scalarizer):
    one, three = (sharded(world, "popularity", shards, scalarizer=scalarizer) for shards in (1, 3))
    same(one.trace, three.trace)
    np.testing.assert_allclose(one.trace.weights, three.trace.weights, rtol=1e-9)


def logged(world, agent, shards, folder, **options):
    """The bytes of the joined log, by name."""
    kept = Kept(folder, {"seed": 3}, fingerprint="one")
    run = sharded(world, agent, shards, kept=kept, **options)
    writer = LogWriter(folder / "log", world, kept.config)
    join_logs([kept.log(index, shards) for index in range(shards)], writer, "finished")
    return {path.name: path.read_bytes() for path in (folder / "log").iterdir()}, run


def test_log_is_the_same_byte_for_byte(world, tmp_path):
    whole, _ = logged(world, "random", 1, tmp_path / "one")
    parts, _ = logged(world, "random", 3, tmp_path / "three")
    assert whole == parts
    writer = LogWriter(tmp_path / "plain", world, {"seed": 3})
    with writer:
        run(world, Nearest, SHOPPERS * STEPS, 3, shoppers=SHOPPERS, log=writer)
    fixed, _ = logged(world, Nearest, 2, tmp_path / "fixed")
    assert fixed == {path.name: path.read_bytes() for path in (tmp_path / "plain").iterdir()}
    log = read_log(tmp_path / "three" / "log")
    np.testing.assert_array_equal(log["row"], np.tile(np.arange(SHOPPERS), STEPS))


def test_lost_shards_change_no_number(world, tmp_path, monkeypatch):
    """Shards that die at some moments, with checkpoints at every step and without any."""
    whole, run = logged(world, "lin-ts", 2, tmp_path / "whole")
    said = iter([None] * 30 + ["lost"] + [None] * 40 + ["lost"] + [None] * 10_000)
    receive = ShardThread.receive

    def fail(shard):
        message = receive(shard)
        if next(said):
            raise ShardLostError("gone")
        return message

    monkeypatch.setattr(ShardThread, "receive", fail)
    killed, again = logged(world, "lin-ts", 2, tmp_path / "killed", checkpoint_every=0)
    assert again.costs.restarts == 2
    assert again.costs.steps < 2 * STEPS  # it went on from checkpoints
    assert whole == killed
    same(run.trace, again.trace)


def test_stopped_run_goes_on(world, tmp_path):
    whole, _ = logged(world, "lin-ts", 2, tmp_path / "whole")
    kept = Kept(tmp_path / "stopped", {"seed": 3}, fingerprint="one")
    done = iter(range(100))
    first = sharded(world, "lin-ts", 2, kept=kept, stop=lambda: next(done) == 4)
    assert first.trace.slates.sum() == 5 * SHOPPERS
    assert not first.trace.finished
    parts, second = logged(world, "lin-ts", 2, tmp_path / "stopped")
    assert parts == whole
    assert second.costs.steps == STEPS - 5


def test_no_process_holds_all_shoppers(world, monkeypatch):
    sizes = []
    begin = Simulation.__init__

    def note(simulation, world, seed, rows=1, **options):
        begin(simulation, world, seed, rows, **options)
        sizes.append(len(simulation))

    monkeypatch.setattr(Simulation, "__init__", note)
    sharded(world, "popularity", 3)
    assert sorted(sizes) == [SHOPPERS - 512, 256, 256]


@pytest.mark.slow
def test_killed_process_changes_no_number(world):
    whole = sharded(world, "lin-ts", 2)
    killed = []

    @contextmanager
    def start(setup):
        with shard_processes(setup) as channels:
            if not killed:
                killed.append(channels[1])
            yield channels

    def stop():  # asked at each step
        if len(killed) == 1:
            os.kill(killed[0].pid, signal.SIGKILL)
            killed.append(None)
        return False

    again = sharded(world, "lin-ts", 2, start=start, stop=stop)
    assert again.costs.restarts == 1
    same(whole.trace, again.trace)


@pytest.mark.parametrize("agent", ["logistic-ts", "policy-gradient:returns=n-step", "lookahead:lin-ts", "bandit:exp3"])
def test_agents_that_learn_otherwise_are_refused(world, agent):
    names = re.escape(", ".join(name for name, spec in AGENTS.items() if spec.in_shards))
    with pytest.raises(ShardError, match=f"cannot learn in shards .*{names}"):
        sharded(world, agent, 2)


@pytest.mark.parametrize(
    ("shoppers", "rows", "most"), [(1, 256, 1), (700, 256, 3), (1024, 512, 2), (4096, 1024, 4), (65_537, 4096, 17)]
)
def test_blocks_follow_from_the_shoppers(shoppers, rows, most):
    assert (block_rows(shoppers), blocks_of(shoppers)) == (rows, most)
    for shards in range(1, most + 1):
        parts = [Setup(None, "random", shoppers, 0, shoppers, shards, (), None, None, "off", True).rows(n) for n in range(shards)]
        assert [row for part in parts for row in part] == list(range(shoppers))
        assert all(part.start % rows == 0 for part in parts)


def test_shards_are_whole_blocks():
    with pytest.raises(ValueError, match="expected at most 3, as each has 256 shoppers"):
        check_shards(7000, 700, 4)
    with pytest.raises(ValueError, match="expected a multiple of the shoppers, such as 7,000"):
        check_shards(7100, 700, 2)
