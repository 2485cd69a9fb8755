"""Plots of metrics over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from slategym.bench.format import decimals, number
from slategym.bench.reports.findings import ORACLE, RANDOM, Findings
from slategym.bench.reports.style import INK, Plot, Style, axis, band, end_labels, layout, padded
from slategym.bench.statistics import Estimate

Line = dict[str, Any]  # lists of slates, mean, low and high


def curve(findings: Findings, style: Style, metric: str, plot: str, height: int, title: str) -> Plot | None:
    """Plot a metric against the slates shown, with a line and a band for each agent, labelled at its end.

    Args:
        findings: the results.
        style: look of the agents.
        metric: one of the metrics of the results' curves.
        plot: id of the plot.
        height: in pixels.
        title: title of the vertical axis.

    Returns:
        The plot; None if the metric was not recorded.
    """
    curves = findings.results.get("curves") or {}
    known = {name: curves[name] | curves[name][metric] for name in findings.shown if metric in curves.get(name, {})}
    if metric.startswith("weight_of"):  # random slates do not use weights
        known.pop(RANDOM, None)
    if not known:
        return None
    if metric == "value" and ORACLE not in known and findings.oracle.mean is not None:
        slates = next(iter(known.values()))["slates"]
        known[ORACLE] = {"slates": slates, "mean": [findings.oracle.mean] * len(slates)}
    if metric == "cumulative_regret":  # add the start, where it is 0
        starts = {"slates": 0, "mean": 0.0, "low": 0.0, "high": 0.0}
        known = {name: {part: [start, *(line.get(part) or [])] for part, start in starts.items()} for name, line in known.items()}
    known = dict(sorted(known.items(), key=lambda item: -_last(item[1]["mean"])))
    places = decimals(_end(line) for line in known.values())
    goal = findings.scalarizer is not None and metric == "value"
    foggy = _foggy([line for name, line in known.items() if name != ORACLE])
    bands = [
        band(line["slates"], line["low"], line["high"], style.colour(name)[0], 0.06 if name == ORACLE else 0.12)
        for name, line in known.items()
        if _bounded(line) and not foggy and not (name == RANDOM and goal)
    ]
    lines = [
        go.Scatter(
            name=style.label(name),
            x=line["slates"],
            y=line["mean"],
            text=_intervals(line, places),
            mode="lines" if len(line["slates"]) > 1 else "markers",
            line={"color": style.colour(name)[0], "width": 1.2 if name == ORACLE else 1.8, "dash": style.dash(name)},
            marker={"color": style.colour(name)[0]},
            hovertemplate=f"%{{y:,.{places}f}}%{{text}}",
        )
        for name, line in known.items()
    ]
    low, high = padded(_drawn(known, goal), 0.12)
    top, bottom = 12, 44
    ends = {style.label(name): (_last(line["mean"]), style.colour(name)[0]) for name, line in known.items()}
    muted = INK["muted"][0]
    labels = end_labels(ends, (height - top - bottom) / (high - low))
    if foggy:
        labels.append(
            go.layout.Annotation(
                xref="paper",
                yref="paper",
                x=0.01,
                y=1,
                xanchor="left",
                yanchor="top",
                text="intervals too wide to draw; use more seeds",
                font={"color": muted, "size": 12},
            )
        )
    look = layout(
        height=height,
        top=top,
        bottom=bottom,
        right=14 + math.ceil(max(style.width(name) for name in known)),
        annotations=labels,
        hovermode="x unified",
        xaxis=axis(
            "slates shown in a run",
            range=[0, max(line["slates"][-1] for line in known.values())],
            tickformat="~s",
            nticks=6,
            hoverformat=",.0f",
            unifiedhovertitle={"text": "%{x:,.0f} slates"},
            spikecolor=muted,
            spikethickness=1,
            spikedash="solid",
        ),
        yaxis=axis(title, range=[low, high]),
    )
    return Plot(plot, [*bands, *lines], look)


def _drawn(known: Mapping[str, Line], goal: bool) -> list[float]:
    """The values that must fit into the plot; the lowest utilities, which may be extreme, are left out."""
    every = {name: [value for value in line["mean"] if value is not None] for name, line in known.items()}
    if not goal:
        return [value for line in every.values() for value in line]
    values = sorted(value for name, line in every.items() if name != RANDOM or len(every) == 1 for value in line)
    return values[len(values) // 20 :]


def _last(values: Sequence[float | None]) -> float:
    """The last known value."""
    return next((value for value in reversed(values) if value is not None), 0.0)


def _bounded(line: Line) -> bool:
    """Whether a line has an interval at each point."""
    return all(len(line.get(part) or []) == len(line["slates"]) and None not in line[part] for part in ("low", "high"))


def _end(line: Line) -> Estimate:
    """The end of a line, with its interval."""
    return Estimate(_last(line["mean"]), *((line["low"][-1], line["high"][-1]) if _bounded(line) else ()))


def _foggy(lines: Sequence[Line]) -> bool:
    """Whether bands would hide the lines: with two or three seeds they can be wider than the distances of the lines."""
    means = [value for line in lines for value in line["mean"] if value is not None]
    widths = sorted(high - low for line in lines if _bounded(line) for low, high in zip(line["low"], line["high"], strict=True))
    return bool(widths) and widths[len(widths) // 2] > 0.5 * (max(means) - min(means))


def _intervals(line: Line, places: int) -> list[str]:
    """The intervals of a line, as text to show after its numbers."""
    if not _bounded(line):
        return [""] * len(line["slates"])
    ends = zip(line["low"], line["high"], strict=True)
    return [f"  ({number(low, places)} to {number(high, places)})" for low, high in ends]
