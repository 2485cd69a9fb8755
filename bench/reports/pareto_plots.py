"""The plots of a sweep, as data for plotly.js."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from slategym.bench.format import decimals, interval, number
from slategym.bench.reports.findings import ORACLE
from slategym.bench.reports.page import part
from slategym.bench.reports.style import INK, Plot, Style, axis, errors, layout, padded, plot_text
from slategym.bench.statistics import Estimate

# Of the scalarizers: line, mark, and how the legend shows them.
LOOKS = (
    ("dash", "star", "★ – –"),
    ("dot", "square", "■ · · ·"),
    ("dashdot", "triangle-up", "▲ – ·"),
    ("longdash", "diamond", "◆ — —"),
    ("longdashdot", "cross", "✚ — ·"),
    ("solid", "x", "✖ ——"),
)
SETTLED = 0.02  # the share of a run from which on its path is drawn to scale; what lies before may be far away


def front(sweep: Mapping[str, Any], style: Style, x: int, y: int) -> Plot:
    """Two objectives: the exact front, what each agent learned, and the paths that scalarizers took."""
    names, exact = sweep["config"]["objectives"], sweep["front"]
    two = len(names) == 2
    data: list[Plot] = [
        {
            "type": "scatter",
            "x": [value[x] for value in exact["values"]],
            "y": [value[y] for value in exact["values"]],
            "mode": "lines" if two and len(exact["values"]) > 1 else "markers",
            "line": {"color": INK["ink"][0], "width": 2},
            "marker": {"color": INK["baseline"][0], "size": 8 if two else 4},
            "opacity": 1.0 if two else 0.6,
            "hovertemplate": f"<b>exact front</b><br>{_both(names, x, y)}<extra></extra>",
        }
    ]
    seen = [(value[x], value[y]) for value in exact["values"]]
    for agent, found in sweep["agents"].items():
        points = [(Estimate.of(each["value"][x]), Estimate.of(each["value"][y])) for each in found["points"]]
        seen += [(a.mean, b.mean) for a, b in points if a.mean is not None and b.mean is not None]
        data.append(_learned(agent, points, style, names, x, y, joined=two))
    for each in sweep["adaptive"]:
        start = SETTLED * each["path"]["slates"][-1]
        ending = [point for slates, point in zip(each["path"]["slates"], each["path"]["value"], strict=True) if slates >= start]
        seen += [(point[x], point[y]) for point in ending]
        data += _path(each, sweep, style, x, y)
    optima = {each["scalarizer"]: each["optimal_value"] for each in sweep["adaptive"]}
    for text, value in optima.items():
        data.append(
            {
                "type": "scatter",
                "x": [value[x]],
                "y": [value[y]],
                "mode": "markers",
                "marker": {"color": INK["ink"][0], "size": 11, "symbol": f"{_look(sweep, text)[1]}-open", "line": {"width": 2}},
                "hovertemplate": f"<b>the best mixture for {plot_text(text)}</b><br>{_both(names, x, y)}<extra></extra>",
            }
        )
    look = layout(460 if two else 360, 12, 48) | {
        "hovermode": "closest",
        "xaxis": axis(_title(sweep, names[x]), range=padded([a for a, _ in seen], 0.06), nticks=8),
        "yaxis": axis(_title(sweep, names[y]), range=padded([b for _, b in seen], 0.06), nticks=7),
    }
    return {"id": f"front-{x}-{y}", "data": data, "layout": look}


def weights(sweep: Mapping[str, Any], style: Style, objective: int) -> Plot | None:
    """The share of the weights that each scalarizer put on an objective, against the slates shown."""
    names = sweep["config"]["objectives"]
    data: list[Plot] = []
    for each in sweep["adaptive"]:
        share = [row[objective] for row in each["path"]["weights"]]
        if any(value is None for value in share):
            continue
        label = f"<b>{style.label(each['agent'])}</b>, {plot_text(each['scalarizer'])}"
        data.append(
            {
                "type": "scatter",
                "x": each["path"]["slates"],
                "y": share,
                "mode": "lines",
                "line": {"color": style.colour(each["agent"])[0], "width": 1.8, "dash": _look(sweep, each["scalarizer"])[0]},
                "hovertemplate": f"{label}<br>%{{x:,.0f}} slates: %{{y:.3f}}<extra></extra>",
            }
        )
    if not data:
        return None
    values = [value for line in data for value in line["y"]]
    look = layout(300, 12, 48) | {
        "hovermode": "closest",
        "xaxis": axis("slates shown in a run", tickformat="~s", nticks=6),
        "yaxis": axis(
            f"share of the weight on {names[objective]}", range=padded([*values, 0.0, 1.0], 0.02), tickformat=".0%", nticks=6
        ),
    }
    return {"id": f"weights-{objective}", "data": data, "layout": look}


def _learned(
    agent: str, points: Sequence[tuple[Estimate, Estimate]], style: Style, names: Sequence[str], x: int, y: int, joined: bool
) -> Plot:
    colour = style.colour(agent)[0]
    across, up = ([point[axis] for point in points] for axis in (0, 1))
    places = decimals(across), decimals(up)

    def said(found: Estimate, axis: int) -> str:
        return f"{plot_text(names[(x, y)[axis]])} {number(found.mean, places[axis])}, {interval(found, places[axis])}"

    return {
        "type": "scatter",
        "x": [each.mean for each in across],
        "y": [each.mean for each in up],
        "error_x": errors(across, f"{colour}66"),
        "error_y": errors(up, f"{colour}66"),
        "mode": "lines+markers" if joined else "markers",
        "line": {"color": colour, "width": 1},
        "marker": {"color": colour, "size": 8, "symbol": style.symbol(agent)},
        "text": [f"{said(a, 0)}<br>{said(b, 1)}" for a, b in points],
        "hovertemplate": f"<b>{style.label(agent)}</b><br>%{{text}}<extra></extra>",
    }


def _path(each: Mapping[str, Any], sweep: Mapping[str, Any], style: Style, x: int, y: int) -> list[Plot]:
    """The running mean of what was shown, and where the last part of the run stands."""
    names, colour = sweep["config"]["objectives"], style.colour(each["agent"])[0]
    label = f"<b>{style.label(each['agent'])}</b>, {plot_text(each['scalarizer'])}"
    end = [each["value"][place]["mean"] for place in (x, y)]
    return [
        {
            "type": "scatter",
            "x": [point[x] for point in each["path"]["value"]],
            "y": [point[y] for point in each["path"]["value"]],
            "text": [f"{slates:,}" for slates in each["path"]["slates"]],
            "mode": "lines",
            "line": {"color": colour, "width": 1.5, "dash": _look(sweep, each["scalarizer"])[0]},
            "opacity": 0.8,
            "hovertemplate": f"{label}<br>mean of the first %{{text}} slates<br>{_both(names, x, y)}<extra></extra>",
        },
        {
            "type": "scatter",
            "x": [end[0]],
            "y": [end[1]],
            "mode": "markers",
            "marker": {"color": colour, "size": 13, "symbol": _look(sweep, each["scalarizer"])[1]},
            "hovertemplate": f"{label}<br>last part of the run<br>{_both(names, x, y)}<extra></extra>",
        },
    ]


def legend(sweep: Mapping[str, Any], style: Style, agents: Sequence[str]) -> Markup:
    """Who is who: some agents and those who follow scalarizers by colour, the scalarizers by line and mark."""
    every = dict.fromkeys([*agents, *(each["agent"] for each in sweep["adaptive"])])
    names = {agent: "exact front" if agent == ORACLE and agent not in sweep["agents"] else agent for agent in every}
    entries = [part("agent", agent, style, name) for agent, name in names.items()]
    for text in dict.fromkeys(each["scalarizer"] for each in sweep["adaptive"]):
        entries.append(part("marked", f"{_look(sweep, text)[2]} {text}"))
    return part("legend", entries, always=True)


def _look(sweep: Mapping[str, Any], scalarizer: str) -> tuple[str, str, str]:
    return LOOKS[sweep["config"]["scalarizers"].index(scalarizer) % len(LOOKS)]


def _title(sweep: Mapping[str, Any], objective: str) -> str:
    return f"{sweep['config']['plurals'][objective]} per slate"


def _both(names: Sequence[str], x: int, y: int) -> str:
    return f"{plot_text(names[x])} %{{x:.4g}}, {plot_text(names[y])} %{{y:.4g}}"
