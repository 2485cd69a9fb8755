"""All agents on all worlds: one comparison a world, and what they say together."""

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
    """How much a leaderboard runs.

    Attributes:
        slates: of each run.
        seeds: for each agent and world.
        worlds: which ones, where none are named.
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
        config: what is run.
        comparisons: by world.
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
        """Run what the store does not hold yet, world by world.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.

        Returns:
            JSON values: `config`, `status`, `runs` and `failed` as `compare` has them; `results`, those of each world that has
            run; and, if all agents have runs in each, what `aggregate.aggregate` says of them.
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
        tier: "quick", half an hour on two cores for a world of each kind, or "full", all worlds and more.
        agents: names that `slategym agents` lists.
        worlds: names that `slategym worlds` lists; by default those of the tier, one of each kind or all.
        kept: whether the runs need fingerprints, to be kept in a store.

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
    """A store whose tracked runs are named after their world too: those of other worlds have the same titles."""
    if store is None or store.track is None:
        return store
    return replace(store, track=PartOf(store.track, world))


def _left_out(results: Mapping[str, Any], scored: Mapping[str, Any]) -> list[str]:
    """A note on the worlds without scores."""
    names = [world for world in results if world not in scored]
    return [f"{', '.join(names)}: left out of the scores, since a share of the best value means nothing there."] if names else []


def _notes(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The notes of the worlds, each once."""
    found: dict[str, list[str]] = {}
    for world, each in results.items():
        for note in each["notes"]:
            found.setdefault(note, []).append(world)
    return [note if len(worlds) == len(results) else f"{', '.join(worlds)}: {note}" for note, worlds in found.items()]
