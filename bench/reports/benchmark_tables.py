"""The tables of the report, as markup: the leaderboard, the differences of all pairs and the configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.format import decimals, interval, number, percent
from slategym.bench.reports.commands import world_words
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import entries, part, rendered
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate

Column = tuple[str, str, str]  # metric, heading, what it means


def columns(findings: Findings) -> list[Column]:
    """The columns of the leaderboard; those that nobody has a number for are left out of it."""
    goal = findings.scalarizer
    value = (
        f"utility of the mean objectives of {findings.span}"
        if goal
        else ("reward per slate, the weighted sum of clicks and conversions, over the whole run")
    )
    return [
        ("value", "utility" if goal else "value", value),
        ("final_value", "last tenth", "value over the last tenth of the run"),
        (
            "share_of_oracle",
            "of oracle",
            "expected value as a share of what the oracle's slates would have been worth to the same shoppers",
        ),
        (
            "share_of_context",
            "of context",
            "expected value as a share of what the best slates that the observation allows earn with the same seeds",
        ),
        *((per_slate(each), each, f"{each} per slate") for each in findings.plurals.values()),
        *((weight_of(name), f"weight of {name}", "share of the weights in the last tenth") for name in findings.objectives[1:]),
        (
            "regret_per_slate",
            "regret",
            "how far the expected objectives fall short of the best mixture of slates, in utility"
            if goal
            else "what a slate falls short of the oracle's, in expectation",
        ),
        ("slates_per_second", "slates / s", "speed of agent and shop together, in one process"),
    ]


def leaderboard(findings: Findings, style: Style) -> Markup:
    """One row per agent, best first, each number with its interval and the first one drawn."""
    shown = [
        each for each in columns(findings) if any(findings.figure(name, each[0]).mean is not None for name in findings.shown)
    ]
    least = 3 if findings.scalarizer else 0
    places = {metric: max(decimals(findings.figure(name, metric) for name in findings.ranked), least) for metric, _, _ in shown}
    trained = findings.config.get("trained_before", ())
    rows = [
        {
            "name": name,
            "rank": "" if name == ORACLE else str(findings.ranked.index(name) + 1),
            "cells": [_cell(findings.figure(name, metric), metric, heading, places[metric]) for metric, heading, _ in shown],
            "bar": _bar(name, findings),
            "trained_before": name in trained,
        }
        for name in findings.shown
    ]
    heads = [{"metric": metric, "heading": heading, "meaning": meaning} for metric, heading, meaning in shown]
    return rendered("leaderboard.html", columns=heads, rows=rows, style=style)


def differences(findings: Findings, style: Style) -> Markup:
    """What the agent of each row earns above the one of each column; empty with fewer than three agents."""
    ranked = findings.ranked
    gaps = {(a, b): gap for a in ranked for b in ranked if (gap := findings.difference(a, b))}
    if len(ranked) < 3 or not gaps:
        return Markup()
    places = decimals(Estimate(gap.value, gap.low, gap.high) for gap in gaps.values())
    rows: list[tuple[str, list[dict[str, str] | None]]] = []
    for row, a in enumerate(ranked[:-1]):
        cells: list[dict[str, str] | None] = [None] * row
        for b in ranked[row + 1 :]:
            gap = gaps.get((a, b))
            if gap is None:
                cells.append({"about": ""})
                continue
            sure = "" if gap.probability is None else f", better with probability {gap.probability:.3f}"
            cells.append(
                {
                    "about": f"{a} above {b}: {number(gap.value, places, True)}, {interval(gap, places)}{sure}",
                    "kind": {True: "apart", False: "same", None: ""}[gap.told_apart],
                    "value": number(gap.value, places, True),
                    "ends": "" if gap.low is None else f"{number(gap.low, places)} to {number(gap.high, places)}",
                }
            )
        rows.append((a, cells))
    return rendered("differences.html", columns=ranked[1:], rows=rows, style=style)


def legend(names: Iterable[str], style: Style, always: bool = False) -> Markup:
    """The agents' colours in a line; if not always, for a screen too narrow to name the lines at their ends."""
    return part("legend", [part("agent", name, style) for name in names], always=always)


def configuration(findings: Findings) -> Markup:
    """The command, and what was run, entry by entry."""
    again = command(findings)
    reading = Markup(
        '<p class="reading">The same command gives the same numbers, speeds aside, in any number of processes.</p>\n'
    )
    shown = {key: value for key, value in findings.config.items() if key != "plurals"}
    return (reading + part("command", again) if again else Markup()) + entries(shown)


def command(findings: Findings) -> str | None:
    """The command line that makes these results again; None where the seeds are others than a command would take."""
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
    if "context_ceiling" in config and not config.get("scalarizers"):
        words.append("--context-ceiling" if config["context_ceiling"] else "--no-context-ceiling")
    return shlex.join([*words, "--out", "runs/again"])


def _cell(figure: Estimate, metric: str, heading: str, places: int) -> dict[str, Any]:
    def printed(value: float | None) -> str:
        if metric.startswith(("share_of", "weight_of")):
            return percent(value)
        return number(value, 0 if metric == "slates_per_second" else places)

    ends = ""
    if figure.interval and figure.low != figure.high and metric != "slates_per_second":
        ends = f"{printed(figure.low).removesuffix(' %')} to {printed(figure.high)}"
    exact = None if figure.mean is None else repr(figure.mean)
    return {"metric": metric, "heading": heading, "exact": exact, "printed": printed(figure.mean), "ends": ends}


def _bar(name: str, findings: Findings) -> dict[str, Any] | None:
    """The value as a bar from zero, its interval across its end, and the oracle's value as a tick, in percent of the track.

    A utility has no zero, and of losses the longer bar would be the worse one: there the value is a dot, the further right the
    better.
    """
    figures = [findings.figure(other) for other in findings.shown] + [findings.oracle]
    ends = [end for figure in figures for end in figure if end is not None]
    dots = findings.scalarizer is not None or min(ends, default=0.0) < 0
    if not dots:
        ends.append(0.0)
    low, high = min(ends, default=0.0), max(ends, default=0.0)

    def at(value: float) -> float:
        return 100 * (value - low) / (high - low or 1.0)

    figure = findings.figure(name)
    if figure.mean is None:
        return None
    mean = f"{at(figure.mean):.2f}"
    start, end = (at(end) for end in figure.interval) if figure.interval else (0.0, 0.0)
    return {
        "left": mean if dots else "0.00",
        "width": None if dots else mean,
        "interval": (f"{start:.2f}", f"{end - start:.2f}") if figure.interval else None,
        "oracle": None if findings.oracle.mean is None else f"{at(findings.oracle.mean):.2f}",
    }
