"""The plots of an audit, as data for plotly.js."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from slategym.bench.audits.values import ORACLE, RUNGS
from slategym.bench.format import decimals, interval, number, percent
from slategym.bench.reports.labels import positions, spread
from slategym.bench.reports.style import INK, PALETTE, Plot, Style, axis, band, errors, layout, padded, plot_text
from slategym.bench.statistics import Estimate

CLOCK = "time alone"
ROOM = 0.07  # of the axis, for a number
Figures = Sequence[Mapping[str, float | None]]


def ladder(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """What each policy earns of the oracle, a row for the value and for each objective alone, where there are such shares."""
    mixes = [mix for mix in audit["values"] if audit["values"][mix][ORACLE]["share_of_oracle"] is not None]
    if not mixes:
        return None
    rows = {mix: len(mixes) - 1 - place for place, mix in enumerate(mixes)}
    data: list[Plot] = []
    annotations: list[Plot] = []
    every = [0.0, 1.0]
    for mix, row in rows.items():
        found = audit["values"][mix]
        shares = {name: found[name]["share_of_oracle"] for name in RUNGS if name in found}
        known = {name: share for name, share in shares.items() if share is not None}
        every += known.values()
        data.append(
            _line([min(known.values(), default=0.0), max(known.values(), default=0.0)], [row, row], INK["line"][0], 2)
            | {"hoverinfo": "skip"}
        )
        places = decimals(Estimate.of(each["per_slate"]) for each in found.values())
        beside = _beside(known)
        for name, share in known.items():
            earned = Estimate.of(found[name]["per_slate"])
            data.append(
                {
                    "type": "scatter",
                    "x": [share],
                    "y": [row],
                    "mode": "markers",
                    "marker": {"color": style.colour(names[name])[0], "size": 13, "symbol": style.symbol(names[name])},
                    "cliponaxis": False,
                    "hovertemplate": f"<b>{style.label(names[name])}</b>: {percent(share)} of the oracle<br>"
                    f"{number(earned.mean, places)} a slate, {interval(earned, places)}<extra></extra>",
                }
            )
            if beside[name]:
                annotations.append(
                    {
                        "name": "label",
                        "x": share,
                        "y": row,
                        "yshift": beside[name],
                        "text": number(earned.mean, places),
                        "showarrow": False,
                        "font": {"size": 12, "color": style.colour(names[name])[0]},
                    }
                )
    look = layout(50 + 62 * len(rows), 8, 46) | {
        "annotations": annotations,
        "hovermode": "closest",
        "xaxis": axis("share of the oracle", range=padded(every, 0.04), tickformat=".0%", nticks=6),
        "yaxis": axis("", range=[-0.5, len(rows) - 0.3], showgrid=False, tickvals=list(rows.values()))
        | {"ticktext": ["value" if mix == "value" else plot_text(f"{audit['config']['plurals'][mix]} alone") for mix in rows]},
    }
    return {"id": "ladder", "data": data, "layout": look}


def ranks(audit: Mapping[str, Any], part: str, title: str) -> Plot:
    """One rate of random slates against the rank."""
    found = audit["by_rank"][part]
    colour = PALETTE[0][0] if part == "click" else PALETTE[2][0]
    known = [(place, Estimate.of(each)) for place, each in enumerate(found, 1)]
    known = [(place, each) for place, each in known if each.mean is not None]
    places = decimals(each for _, each in known)
    values = [end for _, each in known for end in each if end is not None]
    data = [
        {
            "type": "scatter",
            "x": [place for place, _ in known],
            "y": [each.mean for _, each in known],
            "error_y": errors([each for _, each in known], colour),
            "mode": "lines+markers",
            "line": {"color": colour, "width": 1.5},
            "marker": {"color": colour, "size": 9},
            "text": [f"{number(each.mean, places)}, {interval(each, places)}" for _, each in known],
            "hovertemplate": "rank %{x}: %{text}<extra></extra>",
        }
    ]
    look = layout(260, 12, 44) | {
        "hovermode": "closest",
        "xaxis": axis("rank", range=[0.5, len(found) + 0.5], showgrid=False, nticks=min(len(found), 10) + 1, tickformat="d"),
        "yaxis": axis(title, range=[0, 1.12 * max(values, default=1.0)], nticks=5),
    }
    return {"id": f"rank-{part}", "data": data, "layout": look, "half": True}


def front(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot:
    """The front between the two objectives, and where the policies stand before it."""
    found = audit["tradeoff"]
    one, other = (name for name in found["front"] if name != "mix")
    ones, others = (audit["config"]["plurals"][name] for name in (one, other))
    first, second = plot_text(ones), plot_text(others)
    x, y, mixes = found["front"][one], found["front"][other], found["front"]["mix"]
    colour = INK["ink"][0]
    texts = [
        f"<b>best for {100 * mix:.0f} % {first}</b><br>{first} {a:.4g}, {second} {b:.4g}"
        for mix, a, b in zip(mixes, x, y, strict=True)
    ]
    data: list[Plot] = [
        _line(x, y, colour, 1.5)
        | {
            "mode": "lines+markers",
            "marker": {"size": 5, "color": colour},
            "text": texts,
            "hovertemplate": "%{text}<extra></extra>",
        }
    ]
    points = {names[name]: point for name, point in found["points"].items()}
    x_range = padded([*x, *(point[one] for point in points.values())], 0.08)
    y_range = padded([*y, *(point[other] for point in points.values())], 0.08)
    height, top, bottom = 400, 12, 48

    def span(value: float, ends: Sequence[float]) -> tuple[float, float, float]:
        where = (value - ends[0]) / (ends[1] - ends[0])
        return where, where, where

    spots = {name: (span(point[one], x_range), span(point[other], y_range)) for name, point in points.items()}
    sides = positions(spots, {name: style.width(name) for name in points}, height - top - bottom)
    for name, point in points.items():
        shade = style.colour(name)[0]
        data.append(
            {
                "type": "scatter",
                "x": [point[one]],
                "y": [point[other]],
                "mode": "markers+text",
                "marker": {"color": shade, "size": 12, "symbol": style.symbol(name)},
                "text": [style.label(name)],
                "textposition": sides[name],
                "textfont": {"color": shade},
                "cliponaxis": False,
                "hovertemplate": f"<b>{style.label(name)}</b><br>{first} {point[one]:.4g}, "
                f"{second} {point[other]:.4g}<extra></extra>",
            }
        )
    look = layout(height, top, bottom) | {
        "hovermode": "closest",
        "xaxis": axis(f"{ones} per slate", range=x_range, nticks=9),
        "yaxis": axis(f"{others} per slate", range=y_range, nticks=7),
    }
    return {"id": "front", "data": data, "layout": look}


def repetition(audit: Mapping[str, Any]) -> Plot | None:
    """A category's clicks while it is repeated and while it rests, as a share of what they would have been."""
    found = audit["change"]["repetition"]
    if found is None:
        return None
    colour, turn = PALETTE[0][0], found["repeats"]
    line = [each["mean"] for each in found["ratio"]]
    ends = [end for each in found["ratio"] for end in each.values() if end is not None]
    data = [
        *_band(found["visits"], found["ratio"], colour),
        _line(found["visits"], line, colour, 2)
        | {"mode": "lines+markers", "marker": {"size": 5}, "hovertemplate": "visit %{x}: %{y:.1%}<extra></extra>"},
    ]
    high = max(1.08, 1.05 * max(ends))
    look = layout(300, 22, 44) | {
        "hovermode": "closest",
        "shapes": [
            {
                "type": "line",
                "x0": turn,
                "x1": turn,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": INK["muted"][0], "width": 1, "dash": "dot"},
            },
            {
                "type": "line",
                "x0": 0,
                "x1": 1,
                "xref": "paper",
                "y0": 1,
                "y1": 1,
                "line": {"color": INK["baseline"][0], "width": 1},
            },
        ],
        "annotations": [
            {
                "x": turn / 2,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": "repeated",
                "showarrow": False,
                "font": {"color": INK["muted"][0], "size": 12},
            },
            {
                "x": (turn + found["visits"][-1]) / 2,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": "rests",
                "showarrow": False,
                "font": {"color": INK["muted"][0], "size": 12},
            },
        ],
        "xaxis": axis("visits so far", range=[-0.3, found["visits"][-1] + 0.3], nticks=8),
        "yaxis": axis("clicks, of what they would be", range=[0, high], tickformat=".0%", nticks=6),
    }
    return {"id": "repetition", "data": data, "layout": look, "half": True}


def displacement(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """How far clicks on random slates have moved, by what is shown."""
    found = audit["change"]["displacement"]
    if found is None:
        return None
    lines: dict[str, Figures] = {names[name]: each["moved"] for name, each in found["policies"].items()}
    lines[CLOCK] = found["clock"]
    return _lines("displacement", found["visits"], lines, style, "mean change of click chances", 300, half=True)


def survival(audit: Mapping[str, Any], style: Style, names: Mapping[str, str]) -> Plot | None:
    """The share of the shoppers that comes for each visit."""
    found = audit["leaving"]
    if found is None:
        return None
    lines = {
        names[name]: [{"mean": share, "low": None, "high": None} for share in each["survival"]]
        for name, each in found["policies"].items()
    }
    visits = list(range(1, audit["config"]["visits_followed"] + 1))
    return _lines("survival", visits, lines, style, "shoppers who come", 360)


def ahead(audit: Mapping[str, Any]) -> Plot | None:
    """What slates that look ahead earn over a stay above the oracle of single visits (a forest plot); intervals hold at once."""
    found = audit["sight"]
    if found is None:
        return None
    gaps = {name: Estimate.of(each["difference"]) for name, each in found["variants"].items()}
    rows = sorted(gaps, key=lambda name: gaps[name].mean or 0.0)
    places = decimals(gaps.values())
    data: list[Plot] = []
    for row, name in enumerate(rows):
        gap = gaps[name]
        apart = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
        colour = INK["muted"][0] if not apart else PALETTE[2][0] if (gap.mean or 0) > 0 else PALETTE[1][0]
        data.append(
            {
                "type": "scatter",
                "x": [gap.mean],
                "y": [row],
                "error_x": errors([gap], colour),
                "mode": "markers",
                "marker": {
                    "size": 10,
                    "color": colour,
                    "symbol": "circle" if apart else "circle-open",
                    "line": {"width": 2, "color": colour},
                },
                "cliponaxis": False,
                "hovertemplate": f"<b>{plot_text(name)}</b><br>"
                f"{number(gap.mean, places, True)} a stay, {interval(gap, places)}<br>"
                f"{found['variants'][name]['visits']['mean']:.1f} visits<extra></extra>",
            }
        )
    ends = [0.0, *(end for gap in gaps.values() for end in gap if end is not None)]
    look = layout(60 + 30 * len(rows), 8, 48) | {
        "hovermode": "closest",
        "xaxis": axis("value of a stay, above the oracle of single visits", range=padded(ends, 0.06), nticks=9, zeroline=True)
        | {"zerolinecolor": INK["ink"][0], "zerolinewidth": 1},
        "yaxis": axis("", range=[-0.6, len(rows) - 0.4], showgrid=False, tickvals=list(range(len(rows))))
        | {"ticktext": [plot_text(name) for name in rows]},
    }
    return {"id": "ahead", "data": data, "layout": look}


def _beside(shares: Mapping[str, float]) -> dict[str, int]:
    """By how many pixels each number stands above its point: below where there is no room above, 0 where there is none at all."""
    found: dict[str, int] = {}
    free = {17: math.inf, -17: math.inf}
    for name, share in reversed(list(shares.items())):
        found[name] = next((side for side, until in free.items() if until - share >= ROOM), 0)
        if found[name]:
            free[found[name]] = share
    return found


def _lines(
    plot: str, visits: Sequence[int], lines: Mapping[str, Figures], style: Style, title: str, height: int, half: bool = False
) -> Plot:
    """Shares against visits, each line named at its end."""
    colours = {name: INK["muted"][0] if name == CLOCK else style.colour(name)[0] for name in lines}
    data: list[Plot] = []
    for name, figures in lines.items():
        data += _band(visits, figures, colours[name])
    for name, figures in lines.items():
        dash = "dot" if name == CLOCK else style.dash(name)
        drawn = _line(visits, [each["mean"] for each in figures], colours[name], 1.8)
        drawn["line"]["dash"] = dash
        data.append(drawn | {"name": plot_text(name), "hovertemplate": "%{y:.1%}"})
    values = [each["mean"] or 0.0 for figures in lines.values() for each in figures]
    top, bottom, high = 12, 44, 1.1 * max(values) or 1.0
    pixels = (height - top - bottom) / high
    last = [(figures[-1]["mean"] or 0.0) * pixels for figures in lines.values()]
    labels = [
        {
            "name": "label",
            "xref": "paper",
            "x": 1,
            "xanchor": "left",
            "xshift": 6,
            "y": figures[-1]["mean"] or 0.0,
            "yshift": moved - where,
            "text": plot_text(name),
            "showarrow": False,
            "font": {"color": colours[name], "size": 12},
        }
        for (name, figures), where, moved in zip(lines.items(), last, spread(last), strict=True)
    ]
    look = layout(height, top, bottom) | {
        "annotations": labels,
        "hovermode": "x unified",
        "xaxis": axis("visit" if visits[0] else "visits so far", range=[visits[0], visits[-1]], nticks=8),
        "yaxis": axis(title, range=[0, high], tickformat=".0%" if high > 0.1 else ".1%", nticks=6),
    }
    look["margin"]["r"] = 14 + math.ceil(max(7.0 * len(name) for name in lines))
    return {"id": plot, "data": data, "layout": look, "half": half}


def _line(x: Sequence[Any], y: Sequence[Any], colour: str, width: float) -> Plot:
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": {"color": colour, "width": width}}


def _band(x: Sequence[Any], figures: Figures, colour: str) -> list[Plot]:
    """The intervals as an area, if there are any."""
    if any(each["low"] is None for each in figures):
        return []
    return [band(x, [each["low"] for each in figures], [each["high"] for each in figures], colour, 0.14)]
