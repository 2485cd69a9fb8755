"""The page of `slategym leaderboard`, which compares agents on several worlds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from slategym.bench.format import listed, number
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, part, section, table
from slategym.bench.reports.style import Plot, Style, axis, layout, plot_text
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

SCORES = """
The score of a run is its value as a share of the value of the best slates given the observation: per episode if shoppers may
leave, otherwise per slate. <b>Score</b> is the interquartile mean over the runs of all worlds, with a 95 % interval from a
bootstrap of the seeds within each world. <b>Mean</b> is the mean over the worlds; the other columns are means over the seeds of
one world.
"""
PROFILES = """
The share of the runs that score more than the number on the horizontal axis; all worlds count equally. A line further up and to
the right is better. If two lines cross, neither agent is better everywhere.
"""
IMPROVEMENT = """
The probability that a run of the row's agent scores higher than a run of the column's agent, averaged over the worlds.
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a leaderboard.

    Args:
        result: content of leaderboard.json, with at least one agent.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no agent.
    """
    if not result.get("agents"):
        raise ValueError("the result contains no agent: expected at least one that ran in every world")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text."""
    agents, config, frame = list(result["agents"]), result["config"], Frame()
    style = Style(Findings({"agents": {name: {} for name in config["agents"] if name in agents}, "config": config}))
    runs = result["runs"]
    size = f"{len(agents)} agents, {config['seeds']} seeds in each world"
    return frame.page(
        title=f"slategym leaderboard: {headline(result)}",
        eyebrow=f"slategym leaderboard · {config['tier']}",
        headline=headline(result),
        summary_sentences=list(result.get("notes") or []),
        setting=f"{runs['finished']} runs of {config['slates']:,} slates: {size}.",
        sections=[
            section("Scores", Markup(SCORES), _scores(result)),
            section(
                "Performance profiles",
                PROFILES,
                part("legend", [part("agent", name, style) for name in agents], always=True)
                + frame.figure(_profiles(result, style)),
            ),
            section("Probability of improvement", IMPROVEMENT, _improvement(result)) if len(agents) > 1 else "",
        ],
        configuration=entries(config),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def headline(result: Mapping[str, Any]) -> str:
    """The best agent over all worlds, or the agents that do not differ significantly from it, in a sentence.

    Args:
        result: content of leaderboard.json.
    """
    first, *others = result["agents"]
    behind = {name: Estimate.from_json(result["agents"][name]["behind"]) for name in others}
    tied = [name for name in others if not behind[name].excludes_zero]
    if tied:
        return f"No significant winner over {len(result['worlds'])} worlds: {listed([first, *tied])} lead"
    score = number(result["agents"][first]["score"]["mean"], 3)
    return f"{first} has the highest score over {len(result['worlds'])} worlds: {score}"


def _scores(result: Mapping[str, Any]) -> str:
    worlds = result["worlds"]
    rows = [
        [
            name,
            estimate_cell(Estimate.from_json(agent["score"]), 3),
            number(agent["mean"]["mean"], 3),
            *(number(world["agents"].get(name), 3) for world in worlds.values()),
        ]
        for name, agent in result["agents"].items()
    ]
    return table(["agent", "score", "mean", *worlds], rows, id="scores")


def _improvement(result: Mapping[str, Any]) -> str:
    agents = result["agents"]
    rows = [
        [name, *(Cell("") if other == name else f"{agents[name]['probability'][other]:.2f}" for other in agents)]
        for name in agents
    ]
    return table(["agent", *agents], rows, id="improvement")


def _profiles(result: Mapping[str, Any], style: Style) -> Plot:
    traces = [
        go.Scatter(
            name=style.label(name),
            x=result["thresholds"],
            y=agent["profile"],
            mode="lines",
            line={"color": style.colour(name)[0], "width": 2, "shape": "hv"},
            hovertemplate=f"<b>{plot_text(name)}</b><br>%{{y:.0%}} of runs score more than %{{x:.2f}}<extra></extra>",
        )
        for name, agent in result["agents"].items()
    ]
    look = layout(
        height=380,
        top=10,
        bottom=50,
        xaxis=axis("score", range=[0, max(result["thresholds"])]),
        yaxis=axis("share of runs", range=[-0.02, 1.02], tickformat=".0%"),
    )
    return Plot("profiles", traces, look)
