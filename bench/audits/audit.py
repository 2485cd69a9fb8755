"""Audits of worlds: rates, reference policies, change, departures, and whether agents can be distinguished."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from slategym.bench.audits.behaviours import behaviour_rates
from slategym.bench.audits.fidelity import fidelity
from slategym.bench.audits.lookahead import CHOSEN_ON, lookahead
from slategym.bench.audits.preference_change import displacement, repetition
from slategym.bench.audits.retention import leaving
from slategym.bench.audits.tradeoff import tradeoff
from slategym.bench.audits.values import (
    CONTEXT,
    ORACLE,
    POPULAR,
    RANDOM,
    base_rates,
    by_rank,
    gaps,
    policy_values,
    slates_to_tell,
)
from slategym.bench.audits.warnings import notes, warnings
from slategym.bench.ceilings.ceiling import ContextCeiling, affordable
from slategym.bench.ceilings.references import Fit, References
from slategym.bench.ceilings.store import find_fit
from slategym.bench.comparison.results import configuration
from slategym.bench.execution.threads import one_thread
from slategym.bench.jobs.store import RunStore
from slategym.bench.rollouts import (
    LONGEST,
    RANDOM_SLATES,
    Episodes,
    Policy,
    average_gains,
    derived,
    generator,
    oracle_policy,
    popular_policy,
    random_policy,
    refuse_schedule,
    rollout,
    sample_visited,
)
from slategym.bench.statistics import Estimate, as_json, meaningful
from slategym.sim.objectives import DEFAULT_OBJECTIVES
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import Seed, ShopperCount

T = TypeVar("T")
SHOPPERS = 1000
CELLS = 500_000  # the largest shoppers x items in memory at once, unless more shoppers are requested
FEWEST = 50
LEARNED = 24  # training shoppers of the fit to the observation, for each shopper of the audit
ESTIMATED = 8  # a black box is simulated dozens of times for each probability, so the shoppers are divided by this number


@checked
def audit(
    world: World | str,
    *,
    options: Mapping[str, Any] | None = None,
    weights: Sequence[float] | None = None,
    seed: Seed = 0,
    shoppers: ShopperCount | None = None,
    context_ceiling: bool = True,
    progress: Callable[[str], None] | None = None,
    store: RunStore | None = None,
) -> dict[str, Any]:
    """Audit a world. The same arguments give the same numbers.

    An audit considers clicks, conversions and slates of the whole catalogue. Other objectives and candidates are left out;
    the other behaviours of shoppers are only counted.

    Args:
        world: a world or its name.
        options: the world's options, if it is given by name; otherwise the options it was made with, for the record.
        weights: (M,), the weights of clicks and conversions; by default the world's own.
        seed: determines the shoppers and everything else.
        shoppers: number of shoppers simulated under each policy; by default 1,000, fewer with more than 500 items or if
            probabilities are estimates.
        context_ceiling: whether to compute the ceiling of the observation by a fit, which takes longest.
        progress: called with the name of each part before it begins.
        store: where each part is stored as soon as it is computed; parts that are already there are not computed again.

    Returns:
        JSON values. An estimate is `{"mean", "low", "high"}`, a mean over shoppers with its 95 % interval; null without one.

        - `config`: as for a run. If its `oracle` is "estimated" (see `BlackBox`), all other numbers are estimates too.
        - `oracle_reaches`, `oracle_short`: for an approximate oracle, estimates of the share of the best value that its
          slates reach at least, and of how far they fall short at most, per slate; else null.
        - `rates`: `base_rates` of random slates and of the oracle's slates.
        - `behaviours`: see `behaviour_rates`; of random slates and of the oracle's slates.
        - `fidelity`: for a learned user model, its `Fidelity` to the model whose answers it learned; else null.
        - `by_rank`: see `by_rank`.
        - `values`: `policy_values` for the weights (`value`) and for each objective alone, by name.
        - `gaps`: see `gaps`, for the weights.
        - `slates_to_tell`: see `slates_to_tell`.
        - `context`: the quality of the fit to the observation (`ContextCeiling.report`), or null.
        - `tradeoff`: see `tradeoff`.
        - `change`: `repetition` and `displacement`; null in a world of single visits.
        - `lookahead`, `leaving`: see `lookahead` and `leaving`; null in a world of single visits.
        - `warnings`, `notes`: lists of findings, each with `kind`, `says`, `means` and `fix`.

    Raises:
        ValueError: an argument is out of its range, or there is no such world.
    """
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    config, weight_vector, count = audit_configuration(world, options, weights, seed, shoppers, context_ceiling)
    world = audited(world)
    parts = _Parts(world, config["fingerprint"], store, progress or (lambda part: None), seed)
    with one_thread(with_torch=config["context_ceiling"]):
        found = _measure(world, weight_vector, seed, count, config["context_ceiling"], parts)
    result: dict[str, Any] = as_json({"config": config, **found})
    result["warnings"] = [finding._asdict() for finding in warnings(result)]
    result["notes"] = [finding._asdict() for finding in notes(result)]
    return result


def audit_configuration(
    world: World,
    options: Mapping[str, Any] | None = None,
    weights: Sequence[float] | None = None,
    seed: int = 0,
    shoppers: int | None = None,
    context_ceiling: bool = True,
) -> tuple[dict[str, Any], tuple[float, ...], int]:
    """Check the arguments of an audit, without running it.

    Args:
        world: see `audit`, also for the other arguments.
        options: see `audit`.
        weights: see `audit`.
        seed: see `audit`.
        shoppers: see `audit`.
        context_ceiling: see `audit`.

    Returns:
        The configuration, the weights and the number of shoppers.

    Raises:
        ValueError: see `audit`.
    """
    left_out = [] if world.counts_alone else [name for name in world.objective_names if name not in ("click", "conversion")]
    candidates, world = world.candidates, audited(world)
    weights = world.weights if weights is None else weights
    if len(weights) != len(world.objective_names) or not all(map(np.isfinite, weights)):
        raise ValueError(f"weights is {tuple(weights)}: expected a finite number for each of {', '.join(world.objective_names)}")
    count = _shoppers(world) if shoppers is None else shoppers
    if count < 2:
        raise ValueError(f"shoppers is {count}: expected at least 2, because an interval needs two")
    weight_vector = tuple(float(weight) for weight in weights)
    config = configuration(
        world,
        options,
        seed=seed,
        shoppers=count,
        weights=list(weight_vector),
        context_ceiling=context_ceiling and affordable(world),
        categories=world.catalog.categories,
        visits_followed=min(world.visits, LONGEST),
        user_model=type(world.user_model).__name__,
        objectives_left_out=left_out,
        candidates_left_out=candidates,
        click_model=type(world.user_model.click_model).__name__,
    )
    return config, weight_vector, count


def audited(world: World) -> World:
    """The world as an audit considers it: with clicks, conversions and the whole catalogue.

    Args:
        world: any world without a schedule.

    Raises:
        ValueError: the world has a schedule.
    """
    refuse_schedule(world, "an audit")
    return replace(world, objectives=DEFAULT_OBJECTIVES, candidates=None)


class _Parts:
    """The parts of an audit; each is computed once and stored immediately.

    Args:
        world: the world that is audited.
        fingerprint: the fingerprint of the audit.
        store: where parts are stored, or None.
        progress: called with the name of each part before it begins.
        seed: the seed of the random slates that several parts draw one after the other.
    """

    def __init__(
        self, world: World, fingerprint: str | None, store: RunStore | None, progress: Callable[[str], None], seed: int
    ) -> None:
        self.known, self.fingerprint, self.progress = {"world": world}, fingerprint, progress
        self.store = store if fingerprint else None
        self.random = generator(seed, RANDOM_SLATES)

    def part(self, name: str, compute: Callable[[], T]) -> T:
        """The part of that name, from the store or computed now."""
        if self.store is None or self.fingerprint is None:
            self.progress(name)
            return compute()
        found = self.store.read(name, self.fingerprint, self.known)
        if found is None:
            self.progress(name)
            found = {"value": compute(), "random": self.random.bit_generator.state}
            self.store.write(name, self.fingerprint, found, self.known)
        else:  # later parts continue to draw from this state
            self.random.bit_generator.state = found["random"]
        value: T = found["value"]
        return value


def _measure(
    world: World, weights: tuple[float, ...], seed: int, count: int, with_context: bool, parts: _Parts
) -> dict[str, Any]:
    """Everything but the configuration, the warnings and the notes."""
    random = random_policy(world, parts.random)

    def meet() -> tuple[list[Shoppers], Any]:
        met = list(sample_visited(world, random, derived(seed, "met at random"), count))
        return met, average_gains(world, met)

    shoppers, average = parts.part("random slates", meet)
    context: Fit | None = None
    if with_context:
        context = parts.part("best from the observation", lambda: _fit(world, weights, seed, count))

    mixes = {"value": weights, **dict(zip(world.objective_names, np.eye(len(weights)).tolist(), strict=True))}
    policies: dict[str, dict[str, Policy]] = {}
    for mix, mix_weights in mixes.items():
        policies[mix] = {POPULAR: popular_policy(world, average, mix_weights), ORACLE: oracle_policy(world, mix_weights)}
        if context:
            observed = References(world, context).policy(CONTEXT, mix_weights)
            policies[mix] = {POPULAR: policies[mix][POPULAR], CONTEXT: observed, ORACLE: policies[mix][ORACLE]}

    def follow() -> dict[str, dict[str, Episodes]]:
        chance = rollout(world, random, seed, count)
        return {
            mix: {RANDOM: chance, **{name: rollout(world, each, seed, count) for name, each in policies[mix].items()}}
            for mix in mixes
        }

    episodes = parts.part("values", follow)
    usual = {RANDOM: random, **policies["value"]}
    pull = parts.part("objectives", lambda: tradeoff(world, shoppers, usual))
    change = parts.part(
        "change",
        lambda: {
            "repetition": repetition(world, average, seed, count),
            "displacement": displacement(world, usual, seed, count // 2),
        },
    )
    fewer = min(CHOSEN_ON, _shoppers(world) // 2)
    over_episodes = parts.part("looking ahead", lambda: lookahead(world, weights, seed, episodes["value"][ORACLE], fewer))
    both = {RANDOM: random, ORACLE: policies["value"][ORACLE]}
    behaviours = parts.part("behaviours", lambda: behaviour_rates(world, both, seed, count))
    truth = world.user_model.truth
    nearness = truth and parts.part("fidelity", lambda: vars(fidelity(world, truth, shoppers=count, seed=seed)))
    parts.progress("leaving")
    alone = {f"{plural} only": episodes[name][ORACLE] for name, plural in world.plurals.items()}
    return {
        **_reaches(world, shoppers, weights),
        "rates": {name: base_rates(world, episodes["value"][name]) for name in (RANDOM, ORACLE)},
        "behaviours": behaviours,
        "fidelity": nearness,
        "by_rank": by_rank(world, shoppers, seed),
        "values": {mix: policy_values(episodes[mix], mix_weights) for mix, mix_weights in mixes.items()},
        "gaps": gaps(episodes["value"], weights),
        "slates_to_tell": slates_to_tell(episodes["value"], weights),
        "context": dict(context.report) if context else None,
        "tradeoff": pull,
        "change": change,
        "lookahead": over_episodes,
        "leaving": leaving({**episodes["value"], **alone}, ORACLE),
    }


def _fit(world: World, weights: tuple[float, ...], seed: int, count: int) -> Fit:
    """The stored fit of the world, or else a smaller one whose size depends on the number of shoppers of the audit."""
    kept = find_fit(world)
    if kept:
        return kept
    ceiling = ContextCeiling(world, weights, seed, LEARNED * count)
    return Fit(ceiling.average, ceiling.model, ceiling.report(weights, derived(seed, "held out"), count))


def _reaches(world: World, shoppers: Sequence[Shoppers], weights: Sequence[float]) -> dict[str, Estimate | None]:
    """The share of its bound that an approximate oracle reaches, and the shortfall per slate; None for other oracles."""
    if world.oracle_is_exact or world.estimated:
        return {"oracle_reaches": None, "oracle_short": None}
    objectives = np.concatenate([world.expected(batch, world.best_slate(batch, weights)) for batch in shoppers])
    value, bound = objectives @ np.asarray(weights), np.concatenate([world.bound(batch, weights) for batch in shoppers])
    reaches = Estimate.from_ratio(value, bound) if meaningful(objectives.mean(axis=0), weights) else Estimate(None)
    return {"oracle_reaches": reaches, "oracle_short": Estimate.from_samples(bound - value)}


def _shoppers(world: World) -> int:
    """The default number of shoppers."""
    count = min(SHOPPERS, max(CELLS // world.catalog.size, FEWEST))
    return max(count // ESTIMATED, FEWEST) if world.estimated else count
