"""Leaderboards: several agents on several worlds, with one comparison per world and combined scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from slategym.bench.comparison.aggregate import aggregate
from slategym.bench.comparison.compare import DEFAULT_AGENTS, Comparison, plan
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress, Shifted
from slategym.bench.jobs.store import RunStore
from slategym.bench.tracking.combined import PartOf
from slategym.sim.worlds import WORLDS
from slategym.utils.checked import checked
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import fingerprint

TierName = Literal["quick", "full"]


@dataclass(frozen=True)
class Tier:
    """The size of a leaderboard.

    Attributes:
        slates: the number of slates of each run.
        seeds: the number of seeds for each agent and world.
        worlds: the worlds that are used by default.
    """

    slates: int
    seeds: int
    worlds: tuple[str, ...]


# One world of each kind.
QUICK = (
    *("Shop-v0", "ShopBandit-v0", "OpenBandit-v0", "Hillstrom-v0"),
    *("RecSimInterestEvolution-v0", "RecoGym-v1", "SardineSlateTopKBored-v0", "KuaiSimLike-v0"),
)
TIERS: dict[str, Tier] = {"quick": Tier(200_000, 5, QUICK), "full": Tier(1_000_000, 10, tuple(WORLDS))}


@dataclass(frozen=True, repr=False)
class Leaderboard(Brief):
    """A leaderboard that is ready to run.

    Attributes:
        config: the configuration.
        comparisons: the comparisons by world.
    """

    config: dict[str, Any]
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of slates of all runs."""
        return sum(comparison.size for comparison in self.comparisons.values())

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Run everything that is not yet in the store, world by world.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.

        Returns:
            JSON values: `config`, `status`, `runs` and `failed` as in the results of `compare`; `results`, the results of each
            world that has run; `notes`; and the entries of `aggregate.aggregate`.
        """
        results, before = {}, 0
        for world, comparison in self.comparisons.items():
            advance = Shifted(progress, before) if progress else None
            results[world] = comparison.run(processes, advance, stop, _of_world(store, world))
            before += comparison.size
            if stop and stop():
                break
        statuses = [each["status"] for each in results.values()]
        whole = {world: each for world, each in results.items() if each["agents"]}
        found = aggregate(whole)
        return {
            "config": self.config,
            "status": next((each for each in ("interrupted", "failed") if each in statuses), "finished"),
            "runs": {
                "finished": sum(each["runs"]["finished"] for each in results.values()),
                "asked": sum(len(comparison.runs) for comparison in self.comparisons.values()),
            },
            "failed": [failure for each in results.values() for failure in each["failed"]],
            **found,
            "results": results,
            "notes": [*_left_out(whole, found["worlds"]), *_notes(whole)],
        }


@checked
def plan_leaderboard(
    tier: TierName = "quick",
    agents: Sequence[str] = DEFAULT_AGENTS,
    worlds: Sequence[str] | None = None,
    kept: bool = False,
) -> Leaderboard:
    """Check everything that a leaderboard needs, without running it.

    Args:
        tier: "quick", which takes half an hour on two cores for one world of each kind, or "full", for all worlds with more
            slates and seeds.
        agents: names that `slategym agents` lists.
        worlds: names that `slategym worlds` lists; by default those of the tier.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: there is no such agent or world.
    """
    size = TIERS[tier]
    worlds = size.worlds if worlds is None else worlds
    if not agents or not worlds:
        raise ValueError(f"there are {len(agents)} agents and {len(worlds)} worlds: expected at least one of both")
    comparisons = {world: plan(world, list(agents), size.slates, size.seeds, references="all", kept=kept) for world in worlds}
    prints = [comparison.config["fingerprint"] for comparison in comparisons.values()]
    config = {
        "tier": tier,
        "agents": list(agents),
        "worlds": list(worlds),
        "slates": size.slates,
        "seeds": size.seeds,
        "versions": next(iter(comparisons.values())).config["versions"],
        "fingerprint": None if None in prints else fingerprint(prints),
    }
    return Leaderboard(config, comparisons)


def _of_world(store: RunStore | None, world: str) -> RunStore | None:
    """A store whose tracked runs have the world in their names, because runs in other worlds have the same titles."""
    if store is None or store.track is None:
        return store
    return replace(store, track=PartOf(store.track, world))


def _left_out(results: Mapping[str, Any], scored: Mapping[str, Any]) -> list[str]:
    """A note on the worlds without scores."""
    names = [world for world in results if world not in scored]
    said = "not included in the scores, because shares of the best value are not meaningful there."
    return [f"{', '.join(names)}: {said}"] if names else []


def _notes(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The notes of all worlds without duplicates."""
    found: dict[str, list[str]] = {}
    for world, each in results.items():
        for note in each["notes"]:
            found.setdefault(note, []).append(world)
    return [note if len(worlds) == len(results) else f"{', '.join(worlds)}: {note}" for note, worlds in found.items()]
