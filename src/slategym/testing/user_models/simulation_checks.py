"""Checks of a user model as a whole, after the checks of its methods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.sim.draws import Draws
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.world import World
from slategym.sim.worlds.shop.world import shop
from slategym.testing.findings import Finding
from slategym.testing.probes import Array, differs, first, place, seconds
from slategym.testing.user_models.harness import Findings
from slategym.testing.user_models.methods import Case, affordable, part_named, parts_of, random_slates

SURE = 5.0  # standard errors, exceeded by chance once in two million comparisons
SHOPPERS, REPLICATES = 250, 40


def clicks_agree(world: World) -> Findings:
    """Check that click rates agree with `click_probability`, at each rank, and that they are higher where it is higher."""
    case, model = Case.of(world, SHOPPERS), world.user_model
    probability = np.asarray(model.click_probability(case.shoppers, world.catalog, case.slate), np.float64)
    clicks = np.zeros(case.slate.shape)
    for replicate in range(REPLICATES):
        draws = Draws(replicate + 1, case.shoppers.identity, case.shoppers.visit)
        clicks += model.clicks(case.shoppers, world.catalog, case.slate, draws)
    # An estimated probability has errors too; as it may be 0 or 1, the variance then uses the mean of the rank.
    answers = 1 / REPLICATES + (1 / getattr(model, "replicates", REPLICATES) if model.estimated else 0)
    usual = probability.mean(axis=0) if model.estimated else probability
    variance = usual * (1 - usual) * answers + 1e-12
    excess = clicks / REPLICATES - probability
    for weight in (1.0,) if model.estimated else (1.0, probability - probability.mean(axis=0)):
        weight = np.broadcast_to(weight, excess.shape)
        error = np.abs((weight * excess).sum(axis=0)) / np.sqrt((weight**2 * variance).sum(axis=0) + 1e-12)
        if (error > SURE).any():
            rank = int(np.argmax(error))
            yield Finding(
                f"do not agree with click_probability: at rank {rank} the rate is {clicks[:, rank].mean() / REPLICATES:.4f} in "
                f"{SHOPPERS * REPLICATES:,} slates, and the probability is {probability[:, rank].mean():.4f}; "
                f"they differ by {error[rank]:.0f} standard errors",
                part_named("clicks").where(model),
                "Override clicks and click_probability together, or derive from BlackBox, which estimates the probability",
            )
            return


def spending_agrees(world: World) -> Findings:
    """Check that shoppers pay `mean_spend` on average."""
    case, model = Case.of(world, SHOPPERS), world.user_model
    mean = np.asarray(model.mean_spend(case.shoppers, world.catalog, case.slate), np.float64)
    draws = [Draws(replicate + 1, case.shoppers.identity, case.shoppers.visit) for replicate in range(REPLICATES)]
    paid = np.stack([np.asarray(model.spend(case.shoppers, world.catalog, case.slate, each), np.float64) for each in draws])
    estimates = 1 if model.spend_is_exact else 2  # an estimated mean uses about as many draws
    spread = np.sqrt((paid.var(axis=0) * estimates).sum() / REPLICATES) + 1e-5 * np.abs(mean).sum()
    if abs(paid.mean(axis=0).sum() - mean.sum()) > SURE * spread:
        yield Finding(
            f"is {mean.mean():.6g} on average, but spend is {paid.mean():.6g} on average, in {paid.size:,} draws",
            part_named("mean_spend").where(model),
            "Override mean_spend together with spend, or remove mean_spend: then it is estimated",
        )


def behaviours_agree(world: World) -> Findings:
    """Check that the mean amount of each behaviour agrees with `behaviour`, from which the simulation draws events."""
    case, model = Case.of(world, SHOPPERS), world.user_model
    for behaviour in model.behaviours:
        if not behaviour.is_amount:
            continue
        part = next(each for each in parts_of(model) if (each.method, each.behaviour) == ("amount", behaviour.name))
        mean = np.broadcast_to(model.behaviour(behaviour.name, case.shoppers, world.catalog, case.slate), case.slate.shape)
        draws = [Draws(replicate + 1, case.shoppers.identity, case.shoppers.visit) for replicate in range(REPLICATES)]
        amounts = np.stack([part.ask(model, replace(case, draws=each))[""] for each in draws]).astype(np.float64)
        spread = np.sqrt(amounts.var(axis=0).sum() / REPLICATES) + 1e-5 * np.abs(mean).sum()
        if abs(amounts.mean(axis=0).sum() - mean.sum()) > SURE * spread:
            yield Finding(
                f"is {amounts.mean():.6g} on average in {amounts.size:,} draws, but behaviour returns {mean.mean():.6g}",
                part.where(model),
                "Return the mean of amount from behaviour",
            )


def best_is_best(world: World) -> Findings:
    """Check, for several weights, that no random slate is better than the best slate, and that none exceeds the bound."""
    model, count = world.user_model, affordable(SHOPPERS, world.choices)
    if model.estimated:
        return  # an estimate of the best slate may not be the best
    shoppers, slates = Case.of(world, count).shoppers, _slates(world, np.arange(count), 0)
    rewards = []
    for shift in range(20):
        # Slates of other shoppers serve as random ones. Half of them are cut short, and repeat the first item instead.
        slate = np.roll(slates, shift, axis=0)
        slate[::2, 1 + shift % slate.shape[1] :] = slate[::2, :1]
        rewards.append(world.expected(shoppers, slate))
    usual, one = np.array(world.weights), np.eye(len(world.objectives))
    for weights in (usual, *one, usual - (usual[0] + 1) * one[0]):  # and a negative weight for the first objective
        rounding = 1e-7 * np.abs(weights).sum()  # of gains in float32
        best = world.expected(shoppers, world.best_slate(shoppers, weights)) @ weights
        bound = world.bound(shoppers, weights)
        wanted = [objective for objective, weight in zip(world.objectives, weights, strict=True) if weight]
        exact = model.click_model.exact and all(objective.exact(world) and objective.oracle_exact(world) for objective in wanted)
        where = part_named("best_slate" if exact else "bound").where(model)
        for each in rewards:
            value = each @ weights
            limit, name = (best, "the best slate") if exact else (bound, "the bound")
            if (value > limit + 1e-4 * np.abs(limit) + rounding).any():
                row = int(np.argmax(value - limit))
                yield Finding(
                    f"is not the best: the value of a random slate is {value[row]:.6g}, and that of {name} {limit[row]:.6g}, "
                    f"for the weights {', '.join(f'{weight:g}' for weight in weights)}",
                    f"{where}[{row}]",
                    "Override best_slate and bound together with click_probability, or set exact = False on the click model",
                )
                return
        if (best > bound + 1e-4 * np.abs(bound) + rounding).any():
            row = int(np.argmax(best - bound))
            yield Finding(
                f"is {bound[row]:.6g}, but the value of best_slate is {best[row]:.6g}: expected no slate above the bound",
                f"{part_named('bound').where(model)}[{row}]",
                "Return a value that no slate exceeds; infinity if unknown",
            )
            return


def within_bounds(world: World) -> Findings:
    """Check that state, probabilities and observation stay within bounds until the last visit."""
    rows = np.arange(40)
    simulation = Simulation(world, 7, rows)
    visits = min(world.visits, 60) - 1
    for step in range(visits):
        simulation.show(_slates(world, rows, step))
    model, shoppers = world.user_model, simulation.shoppers
    name, after = type(model).__name__, f"after {visits} visits"
    for state, values in shoppers.state.items():
        wrong = ~np.isfinite(values) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
        if wrong.any():
            yield Finding(
                f"is {values[first(wrong)]} {after}: expected a finite number",
                f"{name}.evolve's state {state!r}{place(first(wrong))}",
                "Let the effect of each visit decay, so that the state stays within bounds",
            )
            return
    slate = _slates(world, rows, visits)
    for part in ("click_probability", "conversion"):
        values = getattr(model, part)(shoppers, world.catalog, slate)
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            yield Finding(
                f"is {values[first(wrong)]:.6g} {after}: expected a probability in [0, 1]",
                f"{part_named(part).where(model)}{place(first(wrong))}",
                "Apply scipy.special.expit to the score, which keeps it in [0, 1] for any state",
            )
            return


def same_outcomes(world: World) -> Findings:
    """Check that a shopper's visits have the same outcomes in any batch, with and without the kernel."""
    rows = np.arange(40)
    whole, where = _outcomes(world, rows), f"Simulation of {type(world.user_model).__name__}"
    orders = {"when simulated alone": rows[7:8], "in another order of rows": rows[::-1]}
    for words, some in orders.items():
        name, row, step, _ = _first_difference(whole, _outcomes(world, some), some)
        if name:
            fix = "Let outcomes depend only on a shopper's own traits, state and draws"
            yield Finding(f"has different {name} for row {row} at step {step} {words}", where, fix)
            return
    name, row, step, count = _first_difference(whole, _outcomes(world, rows, compiled=False), rows)
    if count > len(rows) / 10:  # differences in rounding change about one draw in a hundred thousand
        what = f"has different {name} for row {row} at step {step} when compiled: the kernel does not match the methods"
        yield Finding(what, where, "Override methods in the class itself, or return None from compiled")


def _outcomes(world: World, rows: Items, compiled: bool = True) -> dict[str, Array]:
    """The outcomes (rows, steps, ...) by name, in the order in which they happen, of shoppers and of those who replace them."""
    simulation = Simulation(world, 7, rows, compiled=compiled)
    found: list[dict[str, Array]] = []
    for step in range(min(world.visits, 30) + 3):
        feedback = simulation.show(_slates(world, rows, step))
        found.append({name: getattr(feedback, name) for name in ("clicks", "conversions", "revenue", "terminated", "truncated")})
        simulation.restart(feedback.terminated | feedback.truncated)
    return {name: np.stack([each[name] for each in found], axis=1) for name in found[0]}


def _first_difference(whole: dict[str, Array], some: dict[str, Array], rows: Items) -> tuple[str, int, int, int]:
    """The outcome, row and step of the first difference, which causes the later ones, and the number of rows that differ."""
    masks = {name: differs(whole[name][rows], values, rtol=1e-5) for name, values in some.items()}
    places = {name: np.argwhere(mask) for name, mask in masks.items() if mask is not None}
    if not places:
        return "", 0, 0, 0
    name = min(places, key=lambda name: places[name][:, 1].min())
    row, step = min(places[name][:, :2].tolist(), key=lambda place: place[1])
    return name, int(rows[row]), step, len(np.unique(np.concatenate([place[:, 0] for place in places.values()])))


def _slates(world: World, rows: Items, step: int) -> Items:
    """(n, k) random slates, determined by row and step; positions if the world has candidates."""
    return random_slates(Draws(0, rows, np.full(len(rows), step)), world.slate_size, world.choices)


def slowness(world: World) -> float:
    """The time of a visit relative to that of the built-in shoppers, measured one after the other, without the kernel."""
    return _of_a_visit(world) / _of_a_visit(shop(items=max(500, world.slate_size), slate_size=world.slate_size))


def _of_a_visit(world: World) -> float:
    rows = np.arange(1000)
    simulation, slate = Simulation(world, 0, rows, compiled=False), _slates(world, rows, 0)
    return seconds(lambda: simulation.show(slate))
