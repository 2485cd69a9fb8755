"""Plots of a sweep of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.format import decimals, interval, number
from slategym.bench.reports.findings import ORACLE
from slategym.bench.reports.page import part
from slategym.bench.reports.style import INK, Plot, Style, axis, error_bars, layout, padded, plot_text
from slategym.bench.statistics import Estimate

# Line style, marker and legend of each scalarizer.
LOOKS = (
    ("dash", "star", "★ – –"),
    ("dot", "square", "■ · · ·"),
    ("dashdot", "triangle-up", "▲ – ·"),
    ("longdash", "diamond", "◆ — —"),
    ("longdashdot", "cross", "✚ — ·"),
    ("solid", "x", "✖ ——"),
)
SETTLED = 0.02  # earlier points than this share of a run do not affect the axes, since they may be far away


def front(sweep: Mapping[str, Any], style: Style, x: int, y: int) -> Plot:
    """Plot two objectives: the exact front, the values of each agent, and the paths of agents with scalarizers."""
    names, exact = sweep["config"]["objectives"], sweep["front"]
    two = len(names) == 2
    traces = [
        go.Scatter(
            x=[value[x] for value in exact["values"]],
            y=[value[y] for value in exact["values"]],
            mode="lines" if two and len(exact["values"]) > 1 else "markers",
            line={"color": INK["ink"][0], "width": 2},
            marker={"color": INK["baseline"][0], "size": 8 if two else 4},
            opacity=1.0 if two else 0.6,
            hovertemplate=f"<b>exact front</b><br>{_both(names, x, y)}<extra></extra>",
        )
    ]
    seen = [(value[x], value[y]) for value in exact["values"]]
    if observed := sweep.get("observed"):
        seen += [(value[x], value[y]) for value in observed["values"]]
        traces.append(
            go.Scatter(
                x=[value[x] for value in observed["values"]],
                y=[value[y] for value in observed["values"]],
                mode="lines" if two and len(observed["values"]) > 1 else "markers",
                line={"color": INK["muted"][0], "width": 2, "dash": "dot"},
                marker={"color": INK["muted"][0], "size": 4},
                hovertemplate=f"<b>front given the observation</b><br>{_both(names, x, y)}<extra></extra>",
            )
        )
    for agent, found in sweep["agents"].items():
        points = [(Estimate.from_json(point["value"][x]), Estimate.from_json(point["value"][y])) for point in found["points"]]
        seen += [(a.mean, b.mean) for a, b in points if a.mean is not None and b.mean is not None]
        traces.append(_learned(agent, points, style, names, x, y, joined=two))
    for row in sweep["adaptive"]:
        start = SETTLED * row["path"]["slates"][-1]
        ending = [point for slates, point in zip(row["path"]["slates"], row["path"]["value"], strict=True) if slates >= start]
        seen += [(point[x], point[y]) for point in ending]
        traces += _path(row, sweep, style, x, y)
    optima = {row["scalarizer"]: row["optimal_value"] for row in sweep["adaptive"]}
    for text, value in optima.items():
        traces.append(
            go.Scatter(
                x=[value[x]],
                y=[value[y]],
                mode="markers",
                marker={"color": INK["ink"][0], "size": 11, "symbol": f"{_look(sweep, text)[1]}-open", "line": {"width": 2}},
                hovertemplate=f"<b>best mixture for {plot_text(text)}</b><br>{_both(names, x, y)}<extra></extra>",
            )
        )
    look = layout(
        height=460 if two else 360,
        top=12,
        bottom=48,
        xaxis=axis(_title(sweep, names[x]), range=padded([a for a, _ in seen], 0.06), nticks=8),
        yaxis=axis(_title(sweep, names[y]), range=padded([b for _, b in seen], 0.06), nticks=7),
    )
    return Plot(f"front-{x}-{y}", traces, look)


def weights(sweep: Mapping[str, Any], style: Style, objective: int) -> Plot | None:
    """Plot the normalised weight of an objective under each scalarizer, against the slates shown."""
    names = sweep["config"]["objectives"]
    traces, seen = [], [0.0, 1.0]
    for row in sweep["adaptive"]:
        share = [point[objective] for point in row["path"]["weights"]]
        if any(value is None for value in share):
            continue
        seen += share
        label = f"<b>{style.label(row['agent'])}</b>, {plot_text(row['scalarizer'])}"
        traces.append(
            go.Scatter(
                x=row["path"]["slates"],
                y=share,
                mode="lines",
                line={"color": style.colour(row["agent"])[0], "width": 1.8, "dash": _look(sweep, row["scalarizer"])[0]},
                hovertemplate=f"{label}<br>%{{x:,.0f}} slates: %{{y:.3f}}<extra></extra>",
            )
        )
    if not traces:
        return None
    look = layout(
        height=300,
        top=12,
        bottom=48,
        xaxis=axis("slates shown in a run", tickformat="~s", nticks=6),
        yaxis=axis(f"normalised weight on {names[objective]}", range=padded(seen, 0.02), tickformat=".0%", nticks=6),
    )
    return Plot(f"weights-{objective}", traces, look)


def _learned(
    agent: str, points: Sequence[tuple[Estimate, Estimate]], style: Style, names: Sequence[str], x: int, y: int, joined: bool
) -> go.Scatter:
    colour = style.colour(agent)[0]
    across, up = ([point[place] for point in points] for place in (0, 1))
    places = decimals(across), decimals(up)

    def said(estimate: Estimate, place: int) -> str:
        name = plot_text(names[(x, y)[place]])
        return f"{name} {number(estimate.mean, places[place])}, {interval(estimate, places[place])}"

    return go.Scatter(
        x=[point.mean for point in across],
        y=[point.mean for point in up],
        error_x=error_bars(across, f"{colour}66"),
        error_y=error_bars(up, f"{colour}66"),
        mode="lines+markers" if joined else "markers",
        line={"color": colour, "width": 1},
        marker={"color": colour, "size": 8, "symbol": style.symbol(agent)},
        text=[f"{said(a, 0)}<br>{said(b, 1)}" for a, b in points],
        hovertemplate=f"<b>{style.label(agent)}</b><br>%{{text}}<extra></extra>",
    )


def _path(row: Mapping[str, Any], sweep: Mapping[str, Any], style: Style, x: int, y: int) -> list[go.Scatter]:
    """The running mean of an agent's values, and its value in the last part of the run."""
    names, colour = sweep["config"]["objectives"], style.colour(row["agent"])[0]
    label = f"<b>{style.label(row['agent'])}</b>, {plot_text(row['scalarizer'])}"
    dash, symbol, _ = _look(sweep, row["scalarizer"])
    return [
        go.Scatter(
            x=[point[x] for point in row["path"]["value"]],
            y=[point[y] for point in row["path"]["value"]],
            text=[f"{slates:,}" for slates in row["path"]["slates"]],
            mode="lines",
            line={"color": colour, "width": 1.5, "dash": dash},
            opacity=0.8,
            hovertemplate=f"{label}<br>mean of the first %{{text}} slates<br>{_both(names, x, y)}<extra></extra>",
        ),
        go.Scatter(
            x=[row["value"][x]["mean"]],
            y=[row["value"][y]["mean"]],
            mode="markers",
            marker={"color": colour, "size": 13, "symbol": symbol},
            hovertemplate=f"{label}<br>last 10 % of the run<br>{_both(names, x, y)}<extra></extra>",
        ),
    ]


def legend(sweep: Mapping[str, Any], style: Style, agents: Sequence[str]) -> Markup:
    """The agents with their colours, and the scalarizers with their line styles and markers."""
    every = dict.fromkeys([*agents, *(row["agent"] for row in sweep["adaptive"])])
    names = {agent: "exact front" if agent == ORACLE and agent not in sweep["agents"] else agent for agent in every}
    entries = [part("agent", agent, style, name) for agent, name in names.items()]
    for text in dict.fromkeys(row["scalarizer"] for row in sweep["adaptive"]):
        entries.append(part("marked", f"{_look(sweep, text)[2]} {text}"))
    return part("legend", entries, always=True)


def _look(sweep: Mapping[str, Any], scalarizer: str) -> tuple[str, str, str]:
    return LOOKS[sweep["config"]["scalarizers"].index(scalarizer) % len(LOOKS)]


def _title(sweep: Mapping[str, Any], objective: str) -> str:
    return f"{sweep['config']['plurals'][objective]} per slate"


def _both(names: Sequence[str], x: int, y: int) -> str:
    return f"{plot_text(names[x])} %{{x:.4g}}, {plot_text(names[y])} %{{y:.4g}}"
