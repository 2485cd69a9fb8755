"""Plans an online test of two agents: how large it must be, and which differences its designs would find, with the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from slategym.agents.registry import agent_identity
from slategym.bench.comparison.results import configuration
from slategym.bench.execution.agent_job import AgentJob, fingerprinted
from slategym.bench.execution.runner import Insider, check_steps
from slategym.bench.experiments.arms import DESIGNS, Design, maker, pool_of
from slategym.bench.experiments.design import Pool, plan_of
from slategym.bench.jobs.failures import as_entries, failures, status_of, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.statistics import Estimate, as_json
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import SeedCount, ShopperCount, SlateCount
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import fingerprint

Floats = NDArray[np.float64]
WHOLE: tuple[Design, Design] = ("all-a", "all-b")
WINDOW = 5  # days of a turn


@dataclass(frozen=True, repr=False)
class ArmsRun(Brief):
    """The result of one run of a design, from the second half of the run.

    Attributes:
        per_slate: (2, 1 + M) the value and the objectives per slate of each agent.
        totals: (e, M) the objectives of the whole episodes that began in this half.
        visits: (e,) their numbers of visits.
        squares: (1 + M,) mean squares of a slate's value and objectives, for the agent that showed most slates.
    """

    per_slate: Floats
    totals: Floats
    visits: NDArray[np.int64]
    squares: Floats


@dataclass(frozen=True, repr=False, kw_only=True)
class ArmsJob(AgentJob):
    """One run of a design with a seed.

    Attributes:
        agents: the names of the two agents.
        design: see `Arms`.
        share: see `Arms`.
        window: see `Arms`.
    """

    agents: tuple[str, str]
    design: Design
    share: float
    window: int

    @property
    def title(self) -> str:
        """The design and the seed."""
        return f"{self.design} seed {self.seed}"

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> ArmsRun | None:
        """The result, or None if the run was stopped early."""
        steps = -(-self.slates // min(self.shoppers, self.slates))
        start = steps // 2
        make, made = maker(agents=self.agents, design=self.design, share=self.share, window=self.window, start=start)
        trace = self.trace(Insider(cast("Any", make)), progress, stop, exact="off", store=store)
        if trace is None or trace.episodes is None:
            return None
        late = trace.episodes.start >= start
        arms, most = made[0], int(made[0].slates.argmax())
        return ArmsRun(arms.per_slate(), trace.episodes.objectives[late], trace.episodes.length[late], arms.mean_squares(most))


@dataclass(frozen=True, repr=False)
class Experiment(Brief):
    """An experiment that is ready to run.

    Attributes:
        config: the configuration.
        runs: the runs, one for each design and seed.
    """

    config: dict[str, Any]
    runs: tuple[ArmsJob, ...]

    @property
    def size(self) -> int:
        """The number of slates of all runs."""
        return sum(job.size for job in self.runs)

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Run everything that is not yet in the store, and summarise the results.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.

        Returns:
            JSON values.

            - `plan`: for the value and each objective, see `design.plan_of`.
            - `truth`: for each, the relative difference (B - A) / A per slate if each agent has all shoppers, an estimate over
              seeds.
            - `designs`: the same difference as measured in each design.
            - `config`, `status`, `runs`, `failed`, `notes`: as in `compare`.
        """
        done = run_jobs(self.runs, processes, progress, stop, store)
        found = {(job.design, job.seed): run for job, run in zip(self.runs, done, strict=True) if isinstance(run, ArmsRun)}
        seeds = [seed for seed in self.config["seeds"] if all((design, seed) in found for design in (*WHOLE, *DESIGNS))]
        failed = failures(done)
        config, weights = self.config, np.asarray(self.config["weights"], np.float64)
        names = {"value": "value", **config["plurals"]}
        result: dict[str, Any] = {
            "config": config,
            "status": status_of(len(found), len(self.runs), failed),
            "runs": {"finished": len(found), "asked": len(self.runs)},
            "failed": as_entries(failed),
            "plan": {},
            "truth": {},
            "designs": {},
            "notes": _notes(config, len(seeds)),
        }
        if seeds:
            pools = [_pool([found[design, seed] for seed in seeds], weights) for design in WHOLE]
            test = (config["share"], config["detect"], config["power"], config["per_day"], config["visits"])
            result["plan"] = plan_of(pools[0], pools[1], names, *test)
            result["truth"] = _differences(
                [(found["all-a", seed].per_slate[0], found["all-b", seed].per_slate[1]) for seed in seeds], names
            )
            for design in DESIGNS:
                pairs = [tuple(found[design, seed].per_slate) for seed in seeds]
                result["designs"][design] = _differences(pairs, names)
        return tell_failures(dict(as_json(result)))


@checked
def plan_experiment(
    world: World | str,
    agents: tuple[str, str],
    *,
    slates: SlateCount = 200_000,
    seeds: SeedCount = 5,
    shoppers: ShopperCount = 1000,
    share: float = 0.5,
    detect: float = 0.02,
    power: float = 0.8,
    per_day: ShopperCount = 1000,
    options: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> Experiment:
    """Plan an online test of two agents; `run` computes the plan and checks it by simulation.

    Each agent runs alone with all shoppers, which gives the truth and the variance between shoppers. Then both run together in
    one shop, in the designs of `arms.DESIGNS`. Only the second half of each run counts.

    Args:
        world: a world or its name; a visit represents a day.
        agents: the names of the agent that is in use, A, and of the new agent, B.
        slates: the number of slates of each run.
        seeds: the number of seeds; all designs run with each.
        shoppers: see `run`.
        share: the share of the shoppers who are assigned to B.
        detect: the difference to detect, as a share of A's mean.
        power: the probability of detecting it.
        per_day: the number of new shoppers per day.
        options: the world's options, if it is given by name.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: an argument is out of its range, or there is no such world or agent.
    """
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    if world.comes_and_goes:
        raise ValueError(f"{world.name} launches or retires items: an experiment needs a world whose items stay the same")
    for name, value in (("share", share), ("detect", detect), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value}: expected a number above 0 and below 1")
    if "oracle" in agents:
        raise ValueError("the oracle sees the whole shop, not only one arm: expected agents that choose by observations")
    check_steps(slates, shoppers)
    steps = -(-slates // shoppers)
    if steps < 4 * world.visits:
        raise ValueError(
            f"slates is {slates:,}, which is {steps} steps: expected at least {4 * world.visits * shoppers:,}, for four episodes "
            f"of {world.visits} visits, because only the second half of a run counts"
        )
    numbers = list(range(seeds))
    config = configuration(
        world,
        options,
        [agent_identity(name) for name in agents],
        agents=list(agents),
        slates=slates,
        seeds=numbers,
        shoppers=shoppers,
        weights=list(world.weights),
        share=share,
        detect=detect,
        power=power,
        per_day=per_day,
        window=WINDOW,
    )
    world_print = fingerprint(world) if kept else ""
    runs = []
    for seed in numbers:
        for design in (*WHOLE, *DESIGNS):
            job = ArmsJob(
                world=world,
                name=design,
                seed=seed,
                slates=slates,
                shoppers=shoppers,
                agents=agents,
                design=design,
                share=share,
                window=WINDOW,
            )
            runs.append(fingerprinted(job, world_print, [agent_identity(name) for name in agents]) if kept else job)
    return Experiment(config, tuple(runs))


def _pool(runs: Sequence[ArmsRun], weights: Floats) -> Pool:
    totals, visits = (np.concatenate([getattr(run, name) for run in runs]) for name in ("totals", "visits"))
    return pool_of(totals, visits, weights, np.mean([run.squares for run in runs], axis=0))


def _differences(pairs: Sequence[Any], names: Mapping[str, str]) -> dict[str, Estimate]:
    """The relative difference of each quantity, as an estimate over seeds."""
    a, b = (np.array([pair[arm] for pair in pairs]) for arm in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (b - a) / np.abs(a.mean(axis=0))
    return {
        name: Estimate.from_seeds(relative[:, column]) if np.isfinite(relative[:, column]).all() else Estimate(None)
        for column, name in enumerate(names)
    }


def _notes(config: Mapping[str, Any], seeds: int) -> list[str]:
    if seeds < len(config["seeds"]):
        return [f"{seeds} of {len(config['seeds'])} seeds have run in all designs; only these are counted."]
    return []
