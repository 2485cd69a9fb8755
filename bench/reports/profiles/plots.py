"""Plots of a profile: the radar plot, and the scores along the dial of each task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from slategym.bench.format import interval, number
from slategym.bench.reports.style import INK, Plot, Style, axis, error_bars, layout, plot_text
from slategym.bench.statistics import Estimate

Result = Mapping[str, Any]
FILLING = "1f"  # opacity of the area of the profiled agent, in hexadecimal
LEAST = -0.5  # the lowest score that a plot along a dial shows


def radar(result: Result, style: Style) -> Plot:
    """A radar plot with an axis for each task and a line for each agent; negative scores are drawn at 0.

    Args:
        result: content of profile.json.
        style: look of the agents.
    """
    traces, tasks = [], list(result["tasks"])
    names = [name for name in result["agents"] if name != result["config"]["agent"]]
    for name in [*names, result["config"]["agent"]]:
        found = result["agents"][name]["tasks"]
        known = [(task, found[task]["score"]["mean"]) for task in tasks if task in found]
        if not known:
            continue
        mine, closed = name == result["config"]["agent"], [*known, known[0]] if len(known) == len(tasks) else known
        traces.append(
            go.Scatterpolar(
                name=style.label(name),
                theta=[spoke(task) for task, _ in closed],
                r=[max(score, 0.0) for _, score in closed],
                mode="lines+markers",
                line={"color": style.colour(name)[0], "width": 3 if mine else 1.5, "dash": style.dash(name)},
                marker={"size": 7 if mine else 4, "symbol": style.symbol(name)},
                fill="toself" if mine and len(known) == len(tasks) else "none",
                fillcolor=f"{style.colour(name)[0]}{FILLING}",
                customdata=[number(score, 2) for _, score in closed],
                hovertemplate=f"<b>{plot_text(name)}</b><br>%{{theta}}: %{{customdata}}<extra></extra>",
            )
        )
    look = layout(
        420,
        44,
        44,
        66,
        xaxis={"visible": False},
        yaxis={"visible": False},
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {
                "range": [0, 1],
                "tickvals": [0.5, 1],
                "angle": 90,
                "tickangle": 90,
                "gridcolor": INK["line"][0],
            },
            "angularaxis": {
                "direction": "clockwise",
                "rotation": 90,
                "categoryorder": "array",
                "categoryarray": [spoke(task) for task in tasks],
                "gridcolor": INK["line"][0],
                "linecolor": INK["line"][0],
            },
        },
    )
    return Plot("radar", traces, look)


def spoke(task: str) -> str:
    """The label of a task in the radar plot, in two lines if it has two words."""
    return plot_text(task).replace("-", "<br>", 1)


def dial(result: Result, style: Style, task: str) -> Plot:
    """Plot the score of each agent at each setting of a task's dial.

    Args:
        result: content of profile.json.
        style: look of the agents.
        task: name of the task.
    """
    about, traces = result["tasks"][task], []
    settings = [f"{level['setting']:g}" for level in about["levels"]]
    for name in [*(each for each in result["agents"] if each != result["config"]["agent"]), result["config"]["agent"]]:
        if task not in result["agents"][name]["tasks"]:
            continue
        scores = [Estimate.from_json(level["score"]) for level in result["agents"][name]["tasks"][task]["levels"]]
        mine, colour = name == result["config"]["agent"], style.colour(name)[0]
        traces.append(
            go.Scatter(
                name=style.label(name),
                x=settings,
                y=[score.mean for score in scores],
                error_y=error_bars(scores, colour) if mine else {"visible": False},
                mode="lines+markers",
                line={"color": colour, "width": 3 if mine else 1.5, "dash": style.dash(name)},
                marker={"size": 8 if mine else 5, "symbol": style.symbol(name)},
                customdata=[interval(score, 2) for score in scores],
                hovertemplate=f"<b>{plot_text(name)}</b><br>{plot_text(about['dial'])} %{{x}}<br>"
                "%{y:.2f}, %{customdata}<extra></extra>",
            )
        )
    look = layout(
        250,
        30,
        48,
        title={"text": plot_text(task), "font": {"size": 14}, "x": 0, "xref": "paper", "xanchor": "left", "y": 0.97},
        xaxis=axis(about["dial"], type="category"),
        yaxis=axis("score", range=[LEAST, 1.08], zeroline=True),
    )
    return Plot(f"dial-{task}", traces, look)
