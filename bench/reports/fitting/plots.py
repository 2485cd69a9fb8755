"""Plots of a certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from slategym.bench.format import number
from slategym.bench.reports.style import INK, PALETTE, Plot, axis, layout, padded, plot_text


def rates(key: str, title: str, found: Sequence[Mapping[str, Any]], half: bool = False) -> Plot | None:
    """Plot the rates of groups in the log, with intervals, and in the fitted world; None without groups.

    Args:
        key: id of the plot.
        title: what the groups are, the title of the horizontal axis.
        found: the groups from certificate.json.
        half: whether the plot is shown side by side with another one.
    """
    if not found:
        return None
    names = [plot_text(each["name"]) for each in found]
    log, low, high, world = ([each[name] for each in found] for name in ("log", "low", "high", "world"))
    colour, other = PALETTE[0][0], PALETTE[1][0]
    words = [
        f"<b>{name}</b><br>log {number(one, 4)}, {number(a, 4)} to {number(b, 4)}<br>fitted world {number(two, 4)}"
        for name, one, a, b, two in zip(names, log, low, high, world, strict=True)
    ]
    place = list(range(len(names)))
    bars = {
        "type": "data",
        "array": [b - one for b, one in zip(high, log, strict=True)],
        "arrayminus": [one - a for a, one in zip(low, log, strict=True)],
        "color": colour,
        "thickness": 1.2,
        "width": 0,
    }
    look = {"hovertext": words, "hovertemplate": "%{hovertext}<extra></extra>"}
    traces = [
        go.Scatter(name="log", x=place, y=log, mode="markers", error_y=bars, marker={"color": colour, "size": 7}, **look),
        go.Scatter(
            name="fitted world",
            x=place,
            y=world,
            mode="markers",
            marker={"color": other, "size": 9, "symbol": "diamond-open"},
            **look,
        ),
    ]
    ticks = {"tickvals": place, "ticktext": [name[:14] for name in names]} if len(names) <= 12 else {"showticklabels": False}
    return Plot(
        key,
        traces,
        layout(
            300,
            10,
            50,
            xaxis=axis(plot_text(title), range=[-0.7, len(names) - 0.3], **ticks),
            yaxis=axis("rate", range=padded([*low, *high, *world], 0.05)),
        ),
        half,
    )


def order(found: Mapping[str, Any]) -> Plot:
    """Plot the value of agents in the fitted world against their value in the true world.

    Args:
        found: `order` of certificate.json.
    """
    colour = PALETTE[2][0]
    true, fitted = ([each["mean"] for each in found[name]] for name in ("true", "fitted"))
    names = [plot_text(name) for name in found["agents"]]
    traces = [
        go.Scatter(
            x=true,
            y=fitted,
            mode="markers+text",
            text=names,
            textposition="top center",
            textfont={"color": INK["muted"][0]},
            marker={"color": colour, "size": 10},
            hovertemplate="<b>%{text}</b><br>true world %{x:.4f}<br>fitted world %{y:.4f}<extra></extra>",
        )
    ]
    look = layout(
        360,
        10,
        50,
        xaxis=axis("value per slate, true world", range=padded(true, 0.15)),
        yaxis=axis("value per slate, fitted world", range=padded(fitted, 0.15)),
    )
    return Plot("order", traces, look)
