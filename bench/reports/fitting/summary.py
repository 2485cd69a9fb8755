"""Sentences on the findings of a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.format import interval, number, percent
from slategym.bench.statistics import Estimate

PLURALS = {"click": "clicks", "conversion": "conversions", "episodes": "episodes"}


def headline(result: Mapping[str, Any]) -> str:
    """The main finding in one sentence.

    Args:
        result: content of certificate.json.
    """
    inside, judged = share_inside(result)
    if not judged:
        return "The held-out part of the log is too small to test the fitted world"
    return f"{percent(inside)} of {judged} rates of the fitted world lie inside the held-out log's 95 % intervals"


def share_inside(result: Mapping[str, Any]) -> tuple[float, int]:
    """The share of the tested rates that lie inside their intervals, and the number of tested rates.

    Args:
        result: content of certificate.json.
    """
    every = [rates for groups in result["certificate"]["rates"].values() for rates in groups.values()]
    judged = sum(each["judged"] for each in every)
    return sum(each["judged"] * (each["inside"] or 0.0) for each in every) / max(judged, 1), judged


def findings(result: Mapping[str, Any]) -> list[str]:
    """The sentences below the headline.

    Args:
        result: content of certificate.json.
    """
    certificate, fit = result["certificate"], result["fit"]
    slates = certificate["slates"]
    found = [
        f"Fitted to {fit['impressions']:,} impressions with {fit['clicks']:,} clicks and {fit['conversions']:,} conversions. "
        f"Tested by a fit to {slates['fitted']:,} slates, on {slates['held_out']:,} held-out slates."
    ]
    for event, compared in certificate["log_likelihood"].items():
        baselines = compared["baselines"]
        nearest = max(baselines, key=lambda name: baselines[name]["log_likelihood"])
        above = Estimate.from_json(baselines[nearest]["fitted_above"])
        better, worse = (above.low or 0) > 0, (above.high or 0) < 0
        word = "better than" if better else "worse than" if worse else "not significantly better or worse than"
        found.append(
            f"It predicts {PLURALS[event]} {word} the best baseline, {nearest}: {number(above.mean, 4, signed=True)} "
            f"log-likelihood per slate, {interval(above, 4)}."
        )
    p_value = fit["item_by_segment_p_value"]["clicks"]
    if p_value is not None:
        says = "Segments prefer different items" if p_value < 0.05 else "Segments do not significantly prefer different items"
        found.append(f"{says} (score test, p = {p_value:.3g}).")
    order = certificate.get("order")
    if order:
        tau = Estimate.from_json(order["tau"])
        found.append(
            f"The order of {len(order['agents'])} agents by value agrees between the fitted and the true world: "
            f"Kendall's tau = {number(tau.mean, 2)}, {interval(tau, 2)}."
        )
    return found
