"""The tables of the report: the leaderboard, the differences of all pairs and the configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.format import decimals, ends, interval, number, percent, percent_ends, weighted_sum
from slategym.bench.reports.commands import world_words
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import entries, part, rendered
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate

Column = tuple[str, str, str]  # metric, heading, meaning


def columns(findings: Findings) -> list[Column]:
    """The columns of the leaderboard; `leaderboard` leaves out those without numbers."""
    goal = findings.scalarizer
    mixed = weighted_sum(findings.config.get("weights") or (), list(findings.plurals.values()))
    value = f"utility of the mean objectives of {findings.span}" if goal else f"{mixed}, over the whole run"
    per_episode = [
        ("value_per_episode", "value per episode", f"{mixed}, of a shopper's visits from the first to the last"),
        ("visits_per_episode", "visits", "visits of an episode"),
        ("share_staying", "stay", "share of the shoppers who come until the last possible visit"),
    ]
    ranked_first = findings.unit == "episode"
    return [
        *per_episode[: 1 if ranked_first else 0],
        ("value", "utility" if goal else "value per slate", value),
        *per_episode[1 if ranked_first else 0 :],
        ("final_value", "last 10 %", "value over the last 10 % of the run"),
        (
            "share_of_oracle",
            "of oracle",
            "expected value as a share of that of the oracle's slates for the same shoppers",
        ),
        (
            "share_of_context",
            "of context",
            "expected value as a share of that of the best slates that the observation allows, for the same shoppers",
        ),
        *((per_slate(each), each, f"{each} per slate") for each in findings.plurals.values()),
        *(
            (weight_of(name), f"final weight on {name}", "normalised weight over the last 10 % of the run")
            for name in findings.objectives[1:]
        ),
        (
            "regret_per_slate",
            "regret",
            "how much utility the expected objectives lack to the best mixture of slates"
            if goal
            else "expected value that a slate lacks to the oracle's",
        ),
        ("slates_per_second", "slates/s", "speed of agent and environment together, in one process"),
    ]


def leaderboard(findings: Findings, style: Style) -> Markup:
    """One row per agent, best first, each number with its interval; the value also as a bar."""
    shown = [
        each for each in columns(findings) if any(findings.estimate(name, each[0]).mean is not None for name in findings.shown)
    ]
    least = 3 if findings.scalarizer else 0
    places = {metric: max(decimals(findings.estimate(name, metric) for name in findings.ranked), least) for metric, _, _ in shown}
    trained = findings.config.get("trained_before", ())
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "rank": "" if name == ORACLE else str(findings.ranked.index(name) + 1),
            "cells": [_cell(findings.estimate(name, metric), metric, heading, places[metric]) for metric, heading, _ in shown],
            "bar": _bar(name, findings),
            "trained_before": name in trained,
        }
        for name in findings.shown
    ]
    heads = [{"metric": metric, "heading": heading, "meaning": meaning} for metric, heading, meaning in shown]
    bars = [bar for name in findings.shown if (bar := _bar(name, findings))]
    oracle = "best achievable" if findings.scalarizer else "oracle"
    return rendered(
        "leaderboard.html",
        columns=heads,
        rows=rows,
        style=style,
        key=bool(bars),
        dots=any(bar["width"] is None for bar in bars),
        oracle=oracle,
    )


def differences(findings: Findings, style: Style) -> Markup:
    """Value of the agent of each row minus that of each column; empty with fewer than three agents."""
    ranked = findings.ranked
    gaps = {(a, b): gap for a in ranked for b in ranked if (gap := findings.difference(a, b))}
    if len(ranked) < 3 or not gaps:
        return Markup()
    places = decimals(gaps.values())
    rows: list[tuple[str, list[dict[str, str] | None]]] = []
    for row, a in enumerate(ranked[:-1]):
        cells: list[dict[str, str] | None] = [None] * row
        for b in ranked[row + 1 :]:
            gap = gaps.get((a, b))
            if gap is None:
                cells.append({"about": ""})
                continue
            probability = findings.probability_better(a, b)
            sure = "" if probability is None else f", better with probability {probability:.3f}"
            cells.append(
                {
                    "about": f"{a} minus {b}: {number(gap.mean, places, True)}, {interval(gap, places)}{sure}",
                    "kind": {True: "apart", False: "same", None: ""}[gap.excludes_zero],
                    "value": number(gap.mean, places, True),
                    "ends": ends(gap, places),
                }
            )
        rows.append((a, cells))
    return rendered("differences.html", columns=ranked[1:], rows=rows, style=style)


def legend(names: Iterable[str], style: Style, always: bool = False) -> Markup:
    """The agents with their colours; unless `always`, only on screens too narrow for labels at the lines' ends."""
    return part("legend", [part("agent", name, style) for name in names], always=always)


def configuration(findings: Findings) -> Markup:
    """The command and the configuration, entry by entry."""
    again = command(findings)
    reading = Markup(
        '<p class="reading">The same command gives the same numbers, speeds aside, in any number of processes.</p>\n'
    )
    shown = {key: value for key, value in findings.config.items() if key != "plurals"}
    return (reading + part("command", again) if again else Markup()) + entries(shown)


def command(findings: Findings) -> str | None:
    """The command line that repeats these results; None where the seeds are not 0, 1, ..."""
    config, seeds = findings.config, findings.config.get("seeds")
    if isinstance(seeds, list) and seeds != list(range(len(seeds))):
        return None
    world, models = world_words(config)
    choices: dict[str, Any] = {
        "--world": world,
        "--agent": config.get("agents") or list(findings.agents),
        "--slates": config.get("slates"),
        "--seeds": findings.seeds,
        "--shoppers": config.get("shoppers"),
        "--weights": ",".join(f"{weight:.12g}" for weight in config.get("weights") or []) or None,
        "--scalarizer": config.get("scalarizers"),
    }
    words = ["slategym", "benchmark"]
    for option, value in choices.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [option, str(each)] if each is not None else []
    words += models
    for option in ("exact", "rank_by"):
        if config.get(option):
            words += [f"--{option.replace('_', '-')}", str(config[option])]
    if not config.get("staggered", True):
        words.append("--not-staggered")
    if "context_ceiling" in config and not config.get("scalarizers"):
        words.append("--context-ceiling" if config["context_ceiling"] else "--no-context-ceiling")
    return shlex.join([*words, "--out", "runs/again"])


def _cell(estimate: Estimate, metric: str, heading: str, places: int) -> dict[str, Any]:
    if metric.startswith(("share_", "weight_of")):
        printed, within = percent(estimate.mean), percent_ends(estimate)
    elif metric == "slates_per_second":
        printed, within = number(estimate.mean, 0), ""
    else:
        printed, within = number(estimate.mean, places), ends(estimate, places)
    if estimate.low == estimate.high:
        within = ""
    exact = None if estimate.mean is None else repr(estimate.mean)
    return {"metric": metric, "heading": heading, "exact": exact, "printed": printed, "ends": within}


def _bar(name: str, findings: Findings) -> dict[str, Any] | None:
    """The value as a bar from zero with its interval, and the oracle's value as a tick, in percent of the track.

    A utility has no zero, and of losses the longer bar would be the worse one: there the value is a dot, the further right the
    better.
    """
    drawn = [number for other in findings.shown for number in findings.estimate(other).known] + findings.oracle.known
    dots = findings.scalarizer is not None or min(drawn, default=0.0) < 0
    if not dots:
        drawn.append(0.0)
    low, high = min(drawn, default=0.0), max(drawn, default=0.0)

    def at(value: float) -> float:
        return 100 * (value - low) / (high - low or 1.0)

    estimate = findings.estimate(name)
    if estimate.mean is None:
        return None
    mean = f"{at(estimate.mean):.2f}"
    start, end = (at(end) for end in estimate.interval) if estimate.interval else (0.0, 0.0)
    return {
        "left": mean if dots else "0.00",
        "width": None if dots else mean,
        "interval": (f"{start:.2f}", f"{end - start:.2f}") if estimate.interval else None,
        "oracle": None if findings.oracle.mean is None else f"{at(findings.oracle.mean):.2f}",
    }
