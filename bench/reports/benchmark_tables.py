"""Tables of the report of a benchmark: leaderboard, differences of all pairs, and configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from slategym.bench.comparison.metrics import CONTEXT, EVERYBODY, per_slate, weight_of
from slategym.bench.comparison.results import BEST_KNOWN
from slategym.bench.format import decimals, ends, interval, milliseconds, number, percent, percent_ends, weighted_sum
from slategym.bench.reports.commands import world_words
from slategym.bench.reports.findings import ORACLE, Findings
from slategym.bench.reports.page import entries, part, rendered
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate

Column = tuple[str, str, str]  # metric, heading, meaning


def columns(findings: Findings) -> list[Column]:
    """The possible columns of the leaderboard; columns without numbers are not shown."""
    goal = findings.scalarizer
    mixed = _mixed(findings)
    per_episode = ("value_per_episode", "value per episode", f"{mixed}, over a shopper's visits from the first to the last")
    value = f"utility of the mean objectives of {findings.span}" if goal else f"{mixed}, over the whole run"
    return [
        *([per_episode] if findings.unit == "episode" else []),
        ("value", "utility" if goal else "value per slate", value),
        *([per_episode] if findings.unit != "episode" else []),
        ("final_value", "last 10 %", "value per slate over the last 10 % of the run"),
        (
            "share_of_best_known",
            f"% of {BEST_KNOWN}",
            "value per episode as a share of that of the best known policy, which knows every shopper, for the same shoppers",
        ),
        (
            "share_of_context",
            "% of context",
            "expected value as a share of that of the best slates given the observation, for the same shoppers",
        ),
        ("share_of_oracle", "% of oracle", "expected value as a share of that of the oracle's slates, for the same shoppers"),
        *(
            (weight_of(name), f"final weight on {name}", "normalised weight over the last 10 % of the run")
            for name in findings.objectives[1:]
        ),
        (
            "regret_per_slate",
            "regret",
            "utility of the best mixture of slates, minus the utility of the expected objectives"
            if goal
            else "expected value of the oracle's slate, minus that of the agent's slate",
        ),
        (
            "context_regret_per_slate",
            "regret to context",
            "utility of the best slates given the observation, minus that of the agent's slates",
        ),
        ("slates_per_second", "slates/s", "speed of agent and environment together, in one process"),
    ]


def details(findings: Findings) -> list[Column]:
    """The possible columns of the second table; columns without numbers are not shown."""
    return [
        *((per_slate(each), f"{each} per slate", f"{each} per slate") for each in findings.plurals.values()),
        ("visits_per_episode", "visits", "visits per episode"),
        ("share_staying", "stay", "share of the shoppers who stay until their last possible visit"),
        (
            "share_of_personalisation",
            "personalisation",
            "share of the gain of personal slates over the best slate for everybody that the agent achieves",
        ),
        (
            "slates_to_90",
            "slates to 90 %",
            "slates until the mean of ten steps first reaches 90 % of the ceiling",
        ),
        ("coverage", "catalogue coverage", "share of the items that were shown"),
        ("gini", "Gini", "Gini coefficient of the items' impressions: 0 if all have equally many, near 1 if a few have all"),
        (
            "cold_start_regret",
            "cold start regret",
            "value of the oracle's items, minus that of a launched item, at the ranks of its first hundred impressions",
        ),
        ("cold_start_value", "cold start value", "value of one of these impressions"),
        ("cold_start_impressions", "first impressions", "number of its first hundred impressions that a launched item got"),
        ("decision_seconds_p50", "decision time", "median time of a decision for all shoppers of a step"),
        ("decision_seconds_p99", "slowest 1 %", "99th percentile of that time"),
    ]


def _mixed(findings: Findings) -> str:
    return weighted_sum(findings.config.get("weights") or (), list(findings.plurals.values()))


def leaderboard(findings: Findings, style: Style) -> Markup:
    """The leaderboard: a row per agent, the best first, with intervals; the ranking metric is also shown as a bar."""
    return _board(findings, style, columns(findings), findings.metric)


def beyond_value(findings: Findings, style: Style) -> Markup:
    """The same for other metrics, without a bar."""
    return _board(findings, style, details(findings))


def _board(findings: Findings, style: Style, possible: list[Column], ranked: str = "") -> Markup:
    shown = [each for each in possible if _is_known(findings, each[0])]
    if not shown:
        return Markup()
    least = 3 if findings.scalarizer else 0
    places = {metric: max(decimals(findings.estimate(name, metric) for name in findings.ranked), least) for metric, _, _ in shown}
    trained = findings.config.get("trained_before", ())
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "rank": "" if name == ORACLE else str(findings.ranked.index(name) + 1),
            "cells": [
                _cell(findings.estimate(name, metric), metric, heading, places[metric]) | _unreached(findings, name, metric)
                for metric, heading, _ in shown
            ],
            "bar": _bar(name, findings),
            "trained_before": name in trained,
        }
        for name in findings.shown
    ]
    heads = [{"metric": metric, "heading": heading, "meaning": meaning} for metric, heading, meaning in shown]
    bars = [bar for name in findings.shown if ranked and (bar := _bar(name, findings))]
    oracle = "best achievable" if findings.scalarizer else BEST_KNOWN if findings.unit == "episode" else "oracle"
    return rendered(
        "leaderboard.html",
        columns=heads,
        rows=rows,
        style=style,
        key=bool(bars),
        dots=any(bar["width"] is None for bar in bars),
        oracle=oracle,
        ranked=ranked,
    )


KNOWN = {
    "random": "slates drawn at random",
    EVERYBODY: "the one slate that is best on average over all shoppers",
    CONTEXT: "the best slate given the observation, from a large model fitted to the exact probabilities",
    "oracle": "the best slate for each visit, with full knowledge of the shopper",
    BEST_KNOWN: "the best known policy for whole episodes, with full knowledge of the shopper; satisfaction has a value, which "
    "is lower the less time is left",
}


def reference_policies(findings: Findings) -> Markup:
    """The values of the reference policies, from the one that knows least; empty if there are none."""
    names = list(findings.references)
    if not names:
        return Markup()
    columns = {
        "value_per_episode": "value per episode",
        "value": "value per slate",
        "visits_per_episode": "visits",
        "share_staying": "stay",
    }
    found = {metric: [findings.reference(name, metric) for name in names] for metric in columns}
    places = {metric: decimals(estimates) for metric, estimates in found.items()}
    rows = [
        (name, KNOWN.get(name, ""), [_cell(found[metric][row], metric, columns[metric], places[metric]) for metric in columns])
        for row, name in enumerate(names)
    ]
    return rendered("references.html", first="policy", heads=list(columns.values()), rows=rows)


def by_segment(findings: Findings) -> Markup:
    """The value per slate of each agent in each segment of shoppers; empty if there are no segments."""
    found = findings.results.get("segments") or {}
    names = [name for name in findings.shown if name in found]
    labels = list(dict.fromkeys(label for name in names for label in found[name]))
    if not labels or findings.scalarizer:
        return Markup()
    values = {
        (name, label): Estimate.from_json((found[name].get(label) or {}).get("value")) for name in names for label in labels
    }
    places = decimals(values.values())
    rows = [(name, "", [_cell(values[name, label], "value", label, places) for label in labels]) for name in names]
    return rendered("references.html", first="agent", heads=labels, rows=rows)


def differences(findings: Findings, style: Style) -> Markup:
    """The value of each row's agent minus that of each column's agent; empty with fewer than three agents."""
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
    """The agents with their colours. Unless `always`, shown only on narrow screens, which have no labels at the lines' ends."""
    return part("legend", [part("agent", name, style) for name in names], always=always)


def configuration(findings: Findings) -> Markup:
    """The command, and the entries of the configuration."""
    again = command(findings)
    reading = Markup(
        '<p class="reading">This command reproduces the same numbers, except speeds, with any number of processes.</p>\n'
    )
    shown = {key: value for key, value in findings.config.items() if key != "plurals"}
    return (reading + part("command", again) if again else Markup()) + entries(shown)


def command(findings: Findings) -> str | None:
    """The command line that reproduces these results; None if the seeds are not 0, 1, ..."""
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
    for option in ("references", "exact", "rank_by"):
        if config.get(option):
            words += [f"--{option.replace('_', '-')}", str(config[option])]
    if decided := config.get("until_decided"):
        words += [
            "--until-decided",
            "--indifference",
            f"{100 * decided['indifference']:g}%",
            "--most-seeds",
            str(decided["most_seeds"]),
        ]
    if not config.get("staggered", True):
        words.append("--not-staggered")
    return shlex.join([*words, "--out", "runs/again"])


def _cell(estimate: Estimate, metric: str, heading: str, places: int) -> dict[str, Any]:
    if metric.startswith("decision_"):
        printed, within = milliseconds(estimate.mean), ""
    elif metric.startswith(("share_", "weight_of")) or metric == "coverage":
        if metric in ("coverage", "share_staying"):
            estimate = estimate.clipped(0.0, 1.0)
        printed, within = percent(estimate.mean), percent_ends(estimate)
    elif metric in ("slates_per_second", "slates_to_90"):
        printed, within = number(estimate.mean, 0), ""
    else:
        printed, within = number(estimate.mean, places), ends(estimate, places)
    if estimate.low == estimate.high:
        within = ""
    exact = None if estimate.mean is None else repr(estimate.mean)
    return {"metric": metric, "heading": heading, "exact": exact, "printed": printed, "ends": within}


def _is_known(findings: Findings, metric: str) -> bool:
    """Whether a metric has anything to show: a number, or that 90 % of the ceiling was never reached."""
    found = "share_of_oracle" if metric == "slates_to_90" else metric
    return any(findings.estimate(name, found).mean is not None for name in findings.shown)


def _unreached(findings: Findings, name: str, metric: str) -> dict[str, Any]:
    """The text of "slates to 90 %" for an agent that did not reach 90 % in all seeds; otherwise empty."""
    if metric != "slates_to_90" or findings.estimate(name, metric).mean is not None:
        return {}
    seeds = (findings.results["agents"][name].get("seeds") or {}).get(metric) or []
    reached = sum(each is not None for each in seeds)
    return {"printed": f"in {reached} of {len(seeds)} seeds" if reached else "never"}


def _bar(name: str, findings: Findings) -> dict[str, Any] | None:
    """The value as a bar from zero with its interval, and the oracle's value as a tick, in percent of the width.

    Utilities, which have no natural zero, and negative values, whose longer bars would be the worse ones, are shown as dots
    instead: further right is better.
    """
    drawn = [number for other in findings.shown for number in findings.estimate(other).known] + findings.ceiling.known
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
        "oracle": None if findings.ceiling.mean is None else f"{at(findings.ceiling.mean):.2f}",
    }
