"""The tables of the report, as HTML: the leaderboard, the differences of all pairs and the configuration."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from html import escape

from slategym.bench.metrics import per_slate, weight_of
from slategym.bench.report_findings import ORACLE, Estimate, Findings, decimals, interval, number, percent
from slategym.bench.report_frame import entries
from slategym.bench.report_style import Style

Column = tuple[str, str, str]  # metric, heading, what it means
_HEADING = {"click": "clicks", "conversion": "conversions"}
_MEANING = {"click": "clicks per slate", "conversion": "purchases per slate"}


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
        *(
            (
                per_slate(name),
                per_slate(name).removesuffix("_per_slate").replace("_", " "),
                _MEANING.get(name, f"{name} per slate"),
            )
            for name in findings.objectives
        ),
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


def leaderboard(findings: Findings, style: Style) -> str:
    """One row per agent, best first, each number with its interval and the first one drawn."""
    shown = [
        each for each in columns(findings) if any(findings.figure(name, each[0]).mean is not None for name in findings.shown)
    ]
    least = 3 if findings.scalarizer else 0
    places = {metric: max(decimals(findings.figure(name, metric) for name in findings.ranked), least) for metric, _, _ in shown}
    heads = "".join(
        f'<th scope="col" title="{escape(meaning)}">{heading}</th>' + ("<th></th>" if metric == "value" else "")
        for metric, heading, meaning in shown
    )
    rows = []
    for name in findings.shown:
        rank = "" if name == ORACLE else str(findings.ranked.index(name) + 1)
        cells = [f'<td class="rank">{rank}</td>', f'<th scope="row">{agent(name, style)}</th>']
        for metric, heading, _ in shown:
            cells.append(_cell(findings.figure(name, metric), metric, heading, places[metric]))
            if metric == "value":
                cells.append(f'<td class="bar">{_bar(name, findings, style)}</td>')
        kind = ' class="ceiling"' if name == ORACLE else ""
        rows.append(f'<tr data-agent="{escape(name)}"{kind}>{"".join(cells)}</tr>')
    return (
        f'<table class="leaderboard"><thead><tr><th></th><th scope="col">agent</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def differences(findings: Findings, style: Style) -> str:
    """What the agent of each row earns above the one of each column; empty with fewer than three agents."""
    ranked = findings.ranked
    gaps = {(a, b): gap for a in ranked for b in ranked if (gap := findings.difference(a, b))}
    if len(ranked) < 3 or not gaps:
        return ""
    places = decimals(Estimate(gap.value, gap.low, gap.high) for gap in gaps.values())
    heads = "".join(f'<th scope="col">{agent(name, style)}</th>' for name in ranked[1:])
    rows = []
    for row, a in enumerate(ranked[:-1]):
        cells = ["<td></td>"] * row
        for b in ranked[row + 1 :]:
            gap = gaps.get((a, b))
            if gap is None:
                cells.append("<td>–</td>")
                continue
            sure = "" if gap.probability is None else f", better with probability {gap.probability:.3f}"
            about = f"{a} above {b}: {number(gap.value, places, True)}, {interval(gap, places)}{sure}"
            kind = {True: "apart", False: "same", None: ""}[gap.told_apart]
            ends = "" if gap.low is None else f"<small>{number(gap.low, places)} to {number(gap.high, places)}</small>"
            cells.append(f'<td class="{kind}" title="{escape(about)}">{number(gap.value, places, True)}{ends}</td>')
        rows.append(f'<tr><th scope="row">{agent(a, style)}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="wide"><table class="differences"><thead><tr><th></th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def legend(names: Iterable[str], style: Style) -> str:
    """The agents' colours in a line, for a screen too narrow to name the lines at their ends."""
    return f'<p class="names">{" ".join(agent(name, style) for name in names)}</p>'


def agent(name: str, style: Style) -> str:
    """An agent's name beside its colour."""
    return f'<span class="agent" title="{escape(name)}"><i class="{style.mark(name)}"></i><span>{style.label(name)}</span></span>'


def configuration(findings: Findings) -> str:
    """The command, and what was run, entry by entry."""
    again = command(findings)
    reading = '<p class="reading">The same command gives the same numbers, speeds aside, in any number of processes.</p>'
    return (f"{reading}\n<pre><code>{escape(again)}</code></pre>\n" if again else "") + entries(findings.config)


def command(findings: Findings) -> str | None:
    """The command line that makes these results again; None where the seeds are others than a command would take."""
    config, seeds = findings.config, findings.config.get("seeds")
    if isinstance(seeds, list) and seeds != list(range(len(seeds))):
        return None
    choices = {
        "--world": config.get("world"),
        "--agents": ",".join(config.get("agents") or findings.agents),
        "--slates": config.get("slates"),
        "--seeds": findings.seeds,
        "--shoppers": config.get("shoppers"),
        "--weights": ",".join(f"{weight:.12g}" for weight in config.get("weights") or []) or None,
        "--scalarizer": ",".join(config.get("scalarizers") or []) or None,
    }
    words = ["slategym", "benchmark"]
    for option, value in choices.items():
        words += [option, str(value)] if value is not None else []
    for option, value in (config.get("options") or {}).items():
        words += ["--option", f"{option}={value if isinstance(value, str) else json.dumps(value)}"]
    if "context_ceiling" in config and not config.get("scalarizers"):
        words.append("--context-ceiling" if config["context_ceiling"] else "--no-context-ceiling")
    return shlex.join([*words, "--out", "runs/again"])


def _cell(figure: Estimate, metric: str, heading: str, places: int) -> str:
    if figure.mean is None:
        return f'<td data-label="{heading}">–</td>'

    def printed(value: float | None) -> str:
        if metric.startswith(("share_of", "weight_of")):
            return percent(value)
        return number(value, 0 if metric == "slates_per_second" else places)

    ends = ""
    if figure.interval and figure.low != figure.high and metric != "slates_per_second":
        ends = f"<small>{printed(figure.low).removesuffix(' %')} to {printed(figure.high)}</small>"
    mean = f'<data value="{figure.mean!r}">{printed(figure.mean)}</data>'
    return f'<td data-label="{heading}" data-metric="{metric}">{mean}{ends}</td>'


def _bar(name: str, findings: Findings, style: Style) -> str:
    """The value as a bar from zero, its interval across its end, and the oracle's value as a tick.

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
        return ""
    mean = at(figure.mean)
    place = f"left:{mean:.2f}%" if dots else f"left:0.00%;width:{mean:.2f}%"
    parts = [f'<i class="{style.mark(name)}{" dot" * dots}" style="{place}"></i>']
    if figure.interval:
        start, end = (at(end) for end in figure.interval)
        parts.append(f'<b style="left:{start:.2f}%;width:{end - start:.2f}%"></b>')
    if findings.oracle.mean is not None:
        parts.append(f'<u style="left:{at(findings.oracle.mean):.2f}%"></u>')
    return f'<span class="track">{"".join(parts)}</span>'
