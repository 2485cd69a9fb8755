"""What a certificate says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.format import interval, number, percent
from slategym.bench.statistics import Estimate

PLURALS = {"click": "clicks", "conversion": "conversions", "episodes": "episodes"}


def headline(result: Mapping[str, Any]) -> str:
    """The finding in a line.

    Args:
        result: as certificate.json has it.
    """
    inside, judged = share_inside(result)
    if not judged:
        return "The held-out part of the log is too small to judge the fitted world"
    return f"{percent(inside)} of {judged} rates of the fitted world lie inside the held-out log's 95 % intervals"


def share_inside(result: Mapping[str, Any]) -> tuple[float, int]:
    """The share of all judged rates that lie inside their intervals, and how many are judged.

    Args:
        result: as certificate.json has it.
    """
    every = [rates for groups in result["certificate"]["rates"].values() for rates in groups.values()]
    judged = sum(each["judged"] for each in every)
    return sum(each["judged"] * (each["inside"] or 0.0) for each in every) / max(judged, 1), judged


def findings(result: Mapping[str, Any]) -> list[str]:
    """The sentences below the headline.

    Args:
        result: as certificate.json has it.
    """
    certificate, fit = result["certificate"], result["fit"]
    slates = certificate["slates"]
    found = [
        f"Fitted to {fit['impressions']:,} impressions with {fit['clicks']:,} clicks and {fit['conversions']:,} conversions. "
        f"Judged by a fit of {slates['fitted']:,} slates on the {slates['held_out']:,} slates of others."
    ]
    for event, compared in certificate["log_likelihood"].items():
        baselines = compared["baselines"]
        nearest = max(baselines, key=lambda name: baselines[name]["log_likelihood"])
        above = Estimate.from_json(baselines[nearest]["fitted_above"])
        word = "better than" if (above.low or 0) > 0 else "worse than" if (above.high or 0) < 0 else "not clearly apart from"
        found.append(
            f"It predicts {PLURALS[event]} {word} the best baseline, {nearest}: {number(above.mean, 4, signed=True)} "
            f"log-likelihood per slate, {interval(above, 4)}."
        )
    p_value = fit["item_by_segment_p_value"]["clicks"]
    if p_value is not None:
        says = "Segments like different items" if p_value < 0.05 else "Segments are not seen to like different items"
        found.append(f"{says} (score test, p = {p_value:.3g}).")
    order = certificate.get("order")
    if order:
        tau = Estimate.from_json(order["tau"])
        found.append(
            f"{len(order['agents'])} agents earn in the fitted world in an order that agrees with that of the true world with "
            f"Kendall's tau = {number(tau.mean, 2)}, {interval(tau, 2)}."
        )
    return found
